//! Requests as a browser sends them, header by header.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use url::form_urlencoded;

use super::Portal;

/// A request that can still be changed.
pub struct Request {
    address: String,
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

/// Sends a `GET` without any header.
pub fn get(portal: &Portal, path: &str) -> Answer {
    request(portal, "GET", path).send()
}

pub fn request(portal: &Portal, method: &'static str, path: &str) -> Request {
    Request {
        address: portal.address.clone(),
        method,
        path: path.to_owned(),
        headers: Vec::new(),
        body: String::new(),
    }
}

/// A form sent from a page of the portal.
pub fn post(portal: &Portal, path: &str, fields: &[(&str, &str)]) -> Request {
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let mut request = request(portal, "POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    request.body = body.finish();
    request
}

impl Request {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(found, _)| found != name);
        self
    }

    pub fn send(self) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("the portal listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .expect("a time-out");
        // 1.0: the answer ends with the connection and is not chunked
        let mut text = format!(
            "{} {} HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n",
            self.method,
            self.path,
            self.address,
            self.body.len()
        );
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += "\r\n";
        text += &self.body;
        stream.write_all(text.as_bytes()).expect("the portal reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("the portal answers");
        Answer::of(&String::from_utf8_lossy(&answer))
    }
}

impl Answer {
    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Self {
            status,
            headers,
            body: body.to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }
}
