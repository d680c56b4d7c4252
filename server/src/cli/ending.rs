//! How a collection ended, as whoever asked for it on the command line is told.

use std::path::Path;

use domain::views::CollectionDetail;
use domain::{CollectionId, CollectionState, format};
use engine::Engine;
use serde_json::{Map, json};

use super::output::{StandardOutput, complain, show};
use super::{CommandError, Outcome};

impl From<CollectionState> for Outcome {
    fn from(state: CollectionState) -> Self {
        match state {
            CollectionState::Complete => Self::Complete,
            CollectionState::PartiallyComplete => Self::PartiallyComplete,
            CollectionState::Queued
            | CollectionState::InProgress
            | CollectionState::Waiting
            | CollectionState::Failed
            | CollectionState::Cancelled => Self::Failed,
        }
    }
}

/// What standard output gets.
#[derive(Clone, Copy, Debug)]
pub enum Form<'a> {
    Text,
    /// The collection's own manifest with its state.
    Manifest,
    /// The manifest that lies in this directory, with the state of its sending.
    Saved(&'a Path),
}

/// Tells how a collection has ended.
pub async fn tell(
    engine: &Engine,
    id: CollectionId,
    form: Form<'_>,
) -> Result<Outcome, CommandError> {
    let detail = engine.collection(id).await?;
    let state = detail.summary.state;
    let mut more = Map::new();
    more.insert("state".to_owned(), json!(state.code()));
    if !matches!(form, Form::Text) && state != CollectionState::Complete {
        complain(&state_line(&detail));
    }
    match form {
        Form::Text => show(&describe(&detail))?,
        Form::Manifest => engine.write_manifest(id, &more, StandardOutput).await?,
        Form::Saved(directory) => {
            more.insert("sent_as".to_owned(), json!(id));
            Engine::write_saved_manifest(directory, &more, StandardOutput)?;
        }
    }
    Ok(state.into())
}

/// The state of a collection and why it is in it.
pub fn state_line(detail: &CollectionDetail) -> String {
    let label = detail.summary.state.label();
    match &detail.summary.state_detail {
        Some(why) => format!("Collection {}: {label}. {why}", detail.summary.id),
        None => format!("Collection {}: {label}", detail.summary.id),
    }
}

fn describe(detail: &CollectionDetail) -> String {
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
    for gap in &detail.missing {
        let what = if gap.is_partial { "partial" } else { "missing" };
        lines.push(format!("  {what}: {} ({})", gap.item, gap.reason));
    }
    match detail.taken_whole {
        0 => {}
        1 => lines.push("1 file without recognised time stamps was taken whole".to_owned()),
        more => lines.push(format!(
            "{more} files without recognised time stamps were taken whole"
        )),
    }
    lines.push(arrived(detail));
    lines.join("\n")
}

/// What lies at the destination now, whichever run has brought it there.
fn arrived(detail: &CollectionDetail) -> String {
    let summary = &detail.summary;
    let place = &summary.destination.place;
    let what = match (summary.state, &summary.state_detail) {
        // the detail names what could not be deleted
        (CollectionState::Cancelled, None) => return format!("Nothing of it is left at {place}"),
        (CollectionState::Cancelled, Some(_)) => "What is left".to_owned(),
        _ => format!("{} have arrived", format::bytes(summary.delivered_bytes)),
    };
    format!("{what}: at {place}, folder {}", detail.folder)
}
