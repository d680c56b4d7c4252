//! What the collection in the form would amount to, and what stands there until that is known.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::Window;
use domain::estimate::Estimate;
use domain::format;
use domain::views::CollectOptions;
use leptos::prelude::*;

use super::window::Asked;
use crate::api;
use crate::components::{Fact, Icon, IconName};
use crate::error::AppError;

/// What the form asks for, as far as an estimate needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    pub window: Window,
    /// Names; never none.
    pub roles: Vec<String>,
}

/// What the resource of the estimate holds.
pub type Answer = Result<Option<Estimate>, AppError>;

/// Fetches the estimate of what the form asks for; at first, of what the page was opened with.
pub async fn fetch(
    ask: Option<Ask>,
    patient: bool,
    asked: Asked,
    options: Resource<Result<CollectOptions, AppError>>,
) -> Answer {
    let text = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (start, end, roles) = match ask {
        Some(ask) => (ask.window.start(), ask.window.end(), ask.roles),
        None => {
            let options = options.await?;
            let (start, end) = asked.times(options.limits, options.now);
            (start, end, Vec::new())
        }
    };
    api::estimate(text(start), text(end), roles, patient).await
}

/// In the summary: how much it is and how long it takes.
#[component]
pub fn EstimateFacts(
    estimate: Resource<Answer>,
    patient: RwSignal<bool>,
    /// The form says something that can be collected.
    #[prop(into)]
    possible: Signal<bool>,
) -> impl IntoView {
    view! {
        <section class="estimate" aria-labelledby="estimate-title">
            <h3 id="estimate-title">"Estimate"</h3>
            <p class="quiet small" hidden=move || possible.get()>
                "Choose hours and roles that can be collected, to see what they come to."
            </p>
            <div aria-live="polite" hidden=move || !possible.get()>
                <Transition fallback=|| {
                    view! { <p class="quiet small">"Counting…"</p> }
                }>
                    {move || Suspend::new(async move {
                        match estimate.await {
                            Ok(Some(estimate)) => view! { <Figures estimate=estimate /> }.into_any(),
                            Ok(None) => view! { <StillCounting patient=patient /> }.into_any(),
                            Err(error) => view! { <NotCounted error=error /> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
            <p class="quiet small until-script">"For the hours and all roles as the page was opened."</p>
        </section>
    }
    .into_any()
}

#[component]
fn Figures(estimate: Estimate) -> impl IntoView {
    let total = estimate.total;
    let items = match total.items {
        1 => "1 item".to_owned(),
        items => format!("{} items", format::count(items)),
    };
    let mut unknown = Vec::new();
    if total.unknown_items > 0 {
        unknown.push("the output of commands");
    }
    if estimate.link_rate.is_none() {
        unknown.push("the speed of the link, which has not been measured");
    }
    let unknown =
        (!unknown.is_empty()).then(|| format!("Not counted: {}.", unknown.join(", and ")));
    view! {
        <p id="estimate">{total.sentence()}</p>
        <dl class="facts">
            <Fact name="From">{items}</Fact>
        </dl>
        <p class="quiet small">{unknown}</p>
    }
    .into_any()
}

/// The page did not wait for the counting. The browser, which comes to life with this, does.
#[component]
pub fn StillCounting(patient: RwSignal<bool>) -> impl IntoView {
    Effect::new(move || patient.set(true));
    view! {
        <p class="quiet small" role="status">
            "Counting the logs of this stack…"
            <span class="until-script">" Load the page again to see what was found."</span>
        </p>
    }
    .into_any()
}

/// The form works all the same.
#[component]
pub fn NotCounted(error: AppError) -> impl IntoView {
    let text = match &error {
        AppError::Invalid(form) => form
            .fields
            .values()
            .next()
            .cloned()
            .unwrap_or_else(|| error.to_string()),
        other => other.to_string(),
    };
    view! {
        <p class="small quiet">
            <Icon name=IconName::Error />
            {format!(" Not counted. {text}")}
        </p>
    }
    .into_any()
}
