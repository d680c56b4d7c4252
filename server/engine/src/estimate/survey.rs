//! What there is of each role, and how it lies over time: metadata, then a few places of each
//! file. Blocking, on all cores, and at an end soon after nobody waits for it any more.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use chrono_tz::Tz;
use domain::{RoleName, SourceKind, Window};

use super::cache::{Cache, State};
use super::journal;
use super::probe::{self, Effort};
use super::profile::Profile;
use crate::config::{RoleConfig, SourceConfig};
use crate::source::{self, Item, ItemHow};

/// What to look at.
#[derive(Debug)]
pub struct Survey<'a> {
    pub roles: &'a [RoleConfig],
    /// Empty: all.
    pub kinds: &'a [SourceKind],
    /// Files last written before it are left out.
    pub window: Window,
    /// The stack's.
    pub zone: Tz,
    pub threads: usize,
    pub cache: &'a Cache,
    /// Set when nobody waits any more.
    pub cancel: &'a AtomicBool,
}

/// What there is of a role.
#[derive(Debug)]
pub struct RoleFindings {
    pub role: RoleName,
    pub files: Vec<Arc<Profile>>,
    pub journals: Vec<JournalShare>,
    /// Commands, whose output nobody knows ahead.
    pub commands: u64,
    /// What a source should have and cannot be had.
    pub missing: u64,
}

/// The units that a source asks for, of all that log to the same journal.
#[derive(Debug)]
pub struct JournalShare {
    pub units: u64,
    pub all_units: u64,
    pub profiles: Arc<Vec<Profile>>,
}

impl JournalShare {
    /// Bytes from `from` to before `to`, all units taken to log alike.
    #[must_use]
    pub fn logged(&self, from: i64, to: i64) -> u64 {
        let all: u64 = self
            .profiles
            .iter()
            .map(|profile| profile.logged(from, to))
            .sum();
        let share = u128::from(all) * u128::from(self.units) / u128::from(self.all_units.max(1));
        u64::try_from(share).unwrap_or(all).min(all)
    }
}

/// A journal as a whole.
#[derive(Clone)]
struct Journal {
    all_units: u64,
    profiles: Arc<Vec<Profile>>,
}

/// A role's items, before its files were looked at.
struct Planned {
    findings: RoleFindings,
    files: Vec<Item>,
}

impl Survey<'_> {
    /// `None` where it was cancelled.
    #[must_use]
    pub fn run(&self) -> Option<Vec<RoleFindings>> {
        self.cache.begin_look();
        let journals = self.journals();
        let planned = self.in_parallel(self.roles, |role| self.plan(role, &journals))?;
        let files: Vec<(usize, &Item)> = planned
            .iter()
            .enumerate()
            .flat_map(|(role, planned)| planned.files.iter().map(move |item| (role, item)))
            .collect();
        let effort = Effort::shared(self.window.start().timestamp(), files.len());
        let profiles = self.in_parallel(&files, |(role, item)| (*role, self.look(item, effort)))?;
        let mut findings: Vec<_> = planned.into_iter().map(|role| role.findings).collect();
        for (role, profile) in profiles {
            findings[role].files.extend(profile);
        }
        Some(findings)
    }

    fn wants(&self, source: &SourceConfig) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&source.kind())
    }

    /// The journals that roles ask for, each counted once.
    fn journals(&self) -> BTreeMap<Option<PathBuf>, Journal> {
        let asked: HashSet<&Option<PathBuf>> = self
            .roles
            .iter()
            .flat_map(|role| &role.sources)
            .filter(|source| self.wants(source))
            .filter_map(|source| match source {
                SourceConfig::Journal { directory, .. } => Some(directory),
                _ => None,
            })
            .collect();
        asked
            .into_iter()
            .map(|directory| {
                let every_unit = SourceConfig::Journal {
                    units: vec!["*".to_owned()],
                    directory: directory.clone(),
                };
                let plan = source::plan(&every_unit, &self.window, self.zone, self.cancel);
                let journal = Journal {
                    all_units: plan.items.len() as u64,
                    profiles: Arc::new(journal::profiles(directory.as_deref())),
                };
                (directory.clone(), journal)
            })
            .collect()
    }

    fn plan(&self, role: &RoleConfig, journals: &BTreeMap<Option<PathBuf>, Journal>) -> Planned {
        let mut findings = RoleFindings {
            role: role.name.clone(),
            files: Vec::new(),
            journals: Vec::new(),
            commands: 0,
            missing: 0,
        };
        let mut files = Vec::new();
        for source in role.sources.iter().filter(|source| self.wants(source)) {
            let plan = source::plan(source, &self.window, self.zone, self.cancel);
            findings.missing += plan.missing.len() as u64;
            match source {
                SourceConfig::Files { .. } => files.extend(plan.items),
                SourceConfig::Journal { directory, .. } => {
                    if let Some(journal) = journals.get(directory) {
                        findings.journals.push(JournalShare {
                            units: plan.items.len() as u64,
                            all_units: journal.all_units,
                            profiles: Arc::clone(&journal.profiles),
                        });
                    }
                }
                SourceConfig::Command { .. } => findings.commands += plan.items.len() as u64,
            }
        }
        // two sources of a role may meet the same file
        source::once_each(&mut files);
        Planned { findings, files }
    }

    /// `None` for what is no file.
    fn look(&self, item: &Item, effort: Effort) -> Option<Arc<Profile>> {
        let ItemHow::File(file) = &item.how else {
            return None;
        };
        let state = State {
            size: item.planned_bytes,
            modified_at: item.modified_at,
        };
        let look = || probe::profile(file, effort);
        Some(self.cache.profile(file.identity, state, look))
    }

    /// Does the same to each, in order; `None` where it was cancelled on the way.
    fn in_parallel<T: Sync, R: Send>(
        &self,
        all: &[T],
        act: impl Fn(&T) -> R + Sync,
    ) -> Option<Vec<R>> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            while !self.cancel.load(Ordering::Relaxed) {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(one) = all.get(place) else { break };
                done.push((place, act(one)));
            }
            done
        };
        let mut done: Vec<(usize, R)> = thread::scope(|scope| {
            let helpers: Vec<_> = (1..self.threads.min(all.len()))
                .map(|_| scope.spawn(work))
                .collect();
            let mut done = work();
            for helper in helpers {
                // a helper that came to harm has done nothing: the count below tells
                done.extend(helper.join().unwrap_or_default());
            }
            done
        });
        done.sort_unstable_by_key(|(place, _)| *place);
        (done.len() == all.len()).then(|| done.into_iter().map(|(_, result)| result).collect())
    }
}
