//! Words and rules of log collection that the browser and the server share.
//!
//! Everything here is a value or a pure function: no I/O, no clock and no randomness. What a rule
//! needs to know of the world (the present time, limits from the configuration) is passed in, so
//! that a form gives the same verdict while somebody types as the server gives before it starts.

pub mod alerts;
pub mod collection;
pub mod consent;
pub mod destination;
pub mod estimate;
pub mod format;
pub mod people;
pub mod preview;
pub mod pseudonym;
pub mod reason;
pub mod sas;
pub mod settings;
pub mod size;
pub mod stack;
pub mod views;
pub mod window;
pub mod zone;

pub use collection::{CollectionId, CollectionKind, CollectionState, PartState};
pub use destination::{DestinationChoice, DestinationKind, DestinationSummary};
pub use reason::{LimitOf, Reason};
pub use sas::{Finding, SasUrl, Severity};
pub use stack::{NodeName, RoleName, SourceKind};
pub use window::{Window, WindowLimits};
