//! What the forms of several server functions have in common: reading their fields, and gathering
//! everything that is wrong before anything is refused.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::sas::{self, SasContext};
use domain::zone::Tz;
use domain::{CollectionId, RoleName, SasUrl};

use super::access::{Caller, require_operator};
use crate::error::{AppError, InvalidForm, Kept, is_plain_form, sent_from};
use crate::paths;
use crate::secret::SecretText;
use crate::typed_time::TypedTime;

/// Messages by field; the first of a field stays.
#[derive(Default)]
pub struct FieldErrors(BTreeMap<String, String>);

impl FieldErrors {
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0
            .entry(field.to_owned())
            .or_insert_with(|| message.into());
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The answer to the form, with what it shows again.
    pub fn into_error(self, kept: Kept) -> AppError {
        AppError::Invalid(InvalidForm {
            fields: self.0,
            kept,
        })
        .answered()
    }
}

/// A SAS URL by the same rules that the browser applies while somebody types.
pub fn read_sas(text: &SecretText, errors: &mut FieldErrors) -> Option<SasUrl> {
    if text.is_blank() {
        errors.add(
            "sas_url",
            "Paste the SAS URL of a blob container, or choose another destination.",
        );
        return None;
    }
    let context = SasContext::for_collection(Utc::now());
    let inspection = sas::inspect(text.expose(), &context);
    let wrong: Vec<String> = inspection
        .findings
        .iter()
        .filter(|finding| finding.is_error())
        .map(|finding| format!("{} {}", finding.problem, finding.advice))
        .collect();
    if !wrong.is_empty() {
        errors.add("sas_url", wrong.join(" "));
    }
    inspection.url
}

/// The time in the field `field`, meant in `zone`.
pub fn read_time(
    field: &str,
    time: &TypedTime,
    zone: Tz,
    errors: &mut FieldErrors,
) -> Option<DateTime<Utc>> {
    required(field, time.at(zone), errors)
}

/// The moment in the field `field`, as RFC 3339.
pub fn read_moment(field: &str, text: &str, errors: &mut FieldErrors) -> Option<DateTime<Utc>> {
    required(field, text.parse().ok(), errors)
}

fn required(
    field: &str,
    at: Option<DateTime<Utc>>,
    errors: &mut FieldErrors,
) -> Option<DateTime<Utc>> {
    if at.is_none() {
        errors.add(field, "Enter a date and a time.");
    }
    at
}

/// The roles that were chosen, of which there must be one.
pub fn read_roles(names: Vec<String>, errors: &mut FieldErrors) -> Vec<RoleName> {
    if names.is_empty() {
        errors.add("roles", "Choose at least one role.");
    }
    names.into_iter().map(RoleName).collect()
}

/// A collection's id.
///
/// # Errors
/// `NotFound` for what is no id at all.
pub fn read_id(text: &str) -> Result<CollectionId, AppError> {
    text.parse().map_err(|_| AppError::NotFound.answered())
}

/// An operator who acts on one collection, from its page.
///
/// # Errors
/// `Unauthenticated`, `Forbidden`, `NotFound` for what is no id at all.
pub fn operator_on(id: &str) -> Result<(Caller, CollectionId), AppError> {
    let caller = require_operator()?;
    let id = read_id(id)?;
    sent_from(paths::collection(id));
    Ok((caller, id))
}

/// Leads a form that was sent without JavaScript to `path`. A page that is alive stays where it is
/// and looks again by itself.
pub fn lead_to(path: &str) {
    if is_plain_form() {
        leptos_axum::redirect(path);
    }
}
