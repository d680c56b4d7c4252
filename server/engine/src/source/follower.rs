//! Packed files that end before the window, as the file that followed them shows.
//!
//! A packed file cannot be searched, only unpacked from its start. Mostly its time of writing tells
//! that it is over; where that was lost, as with logs that were copied, it would be unpacked in
//! vain. But rotation begins a file where the one before ended: `app.log.2.gz` ends where
//! `app.log.1` begins. That the lower number is the newer is custom alone, and some programs count
//! upwards; so both beginnings have to bear it out.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use chrono::{DateTime, Utc};
use domain::Window;

use super::packed::{Content, Raw};
use super::{FileItem, Packing, open};
use crate::window::{Dater, Slack, span};

/// So much of a beginning is unpacked.
const HEAD: u64 = 16 * 1024;

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
        let file = open::open(&item.folder.root, &item.below()).ok()?;
        let metadata = file.metadata().ok()?;
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

/// How the file that followed may be called: by the number below, or without one.
fn names(item: &FileItem) -> Vec<(OsString, Packing)> {
    let name = item.name.as_bytes();
    let plain = &name[..name.len().saturating_sub(item.packing.ending().len())];
    let Some((stem, number)) = numbered(plain) else {
        return Vec::new();
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

/// `app.log.2` as `app.log` and 2.
fn numbered(name: &[u8]) -> Option<(&[u8], u32)> {
    let dot = memchr::memrchr(b'.', name)?;
    let digits = std::str::from_utf8(&name[dot + 1..]).ok()?;
    let number = digits.parse::<u32>().ok()?;
    (number.to_string() == digits && dot > 0).then_some((&name[..dot], number))
}

fn renamed(item: &FileItem, name: OsString, packing: Packing) -> FileItem {
    FileItem {
        name: name.into(),
        link: None,
        packing,
        ..item.clone()
    }
}
