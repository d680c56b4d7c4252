//! Runs one collection: preflight, parts in parallel, manifest, end.
//!
//! Whatever ends the process meanwhile, the next run of the same collection goes on from what the
//! store knows: sealed volumes from their ledger, the rest by reading it anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::{CollectionId, Reason};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::finish::{
    End, deliver_manifest, end_cancelled, fail_parts, insert_parts, verdict, without_manifest,
};
use super::names;
use super::open::{Opened, open};
use super::part::{PartEnd, run_part};
use super::plan::{PlannedPart, plan};
use super::progress::PartProgress;
use super::send::{is_left_to_its_sender, send};
use super::watch::{Counted, count, watch};
use crate::config::RoleConfig;
use crate::delivery::{Link, Stopped};
use crate::destination::{DestinationError, FailureKind};
use crate::engine::Inner;
use crate::error::{EngineError, chain};
use crate::limits::Meter;
use crate::redact::Redactor;
use crate::store::{CollectionRow, PartCounts, PartRow, VolumeRow, paused_reason};

/// A collection that runs in this process.
#[derive(Debug)]
pub(super) struct Running {
    pub inner: Arc<Inner>,
    pub collection: CollectionRow,
    /// As they are configured: the request's are without secrets.
    roles: Vec<RoleConfig>,
    pub link: Link,
    /// Set when somebody cancelled it; a stop without it is the end of the process.
    pub cancelled: AtomicBool,
    pub cores: Arc<Semaphore>,
    pub redactor: Arc<Redactor>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunEnd {
    /// The collection has ended, one way or another.
    Ended,
    /// The process is to end: the next start continues.
    Interrupted,
}

/// How often a collection is run again because something was lost in the spool; a disk that loses
/// everything is not written to for ever.
const MAX_ROUNDS: u32 = 5;

/// Why a sending waits that nobody is at.
const SENDING_LEFT: &str =
    "the sending was stopped; send the directory again, and it goes on from what has arrived";

/// What came of the parts of one round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PartsEnd {
    Ended,
    Stopped,
    /// Some have to be run again.
    Again,
}

/// Runs a collection that was claimed for this process.
pub async fn run(
    inner: &Arc<Inner>,
    collection: CollectionRow,
    shutdown: &CancellationToken,
    give_up_after: Option<Duration>,
) -> Result<RunEnd, EngineError> {
    let id = collection.id;
    tracing::info!(collection = %id, "collection begins");
    let destination = match open(inner, &collection, shutdown).await? {
        Opened::Ready(destination) => destination,
        Opened::Cancelled(destination) => {
            end_cancelled(inner, &collection, destination.as_ref()).await?;
            return Ok(RunEnd::Ended);
        }
        Opened::Interrupted => return Ok(RunEnd::Interrupted),
        Opened::Refused(reason) => {
            let end = fail_parts(inner, &collection, &reason).await?;
            return finish(inner, id, end).await;
        }
    };
    let roles = match inner.configured_roles(&collection) {
        Ok(roles) => roles,
        Err(error) => {
            tracing::error!(collection = %id, error = %chain(&error), "what is to be collected cannot be unsealed");
            let end = fail_parts(inner, &collection, &Reason::Internal).await?;
            return finish(inner, id, end).await;
        }
    };
    let identifiers = collection.request.identifiers;
    let redactor = match inner.redactor_for(id, identifiers).await {
        Ok(redactor) => redactor,
        Err(error) => {
            tracing::error!(collection = %id, error = %chain(&error), "pseudonyms cannot be given");
            let end = fail_parts(inner, &collection, &Reason::RedactionFailed).await?;
            return finish(inner, id, end).await;
        }
    };
    let running = Arc::new(Running {
        redactor: Arc::new(redactor),
        link: Link::new(
            destination,
            collection.destination_version,
            Arc::clone(&inner.pace),
            shutdown.child_token(),
        )
        .giving_up_after(give_up_after),
        inner: Arc::clone(inner),
        collection,
        roles,
        cancelled: AtomicBool::new(false),
        cores: Arc::new(Semaphore::new(inner.cores)),
    });
    let paused = running.collection.paused_by.as_deref().map(paused_reason);
    running.link.set_paused(paused);
    let finished = CancellationToken::new();
    let watching = tokio::spawn(watch(Arc::clone(&running), finished.clone()));
    let outcome = running.collect().await;
    finished.cancel();
    if let Err(error) = watching.await {
        tracing::error!(%error, "the watch over a collection broke");
    }
    let kind = running.collection.destination.summary.kind;
    inner.remember_speed(kind, &running.link).await;
    let end = match outcome {
        Ok(Some(end)) => end,
        Ok(None) if running.cancelled.load(Ordering::Relaxed) => {
            end_cancelled(inner, &running.collection, Some(&running.link.current())).await?;
            tracing::info!(collection = %id, "collection cancelled");
            return Ok(RunEnd::Ended);
        }
        Ok(None) => {
            if is_left_to_its_sender(&running.collection) {
                inner
                    .store
                    .set_running_state(id, Some(SENDING_LEFT))
                    .await?;
            }
            return Ok(RunEnd::Interrupted);
        }
        Err(error) => {
            tracing::error!(collection = %id, error = %chain(&error), "collection failed");
            if let Err(error) = running.try_to_forget_unsealed().await {
                tracing::warn!(error = %chain(&error), "half volumes may be left");
            }
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

impl Running {
    /// All of the work. `Ok(None)`: it was stopped.
    async fn collect(self: &Arc<Self>) -> Result<Option<End>, EngineError> {
        if let Some(origin) = &self.collection.saved {
            return send(self, origin).await;
        }
        let (inner, id) = (&self.inner, self.collection.id);
        let Some(mut volumes) = self.tidy_up().await? else {
            return Ok(None);
        };
        let Some(mut planned) = self.plan().await? else {
            return Ok(None);
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
        for round in 1.. {
            match self.run_parts(planned, &volumes).await? {
                PartsEnd::Ended => break,
                PartsEnd::Stopped => return Ok(None),
                PartsEnd::Again if round == MAX_ROUNDS => {
                    tracing::error!(collection = %id, "bundles are lost in the spool again and again");
                    fail_parts(inner, &self.collection, &Reason::Internal).await?;
                    break;
                }
                PartsEnd::Again => {}
            }
            volumes = match self.tidy_up().await? {
                Some(volumes) => volumes,
                None => return Ok(None),
            };
            planned = match self.plan().await? {
                Some(planned) => planned,
                None => return Ok(None),
            };
        }
        let end = verdict(inner, id).await?;
        let end = match deliver_manifest(self, end.state).await {
            Ok(()) => end,
            Err(Stopped::Cancelled) => return Ok(None),
            Err(stopped) => {
                tracing::error!(collection = %id, error = %chain(&stopped), "the manifest was not delivered");
                End {
                    // the bundles are there, what tells of them is not
                    state: without_manifest(end.state),
                    detail: Some(format!("the manifest was not delivered: {stopped}")),
                }
            }
        };
        // what could not be delivered stays in the spool for a retry, which writes its own manifest
        let volumes = inner.store.volumes(id).await?;
        let mut bundles = volumes.iter().filter(|volume| volume.part.is_some());
        if bundles.all(|volume| volume.delivered_at.is_some()) {
            inner
                .spool
                .remove_collection(id)
                .map_err(EngineError::internal)?;
        }
        Ok(Some(end))
    }

    /// Looks at all sources; `None` when it was stopped.
    async fn plan(&self) -> Result<Option<Vec<PlannedPart>>, EngineError> {
        let mut planning = self.collection.clone();
        planning.request.roles.clone_from(&self.roles);
        let stopped = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stopped);
        // a walk that is stopped ends in its own time, and nobody waits for it
        tokio::select! {
            () = self.link.stop.cancelled() => {
                stopped.store(true, Ordering::Relaxed);
                Ok(None)
            }
            planned = tokio::task::spawn_blocking(move || plan(&planning, &told)) => {
                planned.map(Some).map_err(EngineError::internal)
            }
        }
    }

    /// Before anything is read a refusal ends the collection; later ones only make it wait.
    pub(super) async fn preflight(&self, volumes: &[VolumeRow]) -> Result<(), Stopped> {
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

    /// Runs all parts that have not ended.
    ///
    /// Whatever goes wrong, nothing of the run is at work any more when this returns.
    async fn run_parts(
        self: &Arc<Self>,
        planned: Vec<PlannedPart>,
        volumes: &[VolumeRow],
    ) -> Result<PartsEnd, EngineError> {
        let (store, id) = (&self.inner.store, self.collection.id);
        let rows = store.parts(id).await?;
        let stems = names::stems(&rows);
        let (mut parts, mut kept_bytes) = (Vec::new(), 0);
        for ((row, planned), stem) in rows.into_iter().zip(planned).zip(stems) {
            if row.state.is_final() {
                kept_bytes += row.counts.kept_bytes;
            } else {
                let (items, bytes) = (planned.items.len() as u64, planned.planned_bytes());
                store.set_part_plan(id, row.position, items, bytes).await?;
                let done = self.done_before(&row, volumes).await?;
                kept_bytes += done.kept_bytes;
                let progress = Arc::new(PartProgress::resumed(done));
                parts.push((row, planned, stem, progress));
            }
        }
        // what was waited for until now, a destination or a delivery, was no time of reading
        let budget = Arc::new(Meter::new(self.collection.request.budgets.collection));
        if self.collection.requeued_at.is_none() {
            // a restart is the same run; a retry has a budget of its own
            budget.resume(kept_bytes);
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
        let volumes: Arc<[VolumeRow]> = volumes.into();
        let finished = CancellationToken::new();
        let counting = tokio::spawn(count(Arc::clone(self), counted, finished.clone()));
        let mut tasks = JoinSet::new();
        for (row, planned, stem, progress) in parts {
            let (running, budget) = (Arc::clone(self), Arc::clone(&budget));
            let volumes = Arc::clone(&volumes);
            tasks.spawn(async move {
                let ended =
                    run_part(&running, &row, planned, stem, &volumes, &budget, progress).await;
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
        tasks: &mut JoinSet<(u32, Result<PartEnd, EngineError>)>,
    ) -> Result<PartsEnd, EngineError> {
        let (store, id) = (&self.inner.store, self.collection.id);
        let (mut stopped, mut again) = (false, false);
        while let Some(task) = tasks.join_next().await {
            let (position, ended) = task.map_err(EngineError::internal)?;
            match ended {
                Ok(PartEnd::State(state)) => store.set_part_state(id, position, &state).await?,
                Ok(PartEnd::Stopped) => stopped = true,
                Ok(PartEnd::Again) => again = true,
                Err(error) => {
                    tracing::error!(collection = %id, position, error = %chain(&error), "a part failed");
                    let failed = domain::PartState::Failed(Reason::Internal);
                    store.set_part_state(id, position, &failed).await?;
                }
            }
        }
        Ok(match (stopped, again) {
            (true, _) => PartsEnd::Stopped,
            (false, true) => PartsEnd::Again,
            (false, false) => PartsEnd::Ended,
        })
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
