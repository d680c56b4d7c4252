//! States of collections and parts, and what each allows.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Reason;

/// Names one collection; also its *correlation ID* and its folder at the destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CollectionId(pub Uuid);

impl fmt::Display for CollectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for CollectionId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// Why a collection came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectionKind {
    /// Asked for by a person, in the portal or on the command line.
    Manual,
    /// Started by an alert rule.
    Proactive,
}

impl CollectionKind {
    pub const ALL: [Self; 2] = [Self::Manual, Self::Proactive];

    /// The spelling in the database, in query strings and in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Proactive => "proactive",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Manual => "Manual",
            Self::Proactive => "Proactive",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Where a collection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectionState {
    Queued,
    InProgress,
    /// In progress, but the destination is out of reach or its SAS lapsed: everything that was
    /// read waits in the spool.
    Waiting,
    Complete,
    PartiallyComplete,
    Failed,
    Cancelled,
}

/// Why an action is not offered now, as a sentence for people.
pub type WhyNot = &'static str;

impl CollectionState {
    pub const ALL: [Self; 7] = [
        Self::Queued,
        Self::InProgress,
        Self::Waiting,
        Self::Complete,
        Self::PartiallyComplete,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The spelling in the database, in query strings and in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Waiting => "waiting",
            Self::Complete => "complete",
            Self::PartiallyComplete => "partially_complete",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queued => "Queued",
            Self::InProgress => "In progress",
            Self::Waiting => "Waiting",
            Self::Complete => "Complete",
            Self::PartiallyComplete => "Partially complete",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Nothing happens any more unless somebody asks for a retry.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Complete | Self::PartiallyComplete | Self::Failed | Self::Cancelled
        )
    }

    /// # Errors
    /// Says why a collection in this state cannot be cancelled.
    pub const fn can_cancel(self) -> Result<(), WhyNot> {
        if self.is_final() {
            Err("This collection has already ended.")
        } else {
            Ok(())
        }
    }

    /// Whether a collection in this state can be paused, given whether it is.
    ///
    /// # Errors
    /// Says why not.
    pub const fn can_pause(self, is_paused: bool) -> Result<(), WhyNot> {
        match self {
            Self::InProgress | Self::Waiting if is_paused => {
                Err("This collection is paused already.")
            }
            Self::InProgress | Self::Waiting => Ok(()),
            Self::Queued => Err("This collection has not begun yet."),
            Self::Complete | Self::PartiallyComplete | Self::Failed | Self::Cancelled => {
                Err("This collection has already ended.")
            }
        }
    }

    /// Whether a collection in this state can be resumed, given whether it is paused.
    ///
    /// # Errors
    /// Says why not.
    pub const fn can_resume(self, is_paused: bool) -> Result<(), WhyNot> {
        if self.is_final() {
            Err("This collection has already ended.")
        } else if is_paused {
            Ok(())
        } else {
            Err("This collection is not paused.")
        }
    }

    /// Whether *Retry failed parts* makes sense, given how many parts have gaps.
    ///
    /// # Errors
    /// Says why not.
    pub const fn can_retry(self, parts_with_gaps: u64) -> Result<(), WhyNot> {
        match self {
            Self::Queued | Self::InProgress | Self::Waiting => {
                Err("This collection has not ended yet.")
            }
            Self::Cancelled => {
                Err("A cancelled collection is not taken up again; start a new one.")
            }
            Self::Complete => Err("Nothing is missing from this collection."),
            Self::Failed if parts_with_gaps == 0 => Err("No part of this collection has failed."),
            // without a gap it is the manifest that is missing
            Self::PartiallyComplete | Self::Failed => Ok(()),
        }
    }

    /// Whether a new SAS URL of the same container can be given to this collection.
    ///
    /// # Errors
    /// Says why not.
    pub fn can_replace_sas(self, destination: crate::DestinationKind) -> Result<(), WhyNot> {
        if destination != crate::DestinationKind::SasUrl {
            return Err("This collection does not go to a SAS URL.");
        }
        match self {
            Self::Complete | Self::Cancelled => Err("This collection has already ended."),
            Self::Queued
            | Self::InProgress
            | Self::Waiting
            | Self::PartiallyComplete
            | Self::Failed => Ok(()),
        }
    }
}

/// Where one part (one role on one node) stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "reason")]
pub enum PartState {
    Pending,
    Collecting,
    Delivering,
    Complete,
    /// Delivered, with items missing that are named; holds the reason of the first of them.
    Partial(Reason),
    /// Delivered, but cut short.
    Truncated(Reason),
    /// Nothing to do for this part.
    Skipped(Reason),
    Failed(Reason),
}

impl PartState {
    /// The spelling in the database and in JSON; the reason is kept beside it.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Collecting => "collecting",
            Self::Delivering => "delivering",
            Self::Complete => "complete",
            Self::Partial(_) => "partial",
            Self::Truncated(_) => "truncated",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) => "failed",
        }
    }

    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Collecting => "Collecting",
            Self::Delivering => "Delivering",
            Self::Complete => "Complete",
            Self::Partial(_) => "Partially complete",
            Self::Truncated(_) => "Truncated",
            Self::Skipped(_) => "Skipped",
            Self::Failed(_) => "Failed",
        }
    }

    /// Puts code and reason together again; `None` where they do not fit each other.
    #[must_use]
    pub fn from_code(code: &str, reason: Option<Reason>) -> Option<Self> {
        Some(match (code, reason) {
            ("pending", None) => Self::Pending,
            ("collecting", None) => Self::Collecting,
            ("delivering", None) => Self::Delivering,
            ("complete", None) => Self::Complete,
            ("partial", Some(reason)) => Self::Partial(reason),
            ("truncated", Some(reason)) => Self::Truncated(reason),
            ("skipped", Some(reason)) => Self::Skipped(reason),
            ("failed", Some(reason)) => Self::Failed(reason),
            _ => return None,
        })
    }

    #[must_use]
    pub const fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Partial(reason)
            | Self::Truncated(reason)
            | Self::Skipped(reason)
            | Self::Failed(reason) => Some(reason),
            Self::Pending | Self::Collecting | Self::Delivering | Self::Complete => None,
        }
    }

    #[must_use]
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Pending | Self::Collecting | Self::Delivering)
    }

    /// Something that was asked for is not at the destination.
    #[must_use]
    pub const fn has_gaps(&self) -> bool {
        matches!(
            self,
            Self::Partial(_) | Self::Truncated(_) | Self::Failed(_)
        )
    }
}

/// What a collection amounts to once all its parts have ended.
#[must_use]
pub fn outcome<'a>(parts: impl IntoIterator<Item = &'a PartState>) -> CollectionState {
    let (mut delivered, mut gaps, mut failed) = (0_usize, 0_usize, 0_usize);
    for part in parts {
        match part {
            PartState::Failed(_) => failed += 1,
            PartState::Partial(_) | PartState::Truncated(_) => gaps += 1,
            _ => delivered += 1,
        }
    }
    match (delivered, gaps, failed) {
        (_, 0, 0) => CollectionState::Complete,
        (0, 0, _) => CollectionState::Failed,
        _ => CollectionState::PartiallyComplete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_as_what_they_were() {
        for state in CollectionState::ALL {
            assert_eq!(CollectionState::from_code(state.code()), Some(state));
        }
        for kind in CollectionKind::ALL {
            assert_eq!(CollectionKind::from_code(kind.code()), Some(kind));
        }
        for part in [
            PartState::Pending,
            PartState::Complete,
            PartState::Truncated(Reason::SpoolFull),
            PartState::Failed(Reason::NotFound),
        ] {
            let back = PartState::from_code(part.code(), part.reason().cloned());
            assert_eq!(back, Some(part));
        }
        assert_eq!(PartState::from_code("failed", None), None);
    }

    #[test]
    fn a_collection_is_as_good_as_its_parts() {
        use PartState::{Complete, Failed, Partial, Skipped};
        let missing = || Partial(Reason::PermissionDenied);
        let failed = || Failed(Reason::NotFound);
        let empty = || Skipped(Reason::NothingInWindow);
        assert_eq!(outcome(&[Complete, empty()]), CollectionState::Complete);
        assert_eq!(
            outcome(&[Complete, failed()]),
            CollectionState::PartiallyComplete
        );
        assert_eq!(outcome(&[missing()]), CollectionState::PartiallyComplete);
        assert_eq!(outcome(&[failed(), failed()]), CollectionState::Failed);
    }

    #[test]
    fn only_what_has_not_ended_can_be_cancelled() {
        for state in CollectionState::ALL {
            assert_eq!(state.can_cancel().is_ok(), !state.is_final(), "{state:?}");
        }
    }

    #[test]
    fn what_runs_is_paused_once_and_resumed_once() {
        for state in CollectionState::ALL {
            let runs = matches!(
                state,
                CollectionState::InProgress | CollectionState::Waiting
            );
            assert_eq!(state.can_pause(false).is_ok(), runs, "{state:?}");
            assert!(state.can_pause(true).is_err(), "{state:?}");
            assert!(state.can_resume(false).is_err(), "{state:?}");
            assert_eq!(
                state.can_resume(true).is_ok(),
                !state.is_final(),
                "{state:?}"
            );
        }
    }

    #[test]
    fn retry_needs_an_ended_collection_with_gaps() {
        assert!(CollectionState::PartiallyComplete.can_retry(1).is_ok());
        assert!(CollectionState::Failed.can_retry(0).is_err());
        assert!(CollectionState::Complete.can_retry(0).is_err());
        assert!(CollectionState::InProgress.can_retry(2).is_err());
    }
}
