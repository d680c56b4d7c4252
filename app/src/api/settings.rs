//! Settings of proactive log collection.

use domain::settings::SettingsView;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use super::Dated;
use crate::error::AppError;
use crate::secret::SecretText;

#[cfg(feature = "ssr")]
use super::access::{require_operator, require_signed_in};

/// What the Settings page shows. The stored SAS URL is not part of it.
///
/// # Errors
/// `Unauthenticated`, and what the engine says.
#[server(name = SettingsQuery, prefix = "/api", endpoint = "settings", input = GetUrl)]
pub async fn settings() -> Result<Dated<SettingsView>, AppError> {
    let caller = require_signed_in()?;
    let data = caller.engine.settings().await?;
    Ok(Dated {
        now: chrono::Utc::now(),
        data,
    })
}

/// Saves the settings and leads back to their page. A blank `sas_url` keeps the stored one;
/// blank `identifiers` keep their values.
///
/// # Errors
/// `Forbidden`, `Invalid` with the fields `proactive`, `destination`, `sas_url` and
/// `bandwidth_limit`, and what the engine says.
#[server(name = SaveSettings, prefix = "/api", endpoint = "settings/save")]
pub async fn save_settings(
    #[server(default)] proactive: String,
    #[server(default)] destination: String,
    #[server(default)] sas_url: SecretText,
    #[server(default)] identifiers: String,
    #[server(default)] bandwidth_limit: String,
) -> Result<(), AppError> {
    use domain::DestinationKind;
    use domain::settings::SettingsChange;

    use super::forms::{FieldErrors, lead_to, read_sas};
    use crate::error::{Kept, sent_from};
    use crate::paths;

    let caller = require_operator()?;
    sent_from(paths::SETTINGS);
    let kept = Kept::default()
        .with("proactive", &proactive)
        .with("destination", &destination)
        .with("identifiers", &identifiers)
        .with("bandwidth_limit", &bandwidth_limit);

    let mut errors = FieldErrors::default();
    let proactive_enabled = match proactive.as_str() {
        "enable" => true,
        "disable" => false,
        _ => {
            errors.add("proactive", "Choose Enable or Disable.");
            false
        }
    };
    let kind = DestinationKind::from_code(&destination);
    let sas_url = match kind {
        None => {
            errors.add("destination", "Choose a destination.");
            None
        }
        Some(DestinationKind::SasUrl) if !sas_url.is_blank() => read_sas(&sas_url, &mut errors),
        Some(_) => None,
    };
    // a form without the field leaves the limit as it is
    let limit = match bandwidth_limit.trim() {
        "" => None,
        text => domain::size::parse(text)
            .map_err(|why| errors.add("bandwidth_limit", format!("{why}; 0 means no limit.")))
            .ok(),
    };
    let (Some(destination), true) = (kind, errors.is_empty()) else {
        return Err(errors.into_error(kept));
    };
    let change = SettingsChange {
        proactive_enabled,
        destination,
        sas_url,
        identifiers: !identifiers.is_empty(),
    };
    caller
        .engine
        .save_settings(change, &caller.actor)
        .await
        .map_err(|error| AppError::from(error).keeping(kept))?;
    if let Some(limit) = limit {
        caller
            .engine
            .set_bandwidth_limit(limit, &caller.actor)
            .await?;
    }
    lead_to(&format!("{}?saved=1", paths::SETTINGS));
    Ok(())
}
