//! Names of hosts and of users: those that are configured, wherever they stand, and users where
//! the words around them say so.

use std::ops::Range;

use memchr::{memchr, memrchr};
use regex::bytes::{Regex, RegexBuilder};

use super::context::Contexts;
use super::{Kind, Sighting, account, is_pseudonym, is_word};
use crate::config::EngineConfig;
use crate::redact::scan::{RuleSet, Scanner};

/// A name that is configured has at least so many bytes, or is not looked for.
const SHORTEST: usize = 3;

const HOST: RuleSet = 1;
const USER: RuleSet = 2;
const DOMAIN: RuleSet = 4;
/// From this place on, those of [`Contexts`].
const CONTEXTS: u32 = 3;

/// Names that say nothing of anybody.
const EVERYBODYS: &[&str] = &[
    "root",
    "nobody",
    "unknown",
    "null",
    "none",
    "nil",
    "invalid",
    "unset",
    "true",
    "false",
    "default",
    "public",
    "shared",
    "all",
    "any",
    "for",
    "not",
    "is",
    "ok",
    "success",
    "successful",
    "succeeded",
    "failed",
    "failure",
    "incorrect",
    "denied",
    "disabled",
    "enabled",
    "required",
    "error",
    "timeout",
    "system",
    "administrator",
    "administrators",
    "guest",
    "anonymous",
];

/// What to look for.
pub struct Names {
    scanner: Scanner,
    contexts: Contexts,
    hosts: Option<Regex>,
    users: Option<Regex>,
    /// Of hosts that are configured by their full names, with the dot in front.
    domains: Option<Regex>,
    /// One that is configured, of a host and of a user.
    shown: [Option<String>; 2],
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
        let contexts = Contexts::new(&mut scanner, CONTEXTS);
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
        let shown = [&all_hosts, &all_users].map(|names| {
            let mut names = names.iter();
            names.find(|name| !is_pseudonym(name.as_bytes())).cloned()
        });
        Self {
            scanner,
            shown,
            contexts,
            hosts: any_of(&all_hosts),
            users: any_of(&all_users),
            domains: any_of(&domains),
        }
    }

    /// A host and a user that are looked for wherever they stand.
    pub fn shown(&self) -> [(Kind, Option<&str>); 2] {
        let [host, user] = &self.shown;
        [(Kind::Host, host.as_deref()), (Kind::User, user.as_deref())]
    }

    /// Those of this stack.
    pub fn of(config: &EngineConfig) -> Self {
        let redaction = &config.redaction;
        let mut hosts = vec![config.node.0.clone()];
        hosts.extend_from_slice(&redaction.hosts);
        Self::new(&hosts, &redaction.users)
    }

    /// Adds those of a text of one or more lines.
    pub fn find(&self, text: &[u8], found: &mut Vec<Sighting>) {
        let mut from = 0;
        while let Some(hit) = self.scanner.next(text, from) {
            let start =
                memrchr(b'\n', &text[from..hit.at]).map_or(from, |newline| from + newline + 1);
            let end = memchr(b'\n', &text[hit.at..]).map_or(text.len(), |newline| hit.at + newline);
            let rules = hit.rules | self.scanner.all(&text[..end], hit.at + 1);
            self.find_in_line(text, start..end, rules, found);
            from = end;
        }
    }

    fn find_in_line(
        &self,
        text: &[u8],
        line: Range<usize>,
        rules: RuleSet,
        found: &mut Vec<Sighting>,
    ) {
        let (line, offset) = (&text[line.clone()], line.start);
        let mut add = |kind, range: Range<usize>| {
            let range = offset + range.start..offset + range.end;
            found.push(Sighting { kind, range });
        };
        for regex in self.contexts.of(rules) {
            for captures in regex.captures_iter(line) {
                let Some(name) = captures.iter().skip(1).flatten().next() else {
                    continue;
                };
                // it may have been that of a domain
                let account = account::behind_domain(line, &name.range());
                if account.as_ref().is_none_or(|account| account.is_doubtful)
                    && let Some(range) = somebody(line, name.range())
                {
                    add(Kind::User, range);
                }
                if let Some(account) = account {
                    add(Kind::User, account.name);
                }
            }
        }
        if let Some(domains) = self.domains.as_ref().filter(|_| rules & DOMAIN != 0) {
            for domain in domains.find_iter(line) {
                let is_part = |b: &&u8| is_word(**b) || b".-".contains(*b);
                let before = line[..domain.start()].iter().rev().take_while(is_part);
                let start = domain.start() - before.count();
                let is_whole = line.get(domain.end()).is_none_or(|byte| !is_word(*byte));
                if is_whole && start < domain.start() {
                    add(Kind::Host, start..domain.end());
                }
            }
        }
        for (bit, kind, regex) in [
            (HOST, Kind::Host, &self.hosts),
            (USER, Kind::User, &self.users),
        ] {
            let Some(regex) = regex.as_ref().filter(|_| rules & bit != 0) else {
                continue;
            };
            for name in regex.find_iter(line) {
                let before = name.start().checked_sub(1).map(|at| line[at]);
                let joins = before.is_some_and(is_word)
                    || line.get(name.end()).is_some_and(|byte| is_word(*byte));
                if joins {
                    continue;
                }
                add(kind, name.range());
                // who is there
                if kind == Kind::Host
                    && before == Some(b'@')
                    && let Some(user) = account::name_before(line, name.start() - 1)
                {
                    add(Kind::User, user);
                }
            }
        }
    }
}

/// The name at `range`, unless it is everybody's.
fn somebody(line: &[u8], mut range: Range<usize>) -> Option<Range<usize>> {
    // a full stop ends the sentence, not the name
    while matches!(line[..range.end].last(), Some(b'.' | b'-')) {
        range.end -= 1;
    }
    (!is_everybodys(&line[range.clone()]) && !range.is_empty()).then_some(range)
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

pub fn builder(pattern: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(pattern);
    builder.unicode(false).case_insensitive(true);
    builder
}
