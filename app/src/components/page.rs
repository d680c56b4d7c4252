//! What every page is made of: header, cards, facts, and what shows while it waits.

use leptos::prelude::*;

use crate::{browser, paths};

/// A page above this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crumb {
    Product,
    LogCollection,
}

impl Crumb {
    const fn link(self) -> (&'static str, &'static str) {
        match self {
            Self::Product => ("Help + Support", paths::OVERVIEW),
            Self::LogCollection => ("Log collection", paths::LOG_COLLECTION),
        }
    }
}

/// The title of a page with the way to it, and the title of the browser's tab.
#[component]
pub fn PageHeader(
    #[prop(into)] title: Signal<String>,
    /// From the top down.
    crumbs: &'static [Crumb],
    /// Stands in the heading after the title.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let way = crumbs
        .iter()
        .map(|crumb| {
            let (name, to) = crumb.link();
            view! {
                <li>
                    <a href=to>{name}</a>
                </li>
            }
        })
        .collect_view();
    let tab = move || format!("{} · Help + Support", title.read());
    // the server asks for a title only when the page is whole and its signals are out of reach, so
    // it is given the text; all that counts of the component there is that it was made
    #[cfg(feature = "ssr")]
    drop(view! { <leptos_meta::Title text=untrack(tab) /> });
    // in the browser the component would go on reading the title of each earlier rendering of the
    // page, also when that rendering and its signals are gone
    Effect::new(move || browser::set_title(&tab()));
    view! {
        <header class="page-header">
            <nav class="crumbs" aria-label="Breadcrumb">
                <ol>{way}</ol>
            </nav>
            <h1>
                <span>{move || title.get()}</span>
                {children.map(|children| children())}
            </h1>
        </header>
    }
    .into_any()
}

/// A part of a page on its own ground.
#[component]
pub fn Card(
    #[prop(into)] title: String,
    #[prop(optional)] class: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <section class=format!("card {class}")>
            <h2>{title}</h2>
            {children()}
        </section>
    }
    .into_any()
}

/// A name and what it is, in a `<dl>`.
#[component]
pub fn Fact(
    name: &'static str,
    /// It is long: it stands below its name instead of beside it.
    #[prop(optional)]
    wide: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="fact" class:fact-wide=wide>
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
    .into_any()
}

/// Holds the place of a page's content while it is fetched.
#[component]
pub fn Waiting() -> impl IntoView {
    view! {
        <div class="waiting" role="status">
            <span class="visually-hidden">"Loading"</span>
            <div class="card skeleton"></div>
            <div class="card skeleton"></div>
        </div>
    }
    .into_any()
}
