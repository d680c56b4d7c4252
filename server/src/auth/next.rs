//! Where a person is led after signing in: back to the page they asked for, never off this portal.

use url::form_urlencoded;

/// The page without a session.
pub const SIGN_IN: &str = "/sign-in";

/// Whether a browser that is led to `text` stays on this portal.
///
/// Browsers take `//host` and `/\host` for another host and drop control characters before they
/// look, so those are no paths here.
#[must_use]
pub fn is_local(text: &str) -> bool {
    let elsewhere = text.starts_with("//") || text.starts_with("/\\");
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    text.starts_with('/') && !elsewhere && plain
}

/// `text`, where it is a path of this portal to go on to; `/` where it is anything else.
#[must_use]
pub fn local_path(text: &str) -> &str {
    let sign_in = text.split(['?', '#']).next() == Some(SIGN_IN);
    if is_local(text) && !sign_in && text.len() <= 2048 {
        text
    } else {
        "/"
    }
}

/// Why the sign-in page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// Name and password do not fit each other.
    Wrong,
    /// Too many attempts; wait.
    Throttled,
    /// There was a session, and it has ended.
    Expired,
}

impl SignInError {
    const fn code(self) -> &'static str {
        match self {
            Self::Wrong => "wrong",
            Self::Throttled => "throttled",
            Self::Expired => "expired",
        }
    }
}

/// The sign-in page that leads on to `next`.
#[must_use]
pub fn sign_in_url(next: &str, error: Option<SignInError>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(error) = error {
        query.append_pair("error", error.code());
    }
    match local_path(next) {
        "/" => {}
        next => {
            query.append_pair("next", next);
        }
    }
    match query.finish() {
        query if query.is_empty() => SIGN_IN.to_owned(),
        query => format!("{SIGN_IN}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_portal_are_followed() {
        for good in ["/", "/log-collection?state=failed", "/settings#save"] {
            assert_eq!(local_path(good), good);
        }
        for bad in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "\\\\evil.example",
            "/a\r\nSet-Cookie: x",
            "javascript:alert(1)",
            "/sign-in?next=/",
            "/ümlaut",
        ] {
            assert_eq!(local_path(bad), "/", "{bad:?}");
        }
    }

    #[test]
    fn the_way_on_survives_the_sign_in_page() {
        assert_eq!(sign_in_url("/", None), "/sign-in");
        assert_eq!(
            sign_in_url("/log-collection?state=failed&page=2", None),
            "/sign-in?next=%2Flog-collection%3Fstate%3Dfailed%26page%3D2"
        );
        assert_eq!(
            sign_in_url("//evil.example", Some(SignInError::Throttled)),
            "/sign-in?error=throttled"
        );
    }
}
