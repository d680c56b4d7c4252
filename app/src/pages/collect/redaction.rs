//! What is taken out: whether identifiers are, and a look at it before anything is collected.
//!
//! With a script the preview is fetched into the card. Without one the button sends the whole form
//! to the page itself, which comes back as it was, with the preview.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use domain::RoleName;
use domain::preview::Preview;
use leptos::prelude::*;

use super::preview::{PreviewView, Subject};
use super::window::WindowFields;
use crate::api;
use crate::components::{Card, FormError, IDENTIFIERS_FIELD, Identifiers};
use crate::error::{AppError, Kept};
use crate::typed_time::TypedTime;

/// What comes back with the form; the SAS URL does not.
pub const FORM_FIELDS: [&str; 7] = [
    "start",
    "end",
    "written[]",
    "zone",
    "roles[]",
    IDENTIFIERS_FIELD,
    "destination",
];

/// What a preview is asked of. The number makes a question that is asked again another one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ask {
    number: u32,
    /// RFC 3339; blank for what is no time.
    start: String,
    end: String,
    /// Names.
    roles: Vec<String>,
    identifiers: bool,
}

impl Ask {
    /// What a form asked that was sent to the page.
    fn sent(kept: &Kept) -> Self {
        let zone = kept.get("zone").and_then(|name| name.parse::<Tz>().ok());
        let written = kept.get_all("written").unwrap_or_default();
        let time = |field: &str, position: usize| {
            let text = kept.get(field).unwrap_or_default();
            let written = written.get(position).map_or("", String::as_str);
            let at = zone.and_then(|zone| TypedTime::sent(text, written).at(zone));
            at.map_or_else(String::new, rfc3339)
        };
        Self {
            number: 0,
            start: time("start", 0),
            end: time("end", 1),
            roles: kept.get_all("roles").unwrap_or_default().to_vec(),
            identifiers: is_chosen(kept).unwrap_or(false),
        }
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Whether *Replace identifiers* was chosen in the form that comes back.
pub fn is_chosen(kept: &Kept) -> Option<bool> {
    kept.get(IDENTIFIERS_FIELD).map(|value| !value.is_empty())
}

/// The preview of the page, and what it is asked of; made once, outside of what is fetched.
#[derive(Clone, Copy)]
pub struct Previewing {
    ask: RwSignal<Option<Ask>>,
    preview: Resource<Result<Option<Preview>, AppError>>,
    pending: RwSignal<bool>,
}

impl Previewing {
    /// Begins with what was sent to the page.
    pub fn new(sent: Option<&Kept>) -> Self {
        let ask = RwSignal::new(sent.map(Ask::sent));
        let preview = Resource::new(
            move || ask.get(),
            |ask| async move {
                let Some(ask) = ask else {
                    return Ok(None);
                };
                let identifiers = if ask.identifiers { "replace" } else { "" }.to_owned();
                api::preview_redaction(ask.start, ask.end, ask.roles, identifiers)
                    .await
                    .map(Some)
            },
        );
        let pending = RwSignal::new(false);
        Effect::new(move || {
            preview.track();
            pending.set(false);
        });
        Self {
            ask,
            preview,
            pending,
        }
    }

    fn ask(self, mut ask: Ask) {
        let last = self
            .ask
            .with_untracked(|last| last.as_ref().map_or(0, |last| last.number));
        ask.number = last + 1;
        self.pending.set(true);
        self.ask.set(Some(ask));
    }
}

/// *Replace identifiers* and *Preview redaction*.
#[component]
pub fn RedactionCard(
    /// *Replace identifiers*, at first.
    identifiers: bool,
    fields: WindowFields,
    roles: Vec<RoleName>,
    /// One for each role.
    chosen_roles: RwSignal<Vec<bool>>,
    previewing: Previewing,
    /// When the page was made.
    now: DateTime<Utc>,
    /// Of the page.
    path: &'static str,
) -> impl IntoView {
    let replaces = RwSignal::new(identifiers);
    let pending = previewing.pending;
    let chosen = Memo::new(move |_| {
        let names = roles.iter().zip(chosen_roles.get());
        let names = names.filter(|(_, chosen)| *chosen);
        names.map(|(role, _)| role.clone()).collect::<Vec<_>>()
    });
    let form = Memo::new(move |_| {
        let roles = chosen.get();
        let window = fields.window.get().ok().filter(|_| !roles.is_empty())?;
        Some(Subject {
            window,
            roles,
            identifiers: replaces.get(),
        })
    });
    let start_preview = move |event: web_sys::MouseEvent| {
        event.prevent_default();
        let (start, end) = match fields.window.get_untracked() {
            Ok(window) => (rfc3339(window.start()), rfc3339(window.end())),
            Err(_) => (String::new(), String::new()),
        };
        let names = chosen.get_untracked().into_iter().map(|role| role.0);
        previewing.ask(Ask {
            number: 0,
            start,
            end,
            roles: names.collect(),
            identifiers: replaces.get_untracked(),
        });
    };
    let preview = previewing.preview;
    let error = Signal::derive(move || preview.get().and_then(Result::err).map(in_one_sentence));
    view! {
        <section id="redaction">
            <Card title="Redaction">
                <p class="hint">"Passwords, tokens, keys and other secrets are always taken out."</p>
                <fieldset class="choices">
                    <legend class="visually-hidden">"Redaction"</legend>
                    <Identifiers checked=identifiers on_change=move |checked| replaces.set(checked) />
                </fieldset>
                <div class="preview-ask">
                    <button
                        type="submit"
                        formaction=format!("{path}#redaction")
                        formnovalidate=true
                        aria-describedby="preview-hint"
                        disabled=move || pending.get()
                        on:click=start_preview
                    >
                        {move || if pending.get() { "Reading…" } else { "Preview redaction" }}
                    </button>
                    <span class="hint" id="preview-hint">
                        "Reads a part of the chosen roles' logs now and shows what would be taken out. Nothing is sent."
                    </span>
                </div>
                <FormError error=error />
                <div aria-live="polite">
                    <Transition fallback=|| ()>
                        {move || Suspend::new(async move {
                            match preview.await {
                                Ok(Some(preview)) => {
                                    view! { <PreviewView preview=preview form=form now=now /> }
                                        .into_any()
                                }
                                Ok(None) | Err(_) => ().into_any(),
                            }
                        })}
                    </Transition>
                </div>
            </Card>
        </section>
    }
    .into_any()
}

/// The fields that are wrong say so where they are; here it is said what they are needed for.
fn in_one_sentence(error: AppError) -> AppError {
    match error {
        AppError::Invalid(form) => {
            let messages: Vec<_> = form.fields.into_values().collect();
            AppError::Conflict(format!("There is no preview yet. {}", messages.join(" ")))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sent_form_asks_for_what_its_fields_mean() {
        let kept = Kept::default()
            .with("start", "2026-11-20T11:00")
            .with("end", "nonsense")
            .with_all("written", &[])
            .with("zone", "Europe/Zurich")
            .with_all("roles", &["Storage".to_owned()])
            .with(IDENTIFIERS_FIELD, "replace");
        let ask = Ask::sent(&kept);
        assert_eq!(
            (ask.start.as_str(), ask.end.as_str()),
            ("2026-11-20T10:00:00Z", "")
        );
        assert_eq!(ask.roles, ["Storage"]);
        assert!(ask.identifiers);
        assert_eq!(is_chosen(&Kept::default()), None);
    }
}
