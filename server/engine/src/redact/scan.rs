//! Finds the few places of a block at which a rule may have something to say, at the speed of
//! memory rather than of an automaton.
//!
//! A *stem* is a short run of bytes that every secret of a rule has near it (`token`, `://`,
//! `ghp_`). Stems are folded to lower case and entered by the three bytes at their start and the
//! three after the first: so it is enough to look at every second place of the block, one lookup in
//! eight kibibytes each, without a branch between them. Only where that says *perhaps* is the stem
//! compared.
//!
//! Invariant: no stem has a line feed of its own, so what is found on a line does not depend on what
//! surrounds it, nor on the chunks that the bytes come in.

use std::collections::HashMap;

use super::near::Near;

/// Bytes that look alike to the lookup: letters of both cases, and a few pairs of signs.
const FOLD: u8 = 0x20;
const FOLD_ALL: u64 = u64::from_ne_bytes([FOLD; 8]);
/// Of the lookup, in words of 64 bits.
const WORDS: usize = 1024;
/// A stem has at least so many bytes: three from its second place on.
const SHORTEST: usize = 4;

/// A set of rules, by their places in the table.
pub type RuleSet = u64;

/// A byte of a stem: a set of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct ByteSet([u64; 4]);

impl ByteSet {
    fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }

    const fn has(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] >> (byte & 63) & 1 == 1
    }

    fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=u8::MAX).filter(|byte| self.has(*byte))
    }
}

#[derive(Debug)]
struct Stem {
    sets: Vec<ByteSet>,
    /// How many of them there are without those at the end that stand for anything, or nothing.
    known: usize,
    rules: RuleSet,
    near: Near,
}

/// A place where a stem stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    pub at: usize,
    /// The rules that the stem is for.
    pub rules: RuleSet,
}

/// Stems, ready to be looked for.
pub struct Scanner {
    seen: Box<[u64; WORDS]>,
    stems: Vec<Stem>,
    /// By three folded bytes: stems that have them, and how far from their start.
    places: HashMap<u32, Vec<(usize, usize)>, std::hash::BuildHasherDefault<Gram>>,
}

impl Scanner {
    pub fn new() -> Self {
        Self {
            seen: Box::new([0; WORDS]),
            stems: Vec::new(),
            places: HashMap::default(),
        }
    }

    /// Adds a stem: lower-case letters stand for both cases, `?` for any byte, `[abc]`
    /// for one of these bytes.
    ///
    /// # Panics
    /// With fewer than four bytes. Stems come from tables in this crate, which tests run over.
    pub fn add(&mut self, pattern: &str, near: Near, rules: RuleSet) {
        self.add_sets(parse(pattern), near, rules);
    }

    fn add_sets(&mut self, sets: Vec<ByteSet>, near: Near, rules: RuleSet) {
        assert!(sets.len() >= SHORTEST, "a stem is too short to be found");
        let same = |stem: &&mut Stem| stem.sets == sets && stem.near == near;
        if let Some(stem) = self.stems.iter_mut().find(same) {
            stem.rules |= rules;
            return;
        }
        let stem = self.stems.len();
        for offset in 0..2 {
            for first in sets[offset].bytes() {
                for second in sets[offset + 1].bytes() {
                    for third in sets[offset + 2].bytes() {
                        let gram = gram([first | FOLD, second | FOLD, third | FOLD]);
                        let bit = bucket(gram);
                        self.seen[bit >> 6] |= 1 << (bit & 63);
                        let places = self.places.entry(gram).or_default();
                        if !places.contains(&(stem, offset)) {
                            places.push((stem, offset));
                        }
                    }
                }
            }
        }
        let open = sets.iter().rev().take_while(|set| **set == any()).count();
        self.stems.push(Stem {
            known: sets.len() - open,
            sets,
            rules,
            near,
        });
    }

    /// Adds a stem that is this text, in either case. Of a long one its beginning is enough, and a
    /// short one is followed by anything, or nothing.
    pub fn add_literal(&mut self, text: &[u8], rules: RuleSet) {
        let mut sets: Vec<_> = text.iter().take(8).map(|byte| either_case(*byte)).collect();
        while sets.len() < SHORTEST {
            sets.push(any());
        }
        self.add_sets(sets, Near::Anything, rules);
    }

    /// The rules of all stems at or after `from`.
    pub fn all(&self, line: &[u8], from: usize) -> RuleSet {
        let (mut rules, mut at) = (0, from);
        while let Some(hit) = self.next(line, at) {
            rules |= hit.rules;
            at = hit.at + 1;
        }
        rules
    }

    /// The next place at or after `from` where a stem stands. To be asked again from the place
    /// after it.
    pub fn next(&self, block: &[u8], from: usize) -> Option<Hit> {
        let mut at = from;
        while let Some(window) = block.get(at..at + 16) {
            let perhaps = self.perhaps(window);
            if perhaps != 0
                && let Some(hit) = self.confirm(block, at, perhaps)
            {
                return Some(hit);
            }
            at += 12;
        }
        // the end of the block, with line feeds behind it
        while at < block.len() {
            let rest = &block[at..];
            let mut window = [b'\n'; 16];
            let length = rest.len().min(16);
            window[..length].copy_from_slice(&rest[..length]);
            let perhaps = self.perhaps(&window);
            if let Some(hit) = self.confirm(block, at, perhaps) {
                return Some(hit);
            }
            at += 12;
        }
        None
    }

    /// Which of the even places of the first twelve bytes may lie in a stem: bit by place.
    #[inline]
    fn perhaps(&self, window: &[u8]) -> u32 {
        let word = |from: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&window[from..from + 8]);
            u64::from_le_bytes(bytes) | FOLD_ALL
        };
        let (low, high) = (word(0), word(6));
        let test = |word: u64| {
            #[allow(clippy::cast_possible_truncation, reason = "the low three bytes count")]
            let bit = bucket(word as u32 & 0x00ff_ffff);
            (self.seen[bit >> 6] >> (bit & 63)) as u32 & 1
        };
        test(low)
            | test(low >> 16) << 2
            | test(low >> 32) << 4
            | test(high) << 6
            | test(high >> 16) << 8
            | test(high >> 32) << 10
    }

    #[cold]
    fn confirm(&self, block: &[u8], at: usize, mut perhaps: u32) -> Option<Hit> {
        while perhaps != 0 {
            let place = at + perhaps.trailing_zeros() as usize;
            perhaps &= perhaps - 1;
            let rules = self.rules_at(block, place);
            if rules != 0 {
                return Some(Hit { at: place, rules });
            }
        }
        None
    }

    /// The rules of the stems that stand at `place` or one byte before it.
    fn rules_at(&self, block: &[u8], place: usize) -> RuleSet {
        let byte = |at: usize| block.get(at).map_or(b'\n', |byte| *byte) | FOLD;
        let gram = gram([byte(place), byte(place + 1), byte(place + 2)]);
        let mut rules = 0;
        for (stem, offset) in self.places.get(&gram).into_iter().flatten() {
            let stem = &self.stems[*stem];
            if let Some(start) = place.checked_sub(*offset)
                && stem.stands(block, start)
            {
                rules |= stem.rules;
            }
        }
        rules
    }
}

impl Stem {
    fn stands(&self, block: &[u8], start: usize) -> bool {
        let Some(text) = block.get(start..start + self.known) else {
            return false;
        };
        let same = text
            .iter()
            .zip(&self.sets)
            .all(|(byte, set)| set.has(*byte));
        same && self.near.holds(block, start..start + self.known)
    }
}

const fn gram(bytes: [u8; 3]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0])
}

/// The bit of three bytes in the lookup: the sixteen best mixed bits of a product.
#[inline]
const fn bucket(gram: u32) -> usize {
    (gram.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

/// Three bytes are mixed well enough by the product above.
#[derive(Clone, Copy, Default)]
struct Gram(u64);

impl std::hash::Hasher for Gram {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, gram: u32) {
        self.0 = (self.0 ^ u64::from(gram)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

fn either_case(byte: u8) -> ByteSet {
    let mut set = ByteSet::default();
    set.insert(byte.to_ascii_lowercase());
    set.insert(byte.to_ascii_uppercase());
    set
}

/// Any byte.
const fn any() -> ByteSet {
    ByteSet([u64::MAX; 4])
}

fn parse(pattern: &str) -> Vec<ByteSet> {
    let mut sets = Vec::new();
    let mut bytes = pattern.bytes();
    while let Some(byte) = bytes.next() {
        sets.push(match byte {
            b'?' => any(),
            b'[' => {
                let mut set = ByteSet::default();
                for byte in bytes.by_ref().take_while(|byte| *byte != b']') {
                    set.insert(byte.to_ascii_lowercase());
                    set.insert(byte.to_ascii_uppercase());
                }
                set
            }
            byte => either_case(byte),
        });
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanner() -> Scanner {
        let mut scanner = Scanner::new();
        scanner.add("token", Near::Anything, 1);
        scanner.add("://?", Near::Anything, 2);
        scanner.add("[itsedgrh _-]key", Near::AssignedKey, 4);
        scanner
    }

    fn all(scanner: &Scanner, block: &[u8]) -> RuleSet {
        scanner.all(block, 0)
    }

    #[test]
    fn a_stem_is_found_wherever_it_stands() {
        let scanner = scanner();
        for before in 0..40 {
            for after in 0..40 {
                let text =
                    |stem: &str| format!("{}{stem}{}", ".".repeat(before), ".".repeat(after));
                assert_eq!(all(&scanner, text("ToKEn").as_bytes()), 1);
                assert_eq!(all(&scanner, text("://x").as_bytes()), 2);
                assert_eq!(all(&scanner, text("api_key=").as_bytes()), 4);
                assert_eq!(all(&scanner, text("token://token").as_bytes()), 3);
                assert_eq!(all(&scanner, text("tokem ://").as_bytes()) & 1, 0);
            }
        }
    }

    #[test]
    fn nothing_is_found_over_the_end_of_a_line() {
        assert_eq!(all(&scanner(), b"tok\nen :\n//x"), 0);
    }

    #[test]
    fn a_name_counts_where_something_is_assigned_to_it() {
        for (text, rules) in [
            ("api_key=x", 4),
            ("api_key_id : x", 4),
            ("\"api_key\" : 1", 4),
            ("<api_key a='b'>", 4),
            ("--api_key x", 4),
            ("name='api_key' value='x'", 4),
            ("monkey=x", 0),
            ("2026-11-20 a-b api_key is bad", 0),
            ("api_key", 0),
            ("api_key\nx=1", 0),
        ] {
            assert_eq!(all(&scanner(), text.as_bytes()), rules, "{text}");
        }
    }
}
