//! Rules of the operator's own, for secrets whose shape only their stack knows.
//!
//! They have no stems that the scanner could look for, so where there are any, every line is looked
//! at; each rule is a pattern of its own and keeps the quick search for its literal parts. They
//! obey what all rules obey: cleaning what is clean changes nothing, words for nothing and masks
//! stay, and the mark in a secret's place names the rule.

use regex::Error;
use regex::bytes::RegexBuilder;

use super::identify::Kind;
use super::marks;
use super::rules::{Finding, Matcher, RULES};

/// What a pattern may take when compiled. Counted repetitions multiply: `(\w{100}){100}` is too
/// much for every line of a collection.
const PATTERN_BYTES: usize = 1 << 20;

/// The name of an own rule, which no other kind of finding has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleName(&'static str);

impl RuleName {
    /// Counts carry names of rules through the whole pipeline as they do those of the built-in
    /// ones, so a name stays for the life of the process: to be called for a configuration only.
    ///
    /// # Errors
    /// Says what is wrong with the name.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > marks::LONGEST_NAME || !text.bytes().all(marks::is_name)
        {
            return Err(format!(
                "{text:?} is not a name of at most {} small letters, digits and _",
                marks::LONGEST_NAME
            ));
        }
        let is_rule = RULES.iter().any(|rule| rule.name == text);
        if is_rule || Kind::ALL.iter().any(|kind| kind.name() == text) {
            return Err(format!(
                "{text:?} is the name of a built-in rule; choose another"
            ));
        }
        Ok(Self(Box::leak(text.into())))
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// A rule of the operator's own, ready to run.
#[derive(Clone, Debug)]
pub struct OwnRule {
    matcher: Matcher,
    /// A line with its secret, which each run plants to see it die.
    example: Option<String>,
}

impl OwnRule {
    /// `pattern` is a regular expression over the bytes of one line, case counts. The first group
    /// that takes part in a match is the secret; without groups, the whole match.
    ///
    /// # Errors
    /// Says, in one line, what is wrong with the pattern.
    pub fn new(name: RuleName, pattern: &str) -> Result<Self, String> {
        let regex = RegexBuilder::new(pattern)
            .unicode(false)
            .size_limit(PATTERN_BYTES)
            .build()
            .map_err(|error| match error {
                Error::CompiledTooBig(_) => {
                    "is too large when compiled; make its counted repetitions smaller".to_owned()
                }
                // the parser draws the place over several lines, and ends with what is wrong
                other => {
                    let text = other.to_string();
                    let last = text.lines().last().unwrap_or_default().trim();
                    let what = last.strip_prefix("error: ").unwrap_or(last);
                    format!("is not a regular expression: {what}")
                }
            })?;
        if regex.is_match(b"") {
            return Err(
                "matches the empty text; it must match only where a secret stands".to_owned(),
            );
        }
        Ok(Self {
            matcher: Matcher::new(name.0, regex),
            example: None,
        })
    }

    /// The same with a line that it is tried on in each run.
    #[must_use]
    pub fn with_example(self, line: String) -> Self {
        Self {
            example: Some(line),
            ..self
        }
    }

    pub(super) fn example(&self) -> Option<&str> {
        self.example.as_deref()
    }

    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.matcher.name
    }

    /// What this rule alone takes out of one line.
    #[must_use]
    pub fn taken(&self, line: &str) -> Vec<String> {
        let mut found = Vec::new();
        self.find(line.as_bytes(), &mut found);
        let secrets = found.iter().map(|finding| {
            let secret = &line.as_bytes()[finding.start..finding.end];
            String::from_utf8_lossy(secret).into_owned()
        });
        secrets.collect()
    }

    pub(super) fn find(&self, line: &[u8], findings: &mut Vec<Finding>) {
        let before = findings.len();
        self.matcher.find(line, findings);
        let mut own = findings.split_off(before);
        // a mark is made of words that a pattern may ask for, such as eight letters
        own.retain(|finding| !marks::holds(line, &(finding.start..finding.end)));
        findings.append(&mut own);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Redactor;
    use super::*;

    fn rule(name: &str, pattern: &str) -> OwnRule {
        OwnRule::new(RuleName::parse(name).expect("a name"), pattern).expect("a pattern")
    }

    fn cleaned(redactor: &Redactor, text: &[u8], chunk: usize) -> (Vec<u8>, u64) {
        let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
        for piece in text.chunks(chunk) {
            cleaner.push(piece, &mut out).expect("memory");
        }
        cleaner.finish(&mut out).expect("memory");
        (out, cleaner.counts().values().sum())
    }

    #[test]
    fn own_rules_take_their_secrets_wherever_chunks_end() {
        let redactor = Redactor::new().with_own_rules(&[
            rule("customer_no", r"\bCUST-\d{6}\b"),
            rule("door2", r"door (?:code|pin) is (\S+)"),
        ]);
        let text = b"one CUST-123456 two\r\nplain\n\xffdoor code is 4711\ncust-123456 password=hunter2 CUST-654321";
        let expected = b"one [redacted:customer_no] two\r\nplain\n\xffdoor code is [redacted:door2]\ncust-123456 password=[redacted:password] [redacted:customer_no]";
        for chunk in 1..=text.len() {
            let (out, count) = cleaned(&redactor, text, chunk);
            assert_eq!(
                out.escape_ascii().to_string(),
                expected.escape_ascii().to_string(),
                "{chunk}"
            );
            assert_eq!(count, 4);
        }
        assert_eq!(cleaned(&redactor, expected, 7), (expected.to_vec(), 0));
    }

    #[test]
    fn an_own_rule_finds_its_secret_in_an_overlong_line() {
        let redactor = Redactor::new().with_own_rules(&[rule("customer_no", r"CUST-\d{6}")]);
        let mut text = vec![b'.'; 3 << 20];
        for at in [900_000, 1_048_570, 2_000_000, text.len() - 11] {
            text[at..at + 11].copy_from_slice(b"CUST-123456");
        }
        let (out, count) = cleaned(&redactor, &text, 100_000);
        assert_eq!(count, 4);
        assert!(!out.windows(5).any(|window| window == b"CUST-"));
    }

    #[test]
    fn a_pattern_that_fits_the_words_of_a_mark_leaves_marks_alone() {
        let redactor = Redactor::new().with_own_rules(&[rule("short_id", r"\b[a-z]{8}\b")]);
        let (out, count) = cleaned(&redactor, b"pwd=hunter2 abcdefgh redacted", 64);
        let expected = "pwd=[redacted:password] [redacted:short_id] [redacted:short_id]";
        assert_eq!(String::from_utf8_lossy(&out), expected);
        assert_eq!(count, 3);
        assert_eq!(cleaned(&redactor, &out, 64), (out.clone(), 0));
    }

    #[test]
    fn what_cannot_be_a_rule_is_refused_with_a_reason() {
        for name in ["", "Customer", "a-b", "password", "ipv4", &"x".repeat(41)] {
            assert!(RuleName::parse(name).is_err(), "{name}");
        }
        let name = RuleName::parse("x1").expect("a name");
        for (pattern, told) in [
            ("(", "is not a regular expression: unclosed group"),
            ("a*", "matches the empty text"),
            ("a|$", "matches the empty text"),
            (r"(?:\w{200}){200}", "is too large"),
        ] {
            let refused = OwnRule::new(name, pattern).expect_err(pattern);
            assert!(refused.starts_with(told), "{refused}");
        }
    }
}
