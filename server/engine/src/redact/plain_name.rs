//! Names that look like a secret's and are none: what stands behind them tells what went wrong.
//!
//! Each is narrow, since a leak is worse than a lost word.

use std::ops::Range;

/// Names that end so tell about a secret, not the secret.
const ABOUT: [&[u8]; 9] = [
    b"count",
    b"version",
    b"type",
    b"ttl",
    b"length",
    b"expiry",
    b"expiresat",
    b"expiresin",
    b"expired",
];

/// Whether the value is none that is kept secret. The match, from within its name on, begins at
/// `from`.
pub fn is_plain(line: &[u8], from: usize, value: Range<usize>) -> bool {
    let (before, name) = line.split_at(from);
    let length = name.iter().take_while(|byte| is_name(**byte)).count();
    let (name, behind) = name.split_at(length.min(value.start.saturating_sub(from)));
    let between = &line[from + name.len()..value.start];
    let value = &line[value];
    is_about(name)
        || is_number_of_tokens(name, value)
        || is_directory(before, name, behind, value)
        || is_type_of_go(before)
        || is_object_of_kubernetes(before, behind)
        || is_complaint(before, name, value, line)
        || is_scheme(between, value)
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// `token_type`, `passwordExpiresAt`.
fn is_about(name: &[u8]) -> bool {
    let letters: Vec<u8> = name
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(u8::to_ascii_lowercase)
        .collect();
    let begins = [&b"pass"[..], b"pwd", b"secret", b"token"];
    begins.iter().any(|begin| letters.starts_with(begin))
        && ABOUT.iter().any(|end| letters.ends_with(end))
}

/// `max_tokens: 512`.
fn is_number_of_tokens(name: &[u8], value: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"tokens")
        && !value.is_empty()
        && value.len() <= 9
        && value.iter().all(u8::is_ascii_digit)
}

/// `PWD=/home/joe` of a shell and of sudo. In a connection string a semicolon stands before it.
fn is_directory(before: &[u8], name: &[u8], behind: &[u8], value: &[u8]) -> bool {
    let before = before.strip_suffix(b"OLD").unwrap_or(before);
    let is_alone = match before {
        [] | [.., b'"' | b'\'' | b'['] => true,
        [.., b' ' | b'\t'] => {
            let before = before.trim_ascii_end();
            !before.ends_with(b";") || before.ends_with(b" ;")
        }
        _ => false,
    };
    is_alone && name == b"PWD" && behind.starts_with(b"=") && value.starts_with(b"/")
}

/// `*v1.Secret: failed to list`.
fn is_type_of_go(before: &[u8]) -> bool {
    let Some(package) = before.strip_suffix(b".") else {
        return false;
    };
    let letters = package.iter().rev();
    let length = letters.take_while(|byte| byte.is_ascii_alphanumeric());
    let (rest, package) = package.split_at(package.len() - length.count());
    rest.ends_with(b"*") && !package.is_empty()
}

/// `object-"kube-system"/"coredns-token": Failed to watch`.
fn is_object_of_kubernetes(before: &[u8], behind: &[u8]) -> bool {
    let length = before.iter().rev().take_while(|byte| is_name(**byte));
    let before = &before[..before.len() - length.count()];
    before.ends_with(b"\"/\"") && behind.starts_with(b"\": ")
}

/// What parsers and OpenSSL say, and what Go says of a request for a token.
fn is_complaint(before: &[u8], name: &[u8], value: &[u8], line: &[u8]) -> bool {
    let says = |text: &[u8]| memchr::memmem::find(line, text).is_some();
    let ends_with = |text: &[u8]| {
        let from = before.len().checked_sub(text.len());
        from.is_some_and(|from| before[from..].eq_ignore_ascii_case(text))
    };
    (name.eq_ignore_ascii_case(b"token") && ends_with(b"unexpected "))
        || (value == b"dial" && (says(b": dial tcp ") || says(b": dial unix ")))
        || (name == b"private_key" && value == b"key" && says(b"private_key:key values mismatch"))
}

/// `the password is SHA256 hashed`: how it is kept, not what it is.
fn is_scheme(between: &[u8], value: &[u8]) -> bool {
    const SCHEMES: [&[u8]; 10] = [
        b"sha", b"md5", b"md4", b"base64", b"utf", b"pbkdf2", b"argon2", b"bcrypt", b"aes",
        b"rot13",
    ];
    let words = between.trim_ascii();
    let is_told = [&b"is"[..], b"was", b"set to", b"changed to"].contains(&words);
    let begins = |scheme: &&[u8]| {
        let begin = value.get(..scheme.len());
        begin.is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    is_told && SCHEMES.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::super::tests::cleaned;

    #[test]
    fn what_only_has_the_name_of_a_secret_stays() {
        for line in [
            "sudo: joe : TTY=pts/0 ; PWD=/home/joe ; USER=root ; COMMAND=/bin/ls",
            "PWD=/root OLDPWD=/var/lib/x",
            "Env: [\"PWD=/srv\"]",
            r#"reflector.go:158: object-"kube-system"/"coredns-token": Failed to watch *v1.Secret: failed to list *v1.Secret: secrets is forbidden"#,
            "error:0B080074:x509 certificate routines:X509_check_private_key:key values mismatch",
            "error getting token: dial tcp 10.0.0.1:443: connect: connection refused",
            "SyntaxError: Unexpected token: < in JSON",
            "max_tokens: 512, prompt_tokens=7",
            r#"{"token_type":"bearer","token_version":3,"tokenExpiresAt":"2026-11-20T14:00:00Z"}"#,
            "cookie=0x0, duration=5s, table=0 and cookie=0xab12cd",
        ] {
            assert_eq!(cleaned(line), line);
        }
    }

    #[test]
    fn what_looks_like_it_and_is_one_goes() {
        for line in [
            "Driver=x;UID=a;PWD=/hunter2;",
            "Driver=x; UID=a; PWD=/hunter2;",
            "PWD=hunter2",
            "tokens: hunter2",
            "token=123456789",
            "passwords: 12345",
            "* token: hunter2",
            r#""coredns-token": hunter2"#,
            "private_key:hunter2",
            "token: dial",
            "secret_id=hunter2",
        ] {
            let out = cleaned(line);
            assert!(!out.contains("hunter2"), "{out}");
            assert_ne!(out, line);
        }
    }
}
