//! A private key whose lines follow its beginning: each stands alone, or behind what stands in front
//! of the beginning, as a log stamps its lines.
//!
//! They go without a trace, up to the key's end. At the first line that cannot be one of them the
//! beginning was only spoken of (`cannot parse -----BEGIN RSA PRIVATE KEY-----`), or the key is torn:
//! then that line is a line like any other, and [`TornKey`] looks for what may be left of the key.

use memchr::{memmem, memrchr};

use super::key_run::{self, END, unescaped};
use super::torn_key::{Lines, TornKey};

/// A private key without an end is given up after so many bytes; the longest in use have 13 KiB.
pub const KEY_LIMIT: usize = 32 * 1024;

/// Names of fields in front of a key's lines: RFC 1421, 4.6, and RFC 9580, 6.2.2.
const FIELDS: [&[u8]; 3] = [b"Proc-Type: ", b"DEK-Info: ", b"Content-Domain: "];
const PGP_FIELDS: [&[u8]; 5] = [
    b"Version: ",
    b"Comment: ",
    b"Hash: ",
    b"Charset: ",
    b"MessageID: ",
];

/// A key has begun on a line before, and every line since was of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBlock {
    /// So many bytes may still belong to it.
    left: usize,
    /// The shape of what stands in front of its beginning.
    prefix: u64,
    /// Each line is a string in a JSON record of its own.
    is_record: bool,
    is_pgp: bool,
    /// Those that have come, without its fields.
    lines: Option<Lines>,
    /// An empty line, which is the key's if a line of it follows.
    blank: &'static [u8],
}

/// What a line is to the key.
#[derive(Debug, PartialEq, Eq)]
pub enum Look {
    /// Of the key.
    Part,
    /// The key ends here; what follows from this place on is text.
    End(usize),
    /// Space, or a stamp without a message: stays, and the key may go on.
    Empty,
    /// A line like any other, behind this empty one.
    Other(&'static [u8], Option<TornKey>),
}

impl KeyBlock {
    /// A private key that begins on this line and goes on with the next one: behind its first line
    /// comes the end of the line, or of the string that a JSON record of a log has for each line. One
    /// that goes on within the line, its line ends escaped, is dealt with by the rule.
    pub fn after(line: &[u8]) -> Option<Self> {
        let begun = Begun::find(line.trim_ascii_end())?;
        let after = unescaped(begun.after);
        let is_record = !after.is_empty();
        (!is_record || (after[0] == b'"' && begun.is_record())).then(|| Self {
            left: KEY_LIMIT,
            prefix: key_run::shape(begun.before),
            is_record,
            is_pgp: begun.is_pgp,
            lines: None,
            blank: b"",
        })
    }

    /// An empty line of which it is not known whether it is the key's.
    pub const fn blank(&self) -> &'static [u8] {
        self.blank
    }

    /// What a further line, without its end, is. `end` is its end.
    pub fn look(&mut self, line: &[u8], end: &[u8]) -> Look {
        let Some(left) = self.left.checked_sub(line.len() + end.len()) else {
            return Look::Other(self.blank, None);
        };
        self.left = left;
        if let Some(at) = memmem::find(line, END) {
            return self.end(line, at);
        }
        let begins = self.lines.is_none();
        if line.is_empty() && begins && self.blank.is_empty() {
            self.blank = if end == b"\r\n" { b"\r\n" } else { b"\n" };
            return Look::Part;
        }
        if !line.is_empty() && begins && self.is_empty(line) {
            return Look::Empty;
        }
        if let Some(run) = key_run::behind(line, self.prefix) {
            let is_field = |field: &&[u8]| line[run.start..].starts_with(field);
            if begins && self.fields().any(|field| is_field(&field)) {
                return Look::Part;
            }
            let lines = self.lines.unwrap_or_default();
            if self.ends_like_one(&line[run.end..]) && lines.may_be_next(&line[run.clone()]) {
                self.lines = Some(lines.with(line, &run));
                self.blank = b"";
                return Look::Part;
            }
        }
        if !begins && self.is_pgp && self.is_checksum(line) {
            return Look::Part;
        }
        self.other()
    }

    fn other(&self) -> Look {
        Look::Other(self.blank, Some(TornKey::of(self.lines, self.left)))
    }

    /// The key's end stands at this place, unless it is only spoken of.
    fn end(&self, line: &[u8], at: usize) -> Look {
        let is_alone = self.is_prefix(&line[..at]);
        let is_last = || {
            let run = key_run::behind(line, self.prefix);
            run.is_some_and(|run| run.end == at)
        };
        if !is_alone && !is_last() {
            return self.other();
        }
        let name = at + END.len();
        let dashes = memmem::find(&line[name..], b"-----");
        let end = dashes.map_or(line.len(), |dashes| name + dashes + 5);
        // an end that stands as the key's lines do goes with what stands around it
        let is_line = self.ends_like_one(&line[end..]);
        Look::End(if is_line { line.len() } else { end })
    }

    fn fields(&self) -> impl Iterator<Item = &'static [u8]> {
        let pgp = if self.is_pgp { &PGP_FIELDS[..] } else { &[] };
        FIELDS.iter().chain(pgp).copied()
    }

    /// Behind a line of the key comes its end, written out perhaps, or that of the record's string.
    fn ends_like_one(&self, after: &[u8]) -> bool {
        let after = unescaped(after);
        after.trim_ascii().is_empty() || (self.is_record && after.starts_with(b"\""))
    }

    /// Nothing but what stands around each of the key's lines.
    fn is_empty(&self, line: &[u8]) -> bool {
        // written out, or no text in the string of a record
        let signs: [(&[u8], usize); 3] = [(br"\n", 0), (br"\r", 0), (b"\"\"", 1)];
        let mut ends = signs
            .iter()
            .filter_map(|(sign, length)| Some(memmem::find(line, sign)? + length));
        let is_around = |end| self.is_prefix(&line[..end]) && self.ends_like_one(&line[end..]);
        self.is_prefix(line) || ends.any(is_around)
    }

    /// Space, or what stands in front of the key's beginning.
    fn is_prefix(&self, before: &[u8]) -> bool {
        before.trim_ascii().is_empty() || key_run::shape(before) == self.prefix
    }

    /// `=njUN`, behind a key of PGP.
    fn is_checksum(&self, line: &[u8]) -> bool {
        let Some(sign) = memrchr(b'=', line) else {
            return false;
        };
        let after = &line[sign + 1..];
        let run = key_run::runs(after).next();
        self.is_prefix(&line[..sign])
            && run.is_some_and(|run| run == (0..4) && self.ends_like_one(&after[4..]))
    }
}

/// The beginning of a private key on a line.
pub struct Begun<'l> {
    before: &'l [u8],
    pub after: &'l [u8],
    is_pgp: bool,
}

impl<'l> Begun<'l> {
    /// The last one of a line.
    pub fn find(line: &'l [u8]) -> Option<Self> {
        const BEGIN: &[u8] = b"-----BEGIN ";
        let begin = memmem::rfind(line, BEGIN)?;
        let name = &line[begin + BEGIN.len()..];
        let dashes = memmem::find(name, b"-----")?;
        let (name, after) = (&name[..dashes], &name[dashes + 5..]);
        // as the rule has it, or the key's lines would go and its beginning stay
        let is_name =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ';
        let is_pgp = name.ends_with(b"PRIVATE KEY BLOCK");
        let is_key = name.iter().all(is_name) && (is_pgp || name.ends_with(b"PRIVATE KEY"));
        is_key.then_some(Self {
            before: &line[..begin],
            after,
            is_pgp,
        })
    }

    /// The text in front ends with the beginning of a string: `{…"log":"`. A key that is spoken of
    /// within a sentence has words before it.
    fn is_record(&self) -> bool {
        self.before.contains(&b'{') && self.before.ends_with(b"\"")
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{cleaned, cleaned_in, shared, with_identifiers};
    use super::super::{Redactor, tests};
    use super::KEY_LIMIT;

    const HEAD: &str = "-----BEGIN RSA PRIVATE KEY-----";
    const END: &str = "-----END RSA PRIVATE KEY-----";
    const MARK: &str = "[redacted:private_key]";
    /// A full line of a key, and one that closes it.
    const FULL: &str = "MIIEpAIBAAKCAQEAhunter2hunter2hunter2hunter2hunter2hunter2hunter";
    const LAST: &str = "hunter2hunter2AA";

    /// What a log says behind a key that is spoken of.
    const LOG: &str = "2026-11-20T10:00:01Z app[1]: refused, code AbC123dEf456GhI789\n\
        2026-11-20T10:00:02Z app[1]: started\n\
        2026-11-20T10:00:03Z app[1]: cannot parse the rest\n\
        \n\
        Version: 3\n\
        done\n\
        2026-11-20T10:00:04Z sshd[2]: Accepted publickey SHA256:47DEQpj8HBSa+TImW5JCeuQeRkm5NMpJWZG3hSuFU\n\
        2026-11-20T10:00:05Z app[1]: digest e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n\
        2026-11-20T10:00:06Z app[1]: /usr/lib/systemd/system/multi-user.target.wants/remote-fs.target\n\
        2026-11-20T10:00:07Z app[1]: Stopped\r\n\
        restarts\n";

    fn everywhere(redactor: &Redactor, text: &str) -> String {
        let whole = tests::cleaned_by(redactor, text.as_bytes(), usize::MAX);
        for chunk in [1, 2, 7, 31, 64, 89, text.len() - 1] {
            let out = tests::cleaned_by(redactor, text.as_bytes(), chunk);
            assert_eq!(out, whole, "{chunk}");
        }
        whole.replace("\\n", "\n").replace("\\r", "\r")
    }

    #[test]
    fn a_key_that_is_only_spoken_of_takes_no_line_behind_it() {
        for before in [
            "cannot parse ",
            "",
            "2026-11-20T10:00:00Z app[1]: cannot parse ",
            "2026-11-20T10:00:00Z app[1]: ",
        ] {
            for (first, log) in [
                ("", LOG),
                ("\n", LOG),
                ("\r\n", LOG),
                ("\n\n", LOG),
                ("", ""),
            ] {
                let text = format!("x\n{before}{HEAD}\n{first}{log}");
                let expected = format!("x\n{before}{MARK}\n{first}{log}");
                assert_eq!(everywhere(shared(), &text), expected);
            }
        }
        let text = format!("cannot parse {HEAD}\nno {END} in x\n{LOG}");
        assert_eq!(everywhere(shared(), &text), text.replace(HEAD, MARK));
        let again = format!("no {HEAD}\nno {HEAD}\n{FULL}\n{END}\n{LOG}");
        let expected = format!("no {MARK}\nno {MARK}\n{LOG}");
        assert_eq!(everywhere(shared(), &again), expected);
    }

    #[test]
    fn a_torn_key_goes_and_what_follows_it_stays() {
        for stamp in ["", "    ", "2026-11-20T10:00:00.5Z app[1]: "] {
            for lines in [[FULL, FULL, ""], [FULL, FULL, LAST], [FULL, "", ""]] {
                let lines = [HEAD]
                    .into_iter()
                    .chain(lines)
                    .filter(|line| !line.is_empty());
                let key: String = lines.map(|line| format!("{stamp}{line}\n")).collect();
                let out = everywhere(shared(), &format!("{key}{LOG}"));
                assert_eq!(out, format!("{stamp}{MARK}\n{LOG}"));
            }
        }
        // what closes it may be long, and a word behind it may fit
        let text = format!("{HEAD}\n{FULL}\n{}\ndone\n{LOG}", &FULL[..48]);
        let expected = format!("{MARK}\ndone\n{LOG}");
        assert_eq!(everywhere(shared(), &text), expected);
        // others write between its lines
        let text = format!("a {HEAD}\na {FULL}\nb x y\na {FULL}\na {LAST}\na {END}\n{LOG}");
        let expected = format!("a {MARK}\nb x y\na {MARK}\na {MARK}\na {END}\n{LOG}");
        assert_eq!(everywhere(shared(), &text), expected);
        let endless = format!("{HEAD}\n{}", format!("{FULL}\n").repeat(1000));
        let out = cleaned(&endless);
        assert!(endless.len() - out.len() <= KEY_LIMIT + HEAD.len());
    }

    #[test]
    fn a_key_goes_in_each_form_without_a_trace() {
        let pem = format!("{HEAD}\n{FULL}\n{FULL}\n{LAST}\n{END}\n");
        let encrypted = format!(
            "{HEAD}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00AA\n\n{FULL}\n{LAST}\n{END}\n"
        );
        let pgp = pem
            .replace("RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK")
            .replacen('\n', "\nVersion: GnuPG v2\nComment: hunter2\n\n", 1)
            .replace("-----END", "=njUN\n-----END");
        let openssh = format!(
            "{}\n{}\n{}hunter2=\n{}\n",
            HEAD.replace("RSA", "OPENSSH"),
            format_args!("{FULL}hunter"),
            "A".repeat(9),
            END.replace("RSA", "OPENSSH"),
        );
        for key in [pem, encrypted, pgp, openssh] {
            for (prefix, tail) in [
                ("", ""),
                ("    ", ""),
                ("\t", "  "),
                ("> ", ""),
                ("", "\\n"),
                ("Nov 20 14:02:03 h app[7]: ", ""),
                ("2026-11-20T14:02:03.5Z stdout F ", ""),
                (r#"{"ts":1,"log":""#, r#"\n","stream":"stdout"}"#),
            ] {
                for end in ["\n", "\r\n"] {
                    let mut stamp = 0;
                    let lines: String = key
                        .lines()
                        .map(|line| {
                            stamp += 7;
                            // stamps are written with as many digits as they need
                            let prefix = prefix.replace(".5Z", &format!(".{stamp}Z"));
                            let prefix = prefix.replace(":1,", &format!(":{stamp},"));
                            format!("{prefix}{line}{tail}{end}")
                        })
                        .collect();
                    let text = format!("x{end}{lines}y{end}");
                    let out = everywhere(shared(), &text);
                    assert!(!out.contains("hunter"), "{out}");
                    assert_eq!(out.matches(MARK).count(), 1, "{out}");
                    // the stamp of an empty line stays
                    assert!(out.lines().count() <= 5, "{out}");
                    assert!(out.ends_with(&format!("\ny{end}")), "{out}");
                }
            }
        }
    }

    #[test]
    fn an_empty_line_behind_a_beginning_stays_at_the_end_of_a_text() {
        for end in ["\n", "\r\n"] {
            let text = format!("{HEAD}{end}{end}");
            let out = everywhere(&with_identifiers(), &text);
            assert_eq!(out, format!("{MARK}{end}{end}"));
        }
        let (out, counts) = cleaned_in(format!("{HEAD}\n\n{FULL}").as_bytes(), 1);
        assert_eq!(
            (out, counts),
            (format!("{MARK}\\n"), vec![("private_key", 1)])
        );
    }
}
