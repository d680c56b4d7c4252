//! What there is of each role, and how it lies over time: metadata, then a few places of each
//! file. Blocking, on all cores, and at an end soon after nobody waits for it any more.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use chrono_tz::Tz;
use domain::estimate::Volume;
use domain::{RoleName, SourceKind, Window};

use super::cache::{Cache, State};
use super::journal;
use super::probe::{self, Effort};
use super::profile::Profile;
use super::stretch::Shown;
use crate::config::{RoleConfig, SourceConfig};
use crate::limits::Patience;
use crate::source::{self, Item, ItemHow, Plan};

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
    pub known: &'a Arc<Known>,
    /// Set when nobody waits any more.
    pub cancel: &'a Arc<AtomicBool>,
}

/// What looks at this stack have learned so far.
#[derive(Debug)]
pub struct Known {
    cache: Cache,
    /// A directory whose server is gone keeps no other source waiting for longer.
    sources: Patience<SourceConfig>,
    /// The same for files that are read, by where their file system is mounted.
    mounts: Patience<PathBuf>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            cache: Cache::default(),
            sources: Patience::of(LONGEST_LOOK),
            mounts: Patience::of(LONGEST_LOOK),
        }
    }
}

/// For listing a source, and for reading a few places of a file.
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// So many files are looked at side by side: on a cold disk each of them mostly waits.
const LOOKERS: usize = 16;

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
        self.known.cache.begin_look();
        let journals = self.journals();
        let planned =
            self.in_parallel(self.threads, self.roles, |role| self.plan(role, &journals))?;
        let seconds = (self.window.end() - self.window.start()).num_seconds();
        let shown = Shown {
            since: self.window.start().timestamp(),
            step: Volume::step_for(seconds),
        };
        let roles = planned.len();
        let mut files: Vec<(usize, Effort, &Item)> = Vec::new();
        for (role, planned) in planned.iter().enumerate() {
            let bytes = planned.files.iter().map(|item| item.planned_bytes).sum();
            let effort = Effort::shared(shown, roles, bytes);
            files.extend(planned.files.iter().map(|item| (role, effort, item)));
        }
        let lookers = self.threads.max(LOOKERS);
        let profiles = self.in_parallel(lookers, &files, |(role, effort, item)| {
            (*role, self.look(item, *effort))
        })?;
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
            .filter_map(|directory| Some((directory.clone(), self.journal(directory)?)))
            .collect()
    }

    /// `None` where it does not answer.
    fn journal(&self, directory: &Option<PathBuf>) -> Option<Journal> {
        let every_unit = SourceConfig::Journal {
            units: vec!["*".to_owned()],
            directory: directory.clone(),
        };
        let units = self.list(&every_unit)?.items.len() as u64;
        let directory = directory.clone();
        let heads = move || journal::profiles(directory.as_deref());
        let profiles = self.known.sources.ask(&every_unit, self.cancel, heads)?;
        Some(Journal {
            all_units: units,
            profiles: Arc::new(profiles),
        })
    }

    /// What a source has; `None` where it does not answer.
    fn list(&self, source: &SourceConfig) -> Option<Plan> {
        let (asked, window, zone) = (source.clone(), self.window, self.zone);
        let cancel = Arc::clone(self.cancel);
        let look = move || source::plan(&asked, &window, zone, &cancel);
        self.known.sources.ask(source, self.cancel, look)
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
            let Some(plan) = self.list(source) else {
                findings.missing += 1;
                continue;
            };
            findings.missing += plan.missing.len() as u64;
            match source {
                SourceConfig::Files { .. } => files.extend(plan.items),
                SourceConfig::Journal { directory, .. } => match journals.get(directory) {
                    Some(journal) => findings.journals.push(JournalShare {
                        units: plan.items.len() as u64,
                        all_units: journal.all_units,
                        profiles: Arc::clone(&journal.profiles),
                    }),
                    // its heads do not answer
                    None => findings.missing += 1,
                },
                SourceConfig::Command { .. } => findings.commands += plan.items.len() as u64,
            }
        }
        // two sources of a role may meet the same file
        source::once_each(&mut files);
        Planned { findings, files }
    }

    /// `None` for what is no file, and for one that does not answer.
    fn look(&self, item: &Item, effort: Effort) -> Option<Arc<Profile>> {
        let ItemHow::File(file) = &item.how else {
            return None;
        };
        let state = State {
            size: item.planned_bytes,
            modified_at: item.modified_at,
        };
        let Some(mount) = source::served_mount(&file.directory()) else {
            let look = || probe::profile(file, effort);
            return Some(self.known.cache.profile(file.identity, state, look));
        };
        let (known, file) = (Arc::clone(self.known), file.clone());
        let look = move || {
            let look = || probe::profile(&file, effort);
            known.cache.profile(file.identity, state, look)
        };
        self.known.mounts.ask(&mount, self.cancel, look)
    }

    /// Does the same to each, in order; `None` where it was cancelled on the way.
    fn in_parallel<T: Sync, R: Send>(
        &self,
        threads: usize,
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
            let helpers: Vec<_> = (1..threads.min(all.len()))
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_source_that_hangs_counts_as_missing_and_other_roles_are_counted() {
        let directory = tempfile::tempdir().expect("a directory");
        let log = "2025-11-20T14:00:00Z a line\n".repeat(100);
        std::fs::write(directory.path().join("a.log"), &log).expect("a file");
        let role = |name: &str, pattern: String| RoleConfig {
            name: RoleName(name.to_owned()),
            description: String::new(),
            sources: vec![SourceConfig::Files {
                paths: vec![pattern],
                time_zone: None,
                time_format: None,
                time_key: None,
                binary: false,
            }],
        };
        let roles = [
            role("Gone", "/mnt/gone/*.log".to_owned()),
            role("Here", format!("{}/*.log", directory.path().display())),
        ];
        let known = Arc::new(Known {
            sources: Patience::of(Duration::from_millis(50)),
            ..Known::default()
        });
        let cancel = Arc::new(AtomicBool::new(false));
        let (release, held) = channel::<()>();
        let hanging = move || held.recv().is_ok();
        let asked = known.sources.ask(&roles[0].sources[0], &cancel, hanging);
        assert_eq!(asked, None);

        let start = "2025-11-20T14:00:00Z".parse().expect("a time");
        let end = "2025-11-20T15:00:00Z".parse().expect("a time");
        let survey = Survey {
            roles: &roles,
            kinds: &[],
            window: Window::new(start, end).expect("in order"),
            zone: Tz::UTC,
            threads: 2,
            known: &known,
            cancel: &cancel,
        };
        let found = survey.run().expect("not cancelled");
        let told: Vec<_> = found
            .iter()
            .map(|role| (role.missing, role.files.len()))
            .collect();
        assert_eq!(told, [(1, 0), (0, 1)]);
        drop(release);
    }
}
