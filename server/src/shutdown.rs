//! Turns SIGTERM and SIGINT into a token.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that is cancelled by the first of the two signals. A second signal ends the program at
/// once, for whoever does not want to wait; like a crash, it is mended by the next start.
///
/// # Errors
/// The signals cannot be watched.
pub fn on_signal() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let token = CancellationToken::new();
    let told = token.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        next().await;
        tracing::info!("told to stop");
        told.cancel();
        next().await;
        tracing::warn!("told to stop again, without waiting");
        std::process::exit(1);
    });
    Ok(token)
}
