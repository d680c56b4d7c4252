//! Cookies: one that holds the session, and two that remember how a person likes to look at pages.

use axum::http::{HeaderMap, HeaderValue, header};

/// How the session's cookie is named and marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionCookie {
    /// Only ever sent over TLS. The prefix lets browsers see to it that no other host, path or
    /// plain connection can set it.
    Secure,
    /// For a portal on a loopback address without TLS, where browsers would drop the other.
    Loopback,
}

impl SessionCookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Secure => "__Host-session",
            Self::Loopback => "session",
        }
    }

    const fn marks(self) -> &'static str {
        match self {
            Self::Secure => "Path=/; HttpOnly; SameSite=Lax; Secure",
            Self::Loopback => "Path=/; HttpOnly; SameSite=Lax",
        }
    }

    /// The token that a request brings.
    #[must_use]
    pub fn read(self, headers: &HeaderMap) -> Option<&str> {
        read(headers, self.name())
    }

    /// `Set-Cookie` for a new session; `None` where the token cannot stand in a header.
    #[must_use]
    pub fn set(self, token: &str) -> Option<HeaderValue> {
        let text = format!("{}={token}; {}", self.name(), self.marks());
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// `Set-Cookie` that makes the browser forget the session.
    #[must_use]
    pub fn clear(self) -> HeaderValue {
        let text = match self {
            Self::Secure => "__Host-session=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0",
            Self::Loopback => "session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0",
        };
        HeaderValue::from_static(text)
    }
}

/// The value of a cookie; of the first, where there are several of this name.
#[must_use]
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.trim_matches('"'))
}

/// `Set-Cookie` for something that is no secret and that scripts may change as well; `None` where
/// the value cannot stand in a header.
#[must_use]
pub fn remember(name: &str, value: &str) -> Option<HeaderValue> {
    const YEAR_SECONDS: u32 = 365 * 86_400;
    HeaderValue::try_from(format!(
        "{name}={value}; Path=/; SameSite=Lax; Max-Age={YEAR_SECONDS}"
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_among_others() {
        let headers = HeaderMap::from_iter([
            (
                header::COOKIE,
                HeaderValue::from_static("a=1; session=tok=en;theme=dark"),
            ),
            (header::COOKIE, HeaderValue::from_static("zone=\"UTC\"")),
        ]);
        assert_eq!(SessionCookie::Loopback.read(&headers), Some("tok=en"));
        assert_eq!(SessionCookie::Secure.read(&headers), None);
        assert_eq!(read(&headers, "zone"), Some("UTC"));
    }

    #[test]
    fn the_session_cookie_is_kept_from_scripts_and_plain_connections() {
        let set = SessionCookie::Secure.set("t").expect("a header");
        let text = set.to_str().expect("ascii");
        for mark in [
            "__Host-session=t;",
            "Path=/",
            "HttpOnly",
            "SameSite=Lax",
            "Secure",
        ] {
            assert!(text.contains(mark), "{mark} in {text}");
        }
        assert!(set.is_sensitive());
        assert!(SessionCookie::Loopback.set("a\nb").is_none());
    }
}
