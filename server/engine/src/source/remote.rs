//! Reading files of file systems that may hang: those that somebody else serves.
//!
//! The item is read, windowed and cleaned aside, and its cleaned bytes come over in pieces. When
//! its time is up and nothing comes any more, its thread is left behind and the item named. As long
//! as that thread hangs, what else lies on the same mount is not tried: it would hang, too.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use domain::Reason;

use super::sink::missing;
use super::{ItemOutcome, ItemReport, ReadContext};
use crate::limits::aside;

/// How often a silent thread is looked after.
const TICK: Duration = Duration::from_millis(50);
/// Nothing came for so long: the core is of more use to others.
const SITTING: Duration = Duration::from_millis(200);
/// A thread that only is slow gets so much longer, to end by itself with all that it has.
const GRACE: Duration = Duration::from_secs(1);
/// Mounts are looked up again after this.
const MOUNTS_AGE: Duration = Duration::from_secs(5);
const PIECE: usize = 128 * 1024;

/// File systems that depend on another machine, or on a program; with their sub-types, as in
/// `fuse.sshfs`.
const SERVED: [&str; 14] = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse", "fuseblk", "9p", "ceph", "afs", "lustre",
    "beegfs", "gpfs", "virtiofs",
];

/// Mounts on which a thread hangs, with what it holds as long as it does.
static HANGING: Mutex<Vec<(PathBuf, Weak<()>)>> = Mutex::new(Vec::new());

enum Told {
    Bytes(Vec<u8>),
    Ended(io::Result<ItemReport>),
}

/// Reads by `work` aside, what lies on a file system that may hang and is mounted at `mount`.
pub fn read(
    mount: &Path,
    context: &ReadContext<'_>,
    out: &mut dyn Write,
    work: impl FnOnce(&ReadContext<'_>, &mut dyn Write) -> io::Result<ItemReport> + Send + 'static,
) -> io::Result<ItemReport> {
    let (_, late) = context.budget.time_left();
    if hangs(mount) {
        return Ok(missing(late));
    }
    let cancel = Arc::new(AtomicBool::new(false));
    let read_bytes = Arc::new(AtomicU64::new(0));
    let alive = Arc::new(());
    let here = Arc::downgrade(&alive);
    let there = (Arc::clone(&cancel), Arc::clone(&read_bytes));
    let (window, redactor, budget) = (
        context.window,
        Arc::clone(context.redactor),
        Arc::clone(context.budget),
    );
    let started = aside("read-aside", move |tell: SyncSender<Told>| {
        let _alive = alive;
        let (cancel, read_bytes) = there;
        let context = ReadContext {
            window,
            redactor: &redactor,
            cancel: &cancel,
            read_bytes: &read_bytes,
            budget: &budget,
            seat: None,
        };
        let mut pieces = Pieces {
            tell: &tell,
            piece: Vec::with_capacity(PIECE),
        };
        let ended = work(&context, &mut pieces).and_then(|report| {
            pieces.flush()?;
            Ok(report)
        });
        // nobody listens where it was left behind
        let _ = tell.send(Told::Ended(ended));
    });
    let told = match started {
        Ok(told) => told,
        Err(error) => return Ok(missing(super::reason(&error))),
    };
    let mut listener = Listener {
        context,
        read_bytes: &read_bytes,
        counted: 0,
        kept_bytes: 0,
        moved: Instant::now(),
    };
    let ended = listener.listen(&told, out);
    // whatever it was, it is not to go on
    cancel.store(true, Ordering::Relaxed);
    match ended {
        Heard::Ended(report) => report,
        Heard::Out(error) if error.kind() == io::ErrorKind::StorageFull => {
            Ok(listener.cut(Reason::SpoolFull))
        }
        Heard::Out(error) => Err(error),
        Heard::Cancelled => Ok(listener.report(ItemOutcome::Cancelled)),
        Heard::Lost => Ok(listener.cut(Reason::Internal)),
        Heard::Silence => {
            let mut hanging = HANGING.lock().unwrap_or_else(PoisonError::into_inner);
            hanging.push((mount.to_owned(), here));
            let (_, late) = context.budget.time_left();
            Ok(listener.cut(late))
        }
    }
}

/// How listening ended.
enum Heard {
    Ended(io::Result<ItemReport>),
    /// What was heard could not be written.
    Out(io::Error),
    Cancelled,
    /// The thread panicked.
    Lost,
    /// Its time is up, and it hangs.
    Silence,
}

struct Listener<'a> {
    context: &'a ReadContext<'a>,
    /// Of the thread aside.
    read_bytes: &'a AtomicU64,
    /// So many of these were passed on.
    counted: u64,
    kept_bytes: u64,
    /// When something was heard or read last.
    moved: Instant,
}

impl Listener<'_> {
    fn listen(&mut self, told: &std::sync::mpsc::Receiver<Told>, out: &mut dyn Write) -> Heard {
        let context = self.context;
        let mut late_since = None;
        loop {
            if context.cancel.load(Ordering::Relaxed) {
                return Heard::Cancelled;
            }
            let heard = told.recv_timeout(TICK);
            self.count();
            match heard {
                Ok(told) => {
                    self.moved = Instant::now();
                    if let Some(seat) = context.seat {
                        seat.sit_down();
                    }
                    match told {
                        Told::Ended(report) => return Heard::Ended(report),
                        Told::Bytes(bytes) => {
                            if let Err(error) = out.write_all(&bytes) {
                                return Heard::Out(error);
                            }
                            self.kept_bytes += bytes.len() as u64;
                        }
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Heard::Lost,
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(seat) = context.seat
                        && self.moved.elapsed() > SITTING
                    {
                        seat.stand_up();
                    }
                    if context.budget.time_left().0.is_zero() {
                        let since = *late_since.get_or_insert_with(Instant::now);
                        if since.elapsed() > GRACE {
                            return Heard::Silence;
                        }
                    }
                }
            }
        }
    }

    /// Passes on what was read aside.
    fn count(&mut self) {
        let read = self.read_bytes.load(Ordering::Relaxed);
        if read > self.counted {
            let more = read - self.counted;
            self.context.read_bytes.fetch_add(more, Ordering::Relaxed);
            self.counted = read;
            self.moved = Instant::now();
        }
    }

    fn cut(&self, reason: Reason) -> ItemReport {
        self.report(match self.kept_bytes {
            0 => ItemOutcome::Missing(reason),
            _ => ItemOutcome::Partial(reason),
        })
    }

    /// What is known without the thread's own report: it alone counts redactions.
    fn report(&self, outcome: ItemOutcome) -> ItemReport {
        ItemReport {
            outcome,
            read_bytes: self.counted,
            kept_bytes: self.kept_bytes,
            taken_whole: false,
            redactions: std::collections::BTreeMap::new(),
        }
    }
}

/// Collects small writes into pieces that are worth telling.
struct Pieces<'a> {
    tell: &'a SyncSender<Told>,
    piece: Vec<u8>,
}

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.tell
            .send(Told::Bytes(piece))
            .map_err(|_| io::Error::other("nobody listens any more"))
    }
}

fn hangs(mount: &Path) -> bool {
    let mut hanging = HANGING.lock().unwrap_or_else(PoisonError::into_inner);
    hanging.retain(|(_, thread)| thread.strong_count() > 0);
    hanging.iter().any(|(known, _)| known == mount)
}

/// Where the file system is mounted that `path` lies on, if it is one that may hang.
pub fn served_mount(path: &Path) -> Option<PathBuf> {
    static MOUNTS: Mutex<Option<(Instant, Vec<PathBuf>)>> = Mutex::new(None);
    let mut mounts = MOUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    if mounts
        .as_ref()
        .is_none_or(|(looked, _)| looked.elapsed() > MOUNTS_AGE)
    {
        let text = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        *mounts = Some((Instant::now(), served_mounts(&text)));
    }
    let (_, served) = mounts.as_ref()?;
    innermost(served, path).map(Path::to_owned)
}

/// The mount of several that `path` lies on.
fn innermost<'m>(mounts: &'m [PathBuf], path: &Path) -> Option<&'m Path> {
    let below = mounts.iter().filter(|mount| path.starts_with(mount));
    below
        .max_by_key(|mount| mount.as_os_str().len())
        .map(PathBuf::as_path)
}

/// Where served file systems are mounted, by `/proc/self/mountinfo`; proc_pid_mountinfo(5).
fn served_mounts(mountinfo: &str) -> Vec<PathBuf> {
    mountinfo
        .lines()
        .filter_map(|line| {
            let (mount, file_system) = line.split_once(" - ")?;
            let kind = file_system.split(' ').next()?;
            let family = kind.split_once('.').map_or(kind, |(family, _)| family);
            SERVED
                .contains(&family)
                .then(|| mount.split(' ').nth(4).map(unescape))?
        })
        .collect()
}

/// Spaces and their like are written as `\040`.
fn unescape(text: &str) -> PathBuf {
    let mut plain = text.to_owned();
    for (code, letter) in [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ] {
        plain = plain.replace(code, letter);
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::limits::{Budget, Meter};
    use crate::redact::Redactor;

    fn with_context<T>(seconds: u64, work: impl FnOnce(&ReadContext<'_>) -> T) -> T {
        let start = "2025-11-20T14:00:00Z".parse().expect("a time");
        let end = "2025-11-20T15:00:00Z".parse().expect("a time");
        work(&ReadContext {
            window: domain::Window::new(start, end).expect("in order"),
            redactor: &Arc::new(Redactor::new()),
            cancel: &AtomicBool::new(false),
            read_bytes: &AtomicU64::new(0),
            budget: &Arc::new(Meter::new(Budget {
                bytes: 1 << 30,
                time: Duration::from_secs(seconds),
            })),
            seat: None,
        })
    }

    fn complete(kept_bytes: u64) -> ItemReport {
        ItemReport {
            outcome: ItemOutcome::Complete,
            kept_bytes,
            ..missing(Reason::NotFound)
        }
    }

    #[test]
    fn a_read_that_hangs_is_left_behind_and_its_neighbours_are_not_tried_until_it_is_back() {
        let root = Path::new("/mnt/a");
        let (release, released) = channel::<()>();
        let timed_out = Reason::TimedOut {
            seconds: 1,
            limit: Some(domain::LimitOf::Collection),
        };
        with_context(1, |context| {
            let mut out = Vec::new();
            let begun = Instant::now();
            let report = read(root, context, &mut out, move |_, out| {
                out.write_all(&[b'x'; PIECE])?;
                let _ = released.recv();
                Ok(complete(PIECE as u64))
            })
            .expect("memory");
            assert!(begun.elapsed() < Duration::from_secs(4));
            assert_eq!(report.outcome, ItemOutcome::Partial(timed_out.clone()));
            assert_eq!(out.len(), PIECE);
            assert_eq!(report.kept_bytes, PIECE as u64);
        });
        let again = |root: &str| {
            with_context(1, |context| {
                let read = read(Path::new(root), context, &mut Vec::new(), |_, _| {
                    Ok(complete(0))
                });
                read.expect("memory").outcome
            })
        };
        assert_eq!(again("/mnt/a"), ItemOutcome::Missing(timed_out));
        assert_eq!(again("/mnt/b"), ItemOutcome::Complete);
        drop(release);
        let is_back = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(20));
            again("/mnt/a") == ItemOutcome::Complete
        });
        assert!(is_back);
    }

    #[test]
    fn a_hanging_read_is_cancelled_at_once() {
        let (_release, released) = channel::<()>();
        with_context(600, |context| {
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(200));
                    context.cancel.store(true, Ordering::Relaxed);
                });
                let begun = Instant::now();
                let report = read(
                    Path::new("/mnt/c"),
                    context,
                    &mut Vec::new(),
                    move |_, _| {
                        let _ = released.recv();
                        Ok(complete(0))
                    },
                );
                assert_eq!(report.expect("memory").outcome, ItemOutcome::Cancelled);
                assert!(begun.elapsed() < Duration::from_secs(1));
            });
        });
    }

    #[test]
    fn mounts_of_others_are_told_from_disks() {
        let mounts = served_mounts(
            "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
             40 22 0:44 / /mnt/logs\\040of\\040all rw shared:9 master:2 - nfs4 server:/logs rw\n\
             41 22 0:45 / /mnt/ssh rw - fuse.sshfs host:/ rw\n\
             42 22 0:46 / /run rw - tmpfs tmpfs rw\n",
        );
        assert_eq!(
            mounts,
            [Path::new("/mnt/logs of all"), Path::new("/mnt/ssh")]
        );
    }

    #[test]
    fn a_file_is_of_the_mount_that_its_own_directory_lies_on() {
        let mounts = ["/mnt/a", "/mnt/a/b"].map(PathBuf::from);
        let file = |below: &str| crate::source::FileItem {
            folder: Arc::new(crate::source::item::Folder {
                root: Path::new("/mnt").into(),
                root_as_named: Path::new("/mnt").into(),
                below: below.into(),
                dating: crate::window::Dating {
                    zone: chrono_tz::Tz::UTC,
                    format: None,
                    key: None,
                },
                takes_binary: false,
                planned_at: chrono::DateTime::UNIX_EPOCH,
            }),
            name: std::ffi::OsStr::new("x.log").into(),
            link: None,
            identity: crate::source::Identity {
                device: 1,
                inode: 1,
                born: None,
            },
            bytes: 0,
            packing: crate::source::Packing::Plain,
            has_rival: false,
        };
        for (below, mount) in [
            ("a/logs", Some("/mnt/a")),
            ("a/b/logs", Some("/mnt/a/b")),
            ("ab", None),
            ("", None),
        ] {
            let directory = file(below).directory();
            assert_eq!(innermost(&mounts, &directory), mount.map(Path::new));
        }
    }
}
