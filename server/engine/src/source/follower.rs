//! Packed files that end before the window, as the file that followed them shows.
//!
//! A packed file cannot be searched, only unpacked from its start. Mostly its time of writing tells
//! that it is over; where that was lost, as with logs that were copied, it would be unpacked in
//! vain. But rotation begins a file where the one before ended: `app.log.2.gz` ends where
//! `app.log.1` begins. That the lower number is the newer is custom alone, and some programs count
//! upwards; so both beginnings have to bear it out. Of names with a date (`app.log-20251120.gz`, as
//! logrotate's `dateext` makes them) any later one will do.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use domain::Window;
use regex::bytes::Regex;

use super::packed::{Content, Raw};
use super::{FileItem, Packing, open};
use crate::window::{Dater, Slack, span};

/// So much of a beginning is unpacked.
const HEAD: u64 = 16 * 1024;
/// In a directory of more names none is looked for that has a later date.
const NAMES: usize = 2000;

/// From here on a number is a date.
const LEAST_DATE: u32 = 10_000_000;

/// A day, with or without a time of day; or seconds since 1970.
static DATE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?-u:20\d\d-?[01]\d-?[0-3]\d(?:[-_.T]?\d{2,6})?|1\d{9})")
        .expect("a constant pattern")
});

/// Whether the file that was begun after this one was so before the window by more than the disorder
/// that there may be.
pub fn was_begun_before(item: &FileItem, window: &Window) -> bool {
    if item.packing == Packing::Plain {
        return false;
    }
    let Some(follower) = names(item)
        .into_iter()
        .find_map(|(name, packing)| Beginning::of(&renamed(item, name, packing), window))
    else {
        return false;
    };
    follower.latest < follower.wanted_from - Slack::USUAL.seconds
        && Beginning::of(item, window).is_some_and(|own| own.earliest < follower.earliest)
}

/// What the first lines of a file say, in seconds since 1970.
struct Beginning {
    earliest: i64,
    latest: i64,
    /// What this file stamps earlier is out for certain.
    wanted_from: i64,
}

impl Beginning {
    /// `None`: there is no such file, or it has no stamps.
    fn of(item: &FileItem, window: &Window) -> Option<Self> {
        let (file, metadata) = open::open(&item.folder.root, &item.below()).ok()?;
        let last_write = DateTime::<Utc>::from(metadata.modified().ok()?);
        let content = Content::new(Raw::new(file, metadata.len()), item.packing).ok()?;
        let mut head = Vec::new();
        // a damaged one may still have a beginning
        let _ = content.take(HEAD).read_to_end(&mut head);
        let mut dater = Dater::of(&item.folder.dating, last_write);
        dater.learn(&head);
        let (earliest, latest) = span(&head, &mut dater)?;
        Some(Self {
            earliest: earliest.seconds,
            latest: latest.seconds,
            wanted_from: dater.bounds(window).0.seconds,
        })
    }
}

/// How the file that followed may be called: by the number below, by a later date, or without any.
fn names(item: &FileItem) -> Vec<(OsString, Packing)> {
    let plain = unpacked(&item.name, item.packing);
    let Some((stem, number)) = numbered(plain) else {
        return Dated::of(plain).map_or_else(Vec::new, |dated| dated.followers(item));
    };
    let mut names = Vec::new();
    if let Some(below) = number.checked_sub(1) {
        let next = [stem, format!(".{below}").as_bytes()].concat();
        for packing in [Packing::Plain].into_iter().chain(Packing::PACKED) {
            let name = [&next, packing.ending().as_bytes()].concat();
            names.push((OsString::from_vec(name), packing));
        }
    }
    if number <= 1 {
        names.push((OsString::from_vec(stem.to_vec()), Packing::Plain));
    }
    names
}

/// A name without its compression's ending.
fn unpacked(name: &OsStr, packing: Packing) -> &[u8] {
    let name = name.as_bytes();
    &name[..name.len().saturating_sub(packing.ending().len())]
}

/// `app.log-20251120` as `app.log-`, its date, and nothing behind it.
struct Dated<'n> {
    before: &'n [u8],
    date: &'n [u8],
    behind: &'n [u8],
}

impl<'n> Dated<'n> {
    fn of(name: &'n [u8]) -> Option<Self> {
        let date = DATE.find_iter(name).last()?;
        Some(Self {
            before: &name[..date.start()],
            date: date.as_bytes(),
            behind: &name[date.end()..],
        })
    }

    /// The next of those with later dates, else the one without.
    fn followers(&self, item: &FileItem) -> Vec<(OsString, Packing)> {
        let directory = item.folder.root.join(&item.folder.below);
        let mut later: Vec<(OsString, Packing)> = Vec::new();
        for (count, entry) in fs::read_dir(directory).into_iter().flatten().enumerate() {
            let Ok(entry) = entry else { continue };
            if count == NAMES {
                return Vec::new();
            }
            let name = entry.file_name();
            let packing = Packing::of(name.as_ref());
            if Dated::of(unpacked(&name, packing)).is_some_and(|other| other.is_after(self)) {
                later.push((name, packing));
            }
        }
        later.sort_by(|(one, _), (other, _)| one.cmp(other));
        later.truncate(1);
        let stem = self.before.strip_suffix(b"-").unwrap_or(self.before);
        let stem = stem.strip_suffix(b".").unwrap_or(stem);
        let without = [stem, self.behind].concat();
        later.push((OsString::from_vec(without), Packing::Plain));
        later
    }

    fn is_after(&self, other: &Self) -> bool {
        (self.before, self.behind, self.date.len())
            == (other.before, other.behind, other.date.len())
            && self.date > other.date
    }
}

/// `app.log.2` as `app.log` and 2.
fn numbered(name: &[u8]) -> Option<(&[u8], u32)> {
    let dot = memchr::memrchr(b'.', name)?;
    let digits = std::str::from_utf8(&name[dot + 1..]).ok()?;
    let number = digits.parse::<u32>().ok()?;
    (number.to_string() == digits && number < LEAST_DATE && dot > 0)
        .then_some((&name[..dot], number))
}

fn renamed(item: &FileItem, name: OsString, packing: Packing) -> FileItem {
    FileItem {
        name: name.into(),
        link: None,
        packing,
        ..item.clone()
    }
}
