use std::path::PathBuf;

use domain::{CollectionId, CollectionState, Reason, SourceKind};
use futures::TryStreamExt;
use tempfile::TempDir;
use uuid::Uuid;

use super::sample::{directory, operator};
use super::*;

async fn store() -> (TempDir, Store) {
    let root = tempfile::tempdir().expect("a directory");
    let store = Store::open(&root.path().join("test.db")).await;
    (root, store.expect("a database"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_together_on_a_new_database_all_open_it() {
    for _ in 0..20 {
        let root = tempfile::tempdir().expect("a directory");
        let path = root.path().join("test.db");
        let open = |path: PathBuf| tokio::spawn(async move { Store::open(&path).await });
        let starts: Vec<_> = (0..8).map(|_| open(path.clone())).collect();
        for start in starts {
            let store = start.await.expect("it runs").expect("a database");
            store.ping().await.expect("it answers");
        }
    }
}

async fn queued(store: &Store) -> CollectionId {
    let id = CollectionId(Uuid::now_v7());
    store.insert_sample(id).await;
    id
}

#[tokio::test]
async fn secrets_of_a_collection_are_kept_only_where_a_retry_may_need_them() {
    let (_root, store) = store().await;
    let secret = StoredDestination {
        secret: Some(b"sealed".to_vec()),
        ..directory("/bundles")
    };
    let (mut ended, actor) = (Vec::new(), operator());
    for state in [
        CollectionState::Complete,
        CollectionState::PartiallyComplete,
        CollectionState::Failed,
        CollectionState::Cancelled,
    ] {
        let id = queued(&store).await;
        let replaced = store.replace_destination(id, &secret, false, &actor);
        assert!(replaced.await.expect("the database"));
        let end = store.end_collection(id, state, None).await;
        end.expect("the database");
        ended.push((id, state.can_retry(1).is_ok()));
    }
    let id = queued(&store).await;
    let cancelled = store.request_cancel(id, &actor).await;
    assert!(cancelled.expect("the database"));
    ended.push((id, false));
    for (id, may_need_them) in ended {
        let row = store.find_collection(id).await.expect("the database");
        let row = row.expect("the collection");
        let kept = (row.sealed_roles.is_some(), row.destination.secret.is_some());
        assert_eq!(kept, (may_need_them, may_need_them), "{:?}", row.state);
    }
}

/// Items of all kinds and outcomes, more than are read from the database at once.
fn items(volume: Uuid) -> Vec<ItemRow> {
    let name = |number: usize| match number {
        0 => "quoted \"\\ and\nbroken".to_owned(),
        1 => "größer 日本 \u{1f600}\u{7f}\u{1}".to_owned(),
        _ => format!("files/var/log/service-{number:04}.log"),
    };
    let item = |number: usize| {
        let (outcome, reason) = match number % 50 {
            7 => ("missing", Some(Reason::PermissionDenied)),
            8 => ("partial", Some(Reason::SpoolFull)),
            9 => ("empty", None),
            _ => ("complete", None),
        };
        let row = ItemRow::unread(
            name(number),
            format!("/{}", name(number)),
            SourceKind::Files,
            outcome,
            reason,
        );
        let redacted = number
            .is_multiple_of(3)
            .then(|| ("rule \"x\"".to_owned(), number as u64));
        ItemRow {
            volume: (outcome != "missing").then_some(volume),
            read_bytes: 1 << 40,
            kept_bytes: number as u64,
            taken_whole: number.is_multiple_of(2),
            redactions: redacted.into_iter().collect(),
            ..row
        }
    };
    (0..2500).map(item).collect()
}

#[tokio::test]
async fn many_items_come_back_as_they_were_recorded_and_by_name() {
    let (_directory, store) = store().await;
    let id = queued(&store).await;
    let volume = VolumeRow::begun(Some(0), "0.zip".to_owned());
    let inserted = store.insert_volume(id, &volume).await;
    inserted.expect("a volume");
    let mut items = items(volume.id);
    let new: Vec<NewItem> = items.iter().cloned().map(NewItem::from).collect();
    store.record_items(id, 0, &new).await.expect("recorded");
    items.sort_by(|one, other| one.entry_name.cmp(&other.entry_name));
    let read: Vec<ItemRow> = store.items(id, 0).try_collect().await.expect("the items");
    assert!(read == items);
    let gaps = store.gaps(id, 60).await.expect("the gaps");
    let expected = items.iter().filter(|item| item.reason.is_some()).take(60);
    assert!(
        gaps.iter()
            .map(|(part, item)| (*part, item))
            .eq(expected.map(|item| (0, item)))
    );
}
