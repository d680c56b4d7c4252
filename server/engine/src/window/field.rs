//! Fields of structured lines: JSON, and logfmt with its `name=value`.
//!
//! Of a JSON record the fields of its own count for more than those of what it holds. What stands in
//! a list does not count, unless the configuration names it: a list tells of several things, each of
//! another time.

use memchr::memchr2;
use memchr::memmem::Finder;

use super::names::Meaning;

/// The first digit of a stamp stands within so many bytes.
const STAMP_HAS_DIGIT_BY: usize = 24;
/// So deep an object may lie and be told from a list.
const DEEPEST: u32 = 64;

/// A field that holds the time.
#[derive(Clone, Debug)]
pub struct Field {
    kind: Kind,
    level: Level,
    meaning: Meaning,
    /// The name with what surrounds it: `"ts"` or `ts=`.
    finder: Finder<'static>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Logfmt,
}

/// How deep in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// Of the record itself.
    Top,
    /// Of an object that the record holds, and in no list.
    Nested,
    Any,
}

/// Which field is rather meant; the lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    Own(usize),
    Telling,
    Nested(usize),
    Plain,
    NestedTelling,
    Begun,
}

impl Field {
    /// The fields of a line that may hold its time, by their names and depth.
    pub fn all(body: &[u8]) -> Vec<Self> {
        if is_json(body) {
            json_fields(body, false)
        } else {
            logfmt_fields(body)
        }
    }

    /// The fields of what stands in lists of a JSON line that are named as times are, each once.
    pub fn listed(body: &[u8]) -> Vec<Self> {
        let mut fields: Vec<Self> = Vec::new();
        for field in is_json(body)
            .then(|| json_fields(body, true))
            .into_iter()
            .flatten()
        {
            if !fields.iter().any(|known| known.is_like(&field)) {
                fields.push(field);
            }
        }
        fields
    }

    /// The fields that the configuration calls `name`, the first one before the others.
    pub fn named(name: &str) -> [Self; 3] {
        let quoted = format!("\"{name}\"");
        let assigned = format!("{name}=");
        [
            (Kind::Json, Level::Top, quoted.as_str()),
            (Kind::Json, Level::Any, quoted.as_str()),
            (Kind::Logfmt, Level::Any, assigned.as_str()),
        ]
        .map(|(kind, level, written)| {
            Self::new(kind, level, Meaning::Record(0), written.as_bytes())
        })
    }

    fn new(kind: Kind, level: Level, meaning: Meaning, written: &[u8]) -> Self {
        Self {
            kind,
            level,
            meaning,
            finder: Finder::new(written).into_owned(),
        }
    }

    pub fn is_like(&self, other: &Self) -> bool {
        (self.kind, self.level) == (other.kind, other.level)
            && self.finder.needle() == other.finder.needle()
    }

    pub fn is_json(&self) -> bool {
        self.kind == Kind::Json
    }

    /// Its name says that what it holds is a time: also one that is written as a number.
    pub fn is_telling(&self) -> bool {
        self.meaning != Meaning::Plain
    }

    pub fn rank(&self) -> Rank {
        match (self.level, self.meaning) {
            (Level::Nested, Meaning::Record(rank)) => Rank::Nested(rank),
            (Level::Nested, _) => Rank::NestedTelling,
            (_, Meaning::Record(rank)) => Rank::Own(rank),
            (_, Meaning::Telling) => Rank::Telling,
            (_, Meaning::Plain) => Rank::Plain,
            (_, Meaning::Begun | Meaning::Another) => Rank::Begun,
        }
    }

    /// The values that the line's fields of this name have; those in another field's quotes last.
    pub fn values<'a>(&'a self, body: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let is_candidate = self.kind == Kind::Logfmt || is_json(body);
        let quoted = (self.kind == Kind::Logfmt).then_some(true);
        [Some(false), quoted]
            .into_iter()
            .flatten()
            .filter(move |_| is_candidate)
            .flat_map(move |quoted| {
                self.finder
                    .find_iter(body)
                    .filter_map(move |at| self.value(body, at, quoted))
            })
    }

    /// The value of the field whose name was found at `at`.
    fn value<'a>(&self, body: &'a [u8], at: usize, quoted: bool) -> Option<&'a [u8]> {
        let before = at.checked_sub(1).map(|before| body[before]);
        let after = &body[at + self.finder.needle().len()..];
        match self.kind {
            Kind::Json if before == Some(b'\\') => None,
            Kind::Json => json_value(after).filter(|_| self.is_at_its_level(body, at)),
            Kind::Logfmt if before.is_some_and(is_of_name) => None,
            Kind::Logfmt => (is_in_quotes(&body[..at]) == quoted).then(|| unquoted(after)),
        }
    }

    fn is_at_its_level(&self, body: &[u8], at: usize) -> bool {
        match self.level {
            Level::Any => true,
            // most have their time before anything that holds something
            Level::Top if memchr2(b'{', b'[', &body[1..at.max(1)]).is_none() => true,
            Level::Top => Depth::at(body, at).is_top(),
            Level::Nested => Depth::at(body, at).is_nested(),
        }
    }
}

/// Whether a stamp that was found in the text of a line, by its place there, is the value of a field
/// that speaks of something else. All fields of a JSON line are asked by their names, so what is left
/// are texts.
pub fn is_anothers(body: &[u8], stamp: &[u8]) -> bool {
    let before = &body[..body.len() - stamp.len()];
    let before = match before {
        [rest @ .., b'"' | b'\''] => rest.strip_suffix(b"\\").unwrap_or(rest),
        _ => before,
    };
    if let Some(before) = before.strip_suffix(b"=") {
        return Meaning::of(last_name(before)) == Meaning::Another;
    }
    let Some(before) = before.trim_ascii_end().strip_suffix(b":") else {
        return false;
    };
    let Some(before) = before.trim_ascii_end().strip_suffix(b"\"") else {
        return false;
    };
    match before.strip_suffix(b"\\") {
        None if is_json(body) => true,
        escaped => Meaning::of(last_name(escaped.unwrap_or(before))) == Meaning::Another,
    }
}

/// The name that a text ends with.
fn last_name(text: &[u8]) -> &[u8] {
    let letters = text.iter().rev().take_while(|byte| is_of_name(**byte));
    &text[text.len() - letters.count()..]
}

fn is_json(body: &[u8]) -> bool {
    body.first() == Some(&b'{')
}

/// Of what stands in lists, or of all else.
fn json_fields(body: &[u8], in_lists: bool) -> Vec<Field> {
    let (mut fields, mut depth, mut at) = (Vec::new(), Depth::default(), 0);
    while let Some(open) = depth.next_text(body, at) {
        let Some(close) = end_of_text(body, open) else {
            break;
        };
        at = close + 1;
        let level = if in_lists {
            Level::Any
        } else if depth.is_top() {
            Level::Top
        } else {
            Level::Nested
        };
        // a stamp soon has a digit: most names need not be looked at
        let may_be_stamp = |value: &[u8]| {
            let beginning = &value[..value.len().min(STAMP_HAS_DIGIT_BY)];
            beginning.iter().any(u8::is_ascii_digit)
        };
        if depth.has_list() != in_lists || !json_value(&body[at..]).is_some_and(may_be_stamp) {
            continue;
        }
        let meaning = Meaning::of(&body[open + 1..close]);
        let is_candidate = match meaning {
            Meaning::Record(_) | Meaning::Telling => true,
            Meaning::Plain | Meaning::Begun => level == Level::Top,
            Meaning::Another => false,
        };
        if is_candidate {
            fields.push(Field::new(Kind::Json, level, meaning, &body[open..=close]));
        }
    }
    fields
}

fn logfmt_fields(body: &[u8]) -> Vec<Field> {
    memchr::memchr_iter(b'=', body)
        .filter_map(|equals| {
            let name = last_name(&body[..equals]);
            let meaning = Meaning::of(name);
            let written = &body[equals - name.len()..=equals];
            matches!(meaning, Meaning::Record(_))
                .then(|| Field::new(Kind::Logfmt, Level::Any, meaning, written))
        })
        .collect()
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'.' | b'$' | b'-')
}

/// What stands behind a name's colon, without its quote.
fn json_value(text: &[u8]) -> Option<&[u8]> {
    let value = text
        .trim_ascii_start()
        .strip_prefix(b":")?
        .trim_ascii_start();
    Some(value.strip_prefix(b"\"").unwrap_or(value))
}

fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [b'"' | b'\'', rest @ ..] => rest,
        value => value,
    }
}

/// Whether a quote is open behind `before`.
fn is_in_quotes(before: &[u8]) -> bool {
    let is_escaped = |at: usize| at > 0 && before[at - 1] == b'\\';
    let quotes = memchr::memchr_iter(b'"', before).filter(|at| !is_escaped(*at));
    quotes.count() % 2 == 1
}

/// Where the text ends that begins with the quote at `open`.
fn end_of_text(body: &[u8], open: usize) -> Option<usize> {
    let mut at = open + 1;
    loop {
        at += memchr2(b'"', b'\\', body.get(at..)?)?;
        if body[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// What is open at a place of a JSON line.
#[derive(Clone, Copy, Debug, Default)]
struct Depth {
    open: u32,
    /// Bit n: what is open at depth n is a list.
    lists: u64,
}

impl Depth {
    fn at(body: &[u8], end: usize) -> Self {
        let (mut depth, mut at) = (Self::default(), 0);
        while let Some(open) = depth.next_text(&body[..end], at) {
            let Some(close) = end_of_text(&body[..end], open) else {
                break;
            };
            at = close + 1;
        }
        depth
    }

    /// Goes on from `at`, outside of texts, to where the next one begins.
    fn next_text(&mut self, body: &[u8], mut at: usize) -> Option<usize> {
        loop {
            match *body.get(at)? {
                b'"' => return Some(at),
                b'{' => self.enter(0),
                b'[' => self.enter(1),
                b'}' | b']' => self.leave(),
                _ => {}
            }
            at += 1;
        }
    }

    const fn enter(&mut self, list: u64) {
        if self.open < DEEPEST {
            self.lists |= list << self.open;
        }
        self.open += 1;
    }

    const fn leave(&mut self) {
        self.open = self.open.saturating_sub(1);
        if self.open < DEEPEST {
            self.lists &= !(1 << self.open);
        }
    }

    const fn has_list(self) -> bool {
        self.lists != 0 || self.open > DEEPEST
    }

    const fn is_top(self) -> bool {
        self.open == 1
    }

    const fn is_nested(self) -> bool {
        self.open > 1 && !self.has_list()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(body: &str) -> Vec<(Rank, String)> {
        let mut all: Vec<_> = (Field::all(body.as_bytes()).iter())
            .map(|field| {
                let name = String::from_utf8_lossy(field.finder.needle()).into_owned();
                (field.rank(), name)
            })
            .collect();
        all.sort();
        all
    }

    fn first_value(name: &str, body: &str) -> Option<String> {
        let fields = Field::named(name);
        let mut values = fields
            .iter()
            .flat_map(|field| field.values(body.as_bytes()));
        let value = values.next()?;
        let end = value
            .iter()
            .position(|byte| matches!(byte, b'"' | b',' | b'}' | b' '));
        Some(String::from_utf8_lossy(&value[..end.unwrap_or(value.len())]).into_owned())
    }

    #[test]
    fn fields_are_known_by_their_names_and_depth() {
        let body = r#"{"a":{"time":1,"note":2,"in":[{"ts":3}]},"exp":4,"x":"\"ts\":5","start":6,"at":7,"ts":8}"#;
        let shown: Vec<String> = names(body).into_iter().map(|(_, name)| name).collect();
        assert_eq!(
            shown,
            [
                r#""ts""#,
                r#""at""#,
                r#""time""#,
                r#""a""#,
                r#""x""#,
                r#""start""#
            ]
        );
        assert_eq!(
            names("exp=1 note=2 at=4 time=3"),
            [(Rank::Own(5), "time=".to_owned())]
        );
    }

    #[test]
    fn a_named_field_is_the_records_own_where_it_has_one() {
        for (body, expected) in [
            (r#"{"a":{"w":"1"},"l":[{"w":"2"}],"w":"3"}"#, "3"),
            (r#"{"a":"\"w\":\"1\"", "w" : 2}"#, "2"),
            (r#"{"a":{"b":[{"w":"1"}]}}"#, "1"),
            (r#"level=info msg="said w=1 once" w=2"#, "2"),
            (r#"level=info msg="said w=1 once" new=2"#, "1"),
        ] {
            assert_eq!(first_value("w", body).as_deref(), Some(expected), "{body}");
        }
        assert_eq!(first_value("w", r#"{"x":"w","y":1}"#), None);
    }

    #[test]
    fn a_stamp_in_a_text_may_belong_to_a_name() {
        let anothers = |body: &str, at: usize| is_anothers(body.as_bytes(), &body.as_bytes()[at..]);
        for body in [
            r#"x not_after=S"#,
            r#"x not_after="S"#,
            r#"x {"exp": "S"#,
            r#"{"time": "S"#,
            r#"{"msg":"{\"exp\":\"S"#,
        ] {
            assert!(anothers(body, body.len() - 1), "{body}");
        }
        for body in [
            r#"x when=S"#,
            r#"x {"when":"S"#,
            "x S",
            "x: S",
            r#"{"msg":"at S"#,
            "S",
        ] {
            assert!(!anothers(body, body.len() - 1), "{body}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_fields_or_none(
            body in "[{\\[\"\\\\:,}\\]=a-z ]{0,80}",
            name in "[a-z\"\\\\]{1,4}",
        ) {
            for field in Field::all(body.as_bytes()).iter().chain(&Field::named(&name)) {
                for value in field.values(body.as_bytes()) {
                    prop_assert!(value.len() <= body.len());
                }
            }
        }
    }
}
