//! Running a program whose output is collected, and ending it for sure.
//!
//! Programs hang, flood, fork and close their output early. So the program gets a process group of
//! its own, which is killed as a whole whatever way the run ends; its pipes are polled, never
//! waited on; and a grandchild that keeps a pipe open does not keep us.

use std::io::{self, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::Stop;

/// How often a silent program is looked after.
const TICK: Duration = Duration::from_millis(50);
/// A pipe holds no more.
const CHUNK: usize = 64 * 1024;
/// So much is kept of what a program complains about.
const COMPLAINT_LIMIT: usize = 4096;

/// How a run ended.
#[derive(Debug)]
pub enum End {
    Exited(ExitStatus),
    TimedOut,
}

/// Where the program's complaints go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaints {
    /// Into the output, in the order in which they come.
    WithOutput,
    Apart,
}

/// What a run left.
#[derive(Debug)]
pub struct Ran {
    pub end: End,
    /// The beginning of what was said apart from the output.
    pub complaint: Vec<u8>,
}

/// Why a run has no end of its own.
#[derive(Debug)]
pub enum RunError {
    /// The program did not start.
    Start(io::Error),
    /// It ran, and was stopped or lost.
    Stopped(Stop),
}

/// The environment of every program: nothing of ours.
pub fn bare_command(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .env("LANG", "C.UTF-8")
        .current_dir("/")
        .stdin(Stdio::null());
    command
}

/// Runs `command` to its end and hands its output over as it comes.
///
/// Afterwards nothing of its process group is left.
pub fn run(
    mut command: Command,
    complaints: Complaints,
    timeout: Option<Duration>,
    cancel: &AtomicBool,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
) -> Result<Ran, RunError> {
    let (output, writer) = io::pipe().map_err(RunError::Start)?;
    let complaint_pipe = match complaints {
        Complaints::WithOutput => {
            command.stderr(writer.try_clone().map_err(RunError::Start)?);
            None
        }
        Complaints::Apart => {
            let (reader, writer) = io::pipe().map_err(RunError::Start)?;
            command.stderr(writer);
            Some(reader)
        }
    };
    command.stdout(writer).process_group(0);
    let mut run = Run {
        group: Group {
            child: command.spawn().map_err(RunError::Start)?,
            is_gone: false,
        },
        output: Some(output),
        complaint_pipe,
        complaint: Vec::new(),
        chunk: vec![0; CHUNK],
    };
    // it holds the pipes' other ends
    drop(command);
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let end = run
        .follow(deadline, cancel, take)
        .map_err(RunError::Stopped)?;
    Ok(Ran {
        end,
        complaint: std::mem::take(&mut run.complaint),
    })
}

struct Run {
    group: Group,
    output: Option<PipeReader>,
    complaint_pipe: Option<PipeReader>,
    complaint: Vec<u8>,
    chunk: Vec<u8>,
}

impl Run {
    fn follow(
        &mut self,
        deadline: Option<Instant>,
        cancel: &AtomicBool,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<End, Stop> {
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Err(Stop::Cancelled);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(End::TimedOut);
            }
            // asked before the pipes, so that what it wrote before its end is in them
            let has_ended = self.group.has_ended().map_err(lost)?;
            let tick = if has_ended { Duration::ZERO } else { TICK };
            if !self.read_some(tick, take)? && has_ended {
                let status = self.group.end().map_err(lost)?;
                return Ok(End::Exited(status));
            }
        }
    }

    /// Reads once from each pipe that has something, waiting for it up to `patience`.
    fn read_some(
        &mut self,
        patience: Duration,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<bool, Stop> {
        let mut some = false;
        if self.output.is_none() && self.complaint_pipe.is_none() {
            // it runs on without a word
            std::thread::sleep(patience);
            return Ok(false);
        }
        let (has_output, has_complaint) =
            ready(self.output.as_ref(), self.complaint_pipe.as_ref(), patience)
                .map_err(|error| lost(error.into()))?;
        if has_output && let Some(pipe) = &mut self.output {
            match read(pipe, &mut self.chunk).map_err(lost)? {
                0 => self.output = None,
                length => {
                    some = true;
                    take(&self.chunk[..length])?;
                }
            }
        }
        if has_complaint && let Some(pipe) = &mut self.complaint_pipe {
            match read(pipe, &mut self.chunk).map_err(lost)? {
                0 => self.complaint_pipe = None,
                length => {
                    some = true;
                    let room = COMPLAINT_LIMIT - self.complaint.len();
                    self.complaint
                        .extend_from_slice(&self.chunk[..length.min(room)]);
                }
            }
        }
        Ok(some)
    }
}

/// Which of two pipes can be read without waiting.
fn ready(
    output: Option<&PipeReader>,
    complaint: Option<&PipeReader>,
    patience: Duration,
) -> rustix::io::Result<(bool, bool)> {
    let mut pipes: Vec<PollFd<'_>> = [output, complaint]
        .into_iter()
        .flatten()
        .map(|pipe| PollFd::new(pipe, PollFlags::IN))
        .collect();
    let patience = Timespec {
        tv_sec: 0,
        tv_nsec: patience.subsec_nanos().into(),
    };
    match poll(&mut pipes, Some(&patience)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error),
    }
    // the end of a pipe is something to read, too
    let mut answers = pipes.iter().map(|pipe| !pipe.revents().is_empty());
    let has_output = output.is_some() && answers.next().unwrap_or(false);
    let has_complaint = complaint.is_some() && answers.next().unwrap_or(false);
    Ok((has_output, has_complaint))
}

fn read(pipe: &mut PipeReader, chunk: &mut [u8]) -> io::Result<usize> {
    loop {
        match pipe.read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

fn lost(error: io::Error) -> Stop {
    Stop::Source(super::reason(&error))
}

/// A program and all that it started, ended when this goes.
struct Group {
    child: Child,
    /// It was waited for: its id may already mean another.
    is_gone: bool,
}

impl Group {
    /// Whether the program itself has ended. It stays to be waited for, so that its id, which is
    /// the group's, keeps its meaning.
    fn has_ended(&self) -> io::Result<bool> {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(Pid::from_child(&self.child)), options)?;
        Ok(status.is_some())
    }

    /// Kills what is left of the group. A program that has ended keeps its own status.
    fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.is_gone {
            // fails where nothing is left to kill
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
            self.is_gone = true;
        }
        self.child.wait()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
