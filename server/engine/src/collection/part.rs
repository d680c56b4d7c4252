//! One part: its items are read, windowed and cleaned into volumes on a blocking thread, while the
//! volumes are delivered beside it.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{PartState, Reason};
use tokio::sync::mpsc;
use uuid::Uuid;
use zip::result::ZipError;

use super::plan::{Absent, PlannedPart};
use super::progress::PartProgress;
use super::run::Running;
use crate::bundle::{BundleError, BundleWriter, NoRoom, Packing, SpooledVolume};
use crate::delivery::{Stopped, deliver_volume};
use crate::error::EngineError;
use crate::redact::Redactor;
use crate::source::{self, Item, ItemOutcome, ReadContext};
use crate::store::{ItemRow, PartRow, VolumeRow};

/// Lines in a bundle's `errors.txt`; the manifest names all.
const MAX_ERROR_LINES: u32 = 10_000;

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
    let (inner, id) = (&running.inner, running.collection.id);
    if !planned.has_sources {
        return Ok(Some(PartState::Skipped(Reason::FilteredOut)));
    }
    // one part a core; others wait with the state they have
    let permit = tokio::select! {
        () = running.link.stop.cancelled() => return Ok(None),
        permit = running.cores.acquire() => permit.map_err(EngineError::internal)?,
    };
    let own: Vec<_> = volumes
        .iter()
        .filter(|volume| volume.part == Some(row.position))
        .collect();
    let (deliveries, waiting) = mpsc::unbounded_channel();
    for volume in own.iter().filter(|volume| volume.delivered_at.is_none()) {
        let sealed = SpooledVolume::sealed(volume, id, &inner.spool, "application/zip");
        // the receiver is right here
        let _ = deliveries.send(sealed.map_err(EngineError::internal)?);
    }
    let stopped = Arc::new(AtomicBool::new(false));
    let collected = async {
        let collected = if row.is_collected {
            drop(deliveries);
            Ok(Collected::All)
        } else {
            let number = 1 + u32::try_from(own.len()).unwrap_or(u32::MAX - 1);
            let stopped = Arc::clone(&stopped);
            let progress = Arc::clone(&progress);
            collect_part(
                running, row, planned, stem, number, deliveries, stopped, progress,
            )
            .await?
        };
        drop(permit);
        if let Ok(Collected::All | Collected::Truncated) = collected {
            let delivering = PartState::Delivering;
            inner
                .store
                .set_part_state(id, row.position, &delivering)
                .await?;
        }
        Ok::<_, EngineError>(collected)
    };
    let delivered = async {
        let delivered = deliver_all(running, waiting, &progress).await;
        if delivered.is_err() {
            // there is no use in reading on for a delivery that has ended
            stopped.store(true, Ordering::Relaxed);
        }
        delivered
    };
    let stop = async {
        running.link.stop.cancelled().await;
        stopped.store(true, Ordering::Relaxed);
        std::future::pending::<Infallible>().await
    };
    let (collected, delivered) = tokio::select! {
        both = async { tokio::join!(collected, delivered) } => both,
        never = stop => match never {},
    };
    ended(running, row, collected?, delivered).await
}

/// What reading and delivering a part amount to.
async fn ended(
    running: &Running,
    row: &PartRow,
    collected: Result<Collected, BundleError>,
    delivered: Result<(), Stopped>,
) -> Result<Option<PartState>, EngineError> {
    match (delivered, collected) {
        (Err(Stopped::Failed(error)), _) => {
            Ok(Some(PartState::Failed(Reason::DestinationRefused {
                detail: error.detail,
            })))
        }
        (Err(Stopped::Store(error)), _) => Err(error.into()),
        (Err(Stopped::Spool(error)), _) => Err(EngineError::internal(error)),
        // its volume was given up, and the delivery of that ended with it
        (_, Err(error)) if !running.link.stop.is_cancelled() => bundle_failure(error).map(Some),
        (Err(Stopped::Cancelled), _) | (_, Err(_) | Ok(Collected::Cancelled)) => Ok(None),
        (Ok(()), Ok(Collected::Truncated)) => Ok(Some(PartState::Truncated(Reason::SpoolFull))),
        (Ok(()), Ok(Collected::All)) => verdict(running, row).await.map(Some),
    }
}

#[allow(
    clippy::too_many_arguments,
    reason = "all of them are what one part hangs on"
)]
async fn collect_part(
    running: &Running,
    row: &PartRow,
    planned: PlannedPart,
    stem: String,
    first_number: u32,
    deliveries: mpsc::UnboundedSender<SpooledVolume>,
    stopped: Arc<AtomicBool>,
    progress: Arc<PartProgress>,
) -> Result<Result<Collected, BundleError>, EngineError> {
    let (inner, id) = (&running.inner, running.collection.id);
    let store = &inner.store;
    store
        .set_part_state(id, row.position, &PartState::Collecting)
        .await?;
    store.forget_missing(id, row.position).await?;
    let settled = store.settled_items(id, row.position).await?;
    let request = &running.collection.request;
    // all volumes that are open at once may fill half of the spool at the most
    let share = inner.spool.limit_bytes() / (2 * inner.cores as u64);
    let packing = Packing {
        collection: id,
        part: row.position,
        stem,
        first_number,
        compression: request.compression,
        volume_size_bytes: request.volume_size_bytes.min(share),
    };
    let runtime = tokio::runtime::Handle::current();
    let spool = Arc::clone(&inner.spool);
    let bundle = BundleWriter::new(packing, spool, store.clone(), runtime, deliveries);
    let job = CollectJob {
        window: running.collection.window,
        redactor: Arc::clone(&inner.redactor),
        stopped,
        progress,
    };
    let collected = tokio::task::spawn_blocking(move || job.collect(planned, &settled, bundle))
        .await
        .map_err(EngineError::internal)?;
    if let Ok(Collected::All) = collected {
        store.set_part_collected(id, row.position).await?;
    }
    Ok(collected)
}

/// A full disk is the part's failure, anything else is the product's.
fn bundle_failure(error: BundleError) -> Result<PartState, EngineError> {
    match error {
        BundleError::Spool(error) | BundleError::Zip(ZipError::Io(error))
            if error.kind() == std::io::ErrorKind::StorageFull =>
        {
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

async fn deliver_all(
    running: &Running,
    mut volumes: mpsc::UnboundedReceiver<SpooledVolume>,
    progress: &PartProgress,
) -> Result<(), Stopped> {
    let (inner, folder) = (&running.inner, &running.collection.folder);
    while let Some(volume) = volumes.recv().await {
        progress.watch_volume(volume.progress.clone());
        let delivered =
            deliver_volume(&inner.store, &running.link, &inner.memory, folder, &volume).await;
        match delivered {
            Ok(_) => inner.spool.remove_volume(&volume.file)?,
            // it was given up while it was written
            Err(Stopped::Cancelled) if !running.link.stop.is_cancelled() => {
                let path = format!("{folder}/{}", volume.name);
                let destination = running.link.current();
                if let Err(error) = destination.forget(&path, volume.id).await {
                    tracing::warn!(%error, "a half volume may be left at the destination");
                }
                return Err(Stopped::Cancelled);
            }
            Err(stopped) => return Err(stopped),
        }
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
            Ok(ended) => {
                bundle.finish()?;
                Ok(ended)
            }
            Err(BundleError::NoRoom(NoRoom::Cancelled)) => {
                bundle.abandon();
                Ok(Collected::Cancelled)
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
    ) -> Result<Collected, BundleError> {
        for absent in planned.missing {
            self.progress.items_missing.fetch_add(1, Ordering::Relaxed);
            bundle.end_item(missing_row(absent))?;
        }
        let mut is_full = false;
        for item in planned.items {
            if settled.contains(&item.entry_name) {
                continue;
            }
            let row = if is_full {
                item_row(&item, "missing", Some(Reason::SpoolFull), None)
            } else {
                self.collect_item(&item, bundle)?
            };
            is_full |= row.reason == Some(Reason::SpoolFull);
            if row.reason.is_some() {
                self.progress.items_missing.fetch_add(1, Ordering::Relaxed);
            }
            self.progress.items.fetch_add(1, Ordering::Relaxed);
            self.progress
                .kept_bytes
                .fetch_add(row.kept_bytes, Ordering::Relaxed);
            bundle.end_item(row)?;
        }
        write_errors(bundle)?;
        Ok(if is_full {
            Collected::Truncated
        } else {
            Collected::All
        })
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
        let mut entry = bundle.entry(&item.entry_name, item.modified_at, Some(&self.stopped));
        let report = match source::read_item(item, &context, &mut entry) {
            Ok(report) => report,
            Err(error) => {
                let started = entry.has_started();
                return match entry.into_failure(error) {
                    BundleError::NoRoom(NoRoom::Full) => {
                        let volume = bundle.current_volume().filter(|_| started);
                        let outcome = if started { "partial" } else { "missing" };
                        Ok(item_row(item, outcome, Some(Reason::SpoolFull), volume))
                    }
                    failure => Err(failure),
                };
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
    let (entry_name, label) = (item.entry_name.clone(), item.label.clone());
    ItemRow {
        volume,
        ..ItemRow::unread(entry_name, label, item.kind, outcome, reason)
    }
}

/// Something that the plan did not find: there is no entry, but its place must be named.
fn missing_row(absent: Absent) -> ItemRow {
    // no entry begins with a colon
    let entry_name = format!(":{}", absent.label);
    ItemRow::unread(
        entry_name,
        absent.label,
        absent.kind,
        "missing",
        Some(absent.reason),
    )
}

/// Writes `errors.txt`, where something is missing. It is made from what the store knows, so that
/// it also names what an earlier run of the part has met.
fn write_errors(bundle: &mut BundleWriter) -> Result<(), BundleError> {
    let gaps = bundle.gaps(MAX_ERROR_LINES + 1)?;
    let mut text = String::new();
    for (label, reason) in gaps.iter().take(MAX_ERROR_LINES as usize) {
        // writing into a String cannot fail
        let _ = writeln!(text, "{label}: {reason}");
    }
    if gaps.len() > MAX_ERROR_LINES as usize {
        text.push_str("and more; manifest.json names them all\n");
    }
    let mut entry = bundle.entry("errors.txt", None, None);
    match std::io::Write::write_all(&mut entry, text.as_bytes()) {
        Ok(()) => Ok(()),
        Err(error) => Err(entry.into_failure(error)),
    }
}
