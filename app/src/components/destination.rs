//! What may be shown of a destination.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{DestinationKind, DestinationSummary, format};
use leptos::prelude::*;

use super::{Choice, Choose, Icon, IconName};

/// From here on a coming expiry is a warning.
const WARN_BEFORE: TimeDelta = TimeDelta::days(14);

/// `SAS URL stcontoso/logs`, `Local directory /var/lib/bundles`.
#[must_use]
pub fn destination_line(summary: &DestinationSummary) -> String {
    match summary.kind {
        DestinationKind::Managed => format!("{} {}", summary.kind.label(), summary.place),
        DestinationKind::SasUrl | DestinationKind::Directory => summary.place.clone(),
    }
}

/// The radio button of a kind of destination; its message stands in `destination-error`.
#[component]
pub fn DestinationRadio(
    kind: DestinationKind,
    /// At first.
    checked: bool,
    on_change: impl Fn(bool) + 'static,
    children: Children,
) -> impl IntoView {
    view! {
        <Choice
            choose=Choose::One
            id=format!("destination-{}", kind.code())
            name="destination"
            value=kind.code()
            label=kind.label()
            checked=checked
            error_id="destination-error"
            on_change=on_change
        >
            {children()}
        </Choice>
    }
}

/// When a SAS URL ends: a warning from two weeks before, an error after.
#[component]
pub fn Expiry(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> impl IntoView {
    let left = expires_at - now;
    // beyond an hour the minutes say nothing, beyond a day the hours do not
    let seconds = left.num_seconds().abs();
    let rounded = match seconds {
        ..3_600 => seconds / 60 * 60,
        3_600..172_800 => seconds / 3_600 * 3_600,
        _ => seconds / 86_400 * 86_400,
    };
    let length = format::seconds(rounded.max(60));
    let (class, icon, text) = if left <= TimeDelta::zero() {
        (
            "expiry danger",
            Some(IconName::Error),
            format!("SAS URL expired {length} ago"),
        )
    } else if left <= WARN_BEFORE {
        (
            "expiry warning",
            Some(IconName::Warning),
            format!("SAS URL expires in {length}"),
        )
    } else {
        ("expiry quiet", None, format!("SAS URL expires in {length}"))
    };
    view! {
        <span class=class>
            {icon.map(|name| view! { <Icon name=name /> })}
            <span>{text}</span>
        </span>
    }
    .into_any()
}

/// Whether a SAS URL has ended or ends soon enough to be warned of.
#[must_use]
pub fn needs_attention(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    expires_at - now <= WARN_BEFORE
}
