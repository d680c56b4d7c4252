//! What the store is told of items. Their volume is filled in by whoever packs them.

use std::collections::HashSet;

use domain::Reason;

use super::naming::{Named, Names, clean_name, clean_reason};
use crate::collection::plan::{Absent, PlannedPart};
use crate::redact::Redactor;
use crate::source::Item;
use crate::store::{ItemRow, NewItem, Settled};

pub(super) fn item_row(
    item: &Item,
    named: &Named,
    outcome: &'static str,
    reason: Option<Reason>,
) -> NewItem {
    let named = named.clone();
    NewItem {
        row: ItemRow::unread(named.entry, named.label, item.kind(), outcome, reason),
        identity: item.identity(),
    }
}

/// What the plan did not find: there are no entries, but their places must be named.
pub(super) fn missing_rows(absent: &[Absent], redactor: &Redactor) -> Vec<NewItem> {
    let mut taken = HashSet::new();
    absent
        .iter()
        .map(|absent| {
            let label = clean_name(redactor, &absent.label).into_owned();
            // no entry begins with a colon
            let mut entry_name = format!(":{label}");
            while taken.contains(&entry_name) && label != absent.label {
                entry_name.push('~');
            }
            taken.insert(entry_name.clone());
            let reason = Some(clean_reason(redactor, absent.reason.clone()));
            ItemRow::unread(entry_name, label, absent.kind, "missing", reason).into()
        })
        .collect()
}

/// What of a plan nobody will read, for the reason for which its part was given up.
pub(super) fn unread_rows(
    planned: &PlannedPart,
    settled: &Settled,
    redactor: &Redactor,
    reason: &Reason,
) -> Vec<NewItem> {
    let mut names = Names::of(&planned.items, redactor, settled);
    let items = planned
        .items
        .iter()
        .enumerate()
        .filter_map(|(place, item)| {
            let named = names.take(place, item);
            let is_settled = settled.has(&named.entry, item.identity().as_deref());
            (!is_settled).then(|| item_row(item, &named, "missing", Some(reason.clone())))
        });
    let items: Vec<_> = items.collect();
    let mut rows = missing_rows(&planned.missing, redactor);
    rows.extend(items);
    rows
}
