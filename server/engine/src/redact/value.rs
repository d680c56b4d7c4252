//! Where a value without quotes ends, and which values are no secrets.

use super::marks::{self, is_name};

/// How far a look ahead goes, so that a long line costs no more than its length.
const LOOK_AHEAD: usize = 64;

/// The length of the secret that begins `text` and goes to white space at most.
///
/// Passwords may hold any character, so a comma or a bracket alone does not end one: only where
/// the rest looks like the next field, or like the end of what the value stands in.
pub fn bare_end(text: &[u8]) -> usize {
    for (at, byte) in text.iter().enumerate() {
        let rest = &text[at + 1..];
        let rest = &rest[..rest.len().min(LOOK_AHEAD)];
        let ends = match byte {
            b',' | b';' | b'&' | b'|' => is_field(rest),
            b'"' | b'\'' | b'`' | b')' | b']' | b'}' | b'>' => is_closed(rest),
            b'\\' => matches!(rest.first(), Some(b'"' | b'\'')) && is_closed(&rest[1..]),
            b'<' => matches!(rest.first(), Some(b'/' | b'b' | b'B')),
            _ => byte.is_ascii_whitespace(),
        };
        if ends {
            return at;
        }
    }
    text.len()
}

/// The length of the secret that begins `text` and may hold white space: it goes on up to the next
/// field or the end of the line.
pub fn phrase_end(text: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let end = at + bare_end(&text[at..]);
        let rest = &text[end..];
        let next = end + rest.len() - rest.trim_ascii_start().len();
        let ahead = &text[next..text.len().min(next + LOOK_AHEAD)];
        if next == end || ahead.is_empty() || is_next_field(ahead) {
            return end;
        }
        at = next;
    }
}

/// A name and its `=` or `:`, perhaps with space before it.
fn is_next_field(text: &[u8]) -> bool {
    let name = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-$\"'".contains(byte))
        .count();
    let sign = text[name..].trim_ascii_start();
    // what begins with a sign that ends fields ends the value as well
    matches!(text.first(), Some(b',' | b';' | b'&' | b'|'))
        || (name > 0 && matches!(sign.first(), Some(b'=' | b':')))
}

/// Whether the value behind `text` is written as in a file of settings, where it goes up to the end
/// of the line: `name = value`, or `name: value` at the start of a line or of its message. The
/// match, from within the name on, begins at `from`.
pub fn is_setting(text: &[u8], from: usize) -> bool {
    let between = &text[from..];
    let Some(sign) = between.iter().rposition(|b| matches!(b, b'=' | b':')) else {
        return false;
    };
    let after = between.get(sign + 1..).unwrap_or_default();
    let after = after.strip_prefix(b">").unwrap_or(after);
    if !after.first().is_some_and(u8::is_ascii_whitespace) {
        return false;
    }
    if between[sign] == b'=' {
        let mut before = between[..=sign].iter().rev();
        let before = before.find(|b| !matches!(b, b'=' | b':'));
        return before.is_some_and(u8::is_ascii_whitespace);
    }
    let name = text[from.saturating_sub(LOOK_AHEAD)..from]
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphanumeric() || b"_.\"'".contains(b))
        .count();
    // behind a word it is prose; the letter of a stamp is its zone
    match text[..from - name].trim_ascii_end() {
        [.., digit, b'Z'] => digit.is_ascii_digit(),
        [.., last] => !last.is_ascii_alphabetic(),
        [] => true,
    }
}

/// Whether the value stands in quotes together with its name, as in `"DB_PASSWORD=a b"`: then it
/// goes up to the end of them.
pub fn is_quoted(line: &[u8], from: usize, start: usize) -> bool {
    let is_name = |b: &&u8| b.is_ascii_alphanumeric() || b"_.-".contains(*b);
    let name = line[..from]
        .iter()
        .rev()
        .take(LOOK_AHEAD)
        .take_while(is_name);
    let name = from - name.count();
    line[..start].ends_with(b"=")
        && matches!(line[..name].last(), Some(quote @ (b'"' | b'\''))
            if !line[from..start].contains(quote) && line[start..].contains(quote))
}

/// Nothing, or a name and its `=` or `:`.
fn is_field(text: &[u8]) -> bool {
    let start = text
        .iter()
        .take_while(|byte| matches!(byte, b'"' | b'\'' | b'\\' | b'{' | b'[' | b'('))
        .count();
    let text = &text[start..];
    let name = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-$".contains(byte))
        .count();
    let end = text[name..]
        .iter()
        .take_while(|byte| matches!(byte, b'"' | b'\'' | b'\\'))
        .count();
    match text.get(name + end) {
        None => name == 0,
        Some(byte) if byte.is_ascii_whitespace() => name == 0,
        Some(b'=' | b':') => name > 0,
        Some(_) => false,
    }
}

/// Only closing marks up to the end or to the next field.
fn is_closed(text: &[u8]) -> bool {
    let marks = text
        .iter()
        .take_while(|byte| b"\"'`)]}>\\.:!?/".contains(byte))
        .count();
    match text.get(marks) {
        None => true,
        Some(byte) if byte.is_ascii_whitespace() => true,
        Some(b',' | b';' | b'&' | b'|') => is_field(&text[marks + 1..]),
        Some(b'<') => true,
        Some(_) => false,
    }
}

/// Values that are no secret: nothing, a word for nothing, yes or no, a mask, our own marker.
pub fn is_harmless(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"null",
        b"(null)",
        b"nil",
        b"none",
        b"true",
        b"false",
        b"yes",
        b"no",
        b"undefined",
    ];
    let value = value.trim_ascii();
    let unmarked = value.strip_prefix(b"[").unwrap_or(value);
    value.iter().all(|byte| matches!(byte, b'*' | b'\\'))
        || WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))
        || is_block_head(value)
        || is_marker(unmarked.strip_suffix(b"]").unwrap_or(unmarked))
}

/// `|`, `>-`, `|2`: the value, in YAML, stands on the lines that follow.
fn is_block_head(value: &[u8]) -> bool {
    matches!(value, [b'|' | b'>', rest @ ..] if rest.len() <= 2
        && rest.iter().all(|byte| byte.is_ascii_digit() || b"+-".contains(byte)))
}

/// `redacted:RULE`, without its brackets.
fn is_marker(text: &[u8]) -> bool {
    text.strip_prefix(&marks::BEGIN.as_bytes()[1..])
        .is_some_and(|rule| rule.iter().all(|byte| is_name(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_value_ends_where_the_next_thing_begins() {
        for (text, secret) in [
            ("hunter2", "hunter2"),
            (", user=x", ""),
            ("&user=x", ""),
            ("hunter2 x", "hunter2"),
            ("hunter2, x", "hunter2"),
            ("hunter2) x", "hunter2"),
            ("hunter2,", "hunter2"),
            ("hunter2;", "hunter2"),
            ("hun,ter;2", "hun,ter;2"),
            ("hunter2,user=x", "hunter2"),
            ("hunter2,\"user\":1", "hunter2"),
            ("Ab+/==;EndpointSuffix=core", "Ab+/=="),
            ("hunter2&next=1", "hunter2"),
            ("hun&ter", "hun&ter"),
            ("hunter2)", "hunter2"),
            ("hunter2}},\"b\":1", "hunter2"),
            ("hu)nter", "hu)nter"),
            ("hunter2\"", "hunter2"),
            ("hunter2\\\"}", "hunter2"),
            ("hunter2</password>", "hunter2"),
        ] {
            let end = bare_end(text.as_bytes());
            assert_eq!(&text[..end], secret, "{text}");
        }
    }

    #[test]
    fn a_value_of_a_setting_holds_words_and_one_of_a_list_of_pairs_does_not() {
        let redactor = super::super::Redactor::new();
        let mark = "[redacted:password]";
        for (before, after) in [
            ("password = ", ""),
            ("password = ", " user = joe"),
            ("  db.password := ", "; x"),
            ("password => ", " user=joe"),
            ("the password = ", ", user=joe"),
            ("password: ", ""),
            ("- DB_PASSWORD: ", " user: joe"),
            ("2026-11-20T14:02:03Z password: ", ""),
            ("Nov 20 14:02:03 node-01 app[7]: password: ", "&x=1"),
        ] {
            let text = format!("{before}correct horse battery{after}");
            let expected = format!("{before}{mark}{after}");
            assert_eq!(redactor.clean_text(&text), expected);
            assert_eq!(redactor.clean_text(&expected), expected);
        }
        for (text, expected) in [
            (
                "password=abc user=joe",
                "password=[redacted:password] user=joe",
            ),
            (
                "password=abc was refused",
                "password=[redacted:password] was refused",
            ),
            (
                "the password: abc was refused",
                "the password: [redacted:password] was refused",
            ),
        ] {
            assert_eq!(redactor.clean_text(text), expected);
        }
    }

    #[test]
    fn masks_and_words_for_nothing_are_no_secrets() {
        for value in [
            "",
            "  ",
            "***",
            "null",
            "None",
            "YES",
            "redacted:password",
            "redacted:door2",
            "[redacted:x]",
        ] {
            assert!(is_harmless(value.as_bytes()), "{value}");
        }
        for value in ["x", "*x*", "nullable", "redacted: no", "redacted:PW1"] {
            assert!(!is_harmless(value.as_bytes()), "{value}");
        }
    }
}
