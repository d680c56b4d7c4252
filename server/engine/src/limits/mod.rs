//! What collecting may take of the machine that it runs on.
//!
//! A stack that is looked at because it is in trouble must not get into more of it: collecting
//! stands behind everything else in line, and ends where its budget does.

mod aside;
mod budget;
mod cancel;
mod patience;
mod priority;
mod seat;

pub use aside::aside;
pub use budget::{Budget, Budgets, Meter};
pub use cancel::CancelOnDrop;
pub use patience::Patience;
pub use priority::{Priority, lower_own_priority};
pub use seat::Seat;
