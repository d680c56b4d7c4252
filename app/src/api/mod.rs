//! The server functions, by subject.
//!
//! Every one of them is a public endpoint: its first line asks who calls, with
//! [`require_signed_in`](access::require_signed_in) or
//! [`require_operator`](access::require_operator). Those that read are called by `GET`, those that
//! change something by `POST` from a form that works without JavaScript. Secrets come in as
//! arguments of the latter and never go out.

#[cfg(feature = "ssr")]
mod access;
mod collections;
mod estimate;
#[cfg(feature = "ssr")]
mod forms;
mod overview;
mod preview;
mod pseudonyms;
mod settings;

use chrono::{DateTime, Utc};
use leptos::server_fn::ServerFn;
use serde::{Deserialize, Serialize};

pub use collections::{
    CancelCollection, CollectOptionsQuery, CollectionQuery, HistoryAnswer, HistoryQuery,
    PauseCollection, ReplaceSas, ResumeCollection, RetryCollection, StartCollection,
    cancel_collection, collect_options, collection, history, pause_collection, replace_sas,
    resume_collection, retry_collection, start_collection,
};
pub use estimate::{EstimateQuery, VolumeQuery, estimate, volume};
pub use overview::{OverviewQuery, overview};
pub use preview::{PreviewRedaction, preview_redaction};
pub use pseudonyms::{LookUpPseudonyms, look_up_pseudonyms};
pub use settings::{SaveSettings, SettingsQuery, save_settings, settings};

/// Paths of the server functions that are called by `POST`: they change something, or show what
/// only operators may see. Each of them answers 403 to anybody who is not an operator.
pub const MUTATING: [&str; 9] = [
    StartCollection::PATH,
    CancelCollection::PATH,
    PauseCollection::PATH,
    ResumeCollection::PATH,
    RetryCollection::PATH,
    ReplaceSas::PATH,
    LookUpPseudonyms::PATH,
    PreviewRedaction::PATH,
    SaveSettings::PATH,
];

/// Paths of the server functions that read. Each of them answers 401 to anybody who is not signed
/// in.
pub const READING: [&str; 7] = [
    EstimateQuery::PATH,
    VolumeQuery::PATH,
    OverviewQuery::PATH,
    HistoryQuery::PATH,
    CollectionQuery::PATH,
    CollectOptionsQuery::PATH,
    SettingsQuery::PATH,
];

/// An answer with the server's time, to which the times in it are related when they are shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dated<T> {
    pub now: DateTime<Utc>,
    pub data: T,
}
