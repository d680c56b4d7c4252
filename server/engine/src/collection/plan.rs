//! Which items each part has, from metadata alone.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use chrono_tz::Tz;
use domain::{Reason, SourceKind, Window};

use crate::config::SourceConfig;
use crate::limits::aside;
use crate::source::{self, Item, Plan};
use crate::store::CollectionRow;

/// Something that a source should have had.
#[derive(Debug)]
pub struct Absent {
    pub kind: SourceKind,
    pub label: String,
    pub reason: Reason,
}

/// For looking at what there is, from the first source to the last.
const PLANNING_TIME: Duration = Duration::from_secs(60);

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

/// Where and how a plan looks.
#[derive(Clone, Debug)]
pub struct Look {
    pub window: Window,
    /// The stack's.
    pub zone: Tz,
    /// Set by somebody else when the look is to end.
    pub cancel: Arc<AtomicBool>,
}

/// Looks at the sources of all roles, each aside: a directory whose server is gone keeps no other
/// source waiting for longer than [`PLANNING_TIME`]. Blocks, and stops early once `cancel` is set.
pub fn plan(collection: &CollectionRow, cancel: &Arc<AtomicBool>) -> Vec<PlannedPart> {
    let kinds = &collection.request.kinds;
    let wanted = |kind: SourceKind| kinds.is_empty() || kinds.contains(&kind);
    let look = Look {
        window: collection.window,
        zone: collection.request.zone,
        cancel: Arc::clone(cancel),
    };
    let asked: Vec<Vec<Asked<'_>>> = collection
        .request
        .roles
        .iter()
        .map(|role| {
            let sources = role.sources.iter().filter(|source| wanted(source.kind()));
            sources.map(|source| Asked::ask(source, &look)).collect()
        })
        .collect();
    let until = Instant::now() + PLANNING_TIME;
    asked
        .into_iter()
        .map(|sources| plan_part(sources, until))
        .collect()
}

/// The same for some sources of one role, with less patience.
pub fn plan_sources<'a>(
    sources: impl Iterator<Item = &'a SourceConfig>,
    look: &Look,
    patience: Duration,
) -> PlannedPart {
    let asked = sources.map(|source| Asked::ask(source, look)).collect();
    plan_part(asked, Instant::now() + patience)
}

/// A source that was asked what it has.
struct Asked<'a> {
    source: &'a SourceConfig,
    answer: io::Result<Receiver<Plan>>,
}

impl<'a> Asked<'a> {
    fn ask(source: &'a SourceConfig, look: &Look) -> Self {
        let (owned, look) = (source.clone(), look.clone());
        let answer = aside("plan", move |tell: SyncSender<Plan>| {
            let found = source::plan(&owned, &look.window, look.zone, &look.cancel);
            // nobody listens when it took too long
            let _ = tell.send(found);
        });
        Self { source, answer }
    }

    fn answer(self, until: Instant) -> Plan {
        let reason = match self.answer {
            Ok(answer) => {
                let left = until.saturating_duration_since(Instant::now());
                match answer.recv_timeout(left) {
                    Ok(plan) => return plan,
                    Err(RecvTimeoutError::Timeout) => Reason::TimedOut {
                        seconds: PLANNING_TIME.as_secs(),
                        limit: None,
                    },
                    Err(RecvTimeoutError::Disconnected) => Reason::Internal,
                }
            }
            Err(error) => Reason::Unreadable {
                detail: error.to_string(),
            },
        };
        let labels = match self.source {
            SourceConfig::Files { paths, .. } => paths.clone(),
            SourceConfig::Journal { .. } => vec!["journal".to_owned()],
            SourceConfig::Command { name, .. } => vec![name.clone()],
        };
        Plan {
            missing: labels
                .into_iter()
                .map(|label| (label, reason.clone()))
                .collect(),
            ..Plan::default()
        }
    }
}

fn plan_part(sources: Vec<Asked<'_>>, until: Instant) -> PlannedPart {
    let mut part = PlannedPart {
        items: Vec::new(),
        missing: Vec::new(),
        has_sources: !sources.is_empty(),
    };
    for asked in sources {
        let kind = asked.source.kind();
        let found = asked.answer(until);
        part.items.extend(found.items);
        part.missing
            .extend(found.missing.into_iter().map(|(label, reason)| Absent {
                kind,
                label,
                reason,
            }));
    }
    // two sources of a role may meet the same file
    source::once_each(&mut part.items);
    source::newest_first(&mut part.items);
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_does_not_answer_in_time_is_named_and_others_are_had() {
        let paths = vec!["/mnt/gone/*.log".to_owned(), "/mnt/gone/too".to_owned()];
        let files = SourceConfig::Files {
            paths,
            time_zone: None,
            time_format: None,
            time_key: None,
            binary: false,
        };
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let hanging = aside("test", move |_tell: SyncSender<Plan>| {
            let _ = held.recv();
        });
        let command = SourceConfig::Command {
            name: "c".to_owned(),
            run: vec!["/bin/c".to_owned()],
            timeout: Duration::from_secs(1),
        };
        let answers = aside("test", |tell: SyncSender<Plan>| {
            let _ = tell.send(Plan::default());
        });
        let asked = vec![
            Asked {
                source: &files,
                answer: hanging,
            },
            Asked {
                source: &command,
                answer: answers,
            },
        ];
        let part = plan_part(asked, Instant::now() + Duration::from_millis(300));
        let missing: Vec<_> = part
            .missing
            .iter()
            .map(|absent| (absent.label.as_str(), absent.reason.clone()))
            .collect();
        let timed_out = Reason::TimedOut {
            seconds: 60,
            limit: None,
        };
        assert_eq!(
            missing,
            [
                ("/mnt/gone/*.log", timed_out.clone()),
                ("/mnt/gone/too", timed_out)
            ]
        );
        drop(hold);
    }
}
