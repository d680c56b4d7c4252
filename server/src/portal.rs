//! What every request to the portal may need.

use std::fmt;
use std::sync::Arc;

use axum::extract::FromRef;
use engine::Engine;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::auth::{SessionCookie, Throttle};
use crate::config::PortalConfig;

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct Portal {
    pub engine: Engine,
    pub cookie: SessionCookie,
    pub throttle: Arc<Throttle>,
    pub public_url: Option<Url>,
    /// A proxy speaks for the browsers, so that addresses are what it says.
    pub behind_proxy: bool,
    /// Ends streams that would otherwise never end.
    pub shutdown: CancellationToken,
    options: LeptosOptions,
}

impl Portal {
    #[must_use]
    pub fn new(
        engine: Engine,
        config: &PortalConfig,
        options: LeptosOptions,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            engine,
            cookie: if config.needs_secure_cookies() {
                SessionCookie::Secure
            } else {
                SessionCookie::Loopback
            },
            throttle: Arc::default(),
            public_url: config.public_url.clone(),
            behind_proxy: config.public_url.is_some(),
            shutdown,
            options,
        }
    }
}

impl fmt::Debug for Portal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Portal")
            .field("cookie", &self.cookie)
            .field("public_url", &self.public_url)
            .finish_non_exhaustive()
    }
}

impl FromRef<Portal> for LeptosOptions {
    fn from_ref(portal: &Portal) -> Self {
        portal.options.clone()
    }
}
