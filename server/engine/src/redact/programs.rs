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
        r"\b(?:docker|podman|nerdctl|buildah|skopeo|helm|az|oc)[ \t]+(?:registry[ \t]+)?login\b[^;|&]*?\s-p[ \t]+",
        word!()
    ),
);

pub const MONGO: Rule = argument(
    &[&[(" -p ", Near::Anything)]],
    concat!(
        r"\bmongo(?:sh|dump|restore|export|import)?\b[^;|&]*?\s-p[ \t]+",
        word!()
    ),
);

pub const LDAP: Rule = argument(
    &[&[(" -w ", Near::Anything)]],
    concat!(r"\bldap[a-z]+\b[^;|&]*?\s-w[ \t]+", word!()),
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

pub const ZIP: Rule = argument(
    &[&[("zip -", Near::Anything), ("unzip ", Near::Anything)]],
    concat!(r"\b(?:un)?zip\b[^;|&]*?(?-i:-P)[ \t]*", word!()),
);

pub const SEVEN_ZIP: Rule = argument(
    &[&[("7z [axelt] ", Near::Anything)]],
    concat!(r"\b7z[ \t][^;|&]*?\s-p", word!()),
);

/// The community, or what signs in with version 3.
pub const SNMP: Rule = argument(
    &[SNMP_NAME],
    concat!(r"\bsnmp\w+\b[^;|&]*?\s(?-i:-[cA])[ \t]*", word!()),
);

pub const SNMP_PRIVACY: Rule = argument(
    &[SNMP_NAME],
    concat!(r"\bsnmp\w+\b[^;|&]*?\s(?-i:-X)[ \t]*", word!()),
);

const SNMP_NAME: &[Stem] = &[("snmpwalk", Near::Anything), ("snmp[bgst]", Near::Anything)];

pub const RABBITMQ: Rule = argument(
    &[&[("mqctl ", Near::Anything)]],
    concat!(
        r"\brabbitmqctl[ \t][^;|&]*?\b(?:add_user|change_password|authenticate_user)[ \t]+[^\s;|&]+[ \t]+",
        word!()
    ),
);

pub const PUTTY: Rule = argument(
    &[&[(" -pw ", Near::Anything)]],
    concat!(
        r"\b(?:plink|pscp|psftp|putty)\b[^;|&]*?\s-pw[ \t]+",
        word!()
    ),
);

/// Desktops and shells of other machines.
pub const REMOTE: Rule = argument(
    &[&[
        ("rdesktop", Near::Anything),
        ("psexec", Near::Anything),
        ("freerdp", Near::Anything),
    ]],
    concat!(
        r"\b(?:rdesktop|psexec(?:64)?(?:\.exe)?|[wx]freerdp)\b[^;|&]*?\s(?:-p[ \t]+|/p:)",
        word!()
    ),
);

pub const NMCLI: Rule = argument(
    &[&[("nmcli ", Near::Anything)]],
    concat!(r"\bnmcli[ \t][^;|&]*?\spassword[ \t]+", word!()),
);

/// What follows `pass:` is a password wherever it stands.
pub const OPENSSL: Rule = argument(
    &[&[("enssl ", Near::Anything)]],
    concat!(r"\bopenssl[ \t][^;|&]*?\s-k[ \t]+", word!()),
);

/// Windows: behind the share or behind the user.
pub const NET_USE: Rule = argument(
    &[&[("/user:", Near::Anything)]],
    r#"\bnet(?:\.exe)?\\*["']?[ \t]+use[ \t][^;|&]*?(?:\\\\[^\s\\]+\\+\S+|/user:\S+)[ \t]+([^\s/*"'][^\s"']*)"#,
);

pub const NET_USER: Rule = argument(
    &[&[(" /add", Near::Anything)]],
    r#"\bnet1?(?:\.exe)?\\*["']?[ \t]+user[ \t]+\S+[ \t]+([^\s/*"'][^\s"']*)[ \t]+/add"#,
);

/// Words that stand behind others.
pub const WORDS: Rule = argument(
    &[&[
        ("wpa_passphrase", Near::Anything),
        ("alias set ", Near::Anything),
        ("/rp ", Near::Anything),
    ]],
    concat!(
        r#"\bwpa_passphrase[ \t]+(?:"[^"]*"|'[^']*'|[^\s"']+)[ \t]+(?:"([^"]*)|'([^']*)|([^\s"']+))"#,
        // MinIO's client
        r"|\bmc alias set \S+ https?://\S+ \S+ (\S+)",
        // schtasks
        r#"|\s/rp[ \t]+(?:"([^"]*)|([^\s"'*]\S*))"#,
    ),
);

/// What is said to a server of mail, or to Redis.
pub const SIGN_IN: Rule = Rule {
    name: "authorization",
    stems: &[&[
        ("auth plain", Near::Anything),
        ("auth login", Near::Anything),
        ("auth xoauth", Near::Anything),
        ("authenticate ", Near::Anything),
        ("> auth ", Near::Anything),
        ("\"auth\" ", Near::Anything),
    ]],
    pattern: concat!(
        // RFC 4954, 4; RFC 3501, 6.2.2
        r"(?-i:\bAUTH(?:ENTICATE)? (?:PLAIN|LOGIN|XOAUTH2))[ \t]+([\w+/]{8,}=*)",
        // redis-cli, and what MONITOR shows
        r"|:\d+(?:\[\d+\])?> auth[ \t]+(\S.*)",
        r#"|"auth"[ \t]+(?:"(?:[^"\\]|\\.)*"[ \t]+)?"((?:[^"\\]|\\.)+)"#,
    ),
};
