//! Collections: start, watch, cancel, take up again; and their history.

#![allow(
    clippy::too_many_arguments,
    reason = "a server function has an argument for each field of its form"
)]

use domain::views::{CollectOptions, CollectionDetail, HistoryPage};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use serde::{Deserialize, Serialize};

use super::Dated;
use crate::error::AppError;
use crate::secret::SecretText;

#[cfg(feature = "ssr")]
use super::access::{require_operator, require_signed_in};
#[cfg(feature = "ssr")]
use super::forms::{FieldErrors, lead_to, operator_on, read_id, read_roles, read_sas, read_time};
#[cfg(feature = "ssr")]
use crate::error::sent_from;
#[cfg(feature = "ssr")]
use crate::paths;

/// Rows on one page of the history.
#[cfg(feature = "ssr")]
const PAGE_ROWS: u32 = 50;

/// A page of the history, and what the command bar above it offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryAnswer {
    pub page: HistoryPage,
    /// The configuration names managed storage, so *Send logs now* is there.
    pub managed_storage: bool,
}

/// One page of the history, newest first. `status` and `kind` are codes, blank or unknown for
/// all; `before` is the id below which the page begins, blank for the newest.
///
/// # Errors
/// `Unauthenticated`, and what the engine says.
#[server(name = HistoryQuery, prefix = "/api", endpoint = "collections", input = GetUrl)]
pub async fn history(
    #[server(default)] status: String,
    #[server(default)] kind: String,
    #[server(default)] before: String,
) -> Result<Dated<HistoryAnswer>, AppError> {
    use domain::views::{HistoryFilter, HistoryKey};
    use domain::{CollectionKind, CollectionState};

    let caller = require_signed_in()?;
    let filter = HistoryFilter {
        state: CollectionState::from_code(&status),
        kind: CollectionKind::from_code(&kind),
    };
    let before = before.parse().ok().map(|id| HistoryKey { id });
    let page = caller.engine.history(filter, before, PAGE_ROWS).await?;
    Ok(Dated {
        now: chrono::Utc::now(),
        data: HistoryAnswer {
            page,
            managed_storage: caller.engine.config().managed_sas_url_file.is_some(),
        },
    })
}

/// Everything that the page of one collection shows.
///
/// # Errors
/// `NotFound`, also for what is no id at all; `Unauthenticated`, and what the engine says.
#[server(name = CollectionQuery, prefix = "/api", endpoint = "collections/one", input = GetUrl)]
pub async fn collection(id: String) -> Result<Dated<CollectionDetail>, AppError> {
    let caller = require_signed_in()?;
    let id = read_id(&id)?;
    let data = caller.engine.collection(id).await?;
    Ok(Dated {
        now: chrono::Utc::now(),
        data,
    })
}

/// What the collect form needs to draw itself.
///
/// # Errors
/// `Unauthenticated`, and what the engine says.
#[server(name = CollectOptionsQuery, prefix = "/api", endpoint = "collections/options", input = GetUrl)]
pub async fn collect_options() -> Result<CollectOptions, AppError> {
    let caller = require_signed_in()?;
    Ok(caller.engine.collect_options().await?)
}

/// Starts a collection and leads to its page.
///
/// `start` and `end` are values of `datetime-local` fields in `zone` (an IANA name); `written`
/// the moments that the portal has written into the first and the second, which count while the
/// fields still say them. `roles` are the names of those chosen, `destination` a code of `DestinationKind`;
/// identifiers are replaced unless `identifiers` is blank.
///
/// # Errors
/// `Forbidden`; `Invalid` with the fields `start`, `end`, `roles`, `destination` and `sas_url`, or
/// with none where the zone is not known; and what the engine says.
#[server(name = StartCollection, prefix = "/api", endpoint = "collections/start")]
pub async fn start_collection(
    #[server(default)] start: String,
    #[server(default)] end: String,
    #[server(default)] written: Vec<String>,
    #[server(default)] zone: String,
    #[server(default)] roles: Vec<String>,
    #[server(default)] identifiers: String,
    #[server(default)] destination: String,
    #[server(default)] sas_url: SecretText,
) -> Result<(), AppError> {
    use chrono_tz::Tz;
    use domain::{DestinationChoice, DestinationKind};
    use engine::CollectionRequest;

    use crate::error::Kept;
    use crate::typed_time::TypedTime;

    let caller = require_operator()?;
    let chosen = DestinationKind::from_code(&destination);
    sent_from(match chosen {
        Some(DestinationKind::Managed) => paths::SEND,
        _ => paths::COLLECT,
    });
    let written = |field: usize| written.get(field).map_or("", String::as_str);
    let start_time = TypedTime::sent(&start, written(0));
    let end_time = TypedTime::sent(&end, written(1));
    let kept = Kept::default()
        .with("start", &start)
        .with("end", &end)
        .with("written", &start_time.written_text())
        .with("written", &end_time.written_text())
        .with("zone", &zone)
        .with_all("roles", &roles)
        .with("identifiers", &identifiers)
        .with("destination", &destination);

    let mut errors = FieldErrors::default();
    // hours of a zone that is not known mean nothing; taken for another's they would mean others
    let Ok(zone) = zone.parse::<Tz>() else {
        return Err(errors.into_error(kept));
    };
    let start = read_time("start", &start_time, zone, &mut errors);
    let end = read_time("end", &end_time, zone, &mut errors);
    let roles = read_roles(roles, &mut errors);
    let destination = match chosen {
        Some(DestinationKind::Managed) => Some(DestinationChoice::Managed),
        Some(DestinationKind::Directory) => Some(DestinationChoice::Directory(None)),
        Some(DestinationKind::SasUrl) => {
            read_sas(&sas_url, &mut errors).map(DestinationChoice::SasUrl)
        }
        None => {
            errors.add("destination", "Choose a destination.");
            None
        }
    };
    let (Some(start), Some(end), Some(destination), true) =
        (start, end, destination, errors.is_empty())
    else {
        return Err(errors.into_error(kept));
    };
    let request = CollectionRequest {
        start,
        end,
        roles,
        nodes: Vec::new(),
        kinds: Vec::new(),
        destination,
        identifiers: !identifiers.is_empty(),
    };
    let id = caller
        .engine
        .start(request, &caller.actor)
        .await
        .map_err(|error| AppError::from(error).keeping(kept))?;
    leptos_axum::redirect(&paths::collection(id));
    Ok(())
}

/// Stops a collection that has not ended, and leads back to its page.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` where it has ended already, and what the engine says.
#[server(name = CancelCollection, prefix = "/api", endpoint = "collections/cancel")]
pub async fn cancel_collection(#[server(default)] id: String) -> Result<(), AppError> {
    let (caller, id) = operator_on(&id)?;
    caller.engine.cancel(id, &caller.actor).await?;
    lead_to(&paths::collection(id));
    Ok(())
}

/// Pauses a collection that runs, and leads back to its page.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` where it cannot be paused now, and what the engine says.
#[server(name = PauseCollection, prefix = "/api", endpoint = "collections/pause")]
pub async fn pause_collection(#[server(default)] id: String) -> Result<(), AppError> {
    let (caller, id) = operator_on(&id)?;
    caller.engine.pause(id, &caller.actor).await?;
    lead_to(&paths::collection(id));
    Ok(())
}

/// Lets a paused collection go on, and leads back to its page.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` where it is not paused, and what the engine says.
#[server(name = ResumeCollection, prefix = "/api", endpoint = "collections/resume")]
pub async fn resume_collection(#[server(default)] id: String) -> Result<(), AppError> {
    let (caller, id) = operator_on(&id)?;
    caller.engine.resume(id, &caller.actor).await?;
    lead_to(&paths::collection(id));
    Ok(())
}

/// Collects those parts again that have something missing, and leads back to the page.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Conflict` where nothing is to be retried, and what the engine says.
#[server(name = RetryCollection, prefix = "/api", endpoint = "collections/retry")]
pub async fn retry_collection(#[server(default)] id: String) -> Result<(), AppError> {
    let (caller, id) = operator_on(&id)?;
    caller.engine.retry(id, &caller.actor).await?;
    lead_to(&paths::collection(id));
    Ok(())
}

/// Gives a collection a new SAS URL of the same container, and leads back to its page.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` with the field `sas_url`, `Conflict`, and what the engine
/// says.
#[server(name = ReplaceSas, prefix = "/api", endpoint = "collections/replace-sas")]
pub async fn replace_sas(
    #[server(default)] id: String,
    #[server(default)] sas_url: SecretText,
) -> Result<(), AppError> {
    use crate::error::Kept;

    let (caller, id) = operator_on(&id)?;
    let mut errors = FieldErrors::default();
    let (Some(sas), true) = (read_sas(&sas_url, &mut errors), errors.is_empty()) else {
        return Err(errors.into_error(Kept::default()));
    };
    caller.engine.replace_sas(id, sas, &caller.actor).await?;
    lead_to(&paths::collection(id));
    Ok(())
}
