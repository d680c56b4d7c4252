//! State is never colour alone: an icon, a word, a colour.

use domain::{CollectionKind, CollectionState, PartState};
use leptos::prelude::*;

/// The shapes inside the round state icon, on a grid of 16.
#[derive(Clone, Copy)]
enum Mark {
    Check,
    Cross,
    Exclamation,
    Dash,
    Arrow,
    Clock,
}

impl Mark {
    const fn path(self) -> &'static str {
        match self {
            Self::Check => "M4.6 8.3 7 10.7 11.4 5.8",
            Self::Cross => "M5.5 5.5l5 5M10.5 5.5l-5 5",
            Self::Exclamation => "M8 4.2v4.6M8 11.3v.1",
            Self::Dash => "M5 8h6",
            Self::Arrow => "M11 6.3A3.5 3.5 0 1 0 11.5 8.5M11.2 4v2.5H8.7",
            Self::Clock => "M8 4.5V8l2.3 1.6",
        }
    }
}

fn badge(tone: &'static str, mark: Mark, word: &'static str) -> impl IntoView {
    view! {
        <span class=format!("state state-{tone}")>
            <svg class="state-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
                <circle cx="8" cy="8" r="8" />
                <path d=mark.path() />
            </svg>
            <span>{word}</span>
        </span>
    }
    .into_any()
}

/// Where a collection stands.
#[component]
pub fn StateBadge(state: CollectionState) -> impl IntoView {
    let (tone, mark) = match state {
        CollectionState::Queued => ("neutral", Mark::Clock),
        CollectionState::InProgress => ("brand", Mark::Arrow),
        CollectionState::Waiting => ("warning", Mark::Clock),
        CollectionState::Complete => ("success", Mark::Check),
        CollectionState::PartiallyComplete => ("warning", Mark::Exclamation),
        CollectionState::Failed => ("danger", Mark::Cross),
        CollectionState::Cancelled => ("neutral", Mark::Dash),
    };
    badge(tone, mark, state.label())
}

/// Where a part stands, and why where there is a reason.
#[component]
pub fn PartStateView(state: PartState) -> impl IntoView {
    let (tone, mark) = match state {
        PartState::Pending => ("neutral", Mark::Clock),
        PartState::Collecting | PartState::Delivering => ("brand", Mark::Arrow),
        PartState::Complete => ("success", Mark::Check),
        PartState::Partial(_) | PartState::Truncated(_) => ("warning", Mark::Exclamation),
        PartState::Skipped(_) => ("neutral", Mark::Dash),
        PartState::Failed(_) => ("danger", Mark::Cross),
    };
    let reason = state
        .reason()
        .map(|reason| view! { <div class="quiet small">{reason.to_string()}</div> });
    view! {
        {badge(tone, mark, state.label())}
        {reason}
    }
    .into_any()
}

/// Whether a person or a rule asked for a collection.
#[component]
pub fn KindPill(kind: CollectionKind) -> impl IntoView {
    let class = match kind {
        CollectionKind::Manual => "pill",
        CollectionKind::Proactive => "pill pill-proactive",
    };
    view! { <span class=class>{kind.label()}</span> }
}
