//! Messages: of a form, of a page, and the page that could not be shown.

use leptos::prelude::*;

use super::{Icon, IconName};
use crate::error::AppError;
use crate::paths;

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Information,
    Success,
    Warning,
    Danger,
}

impl Tone {
    const fn class(self) -> &'static str {
        match self {
            Self::Information => "notice notice-information",
            Self::Success => "notice notice-success",
            Self::Warning => "notice notice-warning",
            Self::Danger => "notice notice-danger",
        }
    }

    const fn icon(self) -> IconName {
        match self {
            Self::Information => IconName::Information,
            Self::Success => IconName::Check,
            Self::Warning => IconName::Warning,
            Self::Danger => IconName::Error,
        }
    }

    /// An error interrupts a screen reader; everything else waits its turn.
    const fn role(self) -> &'static str {
        match self {
            Self::Danger => "alert",
            Self::Information | Self::Success | Self::Warning => "status",
        }
    }
}

/// A message with its icon.
#[component]
pub fn Notice(tone: Tone, children: Children) -> impl IntoView {
    view! {
        <div class=tone.class() role=tone.role()>
            <Icon name=tone.icon() />
            <div>{children()}</div>
        </div>
    }
    .into_any()
}

/// The error of a form as a whole, above its fields. It stands in the page before there is one, so
/// that it is announced when it comes.
#[component]
pub fn FormError(#[prop(into)] error: Signal<Option<AppError>>) -> impl IntoView {
    view! {
        <div class="announces" role="alert">
            {move || {
                error
                    .get()
                    .map(|error| {
                        let sign_in = (error == AppError::Unauthenticated)
                            .then(|| view! { " " <a href=paths::SIGN_IN rel="external">"Sign in"</a> });
                        view! {
                            <div class=Tone::Danger.class()>
                                <Icon name=Tone::Danger.icon() />
                                <div>{error.to_string()} {sign_in}</div>
                            </div>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

/// Stands where a page's content cannot be shown.
#[component]
pub fn ErrorPanel(error: AppError) -> impl IntoView {
    let (title, link, to) = match error {
        AppError::Unauthenticated => ("You are signed out", "Sign in", paths::SIGN_IN),
        AppError::Forbidden => (
            "Not allowed",
            "Back to log collection",
            paths::LOG_COLLECTION,
        ),
        AppError::NotFound => ("Not found", "Back to log collection", paths::LOG_COLLECTION),
        AppError::Conflict(_) | AppError::Invalid(_) => {
            ("Not possible now", "Back to overview", paths::OVERVIEW)
        }
        AppError::Unavailable(_) => ("Not available now", "Back to overview", paths::OVERVIEW),
        AppError::Internal { .. } => ("Something went wrong", "Back to overview", paths::OVERVIEW),
    };
    // signing in is a page of its own, outside what the browser's half routes
    let rel = (to == paths::SIGN_IN).then_some("external");
    view! {
        <div class="card empty" role="alert">
            <Icon name=IconName::Error />
            <h2>{title}</h2>
            <p>{error.to_string()}</p>
            <p>
                <a class="button" href=to rel=rel>
                    {link}
                </a>
            </p>
        </div>
    }
    .into_any()
}
