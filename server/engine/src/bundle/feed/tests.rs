use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use domain::{CollectionId, SourceKind, Window};
use futures::TryStreamExt;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::*;
use crate::bundle::{Packing, SpooledVolume};
use crate::config::Compression;
use crate::limits::{Budgets, Meter};
use crate::redact::Redactor;
use crate::store::{ItemRow, Store};

/// A part of a real collection in a real database, about to be packed.
struct Rig {
    directory: TempDir,
    runtime: Runtime,
    store: Store,
    spool: Arc<Spool>,
    collection: CollectionId,
    /// Volumes as delivery would get them; they go on leaving as long as they lie here.
    volumes: mpsc::UnboundedReceiver<SpooledVolume>,
    deliveries: mpsc::UnboundedSender<SpooledVolume>,
}

impl Rig {
    fn new(spool_limit_bytes: u64) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let runtime = Runtime::new().expect("a runtime");
        let store = runtime.block_on(Store::open(&directory.path().join("test.db")));
        let store = store.expect("a database");
        let spool = Spool::open(directory.path().join("spool"), spool_limit_bytes);
        let collection = CollectionId(Uuid::now_v7());
        runtime.block_on(store.insert_sample(collection));
        let (deliveries, volumes) = mpsc::unbounded_channel();
        Self {
            directory,
            runtime,
            store,
            spool: Arc::new(spool.expect("a spool")),
            collection,
            volumes,
            deliveries,
        }
    }

    fn untested_feed(&self, volume_size_bytes: u64) -> (Feed, Packer) {
        let packing = Packing {
            collection: self.collection,
            part: 0,
            stem: "node/Storage".to_owned(),
            first_number: 1,
            compression: Compression::Zstd,
            volume_size_bytes,
        };
        let bundle = BundleWriter::new(
            packing,
            Arc::clone(&self.spool),
            self.store.clone(),
            self.runtime.handle().clone(),
            self.deliveries.clone(),
        );
        feed(bundle, Arc::clone(&self.spool))
    }

    /// With redaction that was tested.
    fn feed(&self, volume_size_bytes: u64) -> (Feed, Packer) {
        let (mut feed, packer) = self.untested_feed(volume_size_bytes);
        let (canary, cleaned) = canary(&Redactor::new());
        feed.plant(canary, cleaned);
        (feed, packer)
    }

    fn spooled(&self) -> Vec<PathBuf> {
        let spool = self.directory.path().join("spool");
        let directory = spool.join(self.collection.to_string());
        let Ok(entries) = fs::read_dir(directory) else {
            return Vec::new();
        };
        entries.flatten().map(|entry| entry.path()).collect()
    }

    /// Changes the database behind the store's back.
    fn alter(&self, statement: &'static str) {
        let file = self.directory.path().join("test.db");
        let database = format!("sqlite://{}", file.display());
        self.runtime.block_on(async {
            let pool = sqlx::SqlitePool::connect(&database).await;
            let pool = pool.expect("a way in");
            let done = sqlx::query(statement).execute(&pool).await;
            done.expect("a statement");
        });
    }

    fn is_collected(&self) -> bool {
        let parts = self.runtime.block_on(self.store.parts(self.collection));
        parts.expect("parts")[0].is_collected
    }

    fn items(&self) -> Vec<ItemRow> {
        let items = self.store.items(self.collection, 0).try_collect();
        self.runtime.block_on(items).expect("items")
    }
}

fn item(name: &str) -> ItemRow {
    ItemRow::unread(
        name.to_owned(),
        name.to_owned(),
        SourceKind::Files,
        "complete",
        None,
    )
}

fn canary(redactor: &Redactor) -> (Canary, Vec<u8>) {
    let now = Utc::now();
    let window = Window::new(now - chrono::TimeDelta::hours(1), now).expect("a window");
    let context = crate::source::ReadContext {
        window,
        redactor: &Arc::new(redactor.clone()),
        cancel: &AtomicBool::new(false),
        read_bytes: &std::sync::atomic::AtomicU64::new(0),
        budget: &Arc::new(Meter::new(Budgets::default().item)),
        seat: None,
    };
    let canary = Canary::new(window.start(), redactor).expect("randomness");
    let mut cleaned = Vec::new();
    crate::source::read_text(canary.text(), &context, &mut cleaned).expect("memory");
    (canary, cleaned)
}

/// Bytes that do not compress, different ones for each seed.
fn noise(seed: u64, bytes: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

fn put(feed: &mut Feed, name: &str, bytes: &[u8], cancel: &AtomicBool) -> Result<(), BundleError> {
    let mut entry = feed.entry(name, None, cancel);
    for piece in bytes.chunks(100_000) {
        if let Err(error) = entry.write_all(piece) {
            return Err(entry.into_failure(error));
        }
    }
    feed.end_item(item(name).into())
}

#[test]
fn items_of_all_sizes_come_out_whole_and_in_order() {
    let rig = Rig::new(1 << 30);
    let (mut feed, packer) = rig.feed(1 << 30);
    let sizes = [
        0,
        1,
        BUFFER_BYTES - 1,
        1,
        BUFFER_BYTES,
        BUFFER_BYTES + 1,
        5 * BUFFER_BYTES,
        7,
        2,
    ];
    let names: Vec<String> = (0..sizes.len())
        .map(|number| format!("files/{number}"))
        .collect();
    let cancel = AtomicBool::new(false);
    let packing = thread::spawn(move || packer.run());
    for ((seed, name), size) in (1..).zip(&names).zip(sizes) {
        put(&mut feed, name, &noise(seed, size), &cancel).expect("room");
    }
    feed.finish().expect("a packer");
    packing.join().expect("no panic").expect("a bundle");

    let [volume] = &rig.spooled()[..] else {
        panic!("there is one volume");
    };
    let mut archive = zip::ZipArchive::new(fs::File::open(volume).expect("a file")).expect("a zip");
    let mut packed = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).expect("an entry");
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut entry, &mut bytes).expect("its bytes");
        packed.push((entry.name().expect("text").into_owned(), bytes));
    }
    // one without bytes has no entry
    let expected: Vec<_> = (1..)
        .zip(&names)
        .zip(sizes)
        .filter(|(_, size)| *size > 0)
        .map(|((seed, name), size)| (name.clone(), noise(seed, size)))
        .collect();
    assert!(packed == expected);
    let in_a_volume = |item: &&ItemRow| item.volume.is_some();
    let items = rig.items();
    assert_eq!(items.len(), sizes.len());
    assert_eq!(items.iter().filter(in_a_volume).count(), sizes.len() - 1);
}

#[test]
fn nothing_is_packed_when_a_planted_secret_comes_through_or_none_was_planted() {
    let cancel = AtomicBool::new(false);
    let rig = Rig::new(1 << 30);
    let (mut feed, packer) = rig.untested_feed(1 << 30);
    let (alive, cleaned) = canary(&Redactor::without("jwt"));
    feed.plant(alive, cleaned);
    put(&mut feed, "files/a", b"a line\n", &cancel).expect("room");
    feed.finish().expect("a packer");
    let packed = packer.run();
    assert!(
        matches!(packed, Err(BundleError::Canary { rule: "jwt" })),
        "{packed:?}"
    );

    let (mut feed, packer) = rig.untested_feed(1 << 30);
    put(&mut feed, "files/a", b"a line\n", &cancel).expect("room");
    feed.finish().expect("a packer");
    let packed = packer.run();
    assert!(matches!(packed, Err(BundleError::Untested)), "{packed:?}");

    assert!(rig.spooled().is_empty());
    let volumes = rig.runtime.block_on(rig.store.volumes(rig.collection));
    assert!(volumes.expect("volumes").is_empty());
    assert!(rig.items().is_empty());
}

#[test]
fn a_packer_that_fails_ends_the_collecting_thread_and_leaves_nothing() {
    let rig = Rig::new(1 << 30);
    let (mut feed, packer) = rig.feed(1 << 30);
    // the collection's directory in the spool cannot be made
    let directory = rig.directory.path().join("spool");
    fs::write(directory.join(rig.collection.to_string()), "in the way").expect("a file");
    let packing = thread::spawn(move || packer.run());
    let cancel = AtomicBool::new(false);
    let failed = (1..100)
        .find_map(|seed| put(&mut feed, "files/a", &noise(seed, BUFFER_BYTES), &cancel).err());
    assert!(matches!(failed, Some(BundleError::Ended)), "{failed:?}");
    let packed = packing.join().expect("no panic");
    assert!(matches!(packed, Err(BundleError::Spool(_))), "{packed:?}");
    assert!(rig.items().is_empty());
}

#[test]
fn a_collecting_thread_that_goes_leaves_no_half_volume() {
    let rig = Rig::new(1 << 30);
    let (mut feed, packer) = rig.feed(1 << 30);
    let packing = thread::spawn(move || packer.run());
    let cancel = AtomicBool::new(false);
    put(&mut feed, "files/a", &noise(1, 4 * BUFFER_BYTES), &cancel).expect("room");
    drop(feed);
    packing.join().expect("no panic").expect("an end");
    assert!(rig.spooled().is_empty());
    // its row leads to what the destination may have of it
    let volumes = rig.runtime.block_on(rig.store.volumes(rig.collection));
    let volumes = volumes.expect("volumes");
    assert!(volumes.len() == 1 && !volumes[0].is_sealed(), "{volumes:?}");
    assert!(rig.items().is_empty());
}

#[test]
fn a_bundle_whose_items_cannot_be_recorded_leaves_no_half_volume() {
    let rig = Rig::new(1 << 30);
    let (mut feed, packer) = rig.feed(1 << 30);
    let cancel = AtomicBool::new(false);
    put(&mut feed, "files/a", b"a line\n", &cancel).expect("room");
    feed.finish().expect("a packer");
    rig.alter("DROP TABLE item");
    let packed = packer.run();
    assert!(matches!(packed, Err(BundleError::Store(_))), "{packed:?}");
    assert!(rig.spooled().is_empty());
}

#[test]
fn what_is_missing_is_a_line_whatever_it_is_called() {
    let rig = Rig::new(1 << 30);
    let (mut feed, packer) = rig.feed(1 << 30);
    let missing = ItemRow::unread(
        "files/a%0Ab".to_owned(),
        "/var/log/a: not found\nb\u{1b}[2K".to_owned(),
        SourceKind::Files,
        "missing",
        Some(domain::Reason::PermissionDenied),
    );
    feed.end_item(missing.into()).expect("room");
    feed.finish().expect("a packer");
    packer.run().expect("a bundle");
    let [volume] = &rig.spooled()[..] else {
        panic!("there is one volume");
    };
    let mut archive = zip::ZipArchive::new(fs::File::open(volume).expect("a file")).expect("a zip");
    let mut errors = String::new();
    let mut entry = archive.by_name("errors.txt").expect("an entry");
    io::Read::read_to_string(&mut entry, &mut errors).expect("text");
    assert_eq!(
        errors,
        "/var/log/a: not found\\nb\\u{1b}[2K: permission denied\n"
    );
}

#[test]
fn a_full_spool_is_told_once_all_that_is_under_way_has_come_to_it() {
    let rig = Rig::new(64 * 1024);
    // the one volume stays open: nothing will leave
    let (mut feed, packer) = rig.feed(1 << 30);
    let packing = thread::spawn(move || packer.run());
    let cancel = AtomicBool::new(false);
    let failed = (1..100)
        .find_map(|seed| put(&mut feed, "files/a", &noise(seed, BUFFER_BYTES), &cancel).err());
    assert!(
        matches!(failed, Some(BundleError::NoRoom(NoRoom::Full))),
        "{failed:?}"
    );
    drop(feed);
    packing.join().expect("no panic").expect("an end");
}

#[test]
fn collecting_goes_on_when_a_volume_has_left_a_full_spool_and_ends_when_it_is_cancelled() {
    let mut rig = Rig::new(64 * 1024);
    // each item is a volume
    let (mut feed, packer) = rig.feed(1);
    let cancel = Arc::new(AtomicBool::new(false));
    let packing = thread::spawn(move || packer.run());
    let collecting = {
        let cancel = Arc::clone(&cancel);
        thread::spawn(move || {
            (1..).find_map(|seed| {
                let name = format!("files/{seed}");
                put(&mut feed, &name, &noise(seed, BUFFER_BYTES), &cancel).err()
            })
        })
    };
    for _ in 0..5 {
        let volume = rig.volumes.blocking_recv().expect("a volume");
        let mut progress = volume.progress.clone();
        let sealed = progress.wait_for(|progress| progress.sealed.is_some());
        rig.runtime.block_on(sealed).expect("a sealed volume");
        rig.spool.remove_volume(&volume.file).expect("a volume");
    }
    // those that follow are sealed and stay
    thread::sleep(Duration::from_millis(200));
    assert!(!collecting.is_finished());
    let cancelled = Instant::now();
    cancel.store(true, Ordering::Relaxed);
    let failed = collecting.join().expect("no panic");
    assert!(
        matches!(failed, Some(BundleError::NoRoom(NoRoom::Cancelled))),
        "{failed:?}"
    );
    assert!(cancelled.elapsed() < Duration::from_secs(2));
    packing.join().expect("no panic").expect("an end");
}

#[test]
fn a_part_is_collected_by_the_seal_of_its_last_volume_or_not_at_all() {
    let rig = Rig::new(1 << 30);
    let cancel = AtomicBool::new(false);
    let (mut feed, packer) = rig.feed(1 << 30);
    put(&mut feed, "files/a", b"a line\n", &cancel).expect("room");
    feed.finish().expect("a packer");
    rig.alter(
        "CREATE TRIGGER killed BEFORE UPDATE OF collected_at ON part \
         BEGIN SELECT RAISE(ABORT, 'killed'); END",
    );
    let packed = packer.run();
    assert!(matches!(packed, Err(BundleError::Store(_))), "{packed:?}");
    assert!(!rig.is_collected());
    assert!(rig.spooled().is_empty());

    rig.alter("DROP TRIGGER killed");
    rig.runtime.block_on(async {
        let volumes = rig.store.volumes(rig.collection).await.expect("volumes");
        let ids: Vec<Uuid> = volumes.iter().map(|volume| volume.id).collect();
        rig.store.drop_volumes(&ids).await.expect("no volumes");
    });
    let (mut feed, packer) = rig.feed(1 << 30);
    put(&mut feed, "files/a", b"a line\n", &cancel).expect("room");
    feed.finish().expect("a packer");
    packer.run().expect("a bundle");
    assert!(rig.is_collected());
}

#[test]
fn a_part_that_has_lost_a_volume_is_not_collected_when_its_last_one_is_sealed() {
    let rig = Rig::new(1 << 30);
    let cancel = AtomicBool::new(false);
    // a volume for each item
    let (mut feed, packer) = rig.feed(1);
    let packing = thread::spawn(move || packer.run());
    put(&mut feed, "files/a", b"a line\n", &cancel).expect("room");
    feed.settle().expect("a packer");
    rig.runtime.block_on(async {
        let volumes = rig.store.volumes(rig.collection).await.expect("volumes");
        let lost = rig.store.empty_volume(volumes[0].id).await;
        lost.expect("a volume");
    });
    put(&mut feed, "files/b", b"a line\n", &cancel).expect("room");
    feed.finish().expect("a packer");
    packing.join().expect("no panic").expect("a bundle");
    assert!(!rig.is_collected());
    let items = rig.items();
    let names: Vec<_> = items.iter().map(|item| item.entry_name.as_str()).collect();
    assert_eq!(names, ["files/b"]);
}
