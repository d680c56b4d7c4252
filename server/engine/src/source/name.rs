//! Names from anywhere, made fit for a zip and for text.
//!
//! A file may be called by any bytes. Within a bundle a name must be text, must not lead out of
//! the directory that it is unpacked to, and must stay distinct from every other; so the bytes
//! that cannot stand are written as `%XX`, and `%` itself too.

use std::ffi::OsString;
use std::fmt::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path};

use super::Packing;

/// Path within the zip of an absolute path, its compression's ending taken off.
pub fn file_entry(path: &Path, packing: Packing) -> String {
    let mut entry = "files".to_owned();
    for component in path.components() {
        if let Component::Normal(part) = component {
            entry.push('/');
            push_component(&mut entry, part.as_bytes());
        } else if component == Component::ParentDir {
            entry.push_str("/%2E%2E");
        }
    }
    let ending = packing.ending();
    let length = entry.len() - ending.len();
    if packing != Packing::Plain && entry[length..].eq_ignore_ascii_case(ending) {
        entry.truncate(length);
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

/// Undoes the escapes of [`push_component`].
fn unescaped(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(escaped) => {
                out.push(escaped);
                at += 3;
            }
            None => {
                out.push(*byte);
                at += 1;
            }
        }
    }
    out
}

impl Packing {
    /// By a file's name.
    pub fn of(path: &Path) -> Self {
        let name = path.as_os_str().as_bytes();
        [Self::Gzip, Self::Zstd]
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
        }
    }
}

/// Serialises a path of any bytes as text, without loss.
pub mod path_text {
    use std::path::PathBuf;

    use serde::{Deserialize, Deserializer, Serializer};

    use super::{OsStrExt, OsString, OsStringExt, Path, push_component, unescaped};

    pub fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        let parts = path.as_os_str().as_bytes().split(|byte| *byte == b'/');
        let mut text = String::new();
        for (index, part) in parts.enumerate() {
            if index > 0 {
                text.push('/');
            }
            push_component(&mut text, part);
        }
        serializer.serialize_str(&text)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(PathBuf::from(OsString::from_vec(unescaped(&text))))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use proptest::prelude::*;

    use super::*;

    fn entry(path: &[u8]) -> String {
        let path = Path::new(OsStr::from_bytes(path));
        file_entry(path, Packing::of(path))
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

    proptest! {
        #[test]
        fn paths_survive_as_text(bytes in prop::collection::vec(1u8.., 0..40)) {
            #[derive(serde::Serialize, serde::Deserialize)]
            struct Holder(#[serde(with = "path_text")] std::path::PathBuf);

            let path = std::path::PathBuf::from(OsString::from_vec(bytes));
            let text = serde_json::to_string(&Holder(path.clone())).expect("text");
            let Holder(back) = serde_json::from_str(&text).expect("the same");
            prop_assert_eq!(back, path);
        }
    }
}
