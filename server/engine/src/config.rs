//! What the engine has to know of its stack. The program fills it from `help-support.toml`.

use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use domain::{NodeName, RoleName, SourceKind, WindowLimits};
use serde::{Deserialize, Serialize};

/// Everything the engine is told at the start.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    pub stack_name: String,
    /// The machine that this installation collects from.
    pub node: NodeName,
    /// Of stamps that carry no zone, unless their source says otherwise.
    pub zone: Tz,
    /// Database, key and spool live here.
    pub data_directory: PathBuf,
    /// How many bytes of bundles may wait for delivery.
    pub spool_limit_bytes: u64,
    /// Destination *Local directory*.
    pub bundle_directory: PathBuf,
    pub limits: WindowLimits,
    pub compression: Compression,
    /// A volume that has reached this size is sealed at the end of the item at hand.
    pub volume_size_bytes: u64,
    /// Bytes a second that delivery may use; 0: no limit.
    pub bandwidth_limit: u64,
    /// Holds the SAS URL of managed storage; read anew for each use, since such URLs are rotated.
    pub managed_sas_url_file: Option<PathBuf>,
    pub roles: Vec<RoleConfig>,
}

/// How entries of a bundle are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    #[default]
    Zstd,
    /// For readers without zstd.
    Deflate,
}

/// A named part of the stack with its log sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleConfig {
    pub name: RoleName,
    pub description: String,
    pub sources: Vec<SourceConfig>,
}

/// Where a role's logs come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceConfig {
    Files {
        /// Absolute globs; `*` stays within a directory, `**` crosses them.
        paths: Vec<String>,
        /// Of stamps that carry no zone; `None`: the stack's.
        time_zone: Option<Tz>,
    },
    Journal {
        /// Globs over unit names.
        units: Vec<String>,
        /// A journal directory other than this machine's own.
        directory: Option<PathBuf>,
    },
    Command {
        /// Its output is kept as `commands/{name}.txt`.
        name: String,
        /// Absolute path of the program, then its arguments.
        run: Vec<String>,
        timeout: Duration,
    },
}

impl SourceConfig {
    #[must_use]
    pub const fn kind(&self) -> SourceKind {
        match self {
            Self::Files { .. } => SourceKind::Files,
            Self::Journal { .. } => SourceKind::Journal,
            Self::Command { .. } => SourceKind::Command,
        }
    }
}
