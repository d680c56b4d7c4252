//! A collection from request to manifest, into a directory and into a container.

mod common;

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use chrono::TimeDelta;
use common::azurite::Azurite;
use common::{
    Serving, Stack, entries, entry_of, files_below, operator, read_entry, wait_for, wait_for_end,
};
use domain::{CollectionState, DestinationChoice, PartState, Reason, RoleName};
use engine::{Compression, EngineError, SourceConfig};

#[tokio::test]
async fn the_lines_of_the_window_arrive_in_a_directory() {
    let mut stack = Stack::new();
    let path = stack.role("Storage").join("disk.log");
    let expected = stack.log(&path, TimeDelta::seconds(7));
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::Complete);
    let folder = stack.config.bundle_directory.join(&detail.folder);
    let zip = folder.join("node-01/Storage.zip");
    assert_eq!(read_entry(&zip, &entry_of(&path)), expected);
    let manifest: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["outcome"], "complete");
    assert_eq!(
        manifest["parts"][0]["volumes"][0]["name"],
        "node-01/Storage.zip"
    );
    assert_eq!(
        manifest["parts"][0]["items"][0]["kept_bytes"],
        expected.len()
    );
    let names = files_below(&folder);
    assert_eq!(
        names.len(),
        2,
        "nothing but the bundle and the manifest: {names:?}"
    );
    assert_eq!(stack.spooled(), Vec::<std::path::PathBuf>::new());
    serving.stop().await;
}

#[tokio::test]
async fn what_a_command_says_and_what_is_missing_are_dated_by_the_run() {
    let mut stack = Stack::new();
    for (name, run) in [("says", "echo so"), ("fails", "exit 7")] {
        let source = SourceConfig::Command {
            name: name.to_owned(),
            run: vec!["/bin/sh".to_owned(), "-c".to_owned(), run.to_owned()],
            timeout: common::PATIENCE,
        };
        stack.add_source("Host", source);
    }
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    let folder = stack.config.bundle_directory.join(&detail.folder);
    let into = tempfile::tempdir().expect("a directory");
    let unpacked = std::process::Command::new("bsdtar")
        .arg("-xf")
        .arg(folder.join("node-01/Host.zip"))
        .current_dir(into.path())
        .status();
    assert!(unpacked.expect("bsdtar").success());
    let files = files_below(into.path());
    assert_eq!(files.len(), 2, "{files:?}");
    for file in files {
        let modified = fs::metadata(&file).and_then(|metadata| metadata.modified());
        let age = modified.expect("its time").elapsed().unwrap_or_default();
        assert!(age < common::PATIENCE, "{}: {age:?}", file.display());
    }
    serving.stop().await;
}

#[tokio::test]
async fn a_container_gets_the_same_and_readers_of_three_makers_open_it() {
    let azurite = Azurite::start().await;
    azurite.container("logs").await;
    let mut stack = Stack::new();
    stack.config.compression = Compression::Deflate;
    stack.config.volume_size_bytes = 1;
    let directory = stack.role("Storage");
    let first = stack.log(&directory.join("one.log"), TimeDelta::seconds(5));
    let second = stack.log(&directory.join("two.log"), TimeDelta::seconds(11));
    let serving = Serving::start(stack.engine().await);
    let sas = azurite.good_sas("logs");
    let destination = DestinationChoice::SasUrl(sas.clone());
    let id = serving.collect(stack.request(destination)).await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(
        detail.summary.state,
        CollectionState::Complete,
        "{:?}",
        detail.summary.state_detail
    );
    let prefix = &detail.folder;
    let blobs = azurite.blobs("logs").await;
    // each item ends its volume, since volumes are this small
    let expected: Vec<String> = [
        "manifest.json",
        "node-01/Storage.002.zip",
        "node-01/Storage.zip",
    ]
    .iter()
    .map(|name| format!("{prefix}/{name}"))
    .collect();
    assert_eq!(blobs, expected);
    let mut contents = Vec::new();
    for name in &expected[1..] {
        let zip = stack.root.path().join("downloaded.zip");
        azurite.download("logs", name, &zip).await;
        for entry in entries(&zip) {
            contents.push(read_entry(&zip, &entry));
        }
        for (program, arguments) in [("7zz", vec!["t"]), ("python3", vec!["-m", "zipfile", "-t"])] {
            let output = std::process::Command::new(program)
                .args(arguments)
                .arg(&zip)
                .output()
                .unwrap();
            assert!(
                output.status.success(),
                "{program}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    // once it is complete nobody can need the SAS URL again, so that it is not kept either
    let refused = serving
        .engine
        .replace_sas(id, sas.clone(), &operator())
        .await;
    assert!(
        matches!(refused, Err(EngineError::Conflict(_))),
        "{refused:?}"
    );
    let (_, signature) = sas.expose().split_once("sig=").unwrap();
    for file in files_below(&stack.config.data_directory) {
        let bytes = fs::read(&file).unwrap();
        let leaked = String::from_utf8_lossy(&bytes).contains(signature);
        assert!(!leaked, "the signature stands in {}", file.display());
    }
    contents.sort();
    let mut both = vec![first, second];
    both.sort();
    assert_eq!(contents, both);
    serving.stop().await;
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_the_rest_arrives() {
    let mut stack = Stack::new();
    let directory = stack.role("Network");
    let kept = stack.log(&directory.join("good.log"), TimeDelta::minutes(1));
    symlink("/etc/hostname", directory.join("escape.log")).unwrap();
    let absent = directory.join("absent.log");
    stack.add_source(
        "Network",
        SourceConfig::Files {
            paths: vec![absent.display().to_string()],
            time_zone: None,
            time_format: None,
            time_key: None,
            binary: false,
        },
    );
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::PartiallyComplete);
    assert!(
        matches!(detail.parts[0].state, PartState::Partial(_)),
        "{:?}",
        detail.parts[0]
    );
    let mut missing: Vec<_> = detail
        .missing
        .iter()
        .map(|item| (item.item.clone(), item.reason.clone()))
        .collect();
    missing.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(
        missing,
        [
            (absent.display().to_string(), Reason::NotFound),
            (
                directory.join("escape.log").display().to_string(),
                Reason::LeadsElsewhere
            ),
        ]
    );
    let zip = stack
        .config
        .bundle_directory
        .join(&detail.folder)
        .join("node-01/Network.zip");
    assert_eq!(
        read_entry(&zip, &entry_of(&directory.join("good.log"))),
        kept
    );
    let errors = read_entry(&zip, "errors.txt");
    assert!(errors.contains("absent.log: not found"), "{errors}");

    // retrying reads only the gaps, into a further volume and a further manifest
    stack.log(&absent, TimeDelta::minutes(1));
    serving.engine.retry(id, &operator()).await.unwrap();
    let again = wait_for_end(&serving.engine, id).await;
    assert_eq!(again.missing.len(), 1, "{:?}", again.missing);
    let folder = stack.config.bundle_directory.join(&again.folder);
    let names: Vec<_> = entries(&folder.join("node-01/Network.002.zip"));
    assert_eq!(names, [entry_of(&absent), "errors.txt".to_owned()]);
    assert!(folder.join("manifest.2.json").exists());
    serving.stop().await;
}

#[tokio::test]
async fn cancelling_ends_within_two_seconds_and_leaves_nothing() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    stack.log(&directory.join("disk.log"), TimeDelta::minutes(1));
    let marker = "86399.25";
    stack.add_source(
        "Slow",
        SourceConfig::Command {
            name: "hangs".to_owned(),
            run: vec![
                "/bin/sh".to_owned(),
                "-c".to_owned(),
                format!("sleep {marker} & wait"),
            ],
            timeout: Duration::from_secs(600),
        },
    );
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    common::wait_until(&serving.engine, id, |detail| {
        detail
            .parts
            .iter()
            .any(|part| part.role.0 == "Slow" && part.state == PartState::Collecting)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(processes_with(marker), 1, "the command runs");
    serving.engine.cancel(id, &operator()).await.unwrap();
    let asked = std::time::Instant::now();
    let detail = wait_for_end(&serving.engine, id).await;
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(detail.summary.state, CollectionState::Cancelled);
    assert_eq!(processes_with(marker), 0, "no process is left");
    assert!(stack.spooled().is_empty() && files_below(&stack.config.bundle_directory).is_empty());
    assert!(matches!(
        serving.engine.cancel(id, &operator()).await,
        Err(EngineError::Conflict(_))
    ));
    serving.stop().await;
}

#[tokio::test]
async fn everything_wrong_with_a_request_is_said_at_once_and_nothing_is_stored() {
    let mut stack = Stack::new();
    stack.role("Storage");
    let engine = stack.engine().await;
    let mut request = stack.request(DestinationChoice::Managed);
    request.end = request.start - TimeDelta::hours(1);
    request.roles = vec![RoleName("Nothing".to_owned())];
    let Err(EngineError::Invalid(errors)) = engine.start(request, &operator()).await else {
        panic!("it was accepted");
    };
    let fields: Vec<_> = errors.iter().map(|error| error.field).collect();
    assert_eq!(fields, ["end", "roles", "destination"]);
    assert_eq!(
        engine
            .history(Default::default(), None, 10)
            .await
            .unwrap()
            .total,
        0
    );
}

#[tokio::test]
async fn cancelling_a_retry_leaves_what_was_delivered_before() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    stack.log(&directory.join("disk.log"), TimeDelta::minutes(1));
    // fails at once the first time, and hangs the second
    let marker = stack.root.path().join("ran");
    stack.add_source(
        "Slow",
        SourceConfig::Command {
            name: "slow".to_owned(),
            run: vec![
                "/bin/sh".to_owned(),
                "-c".to_owned(),
                format!(
                    "test -e {0} && sleep 60; touch {0}; exit 3",
                    marker.display()
                ),
            ],
            timeout: Duration::from_secs(90),
        },
    );
    let serving = Serving::start(stack.engine().await);
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    let first = wait_for_end(&serving.engine, id).await;
    assert_eq!(first.summary.state, CollectionState::PartiallyComplete);
    let folder = stack.config.bundle_directory.join(&first.folder);
    let delivered = files_below(&folder);
    serving.engine.retry(id, &operator()).await.unwrap();
    wait_for(&serving.engine, id, &[CollectionState::InProgress]).await;
    serving.engine.cancel(id, &operator()).await.unwrap();
    let cancelled = wait_for_end(&serving.engine, id).await;
    fs::remove_file(&marker).unwrap();
    assert_eq!(
        cancelled.summary.state,
        CollectionState::PartiallyComplete,
        "{:?}",
        cancelled.summary
    );
    assert_eq!(files_below(&folder), delivered);
    serving.engine.retry(id, &operator()).await.unwrap();
    wait_for_end(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn a_spool_that_is_too_small_cuts_a_part_and_names_what_it_cut() {
    let mut stack = Stack::new();
    stack.config.spool_limit_bytes = 1 << 20;
    let directory = stack.role("Storage");
    for name in ["one.log", "two.log", "three.log"] {
        stack.noisy_log(&directory.join(name), 8);
    }
    let serving = Serving::start(stack.engine().await);
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::PartiallyComplete);
    assert_eq!(
        detail.parts[0].state,
        PartState::Truncated(Reason::SpoolFull)
    );
    assert_eq!(detail.missing_total, 3, "{:?}", detail.missing);
    // it is the last entry, in whichever volume that came to be
    let bundle = stack.config.bundle_directory.join(&detail.folder);
    let zips = files_below(&bundle.join("node-01"));
    let listing = zips
        .iter()
        .find(|zip| entries(zip).contains(&"errors.txt".to_owned()));
    let errors = read_entry(listing.expect("a list of errors"), "errors.txt");
    assert_eq!(errors.lines().count(), 3, "{errors}");
    // what was taken of the one that was cut is counted
    let manifest = serving.manifest(id).await;
    let items = manifest["parts"][0]["items"].as_array().unwrap();
    let cut = items.iter().find(|item| item["outcome"] == "partial");
    let cut = cut.expect("one that was cut");
    let volume = bundle.join(cut["volume"].as_str().unwrap());
    let taken = read_entry(&volume, cut["entry"].as_str().unwrap());
    assert_eq!(cut["kept_bytes"], taken.len());
    assert!(cut["read_bytes"].as_u64() >= Some(taken.len() as u64));
    assert!(stack.spooled().is_empty(), "{:?}", stack.spooled());
    serving.stop().await;
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_told_from_a_quiet_hour() {
    let mut stack = Stack::new();
    let directory = stack.role("Quiet");
    fs::write(directory.join("old.log"), "2020-01-01T00:00:00Z long ago\n").unwrap();
    let nowhere = stack.root.path().join("nowhere/**/*.log");
    let paths = vec![nowhere.display().to_string()];
    stack.add_source(
        "Mistyped",
        SourceConfig::Files {
            paths,
            time_zone: None,
            time_format: None,
            time_key: None,
            binary: false,
        },
    );
    let serving = Serving::start(stack.engine().await);
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    let detail = wait_for_end(&serving.engine, id).await;
    let states: Vec<_> = detail.parts.iter().map(|part| part.state.clone()).collect();
    assert_eq!(
        states,
        [
            PartState::Skipped(Reason::NothingInWindow),
            PartState::Failed(Reason::NotFound)
        ]
    );
    assert_eq!(detail.summary.state, CollectionState::PartiallyComplete);
    serving.stop().await;
}

#[tokio::test]
async fn an_interrupted_collection_is_continued_by_the_next_start() {
    let mut stack = Stack::new();
    let elsewhere = common::other_file_system();
    stack.config.bundle_directory = elsewhere.path().join("bundles");
    stack.config.bandwidth_limit = 4 << 20;
    let directory = stack.role("Storage");
    stack.noisy_log(&directory.join("disk.log"), 24);
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    wait_for(&serving.engine, id, &[CollectionState::InProgress]).await;
    serving.stop().await;

    let serving = Serving::start(stack.engine().await);
    let interrupted = serving.engine.collection(id).await.unwrap();
    assert_eq!(interrupted.summary.state, CollectionState::InProgress);
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::Complete);
    let zip = stack
        .config
        .bundle_directory
        .join(&detail.folder)
        .join("node-01/Storage.zip");
    let path = directory.join("disk.log");
    assert_eq!(
        read_entry(&zip, &entry_of(&path)),
        fs::read_to_string(&path).unwrap()
    );
    serving.stop().await;
}

/// Counts what is written to it.
#[derive(Default)]
struct Counting {
    all: usize,
    at_once: usize,
}

impl std::io::Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.all += bytes.len();
        self.at_once = self.at_once.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_manifest_is_written_piece_by_piece_however_many_items_it_names() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    let line = format!("{} x\n", (stack.end - TimeDelta::minutes(5)).to_rfc3339());
    for number in 0..1500 {
        fs::write(directory.join(format!("{number}.log")), &line).unwrap();
    }
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    wait_for_end(&serving.engine, id).await;
    let (mut out, more) = (Counting::default(), serde_json::Map::new());
    let written = serving.engine.write_manifest(id, &more, &mut out).await;
    written.unwrap();
    assert!(
        out.all > 200_000 && out.at_once < 50_000,
        "{} {}",
        out.all,
        out.at_once
    );
    serving.stop().await;
}

fn processes_with(marker: &str) -> usize {
    fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| {
            let line = String::from_utf8_lossy(line);
            line.starts_with("sleep\0") && line.contains(marker)
        })
        .count()
}
