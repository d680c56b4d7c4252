//! What was found in files, kept while they stay as they are.
//!
//! A second look at the same stack costs the plan's `stat` of each file and no more: a profile is
//! known by the file's device, inode and birth, and holds while size and time of writing do. What no
//! look of late has asked for is forgotten, so that rotation does not make the cache grow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use super::profile::Profile;
use crate::source::Identity;

/// A profile that so many looks have not asked for is forgotten.
const KEPT_LOOKS: u64 = 16;

/// Profiles by file.
#[derive(Debug, Default)]
pub struct Cache {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    look: u64,
    files: HashMap<Identity, Entry>,
}

#[derive(Debug)]
struct Entry {
    state: State,
    asked: u64,
    profile: Arc<Profile>,
}

/// A file that has not changed has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    pub size: u64,
    pub modified_at: Option<DateTime<Utc>>,
}

impl Cache {
    /// Begins a look at the stack's files.
    pub fn begin_look(&self) {
        let mut inner = self.lock();
        inner.look += 1;
        let oldest = inner.look.saturating_sub(KEPT_LOOKS);
        inner.files.retain(|_, entry| entry.asked >= oldest);
    }

    /// The profile of a file, looked at where it is not known yet. Files are looked at without
    /// holding others up.
    pub fn profile(
        &self,
        file: Identity,
        state: State,
        look: impl FnOnce() -> Profile,
    ) -> Arc<Profile> {
        {
            let mut inner = self.lock();
            let asked = inner.look;
            if let Some(entry) = inner.files.get_mut(&file)
                && entry.state == state
            {
                entry.asked = asked;
                return Arc::clone(&entry.profile);
            }
        }
        let profile = Arc::new(look());
        let mut inner = self.lock();
        let entry = Entry {
            state,
            asked: inner.look,
            profile: Arc::clone(&profile),
        };
        inner.files.insert(file, entry);
        profile
    }

    /// What is in it is whole at any moment, also where somebody who held it came to harm.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Identity = Identity {
        device: 1,
        inode: 2,
        born: None,
    };

    #[test]
    fn a_file_is_looked_at_once_until_it_changes() {
        let cache = Cache::default();
        let looks = |size, at| {
            let state = State {
                size,
                modified_at: DateTime::from_timestamp(at, 0),
            };
            let mut looks = 0;
            for _ in 0..3 {
                cache.begin_look();
                cache.profile(FILE, state, || {
                    looks += 1;
                    Profile::Nothing
                });
            }
            looks
        };
        assert_eq!([looks(1, 1), looks(1, 1)], [1, 0]);
        assert_eq!([looks(2, 1), looks(2, 2)], [1, 1]);
    }

    #[test]
    fn what_nobody_asks_for_is_forgotten() {
        let cache = Cache::default();
        let state = State {
            size: 1,
            modified_at: None,
        };
        cache.profile(FILE, state, || Profile::Nothing);
        for _ in 0..=KEPT_LOOKS {
            cache.begin_look();
        }
        assert!(cache.lock().files.is_empty());
    }
}
