//! The systemd journal, unit by unit, as `journalctl` shows it.
//!
//! `journalctl` reads by the journal's own index, so only the window is ever read. Its bounds are
//! microseconds and both inclusive, ours end before the last one.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::{Reason, Window};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::process::{self, Complaints, End, Patience, Ran, RunError, Waiting};
use super::sink::{Sink, missing};
use super::{Item, ItemHow, ItemReport, Plan, ReadContext, Stop, reason};

/// Where the program may be; nothing else is run in its place.
const PROGRAMS: [&str; 2] = ["/usr/bin/journalctl", "/bin/journalctl"];
/// Time to list the units of a journal.
const LISTING_TIMEOUT: Duration = Duration::from_secs(30);
/// More units than any machine has.
const LISTING_LIMIT: usize = 16 * 1024 * 1024;
/// Seeking in a large journal is silent, but not for so long.
const SILENCE: Duration = Duration::from_secs(60);
/// What stands for the journal as a whole.
const LABEL: &str = "journal";

pub fn plan(globs: &[String], directory: Option<&Path>) -> Plan {
    let mut plan = Plan::default();
    let globs = match unit_globs(globs) {
        Ok(globs) => globs,
        Err(error) => {
            let detail = error.kind().to_string();
            let label = error.glob().unwrap_or(LABEL).to_owned();
            plan.missing.push((label, Reason::Unreadable { detail }));
            return plan;
        }
    };
    match units(directory) {
        Ok(Listing { units, gaps }) => {
            plan.items.extend(
                units
                    .into_iter()
                    .filter(|unit| globs.is_match(unit))
                    .map(|unit| item(unit, directory)),
            );
            let gaps = gaps.into_iter().map(|reason| (LABEL.to_owned(), reason));
            plan.missing.extend(gaps);
        }
        Err(reason) => plan.missing.push((LABEL.to_owned(), reason)),
    }
    plan
}

struct Listing {
    units: BTreeSet<String>,
    /// What `journalctl` passes over and is content.
    gaps: Vec<Reason>,
}

fn unit_globs(globs: &[String]) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        // a unit's name may hold backslashes, as in `dev-disk-by\x2did.device`
        set.add(GlobBuilder::new(glob).backslash_escape(false).build()?);
    }
    set.build()
}

fn item(unit: String, directory: Option<&Path>) -> Item {
    Item {
        planned_bytes: 0,
        modified_at: None,
        how: ItemHow::Journal {
            unit,
            directory: directory.map(Path::to_owned),
        },
    }
}

/// The units that the journal has entries of, at any time: their own, or what systemd says of one
/// that logs elsewhere, such as that it has died.
fn units(directory: Option<&Path>) -> Result<Listing, Reason> {
    let mut own = field("_SYSTEMD_UNIT", directory)?;
    // the same program on the same files: what it complains of is known
    let spoken_of = field("UNIT", directory)?;
    own.units.extend(spoken_of.units);
    Ok(own)
}

/// The units that a field of the journal names.
fn field(name: &str, directory: Option<&Path>) -> Result<Listing, Reason> {
    let mut command = journalctl(directory).ok_or(Reason::NoJournal)?;
    command.arg(format!("--field={name}"));
    let mut listing = Vec::new();
    let ran = process::run(
        command,
        Complaints::Apart,
        Patience::total(LISTING_TIMEOUT),
        Waiting {
            cancel: &AtomicBool::new(false),
            seat: None,
        },
        &mut |bytes| {
            let room = LISTING_LIMIT - listing.len();
            listing.extend_from_slice(&bytes[..bytes.len().min(room)]);
            Ok(())
        },
    );
    let gaps = ran.as_ref().map(|ran| gaps(&ran.complaint));
    let gaps = gaps.unwrap_or_default();
    let fault = fault(ran, silent, |complaint| complaint.to_owned());
    let units: BTreeSet<String> = String::from_utf8_lossy(&listing)
        .lines()
        .filter(|unit| !unit.is_empty())
        .map(str::to_owned)
        .collect();
    match fault {
        Err(Stop::Source(reason)) if units.is_empty() => Err(reason),
        _ => Ok(Listing { units, gaps }),
    }
}

/// What a listing that went well complains of, in systemd's words: files that are truncated or
/// corrupted (`journal_file_open` of `sd-journal`), and that somebody without rights sees what is
/// his own alone (`access_check` of `journal-util`).
fn gaps(complaint: &[u8]) -> Vec<Reason> {
    let complaint = String::from_utf8_lossy(complaint);
    let damaged: Vec<_> = complaint
        .lines()
        .filter(|line| line.contains("ignoring file"))
        .collect();
    let damaged = (!damaged.is_empty()).then(|| Reason::Unreadable {
        detail: damaged.join(" "),
    });
    let hidden = complaint.contains("not seeing messages from");
    damaged
        .into_iter()
        .chain(hidden.then_some(Reason::PermissionDenied))
        .collect()
}

pub fn read(
    unit: &str,
    directory: Option<&Path>,
    context: &ReadContext<'_>,
    out: &mut dyn Write,
) -> io::Result<ItemReport> {
    let Some(mut command) = journalctl(directory) else {
        return Ok(missing(Reason::NoJournal));
    };
    let (since, until) = bounds(&context.window);
    command.args(["--quiet", "--utc", "--output=short-iso-precise"]);
    command.args([format!("--since={since}"), format!("--until={until}")]);
    command.arg(selection(unit));
    let (left, spent) = context.budget.time_left();
    let mut sink = Sink::new(context, None, out);
    let ran = process::run(
        command,
        Complaints::Apart,
        Patience {
            total: left,
            silence: SILENCE.min(left),
        },
        context.waiting(),
        &mut |bytes| sink.push(bytes, bytes.len() as u64),
    );
    let timed_out = |after| if after < left { silent(after) } else { spent };
    let fault = fault(ran, timed_out, |complaint| {
        context.redactor.clean_text(complaint)
    });
    sink.finish(fault)
}

fn journalctl(directory: Option<&Path>) -> Option<Command> {
    let program = PROGRAMS
        .into_iter()
        .find(|program| Path::new(program).exists())?;
    let mut command = process::bare_command(program);
    command.arg("--no-pager");
    if let Some(directory) = directory {
        command.arg("--directory").arg(directory);
    }
    Some(command)
}

/// `--unit` also gives what systemd itself says of the unit, but takes wildcards.
fn selection(unit: &str) -> String {
    if unit.contains(['*', '?', '[']) {
        format!("_SYSTEMD_UNIT={unit}")
    } else {
        format!("--unit={unit}")
    }
}

/// First and last microsecond of the window.
fn bounds(window: &Window) -> (String, String) {
    let first_from = |at: DateTime<Utc>| {
        let micros = at.timestamp_micros();
        if at.timestamp_subsec_nanos().is_multiple_of(1000) {
            micros
        } else {
            micros + 1
        }
    };
    let text = |micros: i64| {
        let (seconds, rest) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        format!("@{seconds}.{rest:06}")
    };
    (
        text(first_from(window.start())),
        text(first_from(window.end()) - 1),
    )
}

fn silent(after: Duration) -> Reason {
    Reason::TimedOut {
        seconds: after.as_secs(),
        limit: None,
    }
}

/// What is wrong with a run of `journalctl`, by its exit code and what it complained about.
fn fault(
    ran: Result<Ran, RunError>,
    timed_out: impl FnOnce(Duration) -> Reason,
    clean: impl Fn(&str) -> String,
) -> Result<(), Stop> {
    let (end, complaint) = match ran {
        Ok(Ran { end, complaint }) => (end, complaint),
        Err(RunError::Start(error)) => return Err(Stop::Source(reason(&error))),
        Err(RunError::Stopped(stop)) => return Err(stop),
    };
    let complaint = String::from_utf8_lossy(&complaint);
    let status = match end {
        End::Exited(status) => status,
        End::TimedOut(after) => {
            return Err(Stop::Source(timed_out(after)));
        }
    };
    if complaint.contains("insufficient permissions") {
        return Err(Stop::Source(Reason::PermissionDenied));
    }
    if complaint.contains("No journal files were found") {
        return Err(Stop::Source(Reason::NoJournal));
    }
    if status.success() {
        return Ok(());
    }
    let line = complaint.lines().find(|line| !line.trim().is_empty());
    Err(Stop::Source(Reason::Unreadable {
        detail: line.map_or_else(|| status.to_string(), clean),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sees_his_own_messages_alone_is_told_that_the_others_are_missing() {
        let hint = "Hint: You are currently not seeing messages from other users and the system.\n      \
                    Users in groups 'adm', 'systemd-journal' can see all messages.\n      \
                    Pass -q to turn off this notice.\n";
        assert_eq!(gaps(hint.as_bytes()), [Reason::PermissionDenied]);
        let damaged = "Journal file /x/y.journal is truncated, ignoring file.\n";
        let both = [damaged, hint].concat();
        assert_eq!(gaps(both.as_bytes()).len(), 2);
        assert_eq!(gaps(b""), []);
    }
}
