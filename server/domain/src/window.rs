//! The asked period and its rules.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::format;

/// A period of time: start inclusive, end exclusive, UTC. Start lies before end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Bounds", into = "Bounds")]
pub struct Window {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct Bounds {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl TryFrom<Bounds> for Window {
    type Error = WindowError;

    fn try_from(bounds: Bounds) -> Result<Self, WindowError> {
        Self::new(bounds.start, bounds.end)
    }
}

impl From<Window> for Bounds {
    fn from(window: Window) -> Self {
        Self { start: window.start, end: window.end }
    }
}

/// How long a window may be and how far back it may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowLimits {
    /// Greatest length, in seconds.
    pub max_seconds: i64,
    /// How far before now a window may begin, in seconds.
    pub lookback_seconds: i64,
}

impl Default for WindowLimits {
    /// The original's: up to 4 hours within the last 7 days.
    fn default() -> Self {
        Self { max_seconds: 4 * 3600, lookback_seconds: 7 * 24 * 3600 }
    }
}

/// Which of the two fields of a window an error belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    Start,
    End,
}

/// What is wrong with a window. `Display` says it to people, with what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WindowError {
    #[error("Log end must be later than log start.")]
    Order,
    #[error("The period is {} long; at most {} can be collected at once. Choose a later start or an earlier end.", format::seconds(*.asked), format::seconds(*.limit))]
    TooLong { asked: i64, limit: i64 },
    #[error("Log start is more than {} ago. Choose a later start.", format::seconds(*.limit))]
    TooOld { limit: i64 },
    #[error("Log end lies in the future. Choose a time up to now.")]
    Future,
}

impl WindowError {
    /// The field to show the error at.
    #[must_use]
    pub const fn edge(&self) -> Edge {
        match self {
            Self::Order | Self::Future | Self::TooLong { .. } => Edge::End,
            Self::TooOld { .. } => Edge::Start,
        }
    }
}

/// Clocks of browser and server differ, and a form with minutes rounds: this much of the future,
/// and this much before the lookback, is let through.
const TOLERANCE: TimeDelta = TimeDelta::seconds(90);

impl Window {
    /// # Errors
    /// `Order`, when `end` is not after `start`.
    pub fn new(start: DateTime<Utc>, end: DateTime<Utc>) -> Result<Self, WindowError> {
        if start < end { Ok(Self { start, end }) } else { Err(WindowError::Order) }
    }

    /// A window that may be collected now.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn checked(
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        limits: WindowLimits,
        now: DateTime<Utc>,
    ) -> Result<Self, WindowError> {
        let window = Self::new(start, end)?;
        if end > now + TOLERANCE {
            return Err(WindowError::Future);
        }
        let asked = (end - start).num_seconds();
        if asked > limits.max_seconds {
            return Err(WindowError::TooLong { asked, limit: limits.max_seconds });
        }
        if now.signed_duration_since(start) > TimeDelta::seconds(limits.lookback_seconds) + TOLERANCE {
            return Err(WindowError::TooOld { limit: limits.lookback_seconds });
        }
        Ok(window)
    }

    #[must_use]
    pub const fn start(&self) -> DateTime<Utc> {
        self.start
    }

    #[must_use]
    pub const fn end(&self) -> DateTime<Utc> {
        self.end
    }

    #[must_use]
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.start <= at && at < self.end
    }

    #[must_use]
    pub fn duration(&self) -> TimeDelta {
        self.end - self.start
    }
}
