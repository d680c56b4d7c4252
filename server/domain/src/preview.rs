//! A look at what redaction takes out, before anything is collected.

use serde::{Deserialize, Serialize};

use crate::views::RedactionCount;
use crate::{RoleName, Window};

/// What redaction takes out of a part of what would be collected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    pub window: Window,
    /// Whether identifiers were replaced.
    pub identifiers: bool,
    pub limits: PreviewLimits,
    /// In the order of the configuration.
    pub roles: Vec<RolePreview>,
}

/// How much is looked at in each role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewLimits {
    /// Bytes as they lie in the sources.
    pub bytes: u64,
    pub seconds: u64,
    /// Lines that are shown.
    pub lines: usize,
}

impl Default for PreviewLimits {
    fn default() -> Self {
        Self {
            bytes: 64 << 20,
            seconds: 5,
            lines: 20,
        }
    }
}

/// What was seen of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePreview {
    pub role: RoleName,
    pub extent: Extent,
    /// Files and units that were read, newest first, and those that there are.
    pub items_read: u64,
    pub items: u64,
    /// What could not be read.
    pub unreadable: u64,
    pub read_bytes: u64,
    /// By rule, most first.
    pub counts: Vec<RedactionCount>,
    pub samples: Vec<Sample>,
}

/// How much of a role was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extent {
    /// Every file and every unit.
    Whole,
    /// The newest, until a limit was reached.
    Part,
    /// The role has nothing that could be read without running a command.
    Nothing,
}

/// A cleaned line, around its first mark.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// A path or a unit.
    pub item: String,
    pub pieces: Vec<Piece>,
}

/// A piece of a cleaned line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub text: String,
    /// It stands in the place of what was taken out.
    pub is_mark: bool,
}
