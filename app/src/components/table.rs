//! Tables: the card around one, what stands there while it is empty, and the row of a collection.

use chrono::{DateTime, Utc};
use domain::format;
use domain::views::CollectionSummary;
use leptos::prelude::*;

use super::{Icon, IconName, KindPill, StateBadge, Time, TimeBeside, destination_line};
use crate::paths;

/// A table that scrolls inside its card where the page is too narrow for it.
#[component]
pub fn TableCard(
    /// Names the table.
    #[prop(into)]
    label: String,
    children: Children,
) -> impl IntoView {
    let region = format!("{label}, scrollable");
    view! {
        <div class="table-scroll" role="region" aria-label=region tabindex="0">
            <table aria-label=label>{children()}</table>
        </div>
    }
    .into_any()
}

/// Says what will be here, and offers the first step.
#[component]
pub fn EmptyState(icon: IconName, title: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <Icon name=icon />
            <p class="empty-title">{title}</p>
            {children()}
        </div>
    }
    .into_any()
}

/// One collection in a list. `wide` adds the columns of the history to those of the original.
#[component]
pub fn CollectionRow(row: CollectionSummary, now: DateTime<Utc>, wide: bool) -> impl IntoView {
    let (start, end) = (row.window.start(), row.window.end());
    let rest = wide.then(|| {
        let parts = match (row.parts, row.state.is_final()) {
            (0, _) => "–".to_owned(),
            (parts, true) => parts.to_string(),
            (parts, false) => format!("{} of {parts}", row.parts_ended),
        };
        let size = match row.delivered_bytes {
            0 => "–".to_owned(),
            size => format::bytes(size),
        };
        view! {
            <td class="number">{parts}</td>
            <td class="number">{size}</td>
            <td class="name">{row.asked_by}</td>
            <td class="note">
                <span class="mono">{destination_line(&row.destination)}</span>
                {row.state_detail.map(|detail| view! { <div class="quiet small">{format::sentence(&detail)}</div> })}
            </td>
        }
    });
    view! {
        <tr>
            <th scope="row">
                <a href=paths::collection(row.id)>
                    <Time at=row.created_at now=now />
                </a>
            </th>
            <td>
                <StateBadge state=row.state />
            </td>
            <td>
                <TimeBeside at=start beside=row.created_at now=now />
            </td>
            <td>
                <TimeBeside at=end beside=row.created_at now=now />
            </td>
            <td>
                <KindPill kind=row.kind />
            </td>
            {rest}
        </tr>
    }
    .into_any()
}
