//! Slows down guessing of passwords.
//!
//! Attempts are counted three ways: per address, per user name at an address, and per user name
//! wherever they come from. After some free ones each further attempt has to wait, twice as long
//! each time. The last of the three is far milder than the others: one stranger, at one address,
//! runs into the strict ones first, and even many at once never make the owner of a name wait
//! longer than [`Limit::NAME`] says.
//!
//! An attempt counts as failed from its beginning on, so that many at once are no way around;
//! success takes it back. An attempt that is refused does not count: asking again does not
//! lengthen the wait.
//!
//! Kept in memory only, bounded: a restart forgives everybody.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures are forgotten when this long nothing was tried.
const MEMORY: Duration = Duration::from_secs(60 * 60);
/// Keys remembered at most; beyond, the one that was quiet longest is forgotten.
const MOST_ENTRIES: usize = 10_000;

/// Who may be one guesser: an IPv4 address, or an IPv6 network of 64 bits, within which one
/// machine can take any address it likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Origin(IpAddr);

impl From<IpAddr> for Origin {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
            address => address,
        })
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Origin(Origin),
    NameAt(String, Origin),
    Name(String),
}

impl Key {
    const fn limit(&self) -> Limit {
        match self {
            Self::Origin(_) | Self::NameAt(..) => Limit::STRICT,
            Self::Name(_) => Limit::NAME,
        }
    }
}

/// How many attempts need not wait, and how long those after them do.
#[derive(Clone, Copy, Debug)]
struct Limit {
    free: u32,
    /// The wait after the last free attempt; each further failure doubles it.
    first: Duration,
    longest: Duration,
}

impl Limit {
    const STRICT: Self = Self {
        free: 5,
        first: Duration::from_secs(15),
        longest: Duration::from_secs(15 * 60),
    };
    const NAME: Self = Self {
        free: 100,
        first: Duration::from_secs(1),
        longest: Duration::from_secs(30),
    };
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_at: Instant,
}

impl Failures {
    fn wait(self, limit: Limit, now: Instant) -> Option<Duration> {
        let beyond = self.count.checked_sub(limit.free)?;
        let wait = limit
            .first
            .saturating_mul(2_u32.saturating_pow(beyond))
            .min(limit.longest);
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
    keys: Vec<Key>,
}

/// The attempt has to wait this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait(pub Duration);

impl Throttle {
    /// Lets an attempt through and counts it, or says how long to wait. Without an address only
    /// the name counts, mildly: whoever is behind it may be anybody.
    ///
    /// # Errors
    /// The longest of the waits of this name and this address.
    pub fn attempt(
        &self,
        name: &str,
        address: Option<IpAddr>,
        now: Instant,
    ) -> Result<Attempt<'_>, Wait> {
        let name = name.to_lowercase();
        let mut keys = Vec::with_capacity(3);
        if let Some(origin) = address.map(Origin::from) {
            keys.extend([Key::Origin(origin), Key::NameAt(name.clone(), origin)]);
        }
        keys.push(Key::Name(name));
        let mut entries = self.entries();
        let wait = keys
            .iter()
            .filter_map(|key| entries.get(key)?.wait(key.limit(), now))
            .max();
        if let Some(wait) = wait {
            return Err(Wait(wait));
        }
        for key in &keys {
            count(&mut entries, key, now);
        }
        drop(entries);
        Ok(Attempt {
            throttle: self,
            keys,
        })
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Failures>> {
        // the map is whole after every statement, so a panic elsewhere does not spoil it
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// Forgets the failures of this name at this address, and elsewhere only this attempt:
    /// somebody who knows one password must not be able to wipe out their guesses at others, nor
    /// the owner of a name those of strangers.
    pub fn succeeded(self) {
        let mut entries = self.throttle.entries();
        for key in &self.keys {
            match key {
                Key::NameAt(..) => {
                    entries.remove(key);
                }
                Key::Origin(_) | Key::Name(_) => {
                    if let Some(failures) = entries.get_mut(key) {
                        failures.count = failures.count.saturating_sub(1);
                    }
                }
            }
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
    fn an_address_waits_after_five_failures_whatever_the_name() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for name in ["a", "b", "c", "d", "e"] {
            assert!(fail(&throttle, name, address(1), now));
        }
        assert!(!fail(&throttle, "f", address(1), now));
        assert!(fail(&throttle, "f", address(2), now));
    }

    #[test]
    fn one_stranger_does_not_keep_the_owner_of_a_name_out() {
        let (throttle, mut now) = (Throttle::default(), Instant::now());
        for _ in 0..2000 {
            // let through or not: as fast as they like
            let _attempt = throttle.attempt("admin", address(1), now);
            now += Duration::from_secs(5);
        }
        assert!(fail(&throttle, "Admin", address(2), now));
    }

    #[test]
    fn a_name_waits_briefly_after_many_failures_wherever_they_came_from() {
        for known in [true, false] {
            let (throttle, now) = (Throttle::default(), Instant::now());
            for from in 0..100 {
                assert!(fail(
                    &throttle,
                    "admin",
                    known.then(|| Ipv4Addr::from_bits(from).into()),
                    now
                ));
            }
            let wait = throttle
                .attempt("ADMIN", address(9), now)
                .expect_err("a wait");
            assert!(wait.0 <= Limit::NAME.longest);
            assert!(fail(&throttle, "other", address(9), now));
        }
    }

    #[test]
    fn an_ipv6_network_is_one_guesser() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        let within = |last: u16| Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 7, 7, 7, last).into());
        for last in 0..5 {
            assert!(fail(&throttle, "a", within(last), now));
        }
        assert!(!fail(&throttle, "a", within(9), now));
        let beside = Ipv6Addr::new(0x2001, 0xdb8, 0, 2, 7, 7, 7, 7).into();
        assert!(fail(&throttle, "a", Some(beside), now));
        let mapped: IpAddr = Ipv4Addr::new(10, 0, 0, 1).to_ipv6_mapped().into();
        assert_eq!(Some(Origin::from(mapped)), address(1).map(Origin::from));
    }

    #[test]
    fn the_wait_doubles_up_to_its_limit_and_refusals_do_not_count() {
        let (throttle, mut now) = (Throttle::default(), Instant::now());
        for _ in 0..5 {
            assert!(fail(&throttle, "admin", address(1), now));
        }
        for seconds in [15, 30, 60, 120, 240, 480, 900, 900] {
            for _ in 0..3 {
                let wait = throttle
                    .attempt("admin", address(1), now)
                    .expect_err("a wait");
                assert_eq!(wait, Wait(Duration::from_secs(seconds)));
            }
            now += Duration::from_secs(seconds);
            assert!(fail(&throttle, "admin", address(1), now));
        }
        now += MEMORY + Duration::from_secs(1);
        for _ in 0..5 {
            assert!(fail(&throttle, "admin", address(1), now));
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
