//! Volumes and the ledger: what was staged, sealed, committed.

use chrono::{DateTime, Utc};
use domain::CollectionId;
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row, SqliteConnection};
use uuid::Uuid;

use super::{Store, StoreResult, before, micros, moment, signed, unsigned};

/// A volume of a bundle, or a manifest (`part` is `None`).
#[derive(Clone, Debug)]
pub struct VolumeRow {
    pub id: Uuid,
    pub part: Option<u32>,
    /// Its path below the collection's folder.
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub packed_bytes: u64,
    /// SHA-256 in hexadecimal, once it is sealed.
    pub sha256: Option<String>,
    pub commit_started_at: Option<DateTime<Utc>>,
    pub delivered_at: Option<DateTime<Utc>>,
}

/// A block that the destination has confirmed as staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerBlock {
    pub number: u32,
    pub size_bytes: u64,
    /// SHA-256 in hexadecimal, of the volume from its beginning to this block's end: that names the
    /// block as well, and the volume is hashed on its way anyway.
    pub sha256_up_to_end: String,
}

/// Says that a volume is whole, and what it must be wherever it goes.
#[derive(Clone, Copy, Debug)]
pub struct Seal<'s> {
    pub volume: Uuid,
    pub packed_bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: &'s str,
}

impl Seal<'_> {
    pub(super) async fn set(&self, connection: &mut SqliteConnection) -> StoreResult<()> {
        sqlx::query(
            "UPDATE volume SET packed_bytes = $2, sha256 = $3, sealed_at = $4 WHERE id = $1",
        )
        .bind(self.volume.to_string())
        .bind(signed(self.packed_bytes))
        .bind(self.sha256)
        .bind(micros(Utc::now()))
        .execute(connection)
        .await?;
        Ok(())
    }
}

impl VolumeRow {
    /// Whether no byte of it will change any more.
    #[must_use]
    pub const fn is_sealed(&self) -> bool {
        self.sha256.is_some()
    }

    /// A volume that nothing has been written to yet.
    #[must_use]
    pub fn begun(part: Option<u32>, name: String) -> Self {
        Self {
            id: Uuid::now_v7(),
            part,
            name,
            created_at: Utc::now(),
            packed_bytes: 0,
            sha256: None,
            commit_started_at: None,
            delivered_at: None,
        }
    }
}

impl FromRow<'_, SqliteRow> for VolumeRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let id: String = row.try_get("id")?;
        Ok(Self {
            id: Uuid::parse_str(&id).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            part: row.try_get("part")?,
            name: row.try_get("name")?,
            created_at: moment(row.try_get("created_at")?),
            packed_bytes: unsigned(row.try_get("packed_bytes")?),
            sha256: row.try_get("sha256")?,
            commit_started_at: row
                .try_get::<Option<i64>, _>("commit_started_at")?
                .map(moment),
            delivered_at: row.try_get::<Option<i64>, _>("delivered_at")?.map(moment),
        })
    }
}

impl FromRow<'_, SqliteRow> for LedgerBlock {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            number: row.try_get("number")?,
            size_bytes: unsigned(row.try_get("size_bytes")?),
            sha256_up_to_end: row.try_get("sha256")?,
        })
    }
}

impl Store {
    pub async fn insert_volume(
        &self,
        collection: CollectionId,
        volume: &VolumeRow,
    ) -> StoreResult<()> {
        sqlx::query("INSERT INTO volume (id, collection_id, part, name, created_at) VALUES ($1, $2, $3, $4, $5)")
            .bind(volume.id.to_string())
            .bind(collection.to_string())
            .bind(volume.part)
            .bind(&volume.name)
            .bind(micros(Utc::now()))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// All volumes of a collection, in the order in which they were begun.
    pub async fn volumes(&self, collection: CollectionId) -> StoreResult<Vec<VolumeRow>> {
        Ok(sqlx::query_as(
            "SELECT * FROM volume WHERE collection_id = $1 ORDER BY created_at, name",
        )
        .bind(collection.to_string())
        .fetch_all(&self.readers)
        .await?)
    }

    pub async fn seal_volume(&self, seal: &Seal<'_>) -> StoreResult<()> {
        seal.set(&mut *self.writer.acquire().await?).await
    }

    /// Forgets volumes of which nothing is left, here or at the destination, with their items.
    pub async fn drop_volumes(&self, ids: &[Uuid]) -> StoreResult<()> {
        let mut transaction = self.writer.begin().await?;
        for id in ids {
            before::forget_content(&mut transaction, *id).await?;
            sqlx::query("DELETE FROM volume WHERE id = $1")
                .bind(id.to_string())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets what was in a volume that was given up, or lost before it was delivered. The volume
    /// stays, unsealed, until the destination holds nothing of it either. So its part is not
    /// collected, even where the last volume of that is sealed only now.
    pub async fn empty_volume(&self, id: Uuid) -> StoreResult<()> {
        let mut transaction = self.writer.begin().await?;
        before::forget_content(&mut transaction, id).await?;
        for statement in [
            "DELETE FROM block WHERE volume_id = $1",
            "UPDATE volume SET sealed_at = NULL, sha256 = NULL, packed_bytes = 0, \
             commit_started_at = NULL WHERE id = $1",
        ] {
            sqlx::query(statement)
                .bind(id.to_string())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    pub async fn record_block(&self, volume: Uuid, block: &LedgerBlock) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO block (volume_id, number, size_bytes, sha256, staged_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (volume_id, number) DO UPDATE SET size_bytes = excluded.size_bytes, \
             sha256 = excluded.sha256, staged_at = excluded.staged_at",
        )
        .bind(volume.to_string())
        .bind(block.number)
        .bind(signed(block.size_bytes))
        .bind(&block.sha256_up_to_end)
        .bind(micros(Utc::now()))
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Blocks of a volume that were staged at or after `fresh`.
    pub async fn blocks(
        &self,
        volume: Uuid,
        fresh: DateTime<Utc>,
    ) -> StoreResult<Vec<LedgerBlock>> {
        Ok(sqlx::query_as(
            "SELECT number, size_bytes, sha256 FROM block \
             WHERE volume_id = $1 AND staged_at >= $2 ORDER BY number",
        )
        .bind(volume.to_string())
        .bind(micros(fresh))
        .fetch_all(&self.readers)
        .await?)
    }

    pub async fn forget_blocks(&self, volume: Uuid) -> StoreResult<()> {
        sqlx::query("DELETE FROM block WHERE volume_id = $1")
            .bind(volume.to_string())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Remembers that a volume is about to become visible at the destination of this version.
    /// Answers `false` where the collection has another destination by now.
    pub async fn start_commit(&self, volume: Uuid, destination_version: u64) -> StoreResult<bool> {
        let started = sqlx::query(
            "UPDATE volume SET commit_started_at = COALESCE(commit_started_at, $2) WHERE id = $1 \
             AND EXISTS (SELECT 1 FROM collection \
             WHERE id = volume.collection_id AND destination_version = $3)",
        )
        .bind(volume.to_string())
        .bind(micros(Utc::now()))
        .bind(signed(destination_version))
        .execute(&self.writer)
        .await?;
        Ok(started.rows_affected() == 1)
    }

    /// The destination has confirmed the whole volume; its ledger has done its duty.
    pub async fn finish_volume(&self, volume: Uuid) -> StoreResult<()> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query("UPDATE volume SET delivered_at = $2 WHERE id = $1")
            .bind(volume.to_string())
            .bind(micros(Utc::now()))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM block WHERE volume_id = $1")
            .bind(volume.to_string())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Bytes that the destination has confirmed for each part, staged ones included.
    pub async fn delivered_by_part(
        &self,
        collection: CollectionId,
    ) -> StoreResult<Vec<(Option<u32>, u64)>> {
        let rows = sqlx::query(
            "SELECT part, SUM(CASE WHEN delivered_at IS NULL THEN \
             (SELECT COALESCE(SUM(size_bytes), 0) FROM block WHERE volume_id = volume.id) \
             ELSE packed_bytes END) AS bytes FROM volume WHERE collection_id = $1 GROUP BY part",
        )
        .bind(collection.to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("part")?, unsigned(row.try_get("bytes")?))))
            .collect()
    }
}
