//! Collections that were saved to a directory and are sent from there.

use domain::CollectionId;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreResult, known};

/// Where a saved collection lies, and the id that it was collected under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedIn {
    pub directory: String,
    pub id: CollectionId,
}

impl SavedIn {
    pub(super) fn decode(row: &SqliteRow) -> StoreResult<Option<Self>> {
        let directory: Option<String> = row.try_get("saved_in")?;
        let id: Option<String> = row.try_get("saved_id")?;
        let (Some(directory), Some(id)) = (directory, id) else {
            return Ok(None);
        };
        Ok(Some(Self {
            id: known(id.parse().ok(), "collection id", &id)?,
            directory,
        }))
    }
}

impl Store {
    /// The newest sending of a saved collection to a place that has not ended, and is not to be.
    pub async fn unfinished_sending(
        &self,
        saved: CollectionId,
        destination_place: &str,
    ) -> StoreResult<Option<CollectionId>> {
        let id: Option<String> = sqlx::query_scalar(
            "SELECT id FROM collection WHERE saved_id = $1 AND destination_place = $2 \
             AND state IN ('queued', 'in_progress', 'waiting') AND cancel_requested_at IS NULL ORDER BY id DESC LIMIT 1",
        )
        .bind(saved.to_string())
        .bind(destination_place)
        .fetch_optional(&self.readers)
        .await?;
        Ok(id.and_then(|id| id.parse().ok()))
    }

    /// The same saved collection lies in another directory now.
    pub async fn move_saved(&self, id: CollectionId, directory: &str) -> StoreResult<()> {
        sqlx::query("UPDATE collection SET saved_in = $2 WHERE id = $1")
            .bind(id.to_string())
            .bind(directory)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
