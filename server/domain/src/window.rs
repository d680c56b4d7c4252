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
        Self {
            start: window.start,
            end: window.end,
        }
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
        Self {
            max_seconds: 4 * 3600,
            lookback_seconds: 7 * 24 * 3600,
        }
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
        if start < end {
            Ok(Self { start, end })
        } else {
            Err(WindowError::Order)
        }
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
        // differences only: a sum could leave the calendar, whatever the times and limits are
        if end.signed_duration_since(now) > TOLERANCE {
            return Err(WindowError::Future);
        }
        let asked = window.duration().num_seconds();
        if asked > limits.max_seconds {
            return Err(WindowError::TooLong {
                asked,
                limit: limits.max_seconds,
            });
        }
        let lookback = TimeDelta::try_seconds(limits.lookback_seconds).unwrap_or(TimeDelta::MAX);
        if now.signed_duration_since(start) - TOLERANCE > lookback {
            return Err(WindowError::TooOld {
                limit: limits.lookback_seconds,
            });
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: &str = "2026-11-20T12:00:00Z";

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    /// A window given as seconds before [`NOW`].
    fn checked(start: i64, end: i64) -> Result<Window, WindowError> {
        let ago = |seconds| utc(NOW) - TimeDelta::seconds(seconds);
        Window::checked(ago(start), ago(end), WindowLimits::default(), utc(NOW))
    }

    #[test]
    fn each_rule_holds_to_the_second() {
        const HOUR: i64 = 3600;
        const WEEK: i64 = 7 * 24 * HOUR;
        let too_long = WindowError::TooLong {
            asked: 4 * HOUR + 1,
            limit: 4 * HOUR,
        };
        let too_old = WindowError::TooOld { limit: WEEK };
        for (start, end, expected) in [
            (HOUR, 0, None),
            (4 * HOUR, 0, None),
            (4 * HOUR + 1, 0, Some(too_long)),
            (1, 0, None),
            (0, 0, Some(WindowError::Order)),
            (0, HOUR, Some(WindowError::Order)),
            (HOUR, -90, None),
            (HOUR, -91, Some(WindowError::Future)),
            (WEEK + 90, WEEK - HOUR, None),
            (WEEK + 91, WEEK - HOUR, Some(too_old)),
        ] {
            assert_eq!(checked(start, end).err(), expected, "{start} to {end}");
        }
    }

    #[test]
    fn errors_stand_at_the_field_that_can_be_mended_and_say_how() {
        let error = checked(5 * 3600, 0).unwrap_err();
        assert_eq!(error.edge(), Edge::End);
        assert_eq!(
            error.to_string(),
            "The period is 5 h long; at most 4 h can be collected at once. \
             Choose a later start or an earlier end."
        );
        let error = checked(8 * 24 * 3600, 8 * 24 * 3600 - 60).unwrap_err();
        assert_eq!(error.edge(), Edge::Start);
        assert_eq!(
            error.to_string(),
            "Log start is more than 7 days ago. Choose a later start."
        );
    }

    #[test]
    fn a_window_read_from_json_obeys_the_order() {
        let json = r#"{"start":"2026-11-20T10:00:00Z","end":"2026-11-20T12:00:00Z"}"#;
        let window: Window = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&window).unwrap(), json);
        let reversed = r#"{"start":"2026-11-20T12:00:00Z","end":"2026-11-20T10:00:00Z"}"#;
        assert!(serde_json::from_str::<Window>(reversed).is_err());
    }

    fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
        (-8_000_000_000_000_i64..8_000_000_000_000)
            .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).expect("in the calendar"))
    }

    proptest! {
        #[test]
        fn a_window_holds_its_start_and_not_its_end(one in any_time(), other in any_time()) {
            prop_assume!(one != other);
            let (start, end) = (one.min(other), one.max(other));
            let window = Window::new(start, end).unwrap();
            prop_assert!(window.contains(start));
            prop_assert!(window.contains(end - TimeDelta::nanoseconds(1)));
            prop_assert!(!window.contains(end));
            prop_assert!(!window.contains(start - TimeDelta::nanoseconds(1)));
            prop_assert!(window.duration() > TimeDelta::zero());
            prop_assert_eq!(Window::new(end, start), Err(WindowError::Order));
        }

        #[test]
        fn what_is_let_through_keeps_the_limits(
            start in -700_000_i64..1_000,
            length in -1_000_i64..20_000,
            limits in (1_i64..20_000, 1_i64..700_000)
                .prop_map(|(max_seconds, lookback_seconds)| WindowLimits { max_seconds, lookback_seconds }),
        ) {
            let now = utc(NOW);
            let start = now + TimeDelta::seconds(start);
            let end = start + TimeDelta::seconds(length);
            let is_allowed = length > 0
                && length <= limits.max_seconds
                && end <= now + TOLERANCE
                && start >= now - TimeDelta::seconds(limits.lookback_seconds) - TOLERANCE;
            let checked = Window::checked(start, end, limits, now);
            prop_assert_eq!(checked.is_ok(), is_allowed, "{:?}", checked);
        }

        #[test]
        fn no_time_and_no_limit_is_too_odd(
            times in (any_time(), any_time(), any_time()),
            max_seconds in any::<i64>(),
            lookback_seconds in any::<i64>(),
        ) {
            let limits = WindowLimits { max_seconds, lookback_seconds };
            if let Err(error) = Window::checked(times.0, times.1, limits, times.2) {
                prop_assert!(error.to_string().ends_with('.'));
            }
        }
    }
}
