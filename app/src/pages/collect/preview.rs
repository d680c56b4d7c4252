//! What redaction would take out of each role, as far as it was looked at.

use chrono::{DateTime, Utc};
use domain::preview::{Extent, Preview, PreviewLimits, RolePreview, Sample};
use domain::{RoleName, Window, format};
use leptos::prelude::*;

use crate::components::{Notice, Time, TimeBeside, Tone};

/// What can be previewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    pub window: Window,
    /// In the order of the configuration.
    pub roles: Vec<RoleName>,
    /// Whether identifiers give way to pseudonyms.
    pub identifiers: bool,
}

impl Subject {
    fn of(preview: &Preview) -> Self {
        Self {
            window: preview.window,
            roles: preview.roles.iter().map(|role| role.role.clone()).collect(),
            identifiers: preview.identifiers,
        }
    }
}

/// The preview as a whole.
#[component]
pub fn PreviewView(
    preview: Preview,
    /// What the form says now; `None` while nothing can be previewed by it.
    form: Memo<Option<Subject>>,
    now: DateTime<Utc>,
) -> impl IntoView {
    let subject = Subject::of(&preview);
    let is_old = move || form.read().as_ref() != Some(&subject);
    let old = move || {
        is_old().then(|| {
            view! {
                <Notice tone=Tone::Warning>
                    "The form was changed after this preview: it shows other hours, roles or identifiers than those chosen now. Preview again to see these."
                </Notice>
            }
        })
    };
    let (start, end) = (preview.window.start(), preview.window.end());
    let limits = preview.limits;
    let identifiers = if preview.identifiers {
        ", identifiers replaced (a collection has pseudonyms of its own)"
    } else {
        ", identifiers kept"
    };
    let nothing = preview
        .roles
        .iter()
        .all(|role| role.counts.is_empty())
        .then(|| {
            view! {
                <Notice tone=Tone::Information>
                    "Nothing to take out was found in what was read."
                </Notice>
            }
        });
    let roles = preview
        .roles
        .into_iter()
        .map(|role| view! { <RoleView role=role limits=limits /> })
        .collect_view();
    view! {
        <div class="preview">
            {old}
            <p class="small quiet">
                <Time at=start now=now />
                " – "
                <TimeBeside at=end beside=start now=now />
                {identifiers}
                ". A preview reads a part only; all of it is cleaned when it is collected."
            </p>
            {nothing}
            {roles}
        </div>
    }
    .into_any()
}

#[component]
fn RoleView(role: RolePreview, limits: PreviewLimits) -> impl IntoView {
    let extent = extent(&role, limits);
    let counts = (!role.counts.is_empty()).then(|| {
        let counts = role
            .counts
            .iter()
            .map(|count| {
                view! {
                    <li class="pill">
                        {count.rule.clone()} " " <strong>{format::count(count.count)}</strong>
                    </li>
                }
            })
            .collect_view();
        view! {
            <ul class="preview-counts" aria-label=format!("Taken out of {}", role.role)>
                {counts}
            </ul>
        }
    });
    let samples = (!role.samples.is_empty()).then(|| {
        // an item is named above the first of its lines
        let mut item = None;
        let lines = role
            .samples
            .iter()
            .map(|line| {
                let is_next = item.replace(&line.item) != Some(&line.item);
                sample(line, is_next)
            })
            .collect_view();
        let shown = match role.samples.len() {
            1 => "One line as support would see it".to_owned(),
            lines => format!("{lines} lines as support would see them"),
        };
        view! {
            <details class="preview-samples" open>
                <summary>{shown}</summary>
                <ol tabindex="0" aria-label=format!("Lines of {}", role.role)>{lines}</ol>
            </details>
        }
    });
    view! {
        <section class="preview-role">
            <h3>{role.role.0.clone()}</h3>
            <p class="small quiet">{extent}</p>
            {counts}
            {samples}
        </section>
    }
    .into_any()
}

fn sample(sample: &Sample, names_item: bool) -> impl IntoView + use<> {
    let pieces = sample
        .pieces
        .iter()
        .map(|piece| {
            let text = piece.text.clone();
            if piece.is_mark {
                view! { <mark>{text}</mark> }.into_any()
            } else {
                text.into_any()
            }
        })
        .collect_view();
    view! {
        <li>
            {names_item.then(|| view! { <div class="small quiet">{sample.item.clone()}</div> })}
            <code>{pieces}</code>
        </li>
    }
}

/// How much was looked at, in a sentence.
fn extent(role: &RolePreview, limits: PreviewLimits) -> String {
    let read = format::bytes(role.read_bytes);
    let items = |count: u64| match count {
        1 => "1 item".to_owned(),
        count => format!("{} items", format::count(count)),
    };
    let unreadable = match role.unreadable {
        0 => String::new(),
        count => format!(" {} could not be read.", items(count)),
    };
    let seen = match role.extent {
        Extent::Nothing => {
            "Nothing in these hours that could be read. Commands run only when logs are collected."
                .to_owned()
        }
        Extent::Whole => format!("All of it was read: {}, {read}.", items(role.items)),
        Extent::Part => format!(
            "The newest {} of {} were read, {read}: at most {} and {} s a role.",
            format::count(role.items_read),
            items(role.items),
            format::bytes(limits.bytes),
            limits.seconds
        ),
    };
    let nothing = match role.extent {
        Extent::Whole | Extent::Part if role.counts.is_empty() => {
            " What was read holds nothing to take out."
        }
        _ => "",
    };
    seen + &unreadable + nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(extent: Extent, items_read: u64, items: u64) -> RolePreview {
        RolePreview {
            role: RoleName("Storage".to_owned()),
            extent,
            items_read,
            items,
            unreadable: 1,
            read_bytes: 2048,
            counts: Vec::new(),
            samples: Vec::new(),
        }
    }

    #[test]
    fn it_says_how_much_of_a_role_was_read() {
        let limits = PreviewLimits::default();
        let whole = extent(&role(Extent::Whole, 1, 1), limits);
        assert!(whole.contains("All of it was read: 1 item"), "{whole}");
        assert!(whole.contains("1 item could not be read."), "{whole}");
        assert!(
            whole.ends_with("What was read holds nothing to take out."),
            "{whole}"
        );
        let part = extent(&role(Extent::Part, 3, 2000), limits);
        let newest = format!("newest 3 of {} items", format::count(2000));
        assert!(part.contains(&newest), "{part}");
        assert!(part.contains("5 s a role"), "{part}");
        assert!(extent(&role(Extent::Nothing, 0, 0), limits).contains("Commands run only"));
    }
}
