//! Runs one collection: preflight, parts in parallel, manifest, end.
//!
//! Whatever ends the process meanwhile, the next run of the same collection goes on from what the
//! store knows: sealed volumes from their ledger, the rest by reading it anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{CollectionState, PartState, Reason};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::names;
use super::part::run_part;
use super::plan::{PlannedPart, plan};
use super::progress::{PartProgress, Speedometer, Totals};
use crate::bundle::{SealedVolume, SpooledVolume, VolumeFile, write_manifest};
use crate::delivery::{Link, Stopped, deliver_volume};
use crate::destination::{DestinationError, FailureKind};
use crate::engine::Inner;
use crate::error::{EngineError, chain};
use crate::store::{CollectionRow, PartRow, VolumeRow};

/// How often signals from other processes are looked at and counts are written.
const TICK: Duration = Duration::from_millis(400);

/// A collection that runs in this process.
#[derive(Debug)]
pub(super) struct Running {
    pub inner: Arc<Inner>,
    pub collection: CollectionRow,
    pub link: Link,
    /// For blocking threads, what `link.stop` is for tasks.
    pub stopped: Arc<AtomicBool>,
    /// Set when somebody cancelled it; a stop without it is the end of the process.
    pub cancelled: AtomicBool,
    pub cores: Semaphore,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The collection has ended, one way or another.
    Ended,
    /// The process is to end: the next start continues.
    Interrupted,
}

/// Runs a collection that was claimed for this process.
pub async fn run(
    inner: &Arc<Inner>,
    collection: CollectionRow,
    shutdown: &CancellationToken,
) -> Result<RunEnd, EngineError> {
    let id = collection.id;
    tracing::info!(collection = %id, "collection begins");
    let destination = match inner.open_destination(id, &collection.destination).await {
        Ok(destination) => destination,
        Err(error @ EngineError::Internal(_)) => return Err(error),
        Err(error) => {
            fail_all(inner, &collection, &error.to_string()).await?;
            return Ok(RunEnd::Ended);
        }
    };
    let stop = shutdown.child_token();
    let running = Arc::new(Running {
        link: Link::new(destination, Arc::clone(&inner.pace), stop.clone()),
        inner: Arc::clone(inner),
        collection,
        stopped: Arc::new(AtomicBool::new(false)),
        cancelled: AtomicBool::new(false),
        cores: Semaphore::new(inner.cores),
    });
    let watched = Arc::clone(&running);
    let finished = CancellationToken::new();
    let watching = {
        let finished = finished.clone();
        tokio::spawn(async move { watched.watch(&finished).await })
    };
    let outcome = running.collect().await;
    finished.cancel();
    if let Err(error) = watching.await {
        tracing::error!(%error, "the watch over a collection broke");
    }
    match outcome {
        Ok(Some((state, detail))) => {
            inner
                .store
                .end_collection(id, state, detail.as_deref())
                .await?;
            tracing::info!(collection = %id, state = state.code(), "collection ended");
            Ok(RunEnd::Ended)
        }
        Ok(None) if running.cancelled.load(Ordering::Relaxed) => {
            running.clean_up_cancelled().await?;
            tracing::info!(collection = %id, "collection cancelled");
            Ok(RunEnd::Ended)
        }
        Ok(None) => Ok(RunEnd::Interrupted),
        Err(error) => {
            tracing::error!(collection = %id, error = %chain(&error), "collection failed");
            let detail = Reason::Internal.to_string();
            inner
                .store
                .end_collection(id, CollectionState::Failed, Some(&detail))
                .await?;
            Ok(RunEnd::Ended)
        }
    }
}

/// The destination cannot even be opened: all that was asked for is missing.
async fn fail_all(
    inner: &Inner,
    collection: &CollectionRow,
    detail: &str,
) -> Result<(), EngineError> {
    let rows: Vec<PartRow> = (0_u32..)
        .zip(&collection.request.roles)
        .map(|(position, role)| PartRow::pending(position, &collection.node, &role.name.0))
        .collect();
    inner.store.insert_parts(collection.id, &rows).await?;
    fail_parts(inner, collection, detail).await?;
    inner
        .store
        .end_collection(collection.id, CollectionState::Failed, Some(detail))
        .await?;
    Ok(())
}

async fn fail_parts(
    inner: &Inner,
    collection: &CollectionRow,
    detail: &str,
) -> Result<(), EngineError> {
    let reason = Reason::DestinationRefused {
        detail: detail.to_owned(),
    };
    for part in inner.store.parts(collection.id).await? {
        if !part.state.is_final() {
            let failed = PartState::Failed(reason.clone());
            inner
                .store
                .set_part_state(collection.id, part.position, &failed)
                .await?;
        }
    }
    Ok(())
}

/// What the watch over a collection has acted upon.
struct Seen {
    destination_version: u64,
    waiting: Option<String>,
}

impl Running {
    /// All of the work. `Ok(None)`: it was stopped.
    async fn collect(
        self: &Arc<Self>,
    ) -> Result<Option<(CollectionState, Option<String>)>, EngineError> {
        let (inner, id) = (&self.inner, self.collection.id);
        let store = &inner.store;
        store.drop_unsealed_volumes(id).await?;
        let volumes = store.volumes(id).await?;
        let kept: Vec<Uuid> = volumes.iter().map(|volume| volume.id).collect();
        inner
            .spool
            .remove_strays(id, &kept)
            .map_err(EngineError::internal)?;

        let planning = self.collection.clone();
        let planned = tokio::task::spawn_blocking(move || plan(&planning))
            .await
            .map_err(EngineError::internal)?;
        let rows: Vec<PartRow> = (0_u32..)
            .zip(&planned)
            .map(|(position, part)| PartRow {
                items_planned: part.items.len() as u64,
                planned_bytes: part.planned_bytes(),
                ..PartRow::pending(position, &self.collection.node, &part.role.0)
            })
            .collect();
        store.insert_parts(id, &rows).await?;
        match self.preflight(&volumes).await {
            Ok(()) => {}
            Err(Stopped::Cancelled) => return Ok(None),
            Err(stopped) => {
                let detail = stopped.to_string();
                fail_parts(inner, &self.collection, &detail).await?;
                return Ok(Some((CollectionState::Failed, Some(detail))));
            }
        }
        if !self.run_parts(planned, &volumes).await? {
            return Ok(None);
        }
        let parts = store.parts(id).await?;
        let outcome = domain::collection::outcome(parts.iter().map(|part| &part.state));
        let detail = parts
            .iter()
            .find(|part| part.state.has_gaps())
            .and_then(|part| Some(format!("{}: {}", part.role, part.state.reason()?)));
        match self.deliver_manifest(outcome).await {
            Ok(()) => {}
            Err(Stopped::Cancelled) => return Ok(None),
            Err(stopped) => {
                tracing::error!(collection = %id, error = %chain(&stopped), "the manifest was not delivered");
                let detail = format!("the manifest was not delivered: {stopped}");
                return Ok(Some((CollectionState::PartiallyComplete, Some(detail))));
            }
        }
        // what could not be delivered stays in the spool for a retry
        if store
            .volumes(id)
            .await?
            .iter()
            .all(|volume| volume.delivered_at.is_some())
        {
            inner
                .spool
                .remove_collection(id)
                .map_err(EngineError::internal)?;
        }
        Ok(Some((outcome, detail)))
    }

    /// Before anything is read a refusal ends the collection; later ones only make it wait.
    async fn preflight(&self, volumes: &[VolumeRow]) -> Result<(), Stopped> {
        let resumed = !volumes.is_empty();
        let folder = &self.collection.folder;
        self.link
            .persist(|destination| async move {
                destination
                    .preflight(folder)
                    .await
                    .map_err(|error| match error.kind {
                        FailureKind::Refused if !resumed => DestinationError {
                            kind: FailureKind::Fatal,
                            ..error
                        },
                        _ => error,
                    })
            })
            .await
    }

    /// Runs all parts that have not ended; `false` when it was stopped.
    async fn run_parts(
        self: &Arc<Self>,
        planned: Vec<PlannedPart>,
        volumes: &[VolumeRow],
    ) -> Result<bool, EngineError> {
        let (store, id) = (&self.inner.store, self.collection.id);
        let rows = store.parts(id).await?;
        let stems = names::stems(&rows);
        let mut tasks = JoinSet::new();
        let mut counted = Vec::new();
        for ((row, planned), stem) in rows.into_iter().zip(planned).zip(stems) {
            if row.state.is_final() {
                continue;
            }
            let (items, bytes) = (planned.items.len() as u64, planned.planned_bytes());
            store.set_part_plan(id, row.position, items, bytes).await?;
            let tally = store.tally(id, row.position).await?;
            let packed = volumes.iter().filter(|volume| {
                volume.part == Some(row.position) && volume.delivered_at.is_some()
            });
            let progress = Arc::new(PartProgress::resumed(crate::store::PartCounts {
                items: tally.complete + tally.empty,
                items_missing: 0,
                read_bytes: tally.read_bytes,
                kept_bytes: tally.kept_bytes,
                packed_bytes: packed.map(|volume| volume.packed_bytes).sum(),
            }));
            counted.push((row.position, bytes, Arc::clone(&progress)));
            let (running, volumes) = (Arc::clone(self), volumes.to_vec());
            tasks.spawn(async move {
                let ended = run_part(&running, &row, planned, stem, &volumes, progress).await;
                (row.position, ended)
            });
        }
        let finished = CancellationToken::new();
        let counting = {
            let (running, finished) = (Arc::clone(self), finished.clone());
            tokio::spawn(async move { running.count(&counted, &finished).await })
        };
        let mut all_ended = true;
        while let Some(task) = tasks.join_next().await {
            let (position, ended) = task.map_err(EngineError::internal)?;
            match ended {
                Ok(Some(state)) => store.set_part_state(id, position, &state).await?,
                Ok(None) => all_ended = false,
                Err(error) => {
                    tracing::error!(collection = %id, position, error = %chain(&error), "a part failed");
                    store
                        .set_part_state(id, position, &PartState::Failed(Reason::Internal))
                        .await?;
                }
            }
        }
        finished.cancel();
        counting.await.map_err(EngineError::internal)?;
        Ok(all_ended)
    }

    /// Writes counts and pace until the parts have ended, and once more then.
    async fn count(&self, parts: &[(u32, u64, Arc<PartProgress>)], finished: &CancellationToken) {
        let mut speedometer = Speedometer::new();
        let mut last = Vec::new();
        loop {
            let ending = finished.is_cancelled();
            let counts: Vec<_> = parts
                .iter()
                .map(|(position, _, progress)| (*position, progress.counts()))
                .collect();
            if counts != last || ending {
                if let Err(error) = self.write_counts(parts, &counts, &mut speedometer).await {
                    tracing::warn!(error = %chain(&error), "progress was not recorded");
                }
                last = counts;
            }
            if ending {
                return;
            }
            tokio::select! {
                () = finished.cancelled() => {}
                () = tokio::time::sleep(TICK) => {}
            }
        }
    }

    async fn write_counts(
        &self,
        parts: &[(u32, u64, Arc<PartProgress>)],
        counts: &[(u32, crate::store::PartCounts)],
        speedometer: &mut Speedometer,
    ) -> Result<(), EngineError> {
        let (store, id) = (&self.inner.store, self.collection.id);
        store.set_part_counts(id, counts).await?;
        let delivered = store.delivered_by_part(id).await?;
        let totals = Totals {
            read: counts.iter().map(|(_, counts)| counts.read_bytes).sum(),
            planned: parts.iter().map(|(_, planned, _)| planned).sum(),
            packed: counts.iter().map(|(_, counts)| counts.packed_bytes).sum(),
            delivered: delivered.iter().map(|(_, bytes)| bytes).sum(),
        };
        let (rate, left) = speedometer.tick(Instant::now(), totals);
        store.set_pace(id, rate, left).await?;
        Ok(())
    }

    /// Looks for what others ask of this collection, and tells the store when it waits.
    async fn watch(&self, finished: &CancellationToken) {
        let mut waiting = self.link.watch_waiting();
        let mut seen = Seen {
            destination_version: self.collection.destination_version,
            waiting: None,
        };
        loop {
            tokio::select! {
                () = finished.cancelled() => return,
                () = self.link.stop.cancelled() => self.stopped.store(true, Ordering::Relaxed),
                () = tokio::time::sleep(TICK) => {}
                () = self.inner.nudged.notified() => {}
                // the link outlives this task
                _ = waiting.changed() => {}
            }
            if self.stopped.load(Ordering::Relaxed) {
                return;
            }
            if let Err(error) = self.look(&mut seen).await {
                tracing::warn!(error = %chain(&error), "the state of a collection could not be looked up");
            }
        }
    }

    async fn look(&self, seen: &mut Seen) -> Result<(), EngineError> {
        let (store, id) = (&self.inner.store, self.collection.id);
        let signals = store.signals(id).await?;
        if signals.cancel_requested {
            self.cancelled.store(true, Ordering::Relaxed);
            self.stopped.store(true, Ordering::Relaxed);
            self.link.stop.cancel();
            return Ok(());
        }
        if signals.destination_version != seen.destination_version
            && let Some(row) = store.find_collection(id).await?
        {
            let destination = self.inner.open_destination(id, &row.destination).await?;
            seen.destination_version = row.destination_version;
            self.link.replace(destination);
        }
        let waiting = self.link.waiting();
        if waiting != seen.waiting {
            store.set_running_state(id, waiting.as_deref()).await?;
            seen.waiting = waiting;
        }
        Ok(())
    }

    async fn deliver_manifest(&self, outcome: CollectionState) -> Result<(), Stopped> {
        let (inner, id) = (&self.inner, self.collection.id);
        let store = &inner.store;
        let made = store
            .volumes(id)
            .await?
            .into_iter()
            .filter(|volume| volume.part.is_none())
            .collect::<Vec<_>>();
        let volume = match made
            .into_iter()
            .find(|volume| volume.delivered_at.is_none())
        {
            // one that was sealed before a restart
            Some(row) => {
                let sealed = SealedVolume {
                    size_bytes: row.packed_bytes,
                    sha256: row.sha256.clone().unwrap_or_default(),
                };
                let file = inner.spool.volume_path(id, row.id)?;
                inner.spool.add(sealed.size_bytes);
                inner.spool.mark_leaving(sealed.size_bytes);
                SpooledVolume::sealed(row.id, row.name, file, "application/json", sealed)
            }
            None => self.write_manifest(outcome).await?,
        };
        let delivered = deliver_volume(
            store,
            &self.link,
            &inner.memory,
            &self.collection.folder,
            &volume,
        )
        .await?;
        inner
            .spool
            .remove_volume(&volume.file, delivered.size_bytes)?;
        Ok(())
    }

    async fn write_manifest(&self, outcome: CollectionState) -> Result<SpooledVolume, Stopped> {
        let (inner, id) = (&self.inner, self.collection.id);
        let number = inner.store.count_manifest(id).await?;
        let name = if number == 1 {
            "manifest.json".to_owned()
        } else {
            format!("manifest.{number}.json")
        };
        let row = VolumeRow {
            id: Uuid::now_v7(),
            part: None,
            name,
            packed_bytes: 0,
            sha256: None,
            commit_started_at: None,
            delivered_at: None,
        };
        inner.store.insert_volume(id, &row).await?;
        let file = inner.spool.volume_path(id, row.id)?;
        let (mut out, _) = VolumeFile::create(&file, Arc::clone(&inner.spool))?;
        write_manifest(&inner.store, &self.collection, outcome, &mut out)
            .await
            .map_err(|error| Stopped::Spool(std::io::Error::other(error)))?;
        let (sealed, _) = out.finish()?;
        inner
            .store
            .seal_volume(row.id, sealed.size_bytes, &sealed.sha256)
            .await?;
        inner.spool.mark_leaving(sealed.size_bytes);
        Ok(SpooledVolume::sealed(
            row.id,
            row.name,
            file,
            "application/json",
            sealed,
        ))
    }

    /// Leaves nothing behind, here and, as far as it may, at the destination.
    async fn clean_up_cancelled(&self) -> Result<(), EngineError> {
        let (inner, id) = (&self.inner, self.collection.id);
        let volumes = inner.store.volumes(id).await?;
        inner.store.drop_unsealed_volumes(id).await?;
        let spooled: u64 = volumes
            .iter()
            .filter(|volume| volume.delivered_at.is_none() && volume.sha256.is_some())
            .map(|volume| volume.packed_bytes)
            .sum();
        inner.spool.forget(spooled, spooled);
        inner
            .spool
            .remove_collection(id)
            .map_err(EngineError::internal)?;
        let folder = &self.collection.folder;
        let delivered: Vec<String> = volumes
            .iter()
            .filter(|volume| volume.commit_started_at.is_some())
            .map(|volume| format!("{folder}/{}", volume.name))
            .collect();
        let destination = self.link.current();
        let discarding = destination.discard(folder, &delivered);
        let gone = tokio::time::timeout(Duration::from_secs(1), discarding).await;
        let detail = match gone {
            Ok(Ok(true)) => None,
            _ if delivered.is_empty() => None,
            _ => Some(format!(
                "{} bundle volumes that were already delivered remain at the destination",
                delivered.len()
            )),
        };
        for part in inner.store.parts(id).await? {
            if !part.state.is_final() {
                inner
                    .store
                    .set_part_state(id, part.position, &PartState::Skipped(Reason::Cancelled))
                    .await?;
            }
        }
        inner
            .store
            .end_collection(id, CollectionState::Cancelled, detail.as_deref())
            .await?;
        Ok(())
    }
}
