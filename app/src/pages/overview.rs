//! Overview: the state of things at a glance, and what needs somebody.

use chrono::{DateTime, Utc};
use domain::views::{CollectionSummary, Overview};
use domain::{CollectionState, alerts, format};
use leptos::prelude::*;
use leptos_router::components::Form;

use crate::api;
use crate::components::{
    Card, CollectionRow, Crumb, EmptyState, ErrorPanel, Expiry, Icon, IconName, ImpossibleButton,
    PageHeader, StateBadge, TableCard, Time, Waiting, ZoneNote, needs_attention,
};
use crate::context::use_ui;
use crate::live::on_news;
use crate::{browser, paths};

/// See the history's.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

#[component]
pub fn OverviewPage() -> impl IntoView {
    let overview = Resource::new(|| (), |()| api::overview());
    on_news(
        |_| true,
        browser::throttled(LOOK_AGAIN, move || overview.refetch()),
    );
    view! {
        <PageHeader title="Overview" crumbs=&[Crumb::Product] />
        <Transition fallback=Waiting>
            {move || Suspend::new(async move {
                match overview.await {
                    Ok(overview) => view! { <Glance overview=overview /> }.into_any(),
                    Err(error) => view! { <ErrorPanel error=error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Glance(overview: Overview) -> impl IntoView {
    let now = overview.now;
    let banner = (!overview.settings.proactive_enabled).then(|| view! { <Banner /> });
    let needs = needs(&overview);
    let needs = (!needs.is_empty()).then(|| {
        view! {
            <Card title="Needs you">
                <ul class="needs">{needs.into_iter().map(need_view).collect_view()}</ul>
            </Card>
        }
    });
    let recent = if overview.recent.is_empty() {
        view! { <NothingYet /> }.into_any()
    } else {
        let rows = overview
            .recent
            .iter()
            .cloned()
            .map(|row| view! { <CollectionRow row=row now=now wide=false /> })
            .collect_view();
        view! {
            <TableCard label="Recent collections">
                <thead>
                    <tr>
                        <th scope="col">"Time collected"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Logs start"</th>
                        <th scope="col">"Logs end"</th>
                        <th scope="col">"Type"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </TableCard>
            <p>
                <a href=paths::LOG_COLLECTION>"All collections"</a>
            </p>
        }
        .into_any()
    };
    let layout = if needs.is_some() {
        "columns"
    } else {
        "columns columns-one"
    };
    view! {
        {banner}
        <Tiles overview=overview />
        <div class=layout>
            <Card title="Recent collections">{recent}</Card>
            {needs}
        </div>
        <ZoneNote now=now />
    }
    .into_any()
}

/// Stands there while proactive collection is off.
#[component]
fn Banner() -> impl IntoView {
    let enable = if use_ui().may_operate() {
        view! {
            <Form method="GET" action=paths::SETTINGS>
                <button type="submit" name="enable" value="1" class="on-banner">
                    "Enable proactive log collection"
                </button>
            </Form>
        }
        .into_any()
    } else {
        view! {
            <ImpossibleButton
                class="on-banner"
                why_not="Only an operator can change the settings."
                why_not_id="enable-why-not"
            >
                "Enable proactive log collection"
            </ImpossibleButton>
        }
        .into_any()
    };
    view! {
        <section class="banner" aria-labelledby="banner-title">
            <div>
                <h2 id="banner-title">"Have the logs with support before you call"</h2>
                <p>
                    {format!(
                        "Proactive log collection is off. While it is on, logs are collected only when one of {} health alerts is raised, and you see every one of them.",
                        alerts::CATALOGUE.len(),
                    )}
                </p>
            </div>
            {enable}
        </section>
    }
    .into_any()
}

#[component]
fn Tile(name: &'static str, children: Children) -> impl IntoView {
    view! {
        <section class="card tile">
            <h2>{name}</h2>
            {children()}
        </section>
    }
    .into_any()
}

#[component]
fn Tiles(overview: Overview) -> impl IntoView {
    let now = overview.now;
    let last = overview.last.clone().map_or_else(
        || view! { <p class="tile-value">"None yet"</p> }.into_any(),
        |last| {
            let parts = (last.parts > 0).then(|| {
                let whole = last.parts.saturating_sub(last.parts_with_gaps);
                format!(" · {whole} of {} parts whole", last.parts)
            });
            view! {
                <p class="tile-value">
                    <StateBadge state=last.state />
                </p>
                <p class="small quiet">
                    <a href=paths::collection(last.id)>
                        <Time at=last.created_at now=now />
                    </a>
                    {parts}
                </p>
            }
            .into_any()
        },
    );
    let settings = overview.settings;
    let since = settings.changed_at.map(|at| {
        view! {
            <p class="small quiet">
                "since " <Time at=at now=now within=true />
                {settings.changed_by.map(|name| format!(" by {name}"))}
            </p>
        }
    });
    let destination = settings.destination.map_or_else(
        || {
            view! {
                <p class="tile-value">"Not set"</p>
                <p class="small quiet">"of proactive collection"</p>
            }
            .into_any()
        },
        |destination| {
            let expiry = destination.expires_at.map_or_else(
                || view! { <span class="quiet">{destination.kind.label()}</span> }.into_any(),
                |at| view! { <Expiry expires_at=at now=now /> }.into_any(),
            );
            view! {
                <p class="tile-value mono">{destination.place}</p>
                <p class="small">{expiry}</p>
            }
            .into_any()
        },
    );
    let running = overview.running.map_or_else(
        || view! { <p class="tile-value">"Nothing"</p> }.into_any(),
        |running| {
            view! {
                <p class="tile-value">
                    <a href=paths::collection(running.id)>
                        <StateBadge state=running.state />
                    </a>
                </p>
            }
            .into_any()
        },
    );
    let queued = match overview.queued {
        0 => "no collection waits".to_owned(),
        1 => "1 collection waits its turn".to_owned(),
        more => format!("{more} collections wait their turn"),
    };
    view! {
        <div class="tiles">
            <Tile name="Last collection">{last}</Tile>
            <Tile name="Proactive collection">
                <p class="tile-value">{if settings.proactive_enabled { "On" } else { "Off" }}</p>
                {since}
                {settings
                    .proactive_enabled
                    .then(|| view! { <p class="small quiet">"Takes effect once alerts are received."</p> })}
            </Tile>
            <Tile name="Destination">{destination}</Tile>
            <Tile name="Running now">
                {running} <p class="small quiet">{queued}</p>
            </Tile>
        </div>
    }
    .into_any()
}

#[component]
fn NothingYet() -> impl IntoView {
    let first_step = use_ui().may_operate().then(|| {
        view! {
            <p>
                <a class="button" href=paths::COLLECT>
                    "Collect logs now"
                </a>
            </p>
        }
    });
    view! {
        <EmptyState icon=IconName::Archive title="No logs have been collected yet">
            <p>"The newest collections will be listed here."</p>
            {first_step}
        </EmptyState>
    }
    .into_any()
}

/// Something that does not get better by itself.
struct Need {
    serious: bool,
    title: String,
    detail: String,
    to: String,
}

fn needs(overview: &Overview) -> Vec<Need> {
    let expiring = overview
        .settings
        .destination
        .as_ref()
        .and_then(|destination| destination.expires_at)
        .filter(|at| needs_attention(*at, overview.now))
        .map(|at| sas_need(at, overview.now));
    let collections = overview.recent.iter().filter_map(collection_need);
    expiring.into_iter().chain(collections).collect()
}

fn sas_need(expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Need {
    let over = expires_at <= now;
    Need {
        serious: over,
        title: if over {
            "The stored SAS URL has expired".to_owned()
        } else {
            "The stored SAS URL expires soon".to_owned()
        },
        detail: "Give a new one in Settings.".to_owned(),
        to: paths::SETTINGS.to_owned(),
    }
}

fn collection_need(row: &CollectionSummary) -> Option<Need> {
    let (serious, title, detail) = match row.state {
        CollectionState::Failed => (true, "A collection failed", "See why, then retry it."),
        CollectionState::PartiallyComplete => (
            false,
            "A collection has gaps",
            "See what is missing, then retry the failed parts.",
        ),
        CollectionState::Waiting => (
            false,
            "A collection waits for its destination",
            "It goes on by itself, or with a new SAS URL.",
        ),
        _ => return None,
    };
    Some(Need {
        serious,
        title: title.to_owned(),
        detail: row
            .state_detail
            .clone()
            .unwrap_or_else(|| detail.to_owned()),
        to: paths::collection(row.id),
    })
}

fn need_view(need: Need) -> impl IntoView {
    let (class, icon) = if need.serious {
        ("need danger", IconName::Error)
    } else {
        ("need warning", IconName::Warning)
    };
    view! {
        <li class=class>
            <Icon name=icon />
            <div>
                <a href=need.to>{need.title}</a>
                <p class="small quiet">{format::sentence(&need.detail)}</p>
            </div>
        </li>
    }
    .into_any()
}
