//! Forms that are sent to a page instead of to a server function.
//!
//! Their answer is the page itself, rendered with what was sent: so they work without JavaScript,
//! and nothing of what was asked or answered comes into an address.

use std::fmt;

use leptos::prelude::*;

use crate::error::Kept;

/// The fields of such a form. The server puts it into the context of the page that answers.
#[derive(Clone)]
pub struct SentForm(Vec<(String, String)>);

impl SentForm {
    #[must_use]
    pub const fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Of these fields what the form comes back with: one value each, `""` where the field was not
    /// sent, or all values of those whose name ends in `[]`. Fields that are not named stay out.
    fn kept(&self, fields: &[&str]) -> Kept {
        let values = |name: &str| {
            let of_it = self.0.iter().filter(move |(field, _)| field == name);
            of_it.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        fields.iter().fold(Kept::default(), |kept, field| {
            match field.strip_suffix("[]") {
                Some(name) => kept.with_all(name, &values(field)),
                None => {
                    let value = values(field).into_iter().next().unwrap_or_default();
                    kept.with(field, &value)
                }
            }
        })
    }
}

impl fmt::Debug for SentForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentForm")
            .field("fields", &self.0.len())
            .finish_non_exhaustive()
    }
}

/// What was sent to the page at hand in these fields, in the browser as on the server. They go into
/// the page: secrets are not among them.
#[must_use]
pub fn use_sent(fields: &[&str]) -> Option<Kept> {
    SharedValue::new(|| use_context::<SentForm>().map(|form| form.kept(fields))).into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_fields_come_back_and_none_is_not_all() {
        let pairs = [
            ("start", "a"),
            ("written[]", "1"),
            ("written[]", "2"),
            ("sas_url", "s"),
        ];
        let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let form = SentForm::new(owned.to_vec());
        let kept = form.kept(&["start", "identifiers", "written[]", "roles[]"]);
        assert_eq!(kept.get("start"), Some("a"));
        assert_eq!(kept.get("identifiers"), Some(""));
        assert_eq!(kept.get_all("written").map(<[_]>::len), Some(2));
        assert_eq!(kept.get_all("roles").map(<[_]>::len), Some(0));
        assert_eq!(kept.get("sas_url"), None);
        assert!(!format!("{form:?}").contains("sas"));
    }
}
