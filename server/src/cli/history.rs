//! `help-support history`: every collection that is remembered, newest first.

use clap::Args;
use domain::format;
use domain::views::{CollectionSummary, HistoryFilter, HistoryKey};
use domain::zone::Tz;
use engine::Engine;
use serde::Serialize;

use super::output::{show, show_json, table};
use super::{CommandError, Outcome, open};
use crate::config::Config;

/// Rows that are fetched at once.
const PAGE: u32 = 200;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct History {
    collections: Vec<CollectionSummary>,
}

pub async fn run(arguments: Arguments, config: Config) -> Result<Outcome, CommandError> {
    let engine = open(&config).await?;
    let collections = all(&engine).await?;
    if arguments.json {
        show_json(&History { collections })?;
    } else if collections.is_empty() {
        show("No collection yet.")?;
    } else {
        let zone = config.engine.zone;
        let rows: Vec<_> = collections.iter().map(|row| cells(row, zone)).collect();
        let head = [
            "Time collected",
            "Status",
            "Logs start",
            "Logs end",
            "Type",
            "Size",
            "Destination",
            "Correlation ID",
        ];
        show(&format!("Times in {zone}\n{}", table(head, &rows)))?;
    }
    engine.close().await;
    Ok(Outcome::Complete)
}

async fn all(engine: &Engine) -> Result<Vec<CollectionSummary>, CommandError> {
    let mut rows: Vec<CollectionSummary> = Vec::new();
    let mut before: Option<HistoryKey> = None;
    loop {
        let page = engine
            .history(HistoryFilter::default(), before, PAGE)
            .await?;
        rows.extend(page.rows);
        before = page.older;
        if before.is_none() {
            return Ok(rows);
        }
    }
}

fn cells(row: &CollectionSummary, zone: Tz) -> [String; 8] {
    let time = |at: chrono::DateTime<chrono::Utc>| {
        at.with_timezone(&zone)
            .format("%Y-%m-%d %H:%M:%S")
            .to_string()
    };
    [
        time(row.created_at),
        row.state.label().to_owned(),
        time(row.window.start()),
        time(row.window.end()),
        row.kind.label().to_owned(),
        format::bytes(row.delivered_bytes),
        row.destination.place.clone(),
        row.id.to_string(),
    ]
}
