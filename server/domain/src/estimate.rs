//! What a collection would amount to, told before it is begun. Every figure is an estimate: from
//! searches in a few places of each file, and from what earlier collections came to.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::{RoleName, Window, format};

/// How much there is to collect, and what becomes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amount {
    /// Files, units and commands that have something to give.
    pub items: u64,
    /// Bytes of logs in the window.
    pub bytes: u64,
    pub packed_bytes: u64,
    /// From the start until all is delivered; until all is read where the link is not known.
    pub seconds: u64,
    /// Of the items: journal units, whose share of the journal is a guess.
    pub approximate_items: u64,
    /// Of the items: commands, whose output is not in the figures.
    pub unknown_items: u64,
}

impl Amount {
    /// `about 1.2 GiB of logs, about 90 MiB packed, about 2 min`.
    #[must_use]
    pub fn sentence(&self) -> String {
        if self.bytes == 0 {
            return "no logs found".to_owned();
        }
        format!(
            "about {} of logs, about {} packed, {}",
            format::rough_bytes(self.bytes),
            format::rough_bytes(self.packed_bytes),
            format::rough_seconds(self.seconds)
        )
    }
}

/// What the size of a role's bundle is reckoned by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Earlier collections of the role.
    Past,
    /// Nothing is known of the role yet: what logs usually come to.
    Usual,
}

/// The share of one role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleEstimate {
    pub role: RoleName,
    #[serde(flatten)]
    pub amount: Amount,
    pub basis: Basis,
    /// What a source should have and cannot be had.
    pub missing: u64,
}

/// What a collection would amount to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    pub window: Window,
    pub roles: Vec<RoleEstimate>,
    pub total: Amount,
    /// Bytes a second that are expected to leave for the destination. `None`: not measured yet,
    /// and the times are those of reading alone.
    pub link_rate: Option<u64>,
}

/// How much each role has logged, step by step. From searches, so it is near the truth only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Where the first step begins, a multiple of the step since 1970.
    pub start: DateTime<Utc>,
    /// Length of a step.
    pub step_seconds: i64,
    /// When it was counted; the last step ends at or after it.
    pub counted_at: DateTime<Utc>,
    pub roles: Vec<RoleVolume>,
}

/// What one role has logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleVolume {
    pub role: RoleName,
    /// Bytes in each step, oldest first.
    pub bytes: Vec<u64>,
}

impl Volume {
    /// An hour; more where the lookback is so long that there would be too many bars.
    #[must_use]
    pub fn step_for(lookback_seconds: i64) -> i64 {
        const HOUR: i64 = 3600;
        const MOST_STEPS: i64 = 240;
        let hours = lookback_seconds.max(0) / HOUR + 1;
        (hours / MOST_STEPS + 1) * HOUR
    }

    /// Where a step begins.
    #[must_use]
    pub fn step_start(&self, step: usize) -> DateTime<Utc> {
        let steps = i64::try_from(step).unwrap_or(i64::MAX);
        TimeDelta::try_seconds(self.step_seconds.saturating_mul(steps))
            .and_then(|passed| self.start.checked_add_signed(passed))
            .unwrap_or(self.start)
    }

    #[must_use]
    pub fn steps(&self) -> usize {
        self.roles.first().map_or(0, |role| role.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_is_shown_by_the_hour_and_a_year_in_no_more_bars() {
        const DAY: i64 = 86_400;
        assert_eq!(Volume::step_for(7 * DAY), 3600);
        assert_eq!(Volume::step_for(30 * DAY), 4 * 3600);
        assert_eq!(Volume::step_for(0), 3600);
        for days in 1..400 {
            assert!(days * DAY / Volume::step_for(days * DAY) < 240);
        }
    }

    #[test]
    fn an_amount_is_told_as_an_estimate() {
        let amount = Amount {
            items: 3,
            bytes: 1_288_490_189,
            packed_bytes: 94_371_840,
            seconds: 117,
            ..Amount::default()
        };
        assert_eq!(
            amount.sentence(),
            "about 1.2 GiB of logs, about 90 MiB packed, about 2 min"
        );
        assert_eq!(Amount::default().sentence(), "no logs found");
    }
}
