//! What must stand around a stem for it to count: a name that something is assigned to, say.
//!
//! A look goes a little way to both sides. It says rather too often that a rule has to look than once
//! too seldom.

use std::ops::Range;

/// What else must hold for a stem to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Near {
    /// Nothing.
    Anything,
    /// The stem is part of a name that something is assigned to.
    Assigned,
    /// The same, and it ends a name such as `access_key`: a key alone may be one of a table.
    AssignedKey,
    /// An `@` follows before the path begins.
    UserInfo,
    /// No letter or digit stands in front.
    Start,
}

impl Near {
    /// Whether it holds for the stem that stands here.
    pub fn holds(self, block: &[u8], stem: Range<usize>) -> bool {
        let Range { start, end } = stem;
        match self {
            Self::Anything => true,
            Self::Assigned => is_assigned(block, start, end),
            Self::AssignedKey => {
                is_secret_key(&block[..end - "key".len()]) && is_assigned(block, start, end)
            }
            Self::UserInfo => has_user_info(&block[start + "://".len()..]),
            Self::Start => start == 0 || !is_word(block[start - 1]),
        }
    }
}

/// How far a look around goes; names are shorter, and what is longer is taken for one.
const AROUND: usize = 128;

/// Whether a value may follow the name that `block[start..end]` is part of: behind `=` or `:`, as
/// the argument of an option, in an element, or as the next string.
fn is_assigned(block: &[u8], start: usize, end: usize) -> bool {
    let rest = &block[end..block.len().min(end + AROUND)];
    let after_name = skip(rest, |byte| is_name(byte) || byte == b'.');
    let after_marks = skip(after_name, |byte| b"\\\"'`)]".contains(&byte));
    let after_space = skip(after_marks, |byte| byte == b' ' || byte == b'\t');
    match after_space.first() {
        // a terminal's colours may stand between
        Some(b'=' | b':' | b'%' | b'>' | 0x1b) => true,
        Some(b'\n' | b'\r') => is_named(block, start) || is_option(block, start),
        Some(b',' | b'<') if is_named(block, start) => true,
        Some(b'&') if after_space.starts_with(b"&quot;") || after_space.starts_with(b"&gt;") => {
            true
        }
        Some(_) => {
            is_option(block, start)
                || is_element(block, start)
                || is_named(block, start)
                || has_value(rest)
        }
        None => rest.len() == AROUND || is_named(block, start) || is_option(block, start),
    }
}

/// `--name`, whose value is the next word.
fn is_option(block: &[u8], start: usize) -> bool {
    let before = &block[start.saturating_sub(AROUND)..start];
    before
        .iter()
        .rev()
        .take_while(|byte| is_name(**byte))
        .last()
        == Some(&b'-')
}

/// `<ns:name`, whose value stands behind its attributes; perhaps escaped.
fn is_element(block: &[u8], start: usize) -> bool {
    let before = &block[start.saturating_sub(AROUND)..start];
    let before = skip_back(before, |byte| is_name(byte) || b".:".contains(&byte));
    before.ends_with(b"<") || before.ends_with(b"&lt;")
}

/// `name: "…`, `<key>…`: the value may stand on the next line.
fn is_named(block: &[u8], start: usize) -> bool {
    let before = &block[start.saturating_sub(AROUND)..start];
    let before = skip_back(before, |byte| is_name(byte) || byte == b'.');
    let is_mark = |byte| b"\\\"' \t".contains(&byte);
    let ends_with = |text: &[u8], word: &[u8]| {
        let from = text.len().checked_sub(word.len());
        from.is_some_and(|from| text[from..].eq_ignore_ascii_case(word))
    };
    match skip_back(before, is_mark) {
        [name @ .., b':' | b'='] => {
            let name = skip_back(name, is_mark);
            ends_with(name, b"name") || ends_with(name, b"key")
        }
        before => ends_with(before, b"<key>") || ends_with(before, b"<name>"),
    }
}

/// `name" value=`, `name","value":`.
fn has_value(rest: &[u8]) -> bool {
    let Some(quote) = memchr::memchr2(b'"', b'\'', rest) else {
        return false;
    };
    let word = skip(&rest[quote..], |byte| b"\\\"', \t".contains(&byte));
    word.get(..5)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"value"))
}

/// The words in front of `key` that make it a secret one.
macro_rules! key_owners {
    () => {
        "api|access|account|private|encryption|signing|master|shared|storage|auth|subscription|functions"
    };
}
pub(super) use key_owners;

/// Whether the text before `key` names what it opens.
fn is_secret_key(before: &[u8]) -> bool {
    let before = &before[before.len().saturating_sub(16)..];
    let before = match before.split_last() {
        Some((b' ' | b'_' | b'-' | b'.', before)) => before,
        _ => before,
    };
    key_owners!().split('|').any(|owner| {
        let start = before.len().checked_sub(owner.len());
        start.is_some_and(|start| before[start..].eq_ignore_ascii_case(owner.as_bytes()))
    })
}

/// Whether a URL names somebody before its host.
fn has_user_info(rest: &[u8]) -> bool {
    let rest = &rest[..rest.len().min(2 * AROUND)];
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b"@\"'<>".contains(byte);
    let end = rest.iter().position(|byte| ends(byte) || *byte == b'/');
    match end {
        None => rest.len() == 2 * AROUND,
        // behind a name and a colon it may be of the password
        Some(slash) if rest[slash] == b'/' => {
            let colon = rest[..slash].iter().position(|byte| *byte == b':');
            let is_port = |text: &[u8]| text.len() <= 5 && text.iter().all(u8::is_ascii_digit);
            let after = rest[slash..].iter().position(ends);
            colon.is_some_and(|colon| colon > 0 && !is_port(&rest[colon + 1..slash]))
                && after.map_or(rest.len() == 2 * AROUND, |at| rest[slash + at] == b'@')
        }
        Some(end) => rest[end] == b'@',
    }
}

fn skip_back(text: &[u8], skipped: impl Fn(u8) -> bool) -> &[u8] {
    let count = text.iter().rev().take_while(|byte| skipped(**byte)).count();
    &text[..text.len() - count]
}

fn skip(text: &[u8], skipped: impl Fn(u8) -> bool) -> &[u8] {
    let count = text.iter().take_while(|byte| skipped(**byte)).count();
    &text[count..]
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
