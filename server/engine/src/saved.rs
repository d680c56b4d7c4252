//! A collection that was saved to a directory, to be sent later: from a machine without a way to
//! the container, or by somebody else.
//!
//! Its newest manifest says what belongs to it. Nothing is sent of a directory where anything is
//! missing, changed or foreign: what arrives is what was collected.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use domain::{CollectionId, PartState, SourceKind, Window};
use serde::Deserialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::bundle::close_object;
use crate::config::Compression;
use crate::secrets::to_hex;

const MANIFEST: &str = "manifest.json";
/// Of the manifest; see [`crate::bundle`].
const FORMAT: u32 = 1;

/// Why a directory is not sent. Paths are below it.
#[derive(Debug, Error)]
pub enum SavedError {
    #[error(
        "{} holds no manifest.json: it is not a saved collection, or not all of one; name the folder \
         that collect told of, which is below its --output",
        .0.display()
    )]
    NoCollection(PathBuf),
    #[error("{name} is not a manifest that this version understands: {why}")]
    Manifest { name: String, why: String },
    #[error("{name} is missing; the manifest names it")]
    Missing { name: String },
    #[error("{name} is not what was collected: {why}; save the collection again")]
    Changed { name: String, why: &'static str },
    #[error("{name} does not belong to the collection; take it out of the directory")]
    Foreign { name: String },
    #[error("{name} cannot be read: {source}")]
    Unreadable { name: String, source: io::Error },
    /// Nobody waits for the answer any more.
    #[error("the check was broken off")]
    Cancelled,
}

/// A part as the manifest tells of it.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedPart {
    pub node: String,
    pub role: String,
    #[serde(flatten)]
    pub state: PartState,
    #[serde(default)]
    pub items_planned: u64,
    #[serde(default)]
    pub items_read: u64,
    #[serde(default)]
    pub items_missing: u64,
    #[serde(default)]
    pub read_bytes: u64,
    #[serde(default)]
    pub kept_bytes: u64,
    #[serde(default)]
    pub volumes: Vec<SavedFile>,
}

/// A file of the collection, by the manifest's word; of a manifest by its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SavedFile {
    /// Below the collection's folder.
    pub name: String,
    pub size_bytes: u64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

#[derive(Debug, Deserialize)]
struct Manifest {
    format: u32,
    id: CollectionId,
    folder: String,
    window: Window,
    node: String,
    request: ManifestRequest,
    parts: Vec<SavedPart>,
}

#[derive(Debug, Deserialize)]
struct ManifestRequest {
    time_zone: chrono_tz::Tz,
    kinds: Vec<SourceKind>,
    compression: Compression,
}

/// A saved collection whose files are all there and as they were.
#[derive(Clone, Debug)]
pub struct SavedCollection {
    pub directory: PathBuf,
    pub id: CollectionId,
    pub folder: String,
    pub window: Window,
    pub node: String,
    pub zone: chrono_tz::Tz,
    pub kinds: Vec<SourceKind>,
    pub compression: Compression,
    pub parts: Vec<SavedPart>,
    /// Oldest first; the last one is the truth.
    pub manifests: Vec<SavedFile>,
}

impl SavedCollection {
    /// Reads and checks a directory: every file of it is hashed, which may take minutes and ends
    /// soon after `cancel` is set. Does blocking I/O.
    pub fn read(directory: &Path, cancel: &AtomicBool) -> Result<Self, SavedError> {
        let manifests = manifests(directory)?;
        let newest = manifests
            .last()
            .ok_or_else(|| SavedError::NoCollection(directory.to_owned()))?;
        let manifest = parse(directory, newest)?;
        let mut expected = BTreeMap::new();
        for file in manifest.parts.iter().flat_map(|part| &part.volumes) {
            if !is_plain(&file.name) {
                return Err(SavedError::Manifest {
                    name: newest.clone(),
                    why: "it names a file outside of its folder".to_owned(),
                });
            }
            expected.insert(file.name.clone(), file);
        }
        refuse_foreign(directory, |name| {
            expected.contains_key(name) || manifests.iter().any(|manifest| manifest == name)
        })?;
        for file in expected.values() {
            check(directory, file, cancel)?;
        }
        let manifests = manifests
            .iter()
            .map(|name| describe(directory, name, cancel))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            directory: directory.to_owned(),
            id: manifest.id,
            folder: manifest.folder,
            window: manifest.window,
            node: manifest.node,
            zone: manifest.request.time_zone,
            kinds: manifest.request.kinds,
            compression: manifest.request.compression,
            parts: manifest.parts,
            manifests,
        })
    }

    /// Compares the manifests with what this installation remembers of them.
    pub fn check_manifests(&self, known: &[SavedFile]) -> Result<(), SavedError> {
        for file in &self.manifests {
            let differs = |known: &&SavedFile| known.name == file.name && *known != file;
            if known.iter().any(|known| differs(&known)) {
                return Err(changed(&file.name, "its hash is another one"));
            }
        }
        Ok(())
    }
}

/// A manifest that was saved, open at its beginning.
#[derive(Debug)]
pub struct ManifestFile {
    file: File,
    /// Bytes before its last closing brace.
    body_bytes: u64,
}

/// Opens the newest manifest of a directory, which is an object.
pub fn open_manifest(directory: &Path) -> Result<ManifestFile, SavedError> {
    let manifests = manifests(directory)?;
    let name = manifests
        .last()
        .ok_or_else(|| SavedError::NoCollection(directory.to_owned()))?;
    let mut file = open(directory, name)?;
    let body_bytes = body_bytes(&mut file).map_err(|source| SavedError::Unreadable {
        name: name.clone(),
        source,
    })?;
    let body_bytes = body_bytes.ok_or_else(|| SavedError::Manifest {
        name: name.clone(),
        why: "it does not end as an object".to_owned(),
    })?;
    Ok(ManifestFile { file, body_bytes })
}

impl ManifestFile {
    /// Copies it, with `more` fields at its end.
    pub fn write(self, more: &Map<String, Value>, out: impl Write) -> io::Result<()> {
        let mut out = BufWriter::new(out);
        io::copy(&mut self.file.take(self.body_bytes), &mut out)?;
        close_object(&mut out, more)?;
        out.flush()
    }
}

/// Leaves the file at its beginning; `None` where no brace closes it.
fn body_bytes(file: &mut File) -> io::Result<Option<u64>> {
    const TAIL: u64 = 64;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(TAIL);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail)?;
    file.rewind()?;
    let end = tail.trim_ascii_end();
    Ok(end
        .strip_suffix(b"}")
        .map(|body| from + body.trim_ascii_end().len() as u64))
}

/// Names of the manifests, oldest first: `manifest.json`, `manifest.2.json` …
fn manifests(directory: &Path) -> Result<Vec<String>, SavedError> {
    let first = directory.join(MANIFEST);
    match first.symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {}
        _ => return Err(SavedError::NoCollection(directory.to_owned())),
    }
    let further = (2_u32..).map(|number| format!("manifest.{number}.json"));
    Ok(std::iter::once(MANIFEST.to_owned())
        .chain(further.take_while(|name| directory.join(name).is_file()))
        .collect())
}

fn parse(directory: &Path, name: &str) -> Result<Manifest, SavedError> {
    let wrong = |why: String| SavedError::Manifest {
        name: name.to_owned(),
        why,
    };
    let reader = BufReader::new(open(directory, name)?);
    let manifest: Manifest =
        serde_json::from_reader(reader).map_err(|error| wrong(error.to_string()))?;
    if manifest.format != FORMAT {
        return Err(wrong(format!("its format is {}", manifest.format)));
    }
    let ends_well = manifest.folder.ends_with(&format!("/{}", manifest.id));
    if !is_plain(&manifest.folder) || !ends_well {
        return Err(wrong("its folder is not that of a collection".to_owned()));
    }
    Ok(manifest)
}

/// A path of plain names, which leads nowhere else.
fn is_plain(path: &str) -> bool {
    path.split('/').all(|name| {
        !name.is_empty()
            && !matches!(name, "." | "..")
            && !name.contains(|letter: char| letter == '\\' || letter.is_control())
    })
}

fn refuse_foreign(directory: &Path, belongs: impl Fn(&str) -> bool) -> Result<(), SavedError> {
    for entry in walkdir::WalkDir::new(directory).min_depth(1) {
        let entry = entry.map_err(|error| SavedError::Unreadable {
            name: error.path().unwrap_or(directory).display().to_string(),
            source: error.into(),
        })?;
        let name = entry
            .path()
            .strip_prefix(directory)
            .unwrap_or(entry.path())
            .to_string_lossy()
            .into_owned();
        let is_known = entry.file_type().is_dir() || entry.file_type().is_file() && belongs(&name);
        if !is_known {
            return Err(SavedError::Foreign { name });
        }
    }
    Ok(())
}

fn check(directory: &Path, expected: &SavedFile, cancel: &AtomicBool) -> Result<(), SavedError> {
    let found = describe(directory, &expected.name, cancel)?;
    if found.size_bytes != expected.size_bytes {
        return Err(changed(&expected.name, "its size is another one"));
    }
    if found.sha256 != expected.sha256 {
        return Err(changed(&expected.name, "its hash is another one"));
    }
    Ok(())
}

/// Size and hash of a file as it lies there.
fn describe(directory: &Path, name: &str, cancel: &AtomicBool) -> Result<SavedFile, SavedError> {
    let mut file = open(directory, name)?;
    let (mut hasher, mut size_bytes, mut chunk) = (Sha256::new(), 0, vec![0; 256 * 1024]);
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(SavedError::Cancelled);
        }
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                hasher.update(&chunk[..read]);
                size_bytes += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(SavedError::Unreadable {
                    name: name.to_owned(),
                    source,
                });
            }
        }
    }
    Ok(SavedFile {
        name: name.to_owned(),
        size_bytes,
        sha256: to_hex(&hasher.finalize()),
    })
}

fn open(directory: &Path, name: &str) -> Result<File, SavedError> {
    File::open(directory.join(name)).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SavedError::Missing {
            name: name.to_owned(),
        },
        _ => SavedError::Unreadable {
            name: name.to_owned(),
            source,
        },
    })
}

fn changed(name: &str, why: &'static str) -> SavedError {
    SavedError::Changed {
        name: name.to_owned(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read(directory: &Path) -> Result<SavedCollection, SavedError> {
        SavedCollection::read(directory, &AtomicBool::new(false))
    }

    fn saved(directory: &Path) {
        fs::create_dir(directory.join("node-01")).unwrap();
        fs::write(directory.join("node-01/Storage.zip"), b"bundle").unwrap();
        let id = "0199a000-0000-7000-8000-000000000001";
        let sha256 = to_hex(&Sha256::digest(b"bundle"));
        let manifest = serde_json::json!({
            "format": 1, "id": id, "folder": format!("stack/2026-11-20/{id}"), "node": "node-01",
            "window": {"start": "2026-11-20T10:00:00Z", "end": "2026-11-20T11:00:00Z"},
            "request": {"time_zone": "UTC", "kinds": [], "compression": "zstd", "roles": []},
            "parts": [{"node": "node-01", "role": "Storage", "state": "partial",
                "reason": {"code": "timed_out", "seconds": 30}, "items": [],
                "volumes": [{"name": "node-01/Storage.zip", "size_bytes": 6, "sha256": sha256}]}],
        });
        fs::write(directory.join(MANIFEST), manifest.to_string()).unwrap();
    }

    #[test]
    fn what_is_whole_is_read_and_anything_else_is_refused_by_its_name() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path();
        assert!(matches!(read(directory), Err(SavedError::NoCollection(_))));
        saved(directory);
        let whole = read(directory).unwrap();
        assert_eq!(whole.parts[0].state.code(), "partial");
        let known = SavedFile {
            sha256: "other".to_owned(),
            ..whole.manifests[0].clone()
        };
        assert!(whole.check_manifests(&whole.manifests).is_ok());
        assert!(whole.check_manifests(&[known]).is_err());

        let refusal = || read(directory).unwrap_err().to_string();
        let bundle = directory.join("node-01/Storage.zip");
        fs::write(&bundle, b"bundlE").unwrap();
        assert!(refusal().starts_with("node-01/Storage.zip is not what was collected"));
        fs::remove_file(&bundle).unwrap();
        assert!(refusal().starts_with("node-01/Storage.zip is missing"));
        fs::write(&bundle, b"bundle").unwrap();
        fs::write(directory.join("node-01/.x"), b"").unwrap();
        assert!(refusal().starts_with("node-01/.x does not belong"));
        fs::remove_file(directory.join("node-01/.x")).unwrap();
        let manifest = fs::read_to_string(directory.join(MANIFEST)).unwrap();
        let elsewhere = manifest.replace("node-01/Storage.zip", "../Storage.zip");
        fs::write(directory.join(MANIFEST), elsewhere).unwrap();
        assert!(refusal().contains("outside of its folder"));
    }

    #[test]
    fn a_check_that_nobody_waits_for_hashes_nothing_more() {
        let root = tempfile::tempdir().unwrap();
        saved(root.path());
        let checked = SavedCollection::read(root.path(), &AtomicBool::new(true));
        assert!(matches!(checked, Err(SavedError::Cancelled)), "{checked:?}");
    }
}
