//! The program's own log: for people on a terminal, as JSON everywhere else, on standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Directive;

/// Where a filter is taken from, first come first served; in the syntax of `RUST_LOG`.
const FILTER_VARIABLES: [&str; 2] = ["HELP_SUPPORT_LOG", "RUST_LOG"];

/// Libraries whose lines can hold whole request URLs, and so a SAS. They stay silent whatever the
/// filter says; the engine logs what matters of their work.
const SILENCED: [&str; 7] = [
    "azure_core",
    "azure_storage_blob",
    "h2",
    "hyper",
    "hyper_util",
    "reqwest",
    "typespec_client_core",
];

/// Starts logging. `default` is the level without a filter from the environment.
pub fn init(default: &str) {
    let (filter, complaint) = filter(default);
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    if io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().with_current_span(false).init();
    }
    if let Some(complaint) = complaint {
        tracing::warn!("{complaint}");
    }
}

fn filter(default: &str) -> (EnvFilter, Option<String>) {
    let asked = FILTER_VARIABLES
        .iter()
        .find_map(|name| Some((*name, std::env::var(name).ok()?)));
    let (filter, complaint) = match asked {
        None => (EnvFilter::new(default), None),
        Some((name, text)) => match EnvFilter::try_new(&text) {
            Ok(filter) => (filter, None),
            Err(error) => (
                EnvFilter::new(default),
                Some(format!(
                    "{name} is not a log filter and is left out: {error}"
                )),
            ),
        },
    };
    let filter = SILENCED
        .iter()
        .filter_map(|library| format!("{library}=off").parse::<Directive>().ok())
        .fold(filter, EnvFilter::add_directive);
    (filter, complaint)
}
