//! The output of a diagnostic command.
//!
//! It tells of now, so that it is cleaned but not windowed. What is no text cannot be cleaned, and is
//! withheld. The command gets nothing of our environment, and what it says on both outputs is kept
//! in the order in which it comes.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use domain::Reason;

use super::process::{self, Complaints, End, Patience, Ran, RunError};
use super::sink::{Sink, missing};
use super::utf16::Utf16;
use super::{Item, ItemHow, ItemReport, Plan, ReadContext, Stop, binary, reason};

/// A command that says more is ended.
pub const OUTPUT_LIMIT: u64 = 64 * 1024 * 1024;

pub fn plan(label: &str, run: &[String], timeout: Duration) -> Plan {
    let is_absolute = run
        .first()
        .is_some_and(|program| Path::new(program).is_absolute());
    if !is_absolute {
        let detail = "the path of the program is not absolute".to_owned();
        return Plan {
            missing: vec![(label.to_owned(), Reason::CommandBroken { detail })],
            ..Plan::default()
        };
    }
    Plan {
        items: vec![Item {
            planned_bytes: 0,
            modified_at: None,
            how: ItemHow::Command {
                name: label.to_owned(),
                run: run.to_vec(),
                timeout,
            },
        }],
        ..Plan::default()
    }
}

pub fn read(
    run: &[String],
    timeout: Duration,
    context: &ReadContext<'_>,
    out: &mut dyn Write,
) -> io::Result<ItemReport> {
    let Some((program, arguments)) = run.split_first() else {
        return Ok(missing(Reason::NotFound));
    };
    let mut command = process::bare_command(program);
    command.args(arguments);
    let mut output = Output {
        sink: Sink::new(context, None, out),
        head: Some(Vec::new()),
        room: OUTPUT_LIMIT,
    };
    let (left, spent) = context.budget.time_left();
    let timed_out = if left < timeout {
        spent
    } else {
        Reason::TimedOut {
            seconds: timeout.as_secs(),
            limit: None,
        }
    };
    let ran = process::run(
        command,
        Complaints::WithOutput,
        Patience::total(timeout.min(left)),
        context.waiting(),
        &mut |bytes| output.push(bytes),
    );
    let ended = match ran {
        Ok(Ran { end, .. }) => verdict(&end, timed_out).map_err(Stop::Source),
        Err(RunError::Start(error)) => Err(Stop::Source(start_reason(&error))),
        Err(RunError::Stopped(stop)) => Err(stop),
    };
    // a short output is looked at now
    let looked = output.begin();
    output.sink.finish(looked.and(ended))
}

/// The output on its way.
struct Output<'a> {
    sink: Sink<'a>,
    /// Its beginning, until there is enough of it to tell whether it is text.
    head: Option<Vec<u8>>,
    /// How many more bytes it may have.
    room: u64,
}

impl Output<'_> {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let taken = bytes
            .len()
            .min(usize::try_from(self.room).unwrap_or(usize::MAX));
        self.room -= taken as u64;
        match &mut self.head {
            Some(head) => {
                head.extend_from_slice(&bytes[..taken]);
                let is_enough = head.len() >= binary::SAMPLE;
                self.sink.count(taken as u64)?;
                if is_enough {
                    self.begin()?;
                }
            }
            None => self.sink.push(&bytes[..taken], taken as u64)?,
        }
        if taken < bytes.len() {
            return Err(Stop::Source(Reason::SizeLimit {
                bytes: OUTPUT_LIMIT,
                limit: None,
            }));
        }
        Ok(())
    }

    /// Looks at the beginning, once, and lets it go.
    fn begin(&mut self) -> Result<(), Stop> {
        let Some(head) = self.head.take() else {
            return Ok(());
        };
        if let Some(order) = Utf16::of(&head) {
            self.sink.transcode(order);
        } else if binary::is_binary(OsStr::new(""), &head, b"") {
            return Err(Stop::Source(Reason::Binary));
        }
        // it was counted as it came
        self.sink.push(&head, 0)
    }
}

fn verdict(end: &End, timed_out: Reason) -> Result<(), Reason> {
    match end {
        End::TimedOut(_) => Err(timed_out),
        End::Exited(status) if status.success() => Ok(()),
        End::Exited(status) => Err(failure(*status)),
    }
}

fn failure(status: ExitStatus) -> Reason {
    match status.code() {
        Some(exit_code) => Reason::CommandFailed { exit_code },
        None => Reason::CommandBroken {
            detail: match status.signal() {
                Some(signal) => format!("ended by signal {signal}"),
                None => status.to_string(),
            },
        },
    }
}

fn start_reason(error: &io::Error) -> Reason {
    match reason(error) {
        Reason::Unreadable { detail } => Reason::CommandBroken { detail },
        reason => reason,
    }
}
