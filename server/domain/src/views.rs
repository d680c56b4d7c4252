//! What pages, the command line and JSON show of the engine's records. No view holds a secret.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::collection::WhyNot;
use crate::settings::{ConsentView, SettingsView};
use crate::{
    CollectionId, CollectionKind, CollectionState, DestinationSummary, NodeName, PartState, Reason,
    RoleName, SourceKind, Window, WindowLimits,
};

/// A row of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionSummary {
    pub id: CollectionId,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    pub state: CollectionState,
    /// Why it waits, failed or is partial, as a sentence.
    pub state_detail: Option<String>,
    pub kind: CollectionKind,
    pub window: Window,
    pub asked_by: String,
    pub destination: DestinationSummary,
    /// Parts planned, and those of them that have ended.
    pub parts: u64,
    pub parts_ended: u64,
    /// Parts with something missing.
    pub parts_with_gaps: u64,
    /// Bytes confirmed by the destination.
    pub delivered_bytes: u64,
}

/// One page of the history, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPage {
    pub rows: Vec<CollectionSummary>,
    /// How many match the filter in all.
    pub total: u64,
    /// Key of the next older page.
    pub older: Option<HistoryKey>,
    /// Whether this is not the first page.
    pub has_newer: bool,
}

/// Where a page of the history begins: strictly older than this collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryKey {
    pub id: CollectionId,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryFilter {
    pub state: Option<CollectionState>,
    pub kind: Option<CollectionKind>,
}

/// Everything that the page of one collection shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionDetail {
    pub summary: CollectionSummary,
    /// Grows with every change; events name it.
    pub version: u64,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Who paused it; `None` while it is not paused.
    pub paused_by: Option<String>,
    pub roles: Vec<RoleName>,
    /// Empty: all kinds.
    pub kinds: Vec<SourceKind>,
    /// Whether identifiers gave way to pseudonyms.
    pub identifiers: bool,
    pub parts: Vec<PartView>,
    /// The first of them; `missing_total` counts all.
    pub missing: Vec<MissingItem>,
    pub missing_total: u64,
    /// Files that were taken whole, since no time stamp was recognised in them.
    pub taken_whole: u64,
    pub progress: Progress,
    /// Secrets taken out so far, by rule, most first.
    pub redactions: Vec<RedactionCount>,
    pub consent: ConsentView,
    /// Collections that are to run before this one, while it is queued.
    pub queued_behind: u64,
    /// The folder of this collection at the destination.
    pub folder: String,
}

impl CollectionDetail {
    /// # Errors
    /// Says why not.
    pub const fn can_cancel(&self) -> Result<(), WhyNot> {
        self.summary.state.can_cancel()
    }

    /// # Errors
    /// Says why not.
    pub const fn can_pause(&self) -> Result<(), WhyNot> {
        self.summary.state.can_pause(self.paused_by.is_some())
    }

    /// # Errors
    /// Says why not.
    pub const fn can_resume(&self) -> Result<(), WhyNot> {
        self.summary.state.can_resume(self.paused_by.is_some())
    }

    /// # Errors
    /// Says why not.
    pub const fn can_retry(&self) -> Result<(), WhyNot> {
        self.summary.state.can_retry(self.summary.parts_with_gaps)
    }

    /// # Errors
    /// Says why not.
    pub fn can_replace_sas(&self) -> Result<(), WhyNot> {
        self.summary
            .state
            .can_replace_sas(self.summary.destination.kind)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartView {
    pub node: NodeName,
    pub role: RoleName,
    #[serde(flatten)]
    pub state: PartState,
    /// Items read so far, and those of them that are missing or were kept in part.
    pub items: u64,
    pub items_missing: u64,
    /// Items planned; an estimate until the part has ended.
    pub items_planned: u64,
    /// Bytes read from the sources.
    pub read_bytes: u64,
    /// Bytes to read as planned; an estimate.
    pub planned_bytes: u64,
    /// Bytes in the bundle, before they are packed.
    pub kept_bytes: u64,
    pub packed_bytes: u64,
    pub delivered_bytes: u64,
    pub volumes: Vec<VolumeView>,
}

/// A sealed volume of a part's bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeView {
    /// Its path below the collection's folder.
    pub name: String,
    pub size_bytes: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    pub delivered_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingItem {
    pub node: NodeName,
    pub role: RoleName,
    /// A path, a unit or a command's name.
    pub item: String,
    /// Something of it was kept.
    pub is_partial: bool,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactionCount {
    pub rule: String,
    pub count: u64,
}

/// How far a running collection is. Totals are estimates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub items: u64,
    pub items_planned: u64,
    pub read_bytes: u64,
    pub planned_bytes: u64,
    pub packed_bytes: u64,
    pub delivered_bytes: u64,
    /// Bytes a second that leave for the destination, over the last seconds.
    pub delivery_rate: u64,
    /// Estimated seconds until the end.
    pub seconds_left: Option<u64>,
}

/// What the collect form needs to draw itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectOptions {
    pub now: DateTime<Utc>,
    pub limits: WindowLimits,
    pub roles: Vec<RoleOption>,
    pub bundle_directory: String,
    /// What is known of managed storage, where the configuration names it.
    pub managed_storage: Option<DestinationSummary>,
    /// Collections that run or wait now; a new one queues behind them.
    pub unfinished: u64,
    /// Whether identifiers give way to pseudonyms unless somebody chooses otherwise.
    pub identifiers: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleOption {
    pub name: RoleName,
    pub description: String,
}

/// The state of things at a glance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overview {
    pub now: DateTime<Utc>,
    pub settings: SettingsView,
    /// The newest one that has ended.
    pub last: Option<CollectionSummary>,
    pub running: Option<CollectionSummary>,
    pub queued: u64,
    /// The newest ones, for the list on the page.
    pub recent: Vec<CollectionSummary>,
    pub alert_count: u64,
}

/// 'Something about this collection changed': the page fetches the truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionEvent {
    pub id: CollectionId,
    pub version: u64,
}
