//! Values that stand on the lines after their key: `password:` and, on the next line, the value;
//! a block of YAML (`password: |`); a list of arguments with a line for each; or a pair of which each half has its line (`name: DB_PASSWORD`,
//! `value: …`).
//!
//! Whether a line is the value is told by that line and by what the key's line left in mind, never
//! by what follows. What looks like a line of its own kind (stamped, a further key, a section, a
//! comment, what a program answers to a password) is none: keys are often left empty. Of a log whose
//! lines each have their stamp it is one when the same writer says a single word. A line that is none
//! is looked at like any other.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem;
use regex::bytes::Regex;

use super::line_kind::{Header, is_own, pattern};
use super::{marks, rules, value};

/// A block goes on for so many lines at most.
const BLOCK_LINES: usize = 64;
/// And for so many bytes at most.
const BLOCK_LIMIT: usize = 32 * 1024;

/// The rule of options, which have one value.
const ARGUMENT: &str = "argument";

/// What a key's line left to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    pub rule: &'static str,
    /// How far the key is indented.
    indent: usize,
    form: Form,
    /// Of the key's line, where it is one of a log.
    header: Option<Header>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// One line, or the first of a list.
    Plain,
    /// The further lines of a list.
    List,
    /// The other half of a pair.
    Named,
    /// The lines of a block, which are indented further than the key.
    Block {
        begun: bool,
        lines: usize,
        bytes: usize,
    },
}

/// What a line is to what is awaited.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// Empty: goes as it is, and the next one is looked at.
    Blank,
    /// This part of the line is the value.
    Value(Range<usize>, Option<Awaited>),
    /// The line goes without a trace: the value has its mark already.
    Further(Awaited),
    /// A line like any other.
    Other,
}

/// How far a line's key is indented: the dash of a list counts, those of a private key do not.
fn indent(line: &[u8]) -> usize {
    let mut at = 0;
    while let [b' ' | b'\t', ..] | [b'-', b' ' | b'\t', ..] = line[at..] {
        at += 1;
    }
    at
}

impl Awaited {
    /// Whether a line, on which a stem stands, ends with a secret's name and nothing for it.
    pub fn after(line: &[u8]) -> Option<Self> {
        let indent = indent(line);
        if NAMED.is_match(line) {
            return Some(Self {
                rule: "named_value",
                indent,
                form: Form::Named,
                header: None,
            });
        }
        static OPTION: LazyLock<Regex> = LazyLock::new(|| pattern(rules::OPTION));
        if OPTION.is_match(line) {
            return Some(Self {
                rule: ARGUMENT,
                indent,
                form: Form::Plain,
                header: None,
            });
        }
        static OPENING: LazyLock<Regex> = LazyLock::new(|| pattern(rules::OPENING));
        let last = line.trim_ascii_end().last()?;
        if !last.is_ascii_digit() && !b":=|>+-\"'`".contains(last) {
            return None;
        }
        let found = OPENING.captures(line)?;
        let key = found.get(0)?.start();
        if marks::is_in_name(line, key) {
            return None;
        }
        if let Some(quote) = found.get(3) {
            let quote = quote.as_bytes();
            // one that closes what stands before it opens nothing
            if memmem::find_iter(line, quote).count() % 2 == 0 {
                return None;
            }
        }
        let form = match found.get(2) {
            Some(_) => Form::Block {
                begun: false,
                lines: BLOCK_LINES,
                bytes: BLOCK_LIMIT,
            },
            None => Form::Plain,
        };
        Some(Self {
            rule: if found.get(1).is_some() {
                "password"
            } else {
                "secret"
            },
            indent,
            form,
            header: Header::before(line, key),
        })
    }

    /// What the next line, without its end, is.
    pub fn look(self, line: &[u8]) -> Look {
        let text = line.trim_ascii();
        if text.is_empty() {
            return Look::Blank;
        }
        // a private key has lines of its own; a line with a mark was looked at for itself
        let known = ["-----BEGIN ", marks::BEGIN];
        if known
            .iter()
            .any(|known| memmem::find(text, known.as_bytes()).is_some())
        {
            return Look::Other;
        }
        let start = line.len() - line.trim_ascii_start().len();
        let deeper = start > self.indent;
        match self.form {
            Form::Block {
                begun,
                lines,
                bytes,
            } => {
                let left = lines.checked_sub(1).zip(bytes.checked_sub(line.len() + 1));
                let Some((lines, bytes)) = left.filter(|_| deeper) else {
                    return Look::Other;
                };
                let next = Self {
                    form: Form::Block {
                        begun: true,
                        lines,
                        bytes,
                    },
                    ..self
                };
                if begun {
                    Look::Further(next)
                } else if value::is_harmless(text) {
                    Look::Other
                } else {
                    Look::Value(start..start + text.len(), Some(next))
                }
            }
            Form::Named => {
                let other = OTHER_HALF.captures(text);
                let value = other.and_then(|other| other.iter().skip(1).flatten().next());
                let Some(value) = value else {
                    return Look::Other;
                };
                let inner = within(value.as_bytes());
                let value = value.start() + inner.start..value.start() + inner.end;
                if value::is_harmless(&text[value.clone()]) {
                    return Look::Other;
                }
                Look::Value(start + value.start..start + value.end, None)
            }
            Form::List if !text.starts_with(b"- ") => Look::Other,
            Form::Plain | Form::List if is_own(text, deeper) => {
                let header = self.header.filter(|_| self.form == Form::Plain);
                match header.and_then(|header| header.only_word(line)) {
                    Some(word) if !value::is_harmless(&line[word.clone()]) => {
                        let inner = within(&line[word.clone()]);
                        Look::Value(word.start + inner.start..word.start + inner.end, None)
                    }
                    _ => Look::Other,
                }
            }
            // the next option
            Form::Plain if self.rule == ARGUMENT && text[within(text)].starts_with(b"--") => {
                Look::Other
            }
            Form::Plain | Form::List => {
                let item = text.starts_with(b"- ");
                let inner = within(text);
                if value::is_harmless(&text[inner.clone()]) {
                    return Look::Other;
                }
                let list = Self {
                    form: Form::List,
                    ..self
                };
                let list = Some(list).filter(|_| item && self.rule != ARGUMENT);
                Look::Value(start + inner.start..start + inner.end, list)
            }
        }
    }
}

/// The value in a line of it, without its quotes and what stands around them.
fn within(text: &[u8]) -> Range<usize> {
    let dash = if text.starts_with(b"- ") { 2 } else { 0 };
    let start = text.len() - text[dash..].trim_ascii_start().len();
    let end = text.trim_ascii_end().len();
    let Some(quote @ (b'"' | b'\'' | b'`')) = text.get(start).copied() else {
        return start..end;
    };
    let bare = text[start + 1..end]
        .iter()
        .rev()
        .skip_while(|byte| b",;".contains(byte));
    match bare.clone().next() {
        Some(last) if *last == quote => start + 1..start + bare.count(),
        _ => start + 1..end,
    }
}

/// The first half of a pair.
static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(rules::NAMED));

/// The second one.
static OTHER_HALF: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r#"^\\*["']?value\\*["']?[ \t]*[:=][ \t]*(\S.*)"#,
        r"|^<(?:string|value|data)>([^<]+)",
    ))
});

#[cfg(test)]
mod tests {
    use super::super::Redactor;

    fn cleaned(redactor: &Redactor, pieces: &[&[u8]]) -> String {
        let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
        for piece in pieces {
            cleaner.push(piece, &mut out).expect("memory");
        }
        cleaner.finish(&mut out).expect("memory");
        String::from_utf8(out).expect("text stays text")
    }

    const P: &str = "[redacted:password]";
    const S: &str = "[redacted:secret]";
    const N: &str = "[redacted:named_value]";

    #[test]
    fn a_value_on_the_lines_after_its_key_goes_wherever_the_text_is_cut() {
        let redactor = Redactor::new();
        for (text, expected) in [
            ("password:\nhunter2\nb\n", format!("password:\n{P}\nb\n")),
            ("password:\n\n  a hunter2", format!("password:\n\n  {P}")),
            (
                "Password = \r\nhunter2\r\nb\r\n",
                format!("Password = \r\n{P}\r\nb\r\n"),
            ),
            ("token:\nYWJjZGVmZ2hpamts1Q==\n", format!("token:\n{S}\n")),
            ("password:\n  a=hunter2\n", format!("password:\n  {P}\n")),
            (
                "password:\n  value: hunter2\n",
                format!("password:\n  {P}\n"),
            ),
            (
                "{\"password\":\n  \"hunter2\",\n\"n\":1}",
                format!("{{\"password\":\n  \"{P}\",\n\"n\":1}}"),
            ),
            (
                "- name: DB_PASSWORD\n  value: hunter2\n- name: b\n",
                format!("- name: DB_PASSWORD\n  value: {N}\n- name: b\n"),
            ),
            (
                "{\"name\": \"API_TOKEN\",\n \"value\": \"a hunter2\",\n \"b\": 1}\n",
                format!("{{\"name\": \"API_TOKEN\",\n \"value\": \"{N}\",\n \"b\": 1}}\n"),
            ),
            (
                "<key>Password</key>\r\n<string>hunter2</string>\r\n",
                format!("<key>Password</key>\r\n<string>{N}</string>\r\n"),
            ),
            (
                "Nov 20 14:02:03 h app[7]: the password:\nNov 20 14:02:04 h app[7]: hunter2\nb\n",
                format!(
                    "Nov 20 14:02:03 h app[7]: the password:\nNov 20 14:02:04 h app[7]: {P}\nb\n"
                ),
            ),
            (
                "2026-11-20T14:02:03.1Z stdout F Password:\n2026-11-20T14:02:04.2Z stdout F hunter2\n",
                format!(
                    "2026-11-20T14:02:03.1Z stdout F Password:\n2026-11-20T14:02:04.2Z stdout F {P}\n"
                ),
            ),
            (
                "<name>db.password</name>\n<value>hunter2</value>password=hunter2\n",
                format!("<name>db.password</name>\n<value>{N}</value>password={P}\n"),
            ),
            (
                "\"Args\": [\n  \"--password\",\n  \"hunter2\",\n  \"-v\"\n]\n",
                "\"Args\": [\n  \"--password\",\n  \"[redacted:argument]\",\n  \"-v\"\n]\n"
                    .to_owned(),
            ),
            (
                "args:\n- --password\n- hunter2\n- -v\n",
                "args:\n- --password\n- [redacted:argument]\n- -v\n".to_owned(),
            ),
            ("Password:\nlogin\n", format!("Password:\n{P}\n")),
            (
                "password: \"\nhunter2\"\nb\n",
                format!("password: \"\n{P}\nb\n"),
            ),
            (
                "tokens:\n  - hunter2\n  - 'hunter2'\nb\n",
                format!("tokens:\n  - {S}\n  - '{S}'\nb\n"),
            ),
            (
                "a:\n  password: |-\n    hunter2\n\n      hunter2\n  user: joe\n",
                format!("a:\n  password: |-\n    {P}\n\n  user: joe\n"),
            ),
            (
                "- api_key: >\n    hunter2\n  user: joe\n",
                format!("- api_key: >\n    {S}\n  user: joe\n"),
            ),
        ] {
            let bytes = text.as_bytes();
            for cut in 0..=bytes.len() {
                let out = cleaned(&redactor, &[&bytes[..cut], &bytes[cut..]]);
                assert_eq!(out, expected, "{cut}");
            }
            let bytewise: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(cleaned(&redactor, &bytewise), expected);
            assert_eq!(cleaned(&redactor, &[expected.as_bytes()]), expected);
        }
    }

    #[test]
    fn a_line_that_speaks_for_itself_is_no_value_of_an_empty_key() {
        let redactor = Redactor::new();
        for text in [
            "Password:\n2026-11-20T14:02:03Z app: started\n",
            "Password: \nNov 20 14:02:03 node-01 app[7]: started\n",
            "Password:\n[INFO] started\n",
            "password:\n{\"msg\":\"started\"}\n",
            "Password:\nLast login: Fri\n",
            "Password:\nLogin incorrect\nlogin:\n",
            "Password:\nPermission denied, please try again.\n",
            "Password: \nSorry, try again.\n",
            "Nov 20 14:02:03 h app[7]: password:\nNov 20 14:02:03 h app[7]: was accepted\n",
            "Nov 20 14:02:03 h app[7]: password:\nNov 20 14:02:03 h sshd[7]: started\n",
            "Nov 20 14:02:03 h app[7]: password:\nNov 20 14:02:03 h app[7]: null\nb\n",
            "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n",
            "- name: DB_PASSWORD\n  value: null\n",
            "no name: password\nvalue: 1\n",
            "- name: password-reset-job\n  image: x\n",
            "password=\nuser=joe\nhost=\n",
            "password=\n\n[section]\n",
            "password =\n# the next one\n",
            "- users:\n- tokens:\n- groups:\n",
            "tokens:\n  - name: alice\n  - name: bob\n",
            "secret:\n  name: tls\n",
            "{ password:\n}\n",
            "password:\n  null\nb\n",
            "\"no password=\"\nb\n",
            "password: |\nuser\n",
            "\"--use-token\",\n\"--verbose\"\n",
            "- --use-token\n- --verbose\n",
            "  --password\n      what to sign in with\n",
        ] {
            assert_eq!(cleaned(&redactor, &[text.as_bytes()]), text);
        }
    }

    #[test]
    fn a_block_ends_at_its_limit_and_a_value_longer_than_a_piece_goes() {
        let redactor = Redactor::new();
        let block = format!("password: |\n{}", "  hunter2\n".repeat(100));
        let out = cleaned(&redactor, &[block.as_bytes()]);
        assert_eq!(out.matches("hunter2").count(), 100 - super::BLOCK_LINES);
        let long = format!("password:\n  {}\nb\n", "hunter2 ".repeat(300_000));
        let expected = format!("password:\n  {P}\nb\n");
        for size in [1000, 131_072, long.len()] {
            let pieces: Vec<&[u8]> = long.as_bytes().chunks(size).collect();
            assert_eq!(cleaned(&redactor, &pieces), expected, "{size}");
        }
    }
}
