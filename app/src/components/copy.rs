//! A button that copies a text.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;

use super::{Icon, IconName};
use crate::browser;

/// How long the button says what came of it.
const SAID_FOR: Duration = Duration::from_secs(3);

/// A text in a monospaced face with a button beside it that copies it. The button shows itself
/// once the page is interactive; until then one click into the text selects all of it.
#[component]
pub fn CopyButton(
    text: String,
    /// The button's name: 'Copy correlation ID'.
    label: &'static str,
) -> impl IntoView {
    let shown = NodeRef::<html::Code>::new();
    let outcome = RwSignal::new(None::<bool>);
    let copied = text.clone();
    let copy = move |_| {
        let text = copied.clone();
        let element = shown.get_untracked().map(|code| code.unchecked_into());
        spawn_local(async move {
            outcome.try_set(Some(browser::copy(text, element).await));
            set_timeout(
                move || {
                    outcome.try_set(None);
                },
                SAID_FOR,
            );
        });
    };
    view! {
        <span class="copy">
            <code node_ref=shown>{text}</code>
            <button type="button" class="subtle icon-only needs-script" title=label aria-label=label on:click=copy>
                <Icon name=IconName::Copy />
            </button>
            <span class="small quiet copy-outcome" role="status">
                {move || match outcome.get() {
                    Some(true) => "Copied",
                    Some(false) => "Selected: press Ctrl+C",
                    None => "",
                }}
            </span>
        </span>
    }
    .into_any()
}
