//! A directory as the destination, also on another file system than the spool.

mod common;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use common::{Serving, Stack, entry_of, files_below, read_entry, wait_for_end, wait_until};
use domain::{CollectionState, DestinationChoice};

#[tokio::test]
async fn a_directory_that_is_removed_on_the_way_is_filled_again() {
    let mut stack = Stack::new();
    let elsewhere = common::other_file_system();
    stack.config.bundle_directory = elsewhere.path().join("bundles");
    stack.config.bandwidth_limit = 8 << 20;
    let path = stack.role("Storage").join("disk.log");
    stack.noisy_log(&path, 48);
    let serving = Serving::start(stack.engine().await);
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    wait_until(&serving.engine, id, |detail| {
        detail.progress.delivered_bytes > 0
    })
    .await;
    fs::remove_dir_all(&stack.config.bundle_directory).unwrap();
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::Complete);
    let zip = stack
        .config
        .bundle_directory
        .join(&detail.folder)
        .join("node-01/Storage.zip");
    assert!(read_entry(&zip, &entry_of(&path)) == fs::read_to_string(&path).unwrap());
    serving.stop().await;
}

#[tokio::test]
async fn what_was_copied_to_another_file_system_is_not_copied_again_after_a_restart() {
    let mut stack = Stack::new();
    let elsewhere = common::other_file_system();
    stack.config.bundle_directory = elsewhere.path().join("bundles");
    // of hours a block: the first one leaves, and no other
    stack.config.bandwidth_limit = 1 << 10;
    let path = stack.role("Storage").join("disk.log");
    stack.noisy_log(&path, 40);
    let serving = Serving::start(stack.engine().await);
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    wait_until(&serving.engine, id, |detail| {
        detail.progress.delivered_bytes > 0 && detail.parts[0].state.code() == "delivering"
    })
    .await;
    serving.stop().await;
    let copied = files_below(&stack.config.bundle_directory);
    assert_eq!(copied.len(), 1, "{copied:?}");
    let copy = fs::metadata(&copied[0]).unwrap().ino();

    stack.config.bandwidth_limit = 0;
    let serving = Serving::start(stack.engine().await);
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::Complete);
    let folder = stack.config.bundle_directory.join(&detail.folder);
    let zip = folder.join("node-01/Storage.zip");
    assert_eq!(fs::metadata(&zip).unwrap().ino(), copy);
    assert!(read_entry(&zip, &entry_of(&path)) == fs::read_to_string(&path).unwrap());
    serving.stop().await;
}

#[tokio::test]
async fn a_directory_beside_the_spool_gets_its_files_also_after_it_was_removed_on_the_way() {
    let mut stack = Stack::new();
    let path = stack.role("Storage").join("disk.log");
    stack.noisy_log(&path, 1);
    let gate = stack.gate("Storage");
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let begun = Instant::now();
    while !stack.config.bundle_directory.join("test-stack").exists() {
        assert!(begun.elapsed() < common::PATIENCE, "nothing is delivered");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    fs::remove_dir_all(&stack.config.bundle_directory).unwrap();
    fs::write(&gate, "").unwrap();
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::Complete);
    let folder = stack.config.bundle_directory.join(&detail.folder);
    let zip = folder.join("node-01/Storage.zip");
    assert!(read_entry(&zip, &entry_of(&path)) == fs::read_to_string(&path).unwrap());
    assert_eq!(fs::read_dir(folder.join("node-01")).unwrap().count(), 1);
    assert!(stack.spooled().is_empty());
    serving.stop().await;
}
