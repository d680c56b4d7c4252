//! What stands around every page: header and navigation.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{Icon, IconName};
use crate::browser;
use crate::context::{THEME_COOKIE, Theme, use_ui};
use crate::paths;

const NAVIGATION_ID: &str = "navigation";

/// Header, navigation, and the page.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let pathname = use_location().pathname;
    // on a narrow screen the navigation is a menu, which closes once it has led somewhere
    Effect::watch(
        move || pathname.get(),
        |_, _, _| browser::hide_popover(NAVIGATION_ID),
        false,
    );
    view! {
        // external: the router would scroll there, and leave the focus behind
        <a class="skip" href="#main" rel="external">
            "Skip to the content"
        </a>
        <Header />
        <div class="frame">
            <nav class="navigation" id=NAVIGATION_ID popover="auto" aria-label="Main">
                <ul>
                    <NavLink to=paths::OVERVIEW icon=IconName::Home label="Overview" />
                </ul>
                <h2 id="nav-collect">"Collect"</h2>
                <ul aria-labelledby="nav-collect">
                    <NavLink to=paths::LOG_COLLECTION icon=IconName::Archive label="Log collection" />
                </ul>
                <h2 id="nav-govern">"Govern"</h2>
                <ul aria-labelledby="nav-govern">
                    <NavLink to=paths::SETTINGS icon=IconName::Gear label="Settings" />
                </ul>
            </nav>
            <main id="main" tabindex="-1">
                {children()}
            </main>
        </div>
    }
    .into_any()
}

#[component]
fn NavLink(to: &'static str, icon: IconName, label: &'static str) -> impl IntoView {
    let pathname = use_location().pathname;
    // a page below this one marks its way, but only the page itself is the current one
    let current = move || {
        let path = pathname.read();
        let below = to != paths::OVERVIEW
            && path
                .strip_prefix(to)
                .is_some_and(|rest| rest.starts_with('/'));
        match (path.as_str() == to, below) {
            (true, _) => Some("page"),
            (_, true) => Some("true"),
            _ => None,
        }
    };
    view! {
        <li>
            <a href=to aria-current=current>
                <Icon name=icon />
                {label}
            </a>
        </li>
    }
    .into_any()
}

#[component]
fn Header() -> impl IntoView {
    let ui = use_ui();
    let zone = ui.zone;
    let user = ui.user.clone().map(|user| {
        let initials = initials(&user.name);
        let title = format!("{} ({})", user.name, user.role.label());
        view! {
            <span class="avatar" title=title aria-hidden="true">
                {initials}
            </span>
            <span class="user">
                {user.name} <span class="visually-hidden">", "</span>
                <span class="user-role">{user.role.label()}</span>
            </span>
            <form class="sign-out" method="post" action=paths::SIGN_OUT>
                <button type="submit" class="on-header">
                    <Icon name=IconName::SignOut />
                    <span>"Sign out"</span>
                </button>
            </form>
        }
    });
    view! {
        <header class="header">
            <button
                type="button"
                class="on-header icon-only menu-button"
                popovertarget=NAVIGATION_ID
                aria-label="Menu"
            >
                <Icon name=IconName::Menu />
            </button>
            <a class="product" href=paths::OVERVIEW>
                "Help + Support"
            </a>
            <span class="stack" title="The stack that this portal looks after">
                {ui.stack_name}
            </span>
            <span class="header-end">
                <span class="zone" title="Times are shown in this zone">
                    {move || zone.get().name()}
                </span>
                <ThemeSwitch />
                {user}
            </span>
        </header>
    }
    .into_any()
}

/// `O1` for `operator-1`: the first letter or digit of each word, of the first two.
fn initials(name: &str) -> String {
    name.split(|letter: char| !letter.is_alphanumeric())
        .filter_map(|word| word.chars().next())
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

#[component]
fn ThemeSwitch() -> impl IntoView {
    let theme = use_ui().theme;
    let buttons = [
        (Theme::Light, IconName::Sun),
        (Theme::Dark, IconName::Moon),
        (Theme::System, IconName::Screen),
    ]
    .map(|(choice, icon)| {
        let choose = move |event: web_sys::MouseEvent| {
            // without a script the server sets the cookie and leads back here
            event.prevent_default();
            theme.set(choice);
            browser::set_root_attribute("data-theme", choice.code());
            browser::set_cookie(THEME_COOKIE, choice.code());
        };
        view! {
            <button
                type="submit"
                name="theme"
                value=choice.code()
                class="on-header icon-only"
                aria-label=choice.label()
                title=choice.label()
                aria-pressed=move || if theme.get() == choice { "true" } else { "false" }
                on:click=choose
            >
                <Icon name=icon />
            </button>
        }
    })
    .collect_view();
    view! {
        <form method="post" action=paths::THEME>
            <div class="themes" role="group" aria-label="Theme">
                {buttons}
            </div>
        </form>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_are_those_of_the_first_two_words() {
        assert_eq!(initials("operator-1"), "O1");
        assert_eq!(initials("ada.m.lovelace"), "AM");
        assert_eq!(initials("admin"), "A");
    }
}
