//! Log collection: the history, newest first. Filter and page live in the query string.

use domain::views::HistoryFilter;
use domain::{CollectionKind, CollectionState, format};
use leptos::html;
use leptos::prelude::*;
use leptos_router::components::Form;
use leptos_router::hooks::use_query_map;

use crate::api::{self, Dated, HistoryAnswer};
use crate::components::{
    CollectionRow, Crumb, EmptyState, ErrorPanel, Icon, IconName, PageHeader, TableCard, Waiting,
    ZoneNote,
};
use crate::context::use_ui;
use crate::live::on_news;
use crate::{browser, paths};

/// A busy collection changes several times a second; a list need not.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

#[component]
pub fn HistoryPage() -> impl IntoView {
    let query = use_query_map();
    let filter = Memo::new(move |_| {
        let query = query.read();
        HistoryFilter {
            state: query.get_str("status").and_then(CollectionState::from_code),
            kind: query.get_str("type").and_then(CollectionKind::from_code),
        }
    });
    let before = Memo::new(move |_| query.read().get("before").unwrap_or_default());
    let answer = Resource::new(
        move || (filter.get(), before.get()),
        |(filter, before)| {
            let status = filter.state.map_or("", CollectionState::code);
            let kind = filter.kind.map_or("", CollectionKind::code);
            api::history(status.to_owned(), kind.to_owned(), before)
        },
    );
    on_news(
        |_| true,
        browser::throttled(LOOK_AGAIN, move || answer.refetch()),
    );
    view! {
        <PageHeader title="Log collection" crumbs=&[Crumb::Product] />
        <Transition fallback=Waiting>
            {move || Suspend::new(async move {
                match answer.await {
                    Ok(Dated { now, data }) => {
                        view! {
                            <CommandBar managed_storage=data.managed_storage />
                            <FilterBar filter=filter.get_untracked() total=data.page.total />
                            <History
                                answer=data
                                now=now
                                filter=filter.get_untracked()
                            />
                            <ZoneNote now=now />
                        }
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
fn CommandBar(managed_storage: bool) -> impl IntoView {
    let may_operate = use_ui().may_operate();
    let commands = may_operate.then(|| {
        view! {
            <a class="button primary" href=paths::COLLECT>
                <Icon name=IconName::Plus />
                "Collect logs now"
            </a>
            {managed_storage
                .then(|| {
                    view! {
                        <a class="command" href=paths::SEND>
                            <Icon name=IconName::Send />
                            "Send logs now"
                        </a>
                    }
                })}
        }
    });
    let reason = (!may_operate)
        .then(|| view! { <p class="quiet">"Collections are started by an operator."</p> });
    view! { <div class="commands">{commands} {reason}</div> }
}

#[component]
fn FilterBar(filter: HistoryFilter, total: u64) -> impl IntoView {
    let form = NodeRef::<html::Div>::new();
    // choosing is enough where a script runs; without one there is a button
    let apply = move |_| {
        if let Some(form) = form
            .get_untracked()
            .and_then(|inside| inside.closest("form").ok().flatten())
        {
            browser::submit(form);
        }
    };
    // the attribute for the first rendering, the property for what was chosen since
    let states = CollectionState::ALL.map(|state| {
        view! {
            <option value=state.code() selected=filter.state == Some(state) prop:selected=filter.state == Some(state)>
                {state.label()}
            </option>
        }
    });
    let kinds = CollectionKind::ALL.map(|kind| {
        view! {
            <option value=kind.code() selected=filter.kind == Some(kind) prop:selected=filter.kind == Some(kind)>
                {kind.label()}
            </option>
        }
    });
    let counted = match total {
        1 => "1 collection".to_owned(),
        total => format!("{} collections", format::count(total)),
    };
    view! {
        <Form method="GET" action=paths::LOG_COLLECTION>
            <div class="filters" node_ref=form>
                <span class="filter">
                    <label for="filter-status">"Status"</label>
                    <select id="filter-status" name="status" on:change=apply>
                        <option value="" prop:selected=filter.state.is_none()>"All"</option>
                        {states.collect_view()}
                    </select>
                </span>
                <span class="filter">
                    <label for="filter-type">"Type"</label>
                    <select id="filter-type" name="type" on:change=apply>
                        <option value="" prop:selected=filter.kind.is_none()>"All"</option>
                        {kinds.collect_view()}
                    </select>
                </span>
                <button type="submit" class="until-script">
                    "Filter"
                </button>
                <span class="filters-count quiet" role="status">
                    {counted}
                </span>
            </div>
        </Form>
    }
    .into_any()
}

#[component]
fn History(
    answer: HistoryAnswer,
    now: chrono::DateTime<chrono::Utc>,
    filter: HistoryFilter,
) -> impl IntoView {
    let page = answer.page;
    if page.rows.is_empty() {
        return empty(filter, page.has_newer).into_any();
    }
    let rows = page
        .rows
        .into_iter()
        .map(|row| view! { <CollectionRow row=row now=now wide=true /> })
        .collect_view();
    let newest = page.has_newer.then(|| {
        view! {
            <a class="button" href=address(filter.clone(), None)>
                "Newest"
            </a>
        }
    });
    let older = page.older.map(|key| {
        view! {
            <a class="button" href=address(filter.clone(), Some(key.id.to_string()))>
                "Older"
            </a>
        }
    });
    view! {
        <div class="card card-table">
            <TableCard label="Log collection history">
                <thead>
                    <tr>
                        <th scope="col">"Time collected"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Logs start"</th>
                        <th scope="col">"Logs end"</th>
                        <th scope="col">"Type"</th>
                        <th scope="col" class="number">
                            "Parts"
                        </th>
                        <th scope="col" class="number">
                            "Size"
                        </th>
                        <th scope="col">"Asked by"</th>
                        <th scope="col">"Destination, note"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </TableCard>
        </div>
        <nav class="paging" aria-label="Pages of the history">
            {newest}
            {older}
        </nav>
    }
    .into_any()
}

fn empty(filter: HistoryFilter, has_newer: bool) -> impl IntoView {
    let filtered = filter != HistoryFilter::default() || has_newer;
    let may_operate = use_ui().may_operate();
    let inside = if filtered {
        view! {
            <EmptyState icon=IconName::Archive title="No collection matches">
                <p>"Nothing in the history has this status and type."</p>
                <p>
                    <a class="button" href=paths::LOG_COLLECTION>
                        "Show all"
                    </a>
                </p>
            </EmptyState>
        }
        .into_any()
    } else {
        let first_step = may_operate.then(|| {
            view! {
                <p>
                    <a class="button" href=paths::COLLECT>
                        "Start the first collection"
                    </a>
                </p>
            }
        });
        view! {
            <EmptyState icon=IconName::Archive title="No logs have been collected yet">
                <p>
                    "Every collection will be listed here: its period, how it ended, its size, who asked for it and where it went."
                </p>
                {first_step}
            </EmptyState>
        }
        .into_any()
    };
    view! { <div class="card">{inside}</div> }
}

/// The history's address with this filter, from `before` on.
fn address(filter: HistoryFilter, before: Option<String>) -> String {
    let pairs = [
        ("status", filter.state.map(|state| state.code().to_owned())),
        ("type", filter.kind.map(|kind| kind.code().to_owned())),
        ("before", before),
    ];
    // codes and ids need no escaping
    let query: Vec<String> = pairs
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| format!("{name}={value}")))
        .collect();
    if query.is_empty() {
        paths::LOG_COLLECTION.to_owned()
    } else {
        format!("{}?{}", paths::LOG_COLLECTION, query.join("&"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_carry_filter_and_page() {
        let filter = HistoryFilter {
            state: Some(CollectionState::InProgress),
            kind: None,
        };
        assert_eq!(
            address(filter, Some("7".to_owned())),
            "/log-collection?status=in_progress&before=7"
        );
        assert_eq!(address(HistoryFilter::default(), None), "/log-collection");
    }
}
