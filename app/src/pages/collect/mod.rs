//! *Collect logs now* and *Send logs now*: one form. The second goes to managed storage and asks
//! for no SAS URL.

mod destination;
mod roles;
mod summary;
mod window;

use domain::DestinationKind;
use domain::views::CollectOptions;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::{self, StartCollection};
use crate::components::{Checked, Crumb, ErrorPanel, FormError, PageHeader, Waiting};
use crate::context::use_ui;
use crate::error::AppError;
use crate::paths;

use destination::DestinationCard;
use roles::RolesCard;
use summary::SummaryCard;
use window::{QuickWindow, WindowCard, WindowFields};

/// Which of the two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Collect,
    Send,
}

impl Way {
    const fn title(self) -> &'static str {
        match self {
            Self::Collect => "Collect logs now",
            Self::Send => "Send logs now",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Collect => paths::COLLECT,
            Self::Send => paths::SEND,
        }
    }

    /// What can be chosen on it, the default first.
    const fn destinations(self) -> &'static [DestinationKind] {
        match self {
            Self::Collect => &[DestinationKind::SasUrl, DestinationKind::Directory],
            Self::Send => &[DestinationKind::Managed, DestinationKind::Directory],
        }
    }
}

/// *Collect logs now*.
#[component]
pub fn CollectPage() -> impl IntoView {
    view! { <StartPage way=Way::Collect /> }
}

/// *Send logs now*.
#[component]
pub fn SendPage() -> impl IntoView {
    view! { <StartPage way=Way::Send /> }
}

#[component]
fn StartPage(way: Way) -> impl IntoView {
    let options = Resource::new(|| (), |()| api::collect_options());
    let action = ServerAction::<StartCollection>::new();
    let may_operate = use_ui().may_operate();
    view! {
        <PageHeader title=way.title() crumbs=&[Crumb::Product, Crumb::LogCollection] />
        <Transition fallback=Waiting>
            {move || Suspend::new(async move {
                match options.await {
                    Ok(_) if !may_operate => {
                        view! { <ErrorPanel error=AppError::Forbidden /> }.into_any()
                    }
                    Ok(options) if way == Way::Send && options.managed_storage.is_none() => {
                        view! { <NoManagedStorage /> }.into_any()
                    }
                    Ok(options) => {
                        view! { <StartForm options=options action=action way=way /> }.into_any()
                    }
                    Err(error) => view! { <ErrorPanel error=error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn NoManagedStorage() -> impl IntoView {
    let error = AppError::Conflict(
        "This installation has no managed storage. Collect the logs to a SAS URL or a local directory instead."
            .to_owned(),
    );
    view! { <ErrorPanel error=error /> }
}

#[component]
fn StartForm(
    options: CollectOptions,
    action: ServerAction<StartCollection>,
    way: Way,
) -> impl IntoView {
    let error = Signal::derive(move || action.value().get().and_then(Result::err));
    // without JavaScript the form comes back with what was entered
    let kept = error
        .get_untracked()
        .and_then(|error| error.kept().cloned())
        .unwrap_or_default();
    let hours = use_query_map()
        .get_untracked()
        .get("hours")
        .and_then(|hours| hours.parse().ok());
    let fields = WindowFields::new(&options, &kept, hours, error);
    let role_names: Vec<_> = options.roles.iter().map(|role| role.name.clone()).collect();
    let chosen_roles = RwSignal::new(roles::initially_chosen(&role_names, &kept));
    let kind = kept
        .get("destination")
        .and_then(DestinationKind::from_code)
        .filter(|kind| way.destinations().contains(kind))
        .unwrap_or(way.destinations()[0]);
    let destination = RwSignal::new(kind);
    view! {
        <QuickWindow path=way.path() />
        <Checked>
        <ActionForm action=action attr:class="columns columns-form" attr:autocomplete="off">
            <div class="stack-cards">
                <FormError error=error />
                <WindowCard fields=fields limits=options.limits />
                <RolesCard roles=options.roles.clone() chosen=chosen_roles error=error />
                <DestinationCard
                    options=options.clone()
                    kinds=way.destinations()
                    chosen=destination
                    clock=fields.clock
                    error=error
                />
            </div>
            <SummaryCard
                unfinished=options.unfinished
                window=fields.window
                chosen_roles=chosen_roles
                destination=destination
                pending=action.pending()
            />
        </ActionForm>
        </Checked>
    }
    .into_any()
}
