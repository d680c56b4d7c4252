//! The SAS URL of a blob container: an address, rights with an end, and a secret.
//!
//! A text becomes a [`SasUrl`] only through the rules here, the same in the browser while somebody
//! types and on the server before anything starts. Invariants:
//! - No text makes them panic, however mangled.
//! - No finding, `Debug`, `Display` or summary holds anything of the query. The secret leaves only
//!   through [`SasUrl::expose`], and no type that holds it can be serialized.
//!
//! A text goes through `text` (traces of copying), `place` (account and container), `parameters`
//! (the query), `grant` (rights and life), and then through the `rules` that depend on the time.

mod finding;
mod grant;
mod parameters;
mod permissions;
mod place;
mod rules;
mod stamp;
mod text;

use std::cmp::Reverse;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

pub use finding::{Finding, Severity};
pub use permissions::{Permissions, UnknownPermission};

use crate::{DestinationKind, DestinationSummary};
use grant::Grant;
use parameters::Parameters;
use place::{Depth, Place};

/// What the rules need to know of the world.
#[derive(Clone, Copy, Debug)]
pub struct SasContext {
    pub now: DateTime<Utc>,
    /// When the collection can be over at the latest; `None` where no collection is in view.
    pub needed_until: Option<DateTime<Utc>>,
}

/// How long a collection may take by experience, window and link being usual ones. Its SAS URL
/// should last that long.
pub const USUAL_DURATION: TimeDelta = TimeDelta::minutes(30);

impl SasContext {
    /// The context of a collection that starts now.
    #[must_use]
    pub fn for_collection(now: DateTime<Utc>) -> Self {
        Self {
            now,
            needed_until: now.checked_add_signed(USUAL_DURATION),
        }
    }
}

/// What came of looking at a text.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// `None` when any finding is an error.
    pub url: Option<SasUrl>,
    /// The most severe first.
    pub findings: Vec<Finding>,
}

/// A well-formed SAS URL of a blob container. Rights and times may still be insufficient:
/// [`SasUrl::check`] tells.
#[derive(Clone)]
pub struct SasUrl {
    place: Place,
    grant: Grant,
    /// The whole URL, normalised. Never shown.
    secret: String,
}

/// Applies every rule to a text.
#[must_use]
pub fn inspect(text: &str, context: &SasContext) -> Inspection {
    let mut reading = Reading::of(text);
    if let Some(grant) = &reading.grant {
        rules::life(grant, context, &mut reading.findings);
        rules::rights(grant, &mut reading.findings);
    }
    reading
        .findings
        .sort_by_key(|finding| Reverse(finding.severity));
    Inspection {
        url: reading
            .url
            .filter(|_| !finding::any_error(&reading.findings)),
        findings: reading.findings,
    }
}

/// What a text holds, as far as it could be read.
struct Reading {
    /// `None` when any finding is an error.
    url: Option<SasUrl>,
    grant: Option<Grant>,
    findings: Vec<Finding>,
}

impl Reading {
    /// Applies the rules that hold at any time.
    fn of(text: &str) -> Self {
        let mut findings = Vec::new();
        let parsed = text::tidy(text, &mut findings).and_then(|text| {
            let parsed = Url::parse(&text).ok();
            if parsed.is_none() {
                findings.push(text::not_a_url());
            }
            parsed
        });
        let Some(parsed) = parsed else {
            return Self {
                url: None,
                grant: None,
                findings,
            };
        };
        let place = place::read(&parsed, &mut findings);
        let parameters = Parameters::read(parsed.query().unwrap_or_default(), &mut findings);
        let grant = grant::read(&parameters, parsed.scheme() == "http", &mut findings);
        if matches!(place, Some((_, Depth::Deeper))) && !findings.iter().any(is_about_resource) {
            findings.push(Finding::whole(
                Severity::Error,
                "The URL goes on after the container: it names a blob or a directory.",
                "Leave out what stands between the container's name and the question mark.",
            ));
        }
        let url = place
            .filter(|_| !finding::any_error(&findings))
            .map(|(place, _)| SasUrl {
                secret: format!("{}{}?{}", place.origin, place.path, parameters.query),
                place,
                grant,
            });
        Self {
            url,
            grant: Some(grant),
            findings,
        }
    }
}

/// The SAS says itself that it is not for a container; a path that fits it is not said again.
fn is_about_resource(finding: &Finding) -> bool {
    finding.is_error() && finding.parameter.as_deref() == Some("sr")
}

impl SasUrl {
    /// Reads a SAS URL that may have lapsed or lack rights, for instance a stored one.
    ///
    /// # Errors
    /// What is wrong with its form; then it never was a SAS URL of a container.
    pub fn parse(text: &str) -> Result<Self, Vec<Finding>> {
        let reading = Reading::of(text);
        reading.url.ok_or(reading.findings)
    }

    /// The storage account's name; at a domain of its own, that domain.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.place.account
    }

    #[must_use]
    pub fn container(&self) -> &str {
        &self.place.container
    }

    /// `None`: governed by a stored access policy (`si`).
    #[must_use]
    pub const fn permissions(&self) -> Option<Permissions> {
        self.grant.permissions
    }

    /// The later one of `st` and `skt`; `None`: valid from the beginning, or governed by a stored
    /// access policy.
    #[must_use]
    pub fn starts_at(&self) -> Option<DateTime<Utc>> {
        self.grant.starts.map(|bound| bound.at)
    }

    /// The earlier one of `se` and `ske`; `None`: governed by a stored access policy.
    #[must_use]
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.grant.expires.map(|bound| bound.at)
    }

    /// The whole URL with its secret, for the service and the sealed store only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.secret
    }

    /// The rules again, for instance for a stored URL at a later time.
    #[must_use]
    pub fn check(&self, context: &SasContext) -> Vec<Finding> {
        inspect(&self.secret, context).findings
    }

    /// Whether both lead to the same container: scheme, host, port and path.
    #[must_use]
    pub fn same_container(&self, other: &Self) -> bool {
        self.place == other.place
    }

    /// What may be shown.
    #[must_use]
    pub fn summary(&self, kind: DestinationKind) -> DestinationSummary {
        DestinationSummary {
            kind,
            place: format!("{}/{}", self.account(), self.container()),
            permissions: self.permissions(),
            expires_at: self.expires_at(),
        }
    }
}

/// `https://account.blob.core.windows.net/container?‹secret›`
impl fmt::Display for SasUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}?‹secret›", self.place.origin, self.place.path)
    }
}

/// As `Display`, so that no type that holds one can betray it.
impl fmt::Debug for SasUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
