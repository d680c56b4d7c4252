//! What others learn of the engine without asking for one thing: changes and counters.

use std::collections::HashMap;
use std::time::Duration;

use domain::CollectionId;
use tokio_util::sync::CancellationToken;

use super::Engine;
use crate::error::{EngineError, chain};

/// How often changes, by whichever process, are looked for while somebody watches.
const OBSERVE_EVERY: Duration = Duration::from_millis(400);
/// After how long they are looked for again when they could not be.
const TROUBLE_EVERY: Duration = Duration::from_secs(10);

impl Engine {
    /// Counters in the text format of Prometheus.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn metrics(&self) -> Result<String, EngineError> {
        use std::fmt::Write;
        let mut text = String::from(
            "# HELP help_support_collections Collections by state.\n# TYPE help_support_collections gauge\n",
        );
        let counts: HashMap<_, _> = self.inner.store.state_counts().await?.into_iter().collect();
        for state in domain::CollectionState::ALL {
            let count = counts.get(state.code()).copied().unwrap_or(0);
            // writing into a String cannot fail
            let _ = writeln!(
                text,
                "help_support_collections{{state=\"{}\"}} {count}",
                state.code()
            );
        }
        let delivered = self.inner.store.delivered_bytes_total().await?;
        let _ = write!(
            text,
            "# HELP help_support_delivered_bytes Bytes confirmed by destinations, over the whole history.\n\
             # TYPE help_support_delivered_bytes counter\nhelp_support_delivered_bytes {delivered}\n"
        );
        Ok(text)
    }

    /// Compares versions in the database, so that it sees what any process changed.
    pub(super) async fn observe(&self, shutdown: &CancellationToken) {
        let mut known: HashMap<CollectionId, u64> = HashMap::new();
        while !shutdown.is_cancelled() {
            let mut pause = OBSERVE_EVERY;
            if self.inner.events.receiver_count() > 0 {
                match self.inner.store.versions().await {
                    Ok(versions) => {
                        for event in &versions {
                            if known.get(&event.id) != Some(&event.version) {
                                // an error says that the last one who listened has gone
                                let _ = self.inner.events.send(*event);
                            }
                        }
                        known = versions
                            .into_iter()
                            .map(|event| (event.id, event.version))
                            .collect();
                    }
                    Err(error) => {
                        tracing::warn!(error = %chain(&error), "changes could not be looked for");
                        pause = TROUBLE_EVERY;
                    }
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}
