//! Collecting a part: one thread reads, windows and cleans its items, another packs them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chrono::Utc;
use domain::{PartState, Reason};
use tokio::sync::mpsc;

use super::naming::{Named, Names, clean_reason};
use super::rows::{item_row, missing_rows};
use super::thread;
use crate::bundle::{BundleError, BundleWriter, Feed, NoRoom, Packing, SpooledVolume, feed};
use crate::collection::plan::PlannedPart;
use crate::collection::progress::PartProgress;
use crate::collection::run::Running;
use crate::error::EngineError;
use crate::limits::{Budgets, Meter, Seat};
use crate::redact::{Canary, Redactor};
use crate::source::{self, Item, ItemOutcome, ReadContext};
use crate::store::{NewItem, PartRow, Settled};

/// Reads a part into bundles. [`NoRoom::Cancelled`]: it was stopped.
#[allow(
    clippy::too_many_arguments,
    reason = "all of them are what one part hangs on"
)]
pub(super) async fn collect_part(
    running: &Running,
    row: &PartRow,
    planned: Arc<PlannedPart>,
    stem: String,
    first_number: u32,
    deliveries: mpsc::UnboundedSender<SpooledVolume>,
    stopped: Arc<AtomicBool>,
    budget: &Arc<Meter>,
    progress: Arc<PartProgress>,
    seat: Seat,
) -> Result<Result<(), BundleError>, EngineError> {
    let (inner, id) = (&running.inner, running.collection.id);
    let store = &inner.store;
    store
        .set_part_state(id, row.position, &PartState::Collecting)
        .await?;
    store.retry_missing(id, row.position).await?;
    let settled = store.settled_items(id, row.position).await?;
    let request = &running.collection.request;
    // all volumes that are open at once may fill half of the spool at the most
    let share = inner.spool.limit_bytes() / (2 * inner.cores as u64);
    let packing = Packing {
        collection: id,
        part: row.position,
        stem,
        first_number,
        compression: request.compression,
        volume_size_bytes: request.volume_size_bytes.min(share),
    };
    let runtime = tokio::runtime::Handle::current();
    let spool = Arc::clone(&inner.spool);
    let bundle = BundleWriter::new(
        packing,
        Arc::clone(&spool),
        store.clone(),
        runtime,
        deliveries,
    );
    let (feed, packer) = feed(bundle, spool);
    let budget = Meter::below(budget, request.budgets.part);
    if running.collection.requeued_at.is_none() {
        // a restart is the same run; a retry has a budget of its own
        budget.resume(progress.counts().kept_bytes);
    }
    let job = CollectJob {
        window: running.collection.window,
        redactor: Arc::clone(&running.redactor),
        stopped,
        progress,
        budgets: request.budgets,
        budget: Arc::new(budget),
        seat,
    };
    let priority = inner.config.priority;
    let packing = thread::start("pack", priority, move || packer.run());
    let collecting = thread::start("collect", priority, move || {
        job.collect(&planned, &settled, feed)
    });
    let collected = collecting.map_err(EngineError::internal)?.await;
    let packed = packing.map_err(EngineError::internal)?.await;
    // when packing failed, collecting knows only that it did
    Ok(packed
        .map_err(EngineError::internal)?
        .and(collected.map_err(EngineError::internal)?))
}

/// What the collecting thread needs.
struct CollectJob {
    window: domain::Window,
    redactor: Arc<Redactor>,
    stopped: Arc<AtomicBool>,
    progress: Arc<PartProgress>,
    budgets: Budgets,
    /// The part's.
    budget: Arc<Meter>,
    seat: Seat,
}

impl CollectJob {
    /// Reads all items into the bundle. `Err` only when the bundle itself cannot be written.
    fn collect(
        &self,
        planned: &PlannedPart,
        settled: &Settled,
        mut feed: Feed,
    ) -> Result<(), BundleError> {
        self.plant(&mut feed)?;
        self.collect_items(planned, settled, &mut feed)?;
        feed.finish()
    }

    /// Sends a canary ahead, on the way of every item. It counts nowhere.
    fn plant(&self, feed: &mut Feed) -> Result<(), BundleError> {
        let canary = Canary::new(self.window.start(), &self.redactor)
            .map_err(|error| BundleError::Redaction(io::Error::other(error)))?;
        // an own rule may take any words, the harmless ones of the canary among them
        let without_own_rules = Arc::new(self.redactor.with_own_rules(&[]));
        let mut cleaned = Vec::new();
        for (text, redactor) in [
            (canary.text(), &without_own_rules),
            (canary.examples(), &self.redactor),
        ] {
            let context = ReadContext {
                window: self.window,
                redactor,
                cancel: &AtomicBool::new(false),
                read_bytes: &AtomicU64::new(0),
                budget: &Arc::new(Meter::new(Budgets::default().item)),
                seat: None,
            };
            source::read_text(text, &context, &mut cleaned).map_err(BundleError::Redaction)?;
        }
        self.redactor.flush().map_err(BundleError::Redaction)?;
        feed.plant(canary, cleaned);
        Ok(())
    }

    fn collect_items(
        &self,
        planned: &PlannedPart,
        settled: &Settled,
        feed: &mut Feed,
    ) -> Result<(), BundleError> {
        let missing = missing_rows(&planned.missing, &self.redactor);
        let mut names = Names::of(&planned.items, &self.redactor, settled);
        // names have pseudonyms too
        self.redactor.flush()?;
        for row in missing {
            self.progress.items_missing.fetch_add(1, Ordering::Relaxed);
            feed.end_item(row)?;
        }
        let mut is_full = false;
        for (place, item) in planned.items.iter().enumerate() {
            let named = names.take(place, item);
            if settled.has(&named.entry, item.identity().as_deref()) {
                continue;
            }
            let ended = if is_full {
                item_row(item, &named, "missing", Some(Reason::SpoolFull))
            } else if let Some(cut) = self.budget.exhausted() {
                item_row(item, &named, "missing", Some(cut))
            } else {
                self.collect_item(item, &named, feed)?
            };
            is_full |= ended.row.reason == Some(Reason::SpoolFull);
            if ended.row.reason.is_some() {
                self.progress.items_missing.fetch_add(1, Ordering::Relaxed);
            }
            self.progress.items.fetch_add(1, Ordering::Relaxed);
            self.progress
                .kept_bytes
                .fetch_add(ended.row.kept_bytes, Ordering::Relaxed);
            // before a volume with them may be sealed
            self.redactor.flush().map_err(BundleError::Redaction)?;
            feed.end_item(ended)?;
        }
        Ok(())
    }

    fn collect_item(
        &self,
        item: &Item,
        named: &Named,
        feed: &mut Feed,
    ) -> Result<NewItem, BundleError> {
        if self.stopped.load(Ordering::Relaxed) {
            return Err(NoRoom::Cancelled.into());
        }
        let context = ReadContext {
            window: self.window,
            redactor: &self.redactor,
            cancel: &self.stopped,
            read_bytes: &self.progress.read_bytes,
            budget: &Arc::new(Meter::below(&self.budget, self.budgets.item)),
            seat: Some(&self.seat),
        };
        // what a command or the journal says is of now
        let modified_at = item.modified_at.unwrap_or_else(Utc::now);
        let mut entry = feed.entry(&named.entry, Some(modified_at), &self.stopped);
        let report = match source::read_item(item, &context, &mut entry) {
            Ok(report) => report,
            Err(error) => return Err(entry.into_failure(error)),
        };
        let (outcome, reason) = match report.outcome {
            ItemOutcome::Complete => ("complete", None),
            ItemOutcome::Empty => ("empty", None),
            ItemOutcome::Missing(reason) => ("missing", Some(reason)),
            ItemOutcome::Partial(reason) => ("partial", Some(reason)),
            ItemOutcome::Cancelled => return Err(NoRoom::Cancelled.into()),
        };
        let reason = reason.map(|reason| clean_reason(&self.redactor, reason));
        let mut new = item_row(item, named, outcome, reason);
        new.row.read_bytes = report.read_bytes;
        new.row.kept_bytes = report.kept_bytes;
        new.row.taken_whole = report.taken_whole;
        let counts = report.redactions.iter();
        new.row.redactions = counts
            .map(|(rule, count)| ((*rule).to_owned(), *count))
            .collect();
        Ok(new)
    }
}
