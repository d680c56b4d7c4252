//! The way out: names that lead nowhere, proxies, and authorities of one's own.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use chrono::{TimeDelta, Utc};
use common::azurite::{Azurite, free_port, sas_at};
use common::gate::Gate;
use common::{Serving, Stack, operator, wait_for, wait_for_end};
use domain::{CollectionState, DestinationChoice, SasUrl};
use engine::{LiveCheck, ProxyUrl};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// As in a cloud of one's own; only the proxy knows where it is.
const HOST: &str = "devstoreaccount1.blob.contoso.example";

/// The same signature, for another place.
fn moved(place: &str) -> SasUrl {
    let sas = sas_at(free_port(), "logs", "rwl", Utc::now() + TimeDelta::hours(1));
    let (_, query) = sas.expose().split_once('?').unwrap();
    SasUrl::parse(&format!("{place}/logs?{query}")).expect("a SAS URL")
}

fn signature(sas: &SasUrl) -> &str {
    sas.expose().split_once("sig=").unwrap().1
}

/// An authority, and a certificate of it for [`HOST`] and this machine; answers the authority's.
fn certify(directory: &Path) -> PathBuf {
    let script = format!(
        "set -e; cd '{}'; new='openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
         $new -x509 -keyout ca.key -out ca.pem -subj '/CN=An authority of a test' -days 2
         $new -keyout key.pem -out request.pem -subj '/CN=storage'
         echo 'subjectAltName=DNS:{HOST},IP:127.0.0.1' > names
         openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
             -extfile names -out certificate.pem -days 2",
        directory.display()
    );
    let made = Command::new("sh").args(["-c", &script]).output().unwrap();
    let told = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "openssl: {told}");
    directory.join("ca.pem")
}

/// Speaks TLS in front of `upstream`; answers its port.
async fn speak_tls(directory: &Path, upstream: u16) -> u16 {
    let certificate = CertificateDer::from_pem_file(directory.join("certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(directory.join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // one that does not trust the certificate hangs up
                let mut client = acceptor.accept(client).await.ok()?;
                let mut server = TcpStream::connect(("127.0.0.1", upstream)).await.ok()?;
                copy_bidirectional(&mut client, &mut server).await.ok()
            });
        }
    });
    port
}

/// A proxy for TLS alone that leads everywhere to `upstream` and keeps what it was asked.
async fn tunnel(upstream: u16) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let (mut head, mut byte) = (Vec::new(), [0]);
                while !head.ends_with(b"\r\n\r\n") {
                    client.read_exact(&mut byte).await.ok()?;
                    head.push(byte[0]);
                }
                kept.lock().unwrap().push(String::from_utf8(head).unwrap());
                let mut server = TcpStream::connect(("127.0.0.1", upstream)).await.ok()?;
                client.write_all(b"HTTP/1.1 200 Go\r\n\r\n").await.ok()?;
                copy_bidirectional(&mut client, &mut server).await.ok()
            });
        }
    });
    (port, asked)
}

#[tokio::test]
async fn a_name_without_an_address_makes_a_collection_wait_and_says_so() {
    let mut stack = Stack::new();
    let log = stack.role("Storage").join("disk.log");
    stack.noisy_log(&log, 1);
    let serving = Serving::start(stack.engine().await);
    let sas = moved("https://nowhere.invalid");
    let request = stack.request(DestinationChoice::SasUrl(sas));
    let id = serving.collect(request).await;
    let waiting = wait_for(&serving.engine, id, &[CollectionState::Waiting]).await;
    let reason = waiting.summary.state_detail.unwrap();
    assert!(reason.contains("its name cannot be resolved"), "{reason}");
    serving.engine.cancel(id, &operator()).await.unwrap();
    wait_for_end(&serving.engine, id).await;
    serving.stop().await;
}

#[tokio::test]
async fn a_proxy_that_is_gone_is_told_as_such_and_its_password_nowhere() {
    let mut stack = Stack::new();
    let sas = moved(&format!("https://{HOST}"));
    let port = free_port();
    let proxy = format!("http://olga:hunter2@127.0.0.1:{port}");
    stack.config.network.proxy = Some(ProxyUrl::parse(&proxy).unwrap());
    let engine = stack.engine().await;
    let findings = format!("{:?}", engine.check_sas_live(&sas).await.unwrap());
    let through = format!("through the proxy http://127.0.0.1:{port}");
    assert!(findings.contains(&through), "{findings}");
    for text in [findings, format!("{:?}", engine.config())] {
        assert!(!text.contains("hunter2"), "{text}");
        assert!(!text.contains(signature(&sas)), "{text}");
    }
    engine.close().await;
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_when_it_is_named_and_the_lack_of_it_is_told() {
    let azurite = Azurite::start().await;
    azurite.container("logs").await;
    let mut stack = Stack::new();
    let authority = certify(stack.root.path());
    let port = speak_tls(stack.root.path(), azurite.port).await;
    let sas = moved(&format!("https://127.0.0.1:{port}/devstoreaccount1"));

    let engine = stack.engine().await;
    let LiveCheck::NotAsked(finding) = engine.check_sas_live(&sas).await.unwrap() else {
        panic!("the authority is not known");
    };
    let problem = &finding.problem;
    assert!(problem.contains("network.ca_file"), "{problem}");
    assert!(!problem.contains(signature(&sas)), "{problem}");
    engine.close().await;

    stack.config.network.ca_file = Some(authority);
    let engine = stack.engine().await;
    let said = engine.check_sas_live(&sas).await.unwrap();
    assert_eq!(said, LiveCheck::Agrees);
    engine.close().await;
}

#[tokio::test]
async fn a_port_that_does_not_speak_tls_is_told_as_such() {
    let azurite = Azurite::start().await;
    let engine = Stack::new().engine().await;
    let sas = moved(&format!(
        "https://127.0.0.1:{}/devstoreaccount1",
        azurite.port
    ));
    let LiveCheck::NotAsked(finding) = engine.check_sas_live(&sas).await.unwrap() else {
        panic!("it speaks no TLS");
    };
    assert!(
        finding.problem.contains("does not speak TLS"),
        "{}",
        finding.problem
    );
    engine.close().await;
}

#[tokio::test]
async fn a_collection_goes_through_a_proxy_that_asks_who_comes() {
    let azurite = Azurite::start().await;
    azurite.container("logs").await;
    let gate = Gate::start(azurite.port).await;
    let mut stack = Stack::new();
    let log = stack.role("Storage").join("disk.log");
    stack.noisy_log(&log, 1);
    stack.config.network.ca_file = Some(certify(stack.root.path()));
    let port = speak_tls(stack.root.path(), gate.port).await;
    let (proxy, asked) = tunnel(port).await;
    let proxy = format!("http://olga:hunter2@127.0.0.1:{proxy}");
    stack.config.network.proxy = Some(ProxyUrl::parse(&proxy).unwrap());
    let serving = Serving::start(stack.engine().await);
    let sas = moved(&format!("https://{HOST}"));
    let request = stack.request(DestinationChoice::SasUrl(sas.clone()));
    let id = serving.collect(request).await;
    let detail = wait_for_end(&serving.engine, id).await;
    let told = &detail.summary.state_detail;
    assert_eq!(detail.summary.state, CollectionState::Complete, "{told:?}");
    assert_eq!(azurite.blobs("logs").await.len(), 2);
    let asked = asked.lock().unwrap().join("");
    assert!(
        asked.starts_with(&format!("CONNECT {HOST}:443 ")),
        "{asked}"
    );
    // olga:hunter2
    assert!(asked.contains("Basic b2xnYTpodW50ZXIy"), "{asked}");
    assert!(!asked.contains(signature(&sas)), "the tunnel hides the URL");
    serving.stop().await;
}
