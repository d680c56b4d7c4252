//! Addresses of the pages.

use domain::CollectionId;

pub const OVERVIEW: &str = "/";
pub const SIGN_IN: &str = "/sign-in";
pub const SIGN_OUT: &str = "/sign-out";
pub const THEME: &str = "/theme";
pub const LOG_COLLECTION: &str = "/log-collection";
pub const COLLECT: &str = "/log-collection/collect";
pub const SEND: &str = "/log-collection/send";
pub const SETTINGS: &str = "/settings";

/// The page of one collection.
#[must_use]
pub fn collection(id: CollectionId) -> String {
    format!("{LOG_COLLECTION}/{id}")
}

/// Where pseudonyms of a collection are looked up.
#[must_use]
pub fn pseudonyms(id: CollectionId) -> String {
    format!("{LOG_COLLECTION}/{id}/pseudonyms")
}

/// Pages that a form is sent to, as the server's router spells them.
pub const ANSWERING: [&str; 3] = [COLLECT, SEND, "/log-collection/{id}/pseudonyms"];
