//! `help-support collect`: one collection, run in this process.
//!
//! It stands in the same history and queue as those of the portal. A signal cancels it cleanly, a
//! second one ends the program.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use domain::DestinationChoice;
use engine::CollectionRequest;

use super::drive::{OnSignal, drive};
use super::ending::{Form, tell};
use super::output::complain;
use super::sas_file::SasFile;
use super::scope::Scope;
use super::{CommandError, Outcome, actor, open};
use crate::config::{Config, DEFAULT_FILE};
use crate::shutdown;

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("place").required(true).args(["sas_url_file", "output"]))]
pub struct Arguments {
    #[command(flatten)]
    scope: Scope,
    /// File that holds the SAS URL of the blob container, or - for standard input. While the
    /// collection waits, the file may be given another one
    #[arg(long, value_name = "F")]
    sas_url_file: Option<PathBuf>,
    /// Directory to put the bundles into
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Replace addresses, names of hosts and users, and card numbers by pseudonyms
    #[arg(long)]
    identifiers: bool,
    /// Print the manifest with the final state as one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments, config: Config) -> Result<Outcome, CommandError> {
    let (destination, sas_file) = match (&arguments.sas_url_file, &arguments.output) {
        (Some(file), _) => {
            let (file, sas) = SasFile::read(file)?;
            (DestinationChoice::SasUrl(sas), Some(file))
        }
        (None, Some(output)) if output.to_string_lossy().contains("://") => {
            return Err(CommandError::Usage(
                "--output: takes a directory, not a URL; write a SAS URL into a file and name that \
                 with --sas-url-file"
                    .to_owned(),
            ));
        }
        (None, output) => {
            let directory = output.as_ref().map(std::path::absolute).transpose()?;
            (DestinationChoice::Directory(directory), None)
        }
    };
    if config.file.is_none() {
        complain(&format!(
            "There is no {DEFAULT_FILE} here: the roles are those found on this machine, the records go to {}",
            config.engine.data_directory.display()
        ));
    }
    let scope = arguments.scope;
    let request = CollectionRequest {
        start: scope.from,
        end: scope.to,
        roles: scope.roles,
        nodes: scope.nodes,
        kinds: scope.kinds,
        destination,
        identifiers: arguments.identifiers,
    };
    let engine = open(&config).await?;
    let stop = shutdown::on_signal()?;
    let id = engine.start_held(request, &actor()).await?;
    drive(&engine, id, stop, OnSignal::Cancel, sas_file).await?;

    let form = if arguments.json {
        Form::Manifest
    } else {
        Form::Text
    };
    let outcome = tell(&engine, id, form).await?;
    engine.close().await;
    Ok(outcome)
}
