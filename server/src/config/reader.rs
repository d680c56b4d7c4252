//! Reads tables of a TOML document field by field and gathers every problem with its line.
//!
//! Deserializing would stop at the first error. Here one run tells all of them, so that a file is
//! put right in one go; a field that nobody asked for is a problem too.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::units;

/// One thing that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub line: usize,
    /// Dotted, as in `collection.max_window`; empty where the text is no TOML at all.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.line, self.message),
            field => write!(f, "{}: {field}: {}", self.line, self.message),
        }
    }
}

/// The text that is read, and what was found wrong with it so far.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Document<'a> {
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self {
            text,
            problems: RefCell::new(Vec::new()),
        }
    }

    /// The outermost table. Empty, with problems noted, where the text is no TOML.
    pub fn root(&self) -> Section<'_, 'a> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let span = error.span().unwrap_or_default();
            self.note(
                &span,
                String::new(),
                format!("not TOML: {}", error.message()),
            );
        }
        let whole = table.span();
        let table = if errors.is_empty() {
            table.into_inner()
        } else {
            // half a document would only give misleading further problems
            DeTable::new()
        };
        Section::of(self, String::new(), whole, table)
    }

    /// All problems in the order of their lines.
    #[must_use]
    pub fn into_problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    fn note(&self, span: &Range<usize>, field: String, message: String) {
        let before = &self.text.as_bytes()[..span.start.min(self.text.len())];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        self.problems.borrow_mut().push(Problem {
            line,
            field,
            message,
        });
    }
}

/// A value that was read, with its place for problems found later.
#[derive(Clone, Debug)]
pub struct Field<T> {
    pub value: T,
    path: String,
    span: Range<usize>,
}

impl<T> Field<T> {
    /// Notes a problem at the place of this value.
    pub fn wrong(&self, document: &Document<'_>, message: impl Into<String>) {
        document.note(&self.span, self.path.clone(), message.into());
    }

    /// Turns the value into another; what the conversion objects to is noted.
    pub fn convert<U>(
        self,
        document: &Document<'_>,
        convert: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<Field<U>> {
        match convert(self.value) {
            Ok(value) => Some(Field {
                value,
                path: self.path,
                span: self.span,
            }),
            Err(message) => {
                document.note(&self.span, self.path, message);
                None
            }
        }
    }
}

/// One table. Fields are taken out of it; [`Section::finish`] objects to those that are left.
#[derive(Debug)]
pub struct Section<'d, 'a> {
    document: &'d Document<'a>,
    path: String,
    span: Range<usize>,
    table: DeTable<'a>,
    known: Vec<&'static str>,
}

impl<'d, 'a> Section<'d, 'a> {
    fn of(
        document: &'d Document<'a>,
        path: String,
        span: Range<usize>,
        table: DeTable<'a>,
    ) -> Self {
        Self {
            document,
            path,
            span,
            table,
            known: Vec::new(),
        }
    }

    #[must_use]
    pub const fn document(&self) -> &'d Document<'a> {
        self.document
    }

    /// Notes a problem of the table as a whole.
    pub fn wrong(&self, message: impl Into<String>) {
        self.document
            .note(&self.span, self.path.clone(), message.into());
    }

    /// Notes a problem unless `key` is there. To be called before the field is taken.
    pub fn need(&self, key: &str, example: &str) {
        if !self.table.contains_key(key) {
            self.document.note(
                &self.span,
                join(&self.path, key),
                format!("is missing; write for instance {key} = {example}"),
            );
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Field<DeValue<'a>>> {
        self.known.push(key);
        let value = self.table.remove(key)?;
        Some(Field {
            path: join(&self.path, key),
            span: value.span(),
            value: value.into_inner(),
        })
    }

    /// A text that is not empty.
    pub fn text(&mut self, key: &'static str) -> Option<Field<String>> {
        self.take(key)?.convert(self.document, |value| match value {
            DeValue::String(text) if text.trim().is_empty() => {
                Err("is empty; write a text or leave the field out".to_owned())
            }
            DeValue::String(text) => Ok(text.into_owned()),
            other => Err(format!(
                "must be a text in quotes, not {}",
                other.type_str()
            )),
        })
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str) -> Option<Field<bool>> {
        self.take(key)?.convert(self.document, |value| match value {
            DeValue::Boolean(flag) => Ok(flag),
            other => Err(format!("must be true or false, not {}", other.type_str())),
        })
    }

    /// A size such as `"512 MiB"`; a bare number is bytes.
    pub fn size(&mut self, key: &'static str) -> Option<Field<u64>> {
        self.take(key)?.convert(self.document, |value| match value {
            DeValue::String(text) => units::size(&text),
            DeValue::Integer(number) if number.radix() == 10 => units::size(number.as_str()),
            other => Err(format!(
                "must be a size such as \"512 MiB\", not {}",
                other.type_str()
            )),
        })
    }

    /// A length of time such as `"4h"`, greater than nothing.
    pub fn length(&mut self, key: &'static str) -> Option<Field<Duration>> {
        self.take(key)?.convert(self.document, |value| match value {
            DeValue::String(text) => match units::length(&text)? {
                Duration::ZERO => Err("must be longer than nothing".to_owned()),
                length => Ok(length),
            },
            other => Err(format!(
                "must be a length of time such as \"4h\", not {}",
                other.type_str()
            )),
        })
    }

    /// A list of texts that holds at least one; each comes with its own place.
    pub fn texts(&mut self, key: &'static str) -> Option<Field<Vec<Field<String>>>> {
        let field = self.take(key)?;
        let DeValue::Array(items) = &field.value else {
            let found = field.value.type_str();
            field.wrong(
                self.document,
                format!("must be a list of texts in [ ], not {found}"),
            );
            return None;
        };
        if items.is_empty() {
            field.wrong(self.document, "is empty; it must name at least one");
            return None;
        }
        let mut texts = Vec::with_capacity(items.len());
        for item in items.iter() {
            let text = Field {
                value: item.get_ref(),
                path: field.path.clone(),
                span: item.span(),
            };
            texts.extend(text.convert(self.document, |value| match value {
                DeValue::String(text) if !text.is_empty() => Ok(text.clone().into_owned()),
                DeValue::String(_) => Err("holds an empty text".to_owned()),
                other => Err(format!("holds {}, where a text belongs", other.type_str())),
            }));
        }
        // a list with a wrong text in it was objected to; it must not be taken for a shorter one
        let whole = texts.len() == items.len();
        whole.then_some(Field {
            value: texts,
            path: field.path,
            span: field.span,
        })
    }

    /// The table `[key]`.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'d, 'a>> {
        let field = self.take(key)?;
        match field.value {
            DeValue::Table(table) => {
                Some(Section::of(self.document, field.path, field.span, table))
            }
            other => {
                self.document.note(
                    &field.span,
                    field.path,
                    format!("must be a table, not {}", other.type_str()),
                );
                None
            }
        }
    }

    /// The tables `[[key]]`; `None` where the field is not there. An empty list is a problem: it
    /// looks as if it chose nothing, and would be taken for nothing chosen.
    pub fn sections(&mut self, key: &'static str) -> Option<Vec<Section<'d, 'a>>> {
        let field = self.take(key)?;
        let brackets = format!("[[{}]]", field.path);
        let DeValue::Array(items) = field.value else {
            let found = field.value.type_str();
            self.document.note(
                &field.span,
                field.path,
                format!("must be written as {brackets}, not as {found}"),
            );
            return None;
        };
        if items.is_empty() {
            self.document.note(
                &field.span,
                field.path.clone(),
                format!("is empty; leave it out, or write {brackets} with its fields"),
            );
        }
        let mut sections = Vec::with_capacity(items.len());
        for item in items {
            let span = item.span();
            match item.into_inner() {
                DeValue::Table(table) => {
                    sections.push(Section::of(self.document, field.path.clone(), span, table));
                }
                other => self.document.note(
                    &span,
                    field.path.clone(),
                    format!("must be written as {brackets}, not as {}", other.type_str()),
                ),
            }
        }
        Some(sections)
    }

    /// Objects to every field that was not asked for.
    pub fn finish(self) {
        for key in self.table.keys() {
            let known = if self.known.is_empty() {
                "nothing".to_owned()
            } else {
                self.known.join(", ")
            };
            self.document.note(
                &key.span(),
                join(&self.path, key.get_ref()),
                format!("is not a known field; known here: {known}"),
            );
        }
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_comes_with_its_line_and_field() {
        let document = Document::new("[a]\nsize = \"4x\"\nwrong = 1\n\n[b]\nlist = [\"x\", 3]\n");
        let mut root = document.root();
        let mut a = root.section("a").expect("a table");
        assert!(a.size("size").is_none());
        a.finish();
        let mut b = root.section("b").expect("a table");
        assert!(b.texts("list").is_none());
        b.finish();
        root.finish();
        let places: Vec<_> = document
            .into_problems()
            .into_iter()
            .map(|problem| (problem.line, problem.field))
            .collect();
        assert_eq!(
            places,
            [
                (2, "a.size".to_owned()),
                (3, "a.wrong".to_owned()),
                (6, "b.list".to_owned())
            ]
        );
    }

    #[test]
    fn what_is_no_toml_is_said_once_for_its_line() {
        let document = Document::new("[a]\nsize = \n");
        document.root().finish();
        let problems = document.into_problems();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].line, 2);
    }

    #[test]
    fn an_unknown_field_is_answered_with_the_known_ones() {
        let document = Document::new("nam = \"x\"\n");
        let mut root = document.root();
        assert!(root.text("name").is_none());
        root.finish();
        assert_eq!(
            document.into_problems()[0].to_string(),
            "1: nam: is not a known field; known here: name"
        );
    }
}
