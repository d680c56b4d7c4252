//! Which items each part has, from metadata alone.

use std::collections::HashSet;

use domain::{Reason, SourceKind};

use crate::config::RoleConfig;
use crate::source::{self, Item};
use crate::store::CollectionRow;

/// Something that a source should have had.
#[derive(Debug)]
pub struct Absent {
    pub kind: SourceKind,
    pub label: String,
    pub reason: Reason,
}

/// A part before it is run.
#[derive(Debug)]
pub struct PlannedPart {
    /// Newest first.
    pub items: Vec<Item>,
    /// What the plan looked for and did not get.
    pub missing: Vec<Absent>,
    /// Whether the request's filters left any source.
    pub has_sources: bool,
}

impl PlannedPart {
    pub fn planned_bytes(&self) -> u64 {
        self.items.iter().map(|item| item.planned_bytes).sum()
    }
}

/// Looks at the sources of all roles. Does blocking I/O.
pub fn plan(collection: &CollectionRow) -> Vec<PlannedPart> {
    collection
        .request
        .roles
        .iter()
        .map(|role| plan_role(collection, role))
        .collect()
}

fn plan_role(collection: &CollectionRow, role: &RoleConfig) -> PlannedPart {
    let wanted = |kind: SourceKind| {
        collection.request.kinds.is_empty() || collection.request.kinds.contains(&kind)
    };
    let mut part = PlannedPart {
        items: Vec::new(),
        missing: Vec::new(),
        has_sources: false,
    };
    let mut names = HashSet::new();
    for source in role.sources.iter().filter(|source| wanted(source.kind())) {
        part.has_sources = true;
        let found = source::plan(source, &collection.window, collection.request.zone);
        // two globs of a role may meet the same file
        part.items.extend(
            found
                .items
                .into_iter()
                .filter(|item| names.insert(item.entry_name.clone())),
        );
        let kind = source.kind();
        part.missing
            .extend(found.missing.into_iter().map(|(label, reason)| Absent {
                kind,
                label,
                reason,
            }));
    }
    part.items
        .sort_by_key(|item| std::cmp::Reverse(item.modified_at));
    part
}
