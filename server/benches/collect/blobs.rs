//! A blob service that says yes to everything and keeps nothing, over TLS: what is left of the time
//! of a delivery is ours.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Where it listens and what is needed to use it.
pub struct Blobs {
    pub ca_file: PathBuf,
    pub sas_file: PathBuf,
}

impl Blobs {
    /// Serves from threads of this process until it ends. `None`: there is no `openssl` to make
    /// certificates with.
    pub fn serve(root: &Path) -> Option<Self> {
        fs::create_dir_all(root).expect("a directory");
        let tls = Arc::new(tls(root)?);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tls = Arc::clone(&tls);
                thread::spawn(move || {
                    // a client that goes ends its connection
                    let _ = answer(stream, tls);
                });
            }
        });
        let sas_file = root.join("sas");
        let sas = format!(
            "https://127.0.0.1:{port}/bench/logs?sv=2022-11-02&sr=c&sp=cw&se=2999-01-01T00:00:00Z&sig={}\n",
            "A".repeat(43) + "%3D"
        );
        fs::write(&sas_file, sas).expect("the SAS URL");
        Some(Self {
            ca_file: root.join("ca.pem"),
            sas_file,
        })
    }
}

/// An authority of its own and a certificate of that, for the loopback address.
fn tls(root: &Path) -> Option<ServerConfig> {
    let request = |subject: &str, name: &str, more: &[&str]| {
        let made = Command::new("openssl")
            .current_dir(root)
            .args(["req", "-x509", "-nodes", "-days", "2", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", subject])
            .args(["-keyout", &format!("{name}.key"), "-out"])
            .arg(format!("{name}.pem"))
            .args(more)
            .output();
        made.is_ok_and(|made| made.status.success())
    };
    let leaf = [
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-addext",
        "basicConstraints=critical,CA:FALSE",
    ];
    if !request("/CN=bench authority", "ca", &[]) || !request("/CN=bench", "leaf", &leaf) {
        return None;
    }
    let certificate = CertificateDer::from_pem_file(root.join("leaf.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(root.join("leaf.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key);
    Some(config.expect("a certificate with its key"))
}

/// Answers requests, each with *201 Created*, once all of it has come.
fn answer(stream: TcpStream, tls: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut stream = BufReader::with_capacity(1 << 18, StreamOwned::new(connection, stream));
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let Some((name, value)) = line.split_once(':') else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        io::copy(&mut stream.by_ref().take(length), &mut io::sink())?;
        let stream = stream.get_mut();
        stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")?;
        stream.flush()?;
    }
}
