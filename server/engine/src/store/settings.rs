//! Settings of proactive collection, with the consent that enabling means.

use chrono::{DateTime, Utc};
use domain::consent::{self, ConsentScope};
use domain::people::Actor;
use domain::settings::ConsentView;
use sqlx::Row;
use uuid::Uuid;

use super::collections::{destination, permissions_json};
use super::{AuditEntry, Store, StoreResult, StoredDestination, audit, micros, moment};

/// The stored settings.
#[derive(Clone, Debug)]
pub struct ProactiveRow {
    pub enabled: bool,
    pub identifiers: bool,
    pub destination: StoredDestination,
    pub changed_at: DateTime<Utc>,
    pub changed_by: String,
    pub consent: Option<ConsentView>,
}

impl Store {
    /// `None` until they are saved for the first time.
    pub async fn proactive(&self) -> StoreResult<Option<ProactiveRow>> {
        let row = sqlx::query(
            "SELECT proactive.*, version, given_by, given_at FROM proactive \
             LEFT JOIN consent ON consent.id = proactive.consent_id",
        )
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let consent = match row.try_get::<Option<String>, _>("version")? {
                None => None,
                Some(version) => Some(ConsentView {
                    version,
                    given_by: row.try_get("given_by")?,
                    given_at: moment(row.try_get("given_at")?),
                }),
            };
            Ok(ProactiveRow {
                enabled: row.try_get::<i64, _>("enabled")? != 0,
                identifiers: row.try_get::<i64, _>("identifiers")? != 0,
                destination: destination(&row)?,
                changed_at: moment(row.try_get("changed_at")?),
                changed_by: row.try_get("changed_by")?,
                consent,
            })
        })
        .transpose()
    }

    /// Saves the settings. Enabling, and every save while enabled, records a consent; disabling
    /// withdraws the one in force.
    pub async fn save_proactive(
        &self,
        enabled: bool,
        identifiers: bool,
        destination: &StoredDestination,
        actor: &Actor,
    ) -> StoreResult<()> {
        let now = micros(Utc::now());
        let summary = &destination.summary;
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "UPDATE consent SET withdrawn_by = $1, withdrawn_at = $2 WHERE scope = $3 AND withdrawn_at IS NULL",
        )
        .bind(&actor.name)
        .bind(now)
        .bind(ConsentScope::Proactive.code())
        .execute(&mut *transaction)
        .await?;
        let consent_id = enabled.then(|| Uuid::now_v7().to_string());
        if let Some(consent_id) = &consent_id {
            sqlx::query("INSERT INTO consent (id, scope, version, given_by, given_at) VALUES ($1, $2, $3, $4, $5)")
                .bind(consent_id)
                .bind(ConsentScope::Proactive.code())
                .bind(consent::VERSION)
                .bind(&actor.name)
                .bind(now)
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::query(
            "INSERT INTO proactive (id, enabled, destination_kind, destination_place, destination_permissions, \
             destination_expires_at, destination_secret, changed_at, changed_by, consent_id, identifiers) \
             VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO UPDATE SET \
             enabled = excluded.enabled, destination_kind = excluded.destination_kind, \
             destination_place = excluded.destination_place, \
             destination_permissions = excluded.destination_permissions, \
             destination_expires_at = excluded.destination_expires_at, \
             destination_secret = excluded.destination_secret, changed_at = excluded.changed_at, \
             changed_by = excluded.changed_by, consent_id = excluded.consent_id, \
             identifiers = excluded.identifiers",
        )
        .bind(i64::from(enabled))
        .bind(summary.kind.code())
        .bind(&summary.place)
        .bind(permissions_json(summary)?)
        .bind(summary.expires_at.map(micros))
        .bind(&destination.secret)
        .bind(now)
        .bind(&actor.name)
        .bind(consent_id)
        .bind(i64::from(identifiers))
        .execute(&mut *transaction)
        .await?;
        let detail = if identifiers {
            format!("{}, identifiers replaced", summary.place)
        } else {
            summary.place.clone()
        };
        let entry = AuditEntry {
            actor,
            action: if enabled {
                "proactive.enable"
            } else {
                "proactive.disable"
            },
            subject: "proactive log collection",
            detail: Some(&detail),
        };
        audit::add(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }
}
