//! Which roles' logs are asked for.

use std::collections::BTreeMap;

use domain::estimate::Amount;
use domain::views::RoleOption;
use domain::{RoleName, format};
use leptos::prelude::*;

use super::estimate::Answer;
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
    estimate: Resource<Answer>,
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
    // fetched beside the form, which does not wait for it
    let amounts = RwSignal::new(BTreeMap::new());
    Effect::new(move || {
        if let Some(Ok(Some(estimate))) = estimate.get() {
            let by_role = estimate.roles.into_iter();
            amounts.set(by_role.map(|role| (role.role, role.amount)).collect());
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
            let name = role.name.clone();
            let figure = Signal::derive(move || {
                let is_chosen = chosen.read().get(position).copied()?;
                let amount = amounts.read().get(&name).copied()?;
                is_chosen.then(|| figure(amount))
            });
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
                    figure=figure
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

/// How much a role has in these hours.
fn figure(amount: Amount) -> String {
    match amount {
        Amount { bytes: 1.., .. } => format!("about {}", format::rough_bytes(amount.bytes)),
        Amount {
            unknown_items: 1.., ..
        } => "not counted".to_owned(),
        _ => "no logs".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_tells_what_it_has_as_far_as_that_is_known() {
        let amount = |bytes, unknown_items| Amount {
            bytes,
            unknown_items,
            ..Amount::default()
        };
        assert_eq!(figure(amount(3 << 20, 1)), "about 3.0 MiB");
        assert_eq!(figure(amount(0, 1)), "not counted");
        assert_eq!(figure(amount(0, 0)), "no logs");
    }
}
