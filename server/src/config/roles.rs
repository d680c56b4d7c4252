//! `[[role]]` and `[[role.source]]`: the parts of the stack and where their logs come from.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use chrono_tz::Tz;
use domain::RoleName;
use engine::{RoleConfig, SourceConfig};
use globset::GlobBuilder;

use super::reader::{Field, Section};

/// How long a command may take that names no `timeout`.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Every role; what is wrong with one is noted and the others are read on.
pub fn read(sections: Vec<Section<'_, '_>>) -> Vec<RoleConfig> {
    let mut names = HashSet::new();
    sections
        .into_iter()
        .filter_map(|section| role(section, &mut names))
        .collect()
}

fn role(mut section: Section<'_, '_>, names: &mut HashSet<String>) -> Option<RoleConfig> {
    let document = section.document();
    section.need("name", "\"Storage\"");
    let name = section
        .text("name")
        .and_then(|name| name.convert(document, safe_name));
    if let Some(name) = &name
        // names become file names, and not every destination tells case apart
        && !names.insert(name.value.to_lowercase())
    {
        name.wrong(
            document,
            format!("a role named {:?} is already there", name.value),
        );
    }
    let description = section
        .text("description")
        .map_or_else(String::new, |field| field.value);
    let mut commands = HashSet::new();
    let sources = match section.sections("source") {
        Some(sources) => sources
            .into_iter()
            .filter_map(|section| source(section, &mut commands))
            .collect(),
        None => {
            section.wrong("has no source; add [[role.source]] with its kind");
            Vec::new()
        }
    };
    section.finish();
    Some(RoleConfig {
        name: RoleName(name?.value),
        description,
        sources,
    })
}

fn source(mut section: Section<'_, '_>, commands: &mut HashSet<String>) -> Option<SourceConfig> {
    section.need("kind", "\"files\"");
    let kind = section.text("kind")?;
    let source = match kind.value.as_str() {
        "files" => files(&mut section),
        "journal" => journal(&mut section),
        "command" => command(&mut section, commands),
        other => {
            kind.wrong(
                section.document(),
                format!(
                    "{other:?} is not a kind of source; write \"files\", \"journal\" or \"command\""
                ),
            );
            return None;
        }
    };
    section.finish();
    source
}

fn files(section: &mut Section<'_, '_>) -> Option<SourceConfig> {
    let document = section.document();
    section.need("paths", "[\"/var/log/ceph/**/*.log*\"]");
    let paths = each(section.texts("paths"), section, glob);
    let time_zone = section.text("time_zone").and_then(|field| {
        field
            .convert(document, |text| time_zone(&text))
            .map(|field| field.value)
    });
    let time_format = section
        .text("time_format")
        .and_then(|field| field.convert(document, |text| text.parse()))
        .map(|field| field.value);
    let time_key = section
        .text("time_key")
        .and_then(|field| field.convert(document, |text| text.parse()))
        .map(|field| field.value);
    let binary = section.flag("binary").is_some_and(|field| field.value);
    Some(SourceConfig::Files {
        paths,
        time_zone,
        time_format,
        time_key,
        binary,
    })
}

fn journal(section: &mut Section<'_, '_>) -> Option<SourceConfig> {
    let document = section.document();
    section.need("units", "[\"ceph-*.service\"]");
    let units = each(section.texts("units"), section, unit_glob);
    let directory = section
        .text("directory")
        .and_then(|field| field.convert(document, absolute))
        .map(|field| field.value.into());
    Some(SourceConfig::Journal { units, directory })
}

fn command(section: &mut Section<'_, '_>, names: &mut HashSet<String>) -> Option<SourceConfig> {
    let document = section.document();
    section.need("name", "\"ceph-status\"");
    let name = section
        .text("name")
        .and_then(|name| name.convert(document, safe_name));
    if let Some(name) = &name
        && !names.insert(name.value.to_lowercase())
    {
        name.wrong(
            document,
            format!(
                "this role already has a command named {:?}; their outputs would overwrite each other",
                name.value
            ),
        );
    }
    section.need("run", "[\"/usr/bin/ceph\", \"status\"]");
    let run = section.texts("run").and_then(|run| program(run, section));
    let timeout = section
        .length("timeout")
        .map_or(DEFAULT_TIMEOUT, |field| field.value);
    Some(SourceConfig::Command {
        name: name?.value,
        run: run?,
        timeout,
    })
}

/// The texts of a list that stand the check; those that do not are noted.
fn each(
    list: Option<Field<Vec<Field<String>>>>,
    section: &Section<'_, '_>,
    check: impl Fn(String) -> Result<String, String>,
) -> Vec<String> {
    list.into_iter()
        .flat_map(|list| list.value)
        .filter_map(|text| text.convert(section.document(), &check))
        .map(|text| text.value)
        .collect()
}

fn program(run: Field<Vec<Field<String>>>, section: &Section<'_, '_>) -> Option<Vec<String>> {
    let first = run.value.first()?;
    if !Path::new(&first.value).is_absolute() {
        first.wrong(
            section.document(),
            format!(
                "{:?} is not an absolute path; write the program with its directory, for instance \"/usr/bin/{}\"",
                first.value,
                first.value.rsplit('/').next().unwrap_or_default()
            ),
        );
        return None;
    }
    Some(run.value.into_iter().map(|text| text.value).collect())
}

/// A glob that the engine can follow from the root of the file system.
fn glob(text: String) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err(format!(
            "{text:?} is relative; write where it begins, for instance \"/var/log/{}\"",
            text.trim_start_matches("./")
        ));
    }
    if text.split('/').any(|step| step == "..") {
        return Err(format!("{text:?} goes up by \"..\"; write the path itself"));
    }
    match GlobBuilder::new(&text).literal_separator(true).build() {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("{text:?} is not a pattern: {}", error.kind())),
    }
}

fn unit_glob(text: String) -> Result<String, String> {
    // a leading dash would be an option to journalctl
    let fits = |letter: char| letter.is_ascii_graphic() && letter != '/';
    if text.starts_with('-') || !text.chars().all(fits) {
        return Err(format!(
            "{text:?} cannot be a unit; write a name or a pattern, for instance \"ceph-*.service\""
        ));
    }
    Ok(text)
}

fn absolute(text: String) -> Result<String, String> {
    if Path::new(&text).is_absolute() {
        Ok(text)
    } else {
        Err(format!("{text:?} is relative; write it from the root on"))
    }
}

/// A name that can stand in a path on every destination.
///
/// # Errors
/// A sentence that says which names can.
pub fn safe_name(text: String) -> Result<String, String> {
    let inside = |letter: char| letter.is_alphanumeric() || " -_.()+".contains(letter);
    let begins = text.starts_with(char::is_alphanumeric);
    let ends = !text.ends_with([' ', '.']);
    if begins && ends && text.chars().all(inside) && text.len() <= 64 {
        Ok(text)
    } else {
        Err(format!(
            "{text:?} cannot be part of a path; use up to 64 letters, digits, spaces, dashes and dots, \
             beginning with a letter or digit"
        ))
    }
}

/// # Errors
/// A sentence that says how zones are named.
pub fn time_zone(text: &str) -> Result<Tz, String> {
    text.parse().map_err(|_| {
        format!("{text:?} is not a time zone; write for instance \"Europe/Zurich\" or \"UTC\"")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_within_their_directory() {
        for good in ["Storage", "ceph-status", "Node 2 (spare)", "Größe"] {
            assert!(safe_name(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["../etc", "a/b", ".hidden", "", " x", "x.", "a\0b", "a\\b"] {
            assert!(safe_name(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn globs_begin_at_the_root() {
        assert!(glob("/var/log/**/*.log*".to_owned()).is_ok());
        for bad in ["var/log/*", "./x", "/var/../etc/*", "/var/log/[a"] {
            assert!(glob(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_unit_cannot_become_an_option() {
        assert!(unit_glob("ceph-*.service".to_owned()).is_ok());
        assert!(unit_glob("--vacuum-size=1".to_owned()).is_err());
    }
}
