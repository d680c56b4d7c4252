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
    },
    SizeLimit {
        bytes: u64,
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
            Self::TimedOut { seconds } => write!(f, "timed out after {seconds} s"),
            Self::SizeLimit { bytes } => {
                write!(
                    f,
                    "cut at the size limit of {}",
                    crate::format::bytes(*bytes)
                )
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
