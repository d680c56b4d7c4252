//! Line by line over chunks of any size: which records are in.

use std::io::{self, Write};

use domain::Window;
use memchr::{memchr, memchr2};

use super::alike::Alike;
use super::changes::Changes;
use super::dater::{Dater, HEAD};
use super::horizon::Horizon;
use super::moment::Moment;
use super::search::{Slack, later};

/// A beginning that is shorter is learned from as one sample.
const LEARNED_WHOLE: usize = 64 * 1024;
/// From a longer one so many samples are taken, each so long.
const PLACES: usize = 4;
const SAMPLE: usize = 32 * 1024;

/// Knows the window and how the file writes its stamps.
#[derive(Debug)]
pub struct Judge {
    start: Moment,
    end: Moment,
    dater: Dater,
    /// A carriage return alone ends a line too.
    returns: bool,
    alike: Alike,
    changes: Changes,
}

impl Judge {
    pub fn new(window: &Window, dater: Dater) -> Self {
        Self::between(window.start().into(), window.end().into(), dater)
    }

    /// Of a window that ends here and has no start.
    pub fn of_all_before(end: Moment, dater: Dater) -> Self {
        Self::between(Moment::EARLIEST, end, dater)
    }

    fn between(start: Moment, end: Moment, dater: Dater) -> Self {
        Self {
            start,
            end,
            dater,
            alike: Alike::default(),
            changes: Changes::default(),
            returns: false,
        }
    }

    /// Sees by a file's beginning how its lines end: where there is no newline, as old programs and
    /// the displays of progress write, a carriage return does.
    pub fn see_line_ends(&mut self, probe: &[u8]) {
        self.returns = ends_by_returns(probe);
    }

    /// Where the first line of these bytes ends.
    pub fn line_end(&self, bytes: &[u8]) -> Option<usize> {
        line_end(bytes, self.returns)
    }

    /// Learns from several places of a file's beginning, unless more is known of the file already.
    pub fn learn(&mut self, probe: &[u8]) {
        if self.dater.has_learned() {
            return;
        }
        let with_newlines;
        let probe = if self.returns {
            let newline = |byte: &u8| if *byte == b'\r' { b'\n' } else { *byte };
            with_newlines = probe.iter().map(newline).collect::<Vec<_>>();
            &with_newlines
        } else {
            probe
        };
        let places = if probe.len() < LEARNED_WHOLE {
            1
        } else {
            PLACES
        };
        for place in 0..places {
            let sample = &probe[probe.len() / places * place..];
            // all but the first begin within a line
            let torn = match place {
                0 => Some(0),
                _ => memchr(b'\n', sample).map(|newline| newline + 1),
            };
            if let Some(torn) = torn {
                let sample = &sample[torn..];
                self.dater.learn(&sample[..sample.len().min(SAMPLE)]);
            }
        }
    }

    /// Looks whether the file's next bytes go on in another format, before they are judged.
    pub fn see_changes(&mut self, chunk: &[u8]) {
        self.changes.see(chunk, &mut self.dater);
    }

    /// Tells when the window is past.
    pub fn horizon(&self) -> Horizon {
        Horizon::new(self.end, Slack::USUAL, self.dater.clone())
    }

    /// Whether the file has stamps of which none is sure to be that of a record, and not all are of
    /// after the window.
    pub fn is_in_doubt(&self) -> bool {
        let late = later(self.end, Slack::USUAL.seconds);
        self.dater.doubt().is_some_and(|earliest| earliest < late)
    }

    /// Decides on the first line of these bytes, which begin it, and on those after it that are
    /// alike; `None` where too little of it is there.
    pub fn decide(&mut self, bytes: &[u8]) -> Option<Decided> {
        let returns = self.returns;
        if let Some((length, inside)) = self.alike.run(bytes, |bytes| line_end(bytes, returns)) {
            return Some(Decided {
                length,
                inside: Some(inside),
                is_torn: false,
            });
        }
        let end = self.line_end(bytes);
        if end.is_none() && bytes.len() < HEAD {
            return None;
        }
        let length = end.map_or(bytes.len(), |end| end + 1);
        Some(Decided {
            length,
            inside: self.verdict(&bytes[..length]),
            is_torn: end.is_none(),
        })
    }

    /// Whether a piece has stamped lines, and none that is in. Its last line may be torn.
    pub fn leaves_out(&mut self, piece: &[u8]) -> bool {
        let (mut at, mut is_stamped) = (0, false);
        while at < piece.len()
            && let Some(decided) = self.decide(&piece[at..])
        {
            match decided.inside {
                Some(true) => return false,
                Some(false) => is_stamped = true,
                None => {}
            }
            at += decided.length;
        }
        is_stamped
    }

    /// Whether a line with a stamp is in; `None` for a line without.
    pub fn verdict(&mut self, line: &[u8]) -> Option<bool> {
        let readings = self.dater.readings(line)?;
        self.alike
            .learn(line, &mut self.dater, self.start, self.end);
        Some(readings.meet(self.start, self.end))
    }
}

/// What was decided on.
pub struct Decided {
    /// Of so many bytes.
    pub length: usize,
    /// Whether they are in; `None` for a line without a stamp.
    pub inside: Option<bool>,
    /// More of the last line is to come.
    pub is_torn: bool,
}

fn line_end(bytes: &[u8], returns: bool) -> Option<usize> {
    if returns {
        memchr2(b'\n', b'\r', bytes)
    } else {
        memchr(b'\n', bytes)
    }
}

/// Whether a carriage return alone ends the lines of a file that begins so.
pub fn ends_by_returns(beginning: &[u8]) -> bool {
    memchr(b'\n', beginning).is_none() && memchr(b'\r', beginning).is_some()
}

/// Where a filter stands between two chunks.
#[derive(Debug, Default)]
pub struct LineFilter {
    /// The record at hand is in.
    keep: bool,
    /// The line at hand is decided, and its end has not come yet.
    within: bool,
    /// Start of a line that is not yet decided; shorter than [`HEAD`].
    head: Vec<u8>,
}

impl LineFilter {
    /// Neighbouring lines that are in go out in one write.
    pub fn push(&mut self, judge: &mut Judge, chunk: &[u8], out: &mut dyn Write) -> io::Result<()> {
        let mut at = self.resume(judge, chunk, out)?;
        let mut run = at;
        while at < chunk.len() {
            let Some(decided) = judge.decide(&chunk[at..]) else {
                self.head.extend_from_slice(&chunk[at..]);
                break;
            };
            let kept_before = self.keep;
            self.keep = decided.inside.unwrap_or(kept_before);
            if kept_before && !self.keep {
                out.write_all(&chunk[run..at])?;
            } else if !kept_before && self.keep {
                run = at;
            }
            self.within = decided.is_torn;
            at += decided.length;
        }
        if self.keep {
            out.write_all(&chunk[run..at])?;
        }
        Ok(())
    }

    /// The file has ended, perhaps without a newline.
    pub fn finish(&mut self, judge: &mut Judge, out: &mut dyn Write) -> io::Result<()> {
        let head = std::mem::take(&mut self.head);
        if !head.is_empty() {
            self.keep = judge.verdict(&head).unwrap_or(self.keep);
            if self.keep {
                out.write_all(&head)?;
            }
        }
        Ok(())
    }

    /// Goes on with a line that began in a chunk before; says where the next one begins.
    fn resume(
        &mut self,
        judge: &mut Judge,
        chunk: &[u8],
        out: &mut dyn Write,
    ) -> io::Result<usize> {
        let mut at = 0;
        if !self.head.is_empty() {
            let missing = &chunk[..chunk.len().min(HEAD - self.head.len())];
            let newline = judge.line_end(missing);
            at = newline.map_or(missing.len(), |newline| newline + 1);
            self.head.extend_from_slice(&chunk[..at]);
            if newline.is_none() && self.head.len() < HEAD {
                return Ok(at);
            }
            self.within = newline.is_none();
            self.finish(judge, out)?;
        }
        if self.within {
            let rest = &chunk[at..];
            let newline = judge.line_end(rest);
            let length = newline.map_or(rest.len(), |newline| newline + 1);
            if self.keep {
                out.write_all(&rest[..length])?;
            }
            self.within = newline.is_none();
            at += length;
        }
        Ok(at)
    }
}
