//! The portal's pages, components and server functions, for the browser and the server.
//!
//! The server renders every page completely, then the browser's half takes over; every form and
//! link works without that half too. What is rendered depends on the address, on the server's data
//! and on [`context::Ui`] alone, never on a clock or on the browser, so that both sides agree.

// deeply nested views are deeply nested types
#![recursion_limit = "256"]

pub mod api;
mod browser;
pub mod components;
pub mod context;
pub mod error;
mod live;
mod pages;
pub mod paths;
pub mod secret;
pub mod sent;
mod typed_time;

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::components::{Outlet, ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

use components::Frame;
use context::{Ui, Viewer, ZONE_COOKIE, use_ui};
use pages::{
    CollectPage, CollectionPage, HistoryPage, NotFoundPage, OverviewPage, PseudonymsPage, SendPage,
    SettingsPage, SignInPage,
};

/// The HTML document around the pages. The server renders it; the theme is the viewer's.
#[must_use]
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let theme = use_context::<Viewer>()
        .map(|viewer| viewer.theme)
        .unwrap_or_default();
    view! {
        <!DOCTYPE html>
        <html lang="en" data-theme=theme.code()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="robots" content="noindex" />
                <link rel="icon" type="image/svg+xml" href="/favicon.svg" />
                <link rel="stylesheet" href="/pkg/help-support.css" />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Everything inside `<body>`: the router and its pages.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_context(Ui::new());
    view! {
        <Router>
            <Routes fallback=|| {
                view! {
                    <Frame>
                        <NotFoundPage />
                    </Frame>
                }
            }>
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=SignedIn ssr=SsrMode::Async>
                    <Route path=path!("/") view=OverviewPage ssr=SsrMode::Async />
                    <Route path=path!("/log-collection") view=HistoryPage ssr=SsrMode::Async />
                    <Route path=path!("/log-collection/collect") view=CollectPage ssr=SsrMode::Async />
                    <Route path=path!("/log-collection/send") view=SendPage ssr=SsrMode::Async />
                    <Route path=path!("/log-collection/:id") view=CollectionPage ssr=SsrMode::Async />
                    <Route path=path!("/log-collection/:id/pseudonyms") view=PseudonymsPage ssr=SsrMode::Async />
                    <Route path=path!("/settings") view=SettingsPage ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
        <Interactive />
    }
}

/// The frame stays while pages change inside it.
#[component]
fn SignedIn() -> impl IntoView {
    live::provide_live();
    view! {
        <Frame>
            <Outlet />
        </Frame>
    }
}

/// Comes last in the page: when its effect runs, everything before it is interactive.
#[component]
fn Interactive() -> impl IntoView {
    let zone = use_ui().zone;
    Effect::new(move || {
        // a turn later: until then every part of the page is as the server made it, in its zone too
        let take_over = move || {
            if let Some(browsers) = browser::zone() {
                browser::set_cookie(ZONE_COOKIE, browsers.name());
                if browsers != zone.get_untracked() {
                    zone.set(browsers);
                }
            }
            browser::mark_hydrated();
        };
        set_timeout(take_over, std::time::Duration::ZERO);
    });
}

/// Where the browser's half begins.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
