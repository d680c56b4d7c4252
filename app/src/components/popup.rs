//! A small dialog that opens over the page: to confirm, or to ask for one thing more.
//!
//! It is the native popover: it opens, closes, takes and gives back the focus without a script.

use leptos::prelude::*;

use super::{Icon, IconName};

/// The button that opens a [`Popup`]. Where the action is not possible now it says why.
#[component]
pub fn PopupButton(
    opens: &'static str,
    icon: IconName,
    label: &'static str,
    /// `Err` says why not.
    possible: Result<(), &'static str>,
) -> impl IntoView {
    match possible {
        Ok(()) => view! {
            <button type="button" class="command" popovertarget=opens>
                <Icon name=icon />
                {label}
            </button>
        }
        .into_any(),
        Err(why_not) => view! {
            <ImpossibleCommand
                icon=icon
                label=label
                why_not=why_not
                why_not_id=format!("{opens}-why-not")
            />
        }
        .into_any(),
    }
}

/// The button of an action that is not possible now. It does nothing, but unlike one with the
/// attribute `disabled` it can be reached by keyboard, so that everybody can learn why.
#[component]
pub fn ImpossibleButton(
    class: &'static str,
    why_not: &'static str,
    /// Unique on the page.
    #[prop(into)]
    why_not_id: String,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=class
            aria-disabled="true"
            aria-describedby=why_not_id.clone()
            title=why_not
        >
            {children()}
        </button>
        <span class="visually-hidden" id=why_not_id>
            {why_not}
        </span>
    }
    .into_any()
}

/// An [`ImpossibleButton`] in a page's command bar.
#[component]
pub fn ImpossibleCommand(
    icon: IconName,
    label: &'static str,
    why_not: &'static str,
    /// Unique on the page.
    #[prop(into)]
    why_not_id: String,
) -> impl IntoView {
    view! {
        <ImpossibleButton class="command" why_not=why_not why_not_id=why_not_id>
            <Icon name=icon />
            {label}
        </ImpossibleButton>
    }
    .into_any()
}

/// The dialog itself. The control in it that carries `autofocus` takes the focus when it opens.
#[component]
pub fn Popup(
    id: &'static str,
    /// Id of the title, which names the dialog.
    title_id: &'static str,
    title: &'static str,
    children: Children,
) -> impl IntoView {
    view! {
        <div class="popup" id=id popover="auto" role="dialog" aria-labelledby=title_id>
            <h2 id=title_id>{title}</h2>
            {children()}
        </div>
    }
    .into_any()
}
