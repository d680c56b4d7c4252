//! From the bytes of a line to the moment that it is of.

use chrono::{DateTime, Utc};
use domain::Window;

use super::boot;
use super::clock::{Clock, Readings};
use super::moment::Moment;
use super::profile::Profile;
use super::survey::Survey;
use super::time_format::{Dating, TimeFormat};
use super::time_key::TimeKey;

/// The file may go on in so many other formats.
const FURTHER: usize = 8;
/// So much of a line decides on it.
pub const HEAD: usize = 4096;

/// Dates the lines of one file.
///
/// It first [learns](Self::learn) from samples of the file. Then its answers depend on the line
/// alone, not on the lines asked about before: a filter that reads a whole file and a search that
/// jumps about in it come to the same.
#[derive(Clone, Debug)]
pub struct Dater {
    clock: Clock,
    survey: Survey,
    profile: Profile,
    /// What the file goes on in here and there: asked of lines that have no stamp by the above.
    further: Vec<Profile>,
    /// The configuration says how the file is stamped.
    is_told: bool,
    has_learned: bool,
}

impl Dater {
    /// Of a file of a source that means its stamps as `dating` says.
    #[must_use]
    pub fn of(dating: &Dating, last_write: DateTime<Utc>) -> Self {
        let clock = Clock::new(dating.zone, last_write).booted_at(boot::started_at());
        Self::with(clock, dating.format.as_ref(), dating.key.as_ref())
    }

    /// With the source's own word on its format, when there is one.
    #[cfg(test)]
    pub(super) fn new(clock: Clock, format: Option<&TimeFormat>) -> Self {
        Self::with(clock, format, None)
    }

    /// With the source's own word on the format and on where it stands, when there is one.
    pub(super) fn with(clock: Clock, format: Option<&TimeFormat>, key: Option<&TimeKey>) -> Self {
        let survey = Survey::new(format, key);
        Self {
            profile: survey.profile(&clock),
            clock,
            survey,
            further: Vec::new(),
            is_told: format.is_some() || key.is_some(),
            has_learned: false,
        }
    }

    /// Takes a part of the file that begins where a line does. Several parts from several places
    /// find formats that the file's beginning does not show.
    pub fn learn(&mut self, sample: &[u8]) {
        self.survey.add(sample);
        self.profile = self.survey.profile(&self.clock);
        self.has_learned = true;
    }

    /// Whether it may be told of formats in which the file [goes on](Self::go_on_with).
    pub(super) const fn may_learn_more(&self) -> bool {
        !self.is_told && self.profile.doubt.is_none() && self.further.len() < FURTHER
    }

    /// What a part of the file says by itself.
    pub(super) fn surveyed(&self, sample: &[u8]) -> Self {
        let mut own = Self::with(self.clock.clone(), None, None);
        own.learn(sample);
        own
    }

    /// Takes lines for records that have no stamp by what it learned, and have one by `own`.
    pub(super) fn go_on_with(&mut self, own: Self) {
        self.further.push(own.profile);
    }

    pub(super) fn last_write(&self) -> Moment {
        self.clock.last_write().into()
    }

    /// Whether it was told anything about the file.
    #[must_use]
    pub const fn has_learned(&self) -> bool {
        self.has_learned
    }

    /// The earliest of the stamps seen, where none of them is taken for that of a record for a doubt.
    pub(super) const fn doubt(&self) -> Option<Moment> {
        self.profile.doubt
    }

    /// The moment of a line that carries a stamp; `None` for one that continues a record. Of a
    /// stamp that an autumn night has twice it is the first.
    ///
    /// The line may be its first [`HEAD`] bytes alone.
    pub fn moment(&mut self, line: &[u8]) -> Option<Moment> {
        self.readings(line).map(|readings| readings.first)
    }

    /// All that the stamp of a line may mean.
    pub(super) fn readings(&mut self, line: &[u8]) -> Option<Readings> {
        let head = &line[..line.len().min(HEAD)];
        let stamp = (self.profile.stamp(head))
            .or_else(|| self.further.iter_mut().find_map(|own| own.stamp(head)))?;
        self.clock.moment(stamp)
    }

    /// The same of a line that begins with its stamp, from that alone.
    pub(super) fn readings_at_start(&mut self, line: &[u8]) -> Option<Readings> {
        self.clock.moment(self.profile.stamp_at_start(line)?)
    }

    /// What a search has to look for, so that it misses no line that is in: the window, and where
    /// it cuts a night's doubled hour the whole of that.
    #[must_use]
    pub fn bounds(&self, window: &Window) -> (Moment, Moment) {
        self.clock.bounds(window)
    }
}
