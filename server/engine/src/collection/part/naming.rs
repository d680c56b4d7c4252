//! What the items of a part are called outside of their node: names are cleaned as contents are.
//!
//! A path, a unit or a command may hold a secret or an identifier in its name. Each is cleaned
//! before anything is told of it, so that bundle, manifest, store and pages know the clean name
//! alone. Two names may become equal by that; the later one, by the alphabet of what they were,
//! gets a tilde. So they are the same each time the same files are met.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use domain::Reason;

use crate::redact::{Redactor, marks};
use crate::source::Item;
use crate::store::Settled;

/// Stands for a name that cannot be cleaned.
const WITHHELD: &str = "withheld";

/// What an item is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// For people.
    pub label: String,
    /// Path within the zip; unique within the part.
    pub entry: String,
}

/// The names of a part's items.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Those that cleaning changes, which are few, by the item's place.
    changed: HashMap<usize, Named>,
}

impl Names {
    /// Finds out which names have to change. Names of settled items are taken.
    pub fn of(items: &[Item], redactor: &Redactor, settled: &Settled) -> Self {
        let mut changed: Vec<_> = items
            .iter()
            .enumerate()
            .filter_map(|(place, item)| {
                let label = item.label();
                let clean = clean_name(redactor, &label);
                let entry = (clean != label).then(|| item.entry_called(&without_marks(&clean)))?;
                let clean = clean.into_owned();
                Some((
                    label,
                    place,
                    Named {
                        label: clean,
                        entry,
                    },
                ))
            })
            .collect();
        if changed.is_empty() {
            return Self::default();
        }
        changed.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let places: HashSet<usize> = changed.iter().map(|(_, place, _)| *place).collect();
        let mut taken = rivals(items, &places, &changed);
        let mut names = Self::default();
        for (_, place, mut named) in changed {
            let identity = items[place].identity();
            // a settled name may be another file's; without an identity it counts as its own
            let is_free = |entry: &str| {
                !taken.contains(entry) && (identity.is_none() || !settled.has(entry, None))
            };
            while !is_free(&named.entry) {
                named.entry.push('~');
            }
            taken.insert(named.entry.clone());
            names.changed.insert(place, named);
        }
        names
    }

    /// The names of the item at this place.
    pub fn take(&mut self, place: usize, item: &Item) -> Named {
        self.changed.remove(&place).unwrap_or_else(|| Named {
            label: item.label(),
            entry: item.entry_name(),
        })
    }
}

/// Names that stay and that a changed one could become.
fn rivals(
    items: &[Item],
    places: &HashSet<usize>,
    changed: &[(String, usize, Named)],
) -> HashSet<String> {
    let wanted: HashSet<&str> = changed
        .iter()
        .map(|(_, _, named)| named.entry.trim_end_matches('~'))
        .collect();
    items
        .iter()
        .enumerate()
        .filter(|(place, _)| !places.contains(place))
        .map(|(_, item)| item.entry_name())
        .filter(|entry| wanted.contains(entry.trim_end_matches('~')))
        .collect()
}

/// Cleans a path or another name. Of a path each component by itself, where that takes all of the
/// secret: what follows it stays readable.
pub(super) fn clean_name<'n>(redactor: &Redactor, name: &'n str) -> Cow<'n, str> {
    let whole = redactor.clean_text(name);
    if whole == name {
        return Cow::Borrowed(name);
    }
    let parts: Vec<_> = name
        .split('/')
        .map(|part| redactor.clean_text(part))
        .collect();
    let parts = parts.join("/");
    let clean = if redactor.clean_text(&parts) == parts {
        parts
    } else {
        whole
    };
    match clean.trim_matches('/') {
        "" => Cow::Borrowed(WITHHELD),
        _ => Cow::Owned(clean),
    }
}

/// A mark has letters that not every file system takes.
fn without_marks(clean: &str) -> String {
    let mut plain = String::with_capacity(clean.len());
    let mut at = 0;
    for mark in marks(clean) {
        if clean[mark.range.clone()].starts_with('[') {
            plain.push_str(&clean[at..mark.range.start]);
            plain.push_str("redacted-");
            plain.push_str(&mark.what);
            at = mark.range.end;
        }
    }
    plain.push_str(&clean[at..]);
    plain
}

/// A reason whose detail, which others wrote, is cleaned.
pub(super) fn clean_reason(redactor: &Redactor, mut reason: Reason) -> Reason {
    if let Reason::Unreadable { detail } | Reason::CommandBroken { detail } = &mut reason {
        *detail = redactor.clean_text(detail);
    }
    reason
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::ItemHow;

    const TOKEN: &str = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB";

    fn command(name: &str) -> Item {
        Item {
            planned_bytes: 0,
            modified_at: None,
            how: ItemHow::Command {
                name: name.to_owned(),
                run: Vec::new(),
                timeout: Duration::from_secs(1),
            },
        }
    }

    #[test]
    fn a_secret_takes_its_component_and_leaves_the_rest_of_the_path() {
        let redactor = Redactor::new();
        let clean =
            clean_name(&redactor, "/var/log/app/token=hunter2-hunter2/today.log").into_owned();
        assert!(!clean.contains("hunter2"), "{clean}");
        assert!(clean.starts_with("/var/log/app/token="), "{clean}");
        assert!(clean.ends_with("/today.log"), "{clean}");
        assert_eq!(clean_name(&redactor, "/var/log/syslog"), "/var/log/syslog");
    }

    #[test]
    fn names_that_become_equal_are_told_apart_alike_in_any_order() {
        let redactor = Redactor::new();
        let one = command(&format!("{TOKEN} one"));
        let other = command(&format!("{} one", TOKEN.replace("012", "987")));
        let plain = command("status");
        let settled = Settled::default();
        let entries = |items: &[&Item]| {
            let items: Vec<_> = items.iter().map(|item| (*item).clone()).collect();
            let mut names = Names::of(&items, &redactor, &settled);
            let named = items
                .iter()
                .enumerate()
                .map(|(place, item)| (item.label(), names.take(place, item).entry));
            named.collect::<HashMap<_, _>>()
        };
        let named = entries(&[&one, &plain, &other]);
        assert_eq!(named, entries(&[&other, &one, &plain]));
        assert_eq!(named["status"], "commands/status.txt");
        let (first, second) = (&named[&one.label()], &named[&other.label()]);
        assert!(!first.contains("ghp_") && !first.contains('['), "{first}");
        assert_eq!(*second, format!("{first}~"));
        // and a name that was so from the beginning keeps it
        let taken = first
            .trim_start_matches("commands/")
            .trim_end_matches(".txt");
        let named = entries(&[&one, &command(taken)]);
        assert_eq!(named[taken], *first);
        assert_eq!(named[&one.label()], format!("{first}~"));
    }

    #[test]
    fn what_the_system_said_of_a_source_is_cleaned() {
        let unreadable = |detail: &str| Reason::Unreadable {
            detail: detail.to_owned(),
        };
        let redactor = Redactor::new();
        let clean = clean_reason(&redactor, unreadable(&format!("no access for {TOKEN}")));
        assert!(!clean.to_string().contains(TOKEN), "{clean}");
        let plain = unreadable("input/output error");
        assert_eq!(clean_reason(&redactor, plain.clone()), plain);
    }
}
