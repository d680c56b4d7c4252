//! Runs one collection: preflight, parts in parallel, manifest, end.
//!
//! Whatever ends the process meanwhile, the next run of the same collection goes on from what the
//! store knows: sealed volumes from their ledger, the rest by reading it anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{CollectionId, CollectionState, Reason};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::finish::{End, deliver_manifest, end_cancelled, fail_parts, verdict};
use super::names;
use super::part::run_part;
use super::plan::{PlannedPart, plan};
use super::progress::PartProgress;
use super::watch::{Counted, count, watch};
use crate::delivery::{Link, Stopped};
use crate::destination::{DestinationError, FailureKind};
use crate::engine::Inner;
use crate::error::{EngineError, chain};
use crate::store::{CollectionRow, PartCounts, PartRow, VolumeRow};

/// A collection that runs in this process.
#[derive(Debug)]
pub(super) struct Running {
    pub inner: Arc<Inner>,
    pub collection: CollectionRow,
    pub link: Link,
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
        Err(error) => {
            tracing::error!(collection = %id, error = %chain(&error), "the destination cannot be opened");
            let reason = match error {
                EngineError::Internal(_) => Reason::Internal,
                error => Reason::DestinationRefused {
                    detail: error.to_string(),
                },
            };
            insert_parts(inner, &collection, &[]).await?;
            let end = fail_parts(inner, &collection, &reason).await?;
            return finish(inner, id, end).await;
        }
    };
    let running = Arc::new(Running {
        link: Link::new(destination, Arc::clone(&inner.pace), shutdown.child_token()),
        inner: Arc::clone(inner),
        collection,
        cancelled: AtomicBool::new(false),
        cores: Semaphore::new(inner.cores),
    });
    let finished = CancellationToken::new();
    let watching = tokio::spawn(watch(Arc::clone(&running), finished.clone()));
    let outcome = running.collect().await;
    finished.cancel();
    if let Err(error) = watching.await {
        tracing::error!(%error, "the watch over a collection broke");
    }
    let end = match outcome {
        Ok(Some(end)) => end,
        Ok(None) if running.cancelled.load(Ordering::Relaxed) => {
            end_cancelled(inner, &running.collection, Some(&running.link)).await?;
            tracing::info!(collection = %id, "collection cancelled");
            return Ok(RunEnd::Ended);
        }
        Ok(None) => return Ok(RunEnd::Interrupted),
        Err(error) => {
            tracing::error!(collection = %id, error = %chain(&error), "collection failed");
            fail_parts(inner, &running.collection, &Reason::Internal).await?
        }
    };
    finish(inner, id, end).await
}

async fn finish(inner: &Inner, id: CollectionId, end: End) -> Result<RunEnd, EngineError> {
    let End { state, detail } = end;
    inner
        .store
        .end_collection(id, state, detail.as_deref())
        .await?;
    tracing::info!(collection = %id, state = state.code(), "collection ended");
    Ok(RunEnd::Ended)
}

/// Makes the parts of a collection known, one for each of its roles.
async fn insert_parts(
    inner: &Inner,
    collection: &CollectionRow,
    planned: &[PlannedPart],
) -> Result<(), EngineError> {
    let rows: Vec<PartRow> = (0_u32..)
        .zip(&collection.request.roles)
        .enumerate()
        .map(|(index, (position, role))| PartRow {
            items_planned: planned.get(index).map_or(0, |part| part.items.len() as u64),
            planned_bytes: planned.get(index).map_or(0, PlannedPart::planned_bytes),
            ..PartRow::pending(position, &collection.node, &role.name.0)
        })
        .collect();
    Ok(inner.store.insert_parts(collection.id, &rows).await?)
}

impl Running {
    /// All of the work. `Ok(None)`: it was stopped.
    async fn collect(self: &Arc<Self>) -> Result<Option<End>, EngineError> {
        let (inner, id) = (&self.inner, self.collection.id);
        let volumes = self.tidy_up().await?;
        let planning = self.collection.clone();
        // a walk that is stopped ends in its own time, and nobody waits for it
        let planned = tokio::select! {
            () = self.link.stop.cancelled() => return Ok(None),
            planned = tokio::task::spawn_blocking(move || plan(&planning)) => planned.map_err(EngineError::internal)?,
        };
        insert_parts(inner, &self.collection, &planned).await?;
        match self.preflight(&volumes).await {
            Ok(()) => {}
            Err(Stopped::Cancelled) => return Ok(None),
            Err(stopped) => {
                let reason = Reason::DestinationRefused {
                    detail: stopped.to_string(),
                };
                return fail_parts(inner, &self.collection, &reason).await.map(Some);
            }
        }
        if !self.run_parts(planned, &volumes).await? {
            return Ok(None);
        }
        let end = verdict(inner, id).await?;
        let end = match deliver_manifest(self, end.state).await {
            Ok(()) => end,
            Err(Stopped::Cancelled) => return Ok(None),
            Err(stopped) => {
                tracing::error!(collection = %id, error = %chain(&stopped), "the manifest was not delivered");
                End {
                    // the bundles are there, what tells of them is not
                    state: match end.state {
                        CollectionState::Complete => CollectionState::PartiallyComplete,
                        state => state,
                    },
                    detail: Some(format!("the manifest was not delivered: {stopped}")),
                }
            }
        };
        // what could not be delivered stays in the spool for a retry
        let volumes = inner.store.volumes(id).await?;
        if volumes.iter().all(|volume| volume.delivered_at.is_some()) {
            inner
                .spool
                .remove_collection(id)
                .map_err(EngineError::internal)?;
        }
        Ok(Some(end))
    }

    /// Forgets what an earlier run left unsealed, here and at the destination; answers what is
    /// sealed.
    async fn tidy_up(&self) -> Result<Vec<VolumeRow>, EngineError> {
        let (inner, id) = (&self.inner, self.collection.id);
        for unsealed in inner.store.drop_unsealed_volumes(id).await? {
            let path = format!("{}/{}", self.collection.folder, unsealed.name);
            if let Err(error) = self.link.current().forget(&path, unsealed.id).await {
                tracing::warn!(%error, "a half volume may be left at the destination");
            }
        }
        let volumes = inner.store.volumes(id).await?;
        let kept: Vec<Uuid> = volumes.iter().map(|volume| volume.id).collect();
        inner
            .spool
            .remove_strays(id, &kept)
            .map_err(EngineError::internal)?;
        Ok(volumes)
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
    ///
    /// Whatever goes wrong, nothing of the run is at work any more when this returns.
    async fn run_parts(
        self: &Arc<Self>,
        planned: Vec<PlannedPart>,
        volumes: &[VolumeRow],
    ) -> Result<bool, EngineError> {
        let (store, id) = (&self.inner.store, self.collection.id);
        let rows = store.parts(id).await?;
        let stems = names::stems(&rows);
        let mut parts = Vec::new();
        for ((row, planned), stem) in rows.into_iter().zip(planned).zip(stems) {
            if !row.state.is_final() {
                let (items, bytes) = (planned.items.len() as u64, planned.planned_bytes());
                store.set_part_plan(id, row.position, items, bytes).await?;
                let progress = Arc::new(PartProgress::resumed(
                    self.done_before(&row, volumes).await?,
                ));
                parts.push((row, planned, stem, progress));
            }
        }
        let counted = parts
            .iter()
            .map(|(row, planned, _, progress)| Counted {
                position: row.position,
                planned_items: planned.items.len() as u64,
                planned_bytes: planned.planned_bytes(),
                progress: Arc::clone(progress),
            })
            .collect();
        let finished = CancellationToken::new();
        let counting = tokio::spawn(count(Arc::clone(self), counted, finished.clone()));
        let mut tasks = JoinSet::new();
        for (row, planned, stem, progress) in parts {
            let (running, volumes) = (Arc::clone(self), volumes.to_vec());
            tasks.spawn(async move {
                let ended = run_part(&running, &row, planned, stem, &volumes, progress).await;
                (row.position, ended)
            });
        }
        let ended = self.join_parts(&mut tasks).await;
        if ended.is_err() {
            self.link.stop.cancel();
            while tasks.join_next().await.is_some() {}
        }
        finished.cancel();
        counting.await.map_err(EngineError::internal)?;
        ended
    }

    async fn join_parts(
        &self,
        tasks: &mut JoinSet<(u32, Result<Option<domain::PartState>, EngineError>)>,
    ) -> Result<bool, EngineError> {
        let (store, id) = (&self.inner.store, self.collection.id);
        let mut all_ended = true;
        while let Some(task) = tasks.join_next().await {
            let (position, ended) = task.map_err(EngineError::internal)?;
            match ended {
                Ok(Some(state)) => store.set_part_state(id, position, &state).await?,
                Ok(None) => all_ended = false,
                Err(error) => {
                    tracing::error!(collection = %id, position, error = %chain(&error), "a part failed");
                    let failed = domain::PartState::Failed(Reason::Internal);
                    store.set_part_state(id, position, &failed).await?;
                }
            }
        }
        Ok(all_ended)
    }

    /// What earlier runs of a part have done and this one will not do again.
    async fn done_before(
        &self,
        row: &PartRow,
        volumes: &[VolumeRow],
    ) -> Result<PartCounts, EngineError> {
        let tally = self
            .inner
            .store
            .tally(self.collection.id, row.position)
            .await?;
        let delivered = volumes
            .iter()
            .filter(|volume| volume.part == Some(row.position) && volume.delivered_at.is_some());
        Ok(PartCounts {
            items: tally.settled,
            items_missing: 0,
            read_bytes: tally.read_bytes,
            kept_bytes: tally.kept_bytes,
            packed_bytes: delivered.map(|volume| volume.packed_bytes).sum(),
        })
    }
}
