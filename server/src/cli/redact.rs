//! `help-support redact`: what a collection would take out of a file.
//!
//! The file is unpacked and decoded as a collection does it; UTF-16 is shown as UTF-8.
//!
//! Standard output has the cleaned text, standard error the counts. The secrets themselves are
//! shown nowhere.

use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;
use engine::{clean_stream, open_text};

use super::output::{StandardOutput, complain};
use super::{CommandError, Outcome};
use crate::config::Config;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The text to clean, packed as logs are or not, or - for standard input
    file: PathBuf,
    /// Replace addresses, names of hosts and users, and card numbers by pseudonyms
    #[arg(long)]
    identifiers: bool,
}

pub fn run(arguments: &Arguments, config: &Config) -> Result<Outcome, CommandError> {
    let mut input: Box<dyn Read> = if arguments.file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let shown = arguments.file.display();
        open_text(&arguments.file).map_err(|reason| anyhow!("{shown} cannot be shown: {reason}"))?
    };
    let mut out = BufWriter::new(StandardOutput);
    let counts = clean_stream(&config.engine, arguments.identifiers, &mut input, &mut out)
        .with_context(|| format!("{} cannot be shown", arguments.file.display()))?;
    out.flush()?;
    if counts.is_empty() {
        complain("Nothing to take out");
    }
    for (rule, count) in counts {
        complain(&format!("{rule}: {count}"));
    }
    Ok(Outcome::Complete)
}
