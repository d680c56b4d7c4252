//! Running a program whose output is collected, and ending it for sure.
//!
//! Programs hang, flood, fork and close their output early. So all that stems from a run is ended,
//! whatever way the run ends (see [`kin`](super::kin)); pipes are polled, never waited on; and a
//! grandchild that keeps a pipe open does not keep us.

use std::io::{self, PipeReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Stop;
use super::kin::Kin;
use crate::limits::Seat;

/// How often a silent program is looked after.
const TICK: Duration = Duration::from_millis(50);
/// A program that is silent for longer needs no core here.
const SITTING: Duration = Duration::from_millis(200);
/// A pipe holds no more.
const CHUNK: usize = 64 * 1024;
/// So much is kept of what a program complains about.
const COMPLAINT_LIMIT: usize = 4096;

/// How a run ended.
#[derive(Debug)]
pub enum End {
    Exited(ExitStatus),
    /// It took longer than this, or was silent for as long.
    TimedOut(Duration),
}

/// How long a program may take. Time in which its output waits to be taken does not count: that
/// the spool is full is not its fault.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    pub total: Duration,
    /// Without a byte of output.
    pub silence: Duration,
}

impl Patience {
    /// For a program that may be silent all the time.
    pub const fn total(total: Duration) -> Self {
        Self {
            total,
            silence: total,
        }
    }
}

/// Where the program's complaints go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Complaints {
    /// Into the output, in the order in which they come.
    WithOutput,
    Apart,
}

/// What goes on beside a run.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    /// Set by somebody else when the run is to end.
    pub cancel: &'a AtomicBool,
    /// Is left while the program is silent.
    pub seat: Option<&'a Seat>,
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
/// Afterwards nothing of what it started is left.
pub fn run(
    mut command: Command,
    complaints: Complaints,
    patience: Patience,
    waiting: Waiting<'_>,
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
        kin: Kin::begin(&mut command).map_err(RunError::Start)?,
        output: Some(output),
        complaint_pipe,
        complaint: Vec::new(),
        chunk: vec![0; CHUNK],
    };
    // it holds the pipes' other ends
    drop(command);
    let end = run
        .follow(patience, waiting, take)
        .map_err(RunError::Stopped)?;
    Ok(Ran {
        end,
        complaint: std::mem::take(&mut run.complaint),
    })
}

/// Measures time, but for what is left out of it.
struct Stopwatch {
    begun: Instant,
    left_out: Duration,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            begun: Instant::now(),
            left_out: Duration::ZERO,
        }
    }

    fn leave_out(&mut self, time: Duration) {
        self.left_out += time;
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed().saturating_sub(self.left_out)
    }
}

struct Run {
    kin: Kin,
    output: Option<PipeReader>,
    complaint_pipe: Option<PipeReader>,
    complaint: Vec<u8>,
    chunk: Vec<u8>,
}

impl Run {
    fn follow(
        &mut self,
        patience: Patience,
        waiting: Waiting<'_>,
        take: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
    ) -> Result<End, Stop> {
        let mut ran = Stopwatch::start();
        let mut silent = Stopwatch::start();
        loop {
            if waiting.cancel.load(Ordering::Relaxed) {
                return Err(Stop::Cancelled);
            }
            for (clock, limit) in [(&ran, patience.total), (&silent, patience.silence)] {
                if clock.elapsed() >= limit {
                    return Ok(End::TimedOut(limit));
                }
            }
            // asked before the pipes, so that what it wrote before its end is in them
            let has_ended = self.kin.has_ended().map_err(lost)?;
            let tick = if has_ended { Duration::ZERO } else { TICK };
            let mut taking = Duration::ZERO;
            let some = self.read_some(tick, &mut |bytes| {
                let begun = Instant::now();
                if let Some(seat) = waiting.seat {
                    seat.sit_down();
                }
                let taken = take(bytes);
                taking += begun.elapsed();
                taken
            })?;
            ran.leave_out(taking);
            if some {
                silent = Stopwatch::start();
            } else if !has_ended {
                if let Some(seat) = waiting.seat
                    && silent.elapsed() > SITTING
                {
                    seat.stand_up();
                }
            } else {
                // it has an answer, since it has ended
                let status = self.kin.end().map_err(lost)?;
                return status
                    .map(End::Exited)
                    .ok_or_else(|| lost(io::Error::other("the program cannot be waited for")));
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
