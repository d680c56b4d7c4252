//! A collection from its request to its manifest.

mod names;
mod part;
mod plan;
mod progress;
mod request;
mod run;
mod runner;
mod view;

pub use request::{CollectionRequest, check_sas, place};
pub use runner::{drive, serve};
