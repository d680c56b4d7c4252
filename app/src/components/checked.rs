//! A form that the page itself can find fault with.

use leptos::ev;
use leptos::prelude::*;

use super::{Icon, IconName};
use crate::browser;

/// Keeps a form from being sent while a field in it carries `data-faulty`: it says so and leads to
/// that field. Fields carry it while they break a rule that the page knows itself; what the server
/// has said does not count, since it may be right by now. Without JavaScript the server finds the
/// same.
#[component]
pub fn Checked(children: Children) -> impl IntoView {
    let held_back = RwSignal::new(false);
    let check = move |event: ev::SubmitEvent| {
        let faulty = browser::focus_first_faulty(&event);
        if faulty {
            event.prevent_default();
            event.stop_propagation();
        }
        held_back.set(faulty);
    };
    view! {
        <div class="checked" on:submit:capture=check>
            <div class="announces" role="alert">
                {move || {
                    held_back
                        .get()
                        .then(|| {
                            view! {
                                <div class="notice notice-danger">
                                    <Icon name=IconName::Error />
                                    <div>"Nothing was sent: a field needs another look."</div>
                                </div>
                            }
                        })
                }}
            </div>
            {children()}
        </div>
    }
    .into_any()
}
