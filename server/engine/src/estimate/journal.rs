//! How much the journal holds, from the heads of its files.
//!
//! Each file's head (systemd's `JOURNAL_FILE_FORMAT`) tells how many entries it has and the times
//! of the first and the last. What share of them is a unit's is not told without reading, so
//! units are taken to log alike: the figures are guesses, and are named so.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::profile::{Point, Profile};

/// Where journald keeps its files, across restarts and without.
const DIRECTORIES: [&str; 2] = ["/var/log/journal", "/run/log/journal"];
/// What an entry comes to as a line of text.
const LINE_BYTES: u64 = 140;
const HEAD_LENGTH: usize = 200;

/// One profile for each file of the journal in a directory, or of this machine's own.
#[must_use]
pub fn profiles(directory: Option<&Path>) -> Vec<Profile> {
    let directories = directory.map_or_else(
        || DIRECTORIES.map(PathBuf::from).to_vec(),
        |directory| vec![directory.to_owned()],
    );
    directories
        .iter()
        .flat_map(|directory| WalkDir::new(directory).max_depth(2))
        .flatten()
        .filter(|entry| entry.file_type().is_file())
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            name.ends_with(".journal") || name.ends_with(".journal~")
        })
        .filter_map(|entry| {
            let mut head = [0; HEAD_LENGTH];
            let mut file = File::open(entry.path()).ok()?;
            file.read_exact(&mut head).ok()?;
            profile(&head)
        })
        .collect()
}

/// Entries between the first and the last, taken to come evenly.
fn profile(head: &[u8; HEAD_LENGTH]) -> Option<Profile> {
    const ENTRIES: usize = 152;
    const FIRST_MICROS: usize = 184;
    const LAST_MICROS: usize = 192;
    let number = |at: usize| -> Option<u64> {
        Some(u64::from_le_bytes(head.get(at..at + 8)?.try_into().ok()?))
    };
    let seconds = |micros: u64| i64::try_from(micros / 1_000_000).ok();
    if !head.starts_with(b"LPKSHHRH") {
        return None;
    }
    let bytes = number(ENTRIES)?.checked_mul(LINE_BYTES)?;
    let first = Point {
        offset: 0,
        at: seconds(number(FIRST_MICROS)?)?,
    };
    let last = Point {
        offset: bytes.checked_sub(LINE_BYTES)?,
        at: seconds(number(LAST_MICROS)?)?,
    };
    Some(Profile::stamped(vec![first, last], bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(entries: u64, first: u64, last: u64) -> [u8; HEAD_LENGTH] {
        let mut head = [0; HEAD_LENGTH];
        head[..8].copy_from_slice(b"LPKSHHRH");
        for (at, number) in [
            (152, entries),
            (184, first * 1_000_000),
            (192, last * 1_000_000),
        ] {
            head[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        head
    }

    #[test]
    fn entries_are_counted_between_the_times_of_the_head() {
        let profile = profile(&head(11, 1000, 2000)).expect("a journal");
        assert_eq!(profile.logged(0, 5000), 11 * LINE_BYTES);
        assert_eq!(profile.logged(1000, 1500), 5 * LINE_BYTES);
    }

    #[test]
    fn what_is_no_journal_or_has_no_entries_counts_nothing() {
        assert_eq!(profile(&[0; HEAD_LENGTH]), None);
        assert_eq!(profile(&head(0, 0, 0)), None);
    }
}
