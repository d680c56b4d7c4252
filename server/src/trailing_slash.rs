//! Leads from `/x/` to `/x`: a page has one address, and people type both.

use axum::extract::Request;
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};

use crate::auth;

/// Answers what reads `/x/`, in place of whatever lies there.
pub async fn redirect(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match without_slash(request.uri()) {
        Some(path) if reads => Redirect::permanent(&path).into_response(),
        _ => next.run(request).await,
    }
}

/// Path and query without the slashes at the path's end; `None` where there are none, or where
/// the rest would lead off this portal.
fn without_slash(uri: &Uri) -> Option<String> {
    let path = uri.path().strip_suffix('/')?.trim_end_matches('/');
    let target = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    (!path.is_empty() && auth::is_local(&target)).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_slash_at_the_end_goes_and_the_query_stays() {
        for (uri, expected) in [
            ("/settings/", Some("/settings")),
            ("/settings//?a=/b/", Some("/settings?a=/b/")),
            ("/settings", None),
            ("/settings?next=/", None),
            ("/", None),
            ("/?a=b", None),
            ("//", None),
            ("//evil.example/", None),
        ] {
            let found = without_slash(&Uri::from_static(uri));
            assert_eq!(found.as_deref(), expected, "{uri}");
        }
    }
}
