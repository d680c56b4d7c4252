//! `help-support send`: a collection that was saved with `collect --output`, brought into a
//! container later, from here or from another machine.

use std::path::PathBuf;

use clap::Args;
use domain::CollectionState;
use serde_json::json;

use super::collect::{describe, drive, state_line};
use super::output::{complain, show, show_json};
use super::{CommandError, Outcome, actor, open, sas};
use crate::config::Config;
use crate::shutdown;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Directory of one collection, as collect has written it: the one that holds manifest.json
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
    /// File that holds the SAS URL of the blob container, or - for standard input
    #[arg(long, value_name = "F")]
    sas_url_file: PathBuf,
    /// Print the manifest with the final state as one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments, config: Config) -> Result<Outcome, CommandError> {
    let sas = sas::read_usable(&arguments.sas_url_file)?;
    let directory = std::path::absolute(&arguments.directory)?;
    let engine = open(&config).await?;
    let stop = shutdown::on_signal()?;
    let id = engine.send_saved(&directory, sas, &actor()).await?;
    drive(&engine, id, stop).await?;

    let detail = engine.collection(id).await?;
    let state = detail.summary.state;
    if arguments.json {
        if state != CollectionState::Complete {
            complain(&state_line(&detail));
        }
        let mut document = engine.saved_manifest(&directory).await?;
        document.insert("state".to_owned(), json!(state.code()));
        document.insert("sent_as".to_owned(), json!(id));
        show_json(&document)?;
    } else {
        show(&describe(&detail))?;
    }
    engine.close().await;
    Ok(match state {
        CollectionState::Complete => Outcome::Complete,
        CollectionState::PartiallyComplete => Outcome::PartiallyComplete,
        _ => Outcome::Failed,
    })
}
