//! Items: what came of each file, unit and command.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use domain::views::RedactionCount;
use domain::{CollectionId, Reason, SourceKind};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use sqlx::{QueryBuilder, Row, Sqlite};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::item_json::{self, items_as_json};
use super::{Store, StoreResult, signed, unsigned};

/// Rows of one statement: each has thirteen values, and going to the database costs more than a row.
const ROWS_AT_ONCE: usize = 200;

/// Items that are read from the database at once: some hundred bytes each.
const ITEMS_AT_ONCE: u32 = 1024;

// A condition `outcome IN ('partial', 'missing')` finds its items by an index of these alone, also where
// it looks superfluous.

/// One item and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// Path inside the bundle; unique within a part.
    pub entry_name: String,
    pub label: String,
    pub kind: SourceKind,
    /// `complete`, `empty`, `partial` or `missing`.
    pub outcome: &'static str,
    pub reason: Option<Reason>,
    pub volume: Option<Uuid>,
    pub read_bytes: u64,
    pub kept_bytes: u64,
    pub taken_whole: bool,
    pub redactions: BTreeMap<String, u64>,
}

pub const OUTCOMES: [&str; 4] = ["complete", "empty", "partial", "missing"];

impl ItemRow {
    /// An item of which nothing was read.
    #[must_use]
    pub fn unread(
        entry_name: String,
        label: String,
        kind: SourceKind,
        outcome: &'static str,
        reason: Option<Reason>,
    ) -> Self {
        Self {
            entry_name,
            label,
            kind,
            outcome,
            reason,
            volume: None,
            read_bytes: 0,
            kept_bytes: 0,
            taken_whole: false,
            redactions: BTreeMap::new(),
        }
    }
}

/// An item to be recorded.
#[derive(Clone, Debug)]
pub struct NewItem {
    pub row: ItemRow,
    /// Which file it is, whatever its name; of what is no file `None`. Only [`Settled`] asks for it.
    pub identity: Option<String>,
}

impl From<ItemRow> for NewItem {
    /// What is no file.
    fn from(row: ItemRow) -> Self {
        Self {
            row,
            identity: None,
        }
    }
}

/// Items that need not be read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    names: HashSet<String>,
    identities: HashSet<String>,
}

impl Settled {
    /// By the name, which is taken in the bundle; and by the file, which may have been renamed by
    /// rotation since it was read.
    #[must_use]
    pub fn has(&self, entry_name: &str, identity: Option<&str>) -> bool {
        self.names.contains(entry_name)
            || identity.is_some_and(|identity| self.identities.contains(identity))
    }
}

/// What of an item is stored as JSON.
struct EncodedItem {
    reason: Option<String>,
    redactions: Cow<'static, str>,
}

impl EncodedItem {
    fn of(item: &ItemRow) -> serde_json::Result<Self> {
        Ok(Self {
            reason: item
                .reason
                .as_ref()
                .map(serde_json::to_string)
                .transpose()?,
            redactions: if item.redactions.is_empty() {
                "{}".into()
            } else {
                serde_json::to_string(&item.redactions)?.into()
            },
        })
    }
}

impl Store {
    /// Records items. One that was recorded before is replaced, unless it had bytes and this one
    /// has none.
    pub async fn record_items(
        &self,
        collection: CollectionId,
        part: u32,
        items: &[NewItem],
    ) -> StoreResult<()> {
        let replaced = " DO UPDATE SET \
             identity = excluded.identity, outcome = excluded.outcome, reason = excluded.reason, \
             volume_id = excluded.volume_id, read_bytes = excluded.read_bytes, \
             kept_bytes = excluded.kept_bytes, taken_whole = excluded.taken_whole, \
             redactions = excluded.redactions, again = 0 \
             WHERE excluded.volume_id IS NOT NULL OR item.volume_id IS NULL";
        self.insert_items(collection, part, items, replaced).await
    }

    /// Records items that nobody will read. Whatever is known of one stays.
    pub async fn record_unread(
        &self,
        collection: CollectionId,
        part: u32,
        items: &[NewItem],
    ) -> StoreResult<()> {
        self.insert_items(collection, part, items, " DO NOTHING")
            .await
    }

    async fn insert_items(
        &self,
        collection: CollectionId,
        part: u32,
        items: &[NewItem],
        known_before: &str,
    ) -> StoreResult<()> {
        let id = collection.to_string();
        let mut transaction = self.writer.begin().await?;
        for rows in items.chunks(ROWS_AT_ONCE) {
            let encoded: Vec<_> = rows
                .iter()
                .map(|item| EncodedItem::of(&item.row))
                .collect::<serde_json::Result<_>>()?;
            let mut insert = QueryBuilder::<Sqlite>::new(
                "INSERT INTO item (collection_id, part, entry_name, label, kind, identity, outcome, reason, \
                 volume_id, read_bytes, kept_bytes, taken_whole, redactions) ",
            );
            insert.push_values(rows.iter().zip(encoded), |mut row, (new, encoded)| {
                let item = &new.row;
                row.push_bind(&id)
                    .push_bind(part)
                    .push_bind(&item.entry_name)
                    .push_bind(&item.label)
                    .push_bind(item.kind.code())
                    .push_bind(&new.identity)
                    .push_bind(item.outcome)
                    .push_bind(encoded.reason)
                    .push_bind(item.volume.map(|volume| volume.to_string()))
                    .push_bind(signed(item.read_bytes))
                    .push_bind(signed(item.kept_bytes))
                    .push_bind(i64::from(item.taken_whole))
                    .push_bind(encoded.redactions);
            });
            insert.push(" ON CONFLICT (collection_id, part, entry_name)");
            insert.push(known_before);
            insert.build().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Items of a part that need not be read (again): those that ended, but for the missing ones
    /// and those that a retry is to read again.
    pub async fn settled_items(&self, collection: CollectionId, part: u32) -> StoreResult<Settled> {
        let rows: Vec<(String, Option<String>)> = sqlx::query_as(
            "SELECT entry_name, identity FROM item WHERE collection_id = $1 AND part = $2 \
             AND outcome <> 'missing' AND again = 0",
        )
        .bind(collection.to_string())
        .bind(part)
        .fetch_all(&self.readers)
        .await?;
        let mut settled = Settled::default();
        for (name, identity) in rows {
            settled.names.insert(name);
            settled.identities.extend(identity);
        }
        Ok(settled)
    }

    /// Marks what a part missed: it is tried again. It stays named until then.
    pub async fn retry_missing(&self, collection: CollectionId, part: u32) -> StoreResult<()> {
        sqlx::query(
            "UPDATE item SET again = 1 WHERE collection_id = $1 AND part = $2 \
             AND outcome IN ('partial', 'missing') AND outcome = 'missing'",
        )
        .bind(collection.to_string())
        .bind(part)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The items of a part by name, as they come: there may be a million.
    pub fn items(
        &self,
        collection: CollectionId,
        part: u32,
    ) -> impl Stream<Item = StoreResult<ItemRow>> {
        let store = self.clone();
        // not before somebody waits for them, and with that in a runtime
        stream::once(async move { store.fetch_items(collection, part) })
            .flatten()
            .map(|items| item_json::decode(&items?))
            .map_ok(|items| stream::iter(items).map(Ok))
            .try_flatten()
    }

    /// While some items are made use of, the next ones are on their way.
    fn fetch_items(
        self,
        collection: CollectionId,
        part: u32,
    ) -> impl Stream<Item = StoreResult<String>> {
        let (send, mut fetched) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut last = Some(String::new());
            while let Some(name) = last {
                let page = self.items_after(collection, part, &name).await;
                last = page.as_ref().map_or(None, |(last, _)| last.clone());
                if send.send(page.map(|(_, items)| items)).await.is_err() {
                    // nobody wants more
                    return;
                }
            }
        });
        stream::poll_fn(move |context| fetched.poll_recv(context))
    }

    /// The items of a part that come next behind this name, and the name of the last one.
    async fn items_after(
        &self,
        collection: CollectionId,
        part: u32,
        entry_name: &str,
    ) -> StoreResult<(Option<String>, String)> {
        Ok(sqlx::query_as(concat!(
            "SELECT MAX(entry_name), ",
            items_as_json!(),
            " FROM (SELECT * FROM item WHERE collection_id = $1 AND part = $2 AND entry_name > $3 \
             ORDER BY entry_name LIMIT $4)"
        ))
        .bind(collection.to_string())
        .bind(part)
        .bind(entry_name)
        .bind(ITEMS_AT_ONCE)
        .fetch_one(&self.readers)
        .await?)
    }

    /// The first missing or partial items of a collection, with the position of their part.
    pub async fn gaps(
        &self,
        collection: CollectionId,
        limit: u32,
    ) -> StoreResult<Vec<(u32, ItemRow)>> {
        let parts: Vec<(u32, String)> = sqlx::query_as(concat!(
            "SELECT part, ",
            items_as_json!(),
            " FROM (SELECT * FROM item WHERE collection_id = $1 AND outcome IN ('partial', 'missing') \
             ORDER BY part, entry_name LIMIT $2) GROUP BY part ORDER BY part"
        ))
        .bind(collection.to_string())
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        let mut gaps = Vec::new();
        for (part, items) in parts {
            gaps.extend(
                item_json::decode(&items)?
                    .into_iter()
                    .map(|item| (part, item)),
            );
        }
        Ok(gaps)
    }

    /// The first missing or partial items of a part that is read: label and reason. What was missing
    /// and has not been met again is not missed any more.
    pub async fn part_gaps(
        &self,
        collection: CollectionId,
        part: u32,
        limit: u32,
    ) -> StoreResult<Vec<(String, Reason)>> {
        let rows = sqlx::query(
            "SELECT label, reason FROM item WHERE collection_id = $1 AND part = $2 \
             AND outcome IN ('partial', 'missing') AND (outcome = 'partial' OR again = 0) \
             AND reason IS NOT NULL \
             ORDER BY entry_name LIMIT $3",
        )
        .bind(collection.to_string())
        .bind(part)
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                let reason: String = row.try_get("reason")?;
                Ok((row.try_get("label")?, serde_json::from_str(&reason)?))
            })
            .collect()
    }

    /// The first of these reasons for which a part misses something.
    pub async fn misses_for(
        &self,
        collection: CollectionId,
        part: u32,
        reasons: &[Reason],
    ) -> StoreResult<Option<Reason>> {
        for reason in reasons {
            let found: Option<i64> = sqlx::query_scalar(
                "SELECT 1 FROM item WHERE collection_id = $1 AND part = $2 \
                 AND outcome IN ('partial', 'missing') AND reason = $3 LIMIT 1",
            )
            .bind(collection.to_string())
            .bind(part)
            .bind(serde_json::to_string(reason)?)
            .fetch_optional(&self.readers)
            .await?;
            if found.is_some() {
                return Ok(Some(reason.clone()));
            }
        }
        Ok(None)
    }

    pub async fn gaps_total(&self, collection: CollectionId) -> StoreResult<u64> {
        let total: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM item WHERE collection_id = $1 AND outcome IN ('partial', 'missing')",
        )
        .bind(collection.to_string())
        .fetch_one(&self.readers)
        .await?;
        Ok(unsigned(total))
    }

    /// How many files of a collection were taken whole.
    pub async fn taken_whole_total(&self, collection: CollectionId) -> StoreResult<u64> {
        let total: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM item WHERE collection_id = $1 AND taken_whole <> 0",
        )
        .bind(collection.to_string())
        .fetch_one(&self.readers)
        .await?;
        Ok(unsigned(total))
    }

    /// How many items of a part ended how.
    pub async fn tally(&self, collection: CollectionId, part: u32) -> StoreResult<Tally> {
        let row = sqlx::query(
            "SELECT COUNT(CASE WHEN outcome = 'complete' THEN 1 END) AS complete, \
             COUNT(CASE WHEN outcome = 'empty' THEN 1 END) AS empty, \
             COUNT(CASE WHEN outcome = 'partial' THEN 1 END) AS partial, \
             COUNT(CASE WHEN outcome = 'missing' THEN 1 END) AS missing, \
             COUNT(CASE WHEN outcome <> 'missing' AND again = 0 THEN 1 END) AS settled, \
             COALESCE(SUM(CASE WHEN again = 0 THEN read_bytes ELSE 0 END), 0) AS read_bytes, \
             COALESCE(SUM(CASE WHEN again = 0 THEN kept_bytes ELSE 0 END), 0) AS kept_bytes, \
             MIN(CASE WHEN outcome IN ('partial', 'missing') THEN reason END) AS reason \
             FROM item WHERE collection_id = $1 AND part = $2",
        )
        .bind(collection.to_string())
        .bind(part)
        .fetch_one(&self.readers)
        .await?;
        let count = |column| row.try_get::<i64, _>(column).map(unsigned);
        let reason: Option<String> = row.try_get("reason")?;
        Ok(Tally {
            complete: count("complete")?,
            empty: count("empty")?,
            partial: count("partial")?,
            missing: count("missing")?,
            settled: count("settled")?,
            read_bytes: count("read_bytes")?,
            kept_bytes: count("kept_bytes")?,
            reason: reason.map(|json| serde_json::from_str(&json)).transpose()?,
        })
    }

    /// Secrets taken out of a collection, by rule, most first.
    pub async fn redactions(&self, collection: CollectionId) -> StoreResult<Vec<RedactionCount>> {
        let rows = sqlx::query(
            "SELECT entry.key AS rule, SUM(entry.value) AS count \
             FROM item, json_each(item.redactions) AS entry \
             WHERE collection_id = $1 AND redactions <> '{}' GROUP BY entry.key ORDER BY count DESC, rule",
        )
        .bind(collection.to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(RedactionCount {
                    rule: row.try_get("rule")?,
                    count: unsigned(row.try_get("count")?),
                })
            })
            .collect()
    }
}

/// See [`Store::tally`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub complete: u64,
    pub empty: u64,
    pub partial: u64,
    pub missing: u64,
    /// Items that will not be read again, whatever came of them.
    pub settled: u64,
    /// Bytes of those that will not be read again.
    pub read_bytes: u64,
    pub kept_bytes: u64,
    /// One of the reasons of what is missing.
    pub reason: Option<Reason>,
}
