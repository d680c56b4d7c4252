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
use crate::store::{PartCounts, paused_reason};

/// How often signals from other processes are looked at and counts are written.
const TICK: Duration = Duration::from_millis(400);

/// What the watch has acted upon.
struct Seen {
    destination_version: u64,
    waiting: Option<String>,
    paused: Option<String>,
    /// Of managed storage, whose SAS URL is in a file that others change.
    managed: Option<SasUrl>,
    trouble: Trouble,
}

/// What went wrong the last time. It is tried again all the time, and told when it changes.
#[derive(Debug, Default)]
struct Trouble(Option<String>);

impl Trouble {
    /// What is to be told of what went wrong this time.
    fn news(&mut self, now: Option<String>) -> Option<&str> {
        let is_new = now != self.0;
        self.0 = now;
        self.0.as_deref().filter(|_| is_new)
    }
}

/// Watches until the run has ended.
pub async fn watch(running: Arc<Running>, finished: CancellationToken) {
    let mut waiting = running.link.watch_waiting();
    let is_managed = running.collection.destination.summary.kind == DestinationKind::Managed;
    let mut seen = Seen {
        destination_version: running.collection.destination_version,
        waiting: None,
        paused: running.collection.paused_by.as_deref().map(paused_reason),
        managed: is_managed
            .then(|| running.inner.managed_sas().ok())
            .flatten(),
        trouble: Trouble::default(),
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
        let ended = look(&running, &mut seen).await;
        let trouble = ended.err().map(|error| chain(&error));
        if let Some(error) = seen.trouble.news(trouble) {
            tracing::warn!(%error, "what was asked of a running collection could not be done");
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
    inner.pace.set(inner.bandwidth_limit().await?);
    let paused = signals.paused_by.as_deref().map(paused_reason);
    if paused != seen.paused {
        running.link.set_paused(paused.clone());
        seen.paused = paused;
        // whoever paused or resumed it has told the store too
        let waiting = running.link.waiting();
        inner
            .store
            .set_running_state(id, waiting.as_deref())
            .await?;
        seen.waiting = waiting;
    }
    if signals.destination_version != seen.destination_version
        && let Some(row) = inner.store.find_collection(id).await?
    {
        let destination = inner.open_destination(id, &row.destination).await?;
        seen.destination_version = row.destination_version;
        running.link.replace(destination, row.destination_version);
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
        let destination = running.inner.open_destination(id, stored).await?;
        running.link.replace(destination, seen.destination_version);
        seen.managed = Some(now);
    }
    Ok(())
}

/// A part as it is counted while it runs.
#[derive(Debug)]
pub struct Counted {
    pub position: u32,
    pub planned_items: u64,
    pub planned_bytes: u64,
    pub progress: Arc<PartProgress>,
}

/// What was written last.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    counts: Vec<(u32, PartCounts)>,
    delivered: u64,
    rate: u64,
}

/// Writes counts and pace of parts until they have ended, and once more then.
pub async fn count(running: Arc<Running>, parts: Vec<Counted>, finished: CancellationToken) {
    let mut speedometer = Speedometer::new();
    let mut last = None;
    loop {
        let ending = finished.is_cancelled();
        // nobody is woken where nothing moves
        let known = last.as_ref().filter(|_| !ending);
        match write_counts(&running, &parts, &mut speedometer, known).await {
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

/// Writes what differs from `known`.
async fn write_counts(
    running: &Running,
    parts: &[Counted],
    speedometer: &mut Speedometer,
    known: Option<&Written>,
) -> Result<Written, EngineError> {
    let (store, id) = (&running.inner.store, running.collection.id);
    let counts: Vec<_> = parts
        .iter()
        .map(|part| (part.position, part.progress.counts()))
        .collect();
    let own = |part: Option<u32>| counts.iter().any(|(position, _)| part == Some(*position));
    let delivered = store.delivered_by_part(id).await?;
    let delivered = delivered
        .iter()
        .filter(|(part, _)| own(*part))
        .map(|(_, bytes)| bytes)
        .sum();
    let sum = |count: fn(&PartCounts) -> u64| counts.iter().map(|(_, counts)| count(counts)).sum();
    let items: u64 = sum(|counts| counts.items);
    let planned_items: u64 = parts.iter().map(|part| part.planned_items).sum();
    let totals = Totals {
        read: sum(|counts| counts.read_bytes),
        planned: parts.iter().map(|part| part.planned_bytes).sum(),
        packed: sum(|counts| counts.packed_bytes),
        delivered,
        items_left: planned_items.saturating_sub(items),
    };
    let (rate, left) = speedometer.tick(Instant::now(), totals);
    let written = Written {
        counts,
        delivered,
        rate,
    };
    if known != Some(&written) {
        store.set_part_counts(id, &written.counts).await?;
        store.set_pace(id, rate, left).await?;
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_wrong_again_and_again_is_told_once_a_reason() {
        let mut trouble = Trouble::default();
        let mut told = |now: Option<&str>| trouble.news(now.map(str::to_owned)).map(str::to_owned);
        assert_eq!(told(Some("no key")), Some("no key".to_owned()));
        assert_eq!(told(Some("no key")), None);
        assert_eq!(told(Some("no disk")), Some("no disk".to_owned()));
        assert_eq!(told(None), None);
        assert_eq!(told(Some("no disk")), Some("no disk".to_owned()));
    }
}
