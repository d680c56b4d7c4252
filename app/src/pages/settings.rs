//! Settings of proactive log collection.

use chrono::{DateTime, Utc};
use domain::settings::SettingsView;
use domain::{DestinationKind, alerts, consent};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::{self, Dated, SaveSettings};
use crate::browser::{self, Clock};
use crate::components::{
    Card, Checked, Choice, Choose, Crumb, DestinationRadio, ErrorPanel, Expiry, Fact, FieldError,
    FormError, Identifiers, Notice, PageHeader, SasField, TableCard, Time, Tone, Waiting,
    server_message,
};
use crate::context::use_ui;
use crate::error::AppError;

const SAS_FIELD_ID: &str = "sas-url";

#[component]
pub fn SettingsPage() -> impl IntoView {
    let action = ServerAction::<SaveSettings>::new();
    let settings = Resource::new(move || action.version().get(), |_| api::settings());
    let query = use_query_map();
    // without JavaScript the server leads back here and says so in the query
    let saved = Signal::derive(move || match action.value().get() {
        Some(answer) => answer.is_ok(),
        None => query.read().get_str("saved").is_some(),
    });
    let error = Signal::derive(move || action.value().get().and_then(Result::err));
    Effect::new(move || {
        if matches!(action.value().get(), Some(Ok(()))) {
            browser::empty_field(SAS_FIELD_ID);
        }
    });
    view! {
        <PageHeader title="Settings" crumbs=&[Crumb::Product] />
        <div class="announces" role="status">
            {move || {
                saved
                    .get()
                    .then(|| view! { <Notice tone=Tone::Success>"The settings are saved."</Notice> })
            }}
        </div>
        <FormError error=error />
        <Transition fallback=Waiting>
            {move || Suspend::new(async move {
                match settings.await {
                    Ok(Dated { now, data }) => {
                        view! { <SettingsForm settings=data now=now action=action error=error /> }
                            .into_any()
                    }
                    Err(error) => view! { <ErrorPanel error=error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn SettingsForm(
    settings: SettingsView,
    now: DateTime<Utc>,
    action: ServerAction<SaveSettings>,
    error: Signal<Option<AppError>>,
) -> impl IntoView {
    let read_only = !use_ui().may_operate();
    let pending = action.pending();
    let asked_to_enable = use_query_map()
        .get_untracked()
        .get("enable")
        .is_some_and(|value| value == "1");
    let kept = error
        .get_untracked()
        .and_then(|error| error.kept().cloned())
        .unwrap_or_default();
    let enabled = kept
        .get("proactive")
        .map_or(settings.proactive_enabled || asked_to_enable, |proactive| {
            proactive == "enable"
        });
    let kind = kept
        .get("destination")
        .and_then(DestinationKind::from_code)
        .or(settings.destination.as_ref().map(|stored| stored.kind));
    let identifiers = kept
        .get("identifiers")
        .map_or(settings.identifiers, |code| !code.is_empty());
    let limit = kept.get("bandwidth_limit").map_or_else(
        || domain::size::write(settings.bandwidth_limit),
        ToOwned::to_owned,
    );
    let save = if read_only {
        view! { <p class="quiet">"Only an operator can change the settings."</p> }.into_any()
    } else {
        view! {
            <button type="submit" class="primary" disabled=move || pending.get()>
                {move || if pending.get() { "Saving…" } else { "Save" }}
            </button>
        }
        .into_any()
    };
    view! {
        <Checked>
        <ActionForm action=action attr:class="columns columns-form" attr:autocomplete="off">
            <div class="stack-cards">
                <ProactiveCard enabled=enabled read_only=read_only error=error />
                <DestinationCard
                    settings=settings.clone()
                    now=now
                    chosen=kind
                    read_only=read_only
                    error=error
                />
                <RedactionCard identifiers=identifiers read_only=read_only />
                <DeliveryCard limit=limit read_only=read_only error=error />
                <div>{save}</div>
            </div>
            <RecordCard settings=settings now=now />
        </ActionForm>
        </Checked>
    }
    .into_any()
}

#[component]
fn ProactiveCard(
    enabled: bool,
    read_only: bool,
    #[prop(into)] error: Signal<Option<AppError>>,
) -> impl IntoView {
    let (message, changed) = server_message(error, "proactive");
    let radios = [(true, "enable", "Enable"), (false, "disable", "Disable")]
        .map(|(enables, code, label)| {
            view! {
                <Choice
                    choose=Choose::One
                    id=format!("proactive-{code}")
                    name="proactive"
                    value=code
                    label=label
                    checked=enables == enabled
                    error_id="proactive-error"
                    on_change=move |_| changed()
                />
            }
        })
        .collect_view();
    view! {
        <Card title="Proactive log collection">
            <p>
                "When one of the health alerts below is raised, the logs around it are collected and sent without waiting for anybody."
            </p>
            <Notice tone=Tone::Information>
                "This version does not receive alerts yet: what you save here is checked and kept, and takes effect with the version that does."
            </Notice>
            <fieldset class="choices" disabled=read_only>
                <legend class="visually-hidden">"Proactive log collection"</legend>
                {radios}
            </fieldset>
            <FieldError id="proactive-error" message=message />
            <p class="small quiet consent">{consent::PROACTIVE}</p>
            <Catalogue />
        </Card>
    }
    .into_any()
}

/// The alerts that may start a collection: none is hidden.
#[component]
fn Catalogue() -> impl IntoView {
    let rows = alerts::CATALOGUE
        .iter()
        .map(|alert| {
            view! {
                <tr>
                    <th scope="row" class="wrap">
                        {alert.title}
                    </th>
                    <td>{alert.severity.label()}</td>
                    <td class="mono">{alert.fault_id}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <details class="catalogue">
            <summary>{format!("The {} health alerts", alerts::CATALOGUE.len())}</summary>
            <TableCard label="Health alerts">
                <thead>
                    <tr>
                        <th scope="col">"Alert"</th>
                        <th scope="col">"Severity"</th>
                        <th scope="col">"Fault ID"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </TableCard>
        </details>
    }
    .into_any()
}

#[component]
fn DestinationCard(
    settings: SettingsView,
    now: DateTime<Utc>,
    chosen: Option<DestinationKind>,
    read_only: bool,
    #[prop(into)] error: Signal<Option<AppError>>,
) -> impl IntoView {
    let (message, changed) = server_message(error, "destination");
    let stored = settings
        .destination
        .filter(|stored| stored.kind == DestinationKind::SasUrl);
    let hint = if stored.is_some() {
        "Leave it blank to keep the stored one. It is kept encrypted and never shown again."
    } else {
        "Container level, with read, write and list, best valid for two years. It is kept encrypted and never shown again."
    };
    let kinds = DestinationKind::ALL
        .into_iter()
        .filter(|kind| *kind != DestinationKind::Managed || settings.managed_storage);
    let fallback = if settings.managed_storage {
        DestinationKind::Managed
    } else {
        DestinationKind::SasUrl
    };
    let chosen = chosen.unwrap_or(fallback);
    let radios = kinds
        .map(|kind| {
            let about = match kind {
                DestinationKind::Managed => "Storage of the support provider".to_owned(),
                DestinationKind::SasUrl => "An Azure blob container".to_owned(),
                DestinationKind::Directory => settings.bundle_directory.clone(),
            };
            view! {
                <DestinationRadio
                    kind=kind
                    checked=kind == chosen
                    on_change=move |_| changed()
                >
                    {about}
                </DestinationRadio>
            }
        })
        .collect_view();
    let stored = stored.map(|stored| {
        view! {
            <dl class="facts stored sas-field">
                <Fact name="Stored container">
                    <span class="mono">{stored.place}</span>
                </Fact>
                {stored
                    .permissions
                    .map(|permissions| {
                        view! { <Fact name="Permissions">{permissions.to_string()}</Fact> }
                    })}
                {stored
                    .expires_at
                    .map(|at| {
                        view! {
                            <Fact name="Expiry">
                                <Expiry expires_at=at now=now />
                                <br />
                                <span class="small quiet">
                                    <Time at=at now=now />
                                </span>
                            </Fact>
                        }
                    })}
            </dl>
        }
    });
    let new_one = (!read_only).then(|| {
        view! { <SasField id=SAS_FIELD_ID clock=Clock::set_to(now) error=error hint=hint /> }
    });
    view! {
        <Card title="Destination" class="destination">
            <fieldset class="choices" disabled=read_only>
                <legend class="visually-hidden">"Destination"</legend>
                {radios}
            </fieldset>
            <FieldError id="destination-error" message=message />
            {stored}
            {new_one}
        </Card>
    }
    .into_any()
}

/// What is taken out beyond secrets.
#[component]
fn RedactionCard(identifiers: bool, read_only: bool) -> impl IntoView {
    view! {
        <Card title="Redaction">
            <p>
                "Secrets are always taken out. What is chosen here holds for proactive collections, and is where the form for collecting begins."
            </p>
            <fieldset class="choices" disabled=read_only>
                <legend class="visually-hidden">"Redaction"</legend>
                <Identifiers checked=identifiers on_change=|_| () />
            </fieldset>
        </Card>
    }
    .into_any()
}

/// How deliveries may use the link.
#[component]
fn DeliveryCard(
    limit: String,
    read_only: bool,
    #[prop(into)] error: Signal<Option<AppError>>,
) -> impl IntoView {
    let (message, changed) = server_message(error, "bandwidth_limit");
    view! {
        <Card title="Delivery">
            <div class="field short-field">
                <label for="bandwidth-limit">"Bandwidth limit"</label>
                <input
                    type="text"
                    id="bandwidth-limit"
                    name="bandwidth_limit"
                    value=limit
                    disabled=read_only
                    autocomplete="off"
                    aria-describedby="bandwidth-limit-hint bandwidth-limit-error"
                    aria-invalid=move || message.read().is_some().then_some("true")
                    on:input=move |_| changed()
                />
                <p class="hint" id="bandwidth-limit-hint">
                    "Bytes a second for all collections together, for instance 5 MiB; 0 for no limit. Those that run follow within a second."
                </p>
                <FieldError id="bandwidth-limit-error" message=message />
            </div>
        </Card>
    }
    .into_any()
}

/// Who set it so, and who agreed.
#[component]
fn RecordCard(settings: SettingsView, now: DateTime<Utc>) -> impl IntoView {
    let changed = settings.changed_at.map_or_else(
        || "Nobody has saved settings yet".into_any(),
        |at| {
            view! {
                {settings.changed_by}
                <br />
                <Time at=at now=now />
            }
            .into_any()
        },
    );
    let consent = settings.consent.map_or_else(
        || "None in force".into_any(),
        |consent| {
            view! {
                {format!("{} by {}", consent.version, consent.given_by)}
                <br />
                <Time at=consent.given_at now=now />
            }
            .into_any()
        },
    );
    let limit = match settings.bandwidth_limit {
        0 => "None".to_owned(),
        limit => format!("{} a second", domain::size::write(limit)),
    };
    let state = if settings.proactive_enabled {
        "On"
    } else {
        "Off"
    };
    view! {
        <aside class="card summary" aria-labelledby="record-title">
            <h2 id="record-title">"Now"</h2>
            <dl class="facts">
                <Fact name="Proactive collection">{state}</Fact>
                <Fact name="Identifiers">
                    {if settings.identifiers { "Replaced" } else { "Kept" }}
                </Fact>
                <Fact name="Bandwidth limit">{limit}</Fact>
                <Fact name="Last change">{changed}</Fact>
                <Fact name="Consent">{consent}</Fact>
            </dl>
        </aside>
    }
    .into_any()
}
