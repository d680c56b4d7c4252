//! The history: pages of collections, newest first, and events for whoever watches.

use domain::views::{CollectionEvent, CollectionSummary, HistoryFilter, HistoryKey, HistoryPage};
use domain::{CollectionId, CollectionState};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::{CollectionRow, Store, StoreResult, unsigned};

struct SummaryRow(CollectionSummary);

impl FromRow<'_, SqliteRow> for SummaryRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let collection = CollectionRow::from_row(row)?;
        let count = |column| row.try_get::<i64, _>(column).map(unsigned);
        Ok(Self(CollectionSummary {
            id: collection.id,
            created_at: collection.created_at,
            state: collection.state,
            state_detail: collection.state_detail,
            kind: collection.kind,
            window: collection.window,
            asked_by: collection.asked_by,
            destination: collection.destination.summary,
            parts: count("parts")?,
            parts_ended: count("parts_ended")?,
            parts_with_gaps: count("parts_with_gaps")?,
            delivered_bytes: count("delivered_bytes")?,
        }))
    }
}

/// Ids are of version 7, so that their order is that of time.
macro_rules! summaries {
    ($conditions:literal) => {
        concat!(
            "SELECT collection.*, ",
            "(SELECT COUNT(*) FROM part WHERE collection_id = collection.id) AS parts, ",
            "(SELECT COUNT(*) FROM part WHERE collection_id = collection.id AND state NOT IN ",
            "('pending', 'collecting', 'delivering')) AS parts_ended, ",
            "(SELECT COUNT(*) FROM part WHERE collection_id = collection.id AND state IN ",
            "('partial', 'truncated', 'failed')) AS parts_with_gaps, ",
            "(SELECT COALESCE(SUM(packed_bytes), 0) FROM volume WHERE collection_id = collection.id ",
            "AND delivered_at IS NOT NULL) AS delivered_bytes FROM collection WHERE ",
            $conditions
        )
    };
}

impl Store {
    /// One page of at most `limit` rows, strictly older than `before`.
    pub async fn history(
        &self,
        filter: HistoryFilter,
        before: Option<HistoryKey>,
        limit: u32,
    ) -> StoreResult<HistoryPage> {
        let (state, kind) = (
            filter.state.map(CollectionState::code),
            filter.kind.map(|kind| kind.code()),
        );
        let rows = sqlx::query(summaries!(
            "($1 IS NULL OR state = $1) AND ($2 IS NULL OR kind = $2) AND ($3 IS NULL OR id < $3) \
             ORDER BY id DESC LIMIT $4"
        ))
        .bind(state)
        .bind(kind)
        .bind(before.map(|key| key.id.to_string()))
        .bind(i64::from(limit) + 1)
        .fetch_all(&self.readers)
        .await?;
        let total: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM collection WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR kind = $2)",
        )
        .bind(state)
        .bind(kind)
        .fetch_one(&self.readers)
        .await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        let rows = &rows[..rows.len().min(limit)];
        let last: Option<String> = rows.last().map(|row| row.try_get("id")).transpose()?;
        let older = last.filter(|_| more).and_then(|id| {
            Some(HistoryKey {
                id: id.parse().ok()?,
            })
        });
        let rows = self.readable::<SummaryRow>(rows);
        let rows = rows.into_iter().map(|row| row.0).collect();
        Ok(HistoryPage {
            rows,
            total: unsigned(total),
            older,
            has_newer: before.is_some(),
        })
    }

    pub async fn summary(&self, id: CollectionId) -> StoreResult<Option<CollectionSummary>> {
        let row: Option<SummaryRow> = sqlx::query_as(summaries!("id = $1"))
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        Ok(row.map(|row| row.0))
    }

    /// The newest one that has ended.
    pub async fn last_ended(&self) -> StoreResult<Option<CollectionSummary>> {
        let rows = sqlx::query(summaries!(
            "state NOT IN ('queued', 'in_progress', 'waiting') ORDER BY id DESC LIMIT 1"
        ))
        .fetch_all(&self.readers)
        .await?;
        let row = self.readable::<SummaryRow>(&rows).pop();
        Ok(row.map(|row| row.0))
    }

    /// Those that run or wait for their destination, then those queued, oldest first.
    pub async fn unfinished_summaries(&self) -> StoreResult<Vec<CollectionSummary>> {
        let rows = sqlx::query(summaries!(
            "state IN ('queued', 'in_progress', 'waiting') \
             ORDER BY CASE state WHEN 'queued' THEN 1 ELSE 0 END, id"
        ))
        .fetch_all(&self.readers)
        .await?;
        let rows = self.readable::<SummaryRow>(&rows);
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// Versions of the collections that have not ended or were the last to be made.
    pub async fn versions(&self) -> StoreResult<Vec<CollectionEvent>> {
        let rows = sqlx::query(
            "SELECT id, version FROM collection WHERE state IN ('queued', 'in_progress', 'waiting') \
             UNION SELECT id, version FROM collection WHERE ended_at > $1 \
             UNION SELECT id, version FROM (SELECT id, version FROM collection ORDER BY id DESC LIMIT 50)",
        )
        .bind(super::micros(chrono::Utc::now() - chrono::TimeDelta::minutes(1)))
        .fetch_all(&self.readers)
        .await?;
        Ok(rows
            .iter()
            .filter_map(|row| {
                let id: CollectionId = row.try_get::<String, _>("id").ok()?.parse().ok()?;
                Some(CollectionEvent {
                    id,
                    version: unsigned(row.try_get("version").ok()?),
                })
            })
            .collect())
    }

    /// How many collections are in each state.
    pub async fn state_counts(&self) -> StoreResult<Vec<(String, u64)>> {
        let rows = sqlx::query(
            "SELECT state, COUNT(*) AS count FROM collection GROUP BY state ORDER BY state",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| Ok((row.try_get("state")?, unsigned(row.try_get("count")?))))
            .collect()
    }

    pub async fn delivered_bytes_total(&self) -> StoreResult<u64> {
        let total: i64 = sqlx::query_scalar(
            "SELECT COALESCE(SUM(packed_bytes), 0) FROM volume WHERE delivered_at IS NOT NULL",
        )
        .fetch_one(&self.readers)
        .await?;
        Ok(unsigned(total))
    }

    /// The consent that a collection rests on.
    pub async fn collection_consent(
        &self,
        id: CollectionId,
    ) -> StoreResult<Option<domain::settings::ConsentView>> {
        let row =
            sqlx::query("SELECT version, given_by, given_at FROM consent WHERE collection_id = $1")
                .bind(id.to_string())
                .fetch_optional(&self.readers)
                .await?;
        row.map(|row| {
            Ok(domain::settings::ConsentView {
                version: row.try_get("version")?,
                given_by: row.try_get("given_by")?,
                given_at: super::moment(row.try_get("given_at")?),
            })
        })
        .transpose()
    }
}
