//! Who may do what.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a signed-in person may do. (A *role* alone is a part of the stack.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Runs the stack: starts collections and changes settings.
    Operator,
    /// Helps: reads history and collections, changes nothing.
    Support,
    /// Reads what was done by whom, changes nothing.
    Auditor,
}

impl UserRole {
    pub const ALL: [Self; 3] = [Self::Operator, Self::Support, Self::Auditor];

    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Support => "support",
            Self::Auditor => "auditor",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Operator => "Operator",
            Self::Support => "Support",
            Self::Auditor => "Auditor",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }

    /// May start, cancel and retry collections and change settings.
    #[must_use]
    pub const fn may_operate(self) -> bool {
        matches!(self, Self::Operator)
    }
}

/// The longest name of a user, in characters.
pub const MAX_USER_NAME_CHARS: usize = 64;

/// Whether a user can have this name: letters, digits and `. _ - @`, at least one and not more
/// than [`MAX_USER_NAME_CHARS`].
#[must_use]
pub fn is_user_name(text: &str) -> bool {
    let allowed = |character: char| character.is_alphanumeric() || "._-@".contains(character);
    let length = text.chars().take(MAX_USER_NAME_CHARS + 1).count();
    (1..=MAX_USER_NAME_CHARS).contains(&length) && text.chars().all(allowed)
}

/// Who asks for something, and from where: what audit entries and consents name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user's name; on the command line `name (command line)`, or `root (for name, command
    /// line)` where that is known.
    pub name: String,
    pub role: UserRole,
    /// The address a request came from; `None` on the command line.
    pub address: Option<String>,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
