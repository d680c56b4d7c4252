//! Where the bundles of this collection go.

use domain::DestinationKind;
use domain::views::CollectOptions;
use leptos::prelude::*;

use crate::browser::Clock;
use crate::components::{Card, DestinationRadio, Expiry, FieldError, SasField, server_message};
use crate::error::AppError;

/// A radio button for each kind; the SAS URL's field shows itself while its kind is chosen.
#[component]
pub fn DestinationCard(
    options: CollectOptions,
    /// What can be chosen.
    kinds: &'static [DestinationKind],
    chosen: RwSignal<DestinationKind>,
    clock: Clock,
    #[prop(into)] error: Signal<Option<AppError>>,
) -> impl IntoView {
    let (message, changed) = server_message(error, "destination");
    let first = chosen.get_untracked();
    let radios = kinds
        .iter()
        .map(|kind| {
            let kind = *kind;
            let managed = options
                .managed_storage
                .clone()
                .filter(|_| kind == DestinationKind::Managed);
            let about = match kind {
                DestinationKind::Managed => managed
                    .as_ref()
                    .map_or_else(String::new, |managed| managed.place.clone()),
                DestinationKind::SasUrl => {
                    "An Azure blob container that support gave you access to".to_owned()
                }
                DestinationKind::Directory => options.bundle_directory.clone(),
            };
            let expiry = managed
                .and_then(|managed| managed.expires_at)
                .map(|at| view! { " · " <Expiry expires_at=at now=options.now /> });
            view! {
                <DestinationRadio
                    kind=kind
                    checked=kind == first
                    on_change=move |_| {
                        chosen.set(kind);
                        changed();
                    }
                >
                    {about}
                    {expiry}
                </DestinationRadio>
            }
        })
        .collect_view();
    let sas = kinds.contains(&DestinationKind::SasUrl).then(|| {
        view! {
            <SasField
                id="sas-url"
                clock=clock
                error=error
                hint="Container level, with read, write and list. It is kept encrypted, only as long as this collection may need it, and never shown again."
            />
        }
    });
    view! {
        <Card title="Destination" class="destination">
            <fieldset class="choices" aria-describedby="destination-error">
                <legend class="visually-hidden">"Destination"</legend>
                {radios}
            </fieldset>
            <FieldError id="destination-error" message=message />
            {sas}
        </Card>
    }
    .into_any()
}
