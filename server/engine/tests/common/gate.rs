//! A front before the blob service that sees each request, and may answer in its place.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the front says in place of the service.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// `x-ms-error-code`.
    pub code: &'static str,
    /// Further header lines, each with its end.
    pub headers: String,
}

impl Reply {
    pub fn new(status: u16, code: &'static str) -> Self {
        Self {
            status,
            code,
            headers: String::new(),
        }
    }
}

type Rule = Box<dyn FnMut(&str) -> Option<Reply> + Send>;

/// One request a connection, so that each is seen.
pub struct Gate {
    pub port: u16,
    upstream: u16,
    rule: Arc<Mutex<Rule>>,
    /// Request lines in the order in which they came.
    pub requests: Arc<Mutex<Vec<String>>>,
    listening: Option<JoinHandle<()>>,
}

impl Gate {
    pub async fn start(upstream: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mut gate = Self {
            port,
            upstream,
            rule: Arc::new(Mutex::new(Box::new(|_: &str| None))),
            requests: Arc::default(),
            listening: None,
        };
        gate.listen(listener);
        gate
    }

    fn listen(&mut self, listener: TcpListener) {
        let (upstream, rule, requests) = (
            self.upstream,
            Arc::clone(&self.rule),
            Arc::clone(&self.requests),
        );
        self.listening = Some(tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (rule, requests) = (Arc::clone(&rule), Arc::clone(&requests));
                tokio::spawn(async move { serve(client, upstream, &rule, &requests).await });
            }
        }));
    }

    /// What answers in place of the service from now on, by the request line.
    pub fn rule(&self, rule: impl FnMut(&str) -> Option<Reply> + Send + 'static) {
        *self.rule.lock().expect("no panic") = Box::new(rule);
    }

    /// Answers every request to stage a block of a bundle with this.
    pub fn answer_blocks(&self, reply: Reply) {
        self.rule(move |line| is_block(line).then(|| reply.clone()));
    }

    /// Requests that staged blocks of bundles.
    pub fn blocks(&self) -> Vec<String> {
        let requests = self.requests.lock().expect("no panic");
        requests
            .iter()
            .filter(|line| is_block(line))
            .cloned()
            .collect()
    }

    /// Nobody listens any more.
    pub async fn close(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let _aborted = listening.await;
        }
    }

    pub async fn reopen(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await;
        self.listen(listener.expect("the same port"));
    }
}

pub fn is_block(line: &str) -> bool {
    // slashes of the name may be escaped
    line.contains("comp=block&") && !line.contains("preflight?")
}

pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut client: S,
    upstream: u16,
    rule: &Mutex<Rule>,
    requests: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte).await?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head.lines().next().unwrap_or_default().to_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let length = header("content-length").and_then(|text| text.parse::<u64>().ok());
    let mut body = Vec::new();
    (&mut client)
        .take(length.unwrap_or(0))
        .read_to_end(&mut body)
        .await?;
    let reply = (rule.lock().expect("no panic"))(&line);
    requests.lock().expect("no panic").push(line);
    if let Some(Reply {
        status,
        code,
        headers,
    }) = reply
    {
        let answer = format!(
            "HTTP/1.1 {status} No\r\nx-ms-error-code: {code}\r\n{headers}Content-Length: 0\r\n\
             Connection: close\r\n\r\n"
        );
        client.write_all(answer.as_bytes()).await?;
        return client.shutdown().await;
    }
    let mut server = TcpStream::connect(("127.0.0.1", upstream)).await?;
    let closing = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    server.write_all(closing.as_bytes()).await?;
    server.write_all(&body).await?;
    copy(&mut server, &mut client).await?;
    client.shutdown().await
}
