//! Delivery that survives: pauses, limits, outages of every kind, and a spool that is not what it
//! was.

mod common;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use common::azurite::{Azurite, sas_at};
use common::gate::{Gate, Reply, is_block};
use common::{
    Serving, Stack, entry_of, files_below, operator, read_entry, wait_for, wait_for_end, wait_until,
};
use domain::views::CollectionDetail;
use domain::{CollectionId, CollectionState, DestinationChoice, SasUrl};
use engine::{Engine, EngineError};

struct Rig {
    azurite: Azurite,
    gate: Gate,
    stack: Stack,
    logs: Vec<PathBuf>,
}

impl Rig {
    /// A stack with so many logs of so many MiB each, half of which are left when packed.
    async fn new(files: usize, megabytes: usize) -> Self {
        let azurite = Azurite::start().await;
        azurite.container("logs").await;
        let gate = Gate::start(azurite.port).await;
        let mut stack = Stack::new();
        let directory = stack.role("Storage");
        let logs: Vec<_> = (0..files)
            .map(|number| directory.join(format!("disk{number}.log")))
            .collect();
        for log in &logs {
            stack.noisy_log(log, megabytes);
        }
        Self {
            azurite,
            gate,
            stack,
            logs,
        }
    }

    fn sas(&self) -> SasUrl {
        let expires_at = Utc::now() + TimeDelta::hours(1);
        sas_at(self.gate.port, "logs", "rwl", expires_at)
    }

    async fn begin(&self, serving: &Serving) -> CollectionId {
        let destination = DestinationChoice::SasUrl(self.sas());
        serving.collect(self.stack.request(destination)).await
    }

    async fn assert_delivered(&self, engine: &Engine, id: CollectionId) {
        let detail = wait_for_end(engine, id).await;
        let told = &detail.summary.state_detail;
        assert_eq!(detail.summary.state, CollectionState::Complete, "{told:?}");
        let names = self.azurite.blobs("logs").await;
        let mut found = 0;
        for name in names.iter().filter(|name| name.ends_with(".zip")) {
            let zip = self.stack.root.path().join("downloaded.zip");
            self.azurite.download("logs", name, &zip).await;
            let entries = common::entries(&zip);
            for log in &self.logs {
                if entries.contains(&entry_of(log)) {
                    found += 1;
                    assert!(
                        read_entry(&zip, &entry_of(log)) == fs::read_to_string(log).unwrap(),
                        "the bundle holds other bytes than {}",
                        log.display()
                    );
                }
            }
        }
        assert_eq!(found, self.logs.len(), "{names:?}");
        assert!(self.stack.spooled().is_empty());
    }
}

fn is_delivering(detail: &CollectionDetail) -> bool {
    let part = detail.parts.first();
    part.is_some_and(|part| part.state.code() == "delivering")
}

#[tokio::test]
async fn a_pause_holds_over_a_restart_and_a_new_limit_takes_effect_at_once() {
    let mut rig = Rig::new(1, 64).await;
    rig.stack.config.bandwidth_limit = 2 << 20;
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    wait_until(&serving.engine, id, |detail| {
        detail.progress.delivered_bytes > 0
    })
    .await;
    serving.engine.pause(id, &operator()).await.unwrap();
    let paused = serving.engine.collection(id).await.unwrap();
    assert_eq!(paused.summary.state, CollectionState::Waiting);
    assert_eq!(paused.summary.state_detail.unwrap(), "paused by operator");
    let again = serving.engine.pause(id, &operator()).await;
    assert!(matches!(again, Err(EngineError::Conflict(_))), "{again:?}");

    serving.stop().await;
    let sent = rig.gate.blocks().len();
    let serving = Serving::start(rig.stack.engine().await);
    // without a limit all of it would be gone in this time
    let engine = &serving.engine;
    engine.set_bandwidth_limit(0, &operator()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(rig.gate.blocks().len(), sent, "nothing is sent in a pause");
    let still = engine.collection(id).await.unwrap();
    assert_eq!(still.summary.state, CollectionState::Waiting);
    assert_eq!(still.paused_by.as_deref(), Some("operator"));
    engine.resume(id, &operator()).await.unwrap();
    rig.assert_delivered(engine, id).await;
    assert!(engine.measured_link_speed().await.unwrap().is_some());
    let ended = engine.resume(id, &operator()).await;
    assert!(matches!(ended, Err(EngineError::Conflict(_))), "{ended:?}");
    serving.stop().await;
}

#[tokio::test]
async fn every_refusal_waits_with_its_reason_and_a_new_url_goes_on_without_the_source() {
    let rig = Rig::new(1, 4).await;
    let off = (Utc::now() - TimeDelta::hours(3)).to_rfc2822();
    let skewed = Reply {
        headers: format!("Date: {off}\r\n"),
        ..Reply::new(403, "AuthenticationFailed")
    };
    let refusals = [
        (Reply::new(403, "AuthenticationFailed"), "was revoked"),
        (skewed, "clock is 3 h ahead"),
        (
            Reply::new(404, "ContainerNotFound"),
            "container does not exist",
        ),
        (Reply::new(409, "ContainerBeingDeleted"), "being deleted"),
        (Reply::new(403, "AccountIsDisabled"), "account is disabled"),
        (
            Reply::new(403, "InsufficientAccountPermissions"),
            "permission",
        ),
        (Reply::new(413, "RequestBodyTooLarge"), "blocks of 8 MiB"),
        (Reply::new(507, ""), "no more data"),
        (Reply::new(407, ""), "proxy asks"),
        (Reply::new(409, "NeverHeardOf"), "does not allow it"),
        (Reply::new(412, "NeverHeardOf"), "does not allow it"),
    ];
    rig.gate.answer_blocks(refusals[0].0.clone());
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    let log = fs::read(&rig.logs[0]).unwrap();
    wait_until(&serving.engine, id, |detail| {
        detail.progress.read_bytes >= log.len() as u64
    })
    .await;
    wait_for(&serving.engine, id, &[CollectionState::Waiting]).await;
    fs::remove_file(&rig.logs[0]).unwrap();
    for (reply, reason) in refusals {
        rig.gate.answer_blocks(reply);
        let replaced = serving.engine.replace_sas(id, rig.sas(), &operator()).await;
        replaced.unwrap();
        wait_until(&serving.engine, id, |detail| {
            let told = detail.summary.state_detail.as_deref();
            detail.summary.state == CollectionState::Waiting
                && told.is_some_and(|told| told.contains(reason) && !told.contains("sig"))
        })
        .await;
    }
    rig.gate.rule(|_| None);
    serving
        .engine
        .replace_sas(id, rig.sas(), &operator())
        .await
        .unwrap();
    wait_for_end(&serving.engine, id).await;
    fs::write(&rig.logs[0], log).unwrap();
    rig.assert_delivered(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn a_service_that_is_gone_for_a_while_is_waited_for_and_a_storm_of_503_sat_out() {
    let mut rig = Rig::new(1, 4).await;
    let mut storm = 5;
    rig.gate.rule(move |line| {
        let busy = is_block(line) && storm > 0;
        storm -= i32::from(busy);
        busy.then(|| Reply {
            headers: "Retry-After: 0\r\n".to_owned(),
            ..Reply::new(503, "ServerBusy")
        })
    });
    rig.gate.close().await;
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    let waiting = wait_for(&serving.engine, id, &[CollectionState::Waiting]).await;
    let reason = waiting.summary.state_detail.unwrap();
    assert!(reason.contains("cannot be reached"), "{reason}");
    rig.gate.reopen().await;
    // what would be tried again within a minute is tried now
    let replaced = serving.engine.replace_sas(id, rig.sas(), &operator()).await;
    replaced.unwrap();
    rig.assert_delivered(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn waiting_for_the_destination_before_the_first_byte_takes_no_time_of_reading() {
    let mut rig = Rig::new(1, 1).await;
    // a destination is said to be waited for after more than seven seconds of trying
    rig.stack.config.budgets.collection.time = Duration::from_secs(7);
    rig.gate.close().await;
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    wait_for(&serving.engine, id, &[CollectionState::Waiting]).await;
    rig.gate.reopen().await;
    let replaced = serving.engine.replace_sas(id, rig.sas(), &operator()).await;
    replaced.unwrap();
    rig.assert_delivered(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn blocks_that_lapsed_or_were_lost_are_sent_again_from_the_spool() {
    let mut rig = Rig::new(1, 40).await;
    rig.stack.config.bandwidth_limit = 4 << 20;
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    wait_until(&serving.engine, id, |detail| {
        detail.progress.delivered_bytes > 0 && is_delivering(detail)
    })
    .await;
    serving.engine.pause(id, &operator()).await.unwrap();
    serving.stop().await;
    let sent = rig.gate.blocks().len();
    let week_later = "UPDATE block SET staged_at = staged_at - 7 * 86400 * 1000000";
    rig.stack.alter(week_later).await;
    // and the service has forgotten them once more when they are to be committed
    let mut forgotten = false;
    rig.gate.rule(move |line| {
        let lost = line.contains("comp=blocklist") && line.contains(".zip") && !forgotten;
        forgotten |= lost;
        lost.then(|| Reply::new(400, "InvalidBlockList"))
    });
    rig.stack.config.bandwidth_limit = 0;
    fs::remove_file(&rig.logs[0]).map_or_else(|error| panic!("{error}"), drop);
    rig.stack.noisy_log(&rig.logs[0], 40);
    let serving = Serving::start(rig.stack.engine().await);
    serving.engine.resume(id, &operator()).await.unwrap();
    rig.assert_delivered(&serving.engine, id).await;
    let again = rig.gate.blocks().len() - sent;
    // three blocks, twice
    assert!(again >= 6, "{again}");
    serving.stop().await;
}

#[tokio::test]
async fn what_was_lost_or_damaged_in_the_spool_is_collected_anew() {
    let mut rig = Rig::new(3, 6).await;
    rig.stack.config.volume_size_bytes = 1 << 20;
    rig.gate
        .answer_blocks(Reply::new(403, "AuthenticationFailed"));
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    wait_until(&serving.engine, id, is_delivering).await;
    serving.stop().await;
    let spooled = files_below(&rig.stack.config.data_directory.join("spool"));
    assert!(spooled.len() >= 3, "{spooled:?}");
    fs::remove_file(&spooled[0]).unwrap();
    let mut bytes = fs::read(&spooled[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&spooled[1], bytes).unwrap();
    rig.gate.rule(|_| None);
    let serving = Serving::start(rig.stack.engine().await);
    rig.assert_delivered(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn the_file_of_a_delivered_bundle_that_outlived_a_sudden_end_leaves_the_spool() {
    let mut rig = Rig::new(3, 6).await;
    rig.stack.config.volume_size_bytes = 1 << 20;
    let refuse_others = |line: &str| {
        (is_block(line) && !line.contains("Storage.zip"))
            .then(|| Reply::new(403, "AuthenticationFailed"))
    };
    rig.gate.rule(refuse_others);
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    let volumes = |detail: &CollectionDetail| detail.parts[0].volumes.clone();
    wait_until(&serving.engine, id, |detail| {
        is_delivering(detail)
            && volumes(detail)
                .iter()
                .any(|volume| volume.delivered_at.is_some())
    })
    .await;
    serving.stop().await;
    let spool = rig.stack.config.data_directory.join("spool");
    let waiting = files_below(&spool);
    assert!(waiting.len() >= 2, "{waiting:?}");
    let delivered = "SELECT id FROM volume WHERE delivered_at IS NOT NULL";
    let delivered = rig.stack.look_up(delivered).await;
    let outlived = spool.join(id.to_string()).join(delivered);
    fs::write(&outlived, "x").unwrap();
    let serving = Serving::start(rig.stack.engine().await);
    let begun = std::time::Instant::now();
    while outlived.exists() {
        assert!(begun.elapsed() < common::PATIENCE, "it is still there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(files_below(&spool), waiting);
    rig.gate.rule(|_| None);
    let replaced = serving.engine.replace_sas(id, rig.sas(), &operator()).await;
    replaced.unwrap();
    rig.assert_delivered(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn a_part_that_a_full_spool_has_cut_is_not_read_again_by_a_restart() {
    let mut rig = Rig::new(2, 8).await;
    rig.stack.config.spool_limit_bytes = 1 << 20;
    rig.gate.rule(|line| {
        let is_commit = line.contains("comp=blocklist");
        is_commit.then(|| Reply::new(403, "AuthenticationFailed"))
    });
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    wait_until(&serving.engine, id, is_delivering).await;
    let names = wait_for(&serving.engine, id, &[CollectionState::Waiting]).await;
    serving.stop().await;

    rig.gate.rule(|_| None);
    let serving = Serving::start(rig.stack.engine().await);
    let detail = wait_for_end(&serving.engine, id).await;
    let cut = domain::PartState::Truncated(domain::Reason::SpoolFull);
    assert_eq!(detail.parts[0].state, cut);
    assert_eq!(detail.missing, names.missing);
    let volumes = |detail: &CollectionDetail| detail.parts[0].volumes.len();
    assert_eq!(volumes(&detail), volumes(&names));
    serving.stop().await;
}

#[tokio::test]
async fn a_full_spool_holds_reading_up_until_bundles_have_left() {
    let mut rig = Rig::new(8, 4).await;
    rig.stack.config.volume_size_bytes = 1 << 20;
    rig.stack.config.spool_limit_bytes = 8 << 20;
    rig.stack.config.bandwidth_limit = 8 << 20;
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    rig.assert_delivered(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn a_new_url_that_the_service_refuses_is_refused_at_once() {
    let rig = Rig::new(1, 2).await;
    rig.gate
        .answer_blocks(Reply::new(403, "AuthenticationFailed"));
    let serving = Serving::start(rig.stack.engine().await);
    let id = rig.begin(&serving).await;
    wait_for(&serving.engine, id, &[CollectionState::Waiting]).await;
    let expires_at = Utc::now() + TimeDelta::hours(1);
    let nowhere = sas_at(rig.gate.port, "nothing", "rwl", expires_at);
    let refused = serving.engine.replace_sas(id, nowhere, &operator()).await;
    let Err(EngineError::Invalid(wrong)) = refused else {
        panic!("{refused:?}");
    };
    assert!(
        wrong[0].message.contains("container does not exist"),
        "{wrong:?}"
    );
    serving.engine.cancel(id, &operator()).await.unwrap();
    wait_for_end(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn cancelling_in_a_pause_leaves_no_blob_and_no_file() {
    let mut rig = Rig::new(1, 40).await;
    rig.stack.config.bandwidth_limit = 1 << 20;
    let serving = Serving::start(rig.stack.engine().await);
    let engine = &serving.engine;
    let id = rig.begin(&serving).await;
    wait_until(engine, id, |detail| detail.progress.delivered_bytes > 0).await;
    engine.pause(id, &operator()).await.unwrap();
    engine.cancel(id, &operator()).await.unwrap();
    let asked = std::time::Instant::now();
    let cancelled = wait_for_end(engine, id).await;
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(cancelled.summary.state, CollectionState::Cancelled);
    assert_eq!(cancelled.paused_by, None);
    assert_eq!(rig.azurite.blobs("logs").await, Vec::<String>::new());
    assert!(rig.stack.spooled().is_empty());
    serving.stop().await;
}
