//! Names from anywhere, made fit for a zip and for text.
//!
//! A file may be called by any bytes. Within a bundle a name must be text, must not lead out of
//! the directory that it is unpacked to, and must stay distinct from every other; so the bytes
//! that cannot stand are written as `%XX`, and `%` itself too. A name that becomes too long for a
//! file system by that is cut.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use sha2::{Digest, Sha256};

use super::Packing;
use crate::secrets::to_hex;

/// Bytes that a name may have on the file systems in use.
const LONGEST_COMPONENT: usize = 255;
/// So much of a longer name is kept in front of its hash.
const SHORTENED: usize = 200;
/// What is longer than this, its point included, is no ending.
const LONGEST_ENDING: usize = 12;

/// Path within the zip of an absolute path, its compression's ending taken off.
///
/// Where something beside it would get the same name the ending stays behind a tilde:
/// `app.log.1.gz` beside `app.log.1` becomes `app.log.1~gz`.
pub fn file_entry(path: &Path, packing: Packing, has_rival: bool) -> String {
    let mut entry = "files".to_owned();
    for component in path.components() {
        if let Component::Normal(part) = component {
            entry.push('/');
            push_component(&mut entry, part.as_bytes());
        } else if component == Component::ParentDir {
            entry.push_str("/%2E%2E");
        }
    }
    let stem = entry.len() - packing.ending().len();
    let has_ending =
        (entry.get(stem..)).is_some_and(|ending| ending.eq_ignore_ascii_case(packing.ending()));
    if packing == Packing::Plain {
        // a file that is truly called so must not pass for a packed one
        if let Some((name, ending)) = entry.rsplit_once('~')
            && Packing::PACKED.iter().any(|packing| {
                ending.eq_ignore_ascii_case(packing.ending().trim_start_matches('.'))
            })
        {
            entry = format!("{name}%7E{ending}");
        }
    } else if has_ending && has_rival {
        entry.replace_range(stem..=stem, "~");
    } else if has_ending {
        entry.truncate(stem);
    }
    entry
}

/// `journal/{unit}.log`
pub fn journal_entry(unit: &str) -> String {
    one_entry("journal/", unit, ".log")
}

/// `commands/{name}.txt`
pub fn command_entry(name: &str) -> String {
    one_entry("commands/", name, ".txt")
}

fn one_entry(folder: &str, name: &str, ending: &str) -> String {
    let mut entry = folder.to_owned();
    push_component(&mut entry, name.as_bytes());
    entry.push_str(ending);
    entry
}

fn push_component(entry: &mut String, bytes: &[u8]) {
    let start = entry.len();
    push_readable(entry, bytes);
    if entry.len() - start > LONGEST_COMPONENT {
        shorten(entry, start, bytes);
    }
}

/// Cuts a component's name, so that the bundle can be unpacked to a usual file system. A part of
/// the hash of what it was keeps it distinct; its ending stays.
fn shorten(entry: &mut String, start: usize, bytes: &[u8]) {
    let name = entry.split_off(start);
    let ending = match name.rfind('.') {
        Some(dot) if name.len() - dot <= LONGEST_ENDING => &name[dot..],
        _ => "",
    };
    let mut cut = name.floor_char_boundary(SHORTENED - ending.len());
    // not within an escape
    if let Some(percent) = name[..cut].rfind('%')
        && cut - percent < 3
    {
        cut = percent;
    }
    let hash = to_hex(&Sha256::digest(bytes)[..8]);
    entry.push_str(&name[..cut]);
    entry.push('~');
    entry.push_str(&hash);
    entry.push_str(ending);
}

fn push_readable(entry: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            if letter.is_control() || matches!(letter, '%' | '\\' | '/') {
                push_escaped(entry, letter.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                entry.push(letter);
            }
        }
        push_escaped(entry, chunk.invalid());
    }
}

fn push_escaped(entry: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // writing into a String cannot fail
        let _ = write!(entry, "%{byte:02X}");
    }
}

impl Packing {
    /// All but plain.
    pub const PACKED: [Self; 4] = [Self::Gzip, Self::Zstd, Self::Xz, Self::Bzip2];

    /// By a file's name.
    pub fn of(path: &Path) -> Self {
        let name = path.as_os_str().as_bytes();
        Self::PACKED
            .into_iter()
            .find(|packing| {
                let ending = packing.ending().as_bytes();
                name.len() > ending.len()
                    && name[name.len() - ending.len()..].eq_ignore_ascii_case(ending)
            })
            .unwrap_or(Self::Plain)
    }

    /// What such a file's name ends in.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
            Self::Xz => ".xz",
            Self::Bzip2 => ".bz2",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    fn entry(path: &[u8]) -> String {
        let path = Path::new(OsStr::from_bytes(path));
        file_entry(path, Packing::of(path), false)
    }

    #[test]
    fn ordinary_names_stay() {
        assert_eq!(entry(b"/var/log/syslog.1"), "files/var/log/syslog.1");
        assert_eq!(entry(b"/var/log/syslog.2.gz"), "files/var/log/syslog.2");
        assert_eq!(
            entry(b"/var/log/a b/\xc3\xa9.log.ZST"),
            "files/var/log/a b/é.log"
        );
        assert_eq!(
            journal_entry("ceph-osd@1.service"),
            "journal/ceph-osd@1.service.log"
        );
        assert_eq!(command_entry("ceph-status"), "commands/ceph-status.txt");
    }

    #[test]
    fn no_name_leads_out_or_hides_another() {
        assert_eq!(entry(b"/a/../b"), "files/a/%2E%2E/b");
        assert_eq!(entry(b"/a/\xff\n%\\"), "files/a/%FF%0A%25%5C");
        assert_eq!(command_entry("../x"), "commands/..%2Fx.txt");
    }

    #[test]
    fn what_lies_beside_each_other_keeps_names_apart() {
        let rival = |path: &str| {
            let path = Path::new(path);
            file_entry(path, Packing::of(path), true)
        };
        assert_eq!(rival("/a.log.1.gz"), "files/a.log.1~gz");
        assert_eq!(rival("/a.log.1.GZ"), "files/a.log.1~GZ");
        assert_eq!(entry(b"/a.log.1~gz"), "files/a.log.1%7Egz");
        assert_eq!(entry(b"/a~b/c~"), "files/a~b/c~");
    }
}
