//! Opens the destination of a collection that is to run.

use std::sync::Arc;
use std::time::Duration;

use domain::Reason;
use tokio_util::sync::CancellationToken;

use crate::destination::Destination;
use crate::engine::Inner;
use crate::error::{EngineError, chain};
use crate::store::{CollectionRow, VolumeRow, paused_reason};

/// How often it is tried again; whoever cancels it meanwhile waits no longer than this.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) enum Opened {
    Ready(Destination),
    /// It was to end before it could begin, as when the process that was told of it ended first.
    Cancelled(Option<Destination>),
    Refused(Reason),
    /// The process is to end.
    Interrupted,
}

/// Opens the destination. What has bundles in the spool waits where it cannot be had now: they are
/// not given up for a file that somebody is about to put back.
pub(super) async fn open(
    inner: &Arc<Inner>,
    collection: &CollectionRow,
    shutdown: &CancellationToken,
) -> Result<Opened, EngineError> {
    let (store, id) = (&inner.store, collection.id);
    let has_bundles = store.volumes(id).await?.iter().any(VolumeRow::is_sealed);
    let mut told = None;
    loop {
        let cancelled = store.signals(id).await?.cancel_requested;
        let opened = inner.open_destination(id, &collection.destination).await;
        if cancelled {
            return Ok(Opened::Cancelled(opened.ok()));
        }
        let why = match opened {
            Ok(destination) => {
                if told.is_some() {
                    let paused = collection.paused_by.as_deref().map(paused_reason);
                    store.set_running_state(id, paused.as_deref()).await?;
                }
                return Ok(Opened::Ready(destination));
            }
            Err(EngineError::Unavailable(why)) if has_bundles => why,
            Err(error) => {
                tracing::error!(collection = %id, error = %chain(&error), "the destination cannot be opened");
                return Ok(Opened::Refused(match error {
                    EngineError::Internal(_) => Reason::Internal,
                    error => Reason::DestinationRefused {
                        detail: error.to_string(),
                    },
                }));
            }
        };
        if told.as_ref() != Some(&why) {
            tracing::warn!(collection = %id, %why, "the destination cannot be had now");
            store.set_running_state(id, Some(&why)).await?;
            told = Some(why);
        }
        tokio::select! {
            () = shutdown.cancelled() => return Ok(Opened::Interrupted),
            () = tokio::time::sleep(AGAIN_AFTER) => {}
            () = inner.nudged.notified() => {}
        }
    }
}
