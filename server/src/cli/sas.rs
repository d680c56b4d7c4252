//! `help-support sas`: look at a SAS URL before anything depends on it.
//!
//! A SAS URL comes from a file or from standard input, never from an argument: arguments show in
//! the list of processes.

use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use chrono::Utc;
use clap::{Args, Subcommand};
use domain::sas::{Inspection, SasContext, SasUrl, inspect};
use domain::{DestinationKind, DestinationSummary, Finding, Severity};
use engine::LiveCheck;
use serde::Serialize;

use super::output::{show, show_json};
use super::{CommandError, Outcome, open};
use crate::config::{Config, ConfigError};

/// A SAS URL has at most a few KiB; somebody named the wrong file when there is more.
const MOST_BYTES: u64 = 64 * 1024;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what a SAS URL allows and what is wrong with it; exit code 1 when it is not usable, or
    /// the service that was to be asked gave no answer
    Check(Arguments),
}

#[derive(Debug, Args)]
pub struct Arguments {
    /// File that holds the SAS URL, or - for standard input. Default: that of managed storage
    /// where it is configured, else standard input
    #[arg(long, value_name = "F")]
    sas_url_file: Option<PathBuf>,
    /// Also try it on the blob service; nothing is left there
    #[arg(long)]
    live: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Service {
    Agrees,
    Refuses,
    /// It could not be reached, or was too busy to answer.
    NotAsked,
}

/// What a check comes to; holds no secret.
#[derive(Serialize)]
struct Report {
    /// Nothing speaks against it; where the service was to be asked, it has agreed.
    usable: bool,
    /// What the service said; `None` where it was not to be asked.
    service: Option<Service>,
    /// `None` where the text is no SAS URL.
    destination: Option<DestinationSummary>,
    findings: Vec<Finding>,
}

pub async fn check(
    arguments: Arguments,
    load: impl FnOnce() -> Result<Config, ConfigError>,
) -> Result<Outcome, CommandError> {
    // a named file needs no configuration, unless the service is asked
    let named = arguments.sas_url_file.is_some();
    let config = if named && !arguments.live {
        None
    } else {
        Some(load()?)
    };
    let managed = config
        .as_ref()
        .and_then(|config| config.engine.managed_sas_url_file.clone());
    let file = match arguments.sas_url_file.or(managed) {
        Some(file) => file,
        None if io::stdin().is_terminal() => {
            return Err(CommandError::Usage(
                "name the file with --sas-url-file, or - and give the SAS URL on standard input"
                    .to_owned(),
            ));
        }
        None => PathBuf::from("-"),
    };
    let text = read_text(&file)?;
    let Inspection { url, mut findings } = inspect(&text, &SasContext::for_collection(Utc::now()));
    let mut service = None;
    if let (Some(url), Some(config)) = (&url, config.filter(|_| arguments.live)) {
        let engine = open(&config).await?;
        let live = engine.check_sas_live(url).await;
        engine.close().await;
        let live = live?;
        let (said, finding) = match live {
            LiveCheck::Agrees => (Service::Agrees, None),
            LiveCheck::Refuses(finding) => (Service::Refuses, Some(finding)),
            LiveCheck::NotAsked(finding) => (Service::NotAsked, Some(finding)),
        };
        service = Some(said);
        findings.extend(finding);
    }
    let usable = url.is_some() && service.is_none_or(|said| said == Service::Agrees);
    // a lapsed or weak URL is one all the same, and its place worth telling
    let known = url.or_else(|| SasUrl::parse(&text).ok());
    let report = Report {
        usable,
        service,
        destination: known.map(|url| url.summary(DestinationKind::SasUrl)),
        findings,
    };
    if arguments.json {
        show_json(&report)?;
    } else {
        show(&describe(&report))?;
    }
    Ok(if report.usable {
        Outcome::Complete
    } else {
        Outcome::Failed
    })
}

fn describe(report: &Report) -> String {
    let mut lines = Vec::new();
    if let Some(destination) = &report.destination {
        lines.push(format!("Container    {}", destination.place));
        lines.push(match destination.permissions {
            Some(permissions) => format!("Permissions  {permissions}"),
            None => "Permissions  by the account's stored access policy".to_owned(),
        });
        lines.push(match destination.expires_at {
            Some(at) => format!("Expires      {}", at.format("%Y-%m-%d %H:%M UTC")),
            None => "Expires      by the account's stored access policy".to_owned(),
        });
    }
    lines.extend(report.findings.iter().map(describe_finding));
    lines.push(
        match (report.usable, report.service) {
            (true, Some(_)) => "Usable; the blob service agrees.",
            (true, None) => "Usable as far as the text tells; --live asks the blob service.",
            (false, Some(Service::NotAsked)) => {
                "Usable as far as the text tells, but the blob service could not be asked."
            }
            (false, _) => "Not usable.",
        }
        .to_owned(),
    );
    lines.join("\n")
}

fn describe_finding(finding: &Finding) -> String {
    let about = finding
        .parameter
        .as_ref()
        .map_or_else(String::new, |parameter| format!(" ({parameter})"));
    format!(
        "{}{about}: {} {}",
        finding.severity.label(),
        finding.problem,
        finding.advice
    )
}

/// A SAS URL that a collection can go to, or what is wrong with it.
pub fn usable(text: &str) -> Result<SasUrl, CommandError> {
    let context = SasContext::for_collection(Utc::now());
    let Inspection { url, findings } = inspect(text, &context);
    url.ok_or_else(|| {
        let errors: Vec<_> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| format!("--sas-url-file: {}", describe_finding(finding)))
            .collect();
        CommandError::Usage(errors.join("\n"))
    })
}

/// What a file that should hold a SAS URL holds.
pub fn read_text(file: &Path) -> Result<String, CommandError> {
    let unreadable = |error: io::Error| {
        CommandError::Usage(format!(
            "--sas-url-file: {} cannot be read: {error}",
            file.display()
        ))
    };
    let reader: Box<dyn Read> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(std::fs::File::open(file).map_err(unreadable)?)
    };
    let mut text = String::new();
    reader
        .take(MOST_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > MOST_BYTES {
        return Err(CommandError::Usage(format!(
            "--sas-url-file: {} holds more than a SAS URL",
            file.display()
        )));
    }
    Ok(text)
}
