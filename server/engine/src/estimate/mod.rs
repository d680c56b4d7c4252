//! What a collection would amount to, and how much was logged when: from searches, not from
//! reading.
//!
//! `survey` looks at what the roles have, `probe` at a few places of each file, which gives its
//! `profile`: bytes over time, good for any window. `cache` keeps profiles while files stay as they
//! are. What packing and reading come to is taken from this stack's own past.

mod cache;
mod journal;
mod probe;
mod profile;
mod stretch;
mod survey;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::estimate::{Amount, Basis, Estimate, RoleEstimate, RoleVolume, Volume};
use domain::{NodeName, RoleName, SourceKind, Window};

use crate::config::RoleConfig;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::limits::CancelOnDrop;
use crate::store::Past;
use survey::{Known, RoleFindings, Survey};

/// What logs usually pack to, in thousandths, where a role has no past.
const USUAL_PACKED_PERMILLE: u64 = 80;
/// Bytes a second that are usually read, cleaned and packed, where the stack has no past.
const USUAL_READING_RATE: u64 = 100 * 1024 * 1024;
/// A share of less than so many kept bytes says little of how logs pack.
const TELLING_BYTES: u64 = 64 * 1024;

/// What is to be estimated: a collection without its destination.
#[derive(Clone, Debug)]
pub struct EstimateRequest {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// Empty: all.
    pub roles: Vec<RoleName>,
    /// Empty: all.
    pub nodes: Vec<NodeName>,
    /// Empty: all.
    pub kinds: Vec<SourceKind>,
}

/// Looks at the stack's sources, one look at a time: who comes second finds everything known.
#[derive(Debug, Default)]
pub struct Surveyor {
    known: Arc<Known>,
    turn: tokio::sync::Mutex<()>,
}

impl Inner {
    pub(crate) async fn estimate(&self, request: EstimateRequest) -> Result<Estimate, EngineError> {
        let mut errors = Vec::new();
        let now = Utc::now();
        let window = self.checked_window(request.start, request.end, now, &mut errors);
        let roles = self.chosen_roles(&request.roles, &request.kinds, &mut errors);
        self.check_nodes(&request.nodes, &mut errors);
        let (Some(window), true) = (window, errors.is_empty()) else {
            return Err(EngineError::Invalid(errors));
        };
        let past = self.store.past().await?;
        // the same look as the chart's, so that one finds what the other has seen
        let whole = self.lookback(now)?;
        let since = Window::new(
            window.start().min(whole.start()),
            whole.end().max(window.end()),
        )
        .map_err(EngineError::internal)?;
        let findings = self.survey(roles, request.kinds, since).await?;
        let mut roles = Vec::with_capacity(findings.len());
        let rates = Rates {
            reading: past.reading_rate.unwrap_or(USUAL_READING_RATE),
            link: self.link_speed().await?,
        };
        let mut total = Amount::default();
        for found in &findings {
            let estimate = found.estimate(&window, &past, rates);
            total.items += estimate.amount.items;
            total.bytes += estimate.amount.bytes;
            total.packed_bytes += estimate.amount.packed_bytes;
            total.approximate_items += estimate.amount.approximate_items;
            total.unknown_items += estimate.amount.unknown_items;
            roles.push(estimate);
        }
        total.seconds = rates.seconds(total.bytes, total.packed_bytes);
        Ok(Estimate {
            window,
            roles,
            total,
            link_rate: rates.link,
        })
    }

    pub(crate) async fn volume(&self) -> Result<Volume, EngineError> {
        let now = Utc::now();
        let window = self.lookback(now)?;
        let step = Volume::step_for(self.config.limits.lookback_seconds);
        let (from, to) = (window.start().timestamp(), window.end().timestamp());
        let steps = usize::try_from((to - from) / step).unwrap_or(0);
        let findings = self
            .survey(self.config.roles.clone(), Vec::new(), window)
            .await?;
        let roles = findings
            .iter()
            .map(|found| RoleVolume {
                role: found.role.clone(),
                bytes: found.logged_by_step(from, step, steps),
            })
            .collect();
        Ok(Volume {
            start: window.start(),
            step_seconds: step,
            counted_at: now,
            roles,
        })
    }

    /// As far back as a window may reach, in whole steps of the chart.
    fn lookback(&self, now: DateTime<Utc>) -> Result<Window, EngineError> {
        let lookback = self.config.limits.lookback_seconds;
        let step = Volume::step_for(lookback);
        let floor = |seconds: i64| seconds.div_euclid(step) * step;
        let from = floor(now.timestamp().saturating_sub(lookback));
        let to = floor(now.timestamp()).saturating_add(step);
        let moment =
            |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap_or(now - TimeDelta::days(7));
        Window::new(moment(from), moment(to)).map_err(EngineError::internal)
    }

    async fn survey(
        &self,
        roles: Vec<RoleConfig>,
        kinds: Vec<SourceKind>,
        window: Window,
    ) -> Result<Vec<RoleFindings>, EngineError> {
        let _turn = self.surveyor.turn.lock().await;
        let guard = CancelOnDrop::default();
        let cancel = Arc::clone(&guard.0);
        let known = Arc::clone(&self.surveyor.known);
        let (zone, threads) = (self.config.zone, self.cores);
        let looking = tokio::task::spawn_blocking(move || {
            let survey = Survey {
                roles: &roles,
                kinds: &kinds,
                window,
                zone,
                threads,
                known: &known,
                cancel: &cancel,
            };
            survey.run()
        });
        let found = looking.await.map_err(EngineError::internal)?;
        found.ok_or_else(|| EngineError::Unavailable("The sources were not counted.".to_owned()))
    }
}

/// How fast things go, in bytes a second.
#[derive(Clone, Copy, Debug)]
struct Rates {
    reading: u64,
    link: Option<u64>,
}

impl Rates {
    /// Reading and sending go on side by side: it takes as long as the slower of them.
    fn seconds(self, bytes: u64, packed_bytes: u64) -> u64 {
        let reading = bytes.div_ceil(self.reading.max(1));
        let sending = self
            .link
            .map_or(0, |rate| packed_bytes.div_ceil(rate.max(1)));
        reading.max(sending)
    }
}

impl RoleFindings {
    fn estimate(&self, window: &Window, past: &Past, rates: Rates) -> RoleEstimate {
        // profiles know whole seconds
        let (from, to) = (window.start().timestamp(), window.end().timestamp());
        let taken: Vec<u64> = self
            .files
            .iter()
            .map(|profile| profile.taken(from, to))
            .collect();
        let units: u64 = self.journals.iter().map(|share| share.units).sum();
        let in_journals: u64 = self
            .journals
            .iter()
            .map(|share| share.logged(from, to))
            .sum();
        let files = taken.iter().filter(|bytes| **bytes > 0).count() as u64;
        let bytes = taken.iter().sum::<u64>() + in_journals;
        let (permille, basis) = match past.packed_permille(&self.role, TELLING_BYTES) {
            Some(permille) => (permille, Basis::Past),
            None => (USUAL_PACKED_PERMILLE, Basis::Usual),
        };
        let packed_bytes = part(bytes, permille, 1000);
        RoleEstimate {
            role: self.role.clone(),
            amount: Amount {
                items: files + units + self.commands,
                bytes,
                packed_bytes,
                seconds: rates.seconds(bytes, packed_bytes),
                approximate_items: units,
                unknown_items: self.commands,
            },
            basis,
            missing: self.missing,
        }
    }

    fn logged_by_step(&self, from: i64, step: i64, steps: usize) -> Vec<u64> {
        let mut bytes = vec![0; steps];
        let end_of = |place: usize| {
            let place = i64::try_from(place).unwrap_or(i64::MAX);
            from.saturating_add(step.saturating_mul(place.saturating_add(1)))
        };
        for profile in &self.files {
            let Some((first, last)) = profile.span() else {
                continue;
            };
            let place = |at: i64| usize::try_from((at - from).div_euclid(step)).ok();
            let begin = place(first).unwrap_or(0).min(steps);
            let end = place(last)
                .map_or(0, |place| place.saturating_add(1))
                .min(steps);
            for (place, into) in bytes.iter_mut().enumerate().take(end).skip(begin) {
                *into += profile.logged(end_of(place) - step, end_of(place));
            }
        }
        for share in &self.journals {
            for (place, into) in bytes.iter_mut().enumerate() {
                *into += share.logged(end_of(place) - step, end_of(place));
            }
        }
        bytes
    }
}

/// `of` × `share` / `whole`, without overflow on the way.
fn part(of: u64, share: u64, whole: u64) -> u64 {
    let part = u128::from(of) * u128::from(share) / u128::from(whole.max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}
