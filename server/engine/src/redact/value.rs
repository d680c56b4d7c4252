//! Where a value without quotes ends, and which values are no secrets.

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
        || is_marker(unmarked.strip_suffix(b"]").unwrap_or(unmarked))
}

/// A marker has begun before the end of `text`: what follows is the name of a rule, not of a value.
pub fn in_marker(text: &[u8]) -> bool {
    let name = text
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_lowercase() || **b == b'_')
        .count();
    text[..text.len() - name].ends_with(b"[redacted:")
}

/// `redacted:RULE`, without its brackets.
fn is_marker(text: &[u8]) -> bool {
    text.strip_prefix(b"redacted:")
        .is_some_and(|rule| rule.iter().all(|b| b.is_ascii_lowercase() || *b == b'_'))
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
    fn masks_and_words_for_nothing_are_no_secrets() {
        for value in [
            "",
            "  ",
            "***",
            "null",
            "None",
            "YES",
            "redacted:password",
            "[redacted:x]",
        ] {
            assert!(is_harmless(value.as_bytes()), "{value}");
        }
        for value in ["x", "*x*", "nullable", "redacted: no", "redacted:pw1"] {
            assert!(!is_harmless(value.as_bytes()), "{value}");
        }
    }
}
