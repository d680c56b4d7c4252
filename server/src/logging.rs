//! The program's own log: for people on a terminal, as JSON everywhere else, on standard error.

use std::io::{self, IsTerminal};

use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::FilterFn;
use tracing_subscriber::layer::{Layered, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

/// Where a filter is taken from, first come first served; in the syntax of `RUST_LOG`.
const FILTER_VARIABLES: [&str; 2] = ["HELP_SUPPORT_LOG", "RUST_LOG"];

/// Libraries whose lines can hold whole request URLs, and so a SAS. They stay silent whatever the
/// filter says; the engine logs what matters of their work. The last one tells as an error what is
/// an answer here, as that a certificate is not trusted.
const SILENCED: [&str; 8] = [
    "azure_core",
    "azure_storage_blob",
    "h2",
    "hyper",
    "hyper_util",
    "reqwest",
    "typespec_client_core",
    "rustls_platform_verifier",
];

/// Starts logging. `default` is the level without a filter from the environment.
pub fn init(default: &str) {
    let (filter, complaint) = filter(default);
    if io::stderr().is_terminal() {
        let lines = fmt::layer().with_writer(io::stderr).with_target(false);
        subscriber(filter, lines).init();
    } else {
        let lines = fmt::layer().with_writer(io::stderr);
        subscriber(filter, lines.json().with_current_span(false)).init();
    }
    if let Some(complaint) = complaint {
        tracing::warn!("{complaint}");
    }
}

/// A filter of its own behind the one that was asked for: a directive such as
/// `azure_core::http=trace` is more specific than any that would be added for the whole library.
fn subscriber<L>(filter: EnvFilter, lines: L) -> impl Subscriber + Send + Sync
where
    L: Layer<Layered<FilterFn<fn(&Metadata<'_>) -> bool>, Layered<EnvFilter, Registry>>>
        + Send
        + Sync,
{
    let loud: fn(&Metadata<'_>) -> bool = may_speak;
    tracing_subscriber::registry()
        .with(filter)
        .with(FilterFn::new(loud))
        .with(lines)
}

fn may_speak(metadata: &Metadata<'_>) -> bool {
    let library = metadata.target().split("::").next().unwrap_or_default();
    !SILENCED.contains(&library)
}

fn filter(default: &str) -> (EnvFilter, Option<String>) {
    let asked = FILTER_VARIABLES
        .iter()
        .find_map(|name| Some((*name, std::env::var(name).ok()?)));
    match asked {
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
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a buffer").extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_that_log_urls_stay_silent_whatever_is_asked_for() {
        for asked in [
            "trace",
            "trace,azure_core=trace",
            "azure_core::http::policies=trace,hyper_util::client=debug,server=info,h2[frame]=trace",
        ] {
            let written = Written::default();
            let writer = written.clone();
            let lines = fmt::layer().with_writer(move || writer.clone());
            let subscriber = subscriber(EnvFilter::new(asked), lines);
            tracing::subscriber::with_default(subscriber, || {
                tracing::error!(target: "azure_core", "planted");
                tracing::error!(target: "azure_core::http::policies", "planted");
                tracing::debug!(target: "hyper_util::client::legacy", "planted");
                tracing::warn!(target: "h2", "planted");
                tracing::error!(target: "rustls_platform_verifier::verification::others", "planted");
                tracing::info!(target: "server", "told");
            });
            let text = written.0.lock().expect("a buffer").clone();
            let text = String::from_utf8(text).expect("text");
            assert!(text.contains("told"), "{asked}: {text}");
            assert!(!text.contains("planted"), "{asked}: {text}");
        }
    }
}
