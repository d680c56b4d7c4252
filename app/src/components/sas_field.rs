//! The text box for a SAS URL, with what is to be said about it while somebody types.

use domain::sas::{self, Finding, Inspection, SasContext, Severity};
use leptos::html;
use leptos::prelude::*;

use super::{FieldError, Icon, IconName, server_message};
use crate::browser::Clock;
use crate::error::AppError;

/// *Blob container SAS URL*. What is typed stays in this page and in the body of the form's
/// `POST`: it is never rendered by the server, never in an address, never kept.
#[component]
pub fn SasField(
    /// Unique on the page.
    id: &'static str,
    clock: Clock,
    /// Of the form.
    #[prop(into)]
    error: Signal<Option<AppError>>,
    /// Stands under the field.
    hint: &'static str,
    /// It takes the focus when the popup around it opens.
    #[prop(optional)]
    autofocus: bool,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let inspection = RwSignal::new(None::<Inspection>);
    let (message, changed) = server_message(error, "sas_url");
    let look = move |text: String| {
        let context = SasContext::for_collection(clock.now());
        inspection.set((!text.trim().is_empty()).then(|| sas::inspect(&text, &context)));
    };
    // something may have been pasted before the page was interactive
    Effect::new(move || {
        if let Some(input) = input.get() {
            look(input.value());
        }
    });
    let error_id = format!("{id}-error");
    let findings_id = format!("{id}-findings");
    let hint_id = format!("{id}-hint");
    let described_by = format!("{error_id} {findings_id} {hint_id}");
    let faulty = Signal::derive(move || {
        inspection
            .read()
            .as_ref()
            .is_some_and(|inspection| inspection.url.is_none())
    });
    // the findings say it already
    let message = Signal::derive(move || message.get().filter(|_| !faulty.get()));
    let has_error = move || message.read().is_some() || faulty.get();
    view! {
        <div class="field sas-field">
            <label for=id>"Blob container SAS URL"</label>
            <input
                type="text"
                id=id
                name="sas_url"
                class="mono"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                autofocus=autofocus
                placeholder="https://account.blob.core.windows.net/container?…"
                aria-describedby=described_by
                data-faulty=move || faulty.get().then_some("")
                aria-invalid=move || has_error().then_some("true")
                node_ref=input
                on:input=move |event| {
                    changed();
                    look(event_target_value(&event));
                }
            />
            <FieldError id=error_id message=message />
            <ul class="findings" id=findings_id aria-live="polite">
                {move || inspection.get().map(findings)}
            </ul>
            <p class="hint" id=hint_id>
                {hint}
            </p>
        </div>
    }
    .into_any()
}

fn findings(inspection: Inspection) -> impl IntoView {
    let good = inspection.url.map(|url| {
        let permissions = url.permissions().map_or_else(
            || "permissions as its stored access policy says".to_owned(),
            |permissions| permissions.to_string(),
        );
        view! {
            <li class="finding success">
                <Icon name=IconName::Check />
                <span>
                    {format!(
                        "Container {} of account {}; {permissions}",
                        url.container(),
                        url.account(),
                    )}
                </span>
            </li>
        }
    });
    let mut rest = inspection.findings;
    rest.sort_by_key(|finding| match finding.severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Information => 2,
    });
    view! {
        {good}
        {rest.into_iter().map(finding).collect_view()}
    }
    .into_any()
}

fn finding(finding: Finding) -> impl IntoView {
    let (class, icon, word) = match finding.severity {
        Severity::Error => ("finding danger", IconName::Error, "Error: "),
        Severity::Warning => ("finding warning", IconName::Warning, "Warning: "),
        Severity::Information => ("finding quiet", IconName::Information, "Note: "),
    };
    view! {
        <li class=class>
            <Icon name=icon />
            <span>
                <span class="visually-hidden">{word}</span>
                {finding.problem}
                " "
                {finding.advice}
            </span>
        </li>
    }
    .into_any()
}
