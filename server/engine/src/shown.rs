//! What is configured, as it may be shown, stored and put into a manifest.
//!
//! A command's arguments, a path or a unit may hold a secret, which stands in the configuration and
//! nowhere else: it is cleaned as contents are before anything is told of it.

use crate::config::{EngineConfig, RoleConfig, SourceConfig};
use crate::redact::Redactor;

/// Cleans what is shown. To be made once for many texts: it compiles all rules.
pub fn redactor(config: &EngineConfig) -> Redactor {
    Redactor::new().with_own_rules(&config.redaction.rules)
}

/// A role as it may be shown.
#[must_use]
pub fn shown_role(config: &EngineConfig, role: &RoleConfig) -> RoleConfig {
    clean_role(&redactor(config), role)
}

/// The role without secrets; equal to the role where it has none. A command that has one is told as
/// a single text, and cannot be run.
pub fn clean_role(redactor: &Redactor, role: &RoleConfig) -> RoleConfig {
    RoleConfig {
        name: role.name.clone(),
        description: redactor.clean_text(&role.description),
        sources: role
            .sources
            .iter()
            .map(|source| clean_source(redactor, source))
            .collect(),
    }
}

fn clean_source(redactor: &Redactor, source: &SourceConfig) -> SourceConfig {
    let clean = |text: &String| redactor.clean_text(text);
    match source {
        SourceConfig::Files {
            paths,
            time_zone,
            time_format,
            time_key,
            binary,
        } => SourceConfig::Files {
            paths: paths.iter().map(clean).collect(),
            time_zone: *time_zone,
            time_format: time_format.clone(),
            time_key: time_key.clone(),
            binary: *binary,
        },
        SourceConfig::Journal { units, directory } => SourceConfig::Journal {
            units: units.iter().map(clean).collect(),
            directory: directory.as_ref().map(|path| {
                let text = path.to_string_lossy();
                match redactor.clean_text(&text) {
                    clean if clean == text => path.clone(),
                    clean => clean.into(),
                }
            }),
        },
        SourceConfig::Command { name, run, timeout } => {
            // an option and its value stand in two arguments
            let line = run.join(" ");
            let clean_line = redactor.clean_text(&line);
            SourceConfig::Command {
                name: redactor.clean_text(name),
                run: if clean_line == line {
                    run.clone()
                } else {
                    vec![clean_line]
                },
                timeout: *timeout,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::RoleName;

    use super::*;

    fn role(sources: Vec<SourceConfig>) -> RoleConfig {
        RoleConfig {
            name: RoleName("Storage".to_owned()),
            description: "disks".to_owned(),
            sources,
        }
    }

    fn command(run: &[&str]) -> SourceConfig {
        SourceConfig::Command {
            name: "c".to_owned(),
            run: run.iter().map(|&argument| argument.to_owned()).collect(),
            timeout: Duration::from_secs(30),
        }
    }

    fn files(path: &str) -> SourceConfig {
        SourceConfig::Files {
            paths: vec![path.to_owned()],
            time_zone: None,
            time_format: None,
            time_key: None,
            binary: false,
        }
    }

    #[test]
    fn arguments_and_paths_lose_their_secrets_and_nothing_else_changes() {
        let redactor = Redactor::new();
        let plain = role(vec![
            command(&["/usr/bin/ceph", "status", "--format", "json"]),
            files("/var/log/ceph/**/*.log*"),
            SourceConfig::Journal {
                units: vec!["ceph-*.service".to_owned()],
                directory: Some("/var/log/journal".into()),
            },
        ]);
        assert_eq!(clean_role(&redactor, &plain), plain);
        for source in [
            command(&["/bin/db", "--password", "hunter2"]),
            command(&["/bin/db", "--password=hunter2", "status"]),
            command(&["/bin/curl", "https://olga:hunter2@db.example/status"]),
            files("/srv/password=hunter2/*.log"),
        ] {
            let clean = format!("{:?}", clean_role(&redactor, &role(vec![source.clone()])));
            assert!(!clean.contains("hunter2"), "{clean}");
        }
    }
}
