//! Which roles' logs are asked for.

use domain::RoleName;
use domain::views::RoleOption;
use leptos::prelude::*;

use crate::components::{Card, FieldError, server_message};
use crate::error::{AppError, Kept};

/// All roles, unless the form comes back with others chosen.
pub fn initially_chosen(roles: &[RoleName], kept: &Kept) -> Vec<bool> {
    let kept = kept.get_all("roles");
    roles
        .iter()
        .map(|role| kept.is_none_or(|kept| kept.contains(&role.0)))
        .collect()
}

/// A check box for each role.
#[component]
pub fn RolesCard(
    roles: Vec<RoleOption>,
    /// One for each role.
    chosen: RwSignal<Vec<bool>>,
    #[prop(into)] error: Signal<Option<AppError>>,
) -> impl IntoView {
    let (answer, changed) = server_message(error, "roles");
    let message = Signal::derive(move || {
        if chosen.read().contains(&true) {
            answer.get()
        } else {
            Some("Choose at least one role.".to_owned())
        }
    });
    let boxes = roles
        .into_iter()
        .enumerate()
        .map(|(position, role)| {
            let id = format!("role-{position}");
            let described_by = format!("{id}-description roles-error");
            let checked = chosen.with_untracked(|chosen| chosen.get(position).copied());
            let choose = move |event| {
                let checked = event_target_checked(&event);
                chosen.update(|chosen| {
                    if let Some(state) = chosen.get_mut(position) {
                        *state = checked;
                    }
                });
                changed();
            };
            view! {
                <div class="choice">
                    <input
                        type="checkbox"
                        id=id.clone()
                        name="roles[]"
                        value=role.name.0.clone()
                        checked=checked.unwrap_or(true)
                        aria-describedby=described_by
                        on:change=choose
                    />
                    <label for=id.clone()>{role.name.0}</label>
                    <span class="quiet small" id=format!("{id}-description")>
                        {role.description}
                    </span>
                </div>
            }
        })
        .collect_view();
    view! {
        <Card title="Roles">
            <fieldset class="choices" aria-describedby="roles-error">
                <legend class="visually-hidden">"Roles"</legend>
                {boxes}
            </fieldset>
            <FieldError id="roles-error" message=message />
        </Card>
    }
    .into_any()
}
