//! What must never be said: after runs that failed in every way, no signature and no secret of the
//! logs stands anywhere.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::{Stack, files_below, period, stack_of};

const SIGNATURE: &str = "Zq7xPl4nted%2BS3cret%2F0Qz%3D";
const DECODED: &str = "Zq7xPl4nted+S3cret/0Qz=";
const PASSWORD: &str = "hunter2hunter2";

#[derive(Clone, Copy, Debug)]
enum Service {
    /// Nobody listens.
    Refusing,
    /// Breaks every connection off.
    Resetting,
    /// Says no, and repeats what it was asked for.
    Forbidding,
    /// Sends whoever asks elsewhere, with what it was asked for.
    Redirecting,
    /// Does not speak HTTP, and repeats what it was asked for.
    Babbling,
}

fn answer(service: Service, mut client: TcpStream) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let read = client.read(&mut request)?;
    let asked = String::from_utf8_lossy(&request[..read]).into_owned();
    let target = asked.split(' ').nth(1).unwrap_or_default().to_owned();
    let body =
        format!("<Error><Code>AuthenticationFailed</Code><Message>{target}</Message></Error>");
    let length = body.len();
    match service {
        Service::Refusing | Service::Resetting => Ok(()),
        Service::Forbidding => write!(
            client,
            "HTTP/1.1 403 {target}\r\nx-ms-error-code: AuthenticationFailed\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        ),
        Service::Redirecting => write!(
            client,
            "HTTP/1.1 307 Elsewhere\r\nLocation: {target}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        ),
        Service::Babbling => write!(client, "{asked}"),
    }
}

/// The port of a service that answers until the test process ends.
fn serve(service: Service) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    if matches!(service, Service::Refusing) {
        return port;
    }
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // who breaks off is nobody's fault
            let _answered = answer(service, client);
        }
    });
    port
}

fn assert_silent(stack: &Stack, what: &str) {
    let mut files = files_below(&stack.path("data"));
    files.extend(files_below(&stack.path("said")));
    assert!(!files.is_empty());
    for file in files {
        let bytes = std::fs::read(&file).expect("a file");
        for secret in [SIGNATURE, DECODED, PASSWORD] {
            let found = memchr::memmem::find(&bytes, secret.as_bytes());
            assert_eq!(found, None, "{what}: {secret} in {}", file.display());
        }
    }
}

#[test]
fn after_failed_deliveries_no_signature_and_no_secret_stands_anywhere() {
    for service in [
        Service::Refusing,
        Service::Resetting,
        Service::Forbidding,
        Service::Redirecting,
        Service::Babbling,
    ] {
        let stack = stack_of("logs/*.log", "");
        let (from, to) = period();
        let stamp = (to - TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%SZ");
        stack.write("logs/app.log", &format!("{stamp} password={PASSWORD}\n"));
        let expires = (to + TimeDelta::hours(5)).format("%Y-%m-%dT%H:%M:%SZ");
        let port = serve(service);
        stack.write(
            "sas.txt",
            &format!(
                "http://127.0.0.1:{port}/devstoreaccount1/logs?sv=2024-11-04&sr=c&sp=rwl&se={expires}&sig={SIGNATURE}"
            ),
        );
        stack.write("said/nothing.txt", "");
        let said = |name: &str| -> Stdio {
            let path = stack.path(&format!("said/{name}"));
            std::fs::File::create(path).expect("a file").into()
        };
        let mut child = stack
            .collect_to_container(&from.to_rfc3339(), &to.to_rfc3339(), "sas.txt")
            .env("HELP_SUPPORT_LOG", "debug")
            .stdout(said("stdout.txt"))
            .stderr(said("stderr.txt"))
            .spawn()
            .expect("it starts");
        let began = Instant::now();
        while child.try_wait().expect("a child").is_none() {
            if began.elapsed() > Duration::from_secs(4) {
                child.kill().expect("a child");
            }
            thread::sleep(Duration::from_millis(20));
        }
        assert_silent(&stack, &format!("{service:?}"));
    }
}
