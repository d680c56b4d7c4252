//! Names of hosts and of users: those that are configured, wherever they stand, and users where
//! the words around them say so.

use regex::bytes::{Regex, RegexBuilder};

use super::{Kind, Sighting, is_word};
use crate::config::EngineConfig;
use crate::redact::scan::{Near, Scanner};

/// A name that is configured has at least so many bytes, or is not looked for.
const SHORTEST: usize = 3;

const IN_CONTEXT: u64 = 1;
const HOST: u64 = 2;
const USER: u64 = 4;
const DOMAIN: u64 = 8;

/// What every line that names a user so has: see [`CONTEXT`].
const STEMS: &[&str] = &[
    "user", "/home/", "uid=", "acct=", "logname", "word for", "key for",
];

/// The one group of each alternative is the name.
const CONTEXT: &str = concat!(
    r#"\b(?:[a-z]+_)?user(?:_?name)?\\*["']?[ \t]*[=:][ \t]*\\*["']?([a-z_][\w.-]*)"#,
    r#"|\bfor (?:invalid |illegal )?user ([a-z_][\w.-]*)"#,
    r"|\b(?:publickey|password) for (?:invalid user )?([a-z_][\w.-]*) from\b",
    r#"|\b(?:acct|r?user|logname|auid|uid)=\\*["']?([a-z_][\w.-]*)"#,
    r"|\be?uid=\d+\(([a-z_][\w.-]*)\)",
    r"|/home/([a-z_][\w.-]*)",
    r"|\\users\\+([a-z_][\w.-]*)|/users/([a-z_][\w.-]*)",
);

/// Names that say nothing of anybody.
const EVERYBODYS: &[&str] = &[
    "root", "nobody", "unknown", "null", "none", "nil", "invalid", "unset", "true", "false",
    "default", "public", "shared", "all", "any", "for", "not", "is",
];

/// What to look for.
pub struct Names {
    scanner: Scanner,
    context: Regex,
    hosts: Option<Regex>,
    users: Option<Regex>,
    /// Of hosts that are configured by their full names, with the dot in front.
    domains: Option<Regex>,
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names")
    }
}

impl Names {
    /// With the names of the stack's hosts (of a full name, also its first label, and all names
    /// under its domain) and of users.
    pub fn new(hosts: &[String], users: &[String]) -> Self {
        let mut scanner = Scanner::new();
        for stem in STEMS {
            scanner.add(stem, Near::Anything, IN_CONTEXT);
        }
        let mut all_hosts = hosts.to_vec();
        all_hosts.extend(hosts.iter().filter_map(|host| {
            let (first, _) = host.split_once('.')?;
            Some(first.to_owned())
        }));
        let mut all_users = users.to_vec();
        // a top level alone is the whole world's
        let mut domains: Vec<_> = hosts
            .iter()
            .filter_map(|host| host.find('.').map(|dot| host[dot..].to_owned()))
            .filter(|domain| domain[1..].contains('.'))
            .collect();
        for (names, rules) in [
            (&mut all_hosts, HOST),
            (&mut all_users, USER),
            (&mut domains, DOMAIN),
        ] {
            // shorter ones are part of everything
            names.retain(|name| name.len() >= SHORTEST && name != "localhost");
            for name in names {
                scanner.add_literal(name.as_bytes(), rules);
            }
        }
        Self {
            scanner,
            context: builder(CONTEXT).build().expect("a constant pattern"),
            hosts: any_of(&all_hosts),
            users: any_of(&all_users),
            domains: any_of(&domains),
        }
    }

    /// Those of this stack.
    pub fn of(config: &EngineConfig) -> Self {
        let redaction = &config.redaction;
        let mut hosts = vec![config.node.0.clone()];
        hosts.extend_from_slice(&redaction.hosts);
        Self::new(&hosts, &redaction.users)
    }

    pub fn find(&self, line: &[u8], found: &mut Vec<Sighting>) {
        let rules = self.scanner.all(line, 0);
        if rules & IN_CONTEXT != 0 {
            for captures in self.context.captures_iter(line) {
                let name = captures.iter().skip(1).flatten().next();
                found.extend(name.map(|name| name.range()).and_then(|mut range| {
                    // a full stop ends the sentence, not the name
                    while matches!(line[..range.end].last(), Some(b'.' | b'-')) {
                        range.end -= 1;
                    }
                    let is_somebodys = !is_everybodys(&line[range.clone()]);
                    (is_somebodys && !range.is_empty()).then_some(Sighting {
                        kind: Kind::User,
                        range,
                    })
                }));
            }
        }
        if let Some(domains) = self.domains.as_ref().filter(|_| rules & DOMAIN != 0) {
            found.extend(domains.find_iter(line).filter_map(|domain| {
                let is_part = |b: &&u8| is_word(**b) || b".-".contains(*b);
                let before = line[..domain.start()].iter().rev().take_while(is_part);
                let range = domain.start() - before.count()..domain.end();
                let is_whole = line.get(range.end).is_none_or(|byte| !is_word(*byte));
                (is_whole && range.start < domain.start()).then_some(Sighting {
                    kind: Kind::Host,
                    range,
                })
            }));
        }
        for (bit, kind, regex) in [
            (HOST, Kind::Host, &self.hosts),
            (USER, Kind::User, &self.users),
        ] {
            let Some(regex) = regex.as_ref().filter(|_| rules & bit != 0) else {
                continue;
            };
            found.extend(regex.find_iter(line).filter_map(|name| {
                let before = name.start().checked_sub(1).map(|at| line[at]);
                let joins = before.is_some_and(is_word)
                    || line.get(name.end()).is_some_and(|byte| is_word(*byte));
                (!joins).then_some(Sighting {
                    kind,
                    range: name.range(),
                })
            }));
        }
    }
}

/// Whether a name says nothing of anybody.
pub fn is_everybodys(name: &[u8]) -> bool {
    let mut words = EVERYBODYS.iter();
    words.any(|word| word.as_bytes().eq_ignore_ascii_case(name))
}

/// Longer names first, so that of a full name not only its beginning is found.
fn any_of(names: &[String]) -> Option<Regex> {
    let mut names: Vec<_> = names.iter().map(|name| regex::escape(name)).collect();
    names.sort_by_key(|name| usize::MAX - name.len());
    if names.is_empty() {
        return None;
    }
    builder(&names.join("|")).build().ok()
}

fn builder(pattern: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(pattern);
    builder.unicode(false).case_insensitive(true);
    builder
}
