//! All processes that stem from one run of a program, wherever they went.
//!
//! A process group does not hold them: whoever calls `setsid` has left it. So a run has three
//! threads to follow. Its environment carries a mark of its own, which children inherit and
//! `/proc/PID/environ` shows. Who cleared the environment still has a marked parent, or one that
//! was known before. And who was left by its parent becomes our child, since this process is the
//! reaper of its descendants (`PR_SET_CHILD_SUBREAPER`, prctl(2)): it is taken by the last run that
//! ends, since it no longer tells whose it was. (Not where this process is the init of a container:
//! there it inherits what has nothing to do with it.)
//!
//! What was found is stopped before it is killed: a stopped process forks no more, so that even a
//! fork bomb comes to an end. Whatever ended as our child is waited for, so that no zombie stays.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::process::{Child, Command};
use std::sync::{Mutex, Once, OnceLock, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use memchr::memmem::Finder;
use rustix::process::{
    Pid, RawPid, Signal, WaitId, WaitIdOptions, getpgrp, getpid, kill_process, kill_process_group,
    set_child_subreaper, waitid,
};
use uuid::Uuid;

/// The variable that marks a run.
const MARK: &str = "HELP_SUPPORT_RUN";
/// So much of an environment is looked at; ours is the only one of a process that was not given
/// another.
const ENVIRONMENT_LIMIT: u64 = 256 * 1024;
/// For ending all processes of a run. Only one that hangs in the kernel outlives its kill.
const ENDING_TIME: Duration = Duration::from_millis(1500);
/// A fork bomb gets no longer than this before what is known of it is killed, stopped or not.
const STOPPING_TIME: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(2);

/// Held for reading while a child of ours comes into being: until it is among [`CHILDREN`], it must
/// not be taken for an adopted one.
static BEGINNING: RwLock<()> = RwLock::new(());
/// Programs that we run ourselves. Whoever waits for them is the one who started them.
static CHILDREN: Mutex<Vec<RawPid>> = Mutex::new(Vec::new());
/// When the first of them started: children that are older came with this process, from whatever
/// became it by `exec`.
static FIRST_STARTED: OnceLock<u64> = OnceLock::new();

/// The processes of one run. What is left of them ends when this goes.
#[derive(Debug)]
pub struct Kin {
    child: Child,
    pid: Pid,
    /// The child's own time of start: nobody older stems from it.
    started: u64,
    mark: Finder<'static>,
    known: HashSet<RawPid>,
    is_over: bool,
}

impl Kin {
    /// Starts `command`, which must have a process group of its own.
    pub fn begin(command: &mut Command) -> std::io::Result<Self> {
        static ADOPTING: Once = Once::new();
        ADOPTING.call_once(|| {
            if let Err(error) = set_child_subreaper(Some(getpid())) {
                tracing::warn!(%error, "processes that commands leave behind may not be found");
            }
        });
        let mark = Uuid::new_v4().simple().to_string();
        command.env(MARK, &mark);
        let beginning = BEGINNING.read().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        let pid = Pid::from_child(&child);
        children().push(pid.as_raw_pid());
        drop(beginning);
        let started = Process::find(pid.as_raw_pid()).map_or(0, |process| process.started);
        FIRST_STARTED.get_or_init(|| started);
        Ok(Self {
            child,
            pid,
            started,
            mark: Finder::new(format!("{MARK}={mark}").as_bytes()).into_owned(),
            known: HashSet::from([pid.as_raw_pid()]),
            is_over: false,
        })
    }

    /// Whether the program itself has ended. It stays to be waited for, so that its id, which is
    /// the group's, keeps its meaning.
    pub fn has_ended(&self) -> std::io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(self.pid), options)?.is_some())
    }

    /// Ends all that is left of the run. A program that has ended keeps its own status; `None`: it
    /// hangs in the kernel and cannot be waited for.
    pub fn end(&mut self) -> std::io::Result<Option<std::process::ExitStatus>> {
        if self.is_over {
            return self.child.try_wait();
        }
        self.is_over = true;
        let left = self.kill_all();
        if left > 0 {
            tracing::warn!(
                left,
                "processes of a command hang in the kernel and could not be ended"
            );
        }
        let status = if self.has_ended()? {
            self.child.wait().map(Some)
        } else {
            Ok(None)
        };
        children().retain(|child| *child != self.pid.as_raw_pid());
        bury();
        status
    }

    /// Stops, then kills all of them; answers how many live on.
    fn kill_all(&mut self) -> usize {
        let begun = Instant::now();
        let (mut empty_passes, mut signal) = (0, Signal::STOP);
        let mut looked = newest_id().unwrap_or(RawPid::MAX);
        loop {
            // fails where nothing is left of the group
            let _ = kill_process_group(self.pid, signal);
            let mut pass = self.pass(signal);
            if signal == Signal::STOP {
                let (found_more, last) = self.chase(looked, begun + STOPPING_TIME);
                pass.found_more |= found_more;
                looked = last;
            }
            empty_passes = if pass.living == 0 {
                empty_passes + 1
            } else {
                0
            };
            // once more: who forks on and on may slip through a pass
            if empty_passes == 2 {
                return 0;
            }
            if begun.elapsed() > ENDING_TIME {
                return pass.living;
            }
            if !pass.found_more || begun.elapsed() > STOPPING_TIME {
                signal = Signal::KILL;
            }
            if signal == Signal::KILL && pass.living > 0 {
                thread::sleep(PAUSE);
            }
        }
    }

    /// Sends a signal to each process of this run on sight: by the end of a list its first ones
    /// would be gone, and have children. `/proc` lists in the order of ids, so that a child comes
    /// after its parent.
    fn pass(&mut self, signal: Signal) -> Pass {
        // what just begins is not among the children yet, and would look like an orphan
        let nobody_begins = BEGINNING.try_write();
        let takes_orphans = nobody_begins.is_ok() && children().len() <= 1 && !getpid().is_init();
        let mut pass = Pass::default();
        for process in Process::all() {
            self.strike(&process, takes_orphans, signal, &mut pass);
        }
        pass
    }

    /// Stops those that have come after `last`, one by one, until nobody came any more: who forks on
    /// and on is met at the head of its row, while a list of all processes is old when it is read.
    /// Answers whether there were any, and up to which id it has looked.
    fn chase(&mut self, mut last: RawPid, until: Instant) -> (bool, RawPid) {
        let mut pass = Pass::default();
        while let Some(newest) = newest_id()
            && newest > last
            && Instant::now() < until
        {
            for process in (last + 1..=newest).filter_map(Process::find) {
                self.strike(&process, false, Signal::STOP, &mut pass);
            }
            last = newest;
        }
        (pass.found_more, last)
    }

    /// Sends a signal to a process if it is of this run.
    fn strike(&mut self, process: &Process, takes_orphans: bool, signal: Signal, pass: &mut Pass) {
        let may_stem = !process.is_zombie && process.started >= self.started;
        let stems = may_stem
            && (self.known.contains(&process.pid)
                || self.known.contains(&process.parent)
                || process.group == self.pid.as_raw_pid()
                || process.has(&self.mark));
        let is_orphan =
            takes_orphans && !process.is_zombie && process.is_adopted_by(getpid().as_raw_pid());
        if (stems || is_orphan)
            && let Some(pid) = Pid::from_raw(process.pid)
        {
            // it may have ended by itself
            let _ = kill_process(pid, signal);
            pass.living += 1;
            pass.found_more |= self.known.insert(process.pid);
        }
    }
}

/// The id that was given last; the fifth field of `/proc/loadavg`, proc_loadavg(5).
fn newest_id() -> Option<RawPid> {
    let load = fs::read_to_string("/proc/loadavg").ok()?;
    load.split_ascii_whitespace().nth(4)?.parse().ok()
}

/// What one look at all processes met.
#[derive(Default)]
struct Pass {
    living: usize,
    found_more: bool,
}

impl Drop for Kin {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn children() -> std::sync::MutexGuard<'static, Vec<RawPid>> {
    CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for what ended as our child without having been one.
fn bury() {
    // a program that just begins is no orphan; the next run that ends looks again
    let Ok(_nobody_begins) = BEGINNING.try_write() else {
        return;
    };
    let ours = getpid().as_raw_pid();
    for process in Process::all() {
        if process.is_zombie
            && process.is_adopted_by(ours)
            && let Some(pid) = Pid::from_raw(process.pid)
        {
            let _ = waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOHANG,
            );
        }
    }
}

/// A process as `/proc/PID/stat` tells of it; proc_pid_stat(5).
#[derive(Clone, Copy, Debug)]
struct Process {
    pid: RawPid,
    parent: RawPid,
    group: RawPid,
    is_zombie: bool,
    /// Clock ticks since the machine's start.
    started: u64,
}

impl Process {
    /// All processes, by their ids.
    fn all() -> impl Iterator<Item = Self> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter_map(Self::find)
    }

    fn find(pid: RawPid) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        // the program's name before it may hold anything
        let end_of_name = memchr::memrchr(b')', &stat)?;
        let mut fields = std::str::from_utf8(stat.get(end_of_name + 1..)?)
            .ok()?
            .split_ascii_whitespace();
        let state = fields.next()?;
        let mut number = || fields.next()?.parse().ok();
        Some(Self {
            pid,
            parent: number()?,
            group: number()?,
            is_zombie: matches!(state, "Z" | "X"),
            // the 22nd field, where the group is the 5th
            started: fields.nth(16)?.parse().ok()?,
        })
    }

    fn has(&self, mark: &Finder<'_>) -> bool {
        let mut environment = Vec::new();
        // that of another user's process cannot be read, nor can it be ended
        File::open(format!("/proc/{}/environ", self.pid))
            .and_then(|file| file.take(ENVIRONMENT_LIMIT).read_to_end(&mut environment))
            .is_ok_and(|_| mark.find(&environment).is_some())
    }

    /// Whether it is a child of `ours` that we did not start: its parent left it to us. What we
    /// start ourselves is known, and what stays in our own group was not started by a command.
    fn is_adopted_by(&self, ours: RawPid) -> bool {
        self.parent == ours
            && FIRST_STARTED
                .get()
                .is_some_and(|first| self.started >= *first)
            && self.group != getpgrp().as_raw_pid()
            && !children().contains(&self.pid)
    }
}
