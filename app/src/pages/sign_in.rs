//! Sign in: a plain form that the server answers itself.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::{Notice, Tone};
use crate::context::use_ui;
use crate::paths;

/// Why the form is shown again: the code that the server puts in the query.
fn explain(code: &str) -> Option<(Tone, &'static str)> {
    Some(match code {
        "wrong" => (
            Tone::Danger,
            "The user name or the password is not right. Check both and try again.",
        ),
        "throttled" => (
            Tone::Danger,
            "Too many attempts. Wait a minute, then try again.",
        ),
        "expired" => (
            Tone::Information,
            "Your session has ended. Sign in to go on.",
        ),
        _ => return None,
    })
}

#[component]
pub fn SignInPage() -> impl IntoView {
    let ui = use_ui();
    let query = use_query_map().get_untracked();
    let next = query
        .get("next")
        .unwrap_or_else(|| paths::OVERVIEW.to_owned());
    let message = query.get("error").and_then(|code| explain(&code));
    view! {
        <Title text="Sign in · Help + Support" />
        <main class="sign-in" id="main">
            <div class="card">
                <p class="sign-in-product">"Help + Support"</p>
                <h1>"Sign in"</h1>
                <p class="quiet">{ui.stack_name}</p>
                {message.map(|(tone, text)| view! { <Notice tone=tone>{text}</Notice> })}
                <form method="post" action=paths::SIGN_IN>
                    <input type="hidden" name="next" value=next />
                    <div class="field">
                        <label for="user">"User name"</label>
                        <input
                            type="text"
                            id="user"
                            name="user"
                            autocomplete="username"
                            autocapitalize="off"
                            spellcheck="false"
                            required
                            autofocus
                        />
                    </div>
                    <div class="field">
                        <label for="password">"Password"</label>
                        <input
                            type="password"
                            id="password"
                            name="password"
                            autocomplete="current-password"
                            required
                        />
                    </div>
                    <button type="submit" class="primary wide">
                        "Sign in"
                    </button>
                </form>
                <p class="hint">
                    "No account yet? An operator adds users on the server with "
                    <code>"help-support user add"</code>
                    ". A lost password is replaced by removing the user and adding them again."
                </p>
            </div>
        </main>
    }
    .into_any()
}
