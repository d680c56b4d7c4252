//! Items as the database hands them over: many in one value.
//!
//! A row has to be passed between threads and each of its values copied for itself. Of twenty thousand
//! items, that takes longer than to read their files.

use std::borrow::Cow;

use domain::SourceKind;
use serde::Deserialize;
use uuid::Uuid;

use super::items::{ItemRow, OUTCOMES};
use super::{StoreResult, known, unsigned};

/// The items of a query, as [`decode`] takes them. (SQLite's own `json_group_array` would read again each
/// item that it is given, and an order asked for here would copy all of them.)
macro_rules! items_as_json {
    () => {
        "'[' || COALESCE(group_concat(json_array(entry_name, label, kind, outcome, reason, \
         volume_id, read_bytes, kept_bytes, taken_whole, redactions), ','), '') || ']'"
    };
}
pub(super) use items_as_json;

/// An item's columns in the order of [`items_as_json!`], by which JSON's arrays are read.
#[derive(Deserialize)]
struct Columns<'a> {
    entry_name: String,
    label: String,
    kind: &'a str,
    outcome: &'a str,
    #[serde(borrow)]
    reason: Option<Cow<'a, str>>,
    volume: Option<Uuid>,
    read_bytes: i64,
    kept_bytes: i64,
    taken_whole: i64,
    #[serde(borrow)]
    redactions: Cow<'a, str>,
}

impl Columns<'_> {
    fn item(self) -> StoreResult<ItemRow> {
        let outcome = OUTCOMES.into_iter().find(|known| *known == self.outcome);
        Ok(ItemRow {
            entry_name: self.entry_name,
            label: self.label,
            kind: known(
                SourceKind::from_code(self.kind),
                "kind of source",
                self.kind,
            )?,
            outcome: known(outcome, "outcome", self.outcome)?,
            reason: self
                .reason
                .map(|reason| serde_json::from_str(&reason))
                .transpose()?,
            volume: self.volume,
            read_bytes: unsigned(self.read_bytes),
            kept_bytes: unsigned(self.kept_bytes),
            taken_whole: self.taken_whole != 0,
            redactions: serde_json::from_str(&self.redactions)?,
        })
    }
}

/// Reads the answer to [`items_as_json!`], in the order of names.
pub(super) fn decode(json: &str) -> StoreResult<Vec<ItemRow>> {
    let rows: Vec<Columns> = serde_json::from_str(json)?;
    let mut items: Vec<_> = (rows.into_iter().map(Columns::item)).collect::<StoreResult<_>>()?;
    items.sort_by(|one, other| one.entry_name.cmp(&other.entry_name));
    Ok(items)
}
