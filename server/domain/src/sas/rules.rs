//! Whether a grant is good enough for a collection, and now.

use chrono::{DateTime, TimeDelta, Utc};

use super::SasContext;
use super::finding::{Finding, Severity};
use super::grant::Grant;
use crate::format;

/// Clocks of the service's machines and of ours may differ by this much.
const CLOCK_SKEW: TimeDelta = TimeDelta::minutes(15);

const ASK_RIGHTS: &str = "Ask support for one with the permissions read, write and list.";
const ASK_NEW: &str = "Ask support for a new one.";

/// Judges the times against the present and the collection's own end.
pub(super) fn life(grant: &Grant, context: &SasContext, findings: &mut Vec<Finding>) {
    if let Some(starts) = grant.starts {
        let ahead = starts.at.signed_duration_since(context.now);
        if ahead > CLOCK_SKEW {
            findings.push(Finding::about(
                starts.parameter,
                Severity::Error,
                format!("The SAS URL is not valid before {}.", moment(starts.at)),
                "Wait until then, or ask support for one that is valid now.",
            ));
        } else if ahead > TimeDelta::zero() {
            findings.push(Finding::about(
                starts.parameter,
                Severity::Warning,
                format!(
                    "The SAS URL becomes valid only in {}; clocks differ, so it may work already.",
                    length(ahead)
                ),
                "If it is refused, try again in 15 minutes.",
            ));
        }
    }
    let Some(expires) = grant.expires else { return };
    let left = expires.at.signed_duration_since(context.now);
    if left <= TimeDelta::zero() {
        findings.push(Finding::about(
            expires.parameter,
            Severity::Error,
            format!("The SAS URL expired on {}.", moment(expires.at)),
            ASK_NEW,
        ));
    } else if context.needed_until.is_some_and(|until| expires.at < until) {
        findings.push(Finding::about(
            expires.parameter,
            Severity::Warning,
            format!(
                "The SAS URL ends in {}, maybe before the collection is over.",
                length(left)
            ),
            "Ask support for one that lasts longer, or replace it on the collection's page when it has ended.",
        ));
    }
}

/// Judges the rights; those of a stored access policy are not known here.
pub(super) fn rights(grant: &Grant, findings: &mut Vec<Finding>) {
    let Some(rights) = grant.permissions else {
        return;
    };
    let mut say = |severity, problem, advice| {
        findings.push(Finding::about("sp", severity, problem, advice));
    };
    if !rights.has_write() {
        if rights.has_create() {
            say(
                Severity::Warning,
                "The SAS URL allows to create blobs, not to write them: an upload that must be repeated may fail.",
                ASK_RIGHTS,
            );
        } else {
            say(
                Severity::Error,
                "The SAS URL does not allow to write.",
                ASK_RIGHTS,
            );
        }
    }
    if !rights.has_read() {
        say(
            Severity::Warning,
            "The SAS URL does not allow to read: what arrived cannot be checked.",
            ASK_RIGHTS,
        );
    }
    if !rights.has_list() {
        say(
            Severity::Warning,
            "The SAS URL does not allow to list: what is in the container cannot be checked.",
            ASK_RIGHTS,
        );
    }
    if !rights.has_delete() {
        say(
            Severity::Information,
            "The SAS URL does not allow to delete, so logs cannot be deleted from here on request.",
            "Nothing needs to be done; support can delete them.",
        );
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%-d %b %Y %H:%M UTC").to_string()
}

/// At least a second, since what is named has not passed yet.
fn length(left: TimeDelta) -> String {
    format::seconds(left.num_seconds().max(1))
}
