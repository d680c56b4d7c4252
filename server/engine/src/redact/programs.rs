//! Programs that take a secret on their command line, each in a way of its own.
//!
//! Each has a rule to itself. Between its name and the secret the whole of a line may stand: if it
//! shared a pattern with others, what lies behind its name would be looked through again for each
//! secret that those find there.

use super::near::Near;
use super::rules::{Rule, Stem};

/// A word, perhaps in quotes; one that closes what stands before it opens nothing.
macro_rules! word {
    () => {
        r#"(?:"([^"\s,;:&|)\]}][^"]*)|'([^'\s,;:&|)\]}][^']*)|([^\s-]\S*))"#
    };
}

const fn argument(stems: &'static [&'static [Stem]], pattern: &'static str) -> Rule {
    Rule {
        name: "argument",
        stems,
        pattern,
    }
}

pub const MYSQL: Rule = argument(
    &[&[("mysql", Near::Anything), ("mariadb", Near::Anything)]],
    concat!(r"\b(?:mysql|mariadb)[\w-]*\b.*?\s-p", word!()),
);

pub const CURL: Rule = argument(
    &[&[("curl ", Near::Anything)]],
    r#"\bcurl\b.*?\s(?:-u|--user)[ =]?(?:"[^":]+:([^"]*)|'[^':]+:([^']*)|[^\s:"']+:(\S+))"#,
);

pub const REDIS: Rule = argument(
    &[&[("s-cli", Near::Anything)]],
    concat!(r"\bredis-cli\b[^;|&]*?\s(?:-a|--pass)[ \t]+", word!()),
);

pub const SMBCLIENT: Rule = argument(
    &[&[("smbclient", Near::Anything)]],
    r#"\bsmbclient\b[^;|&]*?\s(?:-U|--user)[ =]?["']?[^\s%]+%([^\s"']+)"#,
);

pub const LOGIN: Rule = argument(
    &[&[(" -p ", Near::Anything)]],
    concat!(
        r"\b(?:docker|podman|az|oc)[ \t]+login\b[^;|&]*?\s-p[ \t]+",
        word!()
    ),
);

pub const MONGO: Rule = argument(
    &[&[(" -p ", Near::Anything)]],
    concat!(
        r"\bmongo(?:sh|dump|restore|export|import)?[ \t][^;|&]*?\s-p[ \t]+",
        word!()
    ),
);

pub const LDAP: Rule = argument(
    &[&[(" -w ", Near::Anything)]],
    concat!(r"\bldap[a-z]+[ \t][^;|&]*?\s-w[ \t]+", word!()),
);

pub const SSH_KEYGEN: Rule = argument(
    &[&[("h-keygen", Near::Anything)]],
    concat!(r"\bssh-keygen\b[^;|&]*?\s-[np][ \t]+", word!()),
);

/// PowerShell.
pub const SECURE_STRING: Rule = argument(
    &[&[("o-secure", Near::Anything)]],
    r#"\bconvertto-securestring\b[^"'|;]*["']([^"']*)"#,
);

pub const IPMITOOL: Rule = argument(
    &[&[("ipmitool", Near::Anything)]],
    concat!(r"\bipmitool\b[^;|&]*?\s(?-i:-P)[ \t]*", word!()),
);

pub const SQLCMD: Rule = argument(
    &[&[("qlcmd", Near::Anything)]],
    concat!(r"\bsqlcmd\b[^;|&]*?\s(?-i:-P)[ \t]*", word!()),
);

pub const LFTP: Rule = argument(
    &[&[("lftp", Near::Start)]],
    r#"\blftp\b[^;|&]*?\s(?:-u|--user)[ =]?["']?[^\s,]+,([^\s"']+)"#,
);

/// The last word; only with `-b` it is the password.
pub const HTPASSWD: Rule = argument(
    &[&[("htpasswd", Near::Anything)]],
    r"\bhtpasswd[ \t]+(?:-\w+[ \t]+(?:\d+[ \t]+)?)*?-\w*(?-i:b)\w*[ \t]+(?:-\w+[ \t]+(?:\d+[ \t]+)?)*[^\s-]\S*[ \t]+(\S.*)",
);

/// Oracle's: name/password@where
pub const SQLPLUS: Rule = Rule {
    name: "url_password",
    stems: &[&[("qlplus", Near::Anything)]],
    pattern: r#"\bsqlplus\b.*?\s[^\s/@-]+/([^\s@"']+)@"#,
};

pub const SET_PASSWORD: Rule = Rule {
    name: "password",
    stems: &[&[("password for", Near::Anything)]],
    pattern: r#"\bset password for\b[^=]*=[ \t]*(?:password[ \t]*\()?["']([^"']*)"#,
};
