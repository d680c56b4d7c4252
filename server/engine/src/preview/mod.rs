//! What redaction takes out, shown before anything is collected.
//!
//! Each role's newest items are read as a collection reads them, through the same window and the
//! same rules, until a limit is reached. Of what comes out, already cleaned, a few lines are kept;
//! nothing is written anywhere. Commands are not run.

mod sample;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::preview::{Extent, Preview, PreviewLimits, RolePreview};
use domain::views::RedactionCount;
use domain::{RoleName, SourceKind};
use tokio::sync::Semaphore;

use crate::collection::{Look, plan_sources};
use crate::config::RoleConfig;
use crate::engine::Inner;
use crate::error::EngineError;
use crate::limits::{Budget, CancelOnDrop, Meter};
use crate::redact::Redactor;
use crate::source::{self, Item, ItemOutcome, ReadContext};
use sample::Samples;

/// What is to be looked at.
#[derive(Clone, Debug)]
pub struct PreviewRequest {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// Empty: all.
    pub roles: Vec<RoleName>,
    /// Whether identifiers give way to pseudonyms.
    pub identifiers: bool,
}

impl Inner {
    pub(crate) async fn preview(&self, request: PreviewRequest) -> Result<Preview, EngineError> {
        let mut errors = Vec::new();
        let window = self.checked_window(request.start, request.end, Utc::now(), &mut errors);
        let roles = self.chosen_roles(&request.roles, &[], &mut errors);
        let (Some(window), true) = (window, errors.is_empty()) else {
            return Err(EngineError::Invalid(errors));
        };
        let redactor = self.redactor.for_show(&self.config, request.identifiers);
        let redactor = Arc::new(redactor.map_err(EngineError::internal)?);
        let guard = CancelOnDrop::default();
        let limits = PreviewLimits::default();
        let places = Arc::new(Semaphore::new(self.cores));
        let mut looks = Vec::with_capacity(roles.len());
        for role in roles {
            let look = RoleLook {
                role,
                look: Look {
                    window,
                    zone: self.config.zone,
                    cancel: Arc::clone(&guard.0),
                },
                redactor: Arc::clone(&redactor),
                limits,
            };
            let places = Arc::clone(&places);
            looks.push(tokio::spawn(async move {
                let place = places.acquire_owned().await;
                tokio::task::spawn_blocking(move || {
                    let seen = look.run();
                    drop(place);
                    seen
                })
                .await
            }));
        }
        let mut roles = Vec::with_capacity(looks.len());
        for look in looks {
            let seen = look.await.map_err(EngineError::internal)?;
            roles.push(seen.map_err(EngineError::internal)?);
        }
        Ok(Preview {
            window,
            identifiers: request.identifiers,
            limits,
            roles,
        })
    }
}

/// The look at one role.
struct RoleLook {
    role: RoleConfig,
    /// Its `cancel` is set when nobody waits any more.
    look: Look,
    redactor: Arc<Redactor>,
    limits: PreviewLimits,
}

impl RoleLook {
    fn run(self) -> RolePreview {
        let time = Duration::from_secs(self.limits.seconds);
        let budget = Budget {
            bytes: self.limits.bytes,
            time,
        };
        // a file may have much to read and nothing in the window
        let budget = Arc::new(Meter::new(budget).reading_at_most(self.limits.bytes));
        let sources = self.role.sources.iter();
        let readable = sources.filter(|source| source.kind() != SourceKind::Command);
        let planned = plan_sources(readable, &self.look, time);
        let mut seen = Seen {
            unreadable: planned.missing.len() as u64,
            ..Seen::default()
        };
        let mut samples = Samples::new(self.limits.lines);
        for item in &planned.items {
            if budget.exhausted().is_some() {
                seen.is_cut = true;
            }
            if seen.is_cut || self.look.cancel.load(Ordering::Relaxed) {
                break;
            }
            self.read(item, &budget, &mut seen, &mut samples);
        }
        let mut counts: Vec<_> = seen
            .counts
            .into_iter()
            .map(|(rule, count)| RedactionCount {
                rule: rule.to_owned(),
                count,
            })
            .collect();
        counts.sort_by_key(|count| std::cmp::Reverse(count.count));
        let items = planned.items.len() as u64;
        RolePreview {
            role: self.role.name,
            extent: match items {
                0 => Extent::Nothing,
                _ if seen.is_cut => Extent::Part,
                _ => Extent::Whole,
            },
            items_read: seen.items,
            items,
            unreadable: seen.unreadable,
            read_bytes: seen.read_bytes,
            counts,
            samples: samples.into_lines(),
        }
    }

    fn read(&self, item: &Item, budget: &Arc<Meter>, seen: &mut Seen, samples: &mut Samples) {
        let context = ReadContext {
            window: self.look.window,
            redactor: &self.redactor,
            cancel: &self.look.cancel,
            read_bytes: &AtomicU64::new(0),
            budget,
            seat: None,
        };
        let label = self.redactor.clean_text(&item.label());
        let mut sink = samples.sink(label);
        // a sink of samples takes every write
        let report = source::read_item(item, &context, &mut sink);
        sink.finish();
        seen.items += 1;
        let Ok(report) = report else {
            return;
        };
        seen.read_bytes += report.read_bytes;
        for (rule, count) in report.redactions {
            *seen.counts.entry(rule).or_default() += count;
        }
        match report.outcome {
            ItemOutcome::Complete | ItemOutcome::Empty => {}
            ItemOutcome::Cancelled => seen.is_cut = true,
            ItemOutcome::Missing(_) | ItemOutcome::Partial(_) => {
                if budget.exhausted().is_some() {
                    seen.is_cut = true;
                } else {
                    seen.unreadable += 1;
                }
            }
        }
    }
}

/// What was seen of a role so far.
#[derive(Default)]
struct Seen {
    items: u64,
    unreadable: u64,
    read_bytes: u64,
    counts: BTreeMap<&'static str, u64>,
    is_cut: bool,
}
