//! What programs write around the name of a user.
//!
//! Each group of patterns is for lines on which one of its stems stands, so that a line that names
//! users in one way pays for no other. As with stems of secrets, their first bytes are such as few
//! words have.

use super::names::builder;
use crate::redact::near::Near;
use crate::redact::scan::{RuleSet, Scanner};
use regex::bytes::Regex;

/// Patterns whose groups are names, one in each alternative.
struct Context {
    stems: &'static [&'static str],
    pattern: &'static str,
}

/// A name, perhaps in quotes.
macro_rules! name {
    () => {
        r#"\\*["']?([a-z_][\w.-]*)"#
    };
}

const CONTEXTS: [Context; 5] = [
    // assignments, PAM, databases, sshd, logind, useradd
    Context {
        stems: &["user", "uid=", "acct=", "logname", "oup: name="],
        pattern: concat!(
            r#"\b(?:[a-z]+_)?user(?:_?name)?\\*["']?[ \t]*[=:][ \t]*"#,
            name!(),
            r"|\bfor (?:invalid |illegal )?user ",
            name!(),
            r#"|\buser \\*["']([a-z_][\w.-]*)(?:\\+[a-z_][\w.-]*)?\\*["']"#,
            r"|\b(?:invalid|illegal|authenticating|disconnected from) user ([a-z_][\w.-]*) (?:from\b|[\da-f])",
            r"|\buser ([a-z_][\w.-]*) from \S+ not allowed",
            r"|\b(?:acct|r?user|logname|auid|uid)=",
            name!(),
            r"|\be?uid=\d+\(([a-z_][\w.-]*)\)",
            r"|\bnew (?:user|group): name=([a-z_][\w.-]*)",
            r"|\\users\\+([a-z_][\w.-]*)|/users/([a-z_][\w.-]*)",
            r"|\bby ([a-z_][\w.-]*)\(uid=|\bsession \S+ of user ([a-z_][\w.-]*)",
        ),
    },
    Context {
        stems: &["/home/"],
        pattern: r"/home/([a-z_][\w.-]*)",
    },
    // sshd, passwd
    Context {
        stems: &[
            "word for",
            "word changed",
            "key for",
            "/pam for",
            "i-with-mic for",
            "mpts exceeded",
        ],
        pattern: concat!(
            r"(?:publickey|password|/pam|-mic|exceeded) for (?:invalid user )?([a-z_][\w.-]*) from\b",
            r"|\bpassword changed for ([a-z_][\w.-]*)",
        ),
    },
    // who asks sudo, which tells so before the terminal; whom su is asked for
    Context {
        stems: &["tty=", "pts/", "tty[0123456789]"],
        pattern: concat!(
            r"([a-z_][\w.-]*) : (?:[\w ,'-]{1,60} ; )?(?:HOST=\S{1,64} ; )?TTY=",
            r"|\(to ([a-z_][\w.-]*)\) \S+ on (?:pts/|tty)",
        ),
    },
    // login, cron, usermod, who asks su, Windows
    Context {
        stems: &[
            r#"ogin[:="'\]"#,
            "ogin [ost(0123456789]",
            " cmd (",
            "dd '",
            "pts/",
            "tty[0123456789]",
            "ccount name:",
        ],
        pattern: concat!(
            // the name ends the line, or stands in quotes
            r"\blogin(?:: |=)([a-z_][\w.-]*)[ \t]*$",
            r#"|\blogin\\*["'][ \t]*[=:][ \t]*\\*["']([a-z_][\w.-]*)\\*["']"#,
            r"|\blogin (?:on|session|tries|\(?\d)[^:,]{0,50}? (?:by|for) '?([a-z_][\w.-]*)",
            r"|\(([a-z_][\w.-]*)\) CMD |\(to \S+\) ([a-z_][\w.-]*) on (?:pts/|tty)",
            r"|\badd '([a-z_][\w.-]*)' to (?:shadow )?group",
            r"|\baccount name:[ \t]+([a-z_][\w.-]*)",
        ),
    },
];

/// The patterns, ready to run.
pub struct Contexts {
    first: u32,
    regexes: [Regex; CONTEXTS.len()],
}

impl Contexts {
    /// Has the stems looked for as rules from this place on.
    pub fn new(scanner: &mut Scanner, first: u32) -> Self {
        for (place, context) in (first..).zip(&CONTEXTS) {
            for stem in context.stems {
                scanner.add(stem, Near::Anything, 1 << place);
            }
        }
        let regexes = CONTEXTS.map(|context| {
            let regex = builder(context.pattern).build();
            regex.expect("a constant pattern")
        });
        Self { first, regexes }
    }

    /// Those that have to look at a line on which these stems stand.
    pub fn of(&self, rules: RuleSet) -> impl Iterator<Item = &Regex> {
        let places = (self.first..).zip(&self.regexes);
        places.filter_map(move |(place, regex)| (rules >> place & 1 == 1).then_some(regex))
    }
}
