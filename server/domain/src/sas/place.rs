//! Where a SAS URL points: account and container.
//!
//! Nothing of the host or the path is repeated in a finding, since a mangled URL may have its
//! signature there. For the same reason names are held to the service's spelling (lower case),
//! which a signature does not fit: what passes may be shown.

use url::{Host, Url};

use super::finding::{Finding, Severity};

/// The clouds whose blob hosts are `{account}.blob.{suffix}`.
const SUFFIXES: [&str; 5] = [
    "core.windows.net",
    "core.chinacloudapi.cn",
    "core.usgovcloudapi.net",
    "storage.azure.net",
    "local.azurestack.external",
];

/// A container of an account.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Scheme, host and port.
    pub origin: String,
    /// Of the container: `/container`, or `/account/container` at an emulator.
    pub path: String,
    pub account: String,
    pub container: String,
}

/// What the path names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Container,
    /// Something inside the container.
    Deeper,
}

/// Account and container, or `None`, and then the findings say why.
pub(super) fn read(url: &Url, findings: &mut Vec<Finding>) -> Option<(Place, Depth)> {
    let mut error = |problem: &str, advice: &str| {
        findings.push(Finding::whole(Severity::Error, problem, advice));
    };
    if !url.username().is_empty() || url.password().is_some() {
        error(
            "The URL holds a user name or a password before its host.",
            "Paste the SAS URL as support gave it to you; nothing belongs between :// and the host.",
        );
    }
    if url.fragment().is_some() {
        error(
            "The URL has a # in it, and what follows would not be sent.",
            "Paste the SAS URL as support gave it to you; it has no #.",
        );
    }
    let Some(host) = url
        .host()
        .filter(|_| matches!(url.scheme(), "https" | "http"))
    else {
        error(
            "The URL does not begin with https://.",
            "Paste the whole SAS URL, from https:// to its end.",
        );
        return None;
    };
    if url.scheme() == "http" && !is_loopback(&host) {
        error(
            "The URL begins with http://: logs would travel unencrypted.",
            "Let it begin with https://.",
        );
    }

    let segments = segments(url);
    let (account, names) = match account(&host, findings)? {
        Account::Named(account) => (account, segments.as_slice()),
        Account::InPath => match segments.split_first() {
            Some((account, rest)) if is_name(account, 3..=63) => ((*account).to_owned(), rest),
            _ => {
                findings.push(Finding::whole(
                    Severity::Error,
                    "The URL names no storage account.",
                    "At this host the path begins with the account: /account/container.",
                ));
                return None;
            }
        },
    };
    let container = container(names.first().copied(), findings)?;
    let prefix = segments.len() - names.len() + 1;
    let place = Place {
        origin: url.origin().ascii_serialization(),
        path: segments
            .iter()
            .take(prefix)
            .fold(String::new(), |path, name| path + "/" + name),
        account,
        container,
    };
    let depth = if names.len() > 1 {
        Depth::Deeper
    } else {
        Depth::Container
    };
    Some((place, depth))
}

/// The names in the path; slashes at its end mean nothing.
fn segments(url: &Url) -> Vec<&str> {
    match url.path().trim_end_matches('/') {
        "" => Vec::new(),
        path => path.trim_start_matches('/').split('/').collect(),
    }
}

enum Account {
    Named(String),
    /// Emulators and appliances without names of their own have it as the path's first segment.
    InPath,
}

fn account(host: &Host<&str>, findings: &mut Vec<Finding>) -> Option<Account> {
    let domain = match host {
        Host::Domain(domain) => domain.trim_end_matches('.'),
        Host::Ipv4(_) | Host::Ipv6(_) => {
            if !is_loopback(host) {
                findings.push(unknown_host());
            }
            return Some(Account::InPath);
        }
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if domain.is_empty() || !domain.chars().all(is_plain) {
        findings.push(Finding::whole(
            Severity::Error,
            "The URL's host has characters that do not belong there.",
            "Copy the SAS URL again; a / may be missing after the host.",
        ));
        return None;
    }
    if !domain.contains('.') {
        if domain != "localhost" {
            findings.push(unknown_host());
        }
        return Some(Account::InPath);
    }
    let known = SUFFIXES
        .iter()
        .find_map(|suffix| domain.strip_suffix(suffix)?.strip_suffix('.'));
    if let Some(labels) = known {
        return account_of_known_cloud(labels, findings).map(Account::Named);
    }
    if !is_loopback(host) {
        findings.push(unknown_host());
    }
    // `{account}.blob.{suffix}` of some other cloud; else the domain is the account's own
    let named = match domain.split_once(".blob.") {
        Some((account, _)) if is_name(account, 3..=24) => account,
        _ => domain,
    };
    Some(Account::Named(named.to_owned()))
}

/// The account from what precedes a known suffix: `{account}.blob`, or `{account}.{zone}.blob`.
fn account_of_known_cloud(labels: &str, findings: &mut Vec<Finding>) -> Option<String> {
    let account = labels.split('.').next().unwrap_or_default();
    let (problem, advice) = if labels.rsplit('.').next() != Some("blob") || labels == "blob" {
        (
            "The host is not that of a blob service.",
            "Ask support for the SAS URL of a blob container; its host has .blob. after the account's name.",
        )
    } else if account.ends_with("-secondary") {
        (
            "The host is the account's secondary one, which can only be read.",
            "Leave out -secondary after the account's name.",
        )
    } else if !is_name(account, 3..=24) {
        (
            "The storage account's name is not a valid one.",
            "Copy the SAS URL again; a name has 3 to 24 small letters and digits.",
        )
    } else {
        return Some(account.to_owned());
    };
    findings.push(Finding::whole(Severity::Error, problem, advice));
    None
}

fn container(name: Option<&str>, findings: &mut Vec<Finding>) -> Option<String> {
    let (problem, advice) = match name {
        None => (
            "The URL names no container.",
            "Ask support for the SAS URL of a container, or put /container before the question mark.",
        ),
        Some(name) if name.starts_with('$') || name.starts_with("%24") => (
            "The URL names one of the account's own containers, which is not for logs.",
            "Ask support for the SAS URL of another container.",
        ),
        Some(name) if is_container(name) => return Some(name.to_owned()),
        Some(_) => (
            "The container's name is not a valid one.",
            "Copy the SAS URL again; a name has 3 to 63 small letters, digits and single hyphens.",
        ),
    };
    findings.push(Finding::whole(Severity::Error, problem, advice));
    None
}

fn is_container(name: &str) -> bool {
    is_name(&name.replace('-', ""), 1..=63)
        && (3..=63).contains(&name.len())
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

/// Small letters and digits only, of such a length.
fn is_name(text: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Hosts that can only be this machine.
fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(domain) => {
            let domain = domain.trim_end_matches('.');
            domain == "localhost" || domain.ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn unknown_host() -> Finding {
    Finding::whole(
        Severity::Warning,
        "The host is not one of the known blob services.",
        "Make sure that the URL comes from support; a private cloud or a domain of its own is fine.",
    )
}
