//! What is to be said about a SAS URL.
//!
//! A finding is shown, logged and kept, so it never holds anything of the text it is about: its
//! sentences are ours, and the parameter is one of the known names.

use serde::{Deserialize, Serialize};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing needs to be done.
    Information,
    /// The collection can start, and may not end as wished.
    Warning,
    /// No collection can go to this URL.
    Error,
}

impl Severity {
    pub const ALL: [Self; 3] = [Self::Information, Self::Warning, Self::Error];

    /// The spelling in JSON and on the command line.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Information => "information",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Information => "Information",
            Self::Warning => "Warning",
            Self::Error => "Error",
        }
    }
}

/// One thing that was found, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub severity: Severity,
    /// The parameter's name, for instance `sp`; `None` for the URL as a whole.
    pub parameter: Option<String>,
    /// What is wrong, as a sentence.
    pub problem: String,
    /// What to do, as a sentence.
    pub advice: String,
}

impl Finding {
    /// A finding about the parameter `parameter`, which is named and never quoted with its value.
    #[must_use]
    pub fn about(
        parameter: &'static str,
        severity: Severity,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            parameter: Some(parameter.to_owned()),
            problem: problem.into(),
            advice: advice.into(),
        }
    }

    /// A finding about the URL as a whole.
    #[must_use]
    pub fn whole(
        severity: Severity,
        problem: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            parameter: None,
            problem: problem.into(),
            advice: advice.into(),
        }
    }

    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Whether anything among the findings rules the URL out.
pub(super) fn any_error(findings: &[Finding]) -> bool {
    findings.iter().any(Finding::is_error)
}
