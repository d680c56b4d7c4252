//! The collection engine: it reads what lies in the asked window, takes secrets out, packs it and
//! delivers it, and remembers what was sent, why, by whom and where.
//!
//! [`Engine`] is the only door. The portal and the command line use the same calls.

mod config;
mod error;
pub mod redact;
pub mod source;
pub mod window;

pub use config::{Compression, EngineConfig, RoleConfig, SourceConfig};
pub use error::{EngineError, FieldError};
