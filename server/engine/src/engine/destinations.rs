//! From what is stored or configured to a destination that can be written to.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use domain::{CollectionId, DestinationKind, DestinationSummary, SasUrl};

use super::Inner;
use crate::collection;
use crate::destination::{AzureContainer, Destination, FailureKind, LocalDirectory};
use crate::error::EngineError;
use crate::store::StoredDestination;

/// Somebody waits for the answer.
const TRY_FOR: Duration = Duration::from_secs(8);

impl Inner {
    /// The SAS URL of managed storage, as its file holds it now.
    pub fn managed_sas(&self) -> Result<SasUrl, EngineError> {
        let path = self.config.managed_sas_url_file.as_ref().ok_or_else(|| {
            EngineError::invalid("destination", "No managed storage is configured.")
        })?;
        let text = fs::read_to_string(path).map_err(|error| {
            EngineError::Unavailable(format!(
                "The SAS URL of managed storage in {} cannot be read: {error}.",
                path.display()
            ))
        })?;
        SasUrl::parse(&text).map_err(|findings| {
            let problems: Vec<_> = findings
                .into_iter()
                .map(|finding| finding.problem)
                .collect();
            EngineError::Unavailable(format!(
                "The SAS URL of managed storage in {} cannot be used: {}",
                path.display(),
                problems.join(" ")
            ))
        })
    }

    pub fn managed_summary(&self) -> Option<DestinationSummary> {
        self.config.managed_sas_url_file.as_ref()?;
        match self.managed_sas() {
            Ok(sas) => Some(sas.summary(DestinationKind::Managed)),
            Err(error) => {
                tracing::warn!(%error, "managed storage cannot be used");
                None
            }
        }
    }

    pub fn unseal(
        &self,
        place: crate::secrets::Place<'_>,
        sealed: &[u8],
    ) -> Result<SasUrl, EngineError> {
        let text = self
            .vault
            .unseal(place, sealed)
            .map_err(EngineError::internal)?;
        SasUrl::parse(&text).map_err(|_| {
            EngineError::Conflict("The stored SAS URL is no longer valid; replace it.".to_owned())
        })
    }

    pub fn container(&self, sas: &SasUrl) -> Result<AzureContainer, EngineError> {
        AzureContainer::new(sas, &self.transport).map_err(EngineError::internal)
    }

    /// Lets the service say what it thinks of a new SAS URL. While it is out of reach the URL is
    /// taken as it is: it will be tried again and again.
    pub async fn try_sas(&self, sas: &SasUrl, folder: &str) -> Result<(), EngineError> {
        let container = self.container(sas)?;
        let asked = tokio::time::timeout(TRY_FOR, container.preflight(folder)).await;
        match asked {
            Ok(Err(error))
                if !matches!(error.kind, FailureKind::Unreachable | FailureKind::Busy) =>
            {
                let message = format!("The storage service was asked: {}.", error.detail);
                Err(EngineError::invalid("sas_url", message))
            }
            _ => Ok(()),
        }
    }

    /// Opens the destination of a collection.
    pub async fn open_destination(
        &self,
        id: CollectionId,
        stored: &StoredDestination,
    ) -> Result<Destination, EngineError> {
        let azure = |sas: &SasUrl| self.container(sas).map(Destination::Azure);
        match stored.summary.kind {
            DestinationKind::Directory => Ok(Destination::Directory(LocalDirectory::new(
                PathBuf::from(&stored.summary.place),
            ))),
            DestinationKind::Managed => azure(&self.managed_sas()?),
            DestinationKind::SasUrl => {
                let row = id.to_string();
                let sealed = stored.secret.as_deref().ok_or_else(|| {
                    EngineError::Conflict(
                        "The SAS URL of this collection is not stored any more.".to_owned(),
                    )
                })?;
                azure(&self.unseal(collection::place(&row), sealed)?)
            }
        }
    }
}
