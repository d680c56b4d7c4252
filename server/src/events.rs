//! `GET /events`: tells open pages that a collection has changed.
//!
//! An event says only 'version N of collection X'; pages fetch the truth. Whenever the connection
//! is new, a page looks at everything again: so a stream may end at any time, and does when its
//! reader is too slow for the news.

use std::convert::Infallible;
use std::time::Duration;

use app::context::Viewer;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use domain::views::CollectionEvent;
use futures::{Stream, StreamExt, stream};
use tokio::sync::broadcast::Receiver;

use crate::portal::Portal;

/// Browsers connect again after this. The session is then looked up anew, so that somebody who
/// was signed out or removed hears no more.
const LONGEST_STREAM: Duration = Duration::from_secs(10 * 60);
/// How long a browser waits before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);
/// Proxies close connections on which nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Server-sent events for a signed-in person.
pub async fn events(
    State(portal): State<Portal>,
    Extension(viewer): Extension<Viewer>,
) -> Response {
    if viewer.session.is_none() {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let shutdown = portal.shutdown.clone();
    let end = async move {
        // both arms are whole futures; whichever is first, the stream ends
        tokio::select! {
            () = shutdown.cancelled_owned() => {}
            () = tokio::time::sleep(LONGEST_STREAM) => {}
        }
    };
    let hello = stream::once(async { Ok(Event::default().retry(RECONNECT).comment("ready")) });
    let stream = hello
        .chain(news(portal.engine.events()))
        .take_until(Box::pin(end));
    (
        // nginx would otherwise hold events back until its buffer is full
        [(HeaderName::from_static("x-accel-buffering"), "no")],
        Sse::new(stream).keep_alive(KeepAlive::default().interval(KEEP_ALIVE)),
    )
        .into_response()
}

/// Ends when the engine does, or when the receiver has missed something.
fn news(
    receiver: Receiver<CollectionEvent>,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::unfold(receiver, |mut receiver| async move {
        let event = receiver.recv().await.ok()?;
        let event = Event::default().json_data(event).ok()?;
        Some((Ok(event), receiver))
    })
}
