//! Why something is missing, cut short or not possible.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why an item or a part is not, or not wholly, at the destination.
///
/// `Display` is the text for people. No variant can hold a secret: free texts come from the
/// operating system or are cleaned before they get here.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
pub enum Reason {
    PermissionDenied,
    NotFound,
    /// It was there when the collection was planned, and gone when it was opened.
    Vanished,
    /// It is a directory, a FIFO, a socket or a device.
    NotARegularFile,
    /// It is a link that leads out of the place that the configuration names, or was put in the
    /// place of what was planned.
    LeadsElsewhere,
    TimedOut {
        seconds: u64,
        /// `None`: it is no limit of the configuration, or the source's own time-out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<LimitOf>,
    },
    SizeLimit {
        bytes: u64,
        /// `None`: nobody can raise it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<LimitOf>,
    },
    SpoolFull,
    NodeUnreachable,
    RedactionFailed,
    /// It is no text, and its source does not ask for such, or is a command.
    Binary,
    /// It was cut short or written anew while it was read; what was there before was kept.
    Shortened,
    /// The compressed file ends early or is broken; what could be read was kept.
    Damaged,
    /// Reading failed in another way; the text is the operating system's.
    Unreadable {
        detail: String,
    },
    /// A command ended with this exit code; its output was kept.
    CommandFailed {
        exit_code: i32,
    },
    /// A command could not be started or was killed by a signal.
    CommandBroken {
        detail: String,
    },
    /// There is no systemd journal on the node.
    NoJournal,
    /// The role has no log of this period.
    NothingInWindow,
    /// The request's filters leave nothing of this part.
    FilteredOut,
    Cancelled,
    /// The destination answered no; the text says what it said, in plain words.
    DestinationRefused {
        detail: String,
    },
    /// Something in the product itself failed; the log has more.
    Internal,
}

/// Which of the limits of the configuration cut something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitOf {
    Item,
    Part,
    Collection,
}

impl LimitOf {
    /// What the fields of the table `[limits]` begin with.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Part => "part",
            Self::Collection => "collection",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PermissionDenied => f.write_str("permission denied"),
            Self::NotFound => f.write_str("not found"),
            Self::Vanished => f.write_str("removed while the collection ran"),
            Self::NotARegularFile => {
                f.write_str("not a file but a directory, FIFO, socket or device, which is never read")
            }
            Self::LeadsElsewhere => f.write_str(
                "a link that leads out of the directory that the configuration names, which is not followed",
            ),
            Self::TimedOut { seconds, limit } => {
                write!(f, "timed out after {seconds} s")?;
                write_field(f, *limit, "time")
            }
            Self::SizeLimit { bytes, limit } => {
                let size = crate::format::bytes(*bytes);
                write!(f, "cut at the size limit of {size}")?;
                write_field(f, *limit, "bytes")
            }
            Self::SpoolFull => f.write_str("the spool is full"),
            Self::NodeUnreachable => f.write_str("the node cannot be reached"),
            Self::RedactionFailed => {
                f.write_str("withheld, because it could not be cleaned of secrets")
            }
            Self::Binary => f.write_str(
                "binary content, which cannot be cleaned; a source of files takes it with binary = true",
            ),
            Self::Shortened => f.write_str("cut short or written anew while it was read"),
            Self::Damaged => f.write_str("the compressed file is damaged or ends early"),
            Self::Unreadable { detail } => write!(f, "could not be read: {detail}"),
            Self::CommandFailed { exit_code } => {
                write!(f, "the command ended with exit code {exit_code}")
            }
            Self::CommandBroken { detail } => write!(f, "the command did not run: {detail}"),
            Self::NoJournal => f.write_str("there is no systemd journal on this node"),
            Self::NothingInWindow => f.write_str("no logs in this period"),
            Self::FilteredOut => f.write_str("left out by the request's filters"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::DestinationRefused { detail } => {
                write!(f, "the destination refused it: {detail}")
            }
            Self::Internal => f.write_str("internal error; the log of the service tells more"),
        }
    }
}

/// The field of the configuration that is to be changed.
fn write_field(f: &mut fmt::Formatter<'_>, limit: Option<LimitOf>, what: &str) -> fmt::Result {
    match limit {
        Some(limit) => write!(f, " ({}_{what} in [limits])", limit.code()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_names_the_field_that_raises_it() {
        let told = |limit| {
            Reason::SizeLimit {
                bytes: 1 << 30,
                limit,
            }
            .to_string()
        };
        let field = "cut at the size limit of 1.00 GiB (part_bytes in [limits])";
        assert_eq!(told(Some(LimitOf::Part)), field);
        assert_eq!(told(None), "cut at the size limit of 1.00 GiB");
        let timed_out = Reason::TimedOut {
            seconds: 600,
            limit: Some(LimitOf::Item),
        };
        let field = "timed out after 600 s (item_time in [limits])";
        assert_eq!(timed_out.to_string(), field);
    }

    #[test]
    fn what_was_stored_without_the_field_is_still_read() {
        let read = serde_json::from_str::<Reason>(r#"{"code":"size_limit","bytes":7}"#);
        let expected = Reason::SizeLimit {
            bytes: 7,
            limit: None,
        };
        assert_eq!(read.expect("a reason"), expected);
    }
}
