//! One collection at a time: who is next, and what others learn of the queue.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use common::{Serving, Stack, operator, wait_for, wait_for_end};
use domain::{CollectionState, DestinationChoice};
use engine::SourceConfig;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_second_collection_waits_for_the_first() {
    let mut stack = Stack::new();
    stack.add_source(
        "Slow",
        SourceConfig::Command {
            name: "slow".to_owned(),
            run: vec!["/bin/sleep".to_owned(), "2".to_owned()],
            timeout: Duration::from_secs(30),
        },
    );
    let serving = Serving::start(stack.engine().await);
    let request = || stack.request(DestinationChoice::Directory(None));
    let first = serving.collect(request()).await;
    wait_for(&serving.engine, first, &[CollectionState::InProgress]).await;
    let second = serving.collect(request()).await;
    let waiting = serving.engine.collection(second).await.unwrap();
    assert_eq!(
        (waiting.summary.state, waiting.queued_behind),
        (CollectionState::Queued, 1)
    );
    wait_for_end(&serving.engine, second).await;
    let (one, two) = (
        serving.engine.collection(first).await.unwrap(),
        serving.engine.collection(second).await.unwrap(),
    );
    assert!(one.ended_at.unwrap() <= two.started_at.unwrap());
    serving.stop().await;
}

#[tokio::test]
async fn the_overview_knows_what_ran_last_behind_all_that_is_queued() {
    let mut stack = Stack::new();
    let path = stack.role("Storage").join("disk.log");
    stack.log(&path, TimeDelta::minutes(1));
    let engine = stack.engine().await;
    let request = || stack.request(DestinationChoice::Directory(None));
    assert!(engine.overview().await.unwrap().last.is_none());
    let first = engine.start_held(request(), &operator()).await.unwrap();
    engine.drive(first, CancellationToken::new()).await.unwrap();
    for _ in 0..6 {
        engine.start(request(), &operator()).await.unwrap();
    }
    let overview = engine.overview().await.unwrap();
    assert_eq!(overview.queued, 6);
    assert_eq!(overview.last.map(|last| last.id), Some(first));
    engine.close().await;
}

#[tokio::test]
async fn the_oldest_is_next_whoever_runs_it_and_a_row_nobody_can_read_stops_nobody() {
    let mut stack = Stack::new();
    let log = stack.role("Storage").join("disk.log");
    stack.noisy_log(&log, 1);
    let request = || stack.request(DestinationChoice::Directory(None));
    let (portal, command) = (stack.engine().await, stack.engine().await);
    let broken = portal.start(request(), &operator()).await.unwrap();
    let unreadable = "UPDATE collection SET effective_request = '{}'";
    stack.alter(unreadable).await;
    let first = command.start_held(request(), &operator()).await.unwrap();
    let second = portal.start(request(), &operator()).await.unwrap();
    let serving = Serving::start(portal);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waits = serving.engine.collection(second).await.unwrap();
    assert_eq!(waits.summary.state, CollectionState::Queued);
    let never = CancellationToken::new();
    command.drive(first, never).await.unwrap();
    let second = wait_for_end(&serving.engine, second).await;
    let first = serving.engine.collection(first).await.unwrap();
    assert!(
        first.ended_at <= second.started_at,
        "the older one was first"
    );
    assert!(serving.engine.collection(broken).await.is_err());
    let page = serving.engine.history(Default::default(), None, 10).await;
    assert_eq!(page.unwrap().rows.len(), 2);
    command.close().await;
    serving.stop().await;
}

#[tokio::test]
async fn a_queue_that_cannot_be_served_is_not_tried_without_a_break() {
    let stack = Stack::new();
    let tries = Arc::new(AtomicU32::new(0));
    // of this thread, on which all tasks of this test run
    let _guard = tracing::subscriber::set_default(Errors(Arc::clone(&tries)));
    let serving = Serving::start(stack.engine().await);
    serving.engine.close().await;
    // ten times as long as the queue rests when all is well
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(tries.load(Ordering::Relaxed), 1);
    serving.stop().await;
}

/// Counts what the runner says is wrong.
struct Errors(Arc<AtomicU32>);

impl tracing::Subscriber for Errors {
    fn enabled(&self, said: &tracing::Metadata<'_>) -> bool {
        *said.level() == tracing::Level::ERROR && said.target() == "engine::collection::runner"
    }

    fn event(&self, _: &tracing::Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }

    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}

    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}

    fn enter(&self, _: &tracing::span::Id) {}

    fn exit(&self, _: &tracing::span::Id) {}
}
