//! A text that a form carries and that nothing may print.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The content of a form field that holds a secret, on its way from the browser to the server.
///
/// Server functions derive `Debug` for their arguments; this type keeps the text out of it. It is
/// serialized as what it is, since it has to travel: only ever as an *argument* of a server
/// function that is called by `POST`, never as a part of an answer.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Nothing but white space was entered.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹secret›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_it() {
        let secret: SecretText = serde_json::from_str("\"sig=abc\"").expect("a string");
        assert_eq!(format!("{secret:?}"), "‹secret›");
        assert_eq!(secret.expose(), "sig=abc");
    }
}
