//! From what was pasted to something that may be a URL.
//!
//! Mail programs wrap, web pages escape and word processors quote; what they do to a URL and can
//! be undone without guessing is undone here, and said unless it is mere white space at the ends.

use super::finding::{Finding, Severity};

/// Longest text that is looked at; a real SAS URL has some 200 to 600 bytes.
const MAX_BYTES: usize = 8 * 1024;

const PASTE_WHOLE: &str = "Paste the whole SAS URL, from https:// to its end.";

/// The text without the traces of copying, or `None` where it cannot be a URL; then the findings
/// say why.
pub(super) fn tidy(text: &str, findings: &mut Vec<Finding>) -> Option<String> {
    if text.len() > MAX_BYTES {
        findings.push(Finding::whole(
            Severity::Error,
            "The text is much longer than a SAS URL.",
            PASTE_WHOLE,
        ));
        return None;
    }
    let trimmed = text.trim_matches(is_blank);
    let bare = trimmed.trim_matches(|c| is_blank(c) || is_quote(c));
    if bare.len() < trimmed.len() {
        findings.push(Finding::whole(
            Severity::Information,
            "There were quotation marks around the URL.",
            "They were left out; nothing needs to be done.",
        ));
    }
    if bare.is_empty() {
        findings.push(Finding::whole(
            Severity::Error,
            "There is no SAS URL yet.",
            "Paste the SAS URL of the blob container that support gave you.",
        ));
        return None;
    }
    let joined = join_lines(bare);
    if joined.len() < bare.len() {
        findings.push(Finding::whole(
            Severity::Information,
            "There were line breaks or invisible characters inside the URL.",
            "They were left out; nothing needs to be done.",
        ));
    }
    if joined.contains(char::is_control) {
        findings.push(Finding::whole(
            Severity::Error,
            "The text has control characters in it.",
            "Copy the SAS URL again as plain text.",
        ));
        return None;
    }
    if let Some((problem, advice)) = mistaken_for_a_url(&joined) {
        findings.push(Finding::whole(Severity::Error, problem, advice));
        return None;
    }
    if !joined.contains("&amp;") {
        return Some(joined);
    }
    findings.push(Finding::whole(
        Severity::Information,
        "The URL was escaped for a web page (&amp; in place of &).",
        "This was undone; nothing needs to be done.",
    ));
    Some(joined.replace("&amp;", "&"))
}

/// What to say of a text that no URL can be read from.
pub(super) fn not_a_url() -> Finding {
    Finding::whole(Severity::Error, "The text is not a URL.", PASTE_WHOLE)
}

/// White space at the ends, and marks that take no room.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Soft hyphen, zero-width spaces and joiners, byte order mark.
const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
    )
}

const fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '<' | '>' | '«' | '»' | '\u{2018}'
            ..='\u{201f}' | '\u{2039}' | '\u{203a}'
    )
}

/// Takes out line breaks with the indentation around them, and what is invisible. Single spaces
/// stay: in a signature they stand for a plus sign.
fn join_lines(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let is_break = |c: char| matches!(c, '\n' | '\r' | '\t');
    if !visible.contains(is_break) {
        return visible;
    }
    visible.split(is_break).map(str::trim).collect()
}

/// Texts that people paste in place of a SAS URL, with what is wrong and what to do.
fn mistaken_for_a_url(text: &str) -> Option<(&'static str, &'static str)> {
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("https%3a") || lower.starts_with("http%3a") {
        return Some((
            "The whole URL is percent-encoded.",
            "Paste it as it was before it was encoded, beginning with https://.",
        ));
    }
    let is_connection_string = ["defaultendpointsprotocol=", "blobendpoint=", "accountkey="]
        .iter()
        .any(|key| lower.contains(key));
    if is_connection_string {
        return Some((
            "This is a connection string, not a SAS URL.",
            "Ask support for the SAS URL of the blob container.",
        ));
    }
    match lower.matches("://").count() {
        0 if lower
            .split(['?', '/'])
            .next()
            .is_some_and(|head| head.is_empty() || head.contains('=')) =>
        {
            Some(("This is only a part of a SAS URL.", PASTE_WHOLE))
        }
        0 => Some(("The text is not a URL.", PASTE_WHOLE)),
        1 => None,
        _ => Some(("There is more than one URL.", "Paste one SAS URL only.")),
    }
}
