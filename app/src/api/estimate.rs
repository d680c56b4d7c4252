//! What a collection would amount to, and how much was logged when.
//!
//! A first look at a large stack may take long. So a page that is being made waits for so long
//! only, and what has been found is kept: the browser, which can wait, asks again.

use domain::estimate::{Estimate, Volume};
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use super::access::require_signed_in;

/// So long a page that is being made waits.
#[cfg(feature = "ssr")]
const PAGE_PATIENCE: std::time::Duration = std::time::Duration::from_millis(1500);

/// Log volume of each role, as far back as a window may reach. `None`: it is still being counted,
/// which only one who is not `patient` is told.
///
/// # Errors
/// `Unauthenticated`, and what the engine says.
#[server(name = VolumeQuery, prefix = "/api", endpoint = "estimate/volume", input = GetUrl)]
pub async fn volume(#[server(default)] patient: bool) -> Result<Option<Volume>, AppError> {
    let caller = require_signed_in()?;
    let counting = caller.engine.volume();
    Ok(in_time(patient, counting).await.transpose()?)
}

/// What a collection from `start` to `end` (RFC 3339) of these roles would amount to. `None`: it is
/// still being counted, which only one who is not `patient` is told.
///
/// # Errors
/// `Invalid` with the fields `start`, `end` and `roles`; `Unauthenticated`, and what the engine says.
#[server(name = EstimateQuery, prefix = "/api", endpoint = "estimate", input = GetUrl)]
pub async fn estimate(
    #[server(default)] start: String,
    #[server(default)] end: String,
    #[server(default)] roles: Vec<String>,
    #[server(default)] patient: bool,
) -> Result<Option<Estimate>, AppError> {
    use domain::RoleName;
    use engine::EstimateRequest;

    use super::forms::{FieldErrors, read_moment};
    use crate::error::Kept;

    let caller = require_signed_in()?;
    let mut errors = FieldErrors::default();
    let start = read_moment("start", &start, &mut errors);
    let end = read_moment("end", &end, &mut errors);
    let (Some(start), Some(end)) = (start, end) else {
        return Err(errors.into_error(Kept::default()));
    };
    let request = EstimateRequest {
        start,
        end,
        roles: roles.into_iter().map(RoleName).collect(),
        nodes: Vec::new(),
        kinds: Vec::new(),
    };
    let counting = caller.engine.estimate(request);
    Ok(in_time(patient, counting).await.transpose()?)
}

/// `None` where somebody who is not patient would have to wait longer.
#[cfg(feature = "ssr")]
async fn in_time<F: Future>(patient: bool, counting: F) -> Option<F::Output> {
    if patient {
        return Some(counting.await);
    }
    tokio::time::timeout(PAGE_PATIENCE, counting).await.ok()
}
