use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::CollectionId;
use sha2::{Digest, Sha256};
use tempfile::TempDir;
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

/// A collection with one sealed volume in the spool, and two places that it may go to. The link knows
/// the first.
struct Rig {
    _root: TempDir,
    store: Store,
    id: CollectionId,
    volume: SpooledVolume,
    old: PathBuf,
    new: PathBuf,
    link: Link,
}

impl Rig {
    async fn new() -> Self {
        let root = tempfile::tempdir().expect("a directory");
        let store = Store::open(&root.path().join("test.db")).await;
        let store = store.expect("a database");
        let spool = Spool::open(root.path().join("spool"), 1 << 20).expect("a spool");
        let id = CollectionId(Uuid::now_v7());
        store.insert_sample(id).await;
        let (old, new) = (root.path().join("old"), root.path().join("new"));
        let link = Link::new(
            destination(&old),
            1,
            Arc::new(Pace::new(0)),
            CancellationToken::new(),
        );
        Self {
            volume: sealed_volume(&store, &Arc::new(spool), id).await,
            _root: root,
            store,
            id,
            old,
            new,
            link,
        }
    }

    /// Somebody gives another container; the link is not told. Answers whether that was possible.
    async fn agree_to_another(&self) -> bool {
        let (place, actor) = (directory("/another"), operator());
        let replaced = self
            .store
            .replace_destination(self.id, &place, true, &actor);
        replaced.await.expect("the database")
    }
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
    let rig = Rig::new().await;
    assert!(rig.agree_to_another().await);
    let memory = Semaphore::new(1);
    let delivery = deliver_volume(&rig.store, &rig.link, &memory, "folder", &rig.volume);
    tokio::pin!(delivery);
    let a_while = Duration::from_millis(300);
    let early = tokio::time::timeout(a_while, &mut delivery).await;
    assert!(early.is_err(), "{early:?}");
    assert!(!rig.old.join("folder/Storage.zip").exists());

    rig.link.replace(destination(&rig.new), 2);
    delivery.await.expect("a delivery");
    assert!(!rig.old.join("folder/Storage.zip").exists());
    let delivered = fs::read(rig.new.join("folder/Storage.zip"));
    assert_eq!(delivered.expect("the volume"), CONTENT);
    assert!(!rig.agree_to_another().await, "something is there");
}

#[tokio::test]
async fn what_is_found_at_its_destination_keeps_the_collection_there() {
    let rig = Rig::new().await;
    let folder = rig.old.join("folder");
    fs::create_dir_all(&folder).expect("a directory");
    fs::write(folder.join("Storage.zip"), CONTENT).expect("what an earlier one has brought");
    let memory = Semaphore::new(1);
    let found = recognise_volume(&rig.store, &rig.link, &memory, "folder", &rig.volume).await;
    assert!(found.expect("an answer"));
    assert!(!rig.agree_to_another().await);
}
