//! The state of things at a glance.

use domain::views::Overview;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::error::AppError;

#[cfg(feature = "ssr")]
use super::access::require_signed_in;

/// What the Overview page shows.
///
/// # Errors
/// `Unauthenticated`, and what the engine says.
#[server(name = OverviewQuery, prefix = "/api", endpoint = "overview", input = GetUrl)]
pub async fn overview() -> Result<Overview, AppError> {
    let caller = require_signed_in()?;
    Ok(caller.engine.overview().await?)
}
