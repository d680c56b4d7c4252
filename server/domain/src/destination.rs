//! Where bundles go.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::SasUrl;
use crate::sas::Permissions;

/// The kinds of destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DestinationKind {
    /// Storage that the support provider manages; its SAS URL is in the configuration.
    Managed,
    /// A blob container whose SAS URL the operator was given.
    SasUrl,
    /// A directory on this machine.
    Directory,
}

impl DestinationKind {
    pub const ALL: [Self; 3] = [Self::Managed, Self::SasUrl, Self::Directory];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Managed => "managed",
            Self::SasUrl => "sas_url",
            Self::Directory => "directory",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Managed => "Managed storage",
            Self::SasUrl => "SAS URL",
            Self::Directory => "Local directory",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A destination as asked for. Holds the secret: it is never serialized, and `Debug` hides it.
#[derive(Clone, Debug)]
pub enum DestinationChoice {
    Managed,
    SasUrl(SasUrl),
    /// `None`: the configured bundle directory. The portal always asks for that one; the command
    /// line names one with `--output`.
    Directory(Option<PathBuf>),
}

impl DestinationChoice {
    #[must_use]
    pub const fn kind(&self) -> DestinationKind {
        match self {
            Self::Managed => DestinationKind::Managed,
            Self::SasUrl(_) => DestinationKind::SasUrl,
            Self::Directory(_) => DestinationKind::Directory,
        }
    }
}

/// What may be shown of a destination: everything but the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationSummary {
    pub kind: DestinationKind,
    /// `account/container`, or the directory's path.
    pub place: String,
    /// Of a SAS URL.
    pub permissions: Option<Permissions>,
    pub expires_at: Option<DateTime<Utc>>,
}
