//! Where in a line a stamp may stand.
//!
//! At its *start*, behind what decorates it (a byte order mark, colours, syslog's priority, an
//! opening bracket); in a [*field*](super::field) with a telling name, as in JSON lines and logfmt; in a
//! [*column*](super::columns) of a table; or *within*
//! it, behind words: a host, a level, a file name, a thread in brackets. Words are counted, so that
//! the date in a message does not pass for the stamp that other lines have behind their second
//! word.

use memchr::memchr;

/// So far into a line words are counted.
const REACH: usize = 256;
/// So many words may stand before a stamp.
pub const MAX_WORDS: u32 = 16;
/// So far a bracket or a quote may close.
const GROUP: usize = 96;

/// What may open a stamp.
pub const fn is_opener(letter: char) -> bool {
    matches!(letter, '[' | '(' | '"' | '\'' | '*')
}

/// A line without what decorates it; `None` for an empty and for an indented one, which goes on
/// with a record. A level or a process that is padded to the right does not indent.
pub fn body(line: &[u8]) -> Option<&[u8]> {
    let line = match line.first()? {
        0xEF => line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line),
        _ => line,
    };
    let line = behind_colours(line);
    match line.first()? {
        b' ' => {
            let blanks = line.iter().take_while(|byte| **byte == b' ').count();
            let rest = &line[blanks..];
            (is_level(rest) || is_process(rest)).then_some(rest)
        }
        b'\t' | b'\r' | b'\n' => None,
        _ => Some(line),
    }
}

fn is_level(text: &[u8]) -> bool {
    let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic());
    matches!(
        &text[..letters.count()],
        b"TRACE" | b"DEBUG" | b"INFO" | b"NOTICE" | b"WARN" | b"WARNING" | b"ERROR" | b"FATAL"
    )
}

/// `12345:20261120:` of Zabbix.
fn is_process(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length = digits(text);
    let date = text[length..].strip_prefix(b":").unwrap_or_default();
    (1..=7).contains(&length) && digits(date) == 8 && date.get(8) == Some(&b':')
}

/// Behind the colours that a terminal would show.
fn behind_colours(mut text: &[u8]) -> &[u8] {
    while let Some(rest) = text.strip_prefix(b"\x1b[") {
        let inside = |byte: &&u8| byte.is_ascii_digit() || **byte == b';';
        let length = rest.iter().take_while(inside).count();
        match rest.get(length) {
            Some(b'm' | b'K') => text = &rest[length + 1..],
            _ => return text,
        }
    }
    text
}

/// Where a stamp at the start of a body begins.
pub fn start(body: &[u8]) -> &[u8] {
    let text = match body.first() {
        Some(b'<') => behind_priority(body),
        _ => body,
    };
    match text.first() {
        Some(byte) if is_opener(char::from(*byte)) => behind_colours(&text[1..]),
        _ => text,
    }
}

/// Behind syslog's `<PRI>` with the version of RFC 5424.
fn behind_priority(text: &[u8]) -> &[u8] {
    let digits = text[1..]
        .iter()
        .take(3)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match text[1 + digits..].strip_prefix(b">") {
        Some(rest) if digits > 0 => rest.strip_prefix(b"1 ").unwrap_or(rest),
        _ => text,
    }
}

/// A place within a line at which a stamp may begin.
#[derive(Clone, Copy, Debug)]
pub struct Spot<'a> {
    /// How many words stand before it.
    pub words: u32,
    /// A bracket opens it.
    pub is_bracketed: bool,
    pub text: &'a [u8],
}

/// The places within a line at which a stamp may begin.
///
/// What stands in brackets or quotes is one word.
#[derive(Debug)]
pub struct Spots<'a> {
    text: &'a [u8],
    at: usize,
    words: u32,
    is_between: bool,
    /// The bracket at hand closes there.
    group_end: usize,
}

impl<'a> Spots<'a> {
    pub const fn of(body: &'a [u8]) -> Self {
        Self {
            text: body,
            at: 0,
            words: 0,
            is_between: false,
            group_end: 0,
        }
    }

    fn open(&mut self, at: usize, closing: u8) {
        if at < self.group_end {
            return;
        }
        let rest = &self.text[at + 1..];
        if let Some(length) = memchr(closing, &rest[..rest.len().min(GROUP)]) {
            self.group_end = at + 1 + length;
        }
    }
}

impl<'a> Iterator for Spots<'a> {
    type Item = Spot<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.at < self.text.len().min(REACH) && self.words < MAX_WORDS {
            let here = self.at;
            self.at += 1;
            let was_between = std::mem::take(&mut self.is_between);
            match self.text[here] {
                b' ' | b'\t' | b'|' | b',' | b';' => {
                    if !was_between && here >= self.group_end {
                        self.words += 1;
                    }
                    self.is_between = true;
                }
                b'[' => self.open(here, b']'),
                b'(' => self.open(here, b')'),
                b'"' => self.open(here, b'"'),
                // Cisco's mark of a clock that is not set goes before the date
                b'\'' | b'=' | b':' | b'*' => {}
                b'\x1b' => {
                    let behind = behind_colours(&self.text[here..]);
                    self.at = (self.text.len() - behind.len()).max(self.at);
                    self.is_between = was_between;
                }
                _ => continue,
            }
            let rest = &self.text[self.at..];
            if (rest.first()).is_some_and(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            {
                return Some(Spot {
                    words: self.words,
                    is_bracketed: self.text[here] == b'[',
                    text: rest,
                });
            }
        }
        None
    }
}
