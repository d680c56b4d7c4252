//! What a SAS grants and for how long, out of its parameters.
//!
//! Everything here holds at any time; what depends on the present time is in `rules`.

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::{Finding, Severity};
use super::parameters::Parameters;
use super::permissions::Permissions;
use super::stamp;

const ASK: &str = "Ask support for the SAS URL of a container.";
const COPY: &str = "Copy the SAS URL again, as support gave it to you.";

/// The longest life that the service gives to a user delegation key.
const MAX_KEY_LIFE: TimeDelta = TimeDelta::days(7);

/// A moment with the parameter that sets it.
#[derive(Clone, Copy)]
pub(super) struct Bound {
    pub at: DateTime<Utc>,
    pub parameter: &'static str,
}

/// Rights and life. What is `None` is left to a stored access policy, or has no bound.
#[derive(Clone, Copy)]
pub(super) struct Grant {
    pub permissions: Option<Permissions>,
    /// The later one of `st` and `skt`.
    pub starts: Option<Bound>,
    /// The earlier one of `se` and `ske`.
    pub expires: Option<Bound>,
}

/// The three kinds of SAS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Signed with the account's key, for one resource (`sr`).
    Service,
    /// Signed with the account's key, for services and resource types (`ss`, `srt`).
    Account,
    /// Signed with a key of its own, made for somebody who signed in (`skoid` …).
    UserDelegation,
}

impl Kind {
    fn of(parameters: &Parameters) -> Self {
        let has = |names: &[&str]| names.iter().any(|name| parameters.get(name).is_some());
        if has(&["ss", "srt"]) {
            Self::Account
        } else if has(&["skoid", "sktid", "skt", "ske", "sks", "skv"]) {
            Self::UserDelegation
        } else {
            Self::Service
        }
    }
}

/// Reads the parameters into a grant. `is_http` tells that the URL is not encrypted.
pub(super) fn read(parameters: &Parameters, is_http: bool, findings: &mut Vec<Finding>) -> Grant {
    let kind = Kind::of(parameters);
    version(parameters, findings);
    match kind {
        Kind::Account => services(parameters, findings),
        Kind::Service | Kind::UserDelegation => resource(parameters, findings),
    }
    let has_policy = policy(kind, parameters, findings);
    let permissions = permissions(parameters, has_policy, findings);
    let starts = moment("st", parameters, findings);
    let expires = moment("se", parameters, findings);
    if parameters.get("se").is_none() && !has_policy {
        findings.push(Finding::about(
            "se",
            Severity::Error,
            "The expiry (se) is missing.",
            COPY,
        ));
    }
    let (key_starts, key_expires) = match kind {
        Kind::UserDelegation => delegation_key(parameters, findings),
        Kind::Service | Kind::Account => (None, None),
    };
    protocol(parameters, is_http, findings);
    if parameters.get("sip").is_some() {
        findings.push(Finding::about(
            "sip",
            Severity::Warning,
            "The SAS URL works from certain IP addresses only (sip).",
            "Make sure that this machine's outbound address is among them.",
        ));
    }
    let grant = Grant {
        permissions,
        starts: [starts, key_starts]
            .into_iter()
            .flatten()
            .max_by_key(|bound| bound.at),
        expires: [expires, key_expires]
            .into_iter()
            .flatten()
            .min_by_key(|bound| bound.at),
    };
    if let (Some(starts), Some(expires)) = (grant.starts, grant.expires)
        && starts.at >= expires.at
    {
        findings.push(Finding::about(
            expires.parameter,
            Severity::Error,
            "The SAS URL ends before it begins, so it is never valid.",
            "Ask support for a new one.",
        ));
    }
    grant
}

fn version(parameters: &Parameters, findings: &mut Vec<Finding>) {
    let problem = match parameters.get("sv") {
        None => "The service version (sv) is missing.",
        Some(text) if stamp::date(text).is_none() => {
            "The service version (sv) is not a date like 2024-11-04."
        }
        Some(_) => return,
    };
    findings.push(Finding::about("sv", Severity::Error, problem, COPY));
}

/// `sr` of a service or user delegation SAS.
fn resource(parameters: &Parameters, findings: &mut Vec<Finding>) {
    let problem = match parameters.get("sr") {
        Some("c") => return,
        Some("b" | "bv" | "bs") => {
            "This is the SAS URL of a single blob, which cannot take a collection."
        }
        Some("d") => "This is the SAS URL of a directory, which cannot take a collection.",
        Some("f" | "s") => "This is the SAS URL of a file share, not of a blob container.",
        Some(_) => "The kind of resource (sr) is not known.",
        None => "The kind of resource (sr) is missing.",
    };
    findings.push(Finding::about("sr", Severity::Error, problem, ASK));
}

/// `ss` and `srt` of an account SAS.
fn services(parameters: &Parameters, findings: &mut Vec<Finding>) {
    let mut error = |parameter, problem| {
        findings.push(Finding::about(parameter, Severity::Error, problem, ASK));
    };
    match parameters.get("ss") {
        None => error("ss", "The services of the account SAS (ss) are missing."),
        Some(services) if !services.contains('b') => {
            error(
                "ss",
                "The account SAS is not for the blob service: ss has no b.",
            );
        }
        Some(_) => {}
    }
    match parameters
        .get("srt")
        .map(|types| (types.contains('c'), types.contains('o')))
    {
        None => error(
            "srt",
            "The resource types of the account SAS (srt) are missing.",
        ),
        Some((true, true)) => {}
        Some((false, true)) => error(
            "srt",
            "The account SAS does not cover containers: srt has no c.",
        ),
        Some((true, false)) => error("srt", "The account SAS does not cover blobs: srt has no o."),
        Some((false, false)) => {
            error(
                "srt",
                "The account SAS covers neither containers nor blobs: srt has no c and no o.",
            );
        }
    }
    if parameters.get("sr").is_some() {
        findings.push(Finding::about(
            "sr",
            Severity::Warning,
            "The URL has the parameters of an account SAS (ss, srt) and of a container's (sr).",
            COPY,
        ));
    }
}

/// Whether a stored access policy may carry what the URL does not say.
fn policy(kind: Kind, parameters: &Parameters, findings: &mut Vec<Finding>) -> bool {
    if parameters.get("si").is_none() {
        return false;
    }
    if kind != Kind::Service {
        findings.push(Finding::about(
            "si",
            Severity::Error,
            "The URL names a stored access policy (si), which this kind of SAS cannot have.",
            "Ask support for a new one.",
        ));
        return false;
    }
    if parameters.get("sp").is_none() || parameters.get("se").is_none() {
        findings.push(Finding::about(
            "si",
            Severity::Information,
            "Rights or expiry are set by a stored access policy in the storage account.",
            "They cannot be told from the URL; only a live test tells.",
        ));
    }
    true
}

fn permissions(
    parameters: &Parameters,
    has_policy: bool,
    findings: &mut Vec<Finding>,
) -> Option<Permissions> {
    let Some(letters) = parameters.get("sp") else {
        if !has_policy {
            findings.push(Finding::about(
                "sp",
                Severity::Error,
                "The permissions (sp) are missing.",
                COPY,
            ));
        }
        return None;
    };
    let (permissions, all_known) = Permissions::known_among(letters);
    if !all_known {
        findings.push(Finding::about(
            "sp",
            Severity::Warning,
            "Some of the permissions (sp) are not known.",
            COPY,
        ));
    }
    Some(permissions)
}

fn moment(
    name: &'static str,
    parameters: &Parameters,
    findings: &mut Vec<Finding>,
) -> Option<Bound> {
    let at = stamp::time(parameters.get(name)?);
    if at.is_none() {
        findings.push(Finding::about(
            name,
            Severity::Error,
            format!("The time in {name} is not in the form 2026-11-20T10:00:00Z."),
            COPY,
        ));
    }
    at.map(|at| Bound {
        at,
        parameter: name,
    })
}

/// Life of the user delegation key.
fn delegation_key(
    parameters: &Parameters,
    findings: &mut Vec<Finding>,
) -> (Option<Bound>, Option<Bound>) {
    for name in ["skoid", "sktid", "skt", "ske", "sks", "skv"] {
        if parameters.get(name).is_none() {
            findings.push(Finding::about(
                name,
                Severity::Error,
                format!("The parameter {name} of a user delegation SAS is missing."),
                COPY,
            ));
        }
    }
    let bounds = (
        moment("skt", parameters, findings),
        moment("ske", parameters, findings),
    );
    if let (Some(starts), Some(expires)) = bounds
        && expires.at.signed_duration_since(starts.at) > MAX_KEY_LIFE
    {
        findings.push(Finding::about(
            "ske",
            Severity::Error,
            "The user delegation key (skt to ske) would live longer than the 7 days that the service allows.",
            "Ask support for a new one.",
        ));
    }
    bounds
}

fn protocol(parameters: &Parameters, is_http: bool, findings: &mut Vec<Finding>) {
    let (problem, advice) = match parameters.get("spr") {
        None | Some("https,http") => return,
        Some("https") if !is_http => return,
        Some("https") => (
            "The SAS is for https only (spr), and the URL begins with http://.",
            "Let it begin with https://, or ask for one that allows http.",
        ),
        Some(_) => (
            "The allowed protocols (spr) are neither https nor https,http.",
            COPY,
        ),
    };
    findings.push(Finding::about("spr", Severity::Error, problem, advice));
}
