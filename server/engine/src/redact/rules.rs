//! What counts as a secret: one table, one row a kind.
//!
//! A rule errs on the side of taking too much. It looks at one line at a time (private keys, which
//! go over several, are followed by [`super::Cleaner`]), and only at lines on which one of its *stems*
//! stands: see [`super::scan`].

pub use super::matcher::{Finding, Matcher, builder};
use super::near::{Near, key_owners};
use super::programs;
use super::scan::{RuleSet, Scanner};
use super::tokens;

/// Bytes that stand near a secret, as [`Scanner::add`] takes them, and what else must hold.
pub type Stem = (&'static str, Near);

/// A kind of secret.
pub struct Rule {
    /// Shown in the marker and in the manifest's counts.
    pub name: &'static str,
    /// Every secret of this kind has one of them on its line. The first bytes of a stem are best
    /// ones that few words have: wherever they stand, the scanner stops to look.
    pub stems: &'static [&'static [Stem]],
    /// The first group that takes part is the secret; without groups, the whole match. A group
    /// named `bare` is the first byte of a value without quotes, whose end [`super::value::bare_end`]
    /// finds.
    pub pattern: &'static str,
}

/// Names of passwords, as part of a longer name or alone.
macro_rules! password_name {
    () => {
        "pass(?:word|wd|phrase|code)|pwd|(?:bind|root)_?pw"
    };
}

/// Names of values that are secret, likewise.
macro_rules! secret_name {
    () => {
        concat!(
            "(?:",
            password_name!(),
            "|secret|token|(?:",
            key_owners!(),
            ")[ _-]?key|(?:api|access|account)[.]key)"
        )
    };
}

/// Stems of names of passwords, and of the other names of [`secret_name`].
const PASSWORD_NAME: &[Stem] = &[
    ("password", Near::Assigned),
    ("passwd", Near::Assigned),
    ("passphrase", Near::Assigned),
    ("passcode", Near::Assigned),
    ("pwd?", Near::Assigned),
    ("ndpw", Near::Assigned),
    ("nd_pw", Near::Assigned),
    ("otpw", Near::Assigned),
    ("ot_pw", Near::Assigned),
];
const OTHER_NAME: &[Stem] = &[
    ("secret", Near::Assigned),
    ("token", Near::Assigned),
    ("[itsedgrhn. _-]key", Near::AssignedKey),
];
const SECRET_NAME: &[&[Stem]] = &[PASSWORD_NAME, OTHER_NAME];

/// Colours of terminals, which some loggers put around names.
macro_rules! colours {
    () => {
        r"(?:\x1b\[[\d;]*m)*"
    };
}

/// Between a name and its value. A colon needs a name that ends there (or a quoted one), so that
/// `token-service: started` stays, and no second colon, so that `secret::store` does.
macro_rules! assigned {
    () => {
        concat!(
            colours!(),
            r#"(?:[\w.-]*[\])]?\\*["'`]?[\])]?"#,
            colours!(),
            r#"[ \t]*(?:=>|:=|==?|%3d)|[\w.-]*\\*["'][ \t]*:|\w*\]?[ \t]*(?::|%3a))[ \t]*"#,
            colours!()
        )
    };
}

/// A value: escaped quotes, quotes (perhaps behind `b`, a type of Go's or within `Some(`), a list,
/// braces, or bare; perhaps within an object that has it as its value.
macro_rules! value {
    () => {
        concat!(
            r"(?:(?:bearer|basic|token|digest)(?:[ \t]+|%20|\+))?",
            r#"(?:\{[ \t]*\\*["']?value\\*["']?[ \t]*[:=][ \t]*)?"#,
            r#"(?:(?:\([\w.*\[\]]{1,60}\)[ \t]*(?:\(len=\d+\)[ \t]*)?|\w{1,20}\(|[brub&@$])?(?:"#,
            r#"\\+["'](.*?)(?:\\+["']|$)"#,
            r#"|"((?:[^"\\]|\\.)*\\?)"#,
            r#"|'((?:[^'\\]|\\.|'')*\\?)"#,
            r#")|\[([^\]]*)"#,
            r#"|\{([^}"'\s][^}]*)"#,
            r#"|(\\+[^\s"'\\][^\s"',;]*)"#,
            r#"|(?<bare>[^\s"'\[{:\\]))"#
        )
    };
}

/// A line that ends with a secret's name and nothing for it. Groups: the name of a password, the head
/// of a block of YAML, a quote that opens.
pub const OPENING: &str = concat!(
    "(?:(",
    password_name!(),
    // Jenkins, Elasticsearch
    r"|password to proceed to installation|password for the elastic user \(.{0,80}\)",
    ")|",
    secret_name!(),
    ")",
    assigned!(),
    r#"(?:([|>][-+0-9]{0,2})|\\?(["'`]))?[ \t]*$"#
);

/// A line that is the first half of a pair: `name: DB_PASSWORD`, `<key>Password</key>`,
/// `<name>password</name>`.
pub const NAMED: &str = concat!(
    r#"^[ \t{-]*(?:\\*["']?(?:name|key)\\*["']?[ \t]*[:=][ \t]*\\*["']?|(?:<property>[ \t]*)?<(?:key|name)>)[\w.-]*"#,
    secret_name!(),
    r#"[\w.-]*(?:\\*["']?,?|</(?:key|name)>)[ \t]*$"#
);

/// A line of a list of arguments whose value is the next one: `"--password",`, `- --password`.
pub const OPTION: &str = concat!(
    r#"^[ \t]*(?:["']--?[\w-]*"#,
    secret_name!(),
    r#"[\w-]*["'],|- +["']?--?[\w-]*"#,
    secret_name!(),
    r#"[\w-]*["']?)[ \t]*$"#
);

/// The rule that stands first.
pub const PRIVATE_KEY: RuleSet = 1;

/// Where two rules see a secret at the same place, the earlier one names it.
pub const RULES: &[Rule] = &[
    Rule {
        name: "private_key",
        stems: &[&[("-----begin", Near::Anything)]],
        pattern: "(?-i:-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|$))",
    },
    Rule {
        name: "authorization",
        stems: &[&[
            ("authorization", Near::Anything),
            ("bearer ", Near::Anything),
        ]],
        pattern: concat!(
            r#"authorization\\*["'][ \t]*[:=][ \t]*\[((?:"(?:[^"\\]|\\.)*"|[^\]])*)"#,
            r#"|authorization\\*["'][ \t]*[:=,][ \t]*(?:\\*["']?value\\*["']?[ \t]*[:=][ \t]*)?\[?(?:\\+"(.*?)(?:\\+"|$)|"((?:[^"\\]|\\.)*)|'([^']*))"#,
            r#"|["']authorization[ \t]*[:=][ \t]*([^"'\\][^"']*)"#,
            r"|authorization[ \t]*[:=][ \t]*\[?((?:basic|bearer|negotiate|ntlm|token)[ \t]+[^\s,;]+)",
            r"|authorization[ \t]*[:=][ \t]*(\S.*)",
            // RFC 6750, 2.1; no word of a sentence is so long
            r"|\bbearer[ \t]+([\w.~+/-]{20,}=*)",
        ),
    },
    Rule {
        name: "cookie",
        stems: &[&[
            ("cookie", Near::Anything),
            ("sessionid=", Near::Anything),
            ("phpsessid=", Near::Anything),
            ("connect.sid=", Near::Anything),
            ("ab_session=", Near::Anything),
        ]],
        pattern: concat!(
            r#"cookie2?\\*["'][ \t]*[:=][ \t]*\[((?:"(?:[^"\\]|\\.)*"|[^\]])*)"#,
            r#"|cookie2?\\*["'][ \t]*[:=,][ \t]*(?:\\*["']?value\\*["']?[ \t]*[:=][ \t]*)?\[?(?:\\+"(.*?)(?:\\+"|$)|"((?:[^"\\]|\\.)*)|'([^']*))"#,
            r#"|["'](?:set-)?cookie2?[ \t]*[:=][ \t]*([^"'\\][^"']*)"#,
            r"|cookie2?[ \t]*:[ \t]*(\S.*)",
            r#"|cookie2?=(?:\[([^\]]*)|\\+["'](.*?)(?:\\+["']|$)|"((?:[^"\\]|\\.)*)|'([^']*)"#,
            // up to the last of several; numbers such as 0x0 are those of flows
            r#"|((?:[^\s;0"'\[\\]|0[^\sx;]|\\+[^\s;"'\\])[^\s;]*(?:;+[ \t]*[^\s;]+)*))"#,
            r"|(?:jsessionid|phpsessid|asp\.net_sessionid|_gitlab_session|connect\.sid)=([^\s;,&]+)",
        ),
    },
    Rule {
        name: "connection_string",
        stems: &[&[
            ("accountkey", Near::Anything),
            ("sharedaccesskey", Near::Anything),
        ]],
        pattern: concat!(r"(?:accountkey|sharedaccesskey)[ \t]*=[ \t]*", value!()),
    },
    Rule {
        name: "sas_signature",
        stems: &[&[
            (r#"sig[=%"' ]"#, Near::Anything),
            (r#"sig\"#, Near::Anything),
            ("signature[=%]", Near::Anything),
        ]],
        pattern: concat!(
            r#"(?:\b|_|%26)sig(?:=|%3d)([^&\s"'<>\\,;]+)"#,
            r#"|-signature(?:=|%3d)([^&\s"'<>\\,;]+)"#,
            r#"|\bsig\\*["' ][ \t]*[:=][ \t]*\\*["']?([\w+/%=-]{20,})"#,
        ),
    },
    Rule {
        name: "url_password",
        stems: &[&[
            ("://?", Near::UserInfo),
            ("@tcp(", Near::Anything),
            ("@unix(", Near::Anything),
            ("jdbc:oracle", Near::Anything),
        ]],
        pattern: concat!(
            // a token in the place of the name, without a password
            r#"\b[a-z][a-z0-9+.-]*://([^\s/:@"'<>\[]{10,}):(?:x-oauth-basic)?@"#,
            // the name may be a mail address
            r#"|\b[a-z][a-z0-9+.-]*://[^\s/:"'<>\[]*:([^\s/"'<>]+)@"#,
            r#"|\b[a-z][a-z0-9+.-]*://([^\s/:@"'<>]{20,})@"#,
            // one with a slash, which no port begins like
            r#"|\b[a-z][a-z0-9+.-]*://[^\s/:@"'<>\[]+:((?:\d{0,5}[^\d\s/"'<>@]|\d{6})[^\s"'<>]*)@"#,
            // Oracle's: name/password@where
            r#"|\bjdbc:oracle:\w+:[^\s/@"']+/([^\s@"']+)@"#,
            // data source names of Go's drivers
            r#"|[^\s/:@"']+:([^\s@"']+)@(?:tcp|unix)\("#,
        ),
    },
    Rule {
        name: "password",
        stems: &[
            PASSWORD_NAME,
            &[
                ("pass[=:\"' ]", Near::Start),
                (r#"_pass[=:"'\<> ]"#, Near::Anything),
                (r#"pass[=:"'\>]"#, Near::Anything),
                ("-pass[ \t]", Near::Anything),
                ("ndpw[ \t]", Near::Anything),
                ("otpw[ \t]", Near::Anything),
                ("password::", Near::Anything),
                ("password to proceed", Near::Anything),
                ("password for the elastic", Near::Anything),
                ("password[ \t]", Near::Anything),
                ("ied by", Near::Anything),
                ("ied with", Near::Anything),
                ("passphrase[ \t]", Near::Anything),
                (":5432:", Near::Anything),
            ],
        ],
        pattern: concat!(
            "(?:",
            password_name!(),
            ")",
            assigned!(),
            value!(),
            // the short name, alone or at the end of a longer one
            r#"|(?:(?:\b|_|db)pass|[a-z](?-i:Pass))\\*["']?[ \t]*(?:=>|:=|==?|:)[ \t]*"#,
            r#"(?:\\+["'](.*?)(?:\\+["']|$)|"((?:[^"\\]|\\.)*)|'([^']*)|([^\s"',;&}]+))"#,
            r"|<[\w:.-]*(?:_pass|[a-z](?-i:Pass))>([^<]+)",
            r#"|(?:^|[\s\x22'`])--(?:[\w-]*[_-])?pass[ \t]+(?:"((?:[^"\\]|\\.)*)|'([^']*)|([^\s"'-][^\s"']*))"#,
            r#"|_pass["'][ \t]+value[ \t]*=[ \t]*(?:"([^"]*)|'([^']*))|_pass</(?:key|name)>[ \t]*<\w+>([^<]+)"#,
            // SQL, LDIF, tables
            r#"|(?:password|identified (?:with[ \t]+\S+[ \t]+)?(?:by|as))[ \t]+n?(?:'((?:[^'\\]|\\.|'')*)|"((?:[^"\\]|\\.)*))"#,
            r"|(?:password|(?:bind|root)pw)::[ \t]+([\w+/=]+)|password\t+(\S+)",
            // slapd.conf, ldap.conf, kickstart
            r"|\b(?:bind|root)pw[ \t]+(?:--\w+[ \t]+)*([^\s=:]\S*)",
            // programs that tell of a new one; a line of nothing else
            r"|\bpassword is generated for \S+[ \t]+(\S+)",
            r"|\bpassword for the elastic [\w -]{0,60}\bis[ \t]*:[ \t]*(\S+)",
            r#"|pass(?:word|phrase)[ \t]+(?:for[ \t]+\S+[ \t]+)?(?:is|was|set to|changed to)[ \t]*(?::[ \t]*["']?([^\s"']+)|[ \t]["']([^"']+))"#,
            r"|^[ \t]*pass(?:word|phrase)[ \t]+([^\s=:]\S*)[ \t]*$",
            // in a sentence: no word has a digit in it
            r#"|\bpass(?:word|phrase)[ \t]+(?:for[ \t]+\S+[ \t]+)?(?:is|was|set to|changed to)[ \t]+([^\s\d"'(]{2,}\d[^\s"',;]*|\d+[a-z!@#$%^&*+~_][^\s"',;]{3,})"#,
            // FTP, POP
            r#"|(?-i:(?:-->|",|command:|\bC:)[ \t]*"?PASS)[ \t]+([^\s"'<]+)"#,
            // .netrc, .pgpass, Cisco's type 7
            r"|(?:\bmachine[ \t]+\S+|^[ \t]*default)[ \t]+(?:(?:login|account)[ \t]+\S+[ \t]+)+password[ \t]+(\S+)",
            r"|^[^\s:]+:5432:[^\s:]+:[^\s:]+:((?:[^\s:\\]|\\.)+)$",
            r"|\bpassword[ \t]+7[ \t]+([0-9a-f]{6,})",
        ),
    },
    Rule {
        name: "secret",
        stems: &[
            PASSWORD_NAME,
            OTHER_NAME,
            &[
                ("key-data", Near::Assigned),
                ("tls.key", Near::Assigned),
                ("htok", Near::Assigned),
                ("psk[=:\"' ]", Near::Start),
                ("\"auth[\"\\]", Near::Anything),
                ("_auth[= ]", Near::Anything),
            ],
        ],
        pattern: concat!(
            "(?:",
            secret_name!(),
            // of kubectl's configuration, of a Secret, of sssd, of wpa_supplicant
            r"|key-data|tls\.key|default_authtok|\bpsk)",
            assigned!(),
            value!(),
            // of Docker's and of npm's configuration: name and password, encoded
            r#"|"auth\\*"[ \t]*:[ \t]*\\*"([\w+/-]{12,}=*)|\b_auth[ \t]*=[ \t]*(\S+)"#,
        ),
    },
    Rule {
        name: "argument",
        stems: &[
            PASSWORD_NAME,
            OTHER_NAME,
            &[
                ("sshpass", Near::Anything),
                ("m-literal", Near::Anything),
                ("chpasswd", Near::Anything),
                ("ptsetup", Near::Anything),
                ("o -s", Near::Anything),
                ("epass ", Near::Anything),
                ("keypass ", Near::Anything),
                ("rauth", Near::Anything),
                ("snmp-server", Near::Anything),
            ],
        ],
        pattern: concat!(
            r"(?:^|[\s\x22'`=,\[(])--?[\w-]*",
            secret_name!(),
            r#"[\w-]*(?:[ \t]+|,[ \t]*)(?:"((?:[^"\\]|\\.)*)|'([^']*)|(?<bare>[^\s"'-]))"#,
            // in a list of arguments, and as auditd has them
            r"|(?:^|[\s\x22'`=,\[(])--?[\w-]*",
            secret_name!(),
            r#"[\w-]*\\*["'](?:[ \t]*,[ \t]*|[ \t]+(?:a\d+=)?)"#,
            r#"(?:\\+["'](.*?)(?:\\+["']|$)|"((?:[^"\\]|\\.)*)|'((?:[^'\\]|\\.)*))"#,
            r"|\ba\d+=\x22--?[\w-]*",
            secret_name!(),
            r"[\w-]*\x22[ \t]+a\d+=([0-9a-f]+)",
            // programs that take a password behind a letter
            r#"|\bsshpass[ \t]+-p[ \t]?(?:"([^"]*)|'([^']*)|([^\s"']\S*))"#,
            r#"|--from-literal[ =]["']?[^\s='"]+=([^\s'"]+)"#,
            r#"|\s-(?:src|dest)?(?:store|key)pass[ \t]+(?:"([^"]*)|'([^']*)|([^\s"'-]\S*))"#,
            r#"|\becho[ \t]+(?:-\w+[ \t]+)*["']?(?:[\w.-]+:)?([^"'|\s]+)["']?[ \t]*\|[ \t]*(?:sudo -s|(?:sudo )?(?:chpasswd|cryptsetup|\S+[^|;&]{0,60}--password-stdin))"#,
            // settings of Redis, of network devices
            r#"|\b(?:requirepass|masterauth)[ \t]+["']?([^\s"']+)|\bsnmp-server[ \t]+community[ \t]+(\S+)"#,
        ),
    },
    programs::MYSQL,
    programs::CURL,
    programs::REDIS,
    programs::SMBCLIENT,
    programs::LOGIN,
    programs::MONGO,
    programs::LDAP,
    programs::SSH_KEYGEN,
    programs::SECURE_STRING,
    programs::IPMITOOL,
    programs::SQLCMD,
    programs::LFTP,
    programs::HTPASSWD,
    programs::SQLPLUS,
    programs::SET_PASSWORD,
    programs::ZIP,
    programs::SEVEN_ZIP,
    programs::SNMP,
    programs::SNMP_PRIVACY,
    programs::RABBITMQ,
    programs::PUTTY,
    programs::REMOTE,
    programs::NMCLI,
    programs::OPENSSL,
    programs::NET_USE,
    programs::NET_USER,
    programs::WORDS,
    programs::SIGN_IN,
    tokens::CODE,
    Rule {
        name: "named_value",
        stems: SECRET_NAME,
        pattern: concat!(
            // <add key="Password" value="…"/>, {"name":"DB_PASSWORD","value":"…"}
            r#"(?:key|name)\\*["']?[ \t]*[:=][ \t]*\\*["'][^"'\\]*"#,
            secret_name!(),
            r#"[^"'\\]*\\*["'],?[ \t]*\\*["']?value\\*["']?[ \t]*[:=][ \t]*(?:\\+"(.*?)(?:\\+"|$)|"((?:[^"\\]|\\.)*)|'([^']*))"#,
            // in what was escaped for a page or an address
            "|",
            secret_name!(),
            r"[\w.-]*(?:&quot;[ \t]*[:=,][ \t]*&quot;(.*?)(?:&quot;|$)|%22(?:%3a|:)(?:%20|\+)*%22(.*?)(?:%22|$))",
        ),
    },
    // each of its forms ends at the next bracket, wherever the values of others are
    Rule {
        name: "element",
        stems: SECRET_NAME,
        pattern: concat!(
            // <password value="…"/>
            r"<[\w:.-]*",
            secret_name!(),
            r#"[\w:.-]*\s(?:[^<>]*?\s)?value[ \t]*=[ \t]*(?:"([^"<>]+)|'([^'<>]+))"#,
            r"|<[\w:.-]*",
            secret_name!(),
            r"[\w:.-]*(?:\s[^<>]*)?>(?:<!\[cdata\[(.*?)(?:\]\]>|$)|([^<]+))",
            // <param name="password" type="x" value="…"/>, <property name="password">…</property>
            r#"|(?:key|name)[ \t]*=[ \t]*["'][^"'<>]*"#,
            secret_name!(),
            r#"[^"'<>]*["'](?:[^<>]*?\svalue[ \t]*=[ \t]*(?:"([^"<>]+)|'([^'<>]+))|[^<>]*>([^<]+))"#,
            // <name>password</name><value>…</value>
            r"|<(?:key|name)>[^<>]*",
            secret_name!(),
            r"[^<>]*</(?:key|name)>[ \t]*<\w+>([^<]+)",
            // the same, escaped
            r"|&lt;[\w:.-]*",
            secret_name!(),
            r"[\w:.-]*(?:\s[^<>]{0,200}?)?&gt;(.*?)(?:&lt;|$)",
        ),
    },
    Rule {
        name: "jwt",
        stems: &[&[("eyj?", Near::Anything)]],
        pattern: r"(?-i:eyJ)[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){0,3}",
    },
    Rule {
        name: "cloud_key",
        stems: &[&[
            ("akia", Near::Start),
            ("asia", Near::Start),
            ("aiza", Near::Start),
        ]],
        pattern: r"\b(?-i:(?:AKIA|ASIA)[A-Z0-9]{16})|\b(?-i:AIza[\w-]{35})",
    },
    tokens::ACCESS_TOKEN,
    tokens::VAULT_TOKEN,
    Rule {
        name: "password_hash",
        stems: &[&[
            ("$[1567y]$?", Near::Anything),
            ("$2[abxy]$", Near::Anything),
            ("$2$?", Near::Anything),
            ("$gy$", Near::Anything),
            ("$apr1$", Near::Anything),
            ("$md5$", Near::Anything),
            ("$sha1$", Near::Anything),
            ("$argon2", Near::Anything),
            ("$pbkdf2", Near::Anything),
            ("$scrypt$", Near::Anything),
            ("{sha", Near::Anything),
            ("{ssha", Near::Anything),
            ("{md5}", Near::Anything),
            ("{smd5}", Near::Anything),
            ("{crypt}", Near::Anything),
            ("{scrypt}", Near::Anything),
            (":99999:", Near::Anything),
        ]],
        pattern: concat!(
            r"\$(?:1|2[abxy]?|5|6|7|y|gy|apr1|md5|sha1|argon2(?:id|i|d)?|pbkdf2[a-z0-9-]*|scrypt)\$[\w./$=,+-]{16,}",
            r"|\{s?(?:sha(?:256|384|512)?|md5|crypt)\}[\w./$=+-]{16,}",
            // shadow(5), with the usual greatest age: hashes of the oldest kind have no `$`
            r"|\b[\w.-]+:!?([\w./]{13}):\d*:\d*:99999:",
        ),
    },
];

impl Rule {
    /// A rule's pattern, ready to run.
    pub fn compile(&self) -> Result<Matcher, regex::Error> {
        let regex = builder(self.pattern).build()?;
        Ok(Matcher::with_bare_values(self.name, regex))
    }
}

/// Finds the lines at which rules have to look. Bit `n` of a set stands for the rule at place `n`.
pub fn scanner() -> Scanner {
    let mut scanner = Scanner::new();
    for (place, rule) in RULES.iter().enumerate() {
        let set: RuleSet = 1 << place;
        for (stem, near) in rule.stems.iter().copied().flatten() {
            scanner.add(stem, *near, set);
        }
    }
    scanner
}
