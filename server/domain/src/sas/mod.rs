//! The SAS URL of a blob container: the right to write there, and a secret.

mod finding;
mod permissions;

use std::fmt;

use chrono::{DateTime, Utc};

pub use finding::{Finding, Severity};
pub use permissions::{Permissions, UnknownPermission};

use crate::{DestinationKind, DestinationSummary};

/// What the rules need to know of the world.
#[derive(Clone, Copy, Debug)]
pub struct SasContext {
    pub now: DateTime<Utc>,
    /// When the collection can be over at the latest.
    pub needed_until: Option<DateTime<Utc>>,
}

/// What came of looking at a text.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// `None` when any finding is an error.
    pub url: Option<SasUrl>,
    /// The most severe first.
    pub findings: Vec<Finding>,
}

/// A SAS URL whose shape is right.
#[derive(Clone)]
pub struct SasUrl {
    origin: String,
    path: String,
    account: String,
    container: String,
    permissions: Option<Permissions>,
    starts_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    secret: String,
}

/// Applies every rule to a text.
#[must_use]
pub fn inspect(text: &str, _context: &SasContext) -> Inspection {
    match SasUrl::parse(text) {
        Ok(url) => Inspection {
            url: Some(url),
            findings: Vec::new(),
        },
        Err(findings) => Inspection {
            url: None,
            findings,
        },
    }
}

impl SasUrl {
    /// Reads a SAS URL whatever its rights and times are.
    ///
    /// # Errors
    /// What is wrong with its shape.
    pub fn parse(text: &str) -> Result<Self, Vec<Finding>> {
        let not = || {
            vec![Finding::whole(
                Severity::Error,
                "The text is not a URL.",
                "Paste the whole SAS URL, from https:// to its end.",
            )]
        };
        let url = url::Url::parse(text.trim()).map_err(|_| not())?;
        let host = url.host_str().ok_or_else(not)?;
        let account = host.split('.').next().unwrap_or(host).to_owned();
        let container = url
            .path()
            .trim_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let value = |name: &str| {
            url.query_pairs()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.into_owned())
        };
        Ok(Self {
            origin: url.origin().ascii_serialization(),
            path: url.path().to_owned(),
            account,
            container,
            permissions: value("sp").and_then(|letters| Permissions::from_letters(&letters).ok()),
            starts_at: value("st").and_then(|at| at.parse().ok()),
            expires_at: value("se").and_then(|at| at.parse().ok()),
            secret: url.into(),
        })
    }

    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    #[must_use]
    pub fn container(&self) -> &str {
        &self.container
    }

    /// `None`: governed by a stored access policy.
    #[must_use]
    pub const fn permissions(&self) -> Option<Permissions> {
        self.permissions
    }

    #[must_use]
    pub const fn starts_at(&self) -> Option<DateTime<Utc>> {
        self.starts_at
    }

    #[must_use]
    pub const fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.expires_at
    }

    /// The whole URL with its secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.secret
    }

    /// The rules again, for instance for a stored URL at a later time.
    #[must_use]
    pub fn check(&self, context: &SasContext) -> Vec<Finding> {
        inspect(&self.secret, context).findings
    }

    #[must_use]
    pub fn same_container(&self, other: &Self) -> bool {
        self.origin == other.origin && self.path == other.path
    }

    /// What may be shown.
    #[must_use]
    pub fn summary(&self, kind: DestinationKind) -> DestinationSummary {
        DestinationSummary {
            kind,
            place: format!("{}/{}", self.account, self.container),
            permissions: self.permissions,
            expires_at: self.expires_at,
        }
    }
}

impl fmt::Display for SasUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}?‹secret›", self.origin, self.path)
    }
}

impl fmt::Debug for SasUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
