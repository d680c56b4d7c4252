use domain::{CollectionId, CollectionState};
use tempfile::TempDir;
use uuid::Uuid;

use super::sample::{directory, operator};
use super::*;

async fn store() -> (TempDir, Store) {
    let root = tempfile::tempdir().expect("a directory");
    let store = Store::open(&root.path().join("test.db")).await;
    (root, store.expect("a database"))
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
