//! Sends a collection that was saved to a directory: the same delivery, from that directory in
//! place of the spool.
//!
//! It has a row of its own in the history, which tells what was sent where and by whom, under the
//! folder that it was collected as. What a killed run has sent is in the ledger; what an earlier
//! one has brought there is recognised and not sent again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use domain::people::Actor;
use domain::{
    CollectionId, CollectionKind, DestinationChoice, PartState, Reason, RoleName, SasUrl,
};
use futures::stream::{FuturesUnordered, StreamExt};
use uuid::Uuid;

use super::finish::{End, fail_parts, verdict, without_manifest};
use super::request::place;
use super::run::Running;
use crate::bundle::SpooledVolume;
use crate::config::RoleConfig;
use crate::delivery::{Stopped, deliver_volume, recognise_volume};
use crate::engine::Inner;
use crate::error::EngineError;
use crate::limits::CancelOnDrop;
use crate::saved::{SavedCollection, SavedError, SavedFile};
use crate::store::{
    CollectionRow, EffectiveRequest, NewCollection, PartCounts, PartRow, SavedIn, Seal, VolumeRow,
};

/// Volumes that are delivered side by side.
const SIDE_BY_SIDE: usize = 2;

impl From<SavedError> for EngineError {
    fn from(error: SavedError) -> Self {
        match error {
            SavedError::NoCollection(_) => Self::invalid("directory", error.to_string()),
            error => Self::Conflict(format!("Nothing was sent: {error}.")),
        }
    }
}

impl Inner {
    /// Checks a directory and queues its sending in the name of this process, or takes up again a
    /// sending to the same container that has not ended.
    pub(crate) async fn queue_saved(
        &self,
        directory: &Path,
        sas: SasUrl,
        actor: &Actor,
    ) -> Result<CollectionId, EngineError> {
        let saved = read(directory.to_owned()).await??;
        saved.check_manifests(&self.known_manifests(saved.id).await?)?;
        let id = CollectionId(Uuid::now_v7());
        let now = Utc::now();
        let choice = DestinationChoice::SasUrl(sas);
        let container = self.store_destination(&choice, place(&id.to_string()), now)?;
        let origin = SavedIn {
            directory: saved.directory.to_string_lossy().into_owned(),
            id: saved.id,
        };
        let unfinished = self
            .store
            .unfinished_sending(saved.id, &container.summary.place)
            .await?;
        if let Some(id) = unfinished {
            // sealed for the row that it belongs to
            let container = self.store_destination(&choice, place(&id.to_string()), now)?;
            self.store.move_saved(id, &origin.directory).await?;
            if self
                .store
                .replace_destination(id, &container, false, actor)
                .await?
            {
                return Ok(id);
            }
        }
        let request = EffectiveRequest {
            roles: saved.parts.iter().map(role).collect(),
            kinds: saved.kinds.clone(),
            zone: saved.zone,
            compression: saved.compression,
            volume_size_bytes: self.config.volume_size_bytes,
            budgets: self.config.budgets,
            // what was saved is sent as it is
            identifiers: false,
        };
        self.store
            .insert_collection(&NewCollection {
                id,
                kind: CollectionKind::Manual,
                actor,
                owner: Some(self.instance.id()),
                created_at: now,
                node: &saved.node,
                window: saved.window,
                request: &request,
                sealed_roles: None,
                folder: &saved.folder,
                destination: &container,
                saved: Some(&origin),
            })
            .await?;
        tracing::info!(collection = %id, saved = %saved.id, by = %actor, "sending queued");
        Ok(id)
    }

    /// The manifests of a collection that was made here.
    async fn known_manifests(&self, id: CollectionId) -> Result<Vec<SavedFile>, EngineError> {
        let volumes = self.store.volumes(id).await?;
        let manifests = volumes.into_iter().filter(|volume| volume.part.is_none());
        Ok(manifests
            .filter_map(|volume| {
                Some(SavedFile {
                    name: volume.name,
                    size_bytes: volume.packed_bytes,
                    sha256: volume.sha256?,
                })
            })
            .collect())
    }
}

/// The name alone: nothing is read from its sources any more.
fn role(part: &crate::saved::SavedPart) -> RoleConfig {
    RoleConfig {
        name: RoleName(part.role.clone()),
        description: String::new(),
        sources: Vec::new(),
    }
}

/// Ends soon when it is dropped, so that it holds no program up that is about to end.
async fn read(directory: PathBuf) -> Result<Result<SavedCollection, SavedError>, EngineError> {
    let guard = CancelOnDrop::default();
    let cancel = Arc::clone(&guard.0);
    tokio::task::spawn_blocking(move || SavedCollection::read(&directory, &cancel))
        .await
        .map_err(EngineError::internal)
}

/// Whoever sends a saved collection, and stops, goes on by sending it again: nobody else knows
/// whether its directory is still there, and whether the sending is still wanted. A retry is asked
/// for where everybody can see it, and so is an end.
pub(super) fn is_left_to_its_sender(row: &CollectionRow) -> bool {
    row.saved.is_some() && row.requeued_at.is_none() && !row.cancel_requested
}

/// All of the work. `Ok(None)`: it was stopped.
pub(super) async fn send(running: &Running, origin: &SavedIn) -> Result<Option<End>, EngineError> {
    let (inner, id) = (&running.inner, running.collection.id);
    let store = &inner.store;
    match running.tidy_up().await? {
        Some(_) => {}
        None => return Ok(None),
    }
    let saved = tokio::select! {
        () = running.link.stop.cancelled() => return Ok(None),
        saved = read(PathBuf::from(&origin.directory)) => saved?,
    };
    let saved = match saved {
        Ok(saved) if saved.id == origin.id && saved.folder == running.collection.folder => saved,
        Ok(_) => return refuse(running, "the directory holds another collection now").await,
        Err(error) => return refuse(running, &error.to_string()).await,
    };
    insert_parts(running, &saved).await?;
    match running.preflight(&store.volumes(id).await?).await {
        Ok(()) => {}
        Err(Stopped::Cancelled) => return Ok(None),
        Err(stopped) => return refuse(running, &stopped.to_string()).await,
    }
    let mut all_arrived = true;
    for (position, part) in (0_u32..).zip(&saved.parts) {
        let sent = send_files(running, &saved, Some(position), &part.volumes).await;
        let state = match sent {
            Ok(()) => part.state.clone(),
            Err(Stopped::Cancelled) => return Ok(None),
            Err(stopped) => {
                all_arrived = false;
                PartState::Failed(failure(stopped)?)
            }
        };
        store.set_part_state(id, position, &state).await?;
    }
    let end = verdict(inner, id).await?;
    if !all_arrived {
        // a manifest would say that all of it is there
        return Ok(Some(End {
            state: without_manifest(end.state),
            ..end
        }));
    }
    match send_files(running, &saved, None, &saved.manifests).await {
        Ok(()) => {}
        Err(Stopped::Cancelled) => return Ok(None),
        Err(stopped) => {
            let why = failure(stopped)?;
            return Ok(Some(End {
                state: without_manifest(end.state),
                detail: Some(format!("the manifest was not delivered: {why}")),
            }));
        }
    }
    inner
        .spool
        .remove_collection(id)
        .map_err(EngineError::internal)?;
    let from = || {
        format!(
            "sent from {}, where it was saved as {}",
            origin.directory, origin.id
        )
    };
    Ok(Some(End {
        detail: end.detail.or_else(|| Some(from())),
        ..end
    }))
}

async fn refuse(running: &Running, why: &str) -> Result<Option<End>, EngineError> {
    let (inner, collection) = (&running.inner, &running.collection);
    let reason = Reason::DestinationRefused {
        detail: why.to_owned(),
    };
    fail_parts(inner, collection, &reason).await.map(Some)
}

fn failure(stopped: Stopped) -> Result<Reason, EngineError> {
    match stopped {
        Stopped::Failed(error) => Ok(Reason::DestinationRefused {
            detail: error.detail,
        }),
        Stopped::Damaged => Ok(Reason::Unreadable {
            detail: "a file was changed or removed while it was sent".to_owned(),
        }),
        Stopped::Spool(error) => Ok(Reason::Unreadable {
            detail: error.to_string(),
        }),
        Stopped::Store(error) => Err(error.into()),
        Stopped::Cancelled => Ok(Reason::Cancelled),
    }
}

async fn insert_parts(running: &Running, saved: &SavedCollection) -> Result<(), EngineError> {
    let (store, id) = (&running.inner.store, running.collection.id);
    let mut counts = Vec::new();
    let mut rows = Vec::new();
    for (position, part) in (0_u32..).zip(&saved.parts) {
        rows.push(PartRow {
            items_planned: part.items_planned,
            planned_bytes: part.read_bytes,
            ..PartRow::pending(position, &part.node, &part.role)
        });
        let counted = PartCounts {
            items: part.items_read,
            items_missing: part.items_missing,
            read_bytes: part.read_bytes,
            kept_bytes: part.kept_bytes,
            packed_bytes: part.volumes.iter().map(|file| file.size_bytes).sum(),
        };
        counts.push((position, counted));
    }
    store.insert_parts(id, &rows).await?;
    store.set_part_counts(id, &counts).await?;
    Ok(())
}

/// Brings files there that are not there yet.
async fn send_files(
    running: &Running,
    saved: &SavedCollection,
    part: Option<u32>,
    files: &[SavedFile],
) -> Result<(), Stopped> {
    let mut sending = FuturesUnordered::new();
    for file in files {
        sending.push(send_file(running, saved, part, file));
        while sending.len() >= SIDE_BY_SIDE {
            if let Some(sent) = sending.next().await {
                let () = sent?;
            }
        }
    }
    while let Some(sent) = sending.next().await {
        let () = sent?;
    }
    Ok(())
}

async fn send_file(
    running: &Running,
    saved: &SavedCollection,
    part: Option<u32>,
    file: &SavedFile,
) -> Result<(), Stopped> {
    let (inner, id) = (&running.inner, running.collection.id);
    let store = &inner.store;
    let known = store.volumes(id).await?;
    let known = known.into_iter().find(|row| row.name == file.name);
    let row = match known {
        Some(row) if row.sha256.as_deref() != Some(&file.sha256) => return Err(Stopped::Damaged),
        Some(row) if row.delivered_at.is_some() => return Ok(()),
        Some(row) => row,
        None => {
            let row = VolumeRow {
                packed_bytes: file.size_bytes,
                sha256: Some(file.sha256.clone()),
                ..VolumeRow::begun(part, file.name.clone())
            };
            store.insert_volume(id, &row).await?;
            store
                .seal_volume(&Seal {
                    volume: row.id,
                    packed_bytes: file.size_bytes,
                    sha256: &file.sha256,
                })
                .await?;
            row
        }
    };
    let content_type = match part {
        Some(_) => "application/zip",
        None => "application/json",
    };
    let spooled = SpooledVolume::sealed(&row, id, &inner.spool, content_type)?;
    let volume = SpooledVolume {
        file: saved.directory.join(&file.name),
        ..spooled
    };
    let (link, folder) = (&running.link, &running.collection.folder);
    if recognise_volume(store, link, &inner.memory, folder, &volume).await? {
        return Ok(());
    }
    deliver_volume(store, link, &inner.memory, folder, &volume).await?;
    Ok(())
}
