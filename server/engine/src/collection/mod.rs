//! A collection from its request to its manifest.

mod finish;
mod names;
mod open;
mod part;
mod plan;
mod progress;
mod request;
mod run;
mod runner;
mod send;
mod unsealed;
mod view;
mod watch;

pub use finish::end_queued_retry;
pub use plan::{Look, plan_sources};
pub use request::{CollectionRequest, check_sas, place};
pub use runner::{ahead, drive, serve};
