//! What the engine has to know of its stack. The program fills it from `help-support.toml`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono_tz::Tz;
use domain::{NodeName, RoleName, SourceKind, WindowLimits};
use serde::{Deserialize, Serialize};

use crate::limits::{Budgets, Priority};
use crate::redact::OwnRule;
use crate::window::{TimeFormat, TimeKey};

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
    /// How much a collection may keep, and how long it may read.
    pub budgets: Budgets,
    /// How urgent collecting is beside what else runs here.
    pub priority: Priority,
    /// Holds the SAS URL of managed storage; read anew for each use, since such URLs are rotated.
    pub managed_sas_url_file: Option<PathBuf>,
    pub network: NetworkConfig,
    pub redaction: RedactionConfig,
    pub roles: Vec<RoleConfig>,
}

/// How the network is used on the way to a blob container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkConfig {
    /// `None`: as the environment says (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
    pub proxy: Option<ProxyUrl>,
    /// Certificates, in PEM form, of authorities that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
    pub connect_timeout: Duration,
    /// What an answer may take, beside the time that the request itself needs.
    pub read_timeout: Duration,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            proxy: None,
            ca_file: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
        }
    }
}

/// The address of an HTTP proxy. It may hold a user name and a password: neither `Debug` nor
/// `Display` shows more than scheme, host and port.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyUrl(reqwest::Url);

impl ProxyUrl {
    /// # Errors
    /// Says what is wrong, without repeating the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| {
            format!("{what}; write for instance \"http://proxy.contoso.example:3128\"")
        };
        let url = reqwest::Url::parse(text).map_err(|_| wrong("is not a URL"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("is not an http or https URL"));
        }
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("goes on behind the port"));
        }
        Ok(Self(url))
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyUrl({self})")
    }
}

/// What redaction has to know of this stack.
#[derive(Clone, Debug, Default)]
pub struct RedactionConfig {
    /// Names of the stack's hosts, besides this node; for collections without identifiers.
    pub hosts: Vec<String>,
    /// Names of people and accounts; likewise.
    pub users: Vec<String>,
    /// Secrets that only this stack has.
    pub rules: Vec<OwnRule>,
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
        /// How stamps are written; `None`: as the files themselves show.
        #[serde(default)]
        time_format: Option<TimeFormat>,
        /// In which field or column they stand; `None`: as the files themselves show.
        #[serde(default)]
        time_key: Option<TimeKey>,
        /// What is no text is taken too, whole and uncleaned.
        #[serde(default)]
        binary: bool,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_of_a_proxy_is_not_shown() {
        let proxy = ProxyUrl::parse("http://olga:hunter2@proxy.example:3128").unwrap();
        assert_eq!(proxy.to_string(), "http://proxy.example:3128");
        assert!(!format!("{proxy:?}").contains("hunter2"));
        for wrong in [
            "proxy:3128",
            "socks5://hunter2@x",
            "http://hunter2@x/y",
            "hunter2",
        ] {
            let why = ProxyUrl::parse(wrong).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
