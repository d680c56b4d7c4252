//! Slows down guessing of passwords.
//!
//! Attempts are counted per user name and per address. After a few free ones each further attempt
//! has to wait, twice as long each time. An attempt counts as failed from its beginning on, so
//! that many at once are no way around; success takes it back. An attempt that is refused does not
//! count: nobody can lengthen somebody else's wait for ever.
//!
//! Kept in memory only, bounded: a restart forgives everybody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Attempts that need not wait.
const FREE_ATTEMPTS: u32 = 5;
/// The wait after the last of them; each further failure doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(15);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Failures are forgotten when this long nothing was tried.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// Names and addresses remembered at most; beyond, the one that was quiet longest is forgotten.
const MOST_ENTRIES: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_at: Instant,
}

impl Failures {
    fn wait(self, now: Instant) -> Option<Duration> {
        let beyond = self.count.checked_sub(FREE_ATTEMPTS)?;
        let wait = FIRST_WAIT
            .saturating_mul(2_u32.saturating_pow(beyond))
            .min(LONGEST_WAIT);
        let left = (self.last_at + wait).saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }
}

/// Who has failed how often, and when.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<HashMap<Key, Failures>>);

/// An attempt that was let through. It stays a failure unless [`Attempt::succeeded`] is called.
#[derive(Debug)]
#[must_use]
pub struct Attempt<'a> {
    throttle: &'a Throttle,
    name: Key,
    address: Option<Key>,
}

/// The attempt has to wait this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl Throttle {
    /// Lets an attempt through and counts it, or says how long to wait.
    ///
    /// # Errors
    /// The longer of the waits of this name and this address.
    pub fn attempt(
        &self,
        name: &str,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<Attempt<'_>, Wait> {
        let name = Key::Name(name.trim().to_lowercase());
        let address = address.map(Key::Address);
        let mut entries = self.entries();
        let wait = [Some(&name), address.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|key| entries.get(key)?.wait(now))
            .max();
        if let Some(wait) = wait {
            return Err(Wait(wait));
        }
        for key in [Some(&name), address.as_ref()].into_iter().flatten() {
            count(&mut entries, key, now);
        }
        drop(entries);
        Ok(Attempt {
            throttle: self,
            name,
            address,
        })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Failures>> {
        // the map is whole after every statement, so a panic elsewhere does not spoil it
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// Forgets the failures of this name, and this attempt of this address: somebody who knows
    /// one password must not be able to wipe out their guesses at others.
    pub fn succeeded(self) {
        let mut entries = self.throttle.entries();
        entries.remove(&self.name);
        if let Some(failures) = self.address.and_then(|key| entries.get_mut(&key)) {
            failures.count = failures.count.saturating_sub(1);
        }
    }
}

fn count(entries: &mut HashMap<Key, Failures>, key: &Key, now: Instant) {
    let quiet = |failures: &Failures| now.saturating_duration_since(failures.last_at) > MEMORY;
    if let Some(failures) = entries.get_mut(key) {
        let before = if quiet(failures) { 0 } else { failures.count };
        *failures = Failures {
            count: before.saturating_add(1),
            last_at: now,
        };
        return;
    }
    if entries.len() >= MOST_ENTRIES {
        entries.retain(|_, failures| !quiet(failures));
    }
    if entries.len() >= MOST_ENTRIES {
        let longest_quiet = entries
            .iter()
            .min_by_key(|(_, failures)| failures.last_at)
            .map(|(key, _)| key.clone());
        if let Some(key) = longest_quiet {
            entries.remove(&key);
        }
    }
    entries.insert(
        key.clone(),
        Failures {
            count: 1,
            last_at: now,
        },
    );
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(Ipv4Addr::new(10, 0, 0, last).into())
    }

    fn fail(throttle: &Throttle, name: &str, from: Option<IpAddr>, now: Instant) -> bool {
        throttle.attempt(name, from, now).is_ok()
    }

    #[test]
    fn a_name_waits_after_five_failures_wherever_they_came_from() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for last in 0..5 {
            assert!(fail(&throttle, "admin", address(last), now));
        }
        assert!(!fail(&throttle, " ADMIN", address(9), now));
        assert!(fail(&throttle, "other", address(9), now));
    }

    #[test]
    fn an_address_waits_after_five_failures_whatever_the_name() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for name in ["a", "b", "c", "d", "e"] {
            assert!(fail(&throttle, name, address(1), now));
        }
        assert!(!fail(&throttle, "f", address(1), now));
        assert!(fail(&throttle, "f", address(2), now));
    }

    #[test]
    fn the_wait_doubles_up_to_its_limit_and_refusals_do_not_count() {
        let (throttle, mut now) = (Throttle::default(), Instant::now());
        for _ in 0..5 {
            assert!(fail(&throttle, "admin", None, now));
        }
        for seconds in [15, 30, 60, 120, 240, 480, 900, 900] {
            for _ in 0..3 {
                let wait = throttle.attempt("admin", None, now).expect_err("a wait");
                assert_eq!(wait, Wait(Duration::from_secs(seconds)));
            }
            now += Duration::from_secs(seconds);
            assert!(fail(&throttle, "admin", None, now));
        }
        now += MEMORY + Duration::from_secs(1);
        for _ in 0..5 {
            assert!(fail(&throttle, "admin", None, now));
        }
    }

    #[test]
    fn success_forgives_the_name_and_only_itself_of_the_address() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..4 {
            assert!(fail(&throttle, "admin", address(1), now));
        }
        throttle
            .attempt("admin", address(1), now)
            .expect("the fifth")
            .succeeded();
        assert!(fail(&throttle, "admin", address(1), now));
        assert!(!fail(&throttle, "admin", address(1), now));
        assert!(fail(&throttle, "admin", address(2), now));
    }

    #[test]
    fn memory_is_bounded() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for number in 0..MOST_ENTRIES + 5 {
            assert!(fail(&throttle, &format!("user{number}"), None, now));
        }
        assert_eq!(throttle.entries().len(), MOST_ENTRIES);
    }
}
