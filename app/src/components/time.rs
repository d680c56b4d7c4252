//! Moments, in the viewer's zone, with the full one at hand.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::zone;
use leptos::prelude::*;

use crate::context::use_ui;

/// A moment, as short as its distance from `now` allows.
#[component]
pub fn Time(
    at: DateTime<Utc>,
    now: DateTime<Utc>,
    /// It stands in the middle of a sentence.
    #[prop(optional)]
    within: bool,
) -> impl IntoView {
    let zone = use_ui().zone;
    let text = if within {
        zone::moment_within
    } else {
        zone::moment
    };
    view! {
        <time datetime=machine(at) title=move || zone::full(at, zone.get())>
            {move || text(at, now, zone.get())}
        </time>
    }
    .into_any()
}

/// A moment in a row that tells the day already: the hour alone where it is the day of `beside`.
#[component]
pub fn TimeBeside(at: DateTime<Utc>, beside: DateTime<Utc>, now: DateTime<Utc>) -> impl IntoView {
    let zone = use_ui().zone;
    let text = move || {
        let zone = zone.get();
        let local = at.with_timezone(&zone);
        if local.date_naive() == beside.with_timezone(&zone).date_naive() {
            local.format("%H:%M").to_string()
        } else {
            zone::moment(at, now, zone)
        }
    };
    view! {
        <time datetime=machine(at) title=move || zone::full(at, zone.get())>
            {text}
        </time>
    }
    .into_any()
}

/// Names the zone that the times of a page are in.
#[component]
pub fn ZoneNote(now: DateTime<Utc>) -> impl IntoView {
    let zone = use_ui().zone;
    view! { <p class="quiet small">"Times in " {move || zone::describe(zone.get(), now)}</p> }
}

fn machine(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
