//! Who looks at a page, and how they want to see it.
//!
//! The server knows this for each request and puts a [`Viewer`] in context. Pages read [`Ui`],
//! which is the part of it that a browser may know: it travels inside the HTML, so that the
//! browser's first rendering is the server's to the letter.

use chrono_tz::Tz;
use domain::people::{Actor, UserRole};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// Name of the cookie that remembers the viewer's time zone (an IANA name).
pub const ZONE_COOKIE: &str = "zone";
/// Name of the cookie that remembers the theme (a code of [`Theme`]).
pub const THEME_COOKIE: &str = "theme";

/// A signed-in person, as pages show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    pub role: UserRole,
}

/// Light, dark, or what the operating system prefers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    Light,
    Dark,
    #[default]
    System,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::Light, Self::Dark, Self::System];

    /// The spelling in the cookie, in the form and in `data-theme` on `<html>`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Light => "Light theme",
            Self::Dark => "Dark theme",
            Self::System => "Theme of the system",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.code() == code)
    }
}

/// What the server knows of the one who asks. It provides this in context for every request, of
/// pages and of server functions alike.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// `None`: not signed in.
    pub session: Option<User>,
    /// Who the engine is told acts; `Some` exactly when `session` is.
    pub actor: Option<Actor>,
    /// From the viewer's cookie, else the stack's.
    pub zone: Tz,
    pub theme: Theme,
    pub stack_name: String,
    /// Shown with an internal error, so that it can be found in the log.
    pub request_id: String,
}

/// The part of a [`Viewer`] that goes to the browser inside the HTML.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Shared {
    user: Option<User>,
    zone: Tz,
    theme: Theme,
    stack_name: String,
}

/// What pages know of their viewer, in the browser as on the server.
#[derive(Clone, Debug)]
pub struct Ui {
    pub user: Option<User>,
    pub stack_name: String,
    /// Times are shown in it. It changes once, after the first rendering, when the browser's zone
    /// is not the one that the server took.
    pub zone: RwSignal<Tz>,
    pub theme: RwSignal<Theme>,
}

impl Ui {
    /// Reads the request's [`Viewer`], on the server; what the server has read, in the browser.
    #[must_use]
    pub fn new() -> Self {
        let shared = SharedValue::new(|| {
            // there is no request while the server lists its routes
            use_context::<Viewer>().map_or_else(
                || Shared {
                    user: None,
                    zone: Tz::UTC,
                    theme: Theme::System,
                    stack_name: String::new(),
                },
                |viewer| Shared {
                    user: viewer.session,
                    zone: viewer.zone,
                    theme: viewer.theme,
                    stack_name: viewer.stack_name,
                },
            )
        })
        .into_inner();
        Self {
            user: shared.user,
            stack_name: shared.stack_name,
            zone: RwSignal::new(shared.zone),
            theme: RwSignal::new(shared.theme),
        }
    }

    /// The viewer may start, cancel and change things. Pages use it to leave out what would be
    /// refused; the refusal itself is in each server function.
    #[must_use]
    pub fn may_operate(&self) -> bool {
        self.user
            .as_ref()
            .is_some_and(|user| user.role.may_operate())
    }
}

impl Default for Ui {
    fn default() -> Self {
        Self::new()
    }
}

/// The viewer of the page at hand.
#[must_use]
pub fn use_ui() -> Ui {
    expect_context::<Ui>()
}
