//! `help-support serve`: the portal and the runner of collections, from start to clean end.
//!
//! On SIGTERM or SIGINT no new connection is taken, event streams end, and the runner brings the
//! collection at hand into a state from which the next start goes on.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use engine::Engine;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::Config;
use crate::portal::Portal;
use crate::{cli, router, shutdown, site};

/// How long requests under way may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until told to stop.
pub async fn serve(config: &Config) -> anyhow::Result<()> {
    // before anything is created: a second start must not make a first operator and then fail
    let listener = bind(config.portal.listen).await?;
    let address = listener.local_addr()?;
    let engine = Engine::open(config.engine.clone()).await?;
    let shutdown = shutdown::on_signal()?;

    announce(config, address, &engine).await?;
    let options = site::options(address);
    let portal = Portal::new(
        engine.clone(),
        &config.portal,
        options.clone(),
        shutdown.clone(),
    );
    let runner = {
        let (engine, shutdown) = (engine.clone(), shutdown.clone());
        tokio::spawn(async move { engine.run(shutdown).await })
    };
    let served = serve_requests(listener, router::router(portal, &options), &shutdown).await;
    // also when the listener failed by itself
    shutdown.cancel();
    runner
        .await
        .context("the runner of collections broke off")?;
    engine.close().await;
    served.context("the portal broke off")?;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program, or this one, listens there already; stop it or change portal.listen"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need a right of their own; choose another in portal.listen"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine does not have that address; change portal.listen"
            }
            _ => "see portal.listen in the configuration",
        };
        anyhow::anyhow!("cannot listen on {address}: {error}; {advice}")
    })
}

/// Says where the portal is and, once, how to get in.
async fn announce(config: &Config, address: SocketAddr, engine: &Engine) -> anyhow::Result<()> {
    let own = format!("http://{address}");
    let public = config.portal.public_url.as_ref().map(Url::as_str);
    // before the line that tells scripts that all is ready. A service's output ends up in the
    // journal, which is collected: on a line of this form, redaction takes the password out
    if let Some(password) = engine.create_first_operator().await? {
        cli::show(&format!(
            "Sign in as \"admin\" with this password, which is not shown again\n\
             Password: {password}"
        ))?;
    }
    cli::show(&format!("Listening on {own}"))?;
    if let Some(public) = public {
        cli::show(&format!("People reach it at {public}"))?;
    }
    if public.is_none() && config.portal.needs_secure_cookies() {
        tracing::warn!(
            "browsers keep a session only over TLS: put a server with TLS in front of the portal and \
             name its address in portal.public_url"
        );
    }
    tracing::info!(%address, stack = config.engine.stack_name, "serving");
    Ok(())
}

/// Ends some seconds after `shutdown` even when a connection does not.
async fn serve_requests(
    listener: TcpListener,
    router: axum::Router,
    shutdown: &CancellationToken,
) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, service)
        .with_graceful_shutdown(shutdown.clone().cancelled_owned())
        .into_future();
    let out_of_patience = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
        tracing::warn!("some requests did not end in time");
    };
    tokio::select! {
        served = serving => served,
        () = out_of_patience => Ok(()),
    }
}
