//! What a collection has begun at a directory and not finished: a hidden file, which nobody may find
//! there once the collection has ended.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{PATIENCE, Serving, Stack, files_below, operator, wait_for_end};
use domain::{CollectionId, CollectionState, DestinationChoice, PartState, Reason};
use engine::CollectionRequest;
use tempfile::TempDir;

/// A collection that reads: of its one volume there is a hidden file at the directory.
struct Rig {
    stack: Stack,
    serving: Serving,
    id: CollectionId,
    /// What the source waits for.
    gate: PathBuf,
    _elsewhere: Option<TempDir>,
}

impl Rig {
    /// With `copied` the directory is on another file system than the spool.
    async fn begin(copied: bool) -> Self {
        let mut stack = Stack::new();
        let elsewhere = copied.then(common::other_file_system);
        if let Some(elsewhere) = &elsewhere {
            stack.config.bundle_directory = elsewhere.path().join("bundles");
        }
        let log = stack.role("Storage").join("disk.log");
        // more than a block of it is packed
        stack.noisy_log(&log, 24);
        let gate = stack.gate("Storage");
        let serving = Serving::start(stack.engine().await);
        let request = CollectionRequest {
            identifiers: true,
            ..stack.request(DestinationChoice::Directory(None))
        };
        let id = serving.collect(request).await;
        let begun = Instant::now();
        while hidden(&stack.config.bundle_directory).is_empty() {
            assert!(begun.elapsed() < PATIENCE, "nothing is delivered");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Self {
            stack,
            serving,
            id,
            gate,
            _elsewhere: elsewhere,
        }
    }
}

fn hidden(root: &Path) -> Vec<PathBuf> {
    let mut files = files_below(root);
    files.retain(|file| file.extension().is_some_and(|ending| ending == "part"));
    files
}

#[tokio::test]
async fn a_stop_while_reading_leaves_no_half_file_beside_the_manifest() {
    for copied in [false, true] {
        let rig = Rig::begin(copied).await;
        rig.serving.stop().await;
        fs::write(&rig.gate, "").unwrap();
        let serving = Serving::start(rig.stack.engine().await);
        let detail = wait_for_end(&serving.engine, rig.id).await;
        assert_eq!(detail.summary.state, CollectionState::Complete);
        let folder = rig.stack.config.bundle_directory.join(&detail.folder);
        let names = ["manifest.json", "node-01/Storage.zip"].map(|name| folder.join(name));
        assert_eq!(files_below(&folder), names, "copied: {copied}");
        assert!(rig.stack.spooled().is_empty());
        serving.stop().await;
    }
}

#[tokio::test]
async fn a_cancel_while_reading_leaves_neither_half_file_nor_directory() {
    for copied in [false, true] {
        let rig = Rig::begin(copied).await;
        let engine = &rig.serving.engine;
        engine.cancel(rig.id, &operator()).await.unwrap();
        let detail = wait_for_end(engine, rig.id).await;
        assert_eq!(detail.summary.state, CollectionState::Cancelled);
        let directory = &rig.stack.config.bundle_directory;
        assert_eq!(files_below(directory), Vec::<PathBuf>::new());
        assert!(!directory.join("test-stack").exists(), "copied: {copied}");
        assert!(rig.stack.spooled().is_empty());
        rig.serving.stop().await;
    }
}

#[tokio::test]
async fn a_volume_that_was_given_up_leaves_no_half_file_when_its_part_fails() {
    let rig = Rig::begin(false).await;
    // the address in what the command prints cannot get a pseudonym
    rig.stack.alter("DROP TABLE pseudonym").await;
    fs::write(&rig.gate, "10.1.2.3").unwrap();
    let detail = wait_for_end(&rig.serving.engine, rig.id).await;
    let failed = PartState::Failed(Reason::RedactionFailed);
    assert_eq!(detail.parts[0].state, failed);
    let folder = rig.stack.config.bundle_directory.join(&detail.folder);
    assert_eq!(files_below(&folder), [folder.join("manifest.json")]);
    assert!(rig.stack.spooled().is_empty());
    rig.serving.stop().await;
}
