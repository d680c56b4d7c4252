//! Shows what redaction does to a text, outside of any collection.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use super::{Forgetful, Names, Pseudonyms, Redactor};
use crate::config::EngineConfig;
use crate::secrets;

const CHUNK: usize = 128 * 1024;

impl Redactor {
    /// The same rules for showing what they do: pseudonyms, where `identifiers` asks for them, are
    /// of a key that nobody keeps.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn for_show(&self, config: &EngineConfig, identifiers: bool) -> io::Result<Self> {
        if !identifiers {
            return Ok(self.clone());
        }
        let key = secrets::random::<32>().map_err(io::Error::other)?;
        let pseudonyms = Pseudonyms::new(&key, Box::new(Forgetful), &[]);
        Ok(self.with_identifiers(Names::of(config), pseudonyms))
    }
}

/// Copies a text, cleaned as a collection would; says how much was taken out, by rule.
///
/// Pseudonyms are equal for equal values within this call, and are kept nowhere.
///
/// # Errors
/// Those of reading and writing.
pub fn clean_stream(
    config: &EngineConfig,
    identifiers: bool,
    input: &mut dyn Read,
    out: &mut dyn Write,
) -> io::Result<BTreeMap<String, u64>> {
    let redactor = Redactor::new()
        .with_own_rules(&config.redaction.rules)
        .for_show(config, identifiers)?;
    let mut cleaner = redactor.cleaner();
    let mut chunk = vec![0; CHUNK];
    loop {
        match input.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => cleaner.push(&chunk[..length], out)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    cleaner.finish(out)?;
    let counts = cleaner.counts().iter();
    Ok(counts.map(|(rule, n)| ((*rule).to_owned(), *n)).collect())
}
