//! Finds out who sends a request, and how they want to see the answer.

use std::net::{IpAddr, SocketAddr};

use app::context::{THEME_COOKIE, Theme, User, Viewer, ZONE_COOKIE};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use domain::people::Actor;
use engine::chain;

use super::cookie;
use super::next::{self, SignInError};
use crate::portal::Portal;
use crate::request_log::RequestId;

/// Where a request comes from; `None` where a proxy does not say.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub Option<IpAddr>);

/// In a request that brings a session which opens nothing any more.
#[derive(Clone, Copy, Debug)]
struct SessionEnded;

/// Puts a [`Viewer`] and a [`ClientAddress`] into the request, signed in or not.
pub async fn resolve_viewer(
    State(portal): State<Portal>,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    let token = portal.cookie.read(headers);
    let session = match token {
        None => None,
        Some(token) => match portal.engine.session(token).await {
            Ok(session) => session,
            Err(error) => {
                tracing::error!(error = chain(&error), "a session could not be looked up");
                return (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "The portal cannot look up sessions at the moment. Try again.\n",
                )
                    .into_response();
            }
        },
    };
    let ended = token.is_some() && session.is_none();
    let address = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .and_then(|ConnectInfo(peer)| client_address(peer.ip(), headers, portal.behind_proxy));
    let viewer = Viewer {
        actor: session.as_ref().map(|session| Actor {
            name: session.name.clone(),
            role: session.role,
            address: address.map(|address| address.to_string()),
        }),
        session: session.map(|session| User {
            name: session.name,
            role: session.role,
        }),
        zone: cookie::read(headers, ZONE_COOKIE)
            .and_then(|name| name.parse().ok())
            .unwrap_or(portal.engine.config().zone),
        theme: cookie::read(headers, THEME_COOKIE)
            .and_then(Theme::from_code)
            .unwrap_or_default(),
        stack_name: portal.engine.config().stack_name.clone(),
        request_id: request
            .extensions()
            .get::<RequestId>()
            .map_or_else(String::new, ToString::to_string),
    };
    request.extensions_mut().insert(viewer);
    request.extensions_mut().insert(ClientAddress(address));
    if ended {
        request.extensions_mut().insert(SessionEnded);
    }
    next.run(request).await
}

/// Leads those who are not signed in from a page to the sign-in page, and those who are away from
/// it. Server functions pass: each of them answers for itself.
pub async fn require_session(request: Request, next: Next) -> Response {
    let signed_in = request
        .extensions()
        .get::<Viewer>()
        .is_some_and(|viewer| viewer.session.is_some());
    let path = request.uri().path();
    if path.starts_with("/api/") {
        return next.run(request).await;
    }
    match (path == next::SIGN_IN, signed_in) {
        (true, true) => Redirect::to(app::paths::OVERVIEW).into_response(),
        (false, false) => {
            let asked = request
                .uri()
                .path_and_query()
                .map_or(path, |asked| asked.as_str());
            let ended = request.extensions().get::<SessionEnded>();
            let why = ended.map(|SessionEnded| SignInError::Expired);
            Redirect::to(&next::sign_in_url(asked, why)).into_response()
        }
        (true, false) | (false, true) => next.run(request).await,
    }
}

/// A proxy on this machine is asked for whom it speaks, when the configuration says that there is
/// one. Where it does not say, the address is not known: its own would stand for everybody's.
fn client_address(peer: IpAddr, headers: &HeaderMap, behind_proxy: bool) -> Option<IpAddr> {
    if !(behind_proxy && peer.to_canonical().is_loopback()) {
        return Some(peer);
    }
    // the last entry is the proxy's own; those before it are whatever the client claims
    headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|line| line.to_str().ok())
        .and_then(|line| line.rsplit(',').next())
        .and_then(|entry| entry.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_a_proxy_on_this_machine_is_believed_and_only_its_own_entry() {
        let mut headers = HeaderMap::new();
        headers.append(
            "x-forwarded-for",
            HeaderValue::from_static("1.1.1.1, 10.0.0.9"),
        );
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let far: IpAddr = Ipv4Addr::new(192, 0, 2, 1).into();
        let named: IpAddr = Ipv4Addr::new(10, 0, 0, 9).into();
        assert_eq!(client_address(loopback, &headers, true), Some(named));
        assert_eq!(client_address(loopback, &headers, false), Some(loopback));
        assert_eq!(client_address(far, &headers, true), Some(far));
        assert_eq!(client_address(loopback, &HeaderMap::new(), true), None);
    }
}
