//! What earlier collections came to, for estimates of the next one.

use std::collections::BTreeMap;

use domain::RoleName;
use sqlx::Row;

use super::{Store, StoreResult, unsigned};

/// Collections that are looked back on.
const RECENT: i64 = 30;
/// Parts that read less say nothing of speed: they are over before they have begun.
const TELLING_READ_BYTES: i64 = 1024 * 1024;

/// What the latest collections came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Bytes kept and what they were packed to, by role.
    packed: BTreeMap<RoleName, (u64, u64)>,
    /// Bytes a second that were read, cleaned and packed.
    pub reading_rate: Option<u64>,
}

impl Past {
    /// What a role's logs were packed to, in thousandths, where at least `telling` bytes say so.
    #[must_use]
    pub fn packed_permille(&self, role: &RoleName, telling: u64) -> Option<u64> {
        let (kept, packed) = *self.packed.get(role)?;
        (kept >= telling.max(1))
            .then(|| u128::from(packed) * 1000 / u128::from(kept))
            .and_then(|permille| u64::try_from(permille).ok())
    }
}

impl Store {
    pub async fn past(&self) -> StoreResult<Past> {
        let rows = sqlx::query(
            "SELECT role, SUM(kept_bytes) AS kept, SUM(packed_bytes) AS packed FROM part \
             WHERE collected_at IS NOT NULL AND collection_id IN \
             (SELECT id FROM collection ORDER BY id DESC LIMIT $1) GROUP BY role",
        )
        .bind(RECENT)
        .fetch_all(&self.readers)
        .await?;
        let packed = rows
            .iter()
            .map(|row| {
                let role = RoleName(row.try_get("role")?);
                let bytes = |column| row.try_get::<i64, _>(column).map(unsigned);
                Ok((role, (bytes("kept")?, bytes("packed")?)))
            })
            .collect::<StoreResult<_>>()?;
        // a retry's time begins with the first try's
        let speed = sqlx::query(
            "SELECT SUM(read_bytes) AS bytes, SUM(collected_at - started_at) AS micros FROM part \
             WHERE collected_at > started_at AND read_bytes >= $1 AND collection_id IN \
             (SELECT id FROM collection WHERE requeued_at IS NULL ORDER BY id DESC LIMIT $2)",
        )
        .bind(TELLING_READ_BYTES)
        .bind(RECENT)
        .fetch_one(&self.readers)
        .await?;
        let bytes: Option<i64> = speed.try_get("bytes")?;
        let micros: Option<i64> = speed.try_get("micros")?;
        let reading_rate = bytes.zip(micros).and_then(|(bytes, micros)| {
            let rate =
                u128::from(unsigned(bytes)) * 1_000_000 / u128::from(unsigned(micros).max(1));
            u64::try_from(rate).ok().filter(|rate| *rate > 0)
        });
        Ok(Past {
            packed,
            reading_rate,
        })
    }
}
