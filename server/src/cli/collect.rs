//! `help-support collect`: one collection, run in this process.
//!
//! It stands in the same history and queue as those of the portal. A signal cancels it cleanly, a
//! second one ends the program.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{ArgGroup, Args};
use domain::views::CollectionDetail;
use domain::{CollectionId, CollectionState, DestinationChoice, format};
use engine::{CollectionRequest, Engine, EngineError, chain};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::output::{complain, show, show_json};
use super::scope::Scope;
use super::{CommandError, Outcome, actor, open, sas};
use crate::config::Config;
use crate::shutdown;

const PROGRESS_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("place").required(true).args(["sas_url_file", "output"]))]
pub struct Arguments {
    #[command(flatten)]
    scope: Scope,
    /// File that holds the SAS URL of the blob container, or - for standard input
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
    let destination = match (&arguments.sas_url_file, &arguments.output) {
        (Some(file), _) => DestinationChoice::SasUrl(sas::read_usable(file)?),
        (None, output) => {
            let directory = output.as_ref().map(std::path::absolute).transpose()?;
            DestinationChoice::Directory(directory)
        }
    };
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
    drive(&engine, id, stop).await?;

    let detail = engine.collection(id).await?;
    let state = detail.summary.state;
    if arguments.json {
        if state != CollectionState::Complete {
            complain(&state_line(&detail));
        }
        show_json(&document(&engine, &detail).await)?;
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

/// Runs the collection to its end, telling how far it is; cancels it when told to stop. The work
/// is waited for in any case: it leaves a state behind that the next run understands.
pub(super) async fn drive(
    engine: &Engine,
    id: CollectionId,
    stop: CancellationToken,
) -> Result<(), CommandError> {
    // a task of its own, so that it goes on being polled while it is cancelled from here
    let halt = CancellationToken::new();
    let mut work = {
        let (engine, halt) = (engine.clone(), halt.clone());
        tokio::spawn(async move { engine.drive(id, halt).await })
    };
    let told = CancellationToken::new();
    let telling = {
        let (engine, told) = (engine.clone(), told.clone());
        tokio::spawn(async move { tell_progress(&engine, id, &told).await })
    };
    let ended = tokio::select! {
        ended = &mut work => Some(ended),
        () = stop.cancelled() => None,
    };
    // what follows starts on a line of its own
    told.cancel();
    telling.await.context("the progress could not be told")?;
    let ended = match ended {
        Some(ended) => ended,
        None => {
            complain("Cancelling the collection; a second signal does not wait for it");
            match engine.cancel(id, &actor()).await {
                // a conflict: it came to its end at this moment
                Ok(()) | Err(EngineError::Conflict(_)) => {}
                Err(error) => {
                    complain(&chain(&error));
                    halt.cancel();
                }
            }
            work.await
        }
    };
    ended.context("the collection broke off")??;
    Ok(())
}

/// On a terminal one line that is kept up to date, and ended when all is told; elsewhere a line
/// for each new state.
async fn tell_progress(engine: &Engine, id: CollectionId, told: &CancellationToken) {
    let terminal = io::stderr().is_terminal();
    let mut last: Option<(CollectionState, Option<String>)> = None;
    let mut line_is_open = false;
    loop {
        // a failed look is no failure of the collection
        if let Ok(detail) = engine.collection(id).await {
            let now = (detail.summary.state, detail.summary.state_detail.clone());
            if last.as_ref() != Some(&now) {
                end_line(&mut line_is_open);
                if !detail.summary.state.is_final() {
                    complain(&state_line(&detail));
                }
                last = Some(now);
            }
            if terminal && detail.summary.state == CollectionState::InProgress {
                let line = progress_line(&detail);
                let _nobody_reads = write!(io::stderr().lock(), "\r{line:<78}");
                line_is_open = true;
            }
        }
        let all_told = tokio::time::timeout(PROGRESS_EVERY, told.cancelled()).await;
        if all_told.is_ok() {
            break;
        }
    }
    end_line(&mut line_is_open);
}

fn end_line(is_open: &mut bool) {
    if std::mem::take(is_open) {
        complain("");
    }
}

pub(super) fn state_line(detail: &CollectionDetail) -> String {
    let label = detail.summary.state.label();
    match &detail.summary.state_detail {
        Some(why) => format!("Collection {}: {label}. {why}", detail.summary.id),
        None => format!("Collection {}: {label}", detail.summary.id),
    }
}

fn progress_line(detail: &CollectionDetail) -> String {
    let progress = &detail.progress;
    let left = progress.seconds_left.map_or_else(String::new, |seconds| {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        format!(", about {} left", format::seconds(seconds))
    });
    format!(
        "{} of about {} items, {} read, {} delivered{left}",
        progress.items,
        progress.items_planned,
        format::bytes(progress.read_bytes),
        format::bytes(progress.delivered_bytes),
    )
}

pub(super) fn describe(detail: &CollectionDetail) -> String {
    let summary = &detail.summary;
    let mut lines = vec![state_line(detail)];
    for part in &detail.parts {
        let reason = part
            .state
            .reason()
            .map_or_else(String::new, |reason| format!(": {reason}"));
        lines.push(format!(
            "  {} on {}: {}{reason}",
            part.role,
            part.node,
            part.state.label()
        ));
    }
    for missing in &detail.missing {
        lines.push(format!("  missing: {} ({})", missing.item, missing.reason));
    }
    lines.push(format!(
        "{} delivered to {}, folder {}",
        format::bytes(summary.delivered_bytes),
        summary.destination.place,
        detail.folder
    ));
    lines.join("\n")
}

/// The manifest with the state; without a manifest, what is known instead.
async fn document(engine: &Engine, detail: &CollectionDetail) -> Value {
    let summary = &detail.summary;
    let mut document = match engine.manifest(summary.id).await {
        Ok(manifest @ Value::Object(_)) => manifest,
        _ => json!({
            "collection": summary.id,
            "state_detail": summary.state_detail,
            "parts": detail.parts,
        }),
    };
    document["state"] = json!(summary.state.code());
    document
}
