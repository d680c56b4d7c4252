//! Settings of proactive collection: where it goes, and the consent that enabling means.

use chrono::Utc;
use domain::people::Actor;
use domain::settings::{SettingsChange, SettingsView};
use domain::{DestinationChoice, DestinationKind, DestinationSummary};

use crate::collection::check_sas;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::secrets::Place;
use crate::store::StoredDestination;

/// The one row that holds the sealed SAS URL.
const PLACE: Place<'_> = Place {
    table: "proactive",
    row: "1",
};

pub async fn view(inner: &Inner) -> Result<SettingsView, EngineError> {
    let stored = inner.store.proactive().await?;
    Ok(SettingsView {
        identifiers: stored.as_ref().is_some_and(|row| row.identifiers),
        proactive_enabled: stored.as_ref().is_some_and(|row| row.enabled),
        destination: stored
            .as_ref()
            .map(|row| row.destination.summary.clone())
            .filter(|summary| !summary.place.is_empty()),
        changed_at: stored.as_ref().map(|row| row.changed_at),
        changed_by: stored.as_ref().map(|row| row.changed_by.clone()),
        consent: stored.and_then(|row| row.consent),
        managed_storage: inner.config.managed_sas_url_file.is_some(),
        bandwidth_limit: inner.bandwidth_limit().await?,
        bundle_directory: inner.config.bundle_directory.to_string_lossy().into_owned(),
    })
}

pub async fn save(inner: &Inner, change: SettingsChange, actor: &Actor) -> Result<(), EngineError> {
    let stored = inner.store.proactive().await?;
    let destination = chosen(inner, &change, stored.map(|row| row.destination))?;
    inner
        .store
        .save_proactive(
            change.proactive_enabled,
            change.identifiers,
            &destination,
            actor,
        )
        .await?;
    tracing::info!(enabled = change.proactive_enabled, by = %actor, "settings of proactive collection saved");
    Ok(())
}

/// Enabling checks the destination, a stored SAS URL included; disabling keeps what is stored, and
/// needs none.
fn chosen(
    inner: &Inner,
    change: &SettingsChange,
    stored: Option<StoredDestination>,
) -> Result<StoredDestination, EngineError> {
    let now = Utc::now();
    let kept = stored.filter(|stored| stored.summary.kind == change.destination);
    match change.destination {
        DestinationKind::SasUrl => match (&change.sas_url, kept) {
            (Some(sas), _) => {
                inner.store_destination(&DestinationChoice::SasUrl(sas.clone()), PLACE, now)
            }
            (None, Some(kept)) => {
                if change.proactive_enabled {
                    let sealed = kept.secret.as_deref().ok_or_else(missing_sas)?;
                    check_sas(&inner.unseal(PLACE, sealed)?, now, "sas_url")?;
                }
                Ok(kept)
            }
            (None, None) if change.proactive_enabled => Err(missing_sas()),
            // the choice alone: what is off needs no place to go to
            (None, None) => Ok(StoredDestination {
                summary: DestinationSummary {
                    kind: DestinationKind::SasUrl,
                    place: String::new(),
                    permissions: None,
                    expires_at: None,
                },
                secret: None,
            }),
        },
        DestinationKind::Managed if !change.proactive_enabled && kept.is_some() => {
            kept.ok_or_else(missing_sas)
        }
        DestinationKind::Managed => {
            inner.store_destination(&DestinationChoice::Managed, PLACE, now)
        }
        DestinationKind::Directory => {
            inner.store_destination(&DestinationChoice::Directory(None), PLACE, now)
        }
    }
}

fn missing_sas() -> EngineError {
    EngineError::invalid("sas_url", "Enter the SAS URL of a blob container.")
}
