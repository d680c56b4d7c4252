//! A proxy in front of the blob service that knows where a request begins and ends, and so can lose
//! the answer to one that has arrived, or let one arrive twice.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::dice::Dice;

/// Longer than the service takes for anything here.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Closes the connection before a byte is read.
    Refuse,
    /// Breaks off within the request.
    Reset,
    /// Answers that the service is busy, and asks for a second of patience.
    Busy,
    /// Hands the request on and breaks off instead of answering.
    AnswerLost,
    /// Breaks off within the answer.
    AnswerCut,
    /// Hands the request on twice; the second answer counts.
    Twice,
    /// Holds the request back for a while.
    Slow,
}

const FAULTS: [Fault; 7] = [
    Fault::Refuse,
    Fault::Reset,
    Fault::Busy,
    Fault::AnswerLost,
    Fault::AnswerCut,
    Fault::Twice,
    Fault::Slow,
];

#[derive(Debug)]
struct Weather {
    /// So many of a hundred requests meet a fault.
    percent: AtomicU64,
    dice: Mutex<Dice>,
    met: Mutex<BTreeMap<Fault, u64>>,
}

/// Listens until the test process ends.
#[derive(Debug)]
pub struct Proxy {
    pub port: u16,
    weather: Arc<Weather>,
}

impl Proxy {
    pub fn start(upstream: u16, dice: Dice) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let weather = Arc::new(Weather {
            percent: AtomicU64::new(0),
            dice: Mutex::new(dice),
            met: Mutex::default(),
        });
        let proxy = Self {
            port,
            weather: Arc::clone(&weather),
        };
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let weather = Arc::clone(&weather);
                // a killed client breaks its connection, which is nobody's fault
                thread::spawn(move || serve(client, upstream, &weather).ok());
            }
        });
        proxy
    }

    /// From now on so many of a hundred requests meet a fault.
    pub fn set_fault_rate(&self, percent: u64) {
        self.weather.percent.store(percent, Ordering::Relaxed);
    }

    /// How often each fault was met.
    pub fn faults_met(&self) -> BTreeMap<Fault, u64> {
        self.weather.met.lock().expect("no panic").clone()
    }
}

impl Weather {
    fn next(&self) -> Option<(Fault, u64)> {
        let mut dice = self.dice.lock().expect("no panic");
        if !dice.happens(self.percent.load(Ordering::Relaxed)) {
            return None;
        }
        let fault = dice.one_of(&FAULTS);
        *self.met.lock().expect("no panic").entry(fault).or_default() += 1;
        Some((fault, dice.next()))
    }
}

/// Serves one request; every answer closes its connection, so that each request meets its own fate.
fn serve(mut client: TcpStream, upstream: u16, weather: &Weather) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let fate = weather.next();
    if let Some((Fault::Refuse, _)) = fate {
        return Ok(());
    }
    let head = read_head(&mut client)?;
    let length = content_length(&head);
    if let Some((Fault::Reset, chance)) = fate {
        // what is left unread makes the kernel reset the connection
        let part = chance % (length + 1);
        io::copy(&mut (&mut client).take(part), &mut io::sink())?;
        return Ok(());
    }
    let mut body = Vec::new();
    (&mut client).take(length).read_to_end(&mut body)?;
    if body.len() as u64 != length {
        // the client is gone; half a request is none
        return Ok(());
    }
    match fate {
        Some((Fault::Busy, _)) => {
            return client.write_all(
                b"HTTP/1.1 503 Server Busy\r\nx-ms-error-code: ServerBusy\r\nRetry-After: 1\r\n\
                  Content-Length: 0\r\nConnection: close\r\n\r\n",
            );
        }
        Some((Fault::Twice, _)) => {
            ask(upstream, &head, &body)?;
        }
        Some((Fault::Slow, chance)) => thread::sleep(Duration::from_millis(chance % 400)),
        _ => {}
    }
    let answer = ask(upstream, &head, &body)?;
    match fate {
        Some((Fault::AnswerLost, _)) => Ok(()),
        Some((Fault::AnswerCut, chance)) => {
            let length = usize::try_from(chance % answer.len().max(1) as u64).expect("small");
            client.write_all(&answer[..length])
        }
        _ => {
            client.write_all(&answer)?;
            client.shutdown(Shutdown::Write)
        }
    }
}

/// The service's whole answer.
fn ask(upstream: u16, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", upstream))?;
    server.set_read_timeout(Some(PATIENCE))?;
    let mut request = String::new();
    for line in head.trim_end().lines() {
        if !line.to_lowercase().starts_with("connection:") {
            request += line;
            request += "\r\n";
        }
    }
    request += "Connection: close\r\n\r\n";
    server.write_all(request.as_bytes())?;
    server.write_all(body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(answer)
}

fn read_head(client: &mut TcpStream) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn content_length(head: &str) -> u64 {
    head.to_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
        .unwrap_or(0)
}
