//! One part: its items are read, windowed and cleaned into volumes on a blocking thread, while the
//! volumes are delivered beside it.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{PartState, Reason};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::plan::PlannedPart;
use super::progress::PartProgress;
use super::run::Running;
use crate::bundle::{BundleError, BundleWriter, NoRoom, Packing, SealedVolume, SpooledVolume};
use crate::delivery::{Stopped, deliver_volume};
use crate::error::EngineError;
use crate::redact::Redactor;
use crate::source::{self, Item, ItemOutcome, ReadContext};
use crate::store::{ItemRow, PartRow, VolumeRow};

/// Lines in a bundle's `errors.txt`; the manifest names all.
const MAX_ERROR_LINES: usize = 10_000;

/// How reading ended.
enum Collected {
    All,
    Cancelled,
    /// The spool is full and nothing leaves it.
    Truncated,
}

/// Runs a part to its end; `Ok(None)` when the collection was stopped.
pub(super) async fn run_part(
    running: &Arc<Running>,
    row: &PartRow,
    planned: PlannedPart,
    stem: String,
    volumes: &[VolumeRow],
    progress: Arc<PartProgress>,
) -> Result<Option<PartState>, EngineError> {
    let store = &running.inner.store;
    let id = running.collection.id;
    if !planned.has_sources {
        return Ok(Some(PartState::Skipped(Reason::FilteredOut)));
    }
    // one part a core; others wait with the state they have
    let permit = tokio::select! {
        () = running.link.stop.cancelled() => return Ok(None),
        permit = running.cores.acquire() => permit.map_err(EngineError::internal)?,
    };
    store
        .set_part_state(id, row.position, &PartState::Collecting)
        .await?;
    store.forget_missing(id, row.position).await?;
    let settled = store.settled_items(id, row.position).await?;
    let own: Vec<_> = volumes
        .iter()
        .filter(|volume| volume.part == Some(row.position))
        .collect();
    let (deliveries, waiting) = mpsc::unbounded_channel();
    for volume in own.iter().filter(|volume| volume.delivered_at.is_none()) {
        // the receiver is right here
        let _ = deliveries.send(resume_volume(running, volume)?);
    }
    let packing = Packing {
        collection: id,
        part: row.position,
        stem,
        first_number: 1 + u32::try_from(own.len()).unwrap_or(u32::MAX - 1),
        compression: running.collection.request.compression,
        volume_size_bytes: running.collection.request.volume_size_bytes,
    };
    let inner = &running.inner;
    let runtime = tokio::runtime::Handle::current();
    let bundle = BundleWriter::new(
        packing,
        Arc::clone(&inner.spool),
        store.clone(),
        runtime,
        deliveries,
    );
    let job = CollectJob {
        window: running.collection.window,
        redactor: Arc::clone(&inner.redactor),
        stopped: Arc::clone(&running.stopped),
        progress: Arc::clone(&progress),
    };
    let collecting = tokio::task::spawn_blocking(move || job.collect(planned, &settled, bundle));
    let delivering = deliver_all(running, waiting, &progress);
    let collected = async {
        let collected = collecting.await;
        drop(permit);
        // an answer of the database here is worth less than the delivery's
        if let Err(error) = store
            .set_part_state(id, row.position, &PartState::Delivering)
            .await
        {
            tracing::warn!(%error, "a part's state was not recorded");
        }
        collected
    };
    let (collected, delivered) = tokio::join!(collected, delivering);
    let collected = collected.map_err(EngineError::internal)?;
    match delivered {
        Ok(()) => {}
        Err(Stopped::Cancelled) => return stopped_or_failed(running, collected),
        Err(Stopped::Failed(error)) => {
            return Ok(Some(PartState::Failed(Reason::DestinationRefused {
                detail: error.detail,
            })));
        }
        Err(Stopped::Store(error)) => return Err(error.into()),
        Err(Stopped::Spool(error)) => return Err(EngineError::internal(error)),
    }
    match collected {
        Ok(Collected::Cancelled) => Ok(None),
        Ok(Collected::Truncated) => Ok(Some(PartState::Truncated(Reason::SpoolFull))),
        Ok(Collected::All) => Ok(Some(verdict(running, row).await?)),
        Err(error) => bundle_failure(error).map(Some),
    }
}

fn stopped_or_failed(
    running: &Running,
    collected: Result<Collected, BundleError>,
) -> Result<Option<PartState>, EngineError> {
    match collected {
        // its volume was given up, and the delivery of that ended with it
        Err(error) if !running.link.stop.is_cancelled() => bundle_failure(error).map(Some),
        _ => Ok(None),
    }
}

/// A full disk is the part's failure, anything else is the product's.
fn bundle_failure(error: BundleError) -> Result<PartState, EngineError> {
    match error {
        BundleError::Spool(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            Ok(PartState::Failed(Reason::SpoolFull))
        }
        BundleError::Store(error) => Err(error.into()),
        error => {
            tracing::error!(error = %crate::error::chain(&error), "a bundle could not be written");
            Ok(PartState::Failed(Reason::Internal))
        }
    }
}

/// What a part amounts to, now that all of it is read and delivered.
async fn verdict(running: &Running, row: &PartRow) -> Result<PartState, EngineError> {
    let tally = running
        .inner
        .store
        .tally(running.collection.id, row.position)
        .await?;
    Ok(match tally.reason {
        None if tally.complete == 0 => PartState::Skipped(Reason::NothingInWindow),
        None => PartState::Complete,
        Some(reason) if tally.complete + tally.empty + tally.partial == 0 => {
            PartState::Failed(reason)
        }
        Some(reason) => PartState::Partial(reason),
    })
}

fn resume_volume(running: &Running, volume: &VolumeRow) -> Result<SpooledVolume, EngineError> {
    let spool = &running.inner.spool;
    let file = spool
        .volume_path(running.collection.id, volume.id)
        .map_err(EngineError::internal)?;
    let sealed = SealedVolume {
        size_bytes: volume.packed_bytes,
        sha256: volume.sha256.clone().unwrap_or_default(),
    };
    spool.add(sealed.size_bytes);
    spool.mark_leaving(sealed.size_bytes);
    Ok(SpooledVolume::sealed(
        volume.id,
        volume.name.clone(),
        file,
        "application/zip",
        sealed,
    ))
}

async fn deliver_all(
    running: &Running,
    mut volumes: mpsc::UnboundedReceiver<SpooledVolume>,
    progress: &PartProgress,
) -> Result<(), Stopped> {
    let inner = &running.inner;
    while let Some(volume) = volumes.recv().await {
        progress.watch_volume(volume.progress.clone());
        let delivered = deliver_volume(
            &inner.store,
            &running.link,
            &inner.memory,
            &running.collection.folder,
            &volume,
        )
        .await?;
        inner
            .spool
            .remove_volume(&volume.file, delivered.size_bytes)?;
    }
    Ok(())
}

/// What the blocking half of a part needs.
struct CollectJob {
    window: domain::Window,
    redactor: Arc<Redactor>,
    stopped: Arc<AtomicBool>,
    progress: Arc<PartProgress>,
}

impl CollectJob {
    /// Reads all items into the bundle. `Err` only when the bundle itself cannot be written.
    fn collect(
        &self,
        planned: PlannedPart,
        settled: &HashSet<String>,
        mut bundle: BundleWriter,
    ) -> Result<Collected, BundleError> {
        match self.collect_items(planned, settled, &mut bundle) {
            Ok(()) => {
                bundle.finish()?;
                Ok(Collected::All)
            }
            Err(BundleError::NoRoom(NoRoom::Cancelled)) => {
                bundle.abandon();
                Ok(Collected::Cancelled)
            }
            Err(BundleError::NoRoom(NoRoom::Full)) => {
                bundle.finish()?;
                Ok(Collected::Truncated)
            }
            Err(error) => {
                bundle.abandon();
                Err(error)
            }
        }
    }

    fn collect_items(
        &self,
        planned: PlannedPart,
        settled: &HashSet<String>,
        bundle: &mut BundleWriter,
    ) -> Result<(), BundleError> {
        let mut errors = ErrorList::default();
        for (label, reason) in planned.missing {
            errors.add(&label, &reason);
            self.progress.items_missing.fetch_add(1, Ordering::Relaxed);
            bundle.end_item(missing_row(label, reason))?;
        }
        for item in planned.items {
            if settled.contains(&item.entry_name) {
                continue;
            }
            let row = self.collect_item(&item, bundle)?;
            if let Some(reason) = &row.reason {
                errors.add(&row.label, reason);
                self.progress.items_missing.fetch_add(1, Ordering::Relaxed);
            }
            self.progress.items.fetch_add(1, Ordering::Relaxed);
            self.progress
                .kept_bytes
                .fetch_add(row.kept_bytes, Ordering::Relaxed);
            bundle.end_item(row)?;
        }
        errors.write(bundle, &self.stopped)
    }

    fn collect_item(&self, item: &Item, bundle: &mut BundleWriter) -> Result<ItemRow, BundleError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(NoRoom::Cancelled.into());
        }
        let context = ReadContext {
            window: self.window,
            redactor: &self.redactor,
            cancel: &self.stopped,
            read_bytes: &self.progress.read_bytes,
        };
        let mut entry = bundle.entry(&item.entry_name, item.modified_at, &self.stopped);
        let report = match source::read_item(item, &context, &mut entry) {
            Ok(report) => report,
            Err(error) => {
                let failure = entry.into_failure(error);
                if let BundleError::NoRoom(NoRoom::Full) = failure {
                    let volume = bundle.current_volume();
                    bundle.end_item(item_row(item, "partial", Some(Reason::SpoolFull), volume))?;
                }
                return Err(failure);
            }
        };
        let (outcome, reason) = match report.outcome {
            ItemOutcome::Complete => ("complete", None),
            ItemOutcome::Empty => ("empty", None),
            ItemOutcome::Missing(reason) => ("missing", Some(reason)),
            ItemOutcome::Partial(reason) => ("partial", Some(reason)),
            ItemOutcome::Cancelled => return Err(NoRoom::Cancelled.into()),
        };
        let volume = if report.kept_bytes > 0 {
            bundle.current_volume()
        } else {
            None
        };
        Ok(ItemRow {
            read_bytes: report.read_bytes,
            kept_bytes: report.kept_bytes,
            taken_whole: report.taken_whole,
            redactions: report
                .redactions
                .iter()
                .map(|(rule, count)| ((*rule).to_owned(), *count))
                .collect(),
            ..item_row(item, outcome, reason, volume)
        })
    }
}

fn item_row(
    item: &Item,
    outcome: &'static str,
    reason: Option<Reason>,
    volume: Option<Uuid>,
) -> ItemRow {
    ItemRow {
        entry_name: item.entry_name.clone(),
        label: item.label.clone(),
        kind: item.kind,
        outcome,
        reason,
        volume,
        read_bytes: 0,
        kept_bytes: 0,
        taken_whole: false,
        redactions: std::collections::BTreeMap::new(),
    }
}

/// Something that the plan did not find: there is no entry, but its place must be named.
fn missing_row(label: String, reason: Reason) -> ItemRow {
    let kind = if reason == Reason::NoJournal {
        domain::SourceKind::Journal
    } else {
        domain::SourceKind::Files
    };
    ItemRow {
        // no entry begins with a colon
        entry_name: format!(":{label}"),
        label,
        kind,
        outcome: "missing",
        reason: Some(reason),
        volume: None,
        read_bytes: 0,
        kept_bytes: 0,
        taken_whole: false,
        redactions: std::collections::BTreeMap::new(),
    }
}

/// What becomes `errors.txt`.
#[derive(Default)]
struct ErrorList {
    text: String,
    lines: usize,
}

impl ErrorList {
    fn add(&mut self, label: &str, reason: &Reason) {
        self.lines += 1;
        if self.lines <= MAX_ERROR_LINES {
            // writing into a String cannot fail
            let _ = writeln!(self.text, "{label}: {reason}");
        }
    }

    fn write(mut self, bundle: &mut BundleWriter, stopped: &AtomicBool) -> Result<(), BundleError> {
        if self.lines == 0 {
            return Ok(());
        }
        if self.lines > MAX_ERROR_LINES {
            let more = self.lines - MAX_ERROR_LINES;
            let _ = writeln!(self.text, "and {more} more; manifest.json names them all");
        }
        let mut entry = bundle.entry("errors.txt", None, stopped);
        match std::io::Write::write_all(&mut entry, self.text.as_bytes()) {
            Ok(()) => Ok(()),
            Err(error) => Err(entry.into_failure(error)),
        }
    }
}
