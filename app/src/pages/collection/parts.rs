//! What came of each part: its bundle, what is missing from it, and what was taken out.

use domain::views::{MissingItem, PartView, RedactionCount, VolumeView};
use domain::{CollectionState, format};
use leptos::prelude::*;

use crate::components::{Card, PartStateView, TableCard};

/// Table *Parts*.
#[component]
pub fn PartsCard(parts: Vec<PartView>, state: CollectionState) -> impl IntoView {
    if parts.is_empty() {
        let text = if state.is_final() {
            "It ended before its parts were planned."
        } else {
            "The parts are listed here as soon as they are planned."
        };
        return view! {
            <Card title="Parts">
                <p class="quiet">{text}</p>
            </Card>
        }
        .into_any();
    }
    let rows = parts.into_iter().map(part_row).collect_view();
    view! {
        <Card title="Parts" class="card-table">
            <TableCard label="Parts">
                <thead>
                    <tr>
                        <th scope="col">"Role"</th>
                        <th scope="col">"Node"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="number">
                            "Items"
                        </th>
                        <th scope="col" class="number">
                            "Read"
                        </th>
                        <th scope="col" class="number">
                            "Packed"
                        </th>
                        <th scope="col" class="number">
                            "Delivered"
                        </th>
                        <th scope="col">"Volumes"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </TableCard>
        </Card>
    }
    .into_any()
}

fn part_row(part: PartView) -> impl IntoView {
    let items = if part.state.is_final() || part.items_planned <= part.items {
        format::count(part.items)
    } else {
        format!(
            "{} of {}",
            format::count(part.items),
            format::count(part.items_planned)
        )
    };
    let missing = (part.items_missing > 0).then(|| {
        let missing = format::count(part.items_missing);
        view! { <div class="small warning">{format!("{missing} missing or partial")}</div> }
    });
    view! {
        <tr>
            <th scope="row" class="name">{part.role.0}</th>
            <td class="name">{part.node.0}</td>
            <td>
                <PartStateView state=part.state />
            </td>
            <td class="number">{items} {missing}</td>
            <td class="number">{size(part.read_bytes)}</td>
            <td class="number">{size(part.packed_bytes)}</td>
            <td class="number">{size(part.delivered_bytes)}</td>
            <td>{volumes(part.volumes)}</td>
        </tr>
    }
    .into_any()
}

fn size(bytes: u64) -> String {
    match bytes {
        0 => "–".to_owned(),
        bytes => format::bytes(bytes),
    }
}

fn volumes(volumes: Vec<VolumeView>) -> impl IntoView {
    if volumes.is_empty() {
        return "–".into_any();
    }
    let title = match volumes.len() {
        1 => "1 volume".to_owned(),
        more => format!("{more} volumes"),
    };
    let list = volumes
        .into_iter()
        .map(|volume| {
            let standing = if volume.delivered_at.is_some() {
                "delivered"
            } else {
                "on its way"
            };
            view! {
                <li>
                    <span class="mono">{volume.name}</span>
                    <span class="quiet">
                        {format!(" {}, {standing}", format::bytes(volume.size_bytes))}
                    </span>
                    <span class="hash">
                        <span class="quiet">"SHA-256 "</span>
                        <code>{volume.sha256}</code>
                    </span>
                </li>
            }
        })
        .collect_view();
    view! {
        <details class="volumes">
            <summary>{title}</summary>
            <ul>{list}</ul>
        </details>
    }
    .into_any()
}

/// What is not at the destination, and why.
#[component]
pub fn MissingCard(
    missing: Vec<MissingItem>,
    /// Of all; `missing` holds the first of them.
    total: u64,
    state: CollectionState,
) -> impl IntoView {
    if missing.is_empty() {
        return ().into_any();
    }
    let title = if state.is_final() {
        "Missing"
    } else {
        "Missing so far"
    };
    let shown = u64::try_from(missing.len()).unwrap_or(u64::MAX);
    let more = (total > shown).then(|| {
        view! {
            <p class="small quiet">
                {format!(
                    "{} more are named in the manifest.",
                    format::count(total - shown),
                )}
            </p>
        }
    });
    let rows = missing
        .into_iter()
        .map(|item| {
            view! {
                <tr>
                    <th scope="row" class="mono wrap">
                        {item.item}
                    </th>
                    <td>{format!("{} · {}", item.node, item.role)}</td>
                    <td class="wrap">
                        {if item.is_partial {
                            format!("kept in part: {}", item.reason)
                        } else {
                            item.reason.to_string()
                        }}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Card title=title class="card-table">
            <TableCard label="Missing items">
                <thead>
                    <tr>
                        <th scope="col">"What"</th>
                        <th scope="col">"Where"</th>
                        <th scope="col">"Why"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </TableCard>
            {more}
        </Card>
    }
    .into_any()
}

/// How much each rule took out.
#[component]
pub fn RedactionsCard(redactions: Vec<RedactionCount>) -> impl IntoView {
    if redactions.is_empty() {
        return ().into_any();
    }
    let rows = redactions
        .into_iter()
        .map(|redaction| {
            view! {
                <tr>
                    <th scope="row">{redaction.rule}</th>
                    <td class="number">{format::count(redaction.count)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Card title="Taken out" class="card-table rules">
            <TableCard label="What was taken out">
                <thead>
                    <tr>
                        <th scope="col">"Rule"</th>
                        <th scope="col" class="number">
                            "Count"
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </TableCard>
        </Card>
    }
    .into_any()
}
