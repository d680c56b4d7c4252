//! Pseudonyms of one collection: equal for equal values, meaningless without its key.
//!
//! A pseudonym is the beginning of a keyed hash (HMAC-SHA-256, RFC 2104) of kind and value. Two
//! values whose beginnings are equal are told apart by more digits, so a pseudonym stands for one
//! value alone. Memory is constant: a bounded cache of values, the hashes given last, one bit for each
//! beginning that is taken, and what waits to be written. Everything else is asked of the [`Table`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::Ipv6Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::identify::Kind;
use crate::secrets::to_hex;

/// Values kept at hand; a stack has fewer addresses, and more only cost a look into the table.
const CACHE: usize = 64 * 1024;
/// So many new pseudonyms are written at once.
const BATCH: usize = 4096;
/// Hexadecimal digits of a pseudonym: the first try, and by how many it grows.
const DIGITS: usize = 6;
const MORE: usize = 2;
/// Hashes remembered of what was given at the first try: so many groups, by their beginnings.
const RECENT_BITS: u32 = 18;
/// Hashes of a group: values that share one would else drive each other out, and each time cost a
/// look into the table.
const GROUP: usize = 4;
/// One bit for each first try.
const TAKEN_WORDS: usize = 1 << (4 * DIGITS - 6);

/// A pseudonym and what it stands for.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    pub pseudonym: String,
    /// The whole keyed hash, in hexadecimal.
    pub hash: String,
    pub value: Vec<u8>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Entry").field(&self.pseudonym).finish()
    }
}

/// Where pseudonyms are kept for the operator.
pub trait Table: Send + Sync + fmt::Debug {
    /// The keyed hash of the value that a pseudonym stands for.
    ///
    /// # Errors
    /// The table does not answer.
    fn hash_of(&self, pseudonym: &str) -> io::Result<Option<String>>;

    /// Keeps new pseudonyms; those that it has stay as they are.
    ///
    /// # Errors
    /// They were not kept.
    fn keep(&self, entries: &[Entry]) -> io::Result<()>;
}

/// Keeps nothing: for showing what would be taken out.
#[derive(Debug)]
pub struct Forgetful;

impl Table for Forgetful {
    fn hash_of(&self, _: &str) -> io::Result<Option<String>> {
        Ok(None)
    }

    fn keep(&self, _: &[Entry]) -> io::Result<()> {
        Ok(())
    }
}

/// Gives pseudonyms; shared by all parts of a collection.
#[derive(Debug)]
pub struct Pseudonyms {
    mac: Hmac<Sha256>,
    table: Box<dyn Table>,
    state: Mutex<State>,
}

struct State {
    /// By kind and value.
    known: HashMap<Box<[u8]>, Box<str>>,
    /// Where such a key is put together.
    key: Vec<u8>,
    taken: Vec<u64>,
    /// Heads of hashes whose first try was theirs, by their beginnings, newest first; 0: none yet.
    recent: Vec<[u64; GROUP]>,
    /// New ones that the table does not have yet.
    waiting: HashMap<String, Entry>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl Pseudonyms {
    /// `given`: pseudonyms that the table already has.
    pub fn new(key: &[u8], table: Box<dyn Table>, given: &[String]) -> Self {
        let mut state = State {
            known: HashMap::new(),
            key: Vec::new(),
            taken: vec![0; TAKEN_WORDS],
            recent: vec![[0; GROUP]; 1 << RECENT_BITS],
            waiting: HashMap::new(),
        };
        for pseudonym in given {
            let digits = pseudonym
                .rsplit('-')
                .next()
                .and_then(|hex| hex.get(..DIGITS));
            if let Some(place) = digits.and_then(|digits| usize::from_str_radix(digits, 16).ok()) {
                take(&mut state.taken, place);
            }
        }
        Self {
            mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length"),
            table,
            state: Mutex::new(state),
        }
    }

    /// Appends the pseudonym of a value.
    ///
    /// # Errors
    /// Those of the table.
    pub fn write(&self, kind: Kind, value: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let mut state = self.lock();
        let state = &mut *state;
        state.key.clear();
        state.key.push(kind as u8);
        state.key.extend_from_slice(value);
        // case is no difference between addresses
        state.key[1..].make_ascii_lowercase();
        if let Some(pseudonym) = state.known.get(state.key.as_slice()) {
            out.extend_from_slice(pseudonym.as_bytes());
            return Ok(());
        }
        let key = state.key.clone().into_boxed_slice();
        let pseudonym = self.find_or_make(state, kind, &spelled(kind, &key[1..]))?;
        out.extend_from_slice(pseudonym.as_bytes());
        if state.known.len() >= CACHE {
            state.known.clear();
        }
        state.known.insert(key, pseudonym.into_boxed_str());
        if state.waiting.len() >= BATCH {
            self.hand_over(state)?;
        }
        Ok(())
    }

    /// Writes what waits, so that no bundle is sealed whose pseudonyms are not in the table.
    ///
    /// # Errors
    /// Those of the table.
    pub fn flush(&self) -> io::Result<()> {
        self.hand_over(&mut self.lock())
    }

    fn find_or_make(&self, state: &mut State, kind: Kind, value: &[u8]) -> io::Result<String> {
        let hash = self.hash(kind, value);
        let head = Head::of(&hash);
        let hash = to_hex(&hash);
        let short = |length: usize| format!("{}-{}", kind.prefix(), &hash[..length]);
        let recent = &mut state.recent[head.recent()];
        if recent.contains(&head.0) {
            return Ok(short(DIGITS));
        }
        let mut is_taken = take(&mut state.taken, head.first_try());
        let mut length = DIGITS;
        loop {
            let pseudonym = short(length);
            let owner = if is_taken {
                match state.waiting.get(&pseudonym) {
                    Some(entry) => Some(entry.hash.clone()),
                    None => self.table.hash_of(&pseudonym)?,
                }
            } else {
                None
            };
            match owner {
                Some(owner) if owner != hash && length < hash.len() => {
                    length += MORE;
                    is_taken = true;
                    continue;
                }
                Some(owner) if owner == hash => {}
                _ => {
                    let entry = Entry {
                        pseudonym: pseudonym.clone(),
                        hash: hash.clone(),
                        value: value.to_vec(),
                    };
                    state.waiting.insert(pseudonym.clone(), entry);
                }
            }
            if length == DIGITS {
                recent.rotate_right(1);
                recent[0] = head.0;
            }
            return Ok(pseudonym);
        }
    }

    fn hash(&self, kind: Kind, value: &[u8]) -> [u8; 32] {
        let mut mac = self.mac.clone();
        mac.update(kind.prefix().as_bytes());
        mac.update(&[0]);
        mac.update(value);
        mac.finalize().into_bytes().into()
    }

    fn hand_over(&self, state: &mut State) -> io::Result<()> {
        if !state.waiting.is_empty() {
            let entries: Vec<Entry> = state.waiting.values().cloned().collect();
            self.table.keep(&entries)?;
            state.waiting.clear();
        }
        Ok(())
    }

    /// A panic elsewhere leaves the state whole: each change is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A value in lower case as it is spelled here, whoever wrote it: `00-1a-2b-3c-4d-5e` and
/// `001a.2b3c.4d5e` with colons, a card's digits without blanks, an IPv6 address by RFC 5952.
fn spelled(kind: Kind, value: &[u8]) -> Cow<'_, [u8]> {
    let alone = |keep: fn(&u8) -> bool| value.iter().copied().filter(keep).collect::<Vec<u8>>();
    match kind {
        Kind::Mac => Cow::Owned(
            alone(u8::is_ascii_hexdigit)
                .chunks(2)
                .collect::<Vec<_>>()
                .join(&b':'),
        ),
        Kind::Card => Cow::Owned(alone(u8::is_ascii_digit)),
        Kind::Ipv6 => match std::str::from_utf8(value).map(str::parse::<Ipv6Addr>) {
            Ok(Ok(address)) => Cow::Owned(address.to_string().into_bytes()),
            _ => Cow::Borrowed(value),
        },
        Kind::Email | Kind::Ipv4 | Kind::Host | Kind::User => Cow::Borrowed(value),
    }
}

/// Marks a beginning as taken; whether it was before.
fn take(taken: &mut [u64], place: usize) -> bool {
    let (word, bit) = (&mut taken[place >> 6], 1 << (place & 63));
    let was = *word & bit != 0;
    *word |= bit;
    was
}

/// The first 64 bits of a keyed hash: enough to know a value again.
#[derive(Clone, Copy)]
struct Head(u64);

impl Head {
    fn of(hash: &[u8; 32]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *hash;
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// The number that the digits of the first try are.
    const fn first_try(self) -> usize {
        (self.0 >> (64 - 4 * DIGITS)) as usize
    }

    const fn recent(self) -> usize {
        (self.0 >> (64 - RECENT_BITS)) as usize
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A table in memory that others may look into.
    #[derive(Clone, Debug, Default)]
    struct Kept(Arc<Mutex<Vec<Entry>>>);

    impl Kept {
        fn entries(&self) -> MutexGuard<'_, Vec<Entry>> {
            self.0.lock().expect("no panic")
        }
    }

    impl Table for Kept {
        fn hash_of(&self, pseudonym: &str) -> io::Result<Option<String>> {
            let entries = self.entries();
            let entry = entries.iter().find(|entry| entry.pseudonym == pseudonym);
            Ok(entry.map(|entry| entry.hash.clone()))
        }

        fn keep(&self, entries: &[Entry]) -> io::Result<()> {
            self.entries().extend_from_slice(entries);
            Ok(())
        }
    }

    fn of(pseudonyms: &Pseudonyms, kind: Kind, value: &str) -> String {
        let mut out = Vec::new();
        pseudonyms
            .write(kind, value.as_bytes(), &mut out)
            .expect("a table");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn equal_values_have_equal_pseudonyms_under_one_key_alone() {
        let one = Pseudonyms::new(&[1; 32], Box::new(Kept::default()), &[]);
        let other = Pseudonyms::new(&[2; 32], Box::new(Kept::default()), &[]);
        let first = of(&one, Kind::Ipv4, "10.0.0.1");
        assert_eq!(first, of(&one, Kind::Ipv4, "10.0.0.1"));
        assert_ne!(first, of(&one, Kind::Ipv4, "10.0.0.2"));
        assert_ne!(first, of(&other, Kind::Ipv4, "10.0.0.1"));
        assert_eq!(
            of(&one, Kind::Host, "Node-1"),
            of(&one, Kind::Host, "node-1")
        );
        assert!(first.starts_with("ip-") && first.len() == 9, "{first}");
    }

    #[test]
    fn one_value_in_several_spellings_has_one_pseudonym() {
        let kept = Kept::default();
        let pseudonyms = Pseudonyms::new(&[1; 32], Box::new(kept.clone()), &[]);
        for (kind, spellings) in [
            (
                Kind::Mac,
                &["00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E", "001a.2b3c.4d5e"][..],
            ),
            (
                Kind::Card,
                &[
                    "4111111111111111",
                    "4111 1111 1111 1111",
                    "4111-1111-1111-1111",
                ],
            ),
            (Kind::Ipv6, &["2001:db8::9", "2001:0DB8:0:0:0:0:0:9"]),
        ] {
            let first = of(&pseudonyms, kind, spellings[0]);
            for spelling in spellings {
                assert_eq!(of(&pseudonyms, kind, spelling), first, "{spelling}");
            }
        }
        pseudonyms.flush().expect("a table");
        let mut values: Vec<_> = kept
            .entries()
            .iter()
            .map(|entry| entry.value.clone())
            .collect();
        values.sort();
        assert_eq!(
            values,
            [
                &b"00:1a:2b:3c:4d:5e"[..],
                b"2001:db8::9",
                b"4111111111111111"
            ]
        );
    }

    #[test]
    fn a_pseudonym_stands_for_one_value_also_beyond_the_cache_and_after_a_restart() {
        let kept = Kept::default();
        let pseudonyms = Pseudonyms::new(&[3; 32], Box::new(kept.clone()), &[]);
        // of so many values hundreds begin alike
        let value = |number: u32| format!("user{number}");
        let given: Vec<_> = (0..40_000)
            .map(|number| of(&pseudonyms, Kind::User, &value(number)))
            .collect();
        pseudonyms.flush().expect("a table");
        assert!(
            given
                .iter()
                .any(|pseudonym| pseudonym.len() > "user-".len() + DIGITS)
        );
        let distinct: std::collections::HashSet<_> = given.iter().collect();
        assert_eq!(distinct.len(), given.len());
        assert_eq!(kept.entries().len(), given.len());

        let again = Pseudonyms::new(&[3; 32], Box::new(kept.clone()), &given);
        for number in [0, 1, 20_000, 39_999] {
            assert_eq!(
                of(&again, Kind::User, &value(number)),
                given[number as usize]
            );
        }
        again.flush().expect("a table");
        assert_eq!(kept.entries().len(), given.len());
    }
}
