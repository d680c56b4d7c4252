//! What people do to deliveries: pause, resume, limit; and how fast they are.

use std::io::Write;
use std::path::Path;

use domain::people::Actor;
use domain::{CollectionId, DestinationKind, SasUrl};
use serde_json::{Map, Value};

use super::Engine;
use crate::error::EngineError;

impl Engine {
    /// Pauses a collection that runs, in whichever process: delivery stops after the blocks under
    /// way, reading goes on until the spool is full. It stays paused over restarts.
    ///
    /// # Errors
    /// `NotFound`, or `Conflict` that says why not.
    pub async fn pause(&self, id: CollectionId, actor: &Actor) -> Result<(), EngineError> {
        let row = self.find(id).await?;
        row.state
            .can_pause(row.paused_by.is_some())
            .map_err(|why| EngineError::Conflict(why.to_owned()))?;
        if !self.inner.store.pause_collection(id, actor).await? {
            return Err(moved_on());
        }
        tracing::info!(collection = %id, by = %actor, "collection paused");
        self.inner.nudged.notify_waiters();
        Ok(())
    }

    /// Lets a paused collection go on.
    ///
    /// # Errors
    /// `NotFound`, or `Conflict` that says why not.
    pub async fn resume(&self, id: CollectionId, actor: &Actor) -> Result<(), EngineError> {
        let row = self.find(id).await?;
        row.state
            .can_resume(row.paused_by.is_some())
            .map_err(|why| EngineError::Conflict(why.to_owned()))?;
        if !self.inner.store.resume_collection(id, actor).await? {
            return Err(moved_on());
        }
        tracing::info!(collection = %id, by = %actor, "collection resumed");
        self.inner.nudged.notify_waiters();
        Ok(())
    }

    /// Queues the sending of a collection that was saved to `directory`, for this process to
    /// [`drive`](Self::drive). One that did not end is taken up again, from its ledger.
    ///
    /// # Errors
    /// `Invalid` with fields `directory` (it holds no collection) and `sas_url`; `Conflict` that
    /// names the file that is missing, changed or foreign.
    pub async fn send_saved(
        &self,
        directory: &Path,
        sas: SasUrl,
        actor: &Actor,
    ) -> Result<CollectionId, EngineError> {
        self.inner.queue_saved(directory, sas, actor).await
    }

    /// Writes the newest manifest of a saved collection as it lies in its directory, and then `more`
    /// fields. Does blocking I/O.
    ///
    /// # Errors
    /// As [`send_saved`](Self::send_saved); `Internal` when it cannot be written.
    pub fn write_saved_manifest(
        directory: &Path,
        more: &Map<String, Value>,
        out: impl Write,
    ) -> Result<(), EngineError> {
        crate::saved::open_manifest(directory)?
            .write(more, out)
            .map_err(EngineError::internal)
    }

    /// The bandwidth limit in force, in bytes a second; 0: none. It is that of the configuration
    /// until somebody sets another one.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn bandwidth_limit(&self) -> Result<u64, EngineError> {
        self.inner.bandwidth_limit().await
    }

    /// Sets the bandwidth limit in bytes a second (0: none) for all processes; running deliveries
    /// follow within a second.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn set_bandwidth_limit(&self, limit: u64, actor: &Actor) -> Result<(), EngineError> {
        let inner = &self.inner;
        if inner.bandwidth_limit().await? == limit {
            return Ok(());
        }
        let detail = match limit {
            0 => "no limit".to_owned(),
            limit => format!("{} a second", domain::size::write(limit)),
        };
        inner
            .store
            .set_bandwidth_limit(limit, &detail, actor)
            .await?;
        inner.pace.set(limit);
        inner.nudged.notify_waiters();
        tracing::info!(limit = %detail, by = %actor, "bandwidth limit set");
        Ok(())
    }

    /// Bytes a second that the deliveries of the last days to blob containers reached, and never
    /// more than the bandwidth limit allows; `None` until there was one.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn measured_link_speed(&self) -> Result<Option<u64>, EngineError> {
        self.inner.link_speed().await
    }
}

impl super::Inner {
    pub(crate) async fn link_speed(&self) -> Result<Option<u64>, EngineError> {
        let speed = self.store.link_speed().await?;
        let limit = self.bandwidth_limit().await?;
        Ok(speed.map(|speed| match limit {
            0 => speed,
            limit => speed.min(limit),
        }))
    }

    pub(crate) async fn bandwidth_limit(&self) -> Result<u64, EngineError> {
        let set = self.store.bandwidth_limit().await?;
        Ok(set.unwrap_or(self.config.bandwidth_limit))
    }

    /// Keeps what a run has learned of the speed of the link. A directory has none.
    pub(crate) async fn remember_speed(&self, kind: DestinationKind, link: &crate::delivery::Link) {
        if kind == DestinationKind::Directory {
            return;
        }
        let Some((bytes, busy)) = link.meter.take() else {
            return;
        };
        let micros = u64::try_from(busy.as_micros()).unwrap_or(u64::MAX);
        if let Err(error) = self.store.record_link_speed(bytes, micros).await {
            tracing::warn!(error = %crate::error::chain(&error), "the speed of the link was not recorded");
        }
    }
}

fn moved_on() -> EngineError {
    EngineError::Conflict("The collection moved on meanwhile; look at it again.".to_owned())
}
