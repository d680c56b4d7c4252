//! One part: its items are read, windowed and cleaned into volumes on threads of its own, while
//! the volumes are delivered beside it.

mod collect;
mod naming;
mod rows;
mod thread;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{LimitOf, PartState, Reason};
use tokio::sync::mpsc;

use self::collect::collect_part;
use self::rows::unread_rows;
use super::finish::given_up;
use super::plan::PlannedPart;
use super::progress::PartProgress;
use super::run::Running;
use crate::bundle::{BundleError, SpooledVolume};
use crate::delivery::{Stopped, deliver_volume};
use crate::error::EngineError;
use crate::limits::{Meter, Seat};
use crate::store::{PartRow, VolumeRow};

/// How a run of a part ended.
#[derive(Debug)]
pub(super) enum PartEnd {
    State(PartState),
    /// The collection was stopped.
    Stopped,
    /// Something of it was lost in the spool: it has to be run again.
    Again,
}

/// Runs a part to its end. `budget` is what all parts together may keep, and how long they may
/// read; `volumes` are those that the collection has already.
pub(super) async fn run_part(
    running: &Arc<Running>,
    row: &PartRow,
    planned: PlannedPart,
    stem: String,
    volumes: &[VolumeRow],
    budget: &Arc<Meter>,
    progress: Arc<PartProgress>,
) -> Result<PartEnd, EngineError> {
    let (inner, id) = (&running.inner, running.collection.id);
    let planned = Arc::new(planned);
    if !planned.has_sources {
        return Ok(PartEnd::State(PartState::Skipped(Reason::FilteredOut)));
    }
    // one part a core; others wait with the state they have
    let seat = tokio::select! {
        () = running.link.stop.cancelled() => return Ok(PartEnd::Stopped),
        seat = Seat::take(&running.cores) => seat,
    };
    let Some(seat) = seat else {
        return Ok(PartEnd::Stopped);
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
            drop((deliveries, seat));
            Ok(())
        } else {
            let number = next_number(&stem, &own);
            let stopped = Arc::clone(&stopped);
            let (planned, progress) = (Arc::clone(&planned), Arc::clone(&progress));
            collect_part(
                running, row, planned, stem, number, deliveries, stopped, budget, progress, seat,
            )
            .await?
        };
        if collected.is_ok() {
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
    match running.forget_unsealed(Some(row.position)).await {
        Ok(()) => ended(running, row, &planned, collected?, delivered).await,
        Err(Stopped::Cancelled) => Ok(PartEnd::Stopped),
        Err(stopped) => Err(EngineError::internal(stopped)),
    }
}

/// The first number that no volume of the part bears.
fn next_number(stem: &str, volumes: &[&VolumeRow]) -> u32 {
    volumes
        .iter()
        .map(|volume| {
            let rest = volume.name.strip_prefix(stem).unwrap_or_default();
            let number = rest.trim_start_matches('.').trim_end_matches(".zip");
            number.parse().unwrap_or(1)
        })
        .max()
        .map_or(1, |last: u32| last.saturating_add(1))
}

/// What came of the volumes of a part.
enum Delivered {
    All,
    /// At least one was lost in the spool.
    SomeLost,
}

/// What reading and delivering a part amount to.
async fn ended(
    running: &Running,
    row: &PartRow,
    planned: &Arc<PlannedPart>,
    collected: Result<(), BundleError>,
    delivered: Result<Delivered, Stopped>,
) -> Result<PartEnd, EngineError> {
    let all_read = collected.is_ok();
    match (delivered, collected) {
        (Err(Stopped::Failed(error)), _) => {
            let refused = Reason::DestinationRefused {
                detail: error.detail,
            };
            if !all_read {
                name_unread(running, row, planned, &refused).await?;
            }
            give_up(running, row, refused).await
        }
        (Err(Stopped::Store(error)), _) => Err(error.into()),
        (Err(Stopped::Spool(error)), _) => Err(EngineError::internal(error)),
        (Err(Stopped::Damaged) | Ok(Delivered::SomeLost), Ok(())) => Ok(PartEnd::Again),
        (_, Err(BundleError::NoRoom(_))) => Ok(PartEnd::Stopped),
        // its volume was given up, and the delivery of that ended with it
        (_, Err(error)) if !running.link.stop.is_cancelled() => {
            let reason = bundle_failure(error)?;
            // where cleaning cannot be trusted, names cannot either
            if reason != Reason::RedactionFailed {
                name_unread(running, row, planned, &reason).await?;
            }
            give_up(running, row, reason).await
        }
        (Err(Stopped::Cancelled), Ok(())) | (_, Err(_)) => Ok(PartEnd::Stopped),
        (Ok(Delivered::All), Ok(())) => verdict(running, row).await.map(PartEnd::State),
    }
}

/// Names what nobody will read of a part.
async fn name_unread(
    running: &Running,
    row: &PartRow,
    planned: &Arc<PlannedPart>,
    reason: &Reason,
) -> Result<(), EngineError> {
    let (store, id) = (&running.inner.store, running.collection.id);
    let settled = store.settled_items(id, row.position).await?;
    let (planned, reason) = (Arc::clone(planned), reason.clone());
    let redactor = Arc::clone(&running.redactor);
    let unread = tokio::task::spawn_blocking(move || {
        let rows = unread_rows(&planned, &settled, &redactor, &reason);
        // names have pseudonyms too
        redactor.flush().map(|()| rows)
    });
    let unread = unread.await.map_err(EngineError::internal)?;
    let unread = unread.map_err(EngineError::internal)?;
    Ok(store.record_unread(id, row.position, &unread).await?)
}

/// What a part amounts to that nobody goes on with.
async fn give_up(running: &Running, row: &PartRow, reason: Reason) -> Result<PartEnd, EngineError> {
    let volumes = running.inner.store.volumes(running.collection.id).await?;
    let state = given_up(&volumes, row.position, reason);
    Ok(PartEnd::State(state))
}

/// A full disk and redaction that cannot be trusted are the part's failure, anything else is the
/// product's.
fn bundle_failure(error: BundleError) -> Result<Reason, EngineError> {
    match error {
        BundleError::Spool(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            Ok(Reason::SpoolFull)
        }
        BundleError::Store(error) => Err(error.into()),
        error
        @ (BundleError::Canary { .. } | BundleError::Untested | BundleError::Redaction(_)) => {
            tracing::error!(error = %crate::error::chain(&error), "nothing was packed");
            Ok(Reason::RedactionFailed)
        }
        error => {
            tracing::error!(error = %crate::error::chain(&error), "a bundle could not be written");
            Ok(Reason::Internal)
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
        Some(reason) => match cut(running, row).await? {
            // even where it has nothing: nothing went wrong, others were first
            Some(cut) => PartState::Truncated(cut),
            None if tally.complete + tally.empty + tally.partial == 0 => PartState::Failed(reason),
            None => PartState::Partial(reason),
        },
    })
}

/// Which limit of the spool, of the part or of the collection cut it, where one did.
async fn cut(running: &Running, row: &PartRow) -> Result<Option<Reason>, EngineError> {
    let budgets = &running.collection.request.budgets;
    let bounds = [
        (LimitOf::Part, budgets.part),
        (LimitOf::Collection, budgets.collection),
    ];
    let of_budgets = bounds
        .map(|(of, budget)| [budget.size_limit(of), budget.time_limit(of)])
        .concat();
    let reasons = [vec![Reason::SpoolFull], of_budgets].concat();
    let (store, id) = (&running.inner.store, running.collection.id);
    Ok(store.misses_for(id, row.position, &reasons).await?)
}

async fn deliver_all(
    running: &Running,
    mut volumes: mpsc::UnboundedReceiver<SpooledVolume>,
    progress: &PartProgress,
) -> Result<Delivered, Stopped> {
    let (inner, folder) = (&running.inner, &running.collection.folder);
    let mut came = Delivered::All;
    while let Some(volume) = volumes.recv().await {
        progress.watch_volume(volume.progress.clone());
        let delivered =
            deliver_volume(&inner.store, &running.link, &inner.memory, folder, &volume).await;
        match delivered {
            Ok(_) => inner.spool.remove_volume(&volume.file)?,
            Err(Stopped::Damaged) => {
                tracing::warn!(name = %volume.name, "a bundle was lost or damaged in the spool; it is collected anew");
                inner.store.empty_volume(volume.id).await?;
                inner.spool.remove_volume(&volume.file)?;
                came = Delivered::SomeLost;
            }
            Err(stopped) => return Err(stopped),
        }
    }
    Ok(came)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_not_given_twice_even_when_one_in_between_is_lost() {
        let volume = |name: &str| VolumeRow::begun(Some(0), name.to_owned());
        let rows = [volume("n/Storage 2.zip"), volume("n/Storage 2.003.zip")];
        let rows: Vec<&VolumeRow> = rows.iter().collect();
        assert_eq!(next_number("n/Storage 2", &rows), 4);
        assert_eq!(next_number("n/Storage 2", &rows[..1]), 2);
        assert_eq!(next_number("n/Storage 2", &[]), 1);
    }

    #[test]
    fn a_part_whose_redaction_cannot_be_trusted_fails_for_that_reason() {
        for error in [
            BundleError::Canary { rule: "jwt" },
            BundleError::Untested,
            BundleError::Redaction(std::io::Error::other("no pseudonyms")),
        ] {
            let failed = bundle_failure(error).expect("the part's own failure");
            assert_eq!(failed, Reason::RedactionFailed);
        }
    }
}
