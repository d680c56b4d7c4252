//! Parts: the share of one role in a collection.

use chrono::Utc;
use domain::{CollectionId, PartState, Reason};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::{Seal, Store, StoreError, StoreResult, known, micros, signed, unsigned};

/// What is counted of a part while it runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartCounts {
    pub items: u64,
    pub items_missing: u64,
    pub read_bytes: u64,
    pub kept_bytes: u64,
    pub packed_bytes: u64,
}

#[derive(Clone, Debug)]
pub struct PartRow {
    /// Its place in the collection, from 0.
    pub position: u32,
    pub node: String,
    pub role: String,
    pub state: PartState,
    pub counts: PartCounts,
    pub items_planned: u64,
    pub planned_bytes: u64,
    /// All of it was read and sealed: only delivery is left.
    pub is_collected: bool,
    /// What it had come to before the retry that opened it again.
    pub state_before: Option<PartState>,
}

impl PartRow {
    /// A part that nothing has been done for yet.
    #[must_use]
    pub fn pending(position: u32, node: &str, role: &str) -> Self {
        Self {
            position,
            node: node.to_owned(),
            role: role.to_owned(),
            state: PartState::Pending,
            counts: PartCounts::default(),
            items_planned: 0,
            planned_bytes: 0,
            is_collected: false,
            state_before: None,
        }
    }
}

impl FromRow<'_, SqliteRow> for PartRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        decode(row).map_err(|error| match error {
            StoreError::Database(error) => error,
            other => sqlx::Error::Decode(Box::new(other)),
        })
    }
}

fn decode(row: &SqliteRow) -> StoreResult<PartRow> {
    let count = |column| row.try_get::<i64, _>(column).map(unsigned);
    let state = |code: String, reason: Option<String>| {
        let reason: Option<Reason> = reason.map(|json| serde_json::from_str(&json)).transpose()?;
        known(
            PartState::from_code(&code, reason),
            "state of a part",
            &code,
        )
    };
    let before: Option<String> = row.try_get("state_before")?;
    Ok(PartRow {
        position: row.try_get("position")?,
        node: row.try_get("node")?,
        role: row.try_get("role")?,
        state: state(row.try_get("state")?, row.try_get("reason")?)?,
        counts: PartCounts {
            items: count("items")?,
            items_missing: count("items_missing")?,
            read_bytes: count("read_bytes")?,
            kept_bytes: count("kept_bytes")?,
            packed_bytes: count("packed_bytes")?,
        },
        items_planned: count("items_planned")?,
        planned_bytes: count("planned_bytes")?,
        is_collected: row.try_get::<Option<i64>, _>("collected_at")?.is_some(),
        state_before: match before {
            Some(code) => Some(state(code, row.try_get("reason_before")?)?),
            None => None,
        },
    })
}

/// The counts of a part by the rows of its items and volumes. A name that begins with a colon is that
/// of something that was not found, which is missing without having been an item. A sending has no
/// items of its own: its counts are those of the manifest that it sends.
const SETTLE_COUNTS: &str = "UPDATE part SET \
     (items, items_missing, read_bytes, kept_bytes) = (SELECT \
     COUNT(CASE WHEN entry_name NOT LIKE ':%' THEN 1 END), \
     COUNT(CASE WHEN outcome IN ('partial', 'missing') THEN 1 END), \
     COALESCE(SUM(read_bytes), 0), COALESCE(SUM(kept_bytes), 0) \
     FROM item WHERE collection_id = $1 AND part = $2), \
     packed_bytes = (SELECT COALESCE(SUM(packed_bytes), 0) \
     FROM volume WHERE collection_id = $1 AND part = $2) \
     WHERE collection_id = $1 AND position = $2 \
     AND (SELECT saved_id FROM collection WHERE id = $1) IS NULL";

impl Store {
    /// Adds the parts of a collection; those that are there already stay as they are.
    pub async fn insert_parts(&self, id: CollectionId, parts: &[PartRow]) -> StoreResult<()> {
        let mut transaction = self.writer.begin().await?;
        for part in parts {
            sqlx::query(
                "INSERT INTO part (collection_id, position, node, role, state, reason, items_planned, \
                 planned_bytes) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                 ON CONFLICT (collection_id, position) DO NOTHING",
            )
            .bind(id.to_string())
            .bind(part.position)
            .bind(&part.node)
            .bind(&part.role)
            .bind(part.state.code())
            .bind(part.state.reason().map(serde_json::to_string).transpose()?)
            .bind(signed(part.items_planned))
            .bind(signed(part.planned_bytes))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn parts(&self, id: CollectionId) -> StoreResult<Vec<PartRow>> {
        Ok(
            sqlx::query_as("SELECT * FROM part WHERE collection_id = $1 ORDER BY position")
                .bind(id.to_string())
                .fetch_all(&self.readers)
                .await?,
        )
    }

    /// With the state that a part ends in, its counts become those of its items and volumes: what was
    /// counted on the way may have been lost with a process that was killed.
    pub async fn set_part_state(
        &self,
        id: CollectionId,
        position: u32,
        state: &PartState,
    ) -> StoreResult<()> {
        let now = micros(Utc::now());
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "UPDATE part SET state = $3, reason = $4, started_at = COALESCE(started_at, $5), \
             ended_at = $6 WHERE collection_id = $1 AND position = $2",
        )
        .bind(id.to_string())
        .bind(position)
        .bind(state.code())
        .bind(state.reason().map(serde_json::to_string).transpose()?)
        .bind(now)
        .bind(state.is_final().then_some(now))
        .execute(&mut *transaction)
        .await?;
        if state.is_final() {
            sqlx::query(SETTLE_COUNTS)
                .bind(id.to_string())
                .bind(position)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query("UPDATE collection SET version = version + 1 WHERE id = $1")
            .bind(id.to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers that all of a part was read and sealed, so that a restart reads nothing again. Its
    /// last volume, where there is one, is sealed by the same transaction: a restart in between would
    /// say once more what is missing. A part with a lost volume is not collected.
    pub async fn set_part_collected(
        &self,
        id: CollectionId,
        position: u32,
        last: Option<&Seal<'_>>,
    ) -> StoreResult<()> {
        let mut transaction = self.writer.begin().await?;
        if let Some(last) = last {
            last.set(&mut transaction).await?;
        }
        let collected = sqlx::query(
            "UPDATE part SET collected_at = $3 WHERE collection_id = $1 AND position = $2 \
             AND NOT EXISTS (SELECT 1 FROM volume \
             WHERE collection_id = $1 AND part = $2 AND sealed_at IS NULL)",
        )
        .bind(id.to_string())
        .bind(position)
        .bind(micros(Utc::now()))
        .execute(&mut *transaction)
        .await?;
        if collected.rows_affected() == 1 {
            // what was missing and has not been met again is not missed any more
            sqlx::query(
                "DELETE FROM item WHERE collection_id = $1 AND part = $2 \
                 AND outcome IN ('partial', 'missing') AND outcome = 'missing' AND again = 1",
            )
            .bind(id.to_string())
            .bind(position)
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn set_part_plan(
        &self,
        id: CollectionId,
        position: u32,
        items: u64,
        bytes: u64,
    ) -> StoreResult<()> {
        sqlx::query(
            "UPDATE part SET items_planned = $3, planned_bytes = $4 WHERE collection_id = $1 AND position = $2",
        )
        .bind(id.to_string())
        .bind(position)
        .bind(signed(items))
        .bind(signed(bytes))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Remembers how far parts are; those that have ended are left alone.
    pub async fn set_part_counts(
        &self,
        id: CollectionId,
        counts: &[(u32, PartCounts)],
    ) -> StoreResult<()> {
        let mut transaction = self.writer.begin().await?;
        for (position, counts) in counts {
            sqlx::query(
                "UPDATE part SET items = $3, items_missing = $4, read_bytes = $5, kept_bytes = $6, \
                 packed_bytes = $7 \
                 WHERE collection_id = $1 AND position = $2 AND ended_at IS NULL",
            )
            .bind(id.to_string())
            .bind(position)
            .bind(signed(counts.items))
            .bind(signed(counts.items_missing))
            .bind(signed(counts.read_bytes))
            .bind(signed(counts.kept_bytes))
            .bind(signed(counts.packed_bytes))
            .execute(&mut *transaction)
            .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}
