//! Delivery: moving volumes to their destination, block by block, while they are still written.
//!
//! The ledger in the store is the truth on what was staged. Failures do not end a delivery: it
//! waits, says why, and goes on by itself or with another SAS URL, from the ledger.

mod link;
mod meter;
mod pace;
mod volume;

#[cfg(test)]
mod tests;

pub use link::{Link, Stopped};
pub use meter::Meter;
pub use pace::Pace;
pub use volume::{deliver_volume, is_delivered, recognise_volume};
