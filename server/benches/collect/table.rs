//! What is told at the end: a table for people, and the same as JSON.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::run::{Taken, median};

/// One line of the table.
pub struct Row {
    what: String,
    peer: String,
    figures: String,
    json: Value,
}

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

impl Row {
    /// A time beside a peer's. The ratio is above 1 where ours is faster.
    pub fn compared(
        letter: char,
        what: &str,
        peer: &str,
        theirs: &[Taken],
        ours: &[Taken],
    ) -> Self {
        let of = |taken: &[Taken], what: fn(&Taken) -> Duration| {
            median(taken.iter().map(what).collect()).as_secs_f64()
        };
        let time = (of(theirs, |taken| taken.time), of(ours, |taken| taken.time));
        let cpu = (of(theirs, |taken| taken.cpu), of(ours, |taken| taken.cpu));
        let ratio = time.0 / time.1;
        let cpu_ratio = cpu.0 / cpu.1;
        Self {
            what: what.to_owned(),
            peer: format!("{peer}: {:.2} s", time.0),
            figures: format!("{:.2} s, ratio **{ratio:.2}** (CPU {cpu_ratio:.2})", time.1),
            json: json!({
                "row": letter.to_string(), "what": what, "peer": peer, "runs": ours.len(),
                "peer_seconds": time.0, "seconds": time.1, "ratio": ratio,
                "peer_cpu_seconds": cpu.0, "cpu_seconds": cpu.1, "cpu_ratio": cpu_ratio,
            }),
        }
    }

    pub fn skipped(letter: char, what: &str, why: &str) -> Self {
        Self {
            what: what.to_owned(),
            peer: String::new(),
            figures: format!("left out: {why}"),
            json: json!({"row": letter.to_string(), "what": what, "left_out": why}),
        }
    }

    pub fn memory(what: &str, peak_bytes: u64) -> Self {
        Self {
            what: format!("peak memory, {what}"),
            peer: String::new(),
            figures: format!("{} MiB", peak_bytes >> 20),
            json: json!({"row": "d", "what": what, "peak_bytes": peak_bytes}),
        }
    }
}

impl Table {
    pub fn add(&mut self, row: Row) {
        eprintln!("  {}", row.figures);
        self.rows.push(row);
    }

    pub fn print(&self) {
        println!("| what | peer | ours |\n|---|---|---|");
        for Row {
            what,
            peer,
            figures,
            ..
        } in &self.rows
        {
            println!("| {what} | {peer} | {figures} |");
        }
    }

    /// Beside what cargo builds.
    pub fn save(&self) {
        let program = Path::new(env!("CARGO_BIN_EXE_help-support"));
        let target = program.ancestors().nth(2).expect("a target directory");
        let rows: Vec<&Value> = self.rows.iter().map(|row| &row.json).collect();
        let text = serde_json::to_string_pretty(&rows).expect("JSON");
        fs::write(target.join("bench.json"), text).expect("bench.json");
    }
}
