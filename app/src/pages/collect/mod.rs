//! *Collect logs now* and *Send logs now*: one form. The second goes to managed storage and asks
//! for no SAS URL.

mod axis;
mod chart;
mod choosing;
mod destination;
mod estimate;
mod preview;
mod redaction;
mod roles;
mod summary;
mod window;

use std::time::Duration;

use domain::estimate::Volume;
use domain::views::CollectOptions;
use domain::{DestinationKind, RoleName};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::api::{self, StartCollection};
use crate::browser;
use crate::components::{Checked, Crumb, ErrorPanel, FormError, PageHeader, Waiting};
use crate::context::use_ui;
use crate::error::{AppError, Kept};
use crate::paths;
use crate::sent::use_sent;

use chart::VolumeChart;
use destination::DestinationCard;
use estimate::{Answer, Ask, NotCounted, StillCounting};
use redaction::{Previewing, RedactionCard};
use roles::RolesCard;
use summary::SummaryCard;
use window::{Asked, QuickWindow, WindowCard, WindowFields};

/// An estimate is asked for at most so often while the form changes.
const ESTIMATE_PAUSE: Duration = Duration::from_millis(400);

/// What is counted for the page, and what is asked about it. It is fetched beside the form, which
/// never waits for it.
#[derive(Clone, Copy)]
struct Counted {
    asked: Asked,
    volume: Resource<Result<Option<Volume>, AppError>>,
    estimate: Resource<Answer>,
    /// What the form says now; `None` while it is as the page was opened.
    ask: RwSignal<Option<Ask>>,
    /// Wait for the counting, however long it takes.
    patient: RwSignal<bool>,
}

impl Counted {
    fn new(options: Resource<Result<CollectOptions, AppError>>) -> Self {
        let asked = use_query_map().with_untracked(Asked::of);
        let (ask, patient) = (RwSignal::new(None), RwSignal::new(false));
        Self {
            asked,
            volume: Resource::new(move || patient.get(), api::volume),
            estimate: Resource::new(
                move || (ask.get(), patient.get()),
                move |(ask, patient)| estimate::fetch(ask, patient, asked, options),
            ),
            ask,
            patient,
        }
    }

    /// Asks anew when the form changes, and at once where it is not as the address says.
    fn follow(
        self,
        fields: WindowFields,
        roles: Vec<RoleName>,
        chosen: RwSignal<Vec<bool>>,
        at_once: bool,
    ) {
        let ask_anew = browser::throttled(ESTIMATE_PAUSE, move || {
            let Ok(window) = fields.window.get_untracked() else {
                return;
            };
            let chosen = chosen.get_untracked();
            let names = roles.iter().zip(chosen);
            let roles: Vec<String> = names
                .filter(|(_, chosen)| *chosen)
                .map(|(role, _)| role.0.clone())
                .collect();
            // no role would mean all
            if !roles.is_empty() {
                self.ask.set(Some(Ask { window, roles }));
            }
        });
        Effect::watch(
            move || (fields.window.get(), chosen.get()),
            move |_, _, _| ask_anew(),
            at_once,
        );
    }
}

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
    let counted = Counted::new(options);
    let action = ServerAction::<StartCollection>::new();
    let may_operate = use_ui().may_operate();
    let sent = use_sent(&redaction::FORM_FIELDS);
    let previewing = Previewing::new(sent.as_ref().filter(|_| may_operate));
    let sent = StoredValue::new(sent);
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
                        view! { <StartForm
                                options=options
                                counted=counted
                                previewing=previewing
                                sent=sent
                                action=action
                                way=way
                            /> }.into_any()
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
    counted: Counted,
    previewing: Previewing,
    /// What was sent to the page, to be shown again.
    sent: StoredValue<Option<Kept>>,
    action: ServerAction<StartCollection>,
    way: Way,
) -> impl IntoView {
    let error = Signal::derive(move || action.value().get().and_then(Result::err));
    // without JavaScript the form comes back with what was entered
    let kept = error
        .get_untracked()
        .and_then(|error| error.kept().cloned())
        .or_else(|| sent.get_value())
        .unwrap_or_default();
    let identifiers = redaction::is_chosen(&kept).unwrap_or(options.identifiers);
    let fields = WindowFields::new(&options, &kept, counted.asked, error);
    let role_names: Vec<_> = options.roles.iter().map(|role| role.name.clone()).collect();
    let chosen_roles = RwSignal::new(roles::initially_chosen(&role_names, &kept));
    let came_back = kept != Kept::default();
    counted.follow(fields, role_names.clone(), chosen_roles, came_back);
    let limits = options.limits;
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
                <WindowCard fields=fields limits=limits>
                    <Transition fallback=|| {
                        view! { <p class="chart chart-waiting quiet small" role="status">"Counting the logs of this stack…"</p> }
                    }>
                        {move || Suspend::new(async move {
                            match counted.volume.await {
                                Ok(Some(volume)) => {
                                    view! {
                                        <VolumeChart
                                            volume=volume
                                            fields=fields
                                            limits=limits
                                            chosen_roles=chosen_roles
                                            path=way.path()
                                        />
                                    }
                                        .into_any()
                                }
                                Ok(None) => {
                                    view! {
                                        <div class="chart chart-waiting">
                                            <StillCounting patient=counted.patient />
                                        </div>
                                    }
                                        .into_any()
                                }
                                Err(error) => view! { <NotCounted error=error /> }.into_any(),
                            }
                        })}
                    </Transition>
                </WindowCard>
                <RolesCard
                    roles=options.roles.clone()
                    chosen=chosen_roles
                    estimate=counted.estimate
                    error=error
                />
                <RedactionCard
                    identifiers=identifiers
                    fields=fields
                    roles=role_names
                    chosen_roles=chosen_roles
                    previewing=previewing
                    now=options.now
                    path=way.path()
                />
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
                estimate=counted.estimate
                patient=counted.patient
                pending=action.pending()
            />
        </ActionForm>
        </Checked>
    }
    .into_any()
}
