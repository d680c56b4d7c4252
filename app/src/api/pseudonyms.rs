//! What pseudonyms stand for.

use domain::pseudonym::LookedUp;
use leptos::prelude::*;

use crate::error::AppError;

/// Looks up the pseudonyms in a text, in one collection. Each one that is found is recorded with
/// who asked.
///
/// It is called by `POST`, so that nothing of it comes into an address.
///
/// # Errors
/// `Forbidden`, `NotFound`, `Invalid` with the field `pseudonyms`, and what the engine says.
#[server(name = LookUpPseudonyms, prefix = "/api", endpoint = "pseudonyms/look-up")]
pub async fn look_up_pseudonyms(
    #[server(default)] id: String,
    #[server(default)] pseudonyms: String,
) -> Result<Vec<LookedUp>, AppError> {
    use domain::pseudonym::{MOST_AT_ONCE, Original, quoted};

    use super::access::require_operator;
    use super::forms::{FieldErrors, read_id};
    use crate::error::Kept;

    let caller = require_operator()?;
    let id = read_id(&id)?;
    let pseudonyms = quoted(&pseudonyms);
    let mut errors = FieldErrors::default();
    if pseudonyms.is_empty() {
        errors.add("pseudonyms", "Enter a pseudonym, for instance mail-4f2a91.");
    } else if pseudonyms.len() > MOST_AT_ONCE {
        let message = format!("Enter at most {MOST_AT_ONCE} pseudonyms at once.");
        errors.add("pseudonyms", message);
    }
    if !errors.is_empty() {
        return Err(errors.into_error(Kept::default()));
    }
    let mut answers = Vec::with_capacity(pseudonyms.len());
    for pseudonym in pseudonyms {
        let found = caller.engine.pseudonym(id, &pseudonym, &caller.actor);
        let original = found.await?.map(Original::new);
        answers.push(LookedUp {
            pseudonym,
            original,
        });
    }
    Ok(answers)
}
