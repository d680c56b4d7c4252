//! Azurite, the blob service's emulator, as a child process, and SAS URLs for it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use domain::SasUrl;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tempfile::TempDir;

/// The emulator's published account and key.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const VERSION: &str = "2021-12-02";

pub struct Azurite {
    child: Child,
    pub port: u16,
    _directory: TempDir,
}

impl Drop for Azurite {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Azurite {
    pub async fn start() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let port = free_port();
        let program = program();
        let child = Command::new(&program)
            .args([
                "--silent",
                "--skipApiVersionCheck",
                "--disableTelemetry",
                "--location",
            ])
            .arg(directory.path())
            .args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!(
                    "{} does not start ({error}); run `make setup`",
                    program.display()
                )
            });
        let azurite = Self {
            child,
            port,
            _directory: directory,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .is_err()
        {
            assert!(Instant::now() < deadline, "Azurite does not answer");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        azurite
    }

    pub async fn container(&self, name: &str) {
        let expiry = stamp(Utc::now() + TimeDelta::hours(1));
        let to_sign = format!("{ACCOUNT}\nrwdlac\nb\nco\n\n{expiry}\n\n\n{VERSION}\n\n");
        let query = format!(
            "restype=container&sv={VERSION}&ss=b&srt=co&sp=rwdlac&se={}&sig={}",
            encode(&expiry),
            encode(&sign(&to_sign))
        );
        let url = format!("http://127.0.0.1:{}/{ACCOUNT}/{name}?{query}", self.port);
        let answer = client()
            .put(url)
            .header("content-length", "0")
            .send()
            .await
            .expect("Azurite");
        assert_eq!(
            answer.status().as_u16(),
            201,
            "{}",
            answer.text().await.unwrap_or_default()
        );
    }

    pub fn sas(&self, container: &str, permissions: &str, expires_at: DateTime<Utc>) -> SasUrl {
        sas_at(self.port, container, permissions, expires_at)
    }

    /// Read, write and list, for an hour.
    pub fn good_sas(&self, container: &str) -> SasUrl {
        self.sas(container, "rwl", Utc::now() + TimeDelta::hours(1))
    }

    /// Names of the committed blobs.
    pub async fn blobs(&self, container: &str) -> Vec<String> {
        let sas = self.good_sas(container);
        let url = format!("{}&restype=container&comp=list", sas.expose());
        let text = client()
            .get(url)
            .send()
            .await
            .expect("Azurite")
            .text()
            .await
            .expect("a list");
        let mut names: Vec<String> = text
            .split("<Name>")
            .skip(1)
            .filter_map(|rest| rest.split_once("</Name>"))
            .map(|(name, _)| name.to_owned())
            .collect();
        names.sort();
        names
    }

    /// Saves a blob as a file.
    pub async fn download(&self, container: &str, blob: &str, to: &Path) {
        let sas = self.good_sas(container);
        let (place, query) = sas.expose().split_once('?').expect("a query");
        let path: Vec<_> = blob.split('/').map(encode).collect();
        let url = format!("{place}/{}?{query}", path.join("/"));
        let answer = client().get(url).send().await.expect("Azurite");
        assert_eq!(answer.status().as_u16(), 200, "{blob}");
        std::fs::write(to, answer.bytes().await.expect("a blob")).expect("a file");
    }
}

/// A SAS URL of the emulator's account by whatever listens on `port`.
pub fn sas_at(port: u16, container: &str, permissions: &str, expires_at: DateTime<Utc>) -> SasUrl {
    let expiry = stamp(expires_at);
    // https://learn.microsoft.com/rest/api/storageservices/create-service-sas
    let to_sign = format!(
        "{permissions}\n\n{expiry}\n/blob/{ACCOUNT}/{container}\n\n\n\n{VERSION}\nc\n\n\n\n\n\n\n"
    );
    let url = format!(
        "http://127.0.0.1:{port}/{ACCOUNT}/{container}?sv={VERSION}&sr=c&sp={permissions}&se={}&sig={}",
        encode(&expiry),
        encode(&sign(&to_sign))
    );
    SasUrl::parse(&url).expect("a SAS URL")
}

fn sign(text: &str) -> String {
    let key = STANDARD.decode(KEY).expect("a key");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(text.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

fn stamp(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

fn client() -> reqwest::Client {
    // `Err` only says that a provider is installed already
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
}

/// Among the tools of the browser tests, wherever in the workspace the test that asks belongs.
fn program() -> PathBuf {
    let tools = "end2end/node_modules/.bin/azurite-blob";
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|directory| directory.join(tools))
        .find(|program| program.exists())
        .unwrap_or_else(|| tools.into())
}

pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port()
}
