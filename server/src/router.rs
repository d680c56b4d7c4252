//! All addresses of the portal, and what each request passes on its way.
//!
//! From outside in: request id and log, security headers, compression, size limit. Pages, server
//! functions and forms further pass the check of origin and get their viewer; static files and
//! probes do not need either.

use app::context::Viewer;
use app::sent::SentForm;
use axum::Extension;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRef, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{Owner, provide_context, use_context};
use leptos::reactive::computed::ScopedFuture;
use leptos_axum::{
    LeptosRoutes, ResponseOptions, file_and_error_handler_with_context, generate_route_list,
    render_app_async_with_context,
};
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::services::ServeDir;
use tower_http::set_header::SetResponseHeaderLayer;
use url::form_urlencoded;

use crate::auth::{self, PublicUrl};
use crate::portal::Portal;
use crate::{events, headers, probes, request_log, trailing_slash};

/// The largest form is that of a collection with all roles; a SAS URL has at most a few KiB.
const MOST_BODY_BYTES: usize = 64 * 1024;

/// The whole portal.
pub fn router(portal: Portal, options: &LeptosOptions) -> Router {
    dynamic(&portal, options)
        .nest_service("/pkg", package(options))
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(MOST_BODY_BYTES))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(headers::add_security_headers))
        .layer(middleware::from_fn(request_log::log_requests))
        .with_state(portal)
}

/// Everything that depends on who asks.
fn dynamic(portal: &Portal, options: &LeptosOptions) -> Router<Portal> {
    let shell = {
        let options = options.clone();
        move || app::shell(options.clone())
    };
    let context = {
        let portal = portal.clone();
        move || provide_page_context(&portal)
    };
    let pages = Router::new().leptos_routes_with_context(
        portal,
        generate_route_list(app::App),
        context.clone(),
        shell,
    );
    let pages = app::paths::ANSWERING
        .into_iter()
        .fold(pages, |pages, path| pages.route(path, post(answer_form)))
        .route_layer(middleware::from_fn(auth::require_session));
    Router::new()
        .route("/sign-in", post(auth::sign_in))
        .route("/sign-out", post(auth::sign_out))
        .route("/theme", post(auth::set_theme))
        .route("/events", get(events::events))
        .merge(pages)
        .fallback(file_and_error_handler_with_context::<Portal, _>(
            context,
            app::shell,
        ))
        .layer(middleware::from_fn(keep_apart))
        .layer(middleware::from_fn_with_state(
            portal.clone(),
            auth::resolve_viewer,
        ))
        .layer(middleware::from_fn(auth::require_same_origin))
        .layer(Extension(PublicUrl(portal.public_url.clone())))
        .layer(middleware::from_fn(trailing_slash::redirect))
}

/// Gives each request a context of its own, and brings it to its end.
///
/// Server functions and static files take the context that their thread had last for their parent:
/// without one, that is another request's page, and the answer to a file took that page's headers
/// away. And a page whose browser has gone must not lose its context while it is being rendered.
async fn keep_apart(request: Request, next: Next) -> Response {
    let owner = Owner::new_root(None);
    let answer = ScopedFuture {
        owner,
        observer: None,
        fut: next.run(request),
    };
    tokio::spawn(answer).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request broke off");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

/// What pages and server functions find in context, and the policy of a page's answer.
fn provide_page_context(portal: &Portal) {
    provide_context(portal.engine.clone());
    // there is no request while routes are listed and when a static file is sent
    if let Some(viewer) =
        use_context::<Parts>().and_then(|request| request.extensions.get::<Viewer>().cloned())
    {
        provide_context(viewer);
    }
    // only pages have a nonce
    if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
        && let Some(policy) = headers::page_policy(&nonce)
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Answers a form that was sent to a page with that page.
async fn answer_form(State(portal): State<Portal>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let form = SentForm::new(form_urlencoded::parse(&body).into_owned().collect());
    let options = LeptosOptions::from_ref(&portal);
    let context = move || {
        provide_page_context(&portal);
        provide_context(form.clone());
    };
    let render = render_app_async_with_context(context, move || app::shell(options.clone()));
    render(Request::from_parts(parts, Body::empty())).await
}

/// Scripts and styles. Their names stay the same from version to version, so browsers ask whether
/// they have changed.
fn package(options: &LeptosOptions) -> Router {
    let folder = std::path::Path::new(&*options.site_root).join(&*options.site_pkg_dir);
    Router::new()
        .fallback_service(
            ServeDir::new(folder)
                .precompressed_br()
                .precompressed_gzip(),
        )
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
}
