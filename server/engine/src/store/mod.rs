//! All SQL: one file a subject, migrations beside.
//!
//! One connection writes (SQLite has one writer anyway, and a queue in front of it is fairer than
//! its busy handler); a few read. `synchronous = FULL` throughout: what the store has confirmed
//! survives a power cut, and at a commit for each 8 MiB block this costs nothing that shows.
//! Several processes may have the same database open.

mod audit;
mod before;
mod collections;
mod delivery;
mod history;
mod item_json;
mod items;
mod parts;
mod past;
mod people;
mod pseudonyms;
#[cfg(test)]
pub mod sample;
mod saved;
mod settings;
mod volumes;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{FromRow, Row};
use thiserror::Error;

pub use audit::AuditEntry;
pub use collections::{CollectionRow, EffectiveRequest, NewCollection, StoredDestination};
pub use delivery::paused_reason;
pub use items::{ItemRow, NewItem, Settled};
pub use parts::{PartCounts, PartRow};
pub use past::Past;
pub use people::PersonRow;
pub use pseudonyms::PseudonymRow;
pub use saved::SavedIn;
pub use volumes::{LedgerBlock, Seal, VolumeRow};

/// Rows that SQLite's thread may be ahead of their reader: what a retry need not read again may be a
/// million rows. With few, the two wait for each other at every row, which costs more than the rows.
const ROWS_AT_A_TIME: usize = 1024;

/// Kibibytes, as SQLite's `cache_size` takes them: recorded items go all over their table.
const WRITER_CACHE: &str = "-8000";

/// Why the store did not answer.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("the database could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A row holds what this version cannot have written.
    #[error("the database holds an unknown {what}: {value}")]
    Unknown { what: &'static str, value: String },
    #[error("a value could not be stored")]
    Encoding(#[from] serde_json::Error),
}

impl From<StoreError> for crate::EngineError {
    fn from(error: StoreError) -> Self {
        Self::internal(error)
    }
}

pub type StoreResult<T> = Result<T, StoreError>;

/// The database.
#[derive(Clone, Debug)]
pub struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Rows that were named in the log because they cannot be read.
    unreadable: Arc<Mutex<HashSet<String>>>,
}

impl Store {
    /// Opens the database, makes it where there is none, and brings its tables up to date.
    pub async fn open(path: &Path) -> StoreResult<Self> {
        // for its owner alone, whatever the directory lets others do; its companions follow it
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .map_err(sqlx::Error::Io)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .row_buffer_size(ROWS_AT_A_TIME);
        let writer = {
            // neither the change to a write-ahead log nor SQLite's migrations wait for the other
            // where two processes start at once
            let beside = path.with_extension("lock");
            let turn = tokio::task::spawn_blocking(move || lock(&beside)).await;
            let _turn = turn
                .map_err(io::Error::from)
                .flatten()
                .map_err(sqlx::Error::Io)?;
            let writer = SqlitePoolOptions::new()
                .max_connections(1)
                .connect_with(options.clone().pragma("cache_size", WRITER_CACHE))
                .await?;
            sqlx::migrate!("src/store/migrations").run(&writer).await?;
            writer
        };
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .connect_with(options)
            .await?;
        Ok(Self {
            writer,
            readers,
            unreadable: Arc::default(),
        })
    }

    /// The rows that can be read; any other one is named in the log, once.
    fn readable<T: for<'r> FromRow<'r, SqliteRow>>(&self, rows: &[SqliteRow]) -> Vec<T> {
        let read = |row: &SqliteRow| match T::from_row(row) {
            Ok(read) => Some(read),
            Err(error) => {
                let id: String = row.try_get("id").unwrap_or_default();
                let mut named = self
                    .unreadable
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if named.insert(id.clone()) {
                    tracing::error!(%id, error = %crate::error::chain(&error), "this row of the database cannot be read, and is left out");
                }
                None
            }
        };
        rows.iter().filter_map(read).collect()
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> StoreResult<()> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    /// Closes all connections, so that the write-ahead log is folded in.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    file.lock()?;
    Ok(file)
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn moment(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH)
}

/// SQLite has signed integers only; sizes and counts of this product stay far below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn known<T>(value: Option<T>, what: &'static str, text: &str) -> StoreResult<T> {
    value.ok_or_else(|| StoreError::Unknown {
        what,
        value: text.to_owned(),
    })
}
