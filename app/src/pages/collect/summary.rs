//! What is about to happen, what it means, and the button.

use domain::window::Edge;
use domain::{DestinationKind, Window, consent, format};
use leptos::prelude::*;

use super::estimate::{Answer, EstimateFacts};
use crate::components::{Fact, Notice, Tone};
use crate::paths;

/// Stays in view beside the form. The facts follow the fields, so they are shown only where
/// a script keeps them true.
#[component]
pub fn SummaryCard(
    /// Collections that run or wait now.
    unfinished: u64,
    #[prop(into)] window: Signal<Result<Window, (Edge, String)>>,
    chosen_roles: RwSignal<Vec<bool>>,
    destination: RwSignal<DestinationKind>,
    estimate: Resource<Answer>,
    patient: RwSignal<bool>,
    #[prop(into)] pending: Signal<bool>,
) -> impl IntoView {
    let period = move || {
        window.get().map_or_else(
            |_| "–".to_owned(),
            |window| format::seconds(window.duration().num_seconds()),
        )
    };
    let roles = move || {
        let chosen = chosen_roles.read();
        let count = chosen.iter().filter(|chosen| **chosen).count();
        format!("{count} of {}", chosen.len())
    };
    let possible =
        Signal::derive(move || window.read().is_ok() && chosen_roles.read().contains(&true));
    let queue = match unfinished {
        0 => None,
        1 => Some("One collection is running. This one waits for it.".to_owned()),
        more => Some(format!(
            "{more} collections are running or waiting. This one waits for them."
        )),
    };
    view! {
        <aside class="summary card" aria-labelledby="summary-title">
            <h2 id="summary-title">"Summary"</h2>
            <dl class="facts needs-script">
                <Fact name="Period">{period}</Fact>
                <Fact name="Roles">{roles}</Fact>
                <Fact name="Destination">{move || destination.get().label()}</Fact>
            </dl>
            <EstimateFacts estimate=estimate patient=patient possible=possible />
            {queue.map(|text| view! { <Notice tone=Tone::Warning>{text}</Notice> })}
            <p class="small quiet" id="consent">
                {consent::COLLECT}
            </p>
            <button
                type="submit"
                class="primary wide"
                aria-describedby="consent"
                disabled=move || pending.get()
            >
                {move || if pending.get() { "Starting…" } else { "Collect and upload" }}
            </button>
            <a class="button wide" href=paths::LOG_COLLECTION>
                "Cancel"
            </a>
        </aside>
    }
    .into_any()
}
