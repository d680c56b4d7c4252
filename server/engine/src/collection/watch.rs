//! The watch over a running collection: what others ask of it, whether it waits, how far it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::{DestinationKind, SasUrl};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::progress::{PartProgress, Speedometer, Totals};
use super::run::Running;
use crate::error::{EngineError, chain};
use crate::store::PartCounts;

/// How often signals from other processes are looked at and counts are written.
const TICK: Duration = Duration::from_millis(400);

/// What the watch has acted upon.
struct Seen {
    destination_version: u64,
    waiting: Option<String>,
    /// Of managed storage, whose SAS URL is in a file that others change.
    managed: Option<SasUrl>,
}

/// Watches until the run has ended.
pub async fn watch(running: Arc<Running>, finished: CancellationToken) {
    let mut waiting = running.link.watch_waiting();
    let is_managed = running.collection.destination.summary.kind == DestinationKind::Managed;
    let mut seen = Seen {
        destination_version: running.collection.destination_version,
        waiting: None,
        managed: is_managed
            .then(|| running.inner.managed_sas().ok())
            .flatten(),
    };
    loop {
        tokio::select! {
            () = finished.cancelled() => return,
            () = running.link.stop.cancelled() => return,
            () = tokio::time::sleep(TICK) => {}
            () = running.inner.nudged.notified() => {}
            // the link outlives this task
            _ = waiting.changed() => {}
        }
        if let Err(error) = look(&running, &mut seen).await {
            tracing::warn!(error = %chain(&error), "the state of a collection could not be looked up");
        }
    }
}

async fn look(running: &Running, seen: &mut Seen) -> Result<(), EngineError> {
    let (inner, id) = (&running.inner, running.collection.id);
    let signals = inner.store.signals(id).await?;
    if signals.cancel_requested {
        running.cancelled.store(true, Ordering::Relaxed);
        running.link.stop.cancel();
        return Ok(());
    }
    if signals.destination_version != seen.destination_version
        && let Some(row) = inner.store.find_collection(id).await?
    {
        let destination = inner.open_destination(id, &row.destination).await?;
        seen.destination_version = row.destination_version;
        running.link.replace(destination);
    }
    let waiting = running.link.waiting();
    if waiting != seen.waiting {
        inner
            .store
            .set_running_state(id, waiting.as_deref())
            .await?;
        seen.waiting = waiting;
    }
    if seen.waiting.is_some()
        && running.collection.destination.summary.kind == DestinationKind::Managed
    {
        renew_managed(running, seen).await?;
    }
    Ok(())
}

/// A collection that waits for managed storage goes on when its file holds another SAS URL.
async fn renew_managed(running: &Running, seen: &mut Seen) -> Result<(), EngineError> {
    let Ok(now) = running.inner.managed_sas() else {
        return Ok(());
    };
    if seen
        .managed
        .as_ref()
        .is_none_or(|before| before.expose() != now.expose())
    {
        let (id, stored) = (running.collection.id, &running.collection.destination);
        running
            .link
            .replace(running.inner.open_destination(id, stored).await?);
        seen.managed = Some(now);
    }
    Ok(())
}

/// Writes counts and pace of parts (position, planned bytes, counters) until they have ended, and
/// once more then.
pub async fn count(
    running: Arc<Running>,
    parts: Vec<(u32, u64, Arc<PartProgress>)>,
    finished: CancellationToken,
) {
    let mut speedometer = Speedometer::new();
    let mut last = None;
    loop {
        let ending = finished.is_cancelled();
        let counts: Vec<_> = parts
            .iter()
            .map(|(position, _, progress)| (*position, progress.counts()))
            .collect();
        let planned = parts.iter().map(|(_, planned, _)| planned).sum();
        match write_counts(
            &running,
            counts,
            planned,
            &mut speedometer,
            last.as_ref(),
            ending,
        )
        .await
        {
            Ok(written) => last = Some(written),
            Err(error) => tracing::warn!(error = %chain(&error), "progress was not recorded"),
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

/// What was written last: counts, bytes delivered, rate.
type Written = (Vec<(u32, PartCounts)>, u64, u64);

/// Says nothing new where nothing moves, so that nobody is woken for it.
async fn write_counts(
    running: &Running,
    counts: Vec<(u32, PartCounts)>,
    planned: u64,
    speedometer: &mut Speedometer,
    last: Option<&Written>,
    ending: bool,
) -> Result<Written, EngineError> {
    let (store, id) = (&running.inner.store, running.collection.id);
    let delivered = store.delivered_by_part(id).await?;
    let own = |part: Option<u32>| counts.iter().any(|(position, _)| part == Some(*position));
    let delivered = delivered
        .iter()
        .filter(|(part, _)| own(*part))
        .map(|(_, bytes)| bytes)
        .sum();
    let totals = Totals {
        read: counts.iter().map(|(_, counts)| counts.read_bytes).sum(),
        planned,
        packed: counts.iter().map(|(_, counts)| counts.packed_bytes).sum(),
        delivered,
    };
    let (rate, left) = speedometer.tick(Instant::now(), totals);
    let written = (counts, delivered, rate);
    if last != Some(&written) || ending {
        store.set_part_counts(id, &written.0).await?;
        store.set_pace(id, rate, left).await?;
    }
    Ok(written)
}
