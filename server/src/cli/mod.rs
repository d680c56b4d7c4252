//! The command line. It calls the engine itself, so it works with the portal down and beside it.
//!
//! Standard output holds what was asked for, standard error everything else. Exit codes: 0
//! complete, 3 partially complete, 1 failed, 2 bad usage or configuration.

mod actor;
mod collect;
mod config;
mod drive;
mod ending;
mod estimate;
mod history;
mod output;
mod redact;
mod sas;
mod sas_file;
mod scope;
mod send;
mod user;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use engine::{Engine, EngineError, chain};

use crate::config::{Config, ConfigError};
use crate::serve;
use actor::actor;
pub use output::show;

/// Collects diagnostic logs of this stack and hands them over to support
#[derive(Debug, Parser)]
#[command(name = "help-support", version, arg_required_else_help = true)]
pub struct Cli {
    /// Configuration; help-support.toml in the working directory where it exists
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the portal until told to stop
    Serve,
    /// Collect logs of a period, now and in this process
    Collect(collect::Arguments),
    /// Tell what a collection of a period would amount to, without collecting
    Estimate(estimate::Arguments),
    /// Look at SAS URLs
    Sas {
        #[command(subcommand)]
        command: sas::Command,
    },
    /// Send a collection that was saved with collect --output
    Send(send::Arguments),
    /// Show what a collection would take out of a file
    Redact(redact::Arguments),
    /// List collections, newest first
    History(history::Arguments),
    /// Manage who may sign in to the portal
    User {
        #[command(subcommand)]
        command: user::Command,
    },
    /// Check the configuration, or show an example
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
}

/// How a command went that did what it was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Complete,
    PartiallyComplete,
    /// It came to its end, and the result is a no.
    Failed,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Complete => Self::SUCCESS,
            Outcome::PartiallyComplete => Self::from(3),
            Outcome::Failed => Self::FAILURE,
        }
    }
}

/// Why a command could not do what it was asked to do.
#[derive(Debug)]
pub enum CommandError {
    /// The command or the configuration has to be changed.
    Usage(String),
    /// Something did not work.
    Failed(anyhow::Error),
}

impl CommandError {
    /// What standard error says.
    pub fn text(&self) -> String {
        match self {
            Self::Usage(text) => text.clone(),
            Self::Failed(error) => chain(error.as_ref()),
        }
    }
}

impl From<CommandError> for ExitCode {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Usage(_) => Self::from(2),
            CommandError::Failed(_) => Self::FAILURE,
        }
    }
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Invalid(fields) => Self::Usage(
                fields
                    .into_iter()
                    .map(|error| format!("{}: {}", option(error.field), error.message))
                    .collect::<Vec<_>>()
                    .join("\n"),
            ),
            other => Self::Failed(other.into()),
        }
    }
}

/// The argument that a field of the engine's requests comes from.
fn option(field: &'static str) -> &'static str {
    match field {
        "start" => "--from",
        "end" => "--to",
        "roles" => "--role",
        "nodes" => "--node",
        "kinds" => "--kind",
        "destination" => "--output",
        "sas_url" => "--sas-url-file",
        "directory" => "DIRECTORY",
        "name" => "NAME",
        "password" => "--password-stdin",
        other => other,
    }
}

/// Reads the command line; says what is wrong with it, or shows the help that was asked for.
///
/// A SAS URL that somebody gave in the place of any argument is not repeated, nor taken for the name
/// of a file: what stands on a terminal ends in the logs of whatever runs it.
///
/// # Errors
/// How the program is to end.
pub fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Cli, ExitCode> {
    let arguments: Vec<_> = arguments.collect();
    if arguments.iter().any(|argument| holds_signature(argument)) {
        output::complain(
            "error: a SAS URL is never an argument, since arguments show in the list of processes; \
             put it into a file and name that with --sas-url-file",
        );
        return Err(ExitCode::from(2));
    }
    Cli::try_parse_from(arguments).map_err(|error| {
        if let Err(unprinted) = error.print() {
            tracing::debug!(%unprinted, "nobody reads what is wrong");
        }
        ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
    })
}

fn holds_signature(argument: &OsStr) -> bool {
    let argument = argument.to_string_lossy().to_ascii_lowercase();
    argument.contains("sig=") || argument.contains("sig%3d")
}

impl Cli {
    /// Does what was asked, and says on standard error why not.
    pub async fn run(self) -> ExitCode {
        match self.dispatch().await {
            Ok(outcome) => outcome.into(),
            Err(error) => {
                output::complain(&error.text());
                error.into()
            }
        }
    }

    /// How much is logged without a filter: a server tells what it does, a command only trouble.
    #[must_use]
    pub const fn log_level(&self) -> &'static str {
        match self.command {
            Command::Serve => "info",
            _ => "warn",
        }
    }

    async fn dispatch(self) -> Result<Outcome, CommandError> {
        let load = || Config::load(self.config.as_deref());
        match self.command {
            Command::Serve => {
                serve::serve(&load()?).await?;
                Ok(Outcome::Complete)
            }
            Command::Collect(arguments) => collect::run(arguments, load()?).await,
            Command::Estimate(arguments) => estimate::run(arguments, load()?).await,
            Command::Sas {
                command: sas::Command::Check(arguments),
            } => sas::check(arguments, load).await,
            Command::Send(arguments) => send::run(arguments, load()?).await,
            Command::Redact(arguments) => redact::run(&arguments, &load()?),
            Command::History(arguments) => history::run(arguments, load()?).await,
            Command::User { command } => user::run(command, load()?).await,
            Command::Config { command } => config::run(&command, load),
        }
    }
}

async fn open(config: &Config) -> Result<Engine, CommandError> {
    let engine = Engine::open(config.engine.clone()).await;
    engine.map_err(|error| CommandError::Failed(error.into()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn arguments_are_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_collection_needs_exactly_one_destination() {
        let parse = |more: &[&str]| {
            let base = [
                "help-support",
                "collect",
                "--from",
                "2026-11-20T10:00:00Z",
                "--to",
                "2026-11-20T11:00:00+01:00",
            ];
            Cli::try_parse_from(base.iter().chain(more)).is_ok()
        };
        assert!(parse(&[
            "--output", "x", "--role", "A", "--role", "B", "--kind", "files"
        ]));
        assert!(parse(&["--sas-url-file", "-"]));
        assert!(!parse(&[]));
        assert!(!parse(&["--output", "x", "--sas-url-file", "y"]));
        assert!(!parse(&["--output", "x", "--kind", "share"]));
    }

    #[test]
    fn there_is_no_argument_for_a_sas_url() {
        let command = Cli::command();
        let mut open = vec![&command];
        while let Some(command) = open.pop() {
            open.extend(command.get_subcommands());
            assert!(
                command
                    .get_arguments()
                    .all(|argument| argument.get_long() != Some("sas-url"))
            );
        }
    }
}
