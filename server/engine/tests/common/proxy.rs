//! A proxy before the blob service that misbehaves on demand.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// What happens to the next connections.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    None,
    /// The connection is reset after this many bytes from the client.
    CutAfter(u64),
    /// Answers 503 and asks for this many seconds of patience.
    Busy {
        retry_after: u64,
    },
    /// Nobody listens.
    Refuse,
}

pub struct Proxy {
    pub port: u16,
    fault: Arc<Mutex<(Fault, usize)>>,
    pub faults_served: Arc<AtomicUsize>,
    pub bytes_forwarded: Arc<AtomicU64>,
}

impl Proxy {
    pub async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let fault = Arc::new(Mutex::new((Fault::None, 0)));
        let faults_served = Arc::new(AtomicUsize::new(0));
        let bytes_forwarded = Arc::new(AtomicU64::new(0));
        let proxy = Self {
            port,
            fault: Arc::clone(&fault),
            faults_served: Arc::clone(&faults_served),
            bytes_forwarded: Arc::clone(&bytes_forwarded),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let now = {
                    let mut fault = fault.lock().expect("no panic");
                    if fault.1 > 0 {
                        fault.1 -= 1;
                        faults_served.fetch_add(1, Ordering::Relaxed);
                        fault.0
                    } else {
                        Fault::None
                    }
                };
                let forwarded = Arc::clone(&bytes_forwarded);
                tokio::spawn(async move { serve(client, upstream, now, &forwarded).await });
            }
        });
        proxy
    }

    /// The next `times` connections meet `fault`.
    pub fn inject(&self, fault: Fault, times: usize) {
        *self.fault.lock().expect("no panic") = (fault, times);
    }
}

async fn serve(
    mut client: TcpStream,
    upstream: u16,
    fault: Fault,
    forwarded: &AtomicU64,
) -> std::io::Result<()> {
    match fault {
        Fault::None => {
            let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
            let (sent, _) = copy_bidirectional(&mut client, &mut server).await?;
            forwarded.fetch_add(sent, Ordering::Relaxed);
            Ok(())
        }
        Fault::CutAfter(bytes) => {
            let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
            let (mut answers, mut requests) = server.split();
            let (reader, mut writer) = client.split();
            let mut limited = reader.take(bytes);
            tokio::select! {
                cut = copy(&mut limited, &mut requests) => cut?,
                ended = copy(&mut answers, &mut writer) => ended?,
            };
            Ok(())
        }
        Fault::Busy { retry_after } => {
            drain_request(&mut client).await?;
            let answer = format!(
                "HTTP/1.1 503 Server Busy\r\nx-ms-error-code: ServerBusy\r\nRetry-After: {retry_after}\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
            client.write_all(answer.as_bytes()).await
        }
        Fault::Refuse => Ok(()),
    }
}

/// Reads one request with its body, so that the answer is not lost to a reset.
async fn drain_request(client: &mut TcpStream) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).await?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| {
            line.strip_prefix("content-length:")?
                .trim()
                .parse::<u64>()
                .ok()
        })
        .unwrap_or(0);
    copy(&mut client.take(length), &mut tokio::io::sink()).await?;
    Ok(())
}
