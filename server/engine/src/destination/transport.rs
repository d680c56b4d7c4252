//! The HTTP client under the Azure SDK: ours, so that no error that leaves it holds a URL.
//!
//! The SDK's own transport keeps the whole request URL, signature included, in the `Debug` text and
//! the source chain of its errors.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Method, Request};
use futures::TryStreamExt;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// What an answer may take, beside the time for the request's body.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// A link that is slower than this, in bytes a second, counts as broken.
const SLOWEST_LINK: u64 = 16 * 1024;
/// Bytes that were sent and are not acknowledged for this long: nobody is there any more.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub struct Transport {
    client: reqwest::Client,
}

impl Transport {
    /// A client with its own connections; clones share them.
    pub fn connect() -> Result<Arc<dyn HttpClient>, reqwest::Error> {
        // `Err` only says that a provider is installed already
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Arc::new(Self { client }))
    }
}

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let mut outgoing = self
            .client
            .request(method(request.method()), request.url().clone());
        for (name, value) in request.headers().iter() {
            outgoing = outgoing.header(name.as_str(), value.as_str());
        }
        let outgoing = match request.body().clone() {
            // a time-out that does not know of the body would never let a block through a slow link
            Body::Bytes(bytes) => {
                let body = Duration::from_secs(bytes.len() as u64 / SLOWEST_LINK);
                outgoing.timeout(ANSWER_TIMEOUT + body).body(bytes)
            }
            Body::SeekableStream(stream) => outgoing.body(reqwest::Body::wrap_stream(stream)),
        };
        let response = outgoing.send().await.map_err(without_url)?;
        let status = response.status().as_u16().into();
        let headers = headers(response.headers());
        let body = Box::pin(response.bytes_stream().map_err(without_url));
        Ok(AsyncRawResponse::new(status, headers, body))
    }
}

/// Says what went wrong in words that were chosen here; the original, with its URL, is dropped.
fn without_url(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let (kind, what) = if error.is_connect() {
        (ErrorKind::Connection, "no connection could be made")
    } else if error.is_timeout() {
        (ErrorKind::Io, "it did not answer in time")
    } else {
        (ErrorKind::Io, "the connection broke")
    };
    match root_cause(&error) {
        Some(cause) => Error::with_message(kind, format!("{what} ({cause})")),
        None => Error::with_message(kind, what),
    }
}

/// The operating system's word (connection refused, broken pipe) or the resolver's. Only these are
/// passed on: they cannot quote a request.
fn root_cause(error: &reqwest::Error) -> Option<String> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return Some(match io.raw_os_error() {
                Some(code) => std::io::Error::from_raw_os_error(code).to_string(),
                None => io.kind().to_string(),
            });
        }
        source = cause.source();
    }
    None
}

fn method(method: Method) -> reqwest::Method {
    match method {
        Method::Delete => reqwest::Method::DELETE,
        Method::Get => reqwest::Method::GET,
        Method::Head => reqwest::Method::HEAD,
        Method::Patch => reqwest::Method::PATCH,
        Method::Post => reqwest::Method::POST,
        _ => reqwest::Method::PUT,
    }
}

fn headers(map: &reqwest::header::HeaderMap) -> Headers {
    let mut headers = Headers::new();
    for (name, value) in map {
        if let Ok(value) = value.to_str() {
            headers.insert(
                HeaderName::from(name.as_str().to_owned()),
                HeaderValue::from(value.to_owned()),
            );
        }
    }
    headers
}
