//! Refuses changes that another site asks for in a signed-in person's name.
//!
//! Browsers say where a request comes from: by `Sec-Fetch-Site`, older ones by `Origin` or
//! `Referer`. What changes something must come from a page of this portal. A request that says
//! nothing is refused too.

use axum::Extension;
use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The portal's address as configured; a proxy in front may not hand on the `Host` it got.
#[derive(Clone, Debug)]
pub struct PublicUrl(pub Option<Url>);

/// Lets reading requests through, and others only when they come from this portal.
pub async fn require_same_origin(
    Extension(PublicUrl(public_url)): Extension<PublicUrl>,
    request: Request,
    next: Next,
) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if reads || is_same_origin(request.headers(), public_url.as_ref()) {
        next.run(request).await
    } else {
        (
            StatusCode::FORBIDDEN,
            "This request did not come from a page of this portal.\n",
        )
            .into_response()
    }
}

fn is_same_origin(headers: &HeaderMap, public_url: Option<&Url>) -> bool {
    if let Some(site) = headers.get(SEC_FETCH_SITE) {
        // `none`: the person did it themselves, not a page
        return site == "same-origin" || site == "none";
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(from) = text(header::ORIGIN).or_else(|| text(header::REFERER)) else {
        return false;
    };
    let Ok(from) = Url::parse(from) else {
        // among others `null`, which a sandboxed page sends
        return false;
    };
    if public_url.is_some_and(|own| own.origin() == from.origin()) {
        return true;
    }
    let Some(host) = text(header::HOST).and_then(|host| host.parse::<Authority>().ok()) else {
        return false;
    };
    // a default port is left out by browsers on both sides
    from.host_str()
        .is_some_and(|name| name.eq_ignore_ascii_case(host.host()))
        && from.port() == host.port_u16()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn accepted(headers: &[(HeaderName, &'static str)]) -> bool {
        let mut map =
            HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("help.example:3000"))]);
        for (name, value) in headers {
            map.insert(name, HeaderValue::from_static(value));
        }
        is_same_origin(&map, Url::parse("https://public.example").ok().as_ref())
    }

    #[test]
    fn what_the_browser_says_of_the_site_decides() {
        assert!(accepted(&[(SEC_FETCH_SITE, "same-origin")]));
        assert!(accepted(&[(SEC_FETCH_SITE, "none")]));
        for site in ["same-site", "cross-site"] {
            assert!(!accepted(&[
                (SEC_FETCH_SITE, site),
                (header::ORIGIN, "http://help.example:3000")
            ]));
        }
    }

    #[test]
    fn without_it_the_origin_must_be_this_host() {
        assert!(accepted(&[(header::ORIGIN, "http://help.example:3000")]));
        assert!(accepted(&[(
            header::REFERER,
            "http://help.example:3000/settings"
        )]));
        assert!(accepted(&[(header::ORIGIN, "https://public.example")]));
        for origin in [
            "http://help.example",
            "http://help.example:3001",
            "http://evil.example:3000",
            "null",
            "",
        ] {
            assert!(!accepted(&[(header::ORIGIN, origin)]), "{origin}");
        }
    }

    #[test]
    fn a_wrong_origin_is_not_mended_by_a_referer_and_silence_is_refused() {
        assert!(!accepted(&[
            (header::ORIGIN, "null"),
            (header::REFERER, "http://help.example:3000/")
        ]));
        assert!(!accepted(&[]));
    }
}
