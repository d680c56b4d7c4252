//! A collection that was saved to a directory and is sent later.

mod common;

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use common::azurite::{Azurite, sas_at};
use common::gate::{Gate, Reply};
use common::{Serving, Stack, entry_of, operator, read_entry, wait_for, wait_for_end};
use domain::views::PartView;
use domain::{CollectionId, CollectionState, DestinationChoice};
use engine::{Engine, EngineError};
use tokio_util::sync::CancellationToken;

struct Rig {
    azurite: Azurite,
    gate: Gate,
    stack: Stack,
    log: PathBuf,
    /// Of the saved collection, and where it lies.
    id: CollectionId,
    directory: PathBuf,
    folder: String,
}

impl Rig {
    async fn new(megabytes: usize) -> Self {
        let azurite = Azurite::start().await;
        azurite.container("logs").await;
        let gate = Gate::start(azurite.port).await;
        let mut stack = Stack::new();
        let log = stack.role("Storage").join("disk.log");
        stack.noisy_log(&log, megabytes);
        let serving = Serving::start(stack.engine().await);
        let request = stack.request(DestinationChoice::Directory(None));
        let id = serving.collect(request).await;
        let saved = wait_for_end(&serving.engine, id).await;
        assert_eq!(saved.summary.state, CollectionState::Complete);
        serving.stop().await;
        Self {
            azurite,
            gate,
            id,
            directory: stack.config.bundle_directory.join(&saved.folder),
            folder: saved.folder,
            stack,
            log,
        }
    }

    /// What the parts of a collection count: items, missing ones, bytes read, kept and packed.
    async fn counts(engine: &Engine, id: CollectionId) -> Vec<[u64; 5]> {
        let parts = engine.collection(id).await.unwrap().parts;
        let counts = |part: &PartView| {
            [
                part.items,
                part.items_missing,
                part.read_bytes,
                part.kept_bytes,
                part.packed_bytes,
            ]
        };
        parts.iter().map(counts).collect()
    }

    async fn send(&self, engine: &Engine) -> Result<CollectionState, EngineError> {
        let expires_at = Utc::now() + TimeDelta::hours(1);
        let sas = sas_at(self.gate.port, "logs", "rwl", expires_at);
        let id = engine.send_saved(&self.directory, sas, &operator()).await?;
        engine.drive(id, CancellationToken::new()).await?;
        Ok(engine.collection(id).await?.summary.state)
    }
}

#[tokio::test]
async fn a_saved_collection_arrives_as_it_was_and_is_recognised_the_second_time() {
    let rig = Rig::new(4).await;
    let engine = rig.stack.engine().await;
    assert_eq!(rig.send(&engine).await.unwrap(), CollectionState::Complete);
    let bundle = format!("{}/node-01/Storage.zip", rig.folder);
    assert_eq!(
        rig.azurite.blobs("logs").await,
        [format!("{}/manifest.json", rig.folder), bundle.clone()]
    );
    let zip = rig.stack.root.path().join("downloaded.zip");
    rig.azurite.download("logs", &bundle, &zip).await;
    assert!(read_entry(&zip, &entry_of(&rig.log)) == fs::read_to_string(&rig.log).unwrap());
    assert!(rig.directory.join("node-01/Storage.zip").is_file());

    let sent = rig.gate.blocks().len();
    assert_eq!(rig.send(&engine).await.unwrap(), CollectionState::Complete);
    assert_eq!(rig.gate.blocks().len(), sent, "nothing is sent twice");
    let history = engine.history(Default::default(), None, 10).await.unwrap();
    assert_eq!(history.rows.len(), 3, "the collection and both sendings");
    let told = history.rows[0].state_detail.as_deref().unwrap_or_default();
    assert!(told.contains(&rig.id.to_string()), "{told}");
    let counts = Rig::counts(&engine, rig.id).await;
    assert!(counts[0].iter().filter(|count| **count > 0).count() == 4);
    for sending in &history.rows[..2] {
        assert_eq!(Rig::counts(&engine, sending.id).await, counts);
    }
    engine.close().await;
}

#[tokio::test]
async fn a_sending_that_was_interrupted_goes_on_from_its_ledger() {
    let rig = Rig::new(40).await;
    let first = Arc::new(OnceLock::new());
    let let_through = Arc::clone(&first);
    rig.gate.rule(move |line| {
        let refuses = common::gate::is_block(line) && let_through.set(line.to_owned()).is_err();
        refuses.then(|| Reply::new(403, "AuthenticationFailed"))
    });
    let expires_at = Utc::now() + TimeDelta::hours(1);
    let sas = sas_at(rig.gate.port, "logs", "rwl", expires_at);
    let engine = rig.stack.engine().await;
    let id = engine
        .send_saved(&rig.directory, sas, &operator())
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let driving = {
        let (engine, stop) = (engine.clone(), stop.clone());
        tokio::spawn(async move { engine.drive(id, stop).await })
    };
    wait_for(&engine, id, &[CollectionState::Waiting]).await;
    // the block that was let through is answered beside those that are refused
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.cancel();
    assert!(driving.await.unwrap().is_err());
    engine.close().await;
    drop(engine);

    rig.gate.rule(|_| None);
    let engine = rig.stack.engine().await;
    let first = first.get().expect("a block was let through");
    assert_eq!(rig.send(&engine).await.unwrap(), CollectionState::Complete);
    let block = |line: &str| {
        let (_, rest) = line.split_once("blockid=").unwrap();
        rest.split('&').next().unwrap().to_owned()
    };
    let times = rig
        .gate
        .blocks()
        .iter()
        .filter(|line| block(line) == block(first))
        .count();
    assert_eq!(times, 1, "a block that had arrived is not sent again");
    let history = engine.history(Default::default(), None, 10).await.unwrap();
    assert_eq!(history.rows.len(), 2, "it is the same sending");
    engine.close().await;
}

#[tokio::test]
async fn a_changed_byte_a_missing_file_and_a_foreign_one_are_refused_by_name() {
    let rig = Rig::new(1).await;
    let engine = rig.stack.engine().await;
    let refused = async |name: &str| match rig.send(&engine).await {
        Err(EngineError::Conflict(why)) => assert!(why.contains(name), "{why}"),
        other => panic!("{other:?}"),
    };
    let bundle = rig.directory.join("node-01/Storage.zip");
    let whole = fs::read(&bundle).unwrap();
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    fs::write(&bundle, &bytes).unwrap();
    refused("node-01/Storage.zip is not what was collected").await;
    fs::remove_file(&bundle).unwrap();
    refused("node-01/Storage.zip is missing").await;
    fs::write(&bundle, &whole).unwrap();
    fs::write(rig.directory.join("notes.txt"), "x").unwrap();
    refused("notes.txt does not belong").await;
    fs::remove_file(rig.directory.join("notes.txt")).unwrap();
    let manifest = rig.directory.join("manifest.json");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace("\"operator\"", "\"somebody\"")).unwrap();
    refused("manifest.json is not what was collected").await;
    assert!(rig.azurite.blobs("logs").await.is_empty());
    engine.close().await;
}

#[tokio::test]
async fn what_an_earlier_sending_has_brought_outlives_a_later_one_that_may_delete_and_not_look() {
    let mut rig = Rig::new(1).await;
    let engine = rig.stack.engine().await;
    assert_eq!(rig.send(&engine).await.unwrap(), CollectionState::Complete);
    let arrived = rig.azurite.blobs("logs").await;
    engine.close().await;

    // another machine, which knows nothing of the first sending
    rig.stack.config.data_directory = rig.stack.root.path().join("elsewhere");
    let expires_at = Utc::now() + TimeDelta::hours(1);
    let sas = sas_at(rig.gate.port, "logs", "wd", expires_at);
    rig.gate.rule(|line| {
        line.contains("manifest.json")
            .then(|| Reply::new(403, "AuthenticationFailed"))
    });
    let serving = Serving::start(rig.stack.engine().await);
    let engine = &serving.engine;
    let begin = async || {
        let actor = operator();
        let sent = engine.send_saved(&rig.directory, sas.clone(), &actor);
        let id = sent.await.unwrap();
        let driver = engine.clone();
        let driving = tokio::spawn(async move { driver.drive(id, CancellationToken::new()).await });
        (id, driving)
    };
    let (id, driving) = begin().await;
    wait_for(engine, id, &[CollectionState::Waiting]).await;
    engine.cancel(id, &operator()).await.unwrap();
    driving.await.unwrap().unwrap();
    let cancelled = engine.collection(id).await.unwrap().summary;
    assert_eq!(cancelled.state, CollectionState::Cancelled);
    let told = cancelled.state_detail.unwrap_or_default();
    assert!(told.contains("remain at the destination"), "{told}");
    assert_eq!(rig.azurite.blobs("logs").await, arrived);

    rig.gate.rule(|_| None);
    let (id, driving) = begin().await;
    driving.await.unwrap().unwrap();
    let sent = engine.collection(id).await.unwrap().summary;
    assert_eq!(sent.state, CollectionState::Complete);
    assert_eq!(rig.azurite.blobs("logs").await, arrived);
    serving.stop().await;
}

#[tokio::test]
async fn a_sending_that_was_stopped_is_nobodys_until_it_is_sent_again_or_cancelled() {
    let rig = Rig::new(1).await;
    rig.gate
        .answer_blocks(Reply::new(403, "AuthenticationFailed"));
    let serving = Serving::start(rig.stack.engine().await);
    let engine = &serving.engine;
    let expires_at = Utc::now() + TimeDelta::hours(1);
    let sas = sas_at(rig.gate.port, "logs", "rwl", expires_at);
    let actor = operator();
    let sent = engine.send_saved(&rig.directory, sas, &actor);
    let id = sent.await.unwrap();
    let stop = CancellationToken::new();
    let driving = {
        let (engine, stop) = (engine.clone(), stop.clone());
        tokio::spawn(async move { engine.drive(id, stop).await })
    };
    wait_for(engine, id, &[CollectionState::Waiting]).await;
    stop.cancel();
    assert!(driving.await.unwrap().is_err());
    rig.gate.rule(|_| None);

    // what the portal is asked for goes past it
    let request = rig.stack.request(DestinationChoice::Directory(None));
    let other = serving.collect(request).await;
    let ended = wait_for_end(engine, other).await;
    assert_eq!(ended.summary.state, CollectionState::Complete);
    let left = engine.collection(id).await.unwrap().summary;
    assert_eq!(left.state, CollectionState::Waiting);
    let told = left.state_detail.unwrap_or_default();
    assert!(told.contains("send the directory again"), "{told}");

    engine.cancel(id, &actor).await.unwrap();
    let ended = wait_for_end(engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Cancelled);
    assert!(rig.azurite.blobs("logs").await.is_empty());
    serving.stop().await;
}

#[tokio::test]
async fn a_manifest_is_held_back_until_what_it_tells_of_is_there_and_a_retry_sends_the_rest() {
    let rig = Rig::new(1).await;
    let serving = Serving::start(rig.stack.engine().await);
    let engine = &serving.engine;
    let expires_at = Utc::now() + TimeDelta::hours(1);
    let sas = sas_at(rig.gate.port, "logs", "rwl", expires_at);
    let refuse = |name: &'static str| {
        rig.gate.rule(move |line| {
            let is_commit = line.contains("comp=blocklist") && line.contains(name);
            is_commit.then(|| Reply::new(409, "BlobAlreadyExists"))
        });
    };
    refuse(".zip");
    let actor = operator();
    let sent = engine.send_saved(&rig.directory, sas, &actor);
    let id = sent.await.unwrap();
    engine.drive(id, CancellationToken::new()).await.unwrap();
    let failed = engine.collection(id).await.unwrap();
    assert_eq!(failed.summary.state, CollectionState::Failed);
    assert!(rig.azurite.blobs("logs").await.is_empty());

    refuse("manifest.json");
    engine.retry(id, &operator()).await.unwrap();
    let half = wait_for_end(engine, id).await;
    assert_eq!(half.summary.state, CollectionState::PartiallyComplete);
    let told = half.summary.state_detail.unwrap_or_default();
    assert!(told.starts_with("the manifest was not delivered"), "{told}");
    assert_eq!(rig.azurite.blobs("logs").await.len(), 1);

    rig.gate.rule(|_| None);
    engine.retry(id, &operator()).await.unwrap();
    let ended = wait_for_end(engine, id).await;
    assert_eq!(ended.summary.state, CollectionState::Complete);
    assert_eq!(rig.azurite.blobs("logs").await.len(), 2);
    serving.stop().await;
}
