//! Delivery through a link that breaks, a service that is busy and SAS URLs that lapse.

mod common;

use std::fs;
use std::sync::atomic::Ordering;

use chrono::{TimeDelta, Utc};
use common::azurite::{Azurite, sas_at};
use common::proxy::{Fault, Proxy};
use common::{Serving, Stack, entry_of, operator, read_entry, wait_for, wait_for_end, wait_until};
use domain::views::CollectionDetail;
use domain::{CollectionId, CollectionState, DestinationChoice, SasUrl};
use engine::{EngineError, LiveCheck};

struct Rig {
    azurite: Azurite,
    proxy: Proxy,
    stack: Stack,
    log: std::path::PathBuf,
}

impl Rig {
    async fn new(megabytes: usize) -> Self {
        let azurite = Azurite::start().await;
        azurite.container("logs").await;
        let proxy = Proxy::start(azurite.port).await;
        let mut stack = Stack::new();
        let log = stack.role("Storage").join("disk.log");
        stack.noisy_log(&log, megabytes);
        Self {
            azurite,
            proxy,
            stack,
            log,
        }
    }

    fn sas(&self, expires_in: TimeDelta) -> SasUrl {
        sas_at(self.proxy.port, "logs", "rwl", Utc::now() + expires_in)
    }

    /// A collection of which one block has arrived before its SAS URL lapsed. Nothing depends on how
    /// fast this machine is: the bandwidth limit, of hours a block, lets the next one go only when
    /// the URL has lapsed.
    async fn wait_with_a_lapsed_sas(&self, serving: &Serving) -> (CollectionId, CollectionDetail) {
        let destination = DestinationChoice::SasUrl(self.sas(TimeDelta::hours(1)));
        let engine = &serving.engine;
        let id = serving.collect(self.stack.request(destination)).await;
        wait_until(engine, id, |detail| detail.progress.delivered_bytes > 0).await;
        let mut life = TimeDelta::seconds(4);
        let expires_at = loop {
            let expires_at = Utc::now() + life;
            let short = sas_at(self.proxy.port, "logs", "rwl", expires_at);
            match engine.replace_sas(id, short, &operator()).await {
                Ok(()) => break expires_at,
                // it had lapsed before anybody looked at it
                Err(EngineError::Invalid(_)) if life < TimeDelta::minutes(1) => life = life * 2,
                Err(error) => panic!("{error:?}"),
            }
        };
        // its stamp is in whole seconds
        let left = expires_at - Utc::now() + TimeDelta::seconds(1);
        tokio::time::sleep(left.to_std().unwrap_or_default()).await;
        engine.set_bandwidth_limit(0, &operator()).await.unwrap();
        (id, wait_for(engine, id, &[CollectionState::Waiting]).await)
    }

    async fn assert_delivered(&self, folder: &str) {
        let zip = self.stack.root.path().join("downloaded.zip");
        self.azurite
            .download("logs", &format!("{folder}/node-01/Storage.zip"), &zip)
            .await;
        assert!(
            read_entry(&zip, &entry_of(&self.log)) == fs::read_to_string(&self.log).unwrap(),
            "the bundle holds other bytes than the log"
        );
        assert!(
            self.stack.spooled().is_empty(),
            "{:?}",
            self.stack.spooled()
        );
    }
}

#[tokio::test]
async fn a_broken_connection_costs_a_block_not_the_collection() {
    let rig = Rig::new(40).await;
    let serving = Serving::start(rig.stack.engine().await);
    rig.proxy.inject(Fault::CutAfter(3 << 20), 3);
    let destination = DestinationChoice::SasUrl(rig.sas(TimeDelta::hours(1)));
    let id = serving.collect(rig.stack.request(destination)).await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(
        detail.summary.state,
        CollectionState::Complete,
        "{:?}",
        detail.summary.state_detail
    );
    assert_eq!(rig.proxy.faults_served.load(Ordering::Relaxed), 3);
    rig.assert_delivered(&detail.folder).await;
    serving.stop().await;
}

#[tokio::test]
async fn a_busy_service_is_given_the_time_that_it_asks_for() {
    let rig = Rig::new(4).await;
    let serving = Serving::start(rig.stack.engine().await);
    rig.proxy.inject(Fault::Busy { retry_after: 2 }, 1);
    let destination = DestinationChoice::SasUrl(rig.sas(TimeDelta::hours(1)));
    let asked = std::time::Instant::now();
    let id = serving.collect(rig.stack.request(destination)).await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(
        detail.summary.state,
        CollectionState::Complete,
        "{:?}",
        detail.summary.state_detail
    );
    assert_eq!(rig.proxy.faults_served.load(Ordering::Relaxed), 1);
    assert!(
        asked.elapsed() >= std::time::Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    rig.assert_delivered(&detail.folder).await;
    serving.stop().await;
}

#[tokio::test]
async fn a_sas_url_that_lapses_on_the_way_makes_it_wait_and_a_new_one_goes_on() {
    let mut rig = Rig::new(64).await;
    rig.stack.config.bandwidth_limit = 1 << 10;
    let serving = Serving::start(rig.stack.engine().await);
    let (id, waiting) = rig.wait_with_a_lapsed_sas(&serving).await;
    let reason = waiting.summary.state_detail.unwrap();
    assert!(
        reason.contains("SAS URL") && !reason.contains("sig"),
        "{reason}"
    );
    let staged = waiting.progress.delivered_bytes;
    assert!(staged > 0, "some blocks were staged before");
    // another container cannot take it up once something is there, a lapsed URL not at all
    let lapsed = rig.sas(TimeDelta::seconds(-60));
    let refused = serving.engine.replace_sas(id, lapsed, &operator()).await;
    assert!(
        matches!(refused, Err(EngineError::Invalid(_))),
        "{refused:?}"
    );
    // the source is gone: what goes on comes from the spool
    let kept = fs::read(&rig.log).unwrap();
    wait_until(&serving.engine, id, |detail| {
        detail.progress.read_bytes >= kept.len() as u64
    })
    .await;
    fs::remove_file(&rig.log).unwrap();
    serving
        .engine
        .replace_sas(id, rig.sas(TimeDelta::hours(1)), &operator())
        .await
        .unwrap();
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(
        detail.summary.state,
        CollectionState::Complete,
        "{:?}",
        detail.summary.state_detail
    );
    fs::write(&rig.log, kept).unwrap();
    rig.assert_delivered(&detail.folder).await;
    serving.stop().await;
}

#[tokio::test]
async fn a_refusal_before_anything_is_read_fails_with_a_plain_reason_and_can_be_retried() {
    let rig = Rig::new(2).await;
    let serving = Serving::start(rig.stack.engine().await);
    let good = rig.sas(TimeDelta::hours(1));
    let forged = forge(&good);
    let id = serving
        .collect(rig.stack.request(DestinationChoice::SasUrl(forged)))
        .await;
    let failed = wait_for_end(&serving.engine, id).await;
    assert_eq!(failed.summary.state, CollectionState::Failed);
    assert!(
        failed
            .summary
            .state_detail
            .unwrap()
            .contains("does not accept the SAS URL")
    );
    assert_eq!(failed.progress.read_bytes, 0, "nothing was read");
    serving
        .engine
        .replace_sas(id, good, &operator())
        .await
        .unwrap();
    serving.engine.retry(id, &operator()).await.unwrap();
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(
        detail.summary.state,
        CollectionState::Complete,
        "{:?}",
        detail.summary.state_detail
    );
    rig.assert_delivered(&detail.folder).await;
    serving.stop().await;
}

#[tokio::test]
async fn cancelling_while_it_waits_leaves_no_blob_and_no_file() {
    let mut rig = Rig::new(48).await;
    rig.stack.config.bandwidth_limit = 1 << 10;
    let serving = Serving::start(rig.stack.engine().await);
    let (id, _) = rig.wait_with_a_lapsed_sas(&serving).await;
    serving.engine.cancel(id, &operator()).await.unwrap();
    let asked = std::time::Instant::now();
    wait_for(&serving.engine, id, &[CollectionState::Cancelled]).await;
    assert!(
        asked.elapsed() < std::time::Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(rig.azurite.blobs("logs").await, Vec::<String>::new());
    assert!(rig.stack.spooled().is_empty());
    serving.stop().await;
}

#[tokio::test]
async fn no_error_text_of_a_refused_broken_or_absent_service_holds_the_signature() {
    let rig = Rig::new(1).await;
    let engine = rig.stack.engine().await;
    let signature = |sas: &SasUrl| {
        let (_, signature) = sas.expose().split_once("sig=").unwrap();
        signature.to_owned()
    };
    for fault in [
        Fault::Refuse,
        Fault::CutAfter(10),
        Fault::Busy { retry_after: 1 },
    ] {
        rig.proxy.inject(fault, 1);
        let sas = rig.sas(TimeDelta::hours(1));
        let said = engine.check_sas_live(&sas).await.unwrap();
        assert!(
            matches!(said, LiveCheck::NotAsked(_)),
            "{fault:?}: {said:?}"
        );
        assert!(!format!("{said:?}").contains(&signature(&sas)), "{said:?}");
    }
    let forged = forge(&rig.sas(TimeDelta::hours(1)));
    let absent = sas_at(
        common::azurite::free_port(),
        "logs",
        "rwl",
        Utc::now() + TimeDelta::hours(1),
    );
    for sas in [forged, absent] {
        let findings = format!("{:?}", engine.check_sas_live(&sas).await.unwrap());
        assert!(
            findings.contains("problem") && !findings.contains(&signature(&sas)),
            "{findings}"
        );
    }
    let said = engine.check_sas_live(&rig.sas(TimeDelta::hours(1))).await;
    assert_eq!(said.unwrap(), LiveCheck::Agrees);
}

/// The same URL with another signature.
fn forge(sas: &SasUrl) -> SasUrl {
    let (rest, _) = sas.expose().split_once("sig=").unwrap();
    let signature = format!("{}%3D", "A".repeat(43));
    SasUrl::parse(&format!("{rest}sig={signature}")).unwrap()
}
