//! What goes over several lines: values of keys before them, private keys.

use std::io;

use super::{Cleaner, Place};
use crate::redact::awaited::{Awaited, Look};
use crate::redact::key_block;
use crate::redact::line::Line;

impl Cleaner<'_> {
    /// Deals with a line that may be the value of a key before it; says where to go on, or nothing
    /// where it is a line like any other.
    pub(super) fn value_line(
        &mut self,
        block: &[u8],
        written: &mut usize,
        at: usize,
        awaited: Awaited,
    ) -> io::Result<Option<usize>> {
        let line = Line::around(block, at, at);
        self.place = Place::Text;
        match awaited.look(&block[line.text.clone()]) {
            Look::Other => return Ok(None),
            Look::Blank => self.place = Place::Value(awaited),
            Look::Further(awaited) => {
                self.cleaned.extend_from_slice(&block[*written..at]);
                *written = line.next;
                self.place = Place::Value(awaited);
            }
            Look::Value(value, next) => {
                self.cleaned.extend_from_slice(&block[*written..at]);
                // a log's line has a header in front
                let header = &block[at..at + value.start];
                let findings = self
                    .redactor
                    .findings(header, self.redactor.rules_for(header, 0));
                let begin = self.cleaned.len();
                self.put(header, &findings)?;
                self.mark(awaited.rule);
                let tail = &block[at + value.end..line.text.end];
                self.cleaned.extend_from_slice(tail);
                *written = line.text.end;
                self.settle(begin)?;
                // behind the value may stand another key
                let known = self.redactor.rules_for(&self.cleaned, begin) != 0;
                let more = || known.then(|| Awaited::after(&self.cleaned[begin..]))?;
                self.place = next.or_else(more).map_or(Place::Text, Place::Value);
            }
        }
        Ok(Some(line.next))
    }

    /// Deals with a line of a private key, which goes without a trace; says where to go on, or
    /// nothing where it is a line like any other.
    pub(super) fn key_line(
        &mut self,
        block: &[u8],
        written: &mut usize,
        at: usize,
    ) -> Option<usize> {
        let key = self.key.as_mut()?;
        let line = Line::around(block, at, at);
        let next = match key.look(&block[line.text.clone()], &block[line.text.end..line.next]) {
            key_block::Look::Part => line.next,
            key_block::Look::End(end) => {
                self.key = None;
                // an end that stands alone leaves no empty line
                let end = at + end;
                if end < line.text.end { end } else { line.next }
            }
            key_block::Look::Empty => return None,
            key_block::Look::Other(blank, torn) => {
                (self.key, self.torn) = (None, torn);
                if !blank.is_empty() {
                    self.cleaned.extend_from_slice(&block[*written..at]);
                    self.cleaned.extend_from_slice(blank);
                    *written = at;
                }
                return None;
            }
        };
        self.cleaned.extend_from_slice(&block[*written..at]);
        *written = next;
        Some(next)
    }
}
