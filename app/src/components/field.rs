//! What stands under a field when something is wrong with it.

use leptos::prelude::*;

use super::{Icon, IconName};
use crate::error::AppError;

/// The message of one field. It is always there, empty while all is well, so that
/// `aria-describedby` can name it and that a message is announced when it comes.
#[component]
pub fn FieldError(
    #[prop(into)] id: String,
    #[prop(into)] message: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <p class="field-error" id=id aria-live="polite">
            {move || {
                message
                    .get()
                    .map(|message| {
                        view! {
                            <Icon name=IconName::Error />
                            <span>{message}</span>
                        }
                    })
            }}
        </p>
    }
    .into_any()
}

/// What the server said about a field, until the field is changed.
///
/// The second one is to be called when the field changes.
pub fn server_message(
    error: Signal<Option<AppError>>,
    field: &'static str,
) -> (Signal<Option<String>>, impl Fn() + Copy + 'static) {
    let answered_for = RwSignal::new(None::<AppError>);
    let message = Signal::derive(move || {
        let error = error.get()?;
        if answered_for.get().as_ref() == Some(&error) {
            return None;
        }
        error.field(field).map(str::to_owned)
    });
    let changed = move || {
        if message.read_untracked().is_some() {
            answered_for.set(error.get_untracked());
        }
    };
    (message, changed)
}
