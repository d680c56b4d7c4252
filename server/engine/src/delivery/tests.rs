use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::CollectionId;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::*;
use crate::bundle::{Spool, SpooledVolume};
use crate::destination::{Destination, LocalDirectory};
use crate::secrets::to_hex;
use crate::store::sample::{directory, operator};
use crate::store::{Seal, Store, VolumeRow};

const CONTENT: &[u8] = b"packed";

fn destination(root: &Path) -> Destination {
    Destination::Directory(LocalDirectory::new(root.to_owned()))
}

/// A sealed volume of a collection, in the spool.
async fn sealed_volume(store: &Store, spool: &Arc<Spool>, id: CollectionId) -> SpooledVolume {
    let sha256 = to_hex(&Sha256::digest(CONTENT));
    let row = VolumeRow {
        packed_bytes: CONTENT.len() as u64,
        sha256: Some(sha256.clone()),
        ..VolumeRow::begun(Some(0), "Storage.zip".to_owned())
    };
    store.insert_volume(id, &row).await.expect("a volume");
    let seal = Seal {
        volume: row.id,
        packed_bytes: row.packed_bytes,
        sha256: &sha256,
    };
    store.seal_volume(&seal).await.expect("a seal");
    let volume = SpooledVolume::sealed(&row, id, spool, "application/zip").expect("a volume");
    fs::write(&volume.file, CONTENT).expect("its file");
    volume
}

#[tokio::test]
async fn nothing_becomes_visible_where_another_place_was_agreed_to_meanwhile() {
    let root = tempfile::tempdir().expect("a directory");
    let store = Store::open(&root.path().join("test.db")).await;
    let store = store.expect("a database");
    let spool = Arc::new(Spool::open(root.path().join("spool"), 1 << 20).expect("a spool"));
    let id = CollectionId(Uuid::now_v7());
    store.insert_sample(id).await;
    let volume = sealed_volume(&store, &spool, id).await;
    let (old, new) = (root.path().join("old"), root.path().join("new"));
    let link = Link::new(
        destination(&old),
        1,
        Arc::new(Pace::new(0)),
        CancellationToken::new(),
    );
    // the link is not told at once
    let agree_to = async |place| {
        let (place, actor) = (directory(place), operator());
        let replaced = store.replace_destination(id, &place, true, &actor);
        replaced.await.expect("the database")
    };
    assert!(agree_to("/new").await);
    let memory = Semaphore::new(1);
    let delivery = deliver_volume(&store, &link, &memory, "folder", &volume);
    tokio::pin!(delivery);
    let a_while = Duration::from_millis(300);
    let early = tokio::time::timeout(a_while, &mut delivery).await;
    assert!(early.is_err(), "{early:?}");
    assert!(!old.join("folder/Storage.zip").exists());
    // a URL of the old place, renewed, is not what was agreed to either
    link.replace(destination(&old), 1);
    let early = tokio::time::timeout(a_while, &mut delivery).await;
    assert!(early.is_err(), "{early:?}");

    link.replace(destination(&new), 2);
    delivery.await.expect("a delivery");
    assert!(!old.join("folder/Storage.zip").exists());
    let delivered = fs::read(new.join("folder/Storage.zip"));
    assert_eq!(delivered.expect("the volume"), CONTENT);
    // from now on no other container can take its place
    assert!(!agree_to("/third").await);
    store.close().await;
}
