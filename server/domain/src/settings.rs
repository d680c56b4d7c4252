//! Settings of proactive log collection.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{DestinationKind, DestinationSummary, SasUrl};

/// What the Settings page shows. The stored SAS URL itself is never part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    pub proactive_enabled: bool,
    /// Whether identifiers give way to pseudonyms, where nothing else is chosen.
    pub identifiers: bool,
    /// Where proactive collections go; kept while disabled. `None` until a place is known.
    pub destination: Option<DestinationSummary>,
    /// `None` until somebody has saved settings for the first time.
    pub changed_at: Option<DateTime<Utc>>,
    pub changed_by: Option<String>,
    /// The consent in force: version, who, when. `None` while disabled.
    pub consent: Option<ConsentView>,
    /// Whether the configuration names managed storage.
    pub managed_storage: bool,
    /// The configured directory for *Local directory*.
    pub bundle_directory: String,
    /// Bytes a second that delivery may use, of whatever collection; 0: no limit.
    pub bandwidth_limit: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentView {
    pub version: String,
    pub given_by: String,
    pub given_at: DateTime<Utc>,
}

/// What somebody asks for on the Settings page.
#[derive(Clone, Debug)]
pub struct SettingsChange {
    pub proactive_enabled: bool,
    pub destination: DestinationKind,
    /// A new SAS URL; `None` keeps the stored one.
    pub sas_url: Option<SasUrl>,
    /// Whether identifiers give way to pseudonyms.
    pub identifiers: bool,
}
