//! Collections: the request, its state and who runs it.

use chrono::{DateTime, Utc};
use domain::consent::{self, ConsentScope};
use domain::people::Actor;
use domain::{
    CollectionId, CollectionKind, CollectionState, DestinationKind, DestinationSummary, SourceKind,
    Window,
};
use serde::{Deserialize, Serialize};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::{
    AuditEntry, SavedIn, Store, StoreError, StoreResult, VolumeRow, audit, before, known, micros,
    moment, unsigned,
};
use crate::config::{Compression, RoleConfig};
use crate::limits::Budgets;

/// The request as it was understood, kept so that a restart continues what was agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectiveRequest {
    /// Without secrets: see [`NewCollection::sealed_roles`].
    pub roles: Vec<RoleConfig>,
    /// Empty: all kinds.
    pub kinds: Vec<SourceKind>,
    pub zone: chrono_tz::Tz,
    pub compression: Compression,
    pub volume_size_bytes: u64,
    #[serde(default)]
    pub budgets: Budgets,
    /// Whether identifiers give way to pseudonyms.
    #[serde(default)]
    pub identifiers: bool,
}

/// A destination as stored: what may be shown, and the sealed secret.
#[derive(Clone, Debug)]
pub struct StoredDestination {
    pub summary: DestinationSummary,
    pub secret: Option<Vec<u8>>,
}

/// A collection to be queued.
#[derive(Debug)]
pub struct NewCollection<'a> {
    pub id: CollectionId,
    pub kind: CollectionKind,
    pub actor: &'a Actor,
    pub owner: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub node: &'a str,
    pub window: Window,
    pub request: &'a EffectiveRequest,
    /// The roles as they are configured, sealed, where they hold secrets that the request's do not.
    pub sealed_roles: Option<&'a [u8]>,
    pub folder: &'a str,
    pub destination: &'a StoredDestination,
    /// `None`: logs are read.
    pub saved: Option<&'a SavedIn>,
}

/// A collection as stored.
#[derive(Clone, Debug)]
pub struct CollectionRow {
    pub id: CollectionId,
    pub kind: CollectionKind,
    pub state: CollectionState,
    pub state_detail: Option<String>,
    pub version: u64,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    pub owner: Option<Uuid>,
    pub asked_by: String,
    pub node: String,
    pub window: Window,
    pub request: EffectiveRequest,
    /// What of the request had to be cleaned; `None`: nothing.
    pub sealed_roles: Option<Vec<u8>>,
    pub folder: String,
    pub destination: StoredDestination,
    pub destination_version: u64,
    pub delivery_rate: u64,
    pub seconds_left: Option<u64>,
    /// When it was last taken up again.
    pub requeued_at: Option<DateTime<Utc>>,
    /// Who paused it.
    pub paused_by: Option<String>,
    /// Somebody has asked for its end.
    pub cancel_requested: bool,
    /// Where it is sent from; `None`: logs are read.
    pub saved: Option<SavedIn>,
}

impl CollectionRow {
    /// Where a volume lies below the container or directory.
    pub fn path_of(&self, volume: &VolumeRow) -> String {
        format!("{}/{}", self.folder, volume.name)
    }
}

/// What the runner looks at again and again while a collection runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signals {
    pub cancel_requested: bool,
    pub paused_by: Option<String>,
    pub destination_version: u64,
}

pub(super) fn destination(row: &SqliteRow) -> StoreResult<StoredDestination> {
    let kind: String = row.try_get("destination_kind")?;
    let permissions: Option<String> = row.try_get("destination_permissions")?;
    Ok(StoredDestination {
        summary: DestinationSummary {
            kind: known(DestinationKind::from_code(&kind), "destination", &kind)?,
            place: row.try_get("destination_place")?,
            permissions: permissions
                .map(|json| serde_json::from_str(&json))
                .transpose()?,
            expires_at: row
                .try_get::<Option<i64>, _>("destination_expires_at")?
                .map(moment),
        },
        secret: row.try_get("destination_secret")?,
    })
}

pub(super) fn permissions_json(summary: &DestinationSummary) -> StoreResult<Option<String>> {
    Ok(summary
        .permissions
        .as_ref()
        .map(serde_json::to_string)
        .transpose()?)
}

impl FromRow<'_, SqliteRow> for CollectionRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        decode(row).map_err(|error| match error {
            StoreError::Database(error) => error,
            other => sqlx::Error::Decode(Box::new(other)),
        })
    }
}

fn decode(row: &SqliteRow) -> StoreResult<CollectionRow> {
    let text = |column| row.try_get::<String, _>(column);
    let maybe_moment = |column| {
        row.try_get::<Option<i64>, _>(column)
            .map(|at| at.map(moment))
    };
    let (id, kind, state) = (text("id")?, text("kind")?, text("state")?);
    let bounds = (
        moment(row.try_get("window_start")?),
        moment(row.try_get("window_end")?),
    );
    Ok(CollectionRow {
        id: known(id.parse().ok(), "collection id", &id)?,
        kind: known(
            CollectionKind::from_code(&kind),
            "kind of collection",
            &kind,
        )?,
        state: known(
            CollectionState::from_code(&state),
            "state of a collection",
            &state,
        )?,
        state_detail: row.try_get("state_detail")?,
        version: unsigned(row.try_get("version")?),
        created_at: moment(row.try_get("created_at")?),
        started_at: maybe_moment("started_at")?,
        ended_at: maybe_moment("ended_at")?,
        owner: row
            .try_get::<Option<String>, _>("owner")?
            .and_then(|id| Uuid::parse_str(&id).ok()),
        asked_by: text("asked_by")?,
        node: text("node")?,
        window: known(
            Window::new(bounds.0, bounds.1).ok(),
            "window",
            &format!("{bounds:?}"),
        )?,
        request: serde_json::from_str(&text("effective_request")?)?,
        sealed_roles: row.try_get("sealed_roles")?,
        folder: text("folder")?,
        destination: destination(row)?,
        destination_version: unsigned(row.try_get("destination_version")?),
        delivery_rate: unsigned(row.try_get("delivery_rate")?),
        seconds_left: row.try_get::<Option<i64>, _>("seconds_left")?.map(unsigned),
        requeued_at: maybe_moment("requeued_at")?,
        paused_by: row.try_get("paused_by")?,
        cancel_requested: row
            .try_get::<Option<i64>, _>("cancel_requested_at")?
            .is_some(),
        saved: SavedIn::decode(row)?,
    })
}

impl Store {
    /// Queues a collection, with its consent and its audit entry, or nothing of these.
    pub async fn insert_collection(&self, new: &NewCollection<'_>) -> StoreResult<()> {
        let id = new.id.to_string();
        let summary = &new.destination.summary;
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "INSERT INTO collection (id, kind, state, created_at, owner, asked_by, node, window_start, \
             window_end, effective_request, folder, destination_kind, destination_place, \
             destination_permissions, destination_expires_at, destination_secret, saved_in, saved_id, \
             sealed_roles) \
             VALUES ($1, $2, 'queued', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
        )
        .bind(&id)
        .bind(new.kind.code())
        .bind(micros(new.created_at))
        .bind(new.owner.map(|owner| owner.to_string()))
        .bind(&new.actor.name)
        .bind(new.node)
        .bind(micros(new.window.start()))
        .bind(micros(new.window.end()))
        .bind(serde_json::to_string(new.request)?)
        .bind(new.folder)
        .bind(summary.kind.code())
        .bind(&summary.place)
        .bind(permissions_json(summary)?)
        .bind(summary.expires_at.map(micros))
        .bind(&new.destination.secret)
        .bind(new.saved.map(|saved| &saved.directory))
        .bind(new.saved.map(|saved| saved.id.to_string()))
        .bind(new.sealed_roles)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO consent (id, scope, version, given_by, given_at, collection_id) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(Uuid::now_v7().to_string())
        .bind(ConsentScope::Collection.code())
        .bind(consent::VERSION)
        .bind(&new.actor.name)
        .bind(micros(new.created_at))
        .bind(&id)
        .execute(&mut *transaction)
        .await?;
        let entry = AuditEntry {
            actor: new.actor,
            action: match new.saved {
                None => "collection.start",
                Some(_) => "collection.send",
            },
            subject: &id,
            detail: Some(&summary.place),
        };
        audit::add(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn find_collection(&self, id: CollectionId) -> StoreResult<Option<CollectionRow>> {
        Ok(sqlx::query_as("SELECT * FROM collection WHERE id = $1")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?)
    }

    /// Collections that have not ended: those begun first, then those queued, oldest first. One
    /// that this version cannot read (a later one may have written it) is named in the log, and
    /// stands in nobody's way.
    pub async fn unfinished_collections(&self) -> StoreResult<Vec<CollectionRow>> {
        let rows = sqlx::query(
            "SELECT * FROM collection WHERE state IN ('queued', 'in_progress', 'waiting') \
             ORDER BY CASE state WHEN 'queued' THEN 1 ELSE 0 END, id",
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(self.readable(&rows))
    }

    /// Takes a collection into progress in the name of `owner`.
    ///
    /// Answers `false` where it has ended or been taken by another in between.
    pub async fn claim_collection(
        &self,
        id: CollectionId,
        seen_owner: Option<Uuid>,
        owner: Uuid,
    ) -> StoreResult<bool> {
        let claimed = sqlx::query(
            "UPDATE collection SET owner = $3, \
             state = CASE WHEN paused_by IS NULL THEN 'in_progress' ELSE 'waiting' END, \
             state_detail = CASE WHEN paused_by IS NULL THEN NULL ELSE state_detail END, \
             started_at = COALESCE(started_at, $4), ended_at = NULL, version = version + 1 \
             WHERE id = $1 AND state IN ('queued', 'in_progress', 'waiting') \
             AND COALESCE(owner, '') = COALESCE($2, '')",
        )
        .bind(id.to_string())
        .bind(seen_owner.map(|owner| owner.to_string()))
        .bind(owner.to_string())
        .bind(micros(Utc::now()))
        .execute(&self.writer)
        .await?;
        Ok(claimed.rows_affected() == 1)
    }

    /// Between *in progress* and *waiting*; a collection that has ended stays as it is.
    pub async fn set_running_state(
        &self,
        id: CollectionId,
        waiting: Option<&str>,
    ) -> StoreResult<()> {
        let state = if waiting.is_some() {
            CollectionState::Waiting
        } else {
            CollectionState::InProgress
        };
        sqlx::query(
            "UPDATE collection SET state = $2, state_detail = $3, version = version + 1 \
             WHERE id = $1 AND state IN ('in_progress', 'waiting')",
        )
        .bind(id.to_string())
        .bind(state.code())
        .bind(waiting)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Ends a collection. Its SAS URL and the secrets of its roles are kept only where a retry may need
    /// them.
    pub async fn end_collection(
        &self,
        id: CollectionId,
        state: CollectionState,
        detail: Option<&str>,
    ) -> StoreResult<()> {
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "UPDATE collection SET state = $2, state_detail = $3, ended_at = $4, owner = NULL, \
             paused_by = NULL, delivery_rate = 0, seconds_left = NULL, version = version + 1, \
             destination_secret = CASE WHEN $2 IN ('complete', 'cancelled') THEN NULL \
             ELSE destination_secret END, \
             sealed_roles = CASE WHEN $2 IN ('complete', 'cancelled') THEN NULL \
             ELSE sealed_roles END WHERE id = $1",
        )
        .bind(id.to_string())
        .bind(state.code())
        .bind(detail)
        .bind(micros(Utc::now()))
        .execute(&mut *transaction)
        .await?;
        before::forget_before(&mut transaction, id).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Asks whoever runs it to stop. A queued one ends at once. Answers `false` where it had ended.
    pub async fn request_cancel(&self, id: CollectionId, actor: &Actor) -> StoreResult<bool> {
        let now = micros(Utc::now());
        let mut transaction = self.writer.begin().await?;
        let queued = sqlx::query(
            "UPDATE collection SET state = 'cancelled', state_detail = NULL, cancel_requested_at = $2, \
             ended_at = $2, owner = NULL, destination_secret = NULL, sealed_roles = NULL, \
             version = version + 1 \
             WHERE id = $1 AND state = 'queued' \
             AND started_at IS NULL",
        )
        .bind(id.to_string())
        .bind(now)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        let running = sqlx::query(
            "UPDATE collection SET cancel_requested_at = COALESCE(cancel_requested_at, $2), \
             version = version + 1 WHERE id = $1 AND state IN ('queued', 'in_progress', 'waiting')",
        )
        .bind(id.to_string())
        .bind(now)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        if queued + running > 0 {
            let subject = id.to_string();
            let entry = AuditEntry {
                actor,
                action: "collection.cancel",
                subject: &subject,
                detail: None,
            };
            audit::add(&mut transaction, entry).await?;
        }
        transaction.commit().await?;
        Ok(queued + running > 0)
    }

    pub async fn signals(&self, id: CollectionId) -> StoreResult<Signals> {
        let row = sqlx::query(
            "SELECT cancel_requested_at, destination_version, paused_by FROM collection WHERE id = $1",
        )
        .bind(id.to_string())
        .fetch_one(&self.readers)
        .await?;
        Ok(Signals {
            cancel_requested: row.try_get::<Option<i64>, _>(0)?.is_some(),
            destination_version: unsigned(row.try_get(1)?),
            paused_by: row.try_get(2)?,
        })
    }

    /// Queues an ended collection once more, under the budgets of today: those that it was cut by
    /// may have been raised for it. Answers `false` where it has not ended.
    pub async fn requeue_collection(
        &self,
        id: CollectionId,
        actor: &Actor,
        budgets: &Budgets,
    ) -> StoreResult<bool> {
        let mut transaction = self.writer.begin().await?;
        let requeued = sqlx::query(
            "UPDATE collection SET state = 'queued', state_detail = NULL, ended_at = NULL, \
             cancel_requested_at = NULL, requeued_at = $2, version = version + 1, \
             effective_request = json_set(effective_request, '$.budgets', json($3)) \
             WHERE id = $1 AND state IN ('partially_complete', 'failed')",
        )
        .bind(id.to_string())
        .bind(micros(Utc::now()))
        .bind(serde_json::to_string(budgets)?)
        .execute(&mut *transaction)
        .await?
        .rows_affected()
            == 1;
        if requeued {
            before::begin_retry(&mut transaction, id).await?;
            let subject = id.to_string();
            let entry = AuditEntry {
                actor,
                action: "collection.retry",
                subject: &subject,
                detail: None,
            };
            audit::add(&mut transaction, entry).await?;
        }
        transaction.commit().await?;
        Ok(requeued)
    }

    /// Stores another destination of the same kind; whoever runs the collection notices the version.
    ///
    /// With `other_container` the ledger starts anew, since its blocks were staged elsewhere. Answers
    /// `false` when the collection has ended meanwhile, or when a volume may already be in the old
    /// container.
    pub async fn replace_destination(
        &self,
        id: CollectionId,
        destination: &StoredDestination,
        other_container: bool,
        actor: &Actor,
    ) -> StoreResult<bool> {
        let subject = id.to_string();
        let mut transaction = self.writer.begin().await?;
        let replaced = sqlx::query(
            "UPDATE collection SET destination_place = $2, destination_permissions = $3, \
             destination_expires_at = $4, destination_secret = $5, \
             destination_version = destination_version + 1, version = version + 1 \
             WHERE id = $1 AND state NOT IN ('complete', 'cancelled') AND NOT ($6 AND EXISTS \
             (SELECT 1 FROM volume WHERE collection_id = $1 AND commit_started_at IS NOT NULL))",
        )
        .bind(&subject)
        .bind(&destination.summary.place)
        .bind(permissions_json(&destination.summary)?)
        .bind(destination.summary.expires_at.map(micros))
        .bind(&destination.secret)
        .bind(other_container)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
        if replaced == 0 {
            return Ok(false);
        }
        if other_container {
            sqlx::query(
                "DELETE FROM block WHERE volume_id IN \
                 (SELECT id FROM volume WHERE collection_id = $1 AND delivered_at IS NULL)",
            )
            .bind(&subject)
            .execute(&mut *transaction)
            .await?;
        }
        let entry = AuditEntry {
            actor,
            action: "collection.replace_sas",
            subject: &subject,
            detail: Some(&destination.summary.place),
        };
        audit::add(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
