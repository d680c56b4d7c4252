//! How a collection ends: its manifest, its verdict, and what a cancelled one leaves.

use std::sync::Arc;
use std::time::Duration;

use domain::{CollectionState, PartState, Reason};
use serde_json::Map;
use uuid::Uuid;

use super::plan::PlannedPart;
use super::run::Running;
use crate::bundle::{SpooledVolume, VolumeFile, write_manifest};
use crate::delivery::{Stopped, deliver_volume, is_delivered};
use crate::destination::{Destination, Discarded};
use crate::engine::Inner;
use crate::error::EngineError;
use crate::store::{CollectionRow, PartRow, Seal, VolumeRow};

/// What a cancelled collection may take to tidy up at its destination.
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// The state in which a collection ends, and why, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub state: CollectionState,
    pub detail: Option<String>,
}

/// What a collection amounts to by its parts.
pub async fn verdict(inner: &Inner, id: domain::CollectionId) -> Result<End, EngineError> {
    let parts = inner.store.parts(id).await?;
    Ok(End {
        state: if parts.is_empty() {
            // nothing was so much as begun
            CollectionState::Failed
        } else {
            domain::collection::outcome(parts.iter().map(|part| &part.state))
        },
        detail: parts
            .iter()
            .find(|part| part.state.has_gaps())
            .and_then(|part| Some(format!("{}: {}", part.role, part.state.reason()?))),
    })
}

/// Makes the parts of a collection known, one for each of its roles.
pub async fn insert_parts(
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

/// Fails all parts that have not ended; answers what the collection amounts to by that. It is never
/// complete: even where all parts had ended before, what tells of them is not there.
pub async fn fail_parts(
    inner: &Inner,
    collection: &CollectionRow,
    reason: &Reason,
) -> Result<End, EngineError> {
    // it may have ended before it was planned
    insert_parts(inner, collection, &[]).await?;
    let volumes = inner.store.volumes(collection.id).await?;
    for part in inner.store.parts(collection.id).await? {
        if !part.state.is_final() {
            let state = given_up(&volumes, part.position, reason.clone());
            inner
                .store
                .set_part_state(collection.id, part.position, &state)
                .await?;
        }
    }
    let detail = match reason {
        Reason::DestinationRefused { detail } => detail.clone(),
        reason => reason.to_string(),
    };
    let state = verdict(inner, collection.id).await?.state;
    Ok(End {
        state: without_manifest(state),
        detail: Some(detail),
    })
}

/// What a collection amounts to whose bundles may all be there, but not what tells of them.
pub const fn without_manifest(state: CollectionState) -> CollectionState {
    match state {
        CollectionState::Complete => CollectionState::PartiallyComplete,
        state => state,
    }
}

/// What a part amounts to that nobody goes on with: failed, or partial where something of it has
/// arrived.
pub fn given_up(volumes: &[VolumeRow], part: u32, reason: Reason) -> PartState {
    let mut own = volumes.iter().filter(|volume| volume.part == Some(part));
    if own.any(|volume| volume.delivered_at.is_some()) {
        PartState::Partial(reason)
    } else {
        PartState::Failed(reason)
    }
}

/// The volumes whose files the spool has to keep. That of a delivered one may only have outlived a
/// sudden end.
pub fn waiting_in_spool(volumes: &[VolumeRow]) -> impl Iterator<Item = Uuid> {
    let waiting = |volume: &&VolumeRow| volume.is_sealed() && volume.delivered_at.is_none();
    volumes.iter().filter(waiting).map(|volume| volume.id)
}

/// Ends a retry that was cancelled before its turn came.
pub async fn end_queued_retry(inner: &Inner, row: CollectionRow) -> Result<(), EngineError> {
    // whoever took it meanwhile sees for itself that it is cancelled
    if inner
        .store
        .claim_collection(row.id, row.owner, inner.instance.id())
        .await?
    {
        end_cancelled(inner, &row, None).await?;
    }
    Ok(())
}

/// Leaves nothing of a cancelled run, here and, as far as it may, at the destination.
///
/// What was there before a retry stays: then the collection is what it was, but for the gaps that
/// the retry was to fill.
pub async fn end_cancelled(
    inner: &Inner,
    collection: &CollectionRow,
    destination: Option<&Destination>,
) -> Result<(), EngineError> {
    let (store, id) = (&inner.store, collection.id);
    // a sending goes to the folder of the collection that it sends, where an earlier one may have
    // brought the same
    let is_sending = collection.saved.is_some();
    let of_this_run = |volume: &&VolumeRow| {
        !is_sending && (is_of_this_run(collection, volume) || !volume.is_sealed())
    };
    let volumes = store.volumes(id).await?;
    let arrived = volumes
        .iter()
        .filter(|volume| is_sending && volume.commit_started_at.is_some())
        .count();
    let own: Vec<&VolumeRow> = volumes.iter().filter(of_this_run).collect();
    let discarded: Vec<Discarded> = own
        .iter()
        .map(|volume| Discarded {
            path: collection.path_of(volume),
            volume: volume.id,
            committed: volume.commit_started_at.is_some(),
        })
        .collect();
    let committed = discarded.iter().filter(|volume| volume.committed).count();
    let gone = match destination {
        Some(destination) => {
            let discarding = destination.discard(&discarded);
            matches!(
                tokio::time::timeout(DISCARD_TIME, discarding).await,
                Ok(Ok(true))
            )
        }
        None => false,
    };
    // what was never committed is not to be seen there, whatever became of it
    let lost = |volume: &&&VolumeRow| gone || volume.commit_started_at.is_none();
    let lost: Vec<&VolumeRow> = own.iter().filter(lost).copied().collect();
    if gone {
        let lost: Vec<_> = lost.iter().map(|volume| volume.id).collect();
        store.drop_volumes(&lost).await?;
    } else {
        for volume in &lost {
            // its row leads a retry to what may be left of it
            store.empty_volume(volume.id).await?;
        }
    }
    let remain = if gone { arrived } else { committed };
    let remains = if remain > 0 {
        let what = "volumes that were already delivered remain at the destination";
        Some(format!("{remain} {what}"))
    } else {
        let may_remain = "unfinished files may remain at the destination, which was not in reach";
        (!gone && !lost.is_empty()).then(|| may_remain.to_owned())
    };
    take_parts_back(inner, collection).await?;
    let kept = store.volumes(id).await?;
    if collection.requeued_at.is_some() {
        inner
            .spool
            .remove_strays(id, waiting_in_spool(&kept))
            .map_err(EngineError::internal)?;
        let end = verdict(inner, id).await?;
        let detail = remains.unwrap_or_else(|| "the retry was cancelled".to_owned());
        // a retry that had nothing but the manifest to fill in has not done so
        let state = without_manifest(end.state);
        store.end_collection(id, state, Some(&detail)).await?;
    } else {
        inner
            .spool
            .remove_collection(id)
            .map_err(EngineError::internal)?;
        store
            .end_collection(id, CollectionState::Cancelled, remains.as_deref())
            .await?;
    }
    Ok(())
}

/// Says of parts that are open, or whose bundles have been removed, what they were before the run that
/// was cancelled. It goes by the store alone: an earlier process may have removed them.
async fn take_parts_back(inner: &Inner, collection: &CollectionRow) -> Result<(), EngineError> {
    let (store, id) = (&inner.store, collection.id);
    let left = store.volumes(id).await?;
    for part in store.parts(id).await? {
        let has_had = matches!(
            part.state,
            PartState::Complete | PartState::Partial(_) | PartState::Truncated(_)
        );
        // a part that loses a volume is not collected any more; one of a sending never was
        let has_lost = collection.saved.is_none() && has_had && !part.is_collected;
        if part.state.is_final() && !has_lost {
            continue;
        }
        let reason = part.state.reason().cloned().unwrap_or(Reason::Cancelled);
        let state = match part.state_before {
            Some(PartState::Failed(before)) => given_up(&left, part.position, before),
            Some(before) => before,
            None => match given_up(&left, part.position, reason) {
                PartState::Failed(_) => PartState::Skipped(Reason::Cancelled),
                partial => partial,
            },
        };
        store.set_part_state(id, part.position, &state).await?;
    }
    Ok(())
}

/// Writes and delivers the manifest, or delivers the one that was sealed before a restart.
pub async fn deliver_manifest(running: &Running, outcome: CollectionState) -> Result<(), Stopped> {
    match deliver_sealed_manifest(running, outcome).await {
        // it tells nothing that the store does not know: it is written again
        Err(Stopped::Damaged) => deliver_sealed_manifest(running, outcome).await,
        ended => ended,
    }
}

async fn deliver_sealed_manifest(
    running: &Running,
    outcome: CollectionState,
) -> Result<(), Stopped> {
    let (inner, collection) = (&running.inner, &running.collection);
    settle_earlier_manifests(running).await?;
    let made: Vec<_> = inner
        .store
        .volumes(collection.id)
        .await?
        .into_iter()
        .filter(|volume| volume.part.is_none())
        .collect();
    let sealed = match made.iter().find(|row| is_of_this_run(collection, row)) {
        // the process ended between the last byte and the last word
        Some(row) if row.delivered_at.is_some() => return Ok(()),
        Some(row) => row.clone(),
        None => {
            let numbers = made.iter().map(|row| manifest_number(&row.name));
            let number = numbers.max().map_or(1, |last| last.saturating_add(1));
            seal_manifest(running, outcome, number).await?
        }
    };
    let volume = SpooledVolume::sealed(&sealed, collection.id, &inner.spool, "application/json")?;
    let (store, memory) = (&inner.store, &inner.memory);
    let delivered = deliver_volume(store, &running.link, memory, &collection.folder, &volume).await;
    match delivered {
        Ok(_) => Ok(inner.spool.remove_volume(&volume.file)?),
        Err(Stopped::Damaged) => {
            store.drop_volumes(&[volume.id]).await?;
            inner.spool.remove_volume(&volume.file)?;
            Err(Stopped::Damaged)
        }
        Err(stopped) => Err(stopped),
    }
}

/// Finds out what became of manifests that earlier runs have written and not seen arrive: they tell
/// nothing that the next one does not, but their names may be taken.
async fn settle_earlier_manifests(running: &Running) -> Result<(), Stopped> {
    let (inner, collection) = (&running.inner, &running.collection);
    let (store, memory) = (&inner.store, &inner.memory);
    for row in store.volumes(collection.id).await? {
        let is_earlier = row.part.is_none() && !is_of_this_run(collection, &row);
        if !is_earlier || row.delivered_at.is_some() {
            continue;
        }
        let volume = SpooledVolume::sealed(&row, collection.id, &inner.spool, "application/json")?;
        let (link, folder) = (&running.link, &collection.folder);
        let is_there = if row.commit_started_at.is_some() {
            is_delivered(store, link, memory, folder, &volume).await?
        } else {
            Some(false)
        };
        if is_there == Some(false) {
            let path = &collection.path_of(&row);
            link.persist(|destination| async move { destination.forget(path, row.id).await })
                .await?;
            store.drop_volumes(&[row.id]).await?;
        }
        inner.spool.remove_volume(&volume.file)?;
    }
    Ok(())
}

fn is_of_this_run(collection: &CollectionRow, row: &VolumeRow) -> bool {
    collection.requeued_at.is_none_or(|at| row.created_at >= at)
}

fn manifest_name(number: u32) -> String {
    if number == 1 {
        "manifest.json".to_owned()
    } else {
        format!("manifest.{number}.json")
    }
}

fn manifest_number(name: &str) -> u32 {
    let number = name
        .trim_start_matches("manifest.")
        .trim_end_matches(".json");
    number.parse().unwrap_or(1)
}

async fn seal_manifest(
    running: &Running,
    outcome: CollectionState,
    number: u32,
) -> Result<VolumeRow, Stopped> {
    let (inner, id) = (&running.inner, running.collection.id);
    let store = &inner.store;
    let mut row = VolumeRow::begun(None, manifest_name(number));
    // as it is now: its SAS URL may have been replaced
    let collection = store
        .find_collection(id)
        .await?
        .unwrap_or_else(|| running.collection.clone());
    store.insert_volume(id, &row).await?;
    let (mut out, _) = VolumeFile::create(
        &inner.spool.volume_path(id, row.id)?,
        Arc::clone(&inner.spool),
    )?;
    write_manifest(store, &collection, outcome, &Map::new(), &mut out)
        .await
        .map_err(|error| Stopped::Spool(std::io::Error::other(error)))?;
    let (sealed, _) = out.finish()?;
    store
        .seal_volume(&Seal {
            volume: row.id,
            packed_bytes: sealed.size_bytes,
            sha256: &sealed.sha256,
        })
        .await?;
    row.packed_bytes = sealed.size_bytes;
    row.sha256 = Some(sealed.sha256);
    Ok(row)
}
