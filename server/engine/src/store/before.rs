//! What a retry began from: remembered when it is queued, put back where it comes to nothing.

use domain::CollectionId;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::StoreResult;

/// What a gap is remembered by.
macro_rules! columns {
    () => {
        "collection_id, part, entry_name, label, kind, identity, outcome, reason, volume_id, \
         read_bytes, kept_bytes, taken_whole, redactions"
    };
}

/// Nothing is remembered of the collection `$1`.
const FORGET: &str = "DELETE FROM gap_before WHERE collection_id = $1";

/// Parts with gaps are open again, and what they miss is read again; `$1` is the collection. A part
/// that has none is left as it is.
const BEGIN: [&str; 5] = [
    "UPDATE item SET again = 1 WHERE collection_id = $1 AND outcome IN ('partial', 'missing')",
    FORGET,
    concat!(
        "INSERT INTO gap_before (",
        columns!(),
        ") SELECT ",
        columns!(),
        " FROM item WHERE collection_id = $1 AND outcome IN ('partial', 'missing')"
    ),
    "UPDATE part SET state_before = NULL, reason_before = NULL WHERE collection_id = $1",
    "UPDATE part SET state_before = state, reason_before = reason, state = 'pending', reason = NULL, \
     collected_at = NULL, ended_at = NULL \
     WHERE collection_id = $1 AND state IN ('failed', 'partial', 'truncated')",
];

/// Of what was in a volume nothing is left; `$1` is the volume. Its part has to be read again, and
/// misses until then what it missed before the retry.
const FORGET_CONTENT: [&str; 4] = [
    "UPDATE part SET collected_at = NULL WHERE EXISTS (SELECT 1 FROM volume \
     WHERE volume.id = $1 AND volume.collection_id = part.collection_id \
     AND volume.part = part.position)",
    "DELETE FROM item WHERE volume_id = $1",
    "UPDATE gap_before SET outcome = 'missing', volume_id = NULL, kept_bytes = 0, redactions = '{}' \
     WHERE volume_id = $1",
    concat!(
        "INSERT INTO item (",
        columns!(),
        ", again) SELECT ",
        columns!(),
        ", 1 FROM gap_before WHERE (collection_id, part) IN \
         (SELECT collection_id, part FROM volume WHERE id = $1) \
         ON CONFLICT (collection_id, part, entry_name) DO NOTHING"
    ),
];

pub(super) async fn begin_retry(
    connection: &mut SqliteConnection,
    id: CollectionId,
) -> StoreResult<()> {
    execute(connection, &BEGIN, &id.to_string()).await
}

pub(super) async fn forget_content(
    connection: &mut SqliteConnection,
    volume: Uuid,
) -> StoreResult<()> {
    execute(connection, &FORGET_CONTENT, &volume.to_string()).await
}

/// A collection that has ended is not taken back any more.
pub(super) async fn forget_before(
    connection: &mut SqliteConnection,
    id: CollectionId,
) -> StoreResult<()> {
    execute(connection, &[FORGET], &id.to_string()).await
}

/// One statement after the other, each of the same thing.
async fn execute(
    connection: &mut SqliteConnection,
    statements: &[&'static str],
    id: &str,
) -> StoreResult<()> {
    for statement in statements {
        sqlx::query(*statement)
            .bind(id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
