//! What a collection may take, and that one source does not take it from another.

mod common;

use std::time::{Duration, Instant};

use chrono::TimeDelta;
use common::{
    Serving, Stack, entries, entry_of, files_below, operator, read_entry, wait_for_end, wait_until,
};
use domain::{CollectionState, DestinationChoice, LimitOf, PartState, Reason};
use engine::{Budget, Priority, SourceConfig};

fn shell(name: &str, script: &str, timeout: Duration) -> SourceConfig {
    SourceConfig::Command {
        name: name.to_owned(),
        run: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        timeout,
    }
}

fn set_last_write(path: &std::path::Path, at: chrono::DateTime<chrono::Utc>) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(at.into()).unwrap();
}

#[tokio::test]
async fn hanging_sources_of_more_roles_than_cores_delay_no_other_role() {
    let mut stack = Stack::new();
    let cores = std::thread::available_parallelism().unwrap().get();
    let patience = Duration::from_secs(8);
    for number in 0..=cores {
        let name = format!("hanging {number}");
        stack.add_source(&name, shell(&name, "sleep 1000", patience));
    }
    // planned and begun last
    let path = stack.role("Storage").join("disk.log");
    stack.log(&path, TimeDelta::seconds(60));
    let serving = Serving::start(stack.engine().await);
    let started = Instant::now();
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let state_of = |detail: &domain::views::CollectionDetail, role: &str| {
        let part = detail.parts.iter().find(|part| part.role.0 == role);
        part.map(|part| part.state.clone())
    };
    let detail = wait_until(&serving.engine, id, |detail| {
        state_of(detail, "Storage") == Some(PartState::Complete)
    })
    .await;
    assert!(started.elapsed() < patience, "{:?}", started.elapsed());
    assert_eq!(state_of(&detail, "hanging 0"), Some(PartState::Collecting));
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(
        detail.summary.state,
        CollectionState::PartiallyComplete,
        "{:?}",
        detail.parts
    );
    assert_eq!(
        state_of(&detail, "hanging 0"),
        Some(PartState::Failed(Reason::TimedOut {
            seconds: 8,
            limit: None
        }))
    );
    serving.stop().await;
}

#[tokio::test]
async fn a_budget_keeps_the_newest_names_what_it_cut_and_a_retry_fetches_the_rest() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    let mut expected = Vec::new();
    for (age, name) in [(1, "new.log"), (2, "middle.log"), (3, "old.log")] {
        let path = directory.join(name);
        let inside = stack.log(&path, TimeDelta::seconds(10));
        set_last_write(&path, stack.end - TimeDelta::minutes(age));
        expected.push((path, inside));
    }
    let length = expected[0].1.len() as u64;
    // the newest, and half of the one before
    stack.config.budgets.part.bytes = length + length / 2;
    stack.config.budgets.item.bytes = length;
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    let limit = Reason::SizeLimit {
        bytes: length + length / 2,
        limit: Some(LimitOf::Part),
    };
    assert_eq!(detail.parts[0].state, PartState::Truncated(limit.clone()));
    let missing: Vec<_> = detail
        .missing
        .iter()
        .map(|gap| (gap.item.clone(), gap.reason.clone()))
        .collect();
    let partial: Vec<_> = detail.missing.iter().map(|gap| gap.is_partial).collect();
    assert_eq!(partial, [true, false]);
    let label = |index: usize| expected[index].0.display().to_string();
    assert_eq!(missing, [(label(1), limit.clone()), (label(2), limit)]);
    let folder = stack.config.bundle_directory.join(&detail.folder);
    let zip = folder.join("node-01/Storage.zip");
    assert_eq!(read_entry(&zip, &entry_of(&expected[0].0)), expected[0].1);
    assert_eq!(
        read_entry(&zip, &entry_of(&expected[1].0)),
        expected[1].1[..usize::try_from(length / 2).unwrap()]
    );
    let manifest = serving.manifest(id).await;
    assert_eq!(
        manifest["request"]["limits"]["part_bytes"],
        length + length / 2
    );

    // what was complete is not read again; what lay behind the cut comes, and so on
    std::fs::remove_file(&expected[0].0).unwrap();
    let mut rounds = 0;
    let detail = loop {
        serving.engine.retry(id, &operator()).await.unwrap();
        let detail = wait_for_end(&serving.engine, id).await;
        rounds += 1;
        if detail.summary.state == CollectionState::Complete {
            break detail;
        }
        assert!(rounds < 3, "{:?}", detail.missing);
    };
    assert_eq!(rounds, 2, "half of a budget is left for the last at first");
    let manifest = serving.manifest(id).await;
    for (path, inside) in &expected {
        let items = manifest["parts"][0]["items"].as_array().unwrap();
        let name = path.display().to_string();
        let item = items.iter().find(|item| item["name"] == name).unwrap();
        let zip = folder.join(item["volume"].as_str().unwrap());
        assert_eq!(&read_entry(&zip, &entry_of(path)), inside, "{name}");
    }
    assert_eq!(detail.missing, []);
    serving.stop().await;
}

#[tokio::test]
async fn parts_share_the_budget_of_their_collection() {
    let mut stack = Stack::new();
    let mut length = 0;
    for name in ["Compute", "Network", "Storage"] {
        let path = stack.role(name).join("app.log");
        length = stack.log(&path, TimeDelta::seconds(10)).len() as u64;
    }
    let bytes = length * 2;
    stack.config.budgets.collection.bytes = bytes;
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    let manifest = serving.manifest(id).await;
    let parts = manifest["parts"].as_array().unwrap();
    let kept: u64 = parts
        .iter()
        .map(|part| part["kept_bytes"].as_u64().unwrap())
        .sum();
    assert_eq!(kept, bytes);
    let limit = Reason::SizeLimit {
        bytes,
        limit: Some(LimitOf::Collection),
    };
    assert!(detail.missing.iter().all(|gap| gap.reason == limit));
    assert_eq!(detail.summary.state, CollectionState::PartiallyComplete);
    serving.stop().await;
}

#[tokio::test]
async fn a_part_out_of_time_keeps_what_it_has_and_names_the_rest() {
    let mut stack = Stack::new();
    stack.config.budgets.part = Budget {
        time: Duration::from_secs(2),
        ..stack.config.budgets.part
    };
    let path = stack.role("Storage").join("disk.log");
    let inside = stack.log(&path, TimeDelta::seconds(60));
    let patience = Duration::from_secs(600);
    stack.add_source("Storage", shell("first", "echo said; sleep 1000", patience));
    stack.add_source("Storage", shell("second", "echo never", patience));
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    let timed_out = Reason::TimedOut {
        seconds: 2,
        limit: Some(LimitOf::Part),
    };
    assert_eq!(
        detail.parts[0].state,
        PartState::Truncated(timed_out.clone())
    );
    assert_eq!(detail.missing.len(), 2, "{:?}", detail.missing);
    assert!(detail.missing.iter().all(|gap| gap.reason == timed_out));
    let folder = stack.config.bundle_directory.join(&detail.folder);
    let zip = folder.join("node-01/Storage.zip");
    assert_eq!(read_entry(&zip, &entry_of(&path)), inside);
    assert_eq!(read_entry(&zip, "commands/first.txt"), "said\n");
    serving.stop().await;
}

#[tokio::test]
async fn collecting_stands_behind_what_else_runs() {
    let mut stack = Stack::new();
    stack.config.priority = Priority::Low;
    let source = shell("stat", "exec cat /proc/self/stat", Duration::from_secs(60));
    stack.add_source("System", source);
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    let folder = stack.config.bundle_directory.join(&detail.folder);
    let stat = read_entry(&folder.join("node-01/System.zip"), "commands/stat.txt");
    // the nineteenth field, and no space in the name of cat
    assert_eq!(stat.split(' ').nth(18), Some("19"), "{stat}");
    serving.stop().await;
}

#[tokio::test]
async fn parts_for_which_nothing_was_left_are_truncated_and_come_once_the_limit_is_raised() {
    let mut stack = Stack::new();
    let mut expected = Vec::new();
    for name in ["Compute", "Network", "Storage"] {
        let path = stack.role(name).join("app.log");
        expected.push((name, stack.log(&path, TimeDelta::seconds(10)), path));
    }
    let budgets = stack.config.budgets;
    stack.config.budgets.collection.bytes = 1;
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    let cut = PartState::Truncated(Reason::SizeLimit {
        bytes: 1,
        limit: Some(LimitOf::Collection),
    });
    assert!(
        detail.parts.iter().all(|part| part.state == cut),
        "{:?}",
        detail.parts
    );
    serving.stop().await;

    stack.config.budgets = budgets;
    let serving = Serving::start(stack.engine().await);
    serving.engine.retry(id, &operator()).await.unwrap();
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::Complete);
    let manifest = serving.manifest(id).await;
    let told = &manifest["request"]["limits"]["collection_bytes"];
    assert_eq!(*told, budgets.collection.bytes);
    let folder = stack.config.bundle_directory.join(&detail.folder);
    for (index, (name, inside, path)) in expected.iter().enumerate() {
        let item = &manifest["parts"][index]["items"][0];
        let zip = folder.join(item["volume"].as_str().unwrap());
        assert_eq!(&read_entry(&zip, &entry_of(path)), inside, "{name}");
    }
    serving.stop().await;
}

#[tokio::test]
async fn a_retry_after_a_rotation_fetches_the_gap_and_doubles_nothing() {
    let mut stack = Stack::new();
    let directory = stack.role("Storage");
    let newest = directory.join("app.log");
    let new = stack.log(&newest, TimeDelta::seconds(10));
    let old = stack.log(&directory.join("old.log"), TimeDelta::seconds(30));
    std::fs::rename(directory.join("old.log"), directory.join("app.log.1")).unwrap();
    set_last_write(&newest, stack.end - TimeDelta::minutes(1));
    set_last_write(
        &directory.join("app.log.1"),
        stack.end - TimeDelta::minutes(2),
    );
    // there is no room but for the newest
    stack.config.budgets.part.bytes = new.len() as u64;
    let serving = Serving::start(stack.engine().await);
    let id = serving
        .collect(stack.request(DestinationChoice::Directory(None)))
        .await;
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.missing.len(), 1, "{:?}", detail.missing);

    for (from, to) in [("app.log.1", "app.log.2"), ("app.log", "app.log.1")] {
        std::fs::rename(directory.join(from), directory.join(to)).unwrap();
    }
    serving.engine.retry(id, &operator()).await.unwrap();
    let detail = wait_for_end(&serving.engine, id).await;
    assert_eq!(detail.summary.state, CollectionState::Complete);
    let folder = stack.config.bundle_directory.join(&detail.folder);
    let zips = files_below(&folder).into_iter();
    let zips = zips.filter(|path| path.extension().is_some_and(|ending| ending == "zip"));
    let mut kept: Vec<(String, String)> = zips
        .flat_map(|zip| {
            let names = entries(&zip).into_iter();
            let logs = names.filter(|name| name.contains("app.log"));
            logs.map(|name| (name.clone(), read_entry(&zip, &name)))
                .collect::<Vec<_>>()
        })
        .collect();
    kept.sort();
    let expected = [
        (entry_of(&newest), new),
        (entry_of(&directory.join("app.log.2")), old),
    ];
    assert_eq!(kept, expected);
    serving.stop().await;
}
