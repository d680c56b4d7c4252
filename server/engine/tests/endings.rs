//! What history says of a collection that did not come to a good end: never more than is there, and
//! never less than was missing.

mod common;

use std::fs;
use std::path::PathBuf;

use chrono::{TimeDelta, Utc};
use common::azurite::{Azurite, sas_at};
use common::gate::{Gate, Reply};
use common::{Serving, Stack, files_below, operator, wait_for, wait_for_end, wait_until};
use domain::views::CollectionDetail;
use domain::{CollectionId, CollectionState, DestinationChoice, PartState, Reason, SasUrl};
use engine::SourceConfig;

/// A stack with one role and one log, which goes to a container that is reached through a gate.
struct Rig {
    azurite: Azurite,
    gate: Gate,
    stack: Stack,
    directory: PathBuf,
}

impl Rig {
    async fn new() -> Self {
        let azurite = Azurite::start().await;
        azurite.container("logs").await;
        let gate = Gate::start(azurite.port).await;
        let mut stack = Stack::new();
        let directory = stack.role("Storage");
        stack.noisy_log(&directory.join("disk.log"), 1);
        Self {
            azurite,
            gate,
            stack,
            directory,
        }
    }

    fn sas(&self, permissions: &str) -> SasUrl {
        let expires_at = Utc::now() + TimeDelta::hours(1);
        sas_at(self.gate.port, "logs", permissions, expires_at)
    }

    async fn begin(&self, serving: &Serving, permissions: &str) -> CollectionId {
        let destination = DestinationChoice::SasUrl(self.sas(permissions));
        serving.collect(self.stack.request(destination)).await
    }

    /// The service answers so to every commit of what is called so.
    fn answer_commits(&self, name: &'static str, reply: Reply) {
        self.gate.rule(move |line| {
            let is_commit = line.contains("comp=blocklist") && line.contains(name);
            is_commit.then(|| reply.clone())
        });
    }
}

/// A command that runs a script.
fn script(stack: &mut Stack, name: &str, script: String) {
    stack.add_source(
        "Storage",
        SourceConfig::Command {
            name: name.to_owned(),
            run: vec!["/bin/sh".to_owned(), "-c".to_owned(), script],
            timeout: common::PATIENCE,
        },
    );
}

fn missing(detail: &CollectionDetail) -> Vec<(String, Reason)> {
    let named = |item: &domain::views::MissingItem| (item.item.clone(), item.reason.clone());
    detail.missing.iter().map(named).collect()
}

#[tokio::test]
async fn a_collection_without_its_manifest_is_not_complete_and_can_be_retried() {
    let rig = Rig::new().await;
    rig.answer_commits("manifest", Reply::new(403, "AuthenticationFailed"));
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving, "rwl").await;
    let waiting = wait_for(&serving.engine, id, &[CollectionState::Waiting]).await;
    assert_eq!(waiting.parts[0].state, PartState::Complete);
    serving.stop().await;
    let kept = "CREATE TABLE kept AS SELECT destination_secret FROM collection";
    rig.stack.alter(kept).await;
    let lost = "UPDATE collection SET destination_secret = NULL";
    rig.stack.alter(lost).await;
    rig.gate.rule(|_| None);

    let serving = Serving::start(rig.stack.engine().await);
    let engine = &serving.engine;
    let ended = wait_for_end(engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::PartiallyComplete);
    let found = "UPDATE collection SET destination_secret = (SELECT destination_secret FROM kept)";
    rig.stack.alter(found).await;
    engine.retry(id, &operator()).await.unwrap();
    let ended = wait_for_end(engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Complete);
    let blobs = rig.azurite.blobs("logs").await;
    assert!(blobs[0].ends_with("/manifest.json"), "{blobs:?}");
    serving.stop().await;
}

#[tokio::test]
async fn a_collection_that_fails_before_it_is_planned_is_failed_and_so_are_its_parts() {
    let mut stack = Stack::new();
    stack.role("Storage");
    let engine = stack.engine().await;
    let request = stack.request(DestinationChoice::Directory(None));
    let id = engine.start(request, &operator()).await.unwrap();
    let spool = stack.config.data_directory.join("spool");
    fs::write(spool.join(id.to_string()), "in the way").unwrap();
    let serving = Serving::start(engine);
    let ended = wait_for_end(&serving.engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Failed);
    assert_eq!(ended.parts[0].state, PartState::Failed(Reason::Internal));
    serving.stop().await;
}

#[tokio::test]
async fn what_a_cancel_has_removed_is_not_said_to_be_delivered() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    stack.log(&directory.join("disk.log"), TimeDelta::minutes(1));
    stack.gate("Slow");
    let serving = Serving::start(stack.engine().await);
    let engine = &serving.engine;
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    wait_until(engine, id, |detail| {
        let first = detail.parts.first();
        first.is_some_and(|part| part.state == PartState::Complete)
    })
    .await;
    engine.cancel(id, &operator()).await.unwrap();
    let ended = wait_for_end(engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Cancelled);
    for part in &ended.parts {
        assert_eq!(part.state, PartState::Skipped(Reason::Cancelled));
        assert_eq!((part.delivered_bytes, part.volumes.len()), (0, 0));
    }
    let parts = serving.manifest(id).await["parts"].clone();
    assert_eq!(parts[0]["volumes"], serde_json::json!([]));
    assert_eq!(parts[0]["items"], serde_json::json!([]));
    assert!(files_below(&stack.config.bundle_directory).is_empty());
    serving.stop().await;
}

#[tokio::test]
async fn a_cancel_that_was_broken_off_once_bundles_were_removed_is_ended_by_the_next_start() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    stack.log(&directory.join("disk.log"), TimeDelta::minutes(1));
    stack.gate("Slow");
    let serving = Serving::start(stack.engine().await);
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    wait_until(&serving.engine, id, |detail| {
        let first = detail.parts.first();
        first.is_some_and(|part| part.state == PartState::Complete)
    })
    .await;
    // the process ends before it can say what has become of the parts
    let killed = "CREATE TRIGGER killed BEFORE UPDATE OF state ON part \
                  BEGIN SELECT RAISE(ABORT, 'killed'); END";
    stack.alter(killed).await;
    serving.engine.cancel(id, &operator()).await.unwrap();
    let begun = std::time::Instant::now();
    while !files_below(&stack.config.bundle_directory).is_empty() {
        assert!(begun.elapsed() < common::PATIENCE, "bundles are left");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    serving.stop().await;
    stack.alter("DROP TRIGGER killed").await;
    let serving = Serving::start(stack.engine().await);
    let ended = wait_for_end(&serving.engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Cancelled);
    for part in &ended.parts {
        assert_eq!(part.state, PartState::Skipped(Reason::Cancelled));
    }
    serving.stop().await;
}

#[tokio::test]
async fn a_retry_that_is_cancelled_leaves_every_gap_as_it_was() {
    let mut stack = Stack::new();
    // each item ends its volume
    stack.config.volume_size_bytes = 1;
    let directory = stack.role("Storage");
    stack.log(&directory.join("disk.log"), TimeDelta::minutes(1));
    let absent = vec![directory.join("absent/*").display().to_string()];
    let absent = SourceConfig::Files {
        paths: absent,
        time_zone: None,
        time_format: None,
        time_key: None,
        binary: false,
    };
    stack.add_source("Storage", absent);
    let marker = stack.root.path().join("ran");
    let half = format!("echo kept; test -e {0} && exit 0; exit 3", marker.display());
    script(&mut stack, "1-half", half);
    // more than what travels between the threads, so that the one before comes to be delivered
    let much = format!(
        "test -e {} && yes line | head -n 200000 || exit 3",
        marker.display()
    );
    script(&mut stack, "2-much", much);
    // fails at once the first time, and hangs the second
    let last = format!(
        "test -e {0} && sleep 60; touch {0}; exit 3",
        marker.display()
    );
    script(&mut stack, "3-last", last);
    let serving = Serving::start(stack.engine().await);
    let engine = &serving.engine;
    let request = stack.request(DestinationChoice::Directory(None));
    let id = serving.collect(request).await;
    let first = wait_for_end(engine, id).await;
    assert_eq!(first.summary.state, CollectionState::PartiallyComplete);
    assert_eq!(first.missing_total, 4, "{:?}", first.missing);
    let told = serving.manifest(id).await["parts"].clone();
    let folder = stack.config.bundle_directory.join(&first.folder);
    let delivered = files_below(&folder);

    engine.retry(id, &operator()).await.unwrap();
    let again = wait_until(engine, id, |detail| {
        let volumes = &detail.parts[0].volumes;
        let is_there = |volume: &domain::views::VolumeView| volume.delivered_at.is_some();
        volumes.len() > first.parts[0].volumes.len() && volumes.iter().all(is_there)
    })
    .await;
    let named = missing(&again);
    assert!(!named.iter().any(|(item, _)| item == "1-half"), "{named:?}");
    engine.cancel(id, &operator()).await.unwrap();
    let ended = wait_for_end(engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::PartiallyComplete);
    assert_eq!(ended.parts[0].state, first.parts[0].state);
    assert_eq!(missing(&ended), missing(&first));
    assert_eq!(serving.manifest(id).await["parts"], told);
    assert_eq!(files_below(&folder), delivered);

    // and it can be filled by another one
    fs::create_dir(directory.join("absent")).unwrap();
    let found = directory.join("absent/here.log");
    stack.log(&found, TimeDelta::minutes(1));
    fs::remove_file(&marker).unwrap();
    engine.retry(id, &operator()).await.unwrap();
    let ended = wait_for_end(engine, id).await;
    let named: Vec<_> = missing(&ended).into_iter().map(|(item, _)| item).collect();
    assert_eq!(named, ["1-half", "2-much", "3-last"]);
    serving.stop().await;
}

#[tokio::test]
async fn a_retry_that_fails_leaves_every_gap_named_and_the_part_what_has_arrived_of_it() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    stack.log(&directory.join("disk.log"), TimeDelta::minutes(1));
    script(&mut stack, "1-fails", "exit 3".to_owned());
    let marker = stack.root.path().join("ran");
    let address = format!("test -e {} && echo 10.1.2.3 || exit 3", marker.display());
    script(&mut stack, "2-address", address);
    let serving = Serving::start(stack.engine().await);
    let engine = &serving.engine;
    let request = engine::CollectionRequest {
        identifiers: true,
        ..stack.request(DestinationChoice::Directory(None))
    };
    let id = serving.collect(request).await;
    let first = wait_for_end(engine, id).await;
    assert_eq!(first.missing_total, 2, "{:?}", first.missing);
    fs::write(&marker, "").unwrap();
    // the address cannot get a pseudonym
    let refuse = "CREATE TRIGGER refused BEFORE INSERT ON pseudonym \
                  BEGIN SELECT RAISE(ABORT, 'refused'); END";
    stack.alter(refuse).await;
    engine.retry(id, &operator()).await.unwrap();
    let ended = wait_for_end(engine, id).await;
    let failed = PartState::Partial(Reason::RedactionFailed);
    assert_eq!(ended.parts[0].state, failed);
    assert_eq!(ended.summary.state, CollectionState::PartiallyComplete);
    assert_eq!(missing(&ended), missing(&first));
    serving.stop().await;
}

#[tokio::test]
async fn a_manifest_that_may_have_arrived_keeps_its_name_and_the_next_one_gets_another() {
    for permissions in ["rwl", "wl"] {
        let mut rig = Rig::new().await;
        script(&mut rig.stack, "fails", "exit 3".to_owned());
        let serving = Serving::start(rig.stack.engine().await);
        let engine = &serving.engine;
        let id = rig.begin(&serving, permissions).await;
        wait_for_end(engine, id).await;
        engine.retry(id, &operator()).await.unwrap();
        wait_for_end(engine, id).await;
        let unheard = "UPDATE volume SET delivered_at = NULL WHERE name = 'manifest.2.json'";
        rig.stack.alter(unheard).await;
        engine.retry(id, &operator()).await.unwrap();
        let ended = wait_for_end(engine, id).await;
        assert_eq!(ended.parts[0].state.code(), "partial");
        let told = ended.summary.state_detail.unwrap_or_default();
        assert!(!told.contains("manifest"), "{told}");
        let blobs = rig.azurite.blobs("logs").await;
        let third = blobs.iter().any(|name| name.ends_with("/manifest.3.json"));
        assert!(third, "{permissions}: {blobs:?}");
        assert!(rig.stack.spooled().is_empty());
        serving.stop().await;
    }
}

#[tokio::test]
async fn a_part_that_is_refused_on_the_way_is_partial_and_names_what_it_did_not_read() {
    let mut rig = Rig::new().await;
    // each item ends its volume
    rig.stack.config.volume_size_bytes = 1;
    for name in ["second.log", "third.log"] {
        rig.stack.noisy_log(&rig.directory.join(name), 1);
    }
    let gate = rig.stack.gate("Storage");
    rig.answer_commits("Storage.002.zip", Reply::new(409, "BlobAlreadyExists"));
    let serving = Serving::start(rig.stack.engine().await);
    let engine = &serving.engine;
    let id = rig.begin(&serving, "rwl").await;
    let ended = wait_for_end(engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::PartiallyComplete);
    let reason = match &ended.parts[0].state {
        PartState::Partial(reason @ Reason::DestinationRefused { .. }) => reason.clone(),
        state => panic!("{state:?}"),
    };
    // the third was read, into a volume that was given up
    assert_eq!(ended.missing_total, 2);
    for (item, why) in missing(&ended) {
        assert!(item == "gate" || item.ends_with(".log"), "{item}");
        assert_eq!(why, reason);
    }

    rig.gate.rule(|_| None);
    fs::write(gate, "").unwrap();
    engine.retry(id, &operator()).await.unwrap();
    let ended = wait_for_end(engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Complete);
    serving.stop().await;
}

/// A collection for managed storage, begun, of which a bundle waits in the spool; the file with the
/// SAS URL is gone.
async fn without_managed_storage(rig: &mut Rig) -> (PathBuf, CollectionId) {
    let file = rig.stack.root.path().join("managed.sas");
    fs::write(&file, rig.sas("rwl").expose()).unwrap();
    rig.stack.config.managed_sas_url_file = Some(file.clone());
    rig.gate
        .answer_blocks(Reply::new(403, "AuthenticationFailed"));
    let serving = Serving::start(rig.stack.engine().await);
    let request = rig.stack.request(DestinationChoice::Managed);
    let id = serving.collect(request).await;
    wait_until(&serving.engine, id, |detail| {
        let part = detail.parts.first();
        part.is_some_and(|part| part.state == PartState::Delivering)
    })
    .await;
    serving.stop().await;
    fs::remove_file(&file).unwrap();
    rig.gate.rule(|_| None);
    (file, id)
}

#[tokio::test]
async fn bundles_wait_for_managed_storage_whose_file_cannot_be_read_at_a_start() {
    let mut rig = Rig::new().await;
    let (file, id) = without_managed_storage(&mut rig).await;
    let serving = Serving::start(rig.stack.engine().await);
    wait_until(&serving.engine, id, |detail| {
        let told = detail.summary.state_detail.as_deref();
        detail.summary.state == CollectionState::Waiting
            && told.is_some_and(|told| told.contains("cannot be read"))
    })
    .await;
    fs::write(&file, rig.sas("rwl").expose()).unwrap();
    let ended = wait_for_end(&serving.engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Complete);
    assert_eq!(rig.azurite.blobs("logs").await.len(), 2);
    serving.stop().await;
}

#[tokio::test]
async fn a_cancel_is_honoured_where_the_destination_cannot_be_opened() {
    let mut rig = Rig::new().await;
    let (_, id) = without_managed_storage(&mut rig).await;
    let engine = rig.stack.engine().await;
    engine.cancel(id, &operator()).await.unwrap();
    let serving = Serving::start(engine);
    let ended = wait_for_end(&serving.engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Cancelled);
    assert!(rig.stack.spooled().is_empty());
    serving.stop().await;
}
