//! What a caller of the engine is told when something is not possible.

use std::error::Error as StdError;

use thiserror::Error;

/// One field of a request and what is wrong with it, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// `start`, `end`, `roles`, `nodes`, `kinds`, `destination`, `sas_url`, `directory`, `name` or `password`.
    pub field: &'static str,
    pub message: String,
}

/// Why the engine did not do what was asked. `Display` is fit for people and holds no secret.
#[derive(Debug, Error)]
pub enum EngineError {
    /// There is no such collection or user.
    #[error("{0} was not found")]
    NotFound(&'static str),
    /// The state of things does not allow it; says why.
    #[error("{0}")]
    Conflict(String),
    /// The request itself is wrong; every wrong field is named.
    #[error("{}", .0.iter().map(|error| format!("{}: {}", error.field, error.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// It would be possible, but something that it needs cannot be had now.
    #[error("{0}")]
    Unavailable(String),
    /// The product failed; the source is for the log alone.
    #[error("internal error")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl EngineError {
    pub fn internal(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(error.into())
    }

    #[must_use]
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            field,
            message: message.into(),
        }])
    }
}

/// An error with all its causes, for the log.
#[must_use]
pub fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
