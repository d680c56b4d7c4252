//! Identifiers: what tells of a person or a machine without being a secret. Where a collection asks
//! for it they give way to pseudonyms, equal for equal values, so that support can still follow one
//! address through all files.
//!
//! Addresses that are nobody's (loopback, net masks) and names that are everybody's (`root`) stay,
//! and so do pseudonyms themselves: cleaning what is clean changes nothing.

mod account;
mod address;
mod card;
mod columns;
mod context;
mod email;
mod names;
mod shape;

use std::fmt;
use std::ops::Range;

pub use names::Names;

/// A kind of identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Email,
    Ipv4,
    Ipv6,
    Mac,
    Card,
    Host,
    User,
}

impl Kind {
    pub const ALL: [Self; 7] = [
        Self::Email,
        Self::Ipv4,
        Self::Ipv6,
        Self::Mac,
        Self::Card,
        Self::Host,
        Self::User,
    ];

    /// In counts, as with the rules of secrets.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Mac => "mac",
            Self::Card => "card",
            Self::Host => "host",
            Self::User => "user",
        }
    }

    /// What a pseudonym of this kind begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Email => "mail",
            Self::Ipv4 => "ip",
            Self::Ipv6 => "ip6",
            Self::Mac => "mac",
            Self::Card => "card",
            Self::Host => "host",
            Self::User => "user",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An identifier's place in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub kind: Kind,
    pub range: Range<usize>,
}

/// `user-4f2a91` and its like.
pub fn is_pseudonym(text: &[u8]) -> bool {
    Kind::ALL.iter().any(|kind| {
        text.strip_prefix(kind.prefix().as_bytes())
            .and_then(|rest| rest.strip_prefix(b"-"))
            .is_some_and(|digits| {
                digits.len() >= 6
                    && digits
                        .iter()
                        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b))
            })
    })
}

/// All identifiers of a text of one or more lines, in order, without overlap.
pub fn find(names: &Names, text: &[u8], found: &mut Vec<Sighting>) {
    found.clear();
    shape::find(text, found);
    columns::find(text, |kind, range| found.push(Sighting { kind, range }));
    names.find(text, found);
    found.retain(|sighting| !is_pseudonym(&text[sighting.range.clone()]));
    put_in_order(found);
}

/// Leaves of what overlaps the one that begins first; of two that begin together the longer one, so
/// that an address is not cut short by a name.
fn put_in_order(found: &mut Vec<Sighting>) {
    found.sort_by_key(|sighting| (sighting.range.start, usize::MAX - sighting.range.end));
    let mut end = 0;
    found.retain(|sighting| {
        let fits = sighting.range.start >= end;
        if fits {
            end = sighting.range.end;
        }
        fits
    });
}

/// Letters, digits and the underscore: what joins on to a name.
const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Vec<(Kind, &str)> {
        let names = Names::new(&["Node-01.example.com".to_owned()], &["carol".to_owned()]);
        let mut found = Vec::new();
        find(&names, line.as_bytes(), &mut found);
        found
            .into_iter()
            .map(|sighting| (sighting.kind, &line[sighting.range]))
            .collect()
    }

    #[test]
    fn each_kind_is_seen_in_its_usual_forms() {
        for (line, kind, value) in [
            ("from 10.1.2.3 port 22", Kind::Ipv4, "10.1.2.3"),
            ("10.1.2.3:8080", Kind::Ipv4, "10.1.2.3"),
            ("[10.1.2.3]", Kind::Ipv4, "10.1.2.3"),
            ("ip=192.168.1.250,", Kind::Ipv4, "192.168.1.250"),
            ("ends 10.1.2.3.", Kind::Ipv4, "10.1.2.3"),
            (
                "from fe80::1ff:fe23:4567:890a%eth0",
                Kind::Ipv6,
                "fe80::1ff:fe23:4567:890a",
            ),
            ("[2001:db8::1]:443", Kind::Ipv6, "2001:db8::1"),
            (
                "a 2001:0db8:0:0:0:0:2:1 b",
                Kind::Ipv6,
                "2001:0db8:0:0:0:0:2:1",
            ),
            ("::ffff:10.1.2.3 x", Kind::Ipv6, "::ffff:10.1.2.3"),
            ("addr 2001:db8::5: up", Kind::Ipv6, "2001:db8::5"),
            ("mac 00:1A:2b:3c:4d:5e up", Kind::Mac, "00:1A:2b:3c:4d:5e"),
            ("mac 00-1A-2B-3C-4D-5E", Kind::Mac, "00-1A-2B-3C-4D-5E"),
            (
                "<a.b+c@mail.example.com>",
                Kind::Email,
                "a.b+c@mail.example.com",
            ),
            (
                "card 4111 1111 1111 1111",
                Kind::Card,
                "4111 1111 1111 1111",
            ),
            (
                "card=4111-1111-1111-1111;",
                Kind::Card,
                "4111-1111-1111-1111",
            ),
            ("pan 378282246310005.", Kind::Card, "378282246310005"),
            (
                "4111 1111 1111 1111 7 paid",
                Kind::Card,
                "4111 1111 1111 1111",
            ),
            ("ip=192.168.077.012,", Kind::Ipv4, "192.168.077.012"),
            ("mac 001a.2b3c.4d5e.", Kind::Mac, "001a.2b3c.4d5e"),
            ("[a01a.2b3C.4d5e]", Kind::Mac, "a01a.2b3C.4d5e"),
            (
                "?user=ann.b%40mail.example.com&x=1",
                Kind::Email,
                "ann.b%40mail.example.com",
            ),
            (
                "<m\u{fc}ller@b\u{fc}cher.example>",
                Kind::Email,
                "m\u{fc}ller@b\u{fc}cher.example",
            ),
            (
                r#"{"to":"m\u00fcller@b\u00fccher.example"}"#,
                Kind::Email,
                r"m\u00fcller@b\u00fccher.example",
            ),
            (
                r"m\xc3\xbcller@mail.example sent",
                Kind::Email,
                r"m\xc3\xbcller@mail.example",
            ),
            (
                r"\u003cann@mail.example\u003e",
                Kind::Email,
                "ann@mail.example",
            ),
            (r"to:\nann@mail.example\n", Kind::Email, "ann@mail.example"),
            (
                "an \u{201e}ann@mail.example\u{201c} geschickt",
                Kind::Email,
                "ann@mail.example",
            ),
            (
                "ivan@\u{43f}\u{43e}\u{447}\u{442}\u{430}.\u{440}\u{444}, x",
                Kind::Email,
                "ivan@\u{43f}\u{43e}\u{447}\u{442}\u{430}.\u{440}\u{444}",
            ),
            ("ivan@x.xn--p1ai x", Kind::Email, "ivan@x.xn--p1ai"),
            ("on node-01: up", Kind::Host, "node-01"),
            (
                "to db-7.rack2.example.com:5432",
                Kind::Host,
                "db-7.rack2.example.com",
            ),
            ("Nov 20 14:02:03 stor7 sshd[1]: x", Kind::Host, "stor7"),
            ("<13>Nov  2 14:02:03 stor7 su: x", Kind::Host, "stor7"),
            (
                "Nov 20 14:02:03 stor7 last message repeated 2 times",
                Kind::Host,
                "stor7",
            ),
            (
                "2026-11-20T14:02:03.123456+01:00 stor7 sudo: x",
                Kind::Host,
                "stor7",
            ),
            (
                "2026-11-20T14:02:03Z stor7 sshd[17]: x",
                Kind::Host,
                "stor7",
            ),
            (
                "<34>1 2026-11-20T14:02:03.003Z stor7 su - ID47 - x",
                Kind::Host,
                "stor7",
            ),
            (
                "::1 - alice [20/Nov/2026:14:02:03 +0000] \"GET /\"",
                Kind::User,
                "alice",
            ),
            ("NODE-01.example.com up", Kind::Host, "NODE-01.example.com"),
            ("for user alice from", Kind::User, "alice"),
            ("user=alice,", Kind::User, "alice"),
            ("\"username\": \"alice\"", Kind::User, "alice"),
            ("uid=1000(alice) gid=0", Kind::User, "alice"),
            ("/home/alice/x.log", Kind::User, "alice"),
            ("Accepted publickey for alice from", Kind::User, "alice"),
            ("session opened for user alice(uid=1)", Kind::User, "alice"),
            ("C:\\Users\\alice\\x", Kind::User, "alice"),
            ("asked by carol today", Kind::User, "carol"),
            ("for user 'alice' from", Kind::User, "alice"),
            (
                r#"authentication failed for user "alice""#,
                Kind::User,
                "alice",
            ),
            (
                r#"{"m":"authentication failed for user \"alice\""}"#,
                Kind::User,
                "alice",
            ),
            (
                "sudo:    alice : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/bin/ls",
                Kind::User,
                "alice",
            ),
            (
                "sudo: alice : 3 incorrect password attempts ; TTY=pts/0 ; USER=root",
                Kind::User,
                "alice",
            ),
            (
                "sudo: alice : user NOT in sudoers ; TTY=pts/0 ; USER=root",
                Kind::User,
                "alice",
            ),
            (
                "sudo: root : TTY=pts/0 ; PWD=/ ; USER=alice ; COMMAND=/bin/ls",
                Kind::User,
                "alice",
            ),
            (
                "session opened for user root(uid=0) by alice(uid=1000)",
                Kind::User,
                "alice",
            ),
            ("New session 4 of user alice.", Kind::User, "alice"),
            ("Invalid user alice from", Kind::User, "alice"),
            ("Disconnected from user alice 2", Kind::User, "alice"),
            (
                "Connection closed by authenticating user alice 2",
                Kind::User,
                "alice",
            ),
            ("User alice from h not allowed", Kind::User, "alice"),
            (
                "Accepted keyboard-interactive/pam for alice from",
                Kind::User,
                "alice",
            ),
            (
                "attempts exceeded for invalid user alice from",
                Kind::User,
                "alice",
            ),
            ("new user: name=alice, UID=1000", Kind::User, "alice"),
            ("new group: name=alice, GID=1000", Kind::User, "alice"),
            ("su: (to alice) root on tty1", Kind::User, "alice"),
            ("delete user 'alice'", Kind::User, "alice"),
            ("add 'alice' to group 'sudo'", Kind::User, "alice"),
            ("password changed for alice", Kind::User, "alice"),
            ("(to root) alice on pts/0", Kind::User, "alice"),
            ("(to alice) root on pts/0", Kind::User, "alice"),
            ("CRON[7]: (alice) CMD (run)", Kind::User, "alice"),
            ("db07 login: alice", Kind::User, "alice"),
            (r#"{"login":"alice","id":1}"#, Kind::User, "alice"),
            ("login[7]: LOGIN ON tty1 BY alice", Kind::User, "alice"),
            (
                "login: FAILED LOGIN (1) ON '/dev/tty1' FOR 'alice', Authentication",
                Kind::User,
                "alice",
            ),
            ("Account Name:\t\talice", Kind::User, "alice"),
        ] {
            assert_eq!(shown(line), [(kind, value)], "{line}");
        }
    }

    #[test]
    fn what_stands_side_by_side_is_seen_each() {
        for (line, values) in [
            (
                "4111111111111111 4012888888881881",
                ["4111111111111111", "4012888888881881"],
            ),
            (
                "4111111111111111,4012888888881881",
                ["4111111111111111", "4012888888881881"],
            ),
            (
                "4111 1111 1111 1111 4012 8888 8888 1881",
                ["4111 1111 1111 1111", "4012 8888 8888 1881"],
            ),
            (
                "4111 1111 1111 1111 10.1.2.3",
                ["4111 1111 1111 1111", "10.1.2.3"],
            ),
        ] {
            let seen: Vec<_> = shown(line).into_iter().map(|(_, value)| value).collect();
            assert_eq!(seen, values, "{line}");
        }
    }

    #[test]
    fn what_only_looks_alike_stays() {
        for line in [
            "2026-11-20T14:02:03.123456Z x",
            "Nov 20 14:02:03 h x",
            "2026-11-20 14:02:03,123 +01:00",
            "kernel v1.2.3.4 and version 1.2.3.4",
            "std::vector a::b 12:34 x::y",
            "127.0.0.1 0.0.0.0 255.255.255.0 ::1 ::",
            "256.1.1.1 1.2.3 1.2.3.4.5",
            "getty@tty1.service user@1000.service",
            "123e4567-e89b-12d3-a456-426614174000",
            "4111111111111112 1234567890123456 20261120140203",
            "4111 1111 1111 1111 1111 of a longer number",
            "user-4f2a91 ip-4f2a91 user=user-4f2a91 /home/user-4f2a91/",
            "user=root, user: null, users: 5",
            "1234.5678.9012 2026.1120.1402 0000.0000.0000 ffff.ffff.ffff a.001a.2b3c.4d5e",
            "at 50%40.5 and x%40y and %40example.com, \u{fc}@x",
            "www.myexample.com example.com",
            "Nov 20 14:02:03 INFO main: x",
            "Nov 20 14:02:03 localhost sshd[1]: x",
            "Nov 20 14:02:03 started with 4 threads: x",
            "2026-11-20T14:02:03Z ERROR main[3]: x",
            "2026-11-20T14:02:03Z worker main: x",
            "<34>1 2026-11-20T14:02:03.003Z - su - ID47 - x",
            "::1 - - [20/Nov/2026:14:02:03 +0000] \"GET /\"",
            "loop - done [20/40]",
            "carolina xnode-01",
            "login: Failed, login failed: x, login: session opened, login: ok",
            "login: pam_unix(login:session): session closed",
            "root : TTY=pts/0 ; USER=root and x : y",
            "session opened for user root(uid=0) by (uid=0)",
            "terminated by user request; out of user space; user input from stdin",
            "invalid user name; login on demand by default",
            "CRON[7]: (root) CMD (run) and (alice) said",
            "Account Name:\t\t-",
            "* x.cpp: add 'const' to the function",
            "(to be continued) on tty1",
            "",
        ] {
            assert_eq!(shown(line), [], "{line}");
        }
    }
}
