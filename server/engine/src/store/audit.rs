//! Who did what to what, when, from where. Entries are only ever added.

use chrono::Utc;
use domain::people::Actor;
use sqlx::SqliteConnection;

use super::{StoreResult, micros};

/// One entry to add; it is written in the transaction of what it tells about.
#[derive(Clone, Copy, Debug)]
pub struct AuditEntry<'a> {
    pub actor: &'a Actor,
    /// In the form `collection.start`.
    pub action: &'static str,
    /// The id or name of what was acted on.
    pub subject: &'a str,
    pub detail: Option<&'a str>,
}

pub(super) async fn add(
    connection: &mut SqliteConnection,
    entry: AuditEntry<'_>,
) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO audit (at, actor, address, action, subject, detail) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(micros(Utc::now()))
    .bind(&entry.actor.name)
    .bind(&entry.actor.address)
    .bind(entry.action)
    .bind(entry.subject)
    .bind(entry.detail)
    .execute(connection)
    .await?;
    Ok(())
}
