//! What a page is told when something is not possible.
//!
//! One enum, one variant a meaning; `Display` is the sentence that people read. Without JavaScript
//! an error travels in the query string of the page it leads back to, so it can hold no secret:
//! [`Kept`] is filled field by field with what may be shown again, and the chain of an internal
//! failure goes to the log alone.

use std::collections::BTreeMap;

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a server function did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "snake_case", tag = "kind", content = "about")]
pub enum AppError {
    /// Nobody is signed in. Status 401.
    #[error("Your session has ended. Sign in again.")]
    Unauthenticated,
    /// Somebody is, and may not do this. Status 403.
    #[error("Only an operator can do this.")]
    Forbidden,
    /// Status 404.
    #[error("This was not found. It may have been removed, or the address is incomplete.")]
    NotFound,
    /// The state of things does not allow it; the sentence says why. Status 409.
    #[error("{0}")]
    Conflict(String),
    /// A form needs another look. Status 422.
    #[error("{}", .0.headline())]
    Invalid(InvalidForm),
    /// It would be possible, but something that it needs cannot be had now. Status 503.
    #[error("{0}")]
    Unavailable(String),
    /// The product failed. The request id finds the cause in the log. Status 500.
    #[error(
        "Something went wrong on the server. Try again; if it stays, look for request {request_id} in the log."
    )]
    Internal { request_id: String },
}

/// Which fields of a form are wrong, and what to show in the form again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvalidForm {
    /// Field name to message.
    pub fields: BTreeMap<String, String>,
    pub kept: Kept,
}

impl InvalidForm {
    fn headline(&self) -> &'static str {
        match self.fields.len() {
            0 => "The form could not be read. Load the page again and repeat what you did.",
            1 => "One field needs another look.",
            _ => "Some fields need another look.",
        }
    }
}

/// What was entered and is no secret, by field name, for a form that comes back without
/// JavaScript.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kept(BTreeMap<String, Vec<String>>);

impl Kept {
    /// Keeps one value of a field.
    #[must_use]
    pub fn with(mut self, field: &str, value: &str) -> Self {
        self.0
            .entry(field.to_owned())
            .or_default()
            .push(value.to_owned());
        self
    }

    /// Keeps all values of a field, and that there were none.
    #[must_use]
    pub fn with_all(mut self, field: &str, values: &[String]) -> Self {
        self.0
            .entry(field.to_owned())
            .or_default()
            .extend_from_slice(values);
        self
    }

    /// The first value of a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.get_all(field)?.first().map(String::as_str)
    }

    /// All values of a field; `None` where the field is not known at all.
    #[must_use]
    pub fn get_all(&self, field: &str) -> Option<&[String]> {
        self.0.get(field).map(Vec::as_slice)
    }
}

impl AppError {
    /// The message for one field of the form.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        match self {
            Self::Invalid(form) => form.fields.get(name).map(String::as_str),
            _ => None,
        }
    }

    /// What to show in the form again.
    #[must_use]
    pub fn kept(&self) -> Option<&Kept> {
        match self {
            Self::Invalid(form) => Some(&form.kept),
            _ => None,
        }
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    /// What the framework reports. Its texts are dropped: those of unreadable arguments quote
    /// what was sent.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) => Self::Unavailable(
                "The portal cannot be reached. Check the connection, then try again.".to_owned(),
            ),
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                let error = Self::Invalid(InvalidForm::default());
                #[cfg(feature = "ssr")]
                let error = error.answered();
                error
            }
            _ => Self::Unavailable(
                "The portal's answer could not be read. Load the page again.".to_owned(),
            ),
        }
    }
}

#[cfg(feature = "ssr")]
mod server {
    use axum::http::request::Parts;
    use axum::http::{Method, StatusCode, header};
    use engine::EngineError;
    use leptos::prelude::{provide_context, use_context};
    use leptos::server_fn::error::ServerFnUrlError;
    use leptos_axum::ResponseOptions;

    use super::{AppError, InvalidForm, Kept};
    use crate::context::Viewer;
    use crate::sent::SentForm;

    impl AppError {
        const fn status(&self) -> StatusCode {
            match self {
                Self::Unauthenticated => StatusCode::UNAUTHORIZED,
                Self::Forbidden => StatusCode::FORBIDDEN,
                Self::NotFound => StatusCode::NOT_FOUND,
                Self::Conflict(_) => StatusCode::CONFLICT,
                Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
                Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
                Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            }
        }

        /// Gives the answer at hand this error's status.
        ///
        /// A form sent without JavaScript is answered by a redirect back to its page, which carries
        /// the error.
        #[must_use]
        pub fn answered(self) -> Self {
            if is_plain_form() {
                self.lead_back();
            } else if let Some(response) = use_context::<ResponseOptions>() {
                response.set_status(self.status());
            }
            self
        }

        /// Leads back to the form's page. The framework does so by the `Referer`; a browser that
        /// sends none is led by what the server function knows, or the error would be lost.
        fn lead_back(&self) {
            let (Some(request), Some(FormPage(page))) =
                (use_context::<Parts>(), use_context::<FormPage>())
            else {
                return;
            };
            if request.headers.contains_key(header::REFERER) {
                return;
            }
            let error = ServerFnUrlError::new(request.uri.path(), self.clone());
            // it wants a whole address; of that only the query is used
            if let Ok(url) = error.to_url("http://localhost/")
                && let Some(query) = url.query()
            {
                leptos_axum::redirect(&format!("{page}?{query}"));
            }
        }

        /// Adds what a form shows again.
        #[must_use]
        pub fn keeping(self, kept: Kept) -> Self {
            match self {
                // what leads back to the form carries this too
                Self::Invalid(form) => Self::Invalid(InvalidForm { kept, ..form }).answered(),
                other => other,
            }
        }
    }

    /// Path of the page whose form is at hand.
    #[derive(Clone)]
    struct FormPage(String);

    /// Tells where the form at hand stands, for a browser that does not.
    pub(crate) fn sent_from(page: impl Into<String>) {
        provide_context(FormPage(page.into()));
    }

    /// The request at hand is a form that was sent to a server function without JavaScript.
    pub(crate) fn is_plain_form() -> bool {
        if use_context::<SentForm>().is_some() {
            return false;
        }
        use_context::<Parts>().is_some_and(|request| {
            request.method != Method::GET
                && request
                    .headers
                    .get(header::ACCEPT)
                    .and_then(|accept| accept.to_str().ok())
                    .is_some_and(|accept| accept.contains("text/html"))
        })
    }

    /// The one place where the engine's errors become a page's; the chain of causes is logged here
    /// and goes no further.
    impl From<EngineError> for AppError {
        fn from(error: EngineError) -> Self {
            let error = match error {
                EngineError::NotFound(_) => Self::NotFound,
                EngineError::Conflict(text) => Self::Conflict(text),
                EngineError::Invalid(fields) => Self::Invalid(InvalidForm {
                    fields: fields
                        .into_iter()
                        .map(|error| (error.field.to_owned(), error.message))
                        .collect(),
                    kept: Kept::default(),
                }),
                EngineError::Unavailable(text) => Self::Unavailable(text),
                EngineError::Internal(source) => {
                    let request_id =
                        use_context::<Viewer>().map_or_else(String::new, |v| v.request_id);
                    tracing::error!(%request_id, error = engine::chain(source.as_ref()), "internal error");
                    Self::Internal { request_id }
                }
            };
            error.answered()
        }
    }
}

#[cfg(feature = "ssr")]
pub(crate) use server::{is_plain_form, sent_from};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_comes_back_from_the_query_string_as_it_was() {
        for error in [
            AppError::Unauthenticated,
            AppError::Conflict("This collection has already ended.".to_owned()),
            AppError::Internal {
                request_id: "17".to_owned(),
            },
            AppError::Invalid(InvalidForm {
                fields: BTreeMap::from([("end".to_owned(), "Too late.".to_owned())]),
                kept: Kept::default()
                    .with("end", "2026-11-20T10:00")
                    .with_all("roles", &[]),
            }),
        ] {
            assert_eq!(AppError::de(error.ser()), error);
        }
    }

    #[test]
    fn what_the_framework_says_of_arguments_is_not_repeated() {
        let error = AppError::from_server_fn_error(ServerFnErrorErr::Args("sig=abc".to_owned()));
        assert!(!format!("{error:?} {error}").contains("abc"));
    }
}
