//! Secrets that are planted to see them die.
//!
//! Redaction is trusted because it is watched at work: each run of a part begins with a hidden item
//! that holds one secret of each kind, made at random in the shape that its rule takes, the same of
//! identifiers where they are to go, and an example of each rule of the operator's own. It goes the
//! way of every item, through window, redaction and compression, and what comes out is unpacked and
//! searched. A part in which a planted value is found, or in which the item did not come out at
//! all, never begins a volume.
//!
//! Names that are configured and examples may be any words, which also stand elsewhere: they are
//! searched for together with what was planted around them.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use memchr::memmem;

use super::Redactor;
use super::identify::Kind;
use crate::secrets::{self, SecretError};

/// What is said of a canary that did not come out at all.
const LOST: &str = "canary";

const LOWER: &[u8] = b"abcdefghijkmnopqrstuvwxyz";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const MIXED: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

/// A rule, and a line in whose place `{}` a secret of it stands. Each is what this rule takes; where
/// a more general one takes it too, the failure of one alone leaks nothing.
const SECRETS: &[(&str, &str)] = &[
    ("authorization", "Authorization: Basic {}"),
    ("cookie", "Cookie: session={}"),
    ("connection_string", "AccountName=x;AccountKey={};x=y"),
    ("sas_signature", "/logs?sv=2024-11-04&sig={}&sp=rwl"),
    ("url_password", "https://name:{}@host.example/path"),
    ("password", "password={}"),
    ("secret", "client_secret={}"),
    ("argument", "tool --token {} --verbose"),
    ("named_value", r#"{"name":"DB_PASSWORD","value":"{}"}"#),
    ("element", "<token>{}</token>"),
    ("jwt", "eyJ{}.eyJ{}.{}"),
    ("access_token", "ghp_{}"),
    ("password_hash", "$6$x${}"),
];

/// One secret of each kind, in a text.
pub struct Canary {
    text: String,
    /// The own rules' examples, which rules that take any words may clean.
    examples: String,
    /// What must not come out, and the rule that takes it.
    values: Vec<(&'static str, String)>,
    /// What must come out, so that nothing is proved by nothing.
    harmless: String,
}

/// Never shows a value.
impl fmt::Debug for Canary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canary")
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

impl Canary {
    /// Makes secrets in lines that are stamped `at`, for all that this redactor takes.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn new(at: DateTime<Utc>, redactor: &Redactor) -> Result<Self, SecretError> {
        let stamp = at.to_rfc3339_opts(SecondsFormat::Nanos, true);
        let mut canary = Self {
            text: String::new(),
            examples: String::new(),
            values: Vec::new(),
            // no word, since a host may have any for its name
            harmless: word(LOWER)?,
        };
        let mut lines = vec![canary.harmless.clone()];
        for (rule, shape) in SECRETS {
            let value = word(MIXED)?;
            lines.push(shape.replace("{}", &value));
            canary.values.push((rule, value));
        }
        let cloud = format!("AKIA{}", &word(UPPER)?[..16]);
        lines.push(format!("id {cloud} used"));
        canary.values.push(("cloud_key", cloud));
        let key = word(MIXED)?;
        lines.push(format!(
            "-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----"
        ));
        canary.values.push(("private_key", key));
        if let Some(identifiers) = &redactor.identifiers {
            for (kind, line, value) in identifiers_of(secrets::random()?, &word(LOWER)?) {
                lines.push(line);
                canary.values.push((kind.name(), value));
            }
            for (kind, name) in identifiers.names.shown() {
                if let Some(name) = name {
                    let line = format!("{} {name} {}", word(LOWER)?, word(LOWER)?);
                    lines.push(line.clone());
                    canary.values.push((kind.name(), line));
                }
            }
        }
        for line in lines {
            for piece in [stamp.as_str(), " ", &line, "\n"] {
                canary.text.push_str(piece);
            }
        }
        for rule in &*redactor.own {
            if let Some(example) = rule.example() {
                // a line of its own, since a pattern may ask for the beginning of one
                let planted = format!("\n{example}\n");
                for piece in [stamp.as_str(), " example", &planted] {
                    canary.examples.push_str(piece);
                }
                canary.values.push((rule.name(), planted));
            }
        }
        Ok(canary)
    }

    /// What is to go the way of an item.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The same for a redactor that has the operator's own rules: [`Self::text`] has to come out of
    /// one without them, since they may take any words.
    #[must_use]
    pub fn examples(&self) -> &[u8] {
        self.examples.as_bytes()
    }

    /// Searches what came of it.
    ///
    /// # Errors
    /// The rule whose secret is still there. The secret itself is told to nobody.
    pub fn search(&self, bundled: &[u8]) -> Result<(), &'static str> {
        let is_there = |value: &str| memmem::find(bundled, value.as_bytes()).is_some();
        if let Some((rule, _)) = self.values.iter().find(|(_, value)| is_there(value)) {
            return Err(rule);
        }
        if is_there(&self.harmless) {
            Ok(())
        } else {
            Err(LOST)
        }
    }
}

#[cfg(test)]
impl Redactor {
    /// The built-in rules but one.
    pub fn without(rule: &str) -> Self {
        use super::{RULES, Rules, rules};
        // another one stands in its place, since the places of all are known to the scanner
        let other = RULES.iter().find(|other| other.name != rule);
        let other = other.expect("there are several rules");
        let matchers = RULES.iter().map(|own| {
            let taken = if own.name == rule { other } else { own };
            taken.compile().expect("a valid pattern")
        });
        Self {
            rules: std::sync::Arc::new(Rules {
                scanner: rules::scanner(),
                matchers: matchers.collect(),
            }),
            own: std::sync::Arc::default(),
            identifiers: None,
        }
    }
}

/// Thirty-two random letters.
fn word(alphabet: &[u8]) -> Result<String, SecretError> {
    let bytes = secrets::random::<32>()?;
    let letters = bytes
        .iter()
        .map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()]));
    Ok(letters.collect())
}

/// A line with an identifier of each kind that has a shape or a column.
fn identifiers_of(seed: [u8; 8], name: &str) -> [(Kind, String, String); 7] {
    let [a, b, c, d, e, f, g, h] = seed;
    let ipv4 = format!("10.{}.{}.{}", a % 250 + 1, b % 250 + 1, c % 250 + 1);
    let ipv6 = format!("2001:db8::1{a:02x}:1{c:02x}");
    let mac = format!("02:{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}");
    let card = card([4, e, f, g, h, a, b, c, d, e, f, g, h, a, b]);
    let mail = format!("{}@mail.example", &name[..16]);
    let user = name[16..].to_owned();
    let host = format!("{}{a:02x}", &name[8..24]);
    [
        (Kind::Ipv4, format!("from {ipv4} port 22"), ipv4),
        (Kind::Ipv6, format!("from {ipv6} port 22"), ipv6),
        (Kind::Mac, format!("link {mac} is up"), mac),
        (Kind::Card, format!("paid by {card} today"), card),
        (Kind::Email, format!("mail to {mail} sent"), mail),
        (Kind::User, format!("opened for user {user} today"), user),
        (Kind::Host, format!("{host} sshd[17]: begins"), host),
    ]
}

/// The number of a payment card: digits made of these, and the one that checks them.
fn card(seed: [u8; 15]) -> String {
    let digits = seed.map(|byte| byte % 10);
    let sum: u32 = digits
        .iter()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) if digit < 5 => digit * 2,
            (0, digit) => digit * 2 - 9,
            (_, digit) => digit,
        })
        .sum();
    let check = (10 - sum % 10) % 10;
    let digits = digits.iter().map(|digit| char::from(b'0' + digit));
    digits.chain(char::from_digit(check, 10)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Forgetful, Names, OwnRule, Pseudonyms, RULES, RuleName};
    use super::*;

    /// What of the canary for `wanted` comes out of `redactor`.
    fn comes_out(wanted: &Redactor, redactor: &Redactor) -> Result<(), &'static str> {
        let canary = Canary::new(Utc::now(), wanted).expect("randomness");
        let without_own_rules = redactor.with_own_rules(&[]);
        let text = [
            (canary.text(), &without_own_rules),
            (canary.examples(), redactor),
        ]
        .map(|(text, redactor)| redactor.clean_text(&String::from_utf8_lossy(text)));
        canary.search(text.concat().as_bytes())
    }

    fn came_out(redactor: &Redactor) -> Result<(), &'static str> {
        comes_out(redactor, redactor)
    }

    #[test]
    fn every_rule_has_its_canary() {
        let canary = Canary::new(Utc::now(), &Redactor::new()).expect("randomness");
        for rule in RULES {
            let is_planted = canary.values.iter().any(|(name, _)| *name == rule.name);
            assert!(is_planted, "{}", rule.name);
        }
    }

    #[test]
    fn canaries_die_of_all_rules_and_live_without_their_own() {
        let whole = Redactor::new();
        // the rule `secret` takes these as well, and the lines of a key go without a rule
        let doubly = ["connection_string", "password", "private_key"];
        for _ in 0..20 {
            assert_eq!(came_out(&whole), Ok(()));
        }
        for rule in RULES {
            let expected = if doubly.contains(&rule.name) {
                Ok(())
            } else {
                Err(rule.name)
            };
            assert_eq!(came_out(&Redactor::without(rule.name)), expected);
        }
    }

    fn asked(hosts: &[&str], users: &[&str]) -> Redactor {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let pseudonyms = Pseudonyms::new(&[7; 32], Box::new(Forgetful), &[]);
        Redactor::new().with_identifiers(Names::new(&names(hosts), &names(users)), pseudonyms)
    }

    #[test]
    fn identifiers_die_where_they_are_asked_for() {
        let none = asked(&[], &[]);
        for _ in 0..200 {
            assert_eq!(came_out(&none), Ok(()));
        }
        assert_eq!(comes_out(&none, &Redactor::new()), Err("ipv4"));
    }

    #[test]
    fn configured_names_die_whatever_words_they_are() {
        // words of pseudonyms, of marks and of the canary itself; and of the shape of a pseudonym
        for (host, user) in [
            ("node-01.contoso.example", "alice"),
            ("host", "user"),
            ("today", "redacted"),
            ("host-4f2a91", "user-4f2a91"),
            ("10.1.2.3", "ann@mail.example"),
        ] {
            assert_eq!(came_out(&asked(&[host], &[user])), Ok(()), "{host}");
        }
        let both = asked(&["storage-7"], &["alice"]);
        assert_eq!(comes_out(&both, &asked(&["storage-7"], &[])), Err("user"));
        assert_eq!(comes_out(&both, &asked(&[], &["alice"])), Err("host"));
    }

    #[test]
    fn own_rules_die_by_their_examples() {
        let rule = |name, pattern, example: &str| {
            let name = RuleName::parse(name).expect("a name");
            let rule = OwnRule::new(name, pattern).expect("a pattern");
            rule.with_example(example.to_owned())
        };
        let door = rule("door_code", r"^door (\d+)", "door 47");
        let words = rule("words", r"[a-z]+", "door 47 and more");
        let both = Redactor::new().with_own_rules(&[door.clone(), words.clone()]);
        assert_eq!(came_out(&both), Ok(()));
        let missing = Redactor::new().with_own_rules(&[rule("gate", r"gate (\d+)", "gate 47")]);
        assert_eq!(
            comes_out(&missing, &both),
            Ok(()),
            "the other rule takes its words"
        );
        let one = Redactor::new().with_own_rules(&[door]);
        assert_eq!(comes_out(&missing, &one), Err("gate"));
    }

    #[test]
    fn a_canary_that_went_missing_proves_nothing() {
        let canary = Canary::new(Utc::now(), &Redactor::new()).expect("randomness");
        assert_eq!(canary.search(b""), Err(LOST));
    }
}
