//! How far a running collection is.

use domain::format;
use domain::views::Progress;
use leptos::prelude::*;

/// The bar is drawn in thousandths.
const WHOLE: u64 = 1000;

/// A bar and the numbers behind it. Totals are estimates and are named so; the bar never reaches
/// its end before the collection does.
#[component]
pub fn CollectionProgress(
    progress: Progress,
    /// Something is read or sent now.
    is_moving: bool,
) -> impl IntoView {
    let facts = [
        (
            "Read",
            of_about(progress.read_bytes, progress.planned_bytes),
        ),
        ("Packed", format::bytes(progress.packed_bytes)),
        ("Sent", format::bytes(progress.delivered_bytes)),
        (
            "Rate",
            match progress.delivery_rate {
                rate if rate == 0 || !is_moving => "–".to_owned(),
                rate => format!("{}/s", format::bytes(rate)),
            },
        ),
        (
            "Items",
            if progress.items_planned > progress.items {
                format!(
                    "{} of about {}",
                    format::count(progress.items),
                    format::count(progress.items_planned)
                )
            } else {
                format::count(progress.items)
            },
        ),
        (
            "Time left",
            match progress.seconds_left {
                _ if !is_moving => "–".to_owned(),
                Some(left) => format!("about {}", format::seconds(left.cast_signed())),
                None => "not known yet".to_owned(),
            },
        ),
    ];
    let facts = facts
        .map(|(name, value)| {
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <progress
            class="bar"
            max=WHOLE.to_string()
            value=thousandths(&progress).map(|value| value.to_string())
            aria-label="Progress of the collection"
        ></progress>
        <dl class="numbers">{facts}</dl>
    }
    .into_any()
}

fn of_about(done: u64, planned: u64) -> String {
    if planned > done {
        format!(
            "{} of about {}",
            format::bytes(done),
            format::bytes(planned)
        )
    } else {
        format::bytes(done)
    }
}

/// Half of the way is reading, half is sending what was read. `None` before anything is planned.
fn thousandths(progress: &Progress) -> Option<u64> {
    if progress.planned_bytes == 0 {
        return None;
    }
    let read = share(progress.read_bytes, progress.planned_bytes);
    let sent = share(progress.delivered_bytes, progress.packed_bytes);
    Some(((read + read * sent / WHOLE) / 2).min(WHOLE - 20))
}

fn share(part: u64, whole: u64) -> u64 {
    if whole == 0 {
        return 0;
    }
    let share = u128::from(part) * u128::from(WHOLE) / u128::from(whole);
    u64::try_from(share).unwrap_or(WHOLE).min(WHOLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(read: u64, packed: u64, sent: u64) -> Progress {
        Progress {
            planned_bytes: 100,
            read_bytes: read,
            packed_bytes: packed,
            delivered_bytes: sent,
            ..Progress::default()
        }
    }

    #[test]
    fn the_bar_waits_for_sending_and_never_says_that_it_is_done() {
        assert_eq!(thousandths(&Progress::default()), None);
        assert_eq!(thousandths(&progress(50, 10, 0)), Some(250));
        assert_eq!(thousandths(&progress(100, 10, 5)), Some(750));
        assert_eq!(thousandths(&progress(100, 10, 10)), Some(980));
        assert_eq!(
            thousandths(&progress(u64::MAX, u64::MAX, u64::MAX)),
            Some(980)
        );
    }
}
