//! `help-support.toml`: what the program is told before it starts.
//!
//! The file is read whole, and every problem is reported with file, line and field, so that it is
//! put right in one go. Unknown fields are refused: a misspelt one would silently mean its default.

mod discover;
mod limits;
mod reader;
mod redaction;
mod roles;
mod sections;
mod units;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use engine::EngineConfig;
use thiserror::Error;
use url::Url;

pub use reader::Problem;
pub use units::{length, write_length};

/// Looked for in the working directory when no file is named.
pub const DEFAULT_FILE: &str = "help-support.toml";

/// A commented example of everything that can be configured.
pub const EXAMPLE: &str = include_str!("example.toml");

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it came from; `None`: there is no file and everything is as found or as by default.
    pub file: Option<PathBuf>,
    pub portal: PortalConfig,
    pub engine: EngineConfig,
    /// Whether the roles were found on this machine rather than configured.
    pub roles_found: bool,
}

/// Where the portal listens and how it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalConfig {
    pub listen: SocketAddr,
    /// What people type into their browser, where that is not `listen`. Without TLS only at a
    /// loopback address.
    pub public_url: Option<Url>,
}

impl PortalConfig {
    /// Whether cookies must be marked *Secure*: everywhere but where browsers reach the portal at
    /// a loopback address without TLS. What they type decides, not what a proxy connects to.
    #[must_use]
    pub fn needs_secure_cookies(&self) -> bool {
        match &self.public_url {
            Some(url) => url.scheme() == "https",
            None => !self.listen.ip().is_loopback(),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{}: cannot be read: {source}", .file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("{}", Listing { file, problems })]
    Wrong {
        file: PathBuf,
        problems: Vec<Problem>,
    },
    #[error("the working directory cannot be found: {0}")]
    NoWorkingDirectory(io::Error),
}

/// Problems as compilers write them: `file:line: field: what is wrong`.
struct Listing<'a> {
    file: &'a Path,
    problems: &'a [Problem],
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.problems.iter().enumerate() {
            let end = if position == 0 { "" } else { "\n" };
            write!(f, "{end}{}:{problem}", self.file.display())?;
        }
        Ok(())
    }
}

impl Config {
    /// Reads `file`, or [`DEFAULT_FILE`] where it exists, or takes what this machine offers.
    ///
    /// # Errors
    /// The file cannot be read, or lists what is wrong with it.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let here = std::env::current_dir().map_err(ConfigError::NoWorkingDirectory)?;
        let file = match file {
            Some(file) => Some(file),
            // one that is there and cannot be read is told, not passed over
            None => Some(Path::new(DEFAULT_FILE)).filter(|file| !is_absent(file)),
        };
        let Some(file) = file else {
            return Self::parse("", None, &here);
        };
        let text = std::fs::read_to_string(file).map_err(|source| ConfigError::Unreadable {
            file: file.to_owned(),
            source,
        })?;
        let folder = file
            .parent()
            .map_or_else(|| here.clone(), |parent| here.join(parent));
        Self::parse(&text, Some(file.to_owned()), &folder)
    }

    /// Relative paths are taken from `folder`.
    fn parse(text: &str, file: Option<PathBuf>, folder: &Path) -> Result<Self, ConfigError> {
        let document = reader::Document::new(text);
        let parsed = sections::read(&document, folder);
        let problems = document.into_problems();
        if problems.is_empty() {
            Ok(Self { file, ..parsed })
        } else {
            Err(ConfigError::Wrong {
                file: file.unwrap_or_else(|| DEFAULT_FILE.into()),
                problems,
            })
        }
    }
}

fn is_absent(file: &Path) -> bool {
    std::fs::symlink_metadata(file).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use engine::{Compression, SourceConfig};

    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        Config::parse(text, Some("x.toml".into()), Path::new("/srv/help"))
    }

    fn refused(text: &str) -> String {
        parse(text).expect_err("problems").to_string()
    }

    #[test]
    fn the_example_is_accepted_and_shows_the_defaults() {
        let example = parse(EXAMPLE).expect("no problem");
        let defaults = parse("").expect("no problem");
        assert_eq!(example.portal.listen, defaults.portal.listen);
        let (example, defaults) = (example.engine, defaults.engine);
        assert_eq!(example.data_directory, defaults.data_directory);
        assert_eq!(example.spool_limit_bytes, defaults.spool_limit_bytes);
        assert_eq!(example.bundle_directory, defaults.bundle_directory);
        assert_eq!(example.limits, defaults.limits);
        assert_eq!(example.compression, defaults.compression);
        assert_eq!(example.volume_size_bytes, defaults.volume_size_bytes);
        assert_eq!(example.bandwidth_limit, defaults.bandwidth_limit);
        assert_eq!(example.budgets, defaults.budgets);
        assert_eq!(example.priority, defaults.priority);
    }

    #[test]
    fn nothing_configured_means_the_documented_defaults() {
        let config = parse("").expect("no problem");
        assert_eq!(config.portal.listen.to_string(), "127.0.0.1:3000");
        assert!(config.roles_found);
        let engine = config.engine;
        assert_eq!(engine.data_directory, Path::new("/srv/help/data"));
        assert_eq!(engine.bundle_directory, Path::new("/srv/help/data/bundles"));
        assert_eq!(engine.spool_limit_bytes, 20 << 30);
        assert_eq!(engine.limits.max_seconds, 4 * 3600);
        assert_eq!(engine.limits.lookback_seconds, 7 * 86_400);
        assert_eq!(engine.compression, Compression::Zstd);
        assert_eq!(engine.volume_size_bytes, 512 << 20);
        assert_eq!(engine.bandwidth_limit, 0);
    }

    #[test]
    fn roles_are_taken_as_configured() {
        let config = parse(
            "[[role]]\nname = \"A\"\n[[role.source]]\nkind = \"journal\"\nunits = [\"*\"]\ndirectory = \"/j\"\n\
             [[role.source]]\nkind = \"command\"\nname = \"c\"\nrun = [\"/bin/c\", \"-x\"]\ntimeout = \"90s\"\n",
        )
        .expect("no problem");
        assert!(!config.roles_found);
        assert_eq!(
            config.engine.roles[0].sources,
            [
                SourceConfig::Journal {
                    units: vec!["*".to_owned()],
                    directory: Some("/j".into())
                },
                SourceConfig::Command {
                    name: "c".to_owned(),
                    run: vec!["/bin/c".to_owned(), "-x".to_owned()],
                    timeout: Duration::from_secs(90)
                }
            ]
        );
    }

    #[test]
    fn errors_name_file_line_and_field() {
        assert_eq!(
            refused("[collection]\nmax_window = \"4x\"\n"),
            "x.toml:2: collection.max_window: \"4x\" is not a length of time; write for instance \"4h\" or \"30m\""
        );
    }

    #[test]
    fn all_errors_are_told_at_once() {
        let text = refused(
            "[stack]\nname = \"a/b\"\n[portal]\nlisten = \"here\"\nport = 1\n[data]\nspool_limit = \"0\"\n",
        );
        for start in [
            "x.toml:2: stack.name: ",
            "x.toml:4: portal.listen: ",
            "x.toml:5: portal.port: ",
            "x.toml:7: data.spool_limit: ",
        ] {
            assert!(
                text.lines().any(|line| line.starts_with(start)),
                "{start} in {text}"
            );
        }
    }

    #[test]
    fn roles_that_cannot_work_are_refused() {
        for (text, expected) in [
            ("[[role]]\n", "x.toml:1: role.name: is missing"),
            ("role = []\n", "x.toml:1: role: is empty"),
            (
                "[[role]]\nname = \"A\"\nsource = []\n",
                "x.toml:3: role.source: is empty",
            ),
            ("[[role]]\nname = \"A\"\n", "x.toml:1: role: has no source"),
            (
                "[[role]]\nname = \"A\"\n[[role.source]]\nkind = \"files\"\npaths = [\"logs/*\"]\n",
                "x.toml:5: role.source.paths: \"logs/*\" is relative",
            ),
            (
                "[[role]]\nname = \"A\"\n[[role.source]]\nkind = \"command\"\nname = \"x\"\nrun = [\"df\"]\n",
                "x.toml:6: role.source.run: \"df\" is not an absolute path",
            ),
            (
                "[[role]]\nname = \"A\"\n[[role.source]]\nkind = \"command\"\nname = \"x\"\nrun = []\n",
                "x.toml:6: role.source.run: is empty",
            ),
            (
                "[[role]]\nname = \"A\"\n[[role.source]]\nkind = \"share\"\n",
                "x.toml:4: role.source.kind: \"share\" is not a kind",
            ),
            (
                "[[role]]\nname = \"A\"\n[[role.source]]\nkind = \"files\"\npaths = [\"/a\"]\n\
                 [[role]]\nname = \"a\"\n[[role.source]]\nkind = \"files\"\npaths = [\"/a\"]\n",
                "x.toml:7: role.name: a role named \"a\" is already there",
            ),
        ] {
            let told = refused(text);
            assert!(told.contains(expected), "{expected} in {told}");
        }
    }

    #[test]
    fn only_a_loopback_portal_without_tls_goes_without_secure_cookies() {
        let secure = |text: &str| {
            parse(text)
                .expect("no problem")
                .portal
                .needs_secure_cookies()
        };
        assert!(!secure(""));
        assert!(secure("[portal]\nlisten = \"0.0.0.0:3000\"\n"));
        assert!(secure("[portal]\npublic_url = \"https://help.example\"\n"));
        assert!(!secure(
            "[portal]\nlisten = \"0.0.0.0:3000\"\npublic_url = \"http://localhost:8080\"\n"
        ));
    }
}
