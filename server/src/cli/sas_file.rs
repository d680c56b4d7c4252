//! The file that a collection's SAS URL came from: while the collection waits, the file may be given
//! another one.

use std::fs;
use std::path::{Path, PathBuf};

use domain::SasUrl;

use super::{CommandError, sas};

/// A file of `--sas-url-file`, with what it held when it was last acted upon. That is a secret, so
/// that this is never shown.
pub struct SasFile {
    path: PathBuf,
    known: String,
    /// Another content, seen once: it may still be written.
    seen: Option<String>,
}

impl SasFile {
    /// Reads a SAS URL that a collection can go to.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(path: &Path) -> Result<(Self, SasUrl), CommandError> {
        let known = sas::read_text(path)?;
        let url = sas::usable(&known)?;
        let file = Self {
            path: path.to_owned(),
            known,
            seen: None,
        };
        Ok((file, url))
    }

    /// What may be done where another SAS URL is needed.
    pub fn advice(&self) -> String {
        if self.is_lasting() {
            format!(
                "If it needs another SAS URL, put a new one into {}, or replace it in the portal.",
                self.path.display()
            )
        } else {
            "If it needs another SAS URL, replace it in the portal.".to_owned()
        }
    }

    /// What the file holds now, where that is something new: a SAS URL that a collection can go to,
    /// or what is wrong with it. Each content is told of once, and only when two looks have found it.
    pub fn look(&mut self) -> Option<Result<SasUrl, CommandError>> {
        if !self.is_lasting() {
            return None;
        }
        // it may be put in another's place at this moment
        let now = sas::read_text(&self.path).ok()?;
        if now == self.known {
            self.seen = None;
            return None;
        }
        if self.seen.as_ref() != Some(&now) {
            self.seen = Some(now);
            return None;
        }
        self.seen = None;
        self.known = now;
        Some(sas::usable(&self.known))
    }

    /// Standard input and pipes give what they hold once.
    fn is_lasting(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.is_file())
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str =
        "https://acct.blob.core.windows.net/logs?sv=2021-12-02&sr=c&sp=rwl&se=2099-01-01&sig=";

    fn url(letter: &str) -> String {
        format!("{URL}{}%3D\n", letter.repeat(43))
    }

    #[test]
    fn a_new_content_counts_once_and_when_it_has_settled() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("sas.txt");
        fs::write(&path, url("A")).expect("a file");
        let (mut file, _) = SasFile::read(&path).expect("a SAS URL");
        assert!(file.look().is_none());

        fs::write(&path, "https://").expect("a file");
        assert!(file.look().is_none(), "it may still be written");
        fs::write(&path, "no URL").expect("a file");
        assert!(file.look().is_none());
        assert!(file.look().is_some_and(|found| found.is_err()));
        assert!(file.look().is_none(), "it is told once");

        fs::remove_file(&path).expect("a file");
        assert!(file.look().is_none());
        fs::write(&path, url("E")).expect("a file");
        assert!(file.look().is_none());
        let found = file.look().expect("news").expect("a SAS URL");
        assert!(found.expose().contains("EEE"));
        assert!(file.look().is_none());
    }

    #[test]
    fn what_cannot_be_read_again_is_not_said_to_be() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("sas.txt");
        fs::write(&path, url("A")).expect("a file");
        let (file, _) = SasFile::read(&path).expect("a SAS URL");
        assert!(
            file.advice()
                .contains("sas.txt, or replace it in the portal")
        );
        let input = SasFile {
            path: "-".into(),
            ..file
        };
        assert!(!input.advice().contains("put a new one"));
    }
}
