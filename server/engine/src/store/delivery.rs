//! What concerns delivery alone: pauses, the bandwidth limit, the measured speed of the link.

use chrono::{TimeDelta, Utc};
use domain::CollectionId;
use domain::people::Actor;
use sqlx::Row;

use super::{AuditEntry, Store, StoreResult, audit, micros, signed, unsigned};

/// How long a measurement of the link counts.
const SPEED_COUNTS_FOR: TimeDelta = TimeDelta::days(7);
/// The newest measurements that count.
const SPEED_ROWS: i64 = 20;

/// What the collection shows while it is paused.
#[must_use]
pub fn paused_reason(by: &str) -> String {
    format!("paused by {by}")
}

impl Store {
    /// Pauses a collection that runs. Answers `false` where it does not run or is paused already.
    pub async fn pause_collection(&self, id: CollectionId, actor: &Actor) -> StoreResult<bool> {
        let subject = id.to_string();
        let mut transaction = self.writer.begin().await?;
        let paused = sqlx::query(
            "UPDATE collection SET paused_by = $2, state = 'waiting', state_detail = $3, \
             version = version + 1 \
             WHERE id = $1 AND state IN ('in_progress', 'waiting') AND paused_by IS NULL",
        )
        .bind(&subject)
        .bind(&actor.name)
        .bind(paused_reason(&actor.name))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        if paused == 1 {
            let entry = AuditEntry {
                actor,
                action: "collection.pause",
                subject: &subject,
                detail: None,
            };
            audit::add(&mut transaction, entry).await?;
        }
        transaction.commit().await?;
        Ok(paused == 1)
    }

    /// Ends a pause. Answers `false` where there is none.
    pub async fn resume_collection(&self, id: CollectionId, actor: &Actor) -> StoreResult<bool> {
        let subject = id.to_string();
        let mut transaction = self.writer.begin().await?;
        // whoever runs it says again what it waits for, where it still does
        let resumed = sqlx::query(
            "UPDATE collection SET paused_by = NULL, state = 'in_progress', state_detail = NULL, \
             version = version + 1 \
             WHERE id = $1 AND state IN ('in_progress', 'waiting') AND paused_by IS NOT NULL",
        )
        .bind(&subject)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        if resumed == 1 {
            let entry = AuditEntry {
                actor,
                action: "collection.resume",
                subject: &subject,
                detail: None,
            };
            audit::add(&mut transaction, entry).await?;
        }
        transaction.commit().await?;
        Ok(resumed == 1)
    }

    /// The bandwidth limit that somebody has set, in bytes a second; `None`: that of the
    /// configuration holds.
    pub async fn bandwidth_limit(&self) -> StoreResult<Option<u64>> {
        let limit: Option<i64> =
            sqlx::query_scalar("SELECT bandwidth_limit FROM delivery_settings WHERE id = 1")
                .fetch_optional(&self.readers)
                .await?;
        Ok(limit.map(unsigned))
    }

    pub async fn set_bandwidth_limit(
        &self,
        limit: u64,
        detail: &str,
        actor: &Actor,
    ) -> StoreResult<()> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "INSERT INTO delivery_settings (id, bandwidth_limit, changed_at, changed_by) \
             VALUES (1, $1, $2, $3) ON CONFLICT (id) DO UPDATE SET \
             bandwidth_limit = excluded.bandwidth_limit, changed_at = excluded.changed_at, \
             changed_by = excluded.changed_by",
        )
        .bind(signed(limit))
        .bind(micros(Utc::now()))
        .bind(&actor.name)
        .execute(&mut *transaction)
        .await?;
        let entry = AuditEntry {
            actor,
            action: "delivery.bandwidth_limit",
            subject: "delivery",
            detail: Some(detail),
        };
        audit::add(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Remembers how many bytes a run has staged in how many microseconds of being at it.
    pub async fn record_link_speed(&self, bytes: u64, busy: u64) -> StoreResult<()> {
        let now = Utc::now();
        let mut transaction = self.writer.begin().await?;
        sqlx::query("INSERT INTO link_speed (measured_at, bytes, busy) VALUES ($1, $2, $3)")
            .bind(micros(now))
            .bind(signed(bytes))
            .bind(signed(busy))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("DELETE FROM link_speed WHERE measured_at < $1")
            .bind(micros(now - SPEED_COUNTS_FOR))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Bytes a second over the last runs; `None` where there is no measurement that still counts.
    pub async fn link_speed(&self) -> StoreResult<Option<u64>> {
        let row = sqlx::query(
            "SELECT COALESCE(SUM(bytes), 0) AS bytes, COALESCE(SUM(busy), 0) AS busy FROM \
             (SELECT bytes, busy FROM link_speed WHERE measured_at >= $1 \
              ORDER BY measured_at DESC LIMIT $2) AS newest",
        )
        .bind(micros(Utc::now() - SPEED_COUNTS_FOR))
        .bind(SPEED_ROWS)
        .fetch_one(&self.readers)
        .await?;
        let (bytes, busy) = (
            unsigned(row.try_get("bytes")?),
            unsigned(row.try_get("busy")?),
        );
        let speed = u128::from(bytes) * 1_000_000 / u128::from(busy.max(1));
        Ok((busy > 0).then(|| u64::try_from(speed).unwrap_or(u64::MAX)))
    }

    pub async fn set_pace(
        &self,
        id: CollectionId,
        delivery_rate: u64,
        seconds_left: Option<u64>,
    ) -> StoreResult<()> {
        sqlx::query(
            "UPDATE collection SET delivery_rate = $2, seconds_left = $3, version = version + 1 WHERE id = $1",
        )
        .bind(id.to_string())
        .bind(signed(delivery_rate))
        .bind(seconds_left.map(signed))
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}
