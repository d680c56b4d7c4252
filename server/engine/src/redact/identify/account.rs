//! Accounts that a sign tells: `DOMAIN\name` of Windows, `name@host` where somebody signs in.
//!
//! Both signs have other uses. A backslash also stands in paths and begins what is escaped; an `@`
//! without a dot behind it joins instances to units, hosts to volumes and much else.

use std::ops::Range;

use memchr::{memmem, memrchr};

use super::is_word;
use super::names::is_everybodys;

/// How far a look around goes.
const AROUND: usize = 60;
/// Of a domain's short name; [MS-NBTE], 1.1.
const LONGEST_DOMAIN: usize = 15;
/// Of an account's; longer ones are no names of people.
const LONGEST_NAME: usize = 64;

/// Domains of accounts that every machine has, and roots of the registry.
const NO_DOMAINS: [&[u8]; 10] = [
    b"AUTHORITY",
    b"BUILTIN",
    b"SERVICE",
    b"APPPOOL",
    b"HKLM",
    b"HKCU",
    b"HCU",
    b"HKCR",
    b"HKU",
    b"HKCC",
];

/// Endings of files.
const FILES: [&[u8]; 20] = [
    b"exe", b"dll", b"sys", b"log", b"txt", b"ini", b"bat", b"cmd", b"ps1", b"xml", b"json",
    b"dat", b"tmp", b"cfg", b"conf", b"msi", b"inf", b"cab", b"etl", b"evtx",
];

/// Words behind which a domain's account stands, whatever else its letters may mean.
const SAYERS: [&[u8]; 11] = [
    b"user",
    b"account",
    b"login",
    b"logon",
    b"for",
    b"by",
    b"as",
    b"from",
    b"owner",
    b"name",
    b"identity",
];

/// A name that stands behind what may be its domain.
#[derive(Clone, Debug)]
pub struct Account {
    pub name: Range<usize>,
    /// What stands in front may be the name as well.
    pub is_doubtful: bool,
}

/// What stands behind the name of an account, if that is the name of a domain in any letters.
pub fn behind_domain(line: &[u8], domain: &Range<usize>) -> Option<Account> {
    let is_path = line[..domain.start].ends_with(b"\\") || line[..domain.start].ends_with(b"/");
    if is_path || line.get(domain.end) != Some(&b'\\') {
        return None;
    }
    if let Some(name) = of_domain(line, domain.end) {
        return Some(Account {
            name,
            is_doubtful: false,
        });
    }
    let (is_escaped, start) = behind_sign(line, domain.end);
    let is_letter = line.get(start).is_some_and(u8::is_ascii_alphabetic);
    let name = name_behind(line, start)?;
    (is_letter && (is_escaped || !is_escape(line[start]))).then_some(Account {
        name,
        is_doubtful: true,
    })
}

/// Whether a backslash is escaped, and what follows it.
fn behind_sign(text: &[u8], sign: usize) -> (bool, usize) {
    let is_escaped = text.get(sign + 1) == Some(&b'\\');
    (is_escaped, sign + 1 + usize::from(is_escaped))
}

/// What stands for something else behind a backslash.
fn is_escape(letter: u8) -> bool {
    b"abefnrtuvx".contains(&letter)
}

/// The name behind a backslash: of `CONTOSO\judy`, or `CONTOSO\\judy` as JSON has it.
pub fn of_domain(text: &[u8], sign: usize) -> Option<Range<usize>> {
    let (is_escaped, start) = behind_sign(text, sign);
    // most backslashes stand before a quote
    let first = *text.get(start)?;
    if !first.is_ascii_alphabetic() {
        return None;
    }
    let before = &text[sign.saturating_sub(AROUND)..sign];
    let is_part = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || **byte == b'-';
    let domain = before.iter().rev().take_while(is_part).count();
    let (before, domain) = before.split_at(before.len() - domain);
    let is_domain = (2..=LONGEST_DOMAIN).contains(&domain.len())
        && domain.iter().any(u8::is_ascii_uppercase)
        && !NO_DOMAINS.contains(&domain)
        && !matches!(before.last(), Some(byte) if is_word(*byte) || b"\\/.:$%".contains(byte));
    if !is_domain {
        return None;
    }
    let name = name_behind(text, start)?;
    (is_escaped || !is_escape(first) || is_said(before)).then_some(name)
}

/// A name that ends there, and is none of a directory or of a file.
fn name_behind(text: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = &text[start..text.len().min(start + LONGEST_NAME + 1)];
    let length = rest
        .iter()
        .take_while(|byte| is_word(**byte) || b".-".contains(byte));
    let length = length.count();
    let name = rest[..length].trim_ascii_end();
    let signs = name.iter().rev().take_while(|byte| b".-".contains(byte));
    let end = length - signs.count();
    let name = &rest[..end];
    let is_path = matches!(
        rest.get(length),
        Some(b'\\' | b'/' | b'*' | b'+' | b'(' | b'{' | b'[')
    );
    let file = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_file = file.len() < name.len() && FILES.iter().any(|end| end.eq_ignore_ascii_case(file));
    let is_name = (2..=LONGEST_NAME).contains(&end) && !is_path && !is_file && !is_everybodys(name);
    is_name.then_some(start..start + end)
}

/// Whether the word before tells that somebody follows.
fn is_said(before: &[u8]) -> bool {
    let signs = |byte: &&u8| b" \t:='\"([".contains(*byte);
    let count = before.iter().rev().take_while(signs).count();
    let before = &before[..before.len() - count];
    let word = before
        .iter()
        .rev()
        .take_while(|byte| is_word(**byte))
        .count();
    let word = &before[before.len() - word..];
    count > 0 && SAYERS.iter().any(|sayer| sayer.eq_ignore_ascii_case(word))
}

/// Programs that sign in elsewhere, with the space behind.
const PROGRAMS: [&[u8]; 4] = [b"ssh ", b"scp ", b"sftp ", b"rsync "];

/// The name before an `@` behind which a host without a dot stands: where a program signs in there,
/// and in front of a path (`nina@db07:/srv`, `nina@db07:~$`).
pub fn at_host(text: &[u8], sign: usize) -> Option<Range<usize>> {
    let after = &text[sign + 1..text.len().min(sign + 1 + AROUND)];
    let host = after
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-');
    let host = host.count();
    if !after.first().is_some_and(u8::is_ascii_alphabetic) {
        return None;
    }
    let has_path =
        || matches!(after[host..], [b':', b'~' | b'/', ..]) && !after[host..].starts_with(b"://");
    let signs_in = || {
        let near = &text[sign.saturating_sub(AROUND)..sign];
        let line = memrchr(b'\n', near).map_or(0, |newline| newline + 1);
        let near = &near[line..];
        PROGRAMS.iter().any(|program| {
            let at = memmem::rfind(near, program);
            at.is_some_and(|at| at == 0 || !is_word(near[at - 1]))
        })
    };
    (has_path() || (after.get(host) != Some(&b'.') && signs_in()))
        .then(|| name_before(text, sign))?
}

/// The name that ends before an `@`.
pub fn name_before(text: &[u8], sign: usize) -> Option<Range<usize>> {
    let before = &text[sign.saturating_sub(LONGEST_NAME)..sign];
    let is_part = |byte: &&u8| is_word(**byte) || b".-".contains(*byte);
    let length = before.iter().rev().take_while(is_part).count();
    let name = &before[before.len() - length..];
    let is_name = name
        .first()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    (is_name && !is_everybodys(name)).then_some(sign - length..sign)
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Names, find};

    fn users(line: &str) -> Vec<&str> {
        let names = Names::new(
            &["db07".to_owned(), "web-1.contoso.example".to_owned()],
            &[],
        );
        let mut found = Vec::new();
        find(&names, line.as_bytes(), &mut found);
        found.retain(|sighting| sighting.kind == Kind::User);
        found.into_iter().map(|seen| &line[seen.range]).collect()
    }

    #[test]
    fn the_account_of_a_domain_is_somebody() {
        for (line, name) in [
            (r"CONTOSO\judy", "judy"),
            (r"An account CONTOSO\nina.b was locked", "nina.b"),
            (r#"{"by":"CONTOSO\\nina","n":1}"#, "nina"),
            (r"owner=AD-01\frank;", "frank"),
            (r"(CONTOSO\judy)", "judy"),
            (r"user CONTOSO\tom from", "tom"),
            (r"Logon: 'CONTOSO\Rita'", "Rita"),
            (r#"{"user":"CONTOSO\\nina"}"#, "nina"),
            (r"for user 'CONTOSO\nina'", "nina"),
            (r"host$ as CONTOSO\WEB01$ ok", "WEB01"),
        ] {
            assert_eq!(users(line), [name], "{line}");
        }
    }

    #[test]
    fn where_a_domain_cannot_be_told_from_a_name_both_are_somebody() {
        for (line, names) in [
            (r"for user contoso\judy from", &["contoso", "judy"][..]),
            (r#"{"user":"contoso\\nina"}"#, &["contoso", "nina"]),
            (r#"{"m":"user=alice\nnext"}"#, &["alice"]),
            (
                r"C:\Users\alice\Desktop \home\x /home/alice\Desktop",
                &["alice", "alice"],
            ),
        ] {
            assert_eq!(users(line), names, "{line}");
        }
    }

    #[test]
    fn paths_and_what_is_escaped_are_nobody() {
        for line in [
            r"C:\Windows C:\WINDOWS\system32 D:\DATA\judy",
            r"\\SERVER\share \\SERVER\share\x",
            r"HKLM\Software HKLM\SYSTEM\x HKEY_LOCAL_MACHINE\Software",
            r"NT AUTHORITY\SYSTEM BUILTIN\Administrators NT SERVICE\judy",
            r#""state":"FAILED\nTraceback" "OK\tnext" "A\u00fc" "ERROR\r\n""#,
            r"BIN\tool.exe LOGS\today.log SRC\main\x",
            r#"{"a":"{\"STATE\":\"UP\"}"}"#,
            r"ERR\w+ X\d+ AB\s* FOO\(x",
            r"b'ABC\xff\x00' 'AB\000'",
            r"HCU\Control Panel and OPJ\_UINT32 in pages",
            r"src\main %TEMP%\judy $HOME\judy",
        ] {
            assert_eq!(users(line), Vec::<&str>::new(), "{line}");
        }
    }

    #[test]
    fn who_signs_in_on_a_host_is_somebody() {
        for (line, name) in [
            ("run ssh -p 22 nina@hop uptime", "nina"),
            ("scp x.tar nina@hop:", "nina"),
            ("copied to nina@hop:/srv/x", "nina"),
            ("nina@hop:~$ ls", "nina"),
            // of the stack
            ("asked by nina@db07", "nina"),
            ("session of nina@WEB-1: ok", "nina"),
        ] {
            assert_eq!(users(line), [name], "{line}");
        }
        for line in [
            "getty@tty1.service user@1000.service",
            "volume data@pool1 pulled image@sha256:0123",
            "ssh root@hop, root@db07",
            "sshd listens; x@y",
            "nina@db078 and nina@other",
            "ssh user\nx@y",
            "https://deploy@registry:8080/x nina@h://x",
        ] {
            assert_eq!(users(line), Vec::<&str>::new(), "{line}");
        }
    }
}
