//! What counts as a secret: one table, one row a kind.
//!
//! A rule errs on the side of taking too much. It looks at one line at a time (private keys, which
//! go over several, are followed by [`super::Cleaner`]), and its *trigger* is a cheap pattern that
//! every line with such a secret matches: lines without any trigger are not looked at further.

use std::ops::Range;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::value;

/// A kind of secret.
pub struct Rule {
    /// Shown in the marker and in the manifest's counts.
    pub name: &'static str,
    trigger: &'static str,
    /// The first group that takes part is the secret; without groups, the whole match. A group
    /// named `bare` is the first byte of a value without quotes, whose end [`value::bare_end`]
    /// finds.
    pattern: &'static str,
}

/// Names of values that are secret, as part of a longer name or alone.
macro_rules! secret_name {
    () => {
        "(?:pass(?:word|wd|phrase|code)|pwd|secret|token|(?:api|access|account|private|encryption|signing|master|shared|storage|auth)[ _-]?key)"
    };
}

/// Between a name and its value. A colon needs a name that ends there (or a quoted one), so that
/// `token-service: started` stays, and no second colon, so that `secret::store` does.
macro_rules! assigned {
    () => {
        r#"(?:[\w.-]*[\])]?\\*["'`]?[\])]?[ \t]*(?:=>|:=|==?|%3d)|[\w.-]*\\*["'][ \t]*:|\w*\]?[ \t]*(?::|%3a))[ \t]*"#
    };
}

/// A value: escaped quotes, quotes (perhaps behind `b` or within `Some(`), a list, braces, or bare.
macro_rules! value {
    () => {
        concat!(
            r"(?:(?:bearer|basic|token|digest)(?:[ \t]+|%20|\+))?",
            r#"(?:(?:\w{1,20}\(|[brub&@$])?(?:"#,
            r#"\\+["'](.*?)(?:\\+["']|$)"#,
            r#"|"((?:[^"\\]|\\.)*\\?)"#,
            r#"|'((?:[^'\\]|\\.|'')*\\?)"#,
            r#")|\[([^\]]*)"#,
            r#"|\{([^}"'\s][^}]*)"#,
            r#"|(?<bare>[^\s"'\[{:\\]))"#
        )
    };
}

/// Where two rules see a secret at the same place, the earlier one names it.
pub const RULES: &[Rule] = &[
    Rule {
        name: "private_key",
        trigger: "(?-i:-----BEGIN [A-Z0-9 ]*PRIVATE)",
        pattern: "(?-i:-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$))",
    },
    Rule {
        name: "authorization",
        trigger: r#"authorization\\*["']?[ \t]*[:=,]"#,
        pattern: concat!(
            r#"authorization\\*["'][ \t]*[:=,][ \t]*\[?(?:\\+"(.*?)(?:\\+"|$)|"((?:[^"\\]|\\.)*)|'([^']*))"#,
            r#"|["']authorization[ \t]*[:=][ \t]*([^"']*)"#,
            r"|authorization[ \t]*[:=][ \t]*\[?((?:basic|bearer|negotiate|ntlm|token)[ \t]+[^\s,;]+)",
            r"|authorization[ \t]*[:=][ \t]*(\S.*)",
        ),
    },
    Rule {
        name: "cookie",
        trigger: r#"cookie2?\\*["']?[ \t]*[:=,]"#,
        pattern: concat!(
            r#"cookie2?\\*["'][ \t]*[:=,][ \t]*\[?(?:\\+"(.*?)(?:\\+"|$)|"((?:[^"\\]|\\.)*)|'([^']*))"#,
            r#"|["'](?:set-)?cookie2?[ \t]*[:=][ \t]*([^"']*)"#,
            r"|cookie2?[ \t]*:[ \t]*(\S.*)",
            r"|cookie2?=(\S+)",
        ),
    },
    Rule {
        name: "connection_string",
        trigger: r"accountkey[ \t]*=|sharedaccesskey[ \t]*=",
        pattern: concat!(r"(?:accountkey|sharedaccesskey)[ \t]*=[ \t]*", value!()),
    },
    Rule {
        name: "sas_signature",
        trigger: r#"sig(?:nature)?(?:=|%3d|\\*["' ])"#,
        pattern: concat!(
            r#"(?:\b|_|%26)sig(?:=|%3d)([^&\s"'<>\\,;]+)"#,
            r#"|-signature(?:=|%3d)([^&\s"'<>\\,;]+)"#,
            r#"|\bsig\\*["' ][ \t]*[:=][ \t]*\\*["']?([\w+/%=-]{20,})"#,
        ),
    },
    Rule {
        name: "url_password",
        trigger: r#"://[^\s/"'<>]*@"#,
        pattern: concat!(
            r#"\b[a-z][a-z0-9+.-]*://[^\s/:@"'<>\[]*:([^\s/"'<>]+)@"#,
            r#"|\b[a-z][a-z0-9+.-]*://([^\s/:@"'<>]{20,})@"#,
        ),
    },
    Rule {
        name: "password",
        trigger: concat!("(?:pass(?:word|wd|phrase|code)|pwd)", assigned!()),
        pattern: concat!("(?:pass(?:word|wd|phrase|code)|pwd)", assigned!(), value!()),
    },
    Rule {
        name: "secret",
        trigger: concat!(secret_name!(), assigned!()),
        pattern: concat!(secret_name!(), assigned!(), value!()),
    },
    Rule {
        name: "argument",
        trigger: concat!(r"--?[\w-]*", secret_name!(), r"[\w-]*[ \t]"),
        pattern: concat!(
            r"(?:^|[\s\x22'`=,\[(])--?[\w-]*",
            secret_name!(),
            r#"[\w-]*[ \t]+(?:"((?:[^"\\]|\\.)*)|'([^']*)|(?<bare>[^\s"'-]))"#,
        ),
    },
    Rule {
        name: "named_value",
        trigger: concat!(secret_name!(), r#"[^"'\\]*\\*["'],?[ \t]*\\*["']?value"#,),
        pattern: concat!(
            // <add key="Password" value="…"/>, {"name":"DB_PASSWORD","value":"…"}
            r#"(?:key|name)\\*["']?[ \t]*[:=][ \t]*\\*["'][^"'\\]*"#,
            secret_name!(),
            r#"[^"'\\]*\\*["'],?[ \t]*\\*["']?value\\*["']?[ \t]*[:=][ \t]*(?:\\+"(.*?)(?:\\+"|$)|"((?:[^"\\]|\\.)*)|'([^']*))"#,
        ),
    },
    Rule {
        name: "element",
        trigger: concat!(r"<[\w:.-]*", secret_name!(), r"[\w:.-]*[\s>]"),
        pattern: concat!(
            r"<[\w:.-]*",
            secret_name!(),
            r"[\w:.-]*(?:\s[^<>]*)?>([^<]+)"
        ),
    },
    Rule {
        name: "jwt",
        trigger: r"(?-i:eyJ)[\w-]{8}",
        pattern: r"(?-i:eyJ)[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}",
    },
    Rule {
        name: "cloud_key",
        trigger: "(?-i:AKIA|ASIA|AIza)",
        pattern: r"\b(?-i:(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{35})",
    },
    Rule {
        name: "access_token",
        trigger: r"gh[pousr]_\w{9}|github_pat_|glpat-|xox[a-z]-|\bsk(?:-|_live|_test)|npm_\w{9}|pypi-|hvs[.]|ya29[.]|dop_v1_|shpat_",
        pattern: concat!(
            r"gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}",
            r"|\bsk_(?:live|test)_\w{10,}|\bsk-[\w-]{20,}|npm_\w{30,}|pypi-[\w-]{30,}",
            r"|hvs[.][\w-]{20,}|ya29[.][\w.-]{20,}|dop_v1_\w{30,}|shpat_\w{20,}",
        ),
    },
    Rule {
        name: "password_hash",
        trigger: r"\$[a-z0-9-]{1,14}\$|\{s?(?:sha|md5|crypt)",
        pattern: concat!(
            r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|md5|sha1|argon2(?:id|i|d)?|pbkdf2[a-z0-9-]*|scrypt)\$[\w./$=,+-]{16,}",
            r"|\{s?(?:sha(?:256|384|512)?|md5|crypt)\}[\w./$=+-]{16,}",
        ),
    },
];

impl Rule {
    /// A rule's pattern, ready to run.
    pub fn compile(&self) -> Result<Matcher, regex::Error> {
        let regex = builder(self.pattern).build()?;
        let bare = regex.capture_names().position(|name| name == Some("bare"));
        Ok(Matcher {
            name: self.name,
            regex,
            bare,
        })
    }
}

/// Matches in every line in which a rule may find something.
pub fn triggers() -> Result<Regex, regex::Error> {
    let alternatives: Vec<&str> = RULES.iter().map(|rule| rule.trigger).collect();
    builder(&alternatives.join("|")).build()
}

/// Bytes, not text; ASCII letters of either case.
fn builder(pattern: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(pattern);
    builder.unicode(false).case_insensitive(true);
    builder
}

/// A compiled rule.
pub struct Matcher {
    pub name: &'static str,
    regex: Regex,
    /// Index of the group `bare`.
    bare: Option<usize>,
}

/// A secret's place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    /// Where the match begins, with the name in front of the secret.
    pub from: usize,
    pub start: usize,
    pub end: usize,
}

impl Matcher {
    /// Adds what the rule finds in one line.
    pub fn find(&self, line: &[u8], findings: &mut Vec<Finding>) {
        // mostly the answer is no, and then no room for groups is needed
        if !self.regex.is_match(line) {
            return;
        }
        let (mut at, mut covered) = (0, 0);
        while let Some(captures) = self.regex.captures_at(line, at) {
            let secret = self.secret(&captures);
            let from = captures
                .get(0)
                .map_or(secret.range.start, |whole| whole.start());
            let start = secret.range.start;
            let end = if secret.is_bare {
                // never the same bytes twice, so that a line costs no more than its length
                let unseen = start.max(covered);
                unseen + value::bare_end(&line[unseen..])
            } else {
                secret.range.end
            };
            if !value::is_harmless(&line[start..end]) && !value::in_marker(&line[..from]) {
                findings.push(Finding {
                    rule: self.name,
                    from,
                    start,
                    end,
                });
            }
            covered = covered.max(end);
            // a bare value may itself hold an assignment, whose value goes further
            at = if secret.is_bare { start } else { end }.max(from + 1);
            if at > line.len() {
                break;
            }
        }
    }

    fn secret(&self, captures: &Captures<'_>) -> Secret {
        let group = (1..captures.len()).find_map(|index| Some((index, captures.get(index)?)));
        match group {
            Some((index, group)) => Secret {
                range: group.range(),
                is_bare: Some(index) == self.bare,
            },
            None => Secret {
                range: captures.get(0).map_or(0..0, |whole| whole.range()),
                is_bare: false,
            },
        }
    }
}

struct Secret {
    range: Range<usize>,
    /// The range holds the first byte alone.
    is_bare: bool,
}
