//! People and their sessions.

use chrono::{DateTime, Utc};
use domain::people::{Actor, UserRole};
use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row};

use super::{AuditEntry, Store, StoreError, StoreResult, audit, known, micros, moment};

#[derive(Clone)]
pub struct PersonRow {
    pub name: String,
    pub role: UserRole,
    pub password_hash: String,
    pub created_at: DateTime<Utc>,
    pub last_sign_in_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for PersonRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonRow")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

impl FromRow<'_, SqliteRow> for PersonRow {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let role: String = row.try_get("role")?;
        Ok(Self {
            name: row.try_get("name")?,
            role: known(UserRole::from_code(&role), "role of a person", &role)
                .map_err(|error: StoreError| sqlx::Error::Decode(Box::new(error)))?,
            password_hash: row.try_get("password_hash")?,
            created_at: moment(row.try_get("created_at")?),
            last_sign_in_at: row
                .try_get::<Option<i64>, _>("last_sign_in_at")?
                .map(moment),
        })
    }
}

/// A session and whose it is.
#[derive(Clone, Debug)]
pub struct SessionRow {
    pub person: String,
    pub role: UserRole,
    pub created_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
}

impl Store {
    /// Answers `false` where the name is taken.
    pub async fn insert_person(&self, person: &PersonRow, actor: &Actor) -> StoreResult<bool> {
        let mut transaction = self.writer.begin().await?;
        let added = sqlx::query(
            "INSERT INTO person (name, role, password_hash, created_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO NOTHING",
        )
        .bind(&person.name)
        .bind(person.role.code())
        .bind(&person.password_hash)
        .bind(micros(person.created_at))
        .execute(&mut *transaction)
        .await?
        .rows_affected()
            == 1;
        if added {
            let entry = AuditEntry {
                actor,
                action: "user.add",
                subject: &person.name,
                detail: Some(person.role.code()),
            };
            audit::add(&mut transaction, entry).await?;
        }
        transaction.commit().await?;
        Ok(added)
    }

    /// Removes a person and ends their sessions. Answers `false` where there is none of that name.
    pub async fn remove_person(&self, name: &str, actor: &Actor) -> StoreResult<bool> {
        let mut transaction = self.writer.begin().await?;
        let removed = sqlx::query("DELETE FROM person WHERE name = $1")
            .bind(name)
            .execute(&mut *transaction)
            .await?
            .rows_affected()
            == 1;
        if removed {
            let entry = AuditEntry {
                actor,
                action: "user.remove",
                subject: name,
                detail: None,
            };
            audit::add(&mut transaction, entry).await?;
        }
        transaction.commit().await?;
        Ok(removed)
    }

    pub async fn people(&self) -> StoreResult<Vec<PersonRow>> {
        Ok(sqlx::query_as("SELECT * FROM person ORDER BY name")
            .fetch_all(&self.readers)
            .await?)
    }

    pub async fn person(&self, name: &str) -> StoreResult<Option<PersonRow>> {
        Ok(sqlx::query_as("SELECT * FROM person WHERE name = $1")
            .bind(name)
            .fetch_optional(&self.readers)
            .await?)
    }

    pub async fn insert_session(&self, token_hash: &str, actor: &Actor) -> StoreResult<()> {
        let now = micros(Utc::now());
        let mut transaction = self.writer.begin().await?;
        sqlx::query(
            "INSERT INTO session (token_hash, person, created_at, seen_at) VALUES ($1, $2, $3, $3)",
        )
        .bind(token_hash)
        .bind(&actor.name)
        .bind(now)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("UPDATE person SET last_sign_in_at = $2 WHERE name = $1")
            .bind(&actor.name)
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        let entry = AuditEntry {
            actor,
            action: "user.sign_in",
            subject: &actor.name,
            detail: None,
        };
        audit::add(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn find_session(&self, token_hash: &str) -> StoreResult<Option<SessionRow>> {
        let row = sqlx::query(
            "SELECT person, role, session.created_at, seen_at FROM session \
             JOIN person ON person.name = session.person WHERE token_hash = $1",
        )
        .bind(token_hash)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            let role: String = row.try_get("role")?;
            Ok(SessionRow {
                person: row.try_get("person")?,
                role: known(UserRole::from_code(&role), "role of a person", &role)?,
                created_at: moment(row.try_get("created_at")?),
                seen_at: moment(row.try_get("seen_at")?),
            })
        })
        .transpose()
    }

    pub async fn touch_session(&self, token_hash: &str) -> StoreResult<()> {
        sqlx::query("UPDATE session SET seen_at = $2 WHERE token_hash = $1")
            .bind(token_hash)
            .bind(micros(Utc::now()))
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    pub async fn remove_session(&self, token_hash: &str) -> StoreResult<()> {
        sqlx::query("DELETE FROM session WHERE token_hash = $1")
            .bind(token_hash)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Removes sessions last seen before `seen_before` or begun before `created_before`.
    pub async fn remove_stale_sessions(
        &self,
        seen_before: DateTime<Utc>,
        created_before: DateTime<Utc>,
    ) -> StoreResult<()> {
        sqlx::query("DELETE FROM session WHERE seen_at < $1 OR created_at < $2")
            .bind(micros(seen_before))
            .bind(micros(created_before))
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
