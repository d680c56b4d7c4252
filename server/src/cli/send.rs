//! `help-support send`: a collection that was saved with `collect --output`, brought into a
//! container later, from here or from another machine.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::drive::{OnSignal, drive};
use super::ending::{Form, tell};
use super::sas_file::SasFile;
use super::{CommandError, Outcome, actor, open};
use crate::config::{Config, length};
use crate::shutdown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Directory of one collection, as collect has written it: the one that holds manifest.json
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
    /// File that holds the SAS URL of the blob container, or - for standard input. While the
    /// container refuses it, the file may be given another one
    #[arg(long, value_name = "F")]
    sas_url_file: PathBuf,
    /// Stop once the container has taken nothing and every try has failed for so long, for instance
    /// 10m; a later send goes on. Default: it is tried for as long as it takes
    #[arg(long, value_name = "TIME", value_parser = length)]
    give_up_after: Option<Duration>,
    /// Print the manifest with the final state as one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments, config: Config) -> Result<Outcome, CommandError> {
    let (sas_file, sas) = SasFile::read(&arguments.sas_url_file)?;
    let directory = std::path::absolute(&arguments.directory)?;
    let engine = open(&config).await?;
    let stop = shutdown::on_signal()?;
    let id = engine.send_saved(&directory, sas, &actor()).await?;
    let on_signal = OnSignal::Leave {
        give_up_after: arguments.give_up_after,
    };
    drive(&engine, id, stop, on_signal, Some(sas_file)).await?;

    let form = if arguments.json {
        Form::Saved(&directory)
    } else {
        Form::Text
    };
    let outcome = tell(&engine, id, form).await?;
    engine.close().await;
    Ok(outcome)
}
