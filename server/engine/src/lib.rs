//! The collection engine: it reads what lies in the asked window, takes secrets out, packs it and
//! delivers it, and remembers what was sent, why, by whom and where.
//!
//! [`Engine`] is the only door. The portal and the command line use the same calls.
//!
//! The folders follow the way of the data: `source` yields items, `window` finds the bytes that lie
//! in the asked period, `redact` cleans them in memory, `bundle` packs them into the spool,
//! `delivery` moves them to a `destination`; `collection` leads a request through all of these, and
//! `store` remembers. Only cleaned bytes ever reach the disk.

mod bundle;
mod collection;
mod config;
mod delivery;
mod destination;
mod engine;
mod error;
mod estimate;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod instance;
mod limits;
mod matched;
mod people;
mod preview;
mod redact;
mod saved;
mod secrets;
mod settings;
mod shown;
mod source;
mod store;
mod window;

pub use collection::CollectionRequest;
pub use config::{
    Compression, EngineConfig, NetworkConfig, ProxyUrl, RedactionConfig, RoleConfig, SourceConfig,
};
pub use destination::check_authorities;
pub use engine::{Engine, LiveCheck, OpenError};
pub use error::{EngineError, FieldError, chain};
pub use estimate::EstimateRequest;
pub use limits::{Budget, Budgets, Priority};
pub use matched::{Matched, matched};
pub use people::{SessionToken, SessionView, UserView};
pub use preview::PreviewRequest;
pub use redact::{OwnRule, RuleName, clean_stream};
pub use shown::shown_role;
pub use source::open_text;
pub use window::stamp_of;
pub use window::{TimeFormat, TimeKey};
