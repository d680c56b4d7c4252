//! The choice to give pseudonyms for identifiers, wherever it is offered.

use leptos::prelude::*;

use super::{Choice, Choose};

/// What the check box is sent as; nothing is sent while it is not checked.
pub const IDENTIFIERS_FIELD: &str = "identifiers";

/// The check box *Replace identifiers*.
#[component]
pub fn Identifiers(
    /// At first.
    checked: bool,
    /// Told whether it is checked now.
    on_change: impl Fn(bool) + 'static,
) -> impl IntoView {
    view! {
        <Choice
            choose=Choose::Any
            id="identifiers"
            name=IDENTIFIERS_FIELD
            value="replace"
            label="Replace identifiers"
            checked=checked
            on_change=on_change
        >
            "E-mail and network addresses, names of hosts and users and payment card numbers become pseudonyms: equal for equal values in this collection. The table of what they stand for stays here."
        </Choice>
    }
}
