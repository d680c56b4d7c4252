//! The output of a diagnostic command.
//!
//! It tells of now, so that it is cleaned but not windowed. The command gets nothing of our
//! environment, and what it says on both outputs is kept in the order in which it comes.

use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use domain::Reason;

use super::process::{self, Complaints, End, Patience, Ran, RunError};
use super::sink::{Sink, missing};
use super::{Item, ItemHow, ItemReport, Plan, ReadContext, Stop, reason};

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
    let mut sink = Sink::new(context, None, out);
    let mut room = OUTPUT_LIMIT;
    let (left, spent) = context.budget.time_left();
    let timed_out = if left < timeout {
        spent
    } else {
        Reason::TimedOut {
            seconds: timeout.as_secs(),
        }
    };
    let ran = process::run(
        command,
        Complaints::WithOutput,
        Patience::total(timeout.min(left)),
        context.waiting(),
        &mut |bytes| {
            let taken = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            room -= taken as u64;
            sink.push(&bytes[..taken], taken as u64)?;
            if taken < bytes.len() {
                return Err(Stop::Source(Reason::SizeLimit {
                    bytes: OUTPUT_LIMIT,
                }));
            }
            Ok(())
        },
    );
    let ended = match ran {
        Ok(Ran { end, .. }) => verdict(&end, timed_out).map_err(Stop::Source),
        Err(RunError::Start(error)) => Err(Stop::Source(start_reason(&error))),
        Err(RunError::Stopped(stop)) => Err(stop),
    };
    sink.finish(ended)
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
