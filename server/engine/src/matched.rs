//! What a glob of the configuration finds now, whatever its age: a check of the configuration tells
//! what is mistyped before a collection depends on it.

use std::cell::LazyCell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{Reason, Window};

use crate::collection::{Look, plan_sources};
use crate::config::{EngineConfig, SourceConfig};
use crate::shown::redactor;

/// For looking at one glob: a directory that hangs holds nobody up for longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a glob finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    pub files: usize,
    /// What it should find and cannot be had, without secrets, and why; the glob itself and `NotFound`
    /// where it matches nothing.
    pub missing: Vec<(String, Reason)>,
}

/// Looks what a glob finds, opening no file. Blocks.
#[must_use]
pub fn matched(config: &EngineConfig, glob: &str) -> Matched {
    let source = SourceConfig::Files {
        paths: vec![glob.to_owned()],
        time_zone: None,
        time_format: None,
        time_key: None,
        binary: false,
    };
    let always = Window::new(DateTime::UNIX_EPOCH, Utc::now());
    let Ok(window) = always else {
        return Matched {
            files: 0,
            missing: vec![(glob.to_owned(), Reason::Internal)],
        };
    };
    let look = Look {
        window,
        zone: Tz::UTC,
        cancel: Arc::new(AtomicBool::new(false)),
    };
    let found = plan_sources(std::iter::once(&source), &look, PATIENCE);
    // mostly there is nothing to be cleaned
    let redactor = LazyCell::new(|| redactor(config));
    let missing = found.missing.into_iter();
    Matched {
        files: found.items.len(),
        missing: missing
            .map(|absent| (redactor.clean_text(&absent.label), absent.reason))
            .collect(),
    }
}
