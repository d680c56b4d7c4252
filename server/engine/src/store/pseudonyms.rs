//! Pseudonyms of a collection and the sealed values that they stand for.

use domain::CollectionId;
use domain::people::Actor;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::{AuditEntry, Store, StoreResult, audit};

/// Rows of one statement: SQLite takes 32,766 values in one.
const ROWS_AT_ONCE: usize = 500;

/// A pseudonym as stored.
#[derive(Clone, Debug)]
pub struct PseudonymRow {
    pub pseudonym: String,
    pub hash: String,
    pub sealed: Vec<u8>,
}

impl Store {
    /// The sealed key of a collection's pseudonyms: the one stored, or else this one from now on.
    pub async fn pseudonym_key(
        &self,
        collection: CollectionId,
        new: &[u8],
    ) -> StoreResult<Vec<u8>> {
        let row = sqlx::query(
            "INSERT INTO pseudonym_key (collection_id, sealed) VALUES ($1, $2) \
             ON CONFLICT (collection_id) DO UPDATE SET sealed = pseudonym_key.sealed RETURNING sealed",
        )
        .bind(collection.to_string())
        .bind(new)
        .fetch_one(&self.writer)
        .await?;
        Ok(row.try_get("sealed")?)
    }

    /// All pseudonyms that were given in a collection.
    pub async fn pseudonyms(&self, collection: CollectionId) -> StoreResult<Vec<String>> {
        Ok(
            sqlx::query_scalar("SELECT pseudonym FROM pseudonym WHERE collection_id = $1")
                .bind(collection.to_string())
                .fetch_all(&self.readers)
                .await?,
        )
    }

    pub async fn find_pseudonym(
        &self,
        collection: CollectionId,
        pseudonym: &str,
    ) -> StoreResult<Option<PseudonymRow>> {
        let row = sqlx::query(
            "SELECT pseudonym, hash, sealed FROM pseudonym \
             WHERE collection_id = $1 AND pseudonym = $2",
        )
        .bind(collection.to_string())
        .bind(pseudonym)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(PseudonymRow {
                pseudonym: row.try_get("pseudonym")?,
                hash: row.try_get("hash")?,
                sealed: row.try_get("sealed")?,
            })
        })
        .transpose()
    }

    /// Adds pseudonyms; those that are there stay.
    pub async fn add_pseudonyms(
        &self,
        collection: CollectionId,
        rows: &[PseudonymRow],
    ) -> StoreResult<()> {
        let id = collection.to_string();
        let mut transaction = self.writer.begin().await?;
        for rows in rows.chunks(ROWS_AT_ONCE) {
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO pseudonym (collection_id, pseudonym, hash, sealed) ",
            );
            insert.push_values(rows, |mut values, row| {
                values
                    .push_bind(&id)
                    .push_bind(&row.pseudonym)
                    .push_bind(&row.hash)
                    .push_bind(&row.sealed);
            });
            insert.push(" ON CONFLICT DO NOTHING");
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Records that somebody was told what a pseudonym stands for.
    pub async fn note_look_up(
        &self,
        collection: CollectionId,
        pseudonym: &str,
        actor: &Actor,
    ) -> StoreResult<()> {
        let detail = Some(pseudonym);
        self.note(collection, "pseudonym.look_up", detail, actor)
            .await
    }

    /// Records that somebody asked for a pseudonym that was never given.
    pub async fn note_vain_look_up(
        &self,
        collection: CollectionId,
        quoted: Option<&str>,
        actor: &Actor,
    ) -> StoreResult<()> {
        self.note(collection, "pseudonym.look_up_failed", quoted, actor)
            .await
    }

    async fn note(
        &self,
        collection: CollectionId,
        action: &'static str,
        detail: Option<&str>,
        actor: &Actor,
    ) -> StoreResult<()> {
        let subject = collection.to_string();
        let mut transaction = self.writer.begin().await?;
        let entry = AuditEntry {
            actor,
            action,
            subject: &subject,
            detail,
        };
        audit::add(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }
}
