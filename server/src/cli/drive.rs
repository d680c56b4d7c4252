//! Runs a collection in this process, and tells on standard error how far it is.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anyhow::Context;
use domain::views::CollectionDetail;
use domain::{CollectionId, CollectionState, format};
use engine::{Engine, EngineError, chain};
use tokio_util::sync::CancellationToken;

use super::ending::state_line;
use super::output::complain;
use super::sas_file::SasFile;
use super::{CommandError, actor};
use crate::config::write_length;

const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// What the first signal means to a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnSignal {
    /// It is cancelled, and leaves nothing.
    Cancel,
    /// It is left as it is, for whoever takes it up again; so is one whose destination has failed
    /// this long without a break.
    Leave { give_up_after: Option<Duration> },
}

impl OnSignal {
    const fn patience(self) -> Option<Duration> {
        match self {
            Self::Cancel => None,
            Self::Leave { give_up_after } => give_up_after,
        }
    }

    /// What to know while the destination is out of reach, or somebody has paused it.
    fn advice(self, is_paused: bool) -> String {
        let tried = match self.patience() {
            Some(patience) => format!(
                "It is tried again until all has failed for {}.",
                write_length(patience)
            ),
            None => "It is tried again for as long as it takes.".to_owned(),
        };
        let tried = if is_paused {
            "It goes on once somebody resumes it in the portal.".to_owned()
        } else {
            tried
        };
        let signal = match self {
            Self::Cancel => "Ctrl-C cancels the collection.",
            Self::Leave { .. } => {
                "Ctrl-C stops it: the directory stays as it is, and a later send goes on from what has arrived."
            }
        };
        format!("{tried} {signal}")
    }
}

/// Runs the collection until it has ended or is left. The work is waited for in any case: it leaves
/// a state behind that the next run understands. While it waits, it takes another SAS URL from the
/// file that its own came from.
pub async fn drive(
    engine: &Engine,
    id: CollectionId,
    stop: CancellationToken,
    on_signal: OnSignal,
    sas_file: Option<SasFile>,
) -> Result<(), CommandError> {
    // a task of its own, so that it goes on being polled while it is cancelled from here
    let halt = CancellationToken::new();
    let mut work = {
        let (engine, halt) = (engine.clone(), halt.clone());
        tokio::spawn(async move {
            match on_signal.patience() {
                Some(patience) => engine.drive_for(id, halt, patience).await,
                None => engine.drive(id, halt).await,
            }
        })
    };
    let told = CancellationToken::new();
    let telling = {
        let (engine, told) = (engine.clone(), told.clone());
        tokio::spawn(async move { tell_progress(&engine, id, on_signal, sas_file, &told).await })
    };
    let ended = tokio::select! {
        ended = &mut work => Some(ended),
        () = stop.cancelled() => None,
    };
    // what follows starts on a line of its own
    told.cancel();
    telling.await.context("the progress could not be told")?;
    let ended = match (ended, on_signal) {
        (
            Some(Ok(Err(EngineError::Unavailable(_)))),
            OnSignal::Leave {
                give_up_after: Some(patience),
            },
        ) if !stop.is_cancelled() => {
            complain(&format!(
                "Given up after {} of failures",
                write_length(patience)
            ));
            return Ok(());
        }
        (Some(ended), _) => ended,
        (None, OnSignal::Cancel) => {
            complain("Cancelling the collection; a second signal does not wait for it");
            match engine.cancel(id, &actor()).await {
                // a conflict: it came to its end at this moment
                Ok(()) | Err(EngineError::Conflict(_)) => {}
                Err(error) => {
                    complain(&chain(&error));
                    halt.cancel();
                }
            }
            work.await
        }
        (None, OnSignal::Leave { .. }) => {
            complain("Stopping; a second signal does not wait for it");
            halt.cancel();
            match work.await {
                // it was told to
                Ok(Err(EngineError::Unavailable(_))) => Ok(Ok(())),
                ended => ended,
            }
        }
    };
    ended.context("the collection broke off")??;
    Ok(())
}

/// On a terminal one line that is kept up to date, and ended when all is told; elsewhere a line
/// for each new state.
async fn tell_progress(
    engine: &Engine,
    id: CollectionId,
    on_signal: OnSignal,
    mut sas_file: Option<SasFile>,
    told: &CancellationToken,
) {
    let terminal = io::stderr().is_terminal();
    let mut last = String::new();
    let mut advised = None;
    let mut line_is_open = false;
    loop {
        // a failed look is no failure of the collection
        if let Ok(detail) = engine.collection(id).await {
            let state = detail.summary.state;
            let now = standing(engine, &detail).await;
            if last != now {
                end_line(&mut line_is_open);
                if !state.is_final() {
                    complain(&now);
                }
                last = now;
            }
            if state == CollectionState::Waiting {
                let is_paused = detail.paused_by.is_some();
                if advised.replace(is_paused) != Some(is_paused) {
                    complain(&on_signal.advice(is_paused));
                    if let Some(file) = sas_file.as_ref().filter(|_| !is_paused) {
                        complain(&file.advice());
                    }
                }
                if let Some(file) = &mut sas_file {
                    renew(engine, id, file).await;
                }
            } else {
                advised = None;
            }
            if terminal && state == CollectionState::InProgress {
                let line = progress_line(&detail);
                let _nobody_reads = write!(io::stderr().lock(), "\r{line:<78}");
                line_is_open = true;
            }
        }
        let all_told = tokio::time::timeout(PROGRESS_EVERY, told.cancelled()).await;
        if all_told.is_ok() {
            end_line(&mut line_is_open);
            return;
        }
    }
}

/// Takes another SAS URL that its file holds now. Nothing that is wrong with it ends the waiting.
async fn renew(engine: &Engine, id: CollectionId, file: &mut SasFile) {
    let path = file.path().display().to_string();
    let refused = match file.look() {
        None => return,
        Some(Ok(sas)) => match engine.replace_sas(id, sas, &actor()).await {
            Ok(()) => {
                complain(&format!("Going on with the SAS URL that is in {path} now"));
                return;
            }
            Err(error) => chain(&error),
        },
        Some(Err(error)) => error.text(),
    };
    complain(&format!(
        "What is in {path} now cannot be used. {refused}\nPut another SAS URL into it"
    ));
}

/// The state of a collection; of one that is queued, what it waits for.
async fn standing(engine: &Engine, detail: &CollectionDetail) -> String {
    let ahead = match detail.summary.state {
        CollectionState::Queued => engine.ahead_of(detail.summary.id).await.ok().flatten(),
        _ => None,
    };
    let Some(ahead) = ahead else {
        return state_line(detail);
    };
    let why = ahead
        .state_detail
        .map_or_else(String::new, |why| format!(": {why}"));
    let mut line = format!(
        "{} behind {} ({}{why})",
        state_line(detail),
        ahead.id,
        ahead.state.label()
    );
    if ahead.state == CollectionState::Waiting {
        line.push_str(
            "\nThat one keeps its turn until it has ended: cancel it, resume it or replace its SAS URL in the portal, or stop the command that runs it",
        );
    }
    line
}

fn end_line(is_open: &mut bool) {
    if std::mem::take(is_open) {
        complain("");
    }
}

fn progress_line(detail: &CollectionDetail) -> String {
    let progress = &detail.progress;
    let left = progress.seconds_left.map_or_else(String::new, |seconds| {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        format!(", about {} left", format::seconds(seconds))
    });
    format!(
        "{} of about {} items, {} read, {} delivered{left}",
        progress.items,
        progress.items_planned,
        format::bytes(progress.read_bytes),
        format::bytes(progress.delivered_bytes),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_paused_is_not_said_to_be_tried() {
        let give_up_after = Some(Duration::from_secs(60));
        for on_signal in [OnSignal::Cancel, OnSignal::Leave { give_up_after }] {
            let advice = on_signal.advice(true);
            assert!(advice.contains("somebody resumes it"), "{advice}");
            assert!(!advice.contains("tried"), "{advice}");
            assert!(on_signal.advice(false).contains("tried again"));
        }
    }
}
