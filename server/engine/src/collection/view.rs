//! What is shown of collections.

use std::collections::HashMap;

use domain::settings::ConsentView;
use domain::views::{CollectionDetail, MissingItem, PartView, Progress, VolumeView};
use domain::{CollectionId, CollectionState, NodeName, RoleName};

use super::send::is_left_to_its_sender;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::store::{CollectionRow, PartRow, VolumeRow};

/// Missing items on a collection's page; the manifest names all.
const MISSING_SHOWN: u32 = 200;

impl Inner {
    pub(crate) async fn detail(&self, id: CollectionId) -> Result<CollectionDetail, EngineError> {
        let not_found = || EngineError::NotFound("the collection");
        let store = &self.store;
        let row = store.find_collection(id).await?.ok_or_else(not_found)?;
        let summary = store.summary(id).await?.ok_or_else(not_found)?;
        let rows = store.parts(id).await?;
        let volumes = store.volumes(id).await?;
        let delivered: HashMap<_, _> = store.delivered_by_part(id).await?.into_iter().collect();
        let parts: Vec<_> = rows
            .iter()
            .map(|part| part_view(part, &volumes, &delivered))
            .collect();
        let missing = store.gaps(id, MISSING_SHOWN).await?;
        let missing_total = store.gaps_total(id).await?;
        let consent = store
            .collection_consent(id)
            .await?
            .unwrap_or_else(|| ConsentView {
                version: "unknown".to_owned(),
                given_by: row.asked_by.clone(),
                given_at: row.created_at,
            });
        Ok(CollectionDetail {
            version: row.version,
            started_at: row.started_at,
            ended_at: row.ended_at,
            paused_by: row.paused_by.clone(),
            roles: row
                .request
                .roles
                .iter()
                .map(|role| role.name.clone())
                .collect(),
            kinds: row.request.kinds.clone(),
            identifiers: row.request.identifiers,
            progress: progress(&row, &parts),
            missing: missing
                .into_iter()
                .filter_map(|(position, item)| {
                    let part = rows.iter().find(|part| part.position == position)?;
                    Some(MissingItem {
                        node: NodeName(part.node.clone()),
                        role: RoleName(part.role.clone()),
                        item: item.label,
                        is_partial: item.outcome == "partial",
                        reason: item.reason?,
                    })
                })
                .collect(),
            missing_total,
            taken_whole: store.taken_whole_total(id).await?,
            redactions: store.redactions(id).await?,
            consent,
            queued_behind: self.queued_behind(&row).await?,
            folder: row.folder,
            parts,
            summary,
        })
    }

    /// Nobody is at this sending, and it holds nobody up.
    fn is_left(&self, row: &CollectionRow) -> bool {
        // where it cannot be told, it counts
        let is_alive = |owner| self.instance.is_alive(owner).unwrap_or(true);
        is_left_to_its_sender(row) && !row.owner.is_some_and(is_alive)
    }

    async fn queued_behind(&self, row: &CollectionRow) -> Result<u64, EngineError> {
        if row.state != CollectionState::Queued {
            return Ok(0);
        }
        let unfinished = self.store.unfinished_collections().await?;
        Ok(unfinished
            .iter()
            .take_while(|other| other.id != row.id)
            .filter(|other| !self.is_left(other))
            .count() as u64)
    }
}

fn part_view(
    part: &PartRow,
    volumes: &[VolumeRow],
    delivered: &HashMap<Option<u32>, u64>,
) -> PartView {
    PartView {
        node: NodeName(part.node.clone()),
        role: RoleName(part.role.clone()),
        state: part.state.clone(),
        items: part.counts.items,
        items_missing: part.counts.items_missing,
        items_planned: part.items_planned,
        read_bytes: part.counts.read_bytes,
        planned_bytes: part.planned_bytes,
        kept_bytes: part.counts.kept_bytes,
        packed_bytes: part.counts.packed_bytes,
        delivered_bytes: delivered.get(&Some(part.position)).copied().unwrap_or(0),
        volumes: volumes
            .iter()
            .filter(|volume| volume.part == Some(part.position))
            .filter_map(|volume| {
                Some(VolumeView {
                    name: volume.name.clone(),
                    size_bytes: volume.packed_bytes,
                    sha256: volume.sha256.clone()?,
                    delivered_at: volume.delivered_at,
                })
            })
            .collect(),
    }
}

fn progress(row: &CollectionRow, parts: &[PartView]) -> Progress {
    let sum = |count: fn(&PartView) -> u64| parts.iter().map(count).sum();
    Progress {
        items: sum(|part| part.items),
        items_planned: sum(|part| part.items_planned),
        read_bytes: sum(|part| part.read_bytes),
        planned_bytes: sum(|part| part.planned_bytes),
        packed_bytes: sum(|part| part.packed_bytes),
        delivered_bytes: sum(|part| part.delivered_bytes),
        delivery_rate: row.delivery_rate,
        seconds_left: row.seconds_left,
    }
}
