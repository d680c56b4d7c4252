//! What redaction would take out.

use domain::preview::Preview;
use leptos::prelude::*;

use crate::error::AppError;

/// Reads a part of what a collection from `start` to `end` (RFC 3339) of these roles would have,
/// and tells what redaction takes out of it. Identifiers are replaced unless `identifiers` is
/// blank.
///
/// # Errors
/// `Forbidden`, `Invalid` with the fields `start`, `end` and `roles`, and what the engine says.
#[server(name = PreviewRedaction, prefix = "/api", endpoint = "preview")]
pub async fn preview_redaction(
    #[server(default)] start: String,
    #[server(default)] end: String,
    #[server(default)] roles: Vec<String>,
    #[server(default)] identifiers: String,
) -> Result<Preview, AppError> {
    use engine::PreviewRequest;

    use super::access::require_operator;
    use super::forms::{FieldErrors, read_moment, read_roles};
    use crate::error::Kept;

    let caller = require_operator()?;
    let mut errors = FieldErrors::default();
    let start = read_moment("start", &start, &mut errors);
    let end = read_moment("end", &end, &mut errors);
    let roles = read_roles(roles, &mut errors);
    let (Some(start), Some(end), true) = (start, end, errors.is_empty()) else {
        return Err(errors.into_error(Kept::default()));
    };
    let request = PreviewRequest {
        start,
        end,
        roles,
        identifiers: !identifiers.is_empty(),
    };
    Ok(caller.engine.preview(request).await?)
}
