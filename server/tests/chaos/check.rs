//! What must hold once the collections of a round have ended.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::common::files_below;
use super::lane::Lane;
use super::logs::Expected;
use super::round::{Course, Way, id, state};

/// Path below the destination, and content, of everything there.
type Delivered = BTreeMap<String, Vec<u8>>;

pub fn round(lane: &Lane<'_>, course: &Course, ended: &[Value], expected: &Expected) {
    let mut delivered = delivered(lane, course);
    for row in ended {
        let what = format!("{course:?} {row}");
        let id = id(row);
        let (own, others): (Delivered, Delivered) = delivered
            .into_iter()
            .partition(|(name, _)| name.contains(&id));
        delivered = others;
        match state(row) {
            "complete" => complete(lane, row, &own, expected, &what),
            "cancelled" if course.is_cancelled => cancelled(row, &own, &what),
            _ => panic!("it did not end complete: {what}"),
        }
    }
    assert!(
        delivered.is_empty(),
        "{course:?}: strays {:?}",
        delivered.keys()
    );
    let spooled = files_below(&lane.data().join("spool"));
    assert!(
        spooled.is_empty(),
        "{course:?}: the spool holds {spooled:?}"
    );
    lane.assert_no_secret_on_the_disk();
    let history = lane.history();
    assert_eq!(history.len(), lane.known.len() + ended.len(), "{course:?}");
}

fn delivered(lane: &Lane<'_>, course: &Course) -> Delivered {
    match course.way {
        Way::Container => lane.runtime.block_on(async {
            let file = lane.stack.path("downloaded");
            let mut delivered = Delivered::new();
            for blob in lane.azurite.blobs(&course.container).await {
                lane.azurite.download(&course.container, &blob, &file).await;
                delivered.insert(blob, fs::read(&file).expect("a blob"));
            }
            delivered
        }),
        Way::Directory => {
            let root = lane.stack.path("out").join(&course.container);
            let name = |path: &Path| {
                let below = path.strip_prefix(&root).expect("below");
                below.to_str().expect("text").to_owned()
            };
            files_below(&root)
                .into_iter()
                .map(|path| (name(&path), fs::read(&path).expect("a file")))
                .collect()
        }
    }
}

/// Nothing is left; where something could not be removed, it is said how much.
fn cancelled(row: &Value, own: &Delivered, what: &str) {
    let said = row["state_detail"].as_str().unwrap_or_default();
    let count: usize = said
        .split(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    assert!(
        own.len() <= count,
        "{what}: nothing is said of {:?}",
        own.keys()
    );
}

fn complete(lane: &Lane<'_>, row: &Value, own: &Delivered, expected: &Expected, what: &str) {
    let manifests: Vec<_> = own.keys().filter(|name| name.ends_with(".json")).collect();
    let last = manifests
        .last()
        .unwrap_or_else(|| panic!("no manifest: {what}"));
    let manifest: Value = serde_json::from_slice(&own[*last]).expect("JSON");
    assert_eq!(manifest["outcome"], "complete", "{what}");
    let mut told = manifests.len();
    let mut delivered_bytes = 0;
    let mut parts = 0;
    for part in manifest["parts"].as_array().expect("parts") {
        let role = part["role"].as_str().expect("a role");
        let volumes = part["volumes"].as_array().expect("volumes");
        told += volumes.len();
        let mut found = BTreeMap::new();
        for volume in volumes {
            let name = volume["name"].as_str().expect("a name");
            let (_, bytes) = own
                .iter()
                .find(|(path, _)| path.ends_with(&format!("/{name}")))
                .unwrap_or_else(|| panic!("{name} is not there: {what}"));
            let hash: String = Sha256::digest(bytes)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            assert_eq!(volume["sha256"], hash, "{name}: {what}");
            assert_eq!(volume["size_bytes"], bytes.len(), "{name}: {what}");
            delivered_bytes += bytes.len();
            unpack(lane, bytes, &mut found, what);
        }
        assert_same(&found, &expected[role], role, what);
        let items = part["items"].as_array().expect("items");
        assert_eq!(part["items_missing"], 0, "{role}: {what}");
        assert_eq!(part["items_read"], items.len(), "{role}: {what}");
        let kept: usize = expected[role].values().map(String::len).sum();
        assert_eq!(part["kept_bytes"], kept, "{role}: {what}");
        parts += 1;
    }
    assert_eq!(parts, expected.len(), "{what}");
    assert_eq!(told, own.len(), "more than the manifest tells: {what}");
    // what the manifests themselves take is counted or not; it is never less
    let said = row["delivered_bytes"].as_u64().expect("a number");
    assert!(said >= delivered_bytes as u64, "{said} bytes: {what}");
}

/// Adds a volume's entries, read by a reader that is not ours.
fn unpack(lane: &Lane<'_>, zip: &[u8], found: &mut BTreeMap<String, String>, what: &str) {
    let (archive, folder) = (lane.stack.path("volume.zip"), lane.stack.path("unpacked"));
    fs::write(&archive, zip).expect("a file");
    fs::create_dir_all(&folder).expect("a directory");
    let names = bsdtar(Command::new("bsdtar").arg("-tf").arg(&archive));
    bsdtar(
        Command::new("bsdtar")
            .arg("-xf")
            .arg(&archive)
            .arg("-C")
            .arg(&folder),
    );
    for name in names.lines() {
        let text = fs::read_to_string(folder.join(name)).expect("an entry");
        let twice = found.insert(name.to_owned(), text);
        assert_eq!(twice, None, "{name} is there twice: {what}");
    }
    fs::remove_dir_all(&folder).expect("a directory");
}

fn bsdtar(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("bsdtar");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("names")
}

fn assert_same(
    found: &BTreeMap<String, String>,
    expected: &BTreeMap<String, String>,
    role: &str,
    what: &str,
) {
    assert!(
        found.keys().eq(expected.keys()),
        "{role} holds {:?} instead of {:?}: {what}",
        found.keys(),
        expected.keys()
    );
    for (name, text) in found {
        assert!(
            *text == expected[name],
            "{name} holds {} bytes instead of {}, or others: {what}",
            text.len(),
            expected[name].len()
        );
    }
}
