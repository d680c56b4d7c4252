//! `help-support config`: check what is configured, or show an example.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use clap::Subcommand;
use domain::{Reason, format};
use engine::{Compression, EngineConfig, Matched, RoleConfig, SourceConfig, matched, shown_role};

use super::output::show;
use super::{CommandError, Outcome};
use crate::config::{Config, ConfigError, DEFAULT_FILE, EXAMPLE, write_length};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the configuration and print what it amounts to; exit code 2 when it is wrong
    Check,
    /// Print a commented example of everything that can be configured
    Example,
}

pub fn run(
    command: &Command,
    load: impl FnOnce() -> Result<Config, ConfigError>,
) -> Result<Outcome, CommandError> {
    match command {
        Command::Check => show(&describe(&load()?))?,
        Command::Example => show(EXAMPLE.trim_end())?,
    }
    Ok(Outcome::Complete)
}

fn describe(config: &Config) -> String {
    let engine = &config.engine;
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let mut lines = vec![
        match &config.file {
            Some(file) => format!("{} is in order.", file.display()),
            None => format!("There is no {DEFAULT_FILE} here; these are the defaults."),
        },
        String::new(),
    ];
    let fields = [
        ("Stack", engine.stack_name.clone()),
        ("Node", engine.node.to_string()),
        ("Time zone", engine.zone.to_string()),
        ("Listen", config.portal.listen.to_string()),
        (
            "Public URL",
            or_none(config.portal.public_url.as_ref().map(ToString::to_string)),
        ),
        ("Data", engine.data_directory.display().to_string()),
        ("Spool limit", format::bytes(engine.spool_limit_bytes)),
        ("Bundles", engine.bundle_directory.display().to_string()),
        ("Longest window", format::seconds(engine.limits.max_seconds)),
        ("Lookback", format::seconds(engine.limits.lookback_seconds)),
        (
            "Compression",
            match engine.compression {
                Compression::Zstd => "zstd".to_owned(),
                Compression::Deflate => "deflate".to_owned(),
            },
        ),
        ("Volume size", format::bytes(engine.volume_size_bytes)),
        (
            "Bandwidth limit",
            match engine.bandwidth_limit {
                0 => "none".to_owned(),
                limit => format!("{}/s", format::bytes(limit)),
            },
        ),
        (
            "Proxy",
            engine
                .network
                .proxy
                .as_ref()
                .map_or_else(|| "as the environment says".to_owned(), ToString::to_string),
        ),
        (
            "Managed storage",
            or_none(
                engine
                    .managed_sas_url_file
                    .as_ref()
                    .map(|file| format!("SAS URL in {}{}", file.display(), file_warning(file))),
            ),
        ),
    ];
    lines.extend(
        fields
            .iter()
            .map(|(name, value)| format!("{name:<16} {value}")),
    );
    lines.push(String::new());
    lines.push(match (config.roles_found, engine.roles.len()) {
        (_, 0) => "No role: nothing can be collected.".to_owned(),
        (true, _) => "Roles, found on this machine:".to_owned(),
        (false, _) => "Roles:".to_owned(),
    });
    lines.extend(
        engine
            .roles
            .iter()
            .flat_map(|role| describe_role(engine, role)),
    );
    if !engine.redaction.rules.is_empty() {
        lines.push(String::new());
        lines.push("Redaction rules of your own, their examples tried:".to_owned());
        lines.extend(
            engine
                .redaction
                .rules
                .iter()
                .map(|rule| format!("  {}", rule.name())),
        );
    }
    lines.join("\n")
}

/// What is configured, and what of it there is now, without secrets.
fn describe_role(engine: &EngineConfig, role: &RoleConfig) -> Vec<String> {
    let shown = shown_role(engine, role);
    let title = describe_title(&shown);
    let sources = role.sources.iter().zip(&shown.sources);
    let lines = sources.flat_map(|(source, shown)| {
        let warning = match source {
            SourceConfig::Command { run, .. } => command_warning(run),
            SourceConfig::Journal {
                directory: Some(directory),
                ..
            } if !directory.is_dir() => " (warning: there is no such directory)",
            SourceConfig::Journal { .. } | SourceConfig::Files { .. } => "",
        };
        let line = format!("{}{warning}", describe_source(shown));
        std::iter::once(line)
            .chain(caution(source))
            .chain(describe_matches(engine, source, shown))
    });
    std::iter::once(title).chain(lines).collect()
}

/// What to know of a source's format of time.
fn caution(source: &SourceConfig) -> Option<String> {
    let SourceConfig::Files { time_format, .. } = source else {
        return None;
    };
    let caution = time_format.as_ref()?.caution()?;
    Some(format!("               {caution}"))
}

/// What each glob of a source finds now.
fn describe_matches(
    engine: &EngineConfig,
    source: &SourceConfig,
    shown: &SourceConfig,
) -> Vec<String> {
    match (source, shown) {
        (SourceConfig::Files { paths, .. }, SourceConfig::Files { paths: shown, .. }) => paths
            .iter()
            .zip(shown)
            .map(|(glob, shown)| {
                format!("               {shown}: {}", tell(&matched(engine, glob)))
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn tell(matched: &Matched) -> String {
    let files = match matched.files {
        1 => "1 file".to_owned(),
        files => format!("{files} files"),
    };
    match (matched.files, &matched.missing[..]) {
        (_, []) => files,
        (0, [(_, Reason::NotFound)]) => "warning: matches nothing".to_owned(),
        (found, [(name, reason), rest @ ..]) => {
            let files = match found {
                0 => String::new(),
                _ => format!("{files}; "),
            };
            let more = match rest.len() {
                0 => String::new(),
                more => format!("; {more} more cannot be had"),
            };
            format!("{files}warning: {name}: {reason}{more}")
        }
    }
}

fn command_warning(run: &[String]) -> &'static str {
    let Some(program) = run.first() else {
        return "";
    };
    match fs::metadata(Path::new(program)) {
        Ok(found) if found.is_file() && found.permissions().mode() & 0o111 != 0 => "",
        Ok(_) => " (warning: this is no program)",
        Err(_) => " (warning: there is no such program)",
    }
}

fn file_warning(file: &Path) -> String {
    match File::open(file) {
        Ok(_) => String::new(),
        Err(error) => format!(" (warning: it cannot be read: {error})"),
    }
}

fn describe_title(role: &RoleConfig) -> String {
    if role.description.is_empty() {
        format!("  {}", role.name)
    } else {
        format!("  {}: {}", role.name, role.description)
    }
}

fn describe_source(source: &SourceConfig) -> String {
    match source {
        SourceConfig::Files {
            paths,
            time_zone,
            time_format,
            time_key,
            binary,
        } => {
            let zone = time_zone.map(|zone| format!(" (stamps without zone: {zone})"));
            let format = time_format
                .as_ref()
                .map(|format| format!(" (stamps as {format})"));
            let key = time_key.as_ref().map(|key| format!(" (stamps in {key})"));
            format!(
                "    files    {}{}{}{}{}",
                paths.join(", "),
                zone.unwrap_or_default(),
                format.unwrap_or_default(),
                key.unwrap_or_default(),
                if *binary {
                    " (binary ones uncleaned)"
                } else {
                    ""
                }
            )
        }
        SourceConfig::Journal {
            units,
            directory: None,
        } => format!("    journal  {}", units.join(", ")),
        SourceConfig::Journal {
            units,
            directory: Some(directory),
        } => format!(
            "    journal  {} in {}",
            units.join(", "),
            directory.display()
        ),
        SourceConfig::Command { name, run, timeout } => format!(
            "    command  {name}: {} (at most {})",
            run.join(" "),
            write_length(*timeout)
        ),
    }
}
