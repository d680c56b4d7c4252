//! Which roles' logs are asked for.

use domain::RoleName;
use domain::views::RoleOption;
use leptos::prelude::*;

use crate::components::{Card, Choice, Choose, FieldError, server_message};
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
            let checked = chosen.with_untracked(|chosen| chosen.get(position).copied());
            let choose = move |checked| {
                chosen.update(|chosen| {
                    if let Some(state) = chosen.get_mut(position) {
                        *state = checked;
                    }
                });
                changed();
            };
            view! {
                <Choice
                    choose=Choose::Any
                    id=format!("role-{position}")
                    name="roles[]"
                    value=role.name.0.clone()
                    label=role.name.0
                    checked=checked.unwrap_or(true)
                    error_id="roles-error"
                    on_change=choose
                >
                    {role.description}
                </Choice>
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
