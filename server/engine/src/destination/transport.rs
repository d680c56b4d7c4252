//! The HTTP client under the Azure SDK: ours, so that no error that leaves it holds a URL, and so
//! that the network is used as the configuration says.
//!
//! The SDK's own transport keeps the whole request URL, signature included, in the `Debug` text and
//! the source chain of its errors.

use std::error::Error as StdError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::{HeaderName, HeaderValue, Headers};
use azure_core::http::{AsyncRawResponse, Body, HttpClient, Method, Request};
use futures::TryStreamExt;
use reqwest::{Certificate, NoProxy, Proxy};
use thiserror::Error;

use crate::config::NetworkConfig;

/// A link that is slower than this, in bytes a second, counts as broken.
const SLOWEST_LINK: u64 = 16 * 1024;
/// Bytes that were sent and are not acknowledged for this long: nobody is there any more.
const UNACKNOWLEDGED: Duration = Duration::from_secs(60);

/// Why there is no HTTP client.
#[derive(Debug, Error)]
pub enum TransportError {
    #[error("network.ca_file: {path} cannot be read")]
    Unreadable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("network.ca_file: {0} holds no certificate in PEM form")]
    NoCertificate(PathBuf),
    #[error("network.proxy cannot be used; it is a URL such as http://proxy.contoso.example:3128")]
    Proxy,
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// Clones share their connections.
#[derive(Clone, Debug)]
pub struct Transport {
    client: reqwest::Client,
    answer_timeout: Duration,
    /// Of the configuration: host and port alone.
    proxy: Option<String>,
}

impl Transport {
    pub fn new(network: &NetworkConfig) -> Result<Self, TransportError> {
        // `Err` only says that a provider is installed already
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(network.connect_timeout)
            .tcp_user_timeout(UNACKNOWLEDGED)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(proxy) = &network.proxy {
            let to = Proxy::all(proxy.expose()).map_err(|_| TransportError::Proxy)?;
            builder = builder.proxy(to.no_proxy(NoProxy::from_env()));
        }
        if let Some(path) = &network.ca_file {
            builder = builder.tls_certs_merge(certificates(path)?);
        }
        Ok(Self {
            client: builder
                .build()
                .map_err(|error| TransportError::Client(error.without_url()))?,
            answer_timeout: network.read_timeout,
            proxy: network.proxy.as_ref().map(ToString::to_string),
        })
    }

    /// As the SDK takes it.
    pub fn as_client(&self) -> Arc<dyn HttpClient> {
        Arc::new(self.clone())
    }

    /// Says what went wrong in words that were chosen here; the original, with its URL, is dropped.
    fn without_url(&self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        let cause = cause(&error);
        let (kind, what) = if error.is_connect() {
            (ErrorKind::Connection, "no connection could be made")
        } else if error.is_timeout() {
            (ErrorKind::Io, "it did not answer in time")
        } else {
            (ErrorKind::Io, "the connection broke")
        };
        let through = match &self.proxy {
            Some(proxy) if error.is_connect() => format!(" through the proxy {proxy}"),
            _ => String::new(),
        };
        match cause {
            Some(cause) => Error::with_message(kind, format!("{what}{through} ({cause})")),
            None => Error::with_message(kind, format!("{what}{through}")),
        }
    }
}

/// Looks at a file of authorities before anything depends on it.
///
/// # Errors
/// What is wrong with it.
pub fn check_authorities(path: &Path) -> Result<(), String> {
    match certificates(&path.to_owned()) {
        Ok(_) => Ok(()),
        Err(TransportError::Unreadable { path, source }) => {
            Err(format!("{} cannot be read: {source}", path.display()))
        }
        Err(_) => Err(format!(
            "{} holds no certificate in PEM form",
            path.display()
        )),
    }
}

fn certificates(path: &PathBuf) -> Result<Vec<Certificate>, TransportError> {
    let pem = fs::read(path).map_err(|source| TransportError::Unreadable {
        path: path.clone(),
        source,
    })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(TransportError::NoCertificate(path.clone())),
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
                outgoing.timeout(self.answer_timeout + body).body(bytes)
            }
            Body::SeekableStream(stream) => outgoing.body(reqwest::Body::wrap_stream(stream)),
        };
        let response = outgoing
            .send()
            .await
            .map_err(|error| self.without_url(error))?;
        let status = response.status().as_u16().into();
        let headers = headers(response.headers());
        let transport = self.clone();
        let body = response.bytes_stream();
        let body = Box::pin(body.map_err(move |error| transport.without_url(error)));
        Ok(AsyncRawResponse::new(status, headers, body))
    }
}

/// The operating system's word (connection refused, broken pipe), that of the check of a
/// certificate, or that a name has no address. Only these are passed on: they cannot quote a
/// request.
fn cause(error: &reqwest::Error) -> Option<String> {
    let mut source = StdError::source(error);
    let mut found = None;
    while let Some(cause) = source {
        // the resolver's error has no type of its own to be known by
        if cause.to_string().starts_with("dns error") {
            return Some("its name cannot be resolved".to_owned());
        }
        if cause.to_string() == "proxy authorization required" {
            return Some("the proxy asks for a user name and a password".to_owned());
        }
        if let Some(told) = tls_trouble(cause) {
            return Some(told);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            found = match io.raw_os_error() {
                Some(code) => Some(io::Error::from_raw_os_error(code).to_string()),
                // says nothing
                None if io.kind() == io::ErrorKind::Other => None,
                None => Some(io.kind().to_string()),
            }
            .or(found);
        }
        source = cause.source();
    }
    found
}

fn tls_trouble(cause: &(dyn StdError + 'static)) -> Option<String> {
    // an I/O error does not name as its source what it wraps, and here they wrap each other
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        return io.get_ref().and_then(|inner| tls_trouble(inner));
    }
    match cause.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::UnknownIssuer | rustls::CertificateError::Other(_),
        ) => Some(
            "its certificate is from an authority that is not trusted here; name that in network.ca_file"
                .to_owned(),
        ),
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::Expired | rustls::CertificateError::ExpiredContext { .. },
        ) => Some("its certificate has expired, or this machine's clock is wrong".to_owned()),
        rustls::Error::InvalidCertificate(_) => Some("its certificate is not valid".to_owned()),
        rustls::Error::InvalidMessage(_) => Some(
            "what answers there does not speak TLS; check the host and the port of the SAS URL"
                .to_owned(),
        ),
        _ => None,
    }
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
