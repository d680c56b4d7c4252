//! Whose turn it is: one collection at a time, over all processes with this data directory.

use std::sync::Arc;
use std::time::Duration;

use domain::CollectionId;
use domain::views::CollectionSummary;
use tokio_util::sync::CancellationToken;

use super::run::{RunEnd, run};
use super::send::is_left_to_its_sender;
use crate::engine::Inner;
use crate::error::{EngineError, chain};
use crate::instance::Turn;
use crate::store::CollectionRow;

/// How often a waiting process looks whether it is its turn.
const POLL: Duration = Duration::from_millis(300);
/// After how long a queue that could not be served is tried again. It is not known to pass by itself,
/// as a full disk or a damaged database; what is asked for in this process is tried at once.
const TROUBLE_POLL: Duration = Duration::from_secs(30);

/// Runs queued and interrupted collections until `shutdown`.
pub async fn serve(inner: &Arc<Inner>, shutdown: &CancellationToken) {
    let mut serving = None;
    while !shutdown.is_cancelled() {
        if serving.is_none() {
            // where this cannot be told, the command line does not wait for the portal
            serving = inner.instance.serve().ok().flatten();
        }
        let pause = match serve_next(inner, shutdown).await {
            Ok(()) => POLL,
            Err(error) => {
                tracing::error!(error = %chain(&error), "the queue could not be served");
                TROUBLE_POLL
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(pause) => {}
            () = inner.nudged.notified() => {}
        }
    }
}

async fn serve_next(inner: &Arc<Inner>, shutdown: &CancellationToken) -> Result<(), EngineError> {
    while !shutdown.is_cancelled() {
        let Some((collection, _turn)) = next(inner, None).await? else {
            return Ok(());
        };
        run(inner, collection, shutdown, None).await?;
    }
    Ok(())
}

/// Waits until it is this collection's turn and runs it in this process. Interrupted by `shutdown`,
/// it is left for the next process that serves; so is one whose destination has been out of reach
/// for as long as `give_up_after`.
pub async fn drive(
    inner: &Arc<Inner>,
    id: CollectionId,
    shutdown: &CancellationToken,
    give_up_after: Option<Duration>,
) -> Result<(), EngineError> {
    loop {
        let row = inner
            .store
            .find_collection(id)
            .await?
            .ok_or(EngineError::NotFound("the collection"))?;
        if row.state.is_final() {
            return Ok(());
        }
        if let Some((collection, _turn)) = next(inner, Some(id)).await? {
            return match run(inner, collection, shutdown, give_up_after).await? {
                RunEnd::Ended => Ok(()),
                RunEnd::Interrupted => Err(EngineError::Unavailable("interrupted".to_owned())),
            };
        }
        tokio::select! {
            () = shutdown.cancelled() => return Err(EngineError::Unavailable("interrupted".to_owned())),
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// The collection that has to end before the turn comes to this one, which another living process
/// runs or is to run.
pub async fn ahead(
    inner: &Inner,
    id: CollectionId,
) -> Result<Option<CollectionSummary>, EngineError> {
    for row in inner.store.unfinished_collections().await? {
        match runner(inner, Some(id), &row).map_err(EngineError::internal)? {
            Runner::Me => return Ok(None),
            Runner::Other => return Ok(inner.store.summary(row.id).await?),
            Runner::Nobody => {}
        }
    }
    Ok(None)
}

/// Takes the turn and claims a collection: the one named, or the first that nobody living owns.
async fn next(
    inner: &Inner,
    only: Option<CollectionId>,
) -> Result<Option<(CollectionRow, Turn)>, EngineError> {
    // look before taking the turn, so that an idle process never has it
    if candidate(inner, only).await?.is_none() {
        return Ok(None);
    }
    let Some(turn) = inner.instance.try_turn().map_err(EngineError::internal)? else {
        return Ok(None);
    };
    let Some(row) = candidate(inner, only).await? else {
        return Ok(None);
    };
    if !inner
        .store
        .claim_collection(row.id, row.owner, inner.instance.id())
        .await?
    {
        return Ok(None);
    }
    let claimed = inner.store.find_collection(row.id).await?;
    Ok(claimed.map(|row| (row, turn)))
}

/// Who is to run a collection that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runner {
    Me,
    /// Another process, which waits for its turn or serves.
    Other,
    /// It waits until a portal is started.
    Nobody,
}

/// The collection whose turn it is, where this process is to run it. The order (what has begun,
/// then the oldest) holds over all processes: none passes a collection that another living one
/// is to run first.
async fn candidate(
    inner: &Inner,
    only: Option<CollectionId>,
) -> Result<Option<CollectionRow>, EngineError> {
    for row in inner.store.unfinished_collections().await? {
        match runner(inner, only, &row).map_err(EngineError::internal)? {
            Runner::Me => return Ok(Some(row)),
            Runner::Other => return Ok(None),
            Runner::Nobody => {}
        }
    }
    Ok(None)
}

fn runner(
    inner: &Inner,
    only: Option<CollectionId>,
    row: &CollectionRow,
) -> std::io::Result<Runner> {
    if only == Some(row.id) {
        return Ok(Runner::Me);
    }
    if is_left_to_its_sender(row) {
        let is_alive = match row.owner {
            Some(owner) => inner.instance.is_alive(owner)?,
            None => false,
        };
        let waits = row.state == domain::CollectionState::Queued || only.is_some();
        return Ok(if is_alive && waits {
            Runner::Other
        } else {
            Runner::Nobody
        });
    }
    if let Some(owner) = row.owner {
        let is_alive = inner.instance.is_alive(owner)?;
        // one that has begun, without anybody having the turn, was interrupted
        let waits = row.state == domain::CollectionState::Queued || only.is_some();
        if is_alive && waits {
            return Ok(Runner::Other);
        }
    }
    Ok(match only {
        None => Runner::Me,
        Some(_) if inner.instance.is_served()? => Runner::Other,
        Some(_) => Runner::Nobody,
    })
}
