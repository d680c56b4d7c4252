//! What watches the portal from outside asks here: is it alive, is it ready, how is it doing.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::chain;

use crate::portal::Portal;

/// `GET /healthz`: the process answers.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers too.
pub async fn readyz(State(portal): State<Portal>) -> Response {
    match portal.engine.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::error!(error = chain(&error), "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
        }
    }
}

/// `GET /metrics`: numbers in the text format of Prometheus. They name no log, person or place.
pub async fn metrics(State(portal): State<Portal>) -> Response {
    match portal.engine.metrics().await {
        Ok(text) => (
            [(
                header::CONTENT_TYPE,
                "text/plain; version=0.0.4; charset=utf-8",
            )],
            text,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(error = chain(&error), "no metrics");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
