//! Pseudonyms, as people quote them from a bundle.
//!
//! A pseudonym is a word for its kind, a hyphen and hexadecimal digits: `mail-4f2a91`.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// So many can be looked up at once.
pub const MOST_AT_ONCE: usize = 100;

/// What pseudonyms begin with, and what they then stand for.
const KINDS: [(&str, &str); 7] = [
    ("mail", "E-mail address"),
    ("ip", "IPv4 address"),
    ("ip6", "IPv6 address"),
    ("mac", "MAC address"),
    ("card", "Payment card number"),
    ("host", "Host name"),
    ("user", "User name"),
];

/// What this kind of pseudonym stands for; `None` where it is no pseudonym by its looks.
#[must_use]
pub fn kind_of(pseudonym: &str) -> Option<&'static str> {
    let (prefix, digits) = pseudonym.rsplit_once('-')?;
    let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (_, label) = KINDS.iter().find(|(known, _)| *known == prefix)?;
    is_hex.then_some(label)
}

/// The pseudonyms in a text that was pasted: one a line, or with commas and blanks between them,
/// each once, in order.
#[must_use]
pub fn quoted(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    text.split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .filter(|word| seen.insert(word.clone()))
        .collect()
}

/// What a pseudonym stands for. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Original(String);

impl Original {
    #[must_use]
    pub const fn new(value: String) -> Self {
        Self(value)
    }

    /// The value itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹identifier›")
    }
}

/// A pseudonym that was looked up in one collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedUp {
    pub pseudonym: String,
    /// `None`: the collection has no such pseudonym.
    pub original: Option<Original>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_paste_is_read_as_they_mean_it() {
        let text = "mail-4f2a91\r\n  IP-0102ab, \"host-aa11bb\"; mail-4f2a91.\n\n";
        assert_eq!(quoted(text), ["mail-4f2a91", "ip-0102ab", "host-aa11bb"]);
        assert_eq!(quoted(" \n,, "), Vec::<String>::new());
    }

    #[test]
    fn the_kind_is_told_by_the_first_word_alone() {
        assert_eq!(kind_of("ip6-0a0b0c"), Some("IPv6 address"));
        assert_eq!(kind_of("mail-4f2a91"), Some("E-mail address"));
        for none in ["mail-", "mail", "-4f", "mailbox-4f2a91", "host-xyz", ""] {
            assert_eq!(kind_of(none), None, "{none}");
        }
    }

    #[test]
    fn debug_shows_no_original() {
        let found = LookedUp {
            pseudonym: "mail-4f2a91".to_owned(),
            original: Some(Original::new("ann@contoso.example".to_owned())),
        };
        assert!(!format!("{found:?}").contains("ann"));
    }
}
