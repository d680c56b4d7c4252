//! A small dialog that opens over the page: to confirm, or to ask for one thing more.
//!
//! It is the native popover: it opens, closes, takes and gives back the focus without a script.

use leptos::prelude::*;

use super::{Icon, IconName};

/// The button that opens a [`Popup`]. Where the action is not possible now it is disabled and says
/// why.
#[component]
pub fn PopupButton(
    opens: &'static str,
    icon: IconName,
    label: &'static str,
    /// `Err` says why not.
    possible: Result<(), &'static str>,
) -> impl IntoView {
    let why_not = possible.err();
    view! {
        <button
            type="button"
            class="command"
            popovertarget=opens
            disabled=why_not.is_some()
            title=why_not
        >
            <Icon name=icon />
            {label}
        </button>
    }
    .into_any()
}

/// The dialog itself.
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
