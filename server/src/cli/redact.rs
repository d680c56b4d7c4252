//! `help-support redact`: what a collection would take out of a file.
//!
//! Standard output has the cleaned text, standard error the counts. The secrets themselves are
//! shown nowhere.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use engine::clean_stream;

use super::output::complain;
use super::{CommandError, Outcome};
use crate::config::Config;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The text to clean, or - for standard input
    file: PathBuf,
    /// Replace addresses, names of hosts and users, and card numbers by pseudonyms
    #[arg(long)]
    identifiers: bool,
}

pub fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, CommandError> {
    let mut input: Box<dyn Read> = if arguments.file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&arguments.file);
        Box::new(file.with_context(|| format!("{} cannot be read", arguments.file.display()))?)
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let counts = clean_stream(&config.engine, arguments.identifiers, &mut input, &mut out)?;
    out.flush()?;
    if counts.is_empty() {
        complain("Nothing to take out");
    }
    for (rule, count) in counts {
        complain(&format!("{rule}: {count}"));
    }
    Ok(Outcome::Complete)
}
