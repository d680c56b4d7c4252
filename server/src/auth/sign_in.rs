//! The plain forms around a session: sign in, sign out, and the theme, which needs none.

use std::time::{Duration, Instant};

use app::context::{THEME_COOKIE, Theme};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::people::is_user_name;
use engine::chain;
use serde::Deserialize;
use url::Url;

use super::cookie;
use super::next::{self, SignInError};
use super::throttle::Wait;
use super::viewer::ClientAddress;
use crate::portal::Portal;

/// No `Debug`: it holds a password.
#[derive(Deserialize)]
pub struct SignInForm {
    user: String,
    password: String,
    #[serde(default)]
    next: String,
}

/// `POST /sign-in`: leads on with a session, or back with the reason.
pub async fn sign_in(
    State(portal): State<Portal>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Response {
    let name = form.user.trim();
    let client = address.map(tracing::field::display);
    let wrong = || {
        let back = next::sign_in_url(&form.next, Some(SignInError::Wrong));
        Redirect::to(&back).into_response()
    };
    // nobody can have such a name, and whatever it is, it is not to be remembered
    if !is_user_name(name) {
        tracing::warn!(address = client, "sign-in refused");
        return wrong();
    }
    let attempt = match portal.throttle.attempt(name, address, Instant::now()) {
        Ok(attempt) => attempt,
        Err(Wait(wait)) => {
            tracing::warn!(address = client, "sign-in throttled");
            return throttled(wait, &headers, &form.next);
        }
    };
    let from = address.map(|address| address.to_string());
    let token = match portal.engine.sign_in(name, &form.password, from).await {
        Ok(Some(token)) => token,
        Ok(None) => {
            let user = known_name(&portal, name).await;
            tracing::warn!(user, address = client, "sign-in refused");
            return wrong();
        }
        Err(error) => return unavailable(&error),
    };
    attempt.succeeded();
    tracing::info!(user = name, address = client, "signed in");
    // a session that this browser still had must not outlive the change of person
    end_session(&portal, &headers).await;
    match portal.cookie.set(token.expose()) {
        Some(cookie) => (
            [(header::SET_COOKIE, cookie)],
            Redirect::to(next::local_path(&form.next)),
        )
            .into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// `POST /sign-out`: ends the session here and in the browser.
pub async fn sign_out(State(portal): State<Portal>, headers: HeaderMap) -> Response {
    end_session(&portal, &headers).await;
    (
        [(header::SET_COOKIE, portal.cookie.clear())],
        Redirect::to(next::SIGN_IN),
    )
        .into_response()
}

#[derive(Debug, Deserialize)]
pub struct ThemeForm {
    theme: String,
}

/// `POST /theme`: remembers light, dark or system, and leads back to the page it was chosen on.
pub async fn set_theme(headers: HeaderMap, Form(form): Form<ThemeForm>) -> Response {
    let theme = Theme::from_code(&form.theme).unwrap_or_default();
    let back = headers
        .get(header::REFERER)
        .and_then(|from| from.to_str().ok())
        .and_then(|from| Url::parse(from).ok())
        .map_or_else(String::new, |from| {
            from[url::Position::BeforePath..].to_owned()
        });
    let mut response = Redirect::to(next::local_path(&back)).into_response();
    if let Some(cookie) = cookie::remember(THEME_COOKIE, theme.code()) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// `name`, where somebody has it. Anything else may be a password in the wrong field, and is not
/// to be logged.
async fn known_name(portal: &Portal, name: &str) -> Option<String> {
    let users = portal.engine.users().await.ok()?;
    users
        .into_iter()
        .map(|user| user.name)
        .find(|known| known == name)
}

async fn end_session(portal: &Portal, headers: &HeaderMap) {
    if let Some(token) = portal.cookie.read(headers)
        && let Err(error) = portal.engine.sign_out(token).await
    {
        tracing::error!(error = chain(&error), "a session could not be ended");
    }
}

/// A browser gets the page with the reason, everything else the status.
fn throttled(wait: Duration, headers: &HeaderMap, next: &str) -> Response {
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if wants_page {
        return Redirect::to(&next::sign_in_url(next, Some(SignInError::Throttled)))
            .into_response();
    }
    let seconds = HeaderValue::from(wait.as_secs().max(1));
    (
        StatusCode::TOO_MANY_REQUESTS,
        [(header::RETRY_AFTER, seconds)],
        "Too many attempts to sign in. Wait, then try again.\n",
    )
        .into_response()
}

fn unavailable(error: &engine::EngineError) -> Response {
    tracing::error!(error = chain(error), "sign-in failed");
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "Nobody can sign in at the moment. Try again.\n",
    )
        .into_response()
}
