//! What the store is told of items. Their volume is filled in by whoever packs them.

use std::collections::HashSet;

use domain::Reason;

use super::naming::{Named, clean_name, clean_reason};
use crate::collection::plan::Absent;
use crate::redact::Redactor;
use crate::source::Item;
use crate::store::ItemRow;

pub(super) fn item_row(
    item: &Item,
    named: &Named,
    outcome: &'static str,
    reason: Option<Reason>,
) -> ItemRow {
    let named = named.clone();
    ItemRow {
        identity: item.identity(),
        ..ItemRow::unread(named.entry, named.label, item.kind(), outcome, reason)
    }
}

/// What the plan did not find: there are no entries, but their places must be named.
pub(super) fn missing_rows(absent: Vec<Absent>, redactor: &Redactor) -> Vec<ItemRow> {
    let mut taken = HashSet::new();
    absent
        .into_iter()
        .map(|absent| {
            let label = clean_name(redactor, &absent.label).into_owned();
            // no entry begins with a colon
            let mut entry_name = format!(":{label}");
            while taken.contains(&entry_name) && label != absent.label {
                entry_name.push('~');
            }
            taken.insert(entry_name.clone());
            let reason = Some(clean_reason(redactor, absent.reason));
            ItemRow::unread(entry_name, label, absent.kind, "missing", reason)
        })
        .collect()
}
