//! From samples of a file to the places and formats of its stamps.
//!
//! Each line votes. What stands at a line's start goes first; only lines without a stamp there
//! vote for fields and for places within. So a date in the message of a line that goes on with a
//! record does not begin a new one: it is in too few lines, or behind other words.

use chrono::{DateTime, Utc};

use super::clock::Clock;
use super::columns::{Choice, Column, Table};
use super::field::{Field, Rank, is_anothers};
use super::format::{FORMATS, Format, ORDERS, Reader, Trust};
use super::moment::Moment;
use super::place::{MAX_WORDS, Spots, body, start};
use super::probe::lines;
use super::profile::{Profile, Within};
use super::time_format::TimeFormat;
use super::time_key::{self, Keyed, TimeKey};

/// So many lines of a sample are asked.
const LINES: usize = 400;
/// So many times of lists are kept, but for those of one line.
const LISTED: usize = 64;
/// So much of a line is looked at.
const HEAD: usize = super::dater::HEAD;

/// What the samples of a file have said.
#[derive(Clone, Debug)]
pub struct Survey {
    candidates: Vec<Candidate>,
    /// Lines that are not indented.
    lines: usize,
    /// How many lines start with a stamp, by candidate.
    starts: Vec<usize>,
    /// What the other lines have.
    others: Vec<Vec<Vote>>,
    /// What dates were met whose numbers may stand in several orders.
    orders: [Orders; ORDERS.len()],
    /// The header of the W3C's extended format: stamps are of UTC.
    is_w3c: bool,
    table: Table,
    /// What stands for a time in lists of lines that have none but there.
    listed: Vec<Vec<u8>>,
    /// The configuration's word on where the stamp stands, when it has one.
    keyed: Option<Keyed>,
}

#[derive(Clone, Debug)]
struct Candidate {
    reader: Reader,
    trust: Trust,
}

/// Dates that may be read in several orders, of which the file has one.
#[derive(Clone, Debug, Default)]
struct Orders {
    /// The last one.
    text: Vec<u8>,
    /// How many were one in each order.
    votes: [usize; 3],
}

/// Where a line without a stamp at its start has one.
#[derive(Clone, Debug)]
enum Vote {
    Field(Box<Field>),
    Within(Place),
}

/// A format behind words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    candidate: usize,
    words: u32,
    is_bracketed: bool,
}

impl Vote {
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field(one), Self::Field(other)) => one.is_like(other),
            (Self::Within(one), Self::Within(other)) => one == other,
            _ => false,
        }
    }

    /// A telling name or a sure format.
    fn is_sure(&self, candidates: &[Candidate]) -> bool {
        match self {
            Self::Field(_) => true,
            Self::Within(place) => candidates[place.candidate].trust == Trust::OnSight,
        }
    }

    /// It has to be in one of so many lines with stamps: a message says dates as well, but mostly
    /// not in brackets.
    const fn share(&self) -> usize {
        match self {
            Self::Within(Place {
                is_bracketed: false,
                ..
            }) => 3,
            Self::Within(_) | Self::Field(_) => 5,
        }
    }

    /// Of two that are in equally many lines the lower is meant: a telling name, a sure format,
    /// the earlier place.
    fn rank(&self, candidates: &[Candidate]) -> (bool, Option<Rank>, bool, u32) {
        let (field, words) = match self {
            Self::Field(field) => (Some(field.rank()), 0),
            Self::Within(place) => (None, place.words),
        };
        (field.is_none(), field, !self.is_sure(candidates), words)
    }

    const fn is_field(&self) -> bool {
        matches!(self, Self::Field(_))
    }

    fn is_json(&self) -> bool {
        matches!(self, Self::Field(field) if field.is_json())
    }
}

impl Survey {
    /// `format` and `key`: the configuration's word, when it has one.
    pub fn new(format: Option<&TimeFormat>, key: Option<&TimeKey>) -> Self {
        let candidates = match format {
            Some(format) => vec![Candidate {
                reader: format.reader().clone(),
                trust: Trust::OnSight,
            }],
            None => FORMATS
                .iter()
                .filter(|format| format.trust != Trust::ByName)
                .map(|format| Candidate {
                    reader: Reader::Known(format),
                    trust: format.trust,
                })
                .collect(),
        };
        Self {
            starts: vec![0; candidates.len()],
            candidates,
            lines: 0,
            others: Vec::new(),
            orders: Default::default(),
            is_w3c: false,
            table: Table::default(),
            listed: Vec::new(),
            keyed: key.map(Keyed::new),
        }
    }

    /// Asks the lines of a sample, which begins with a line's start.
    pub fn add(&mut self, sample: &[u8]) {
        self.table.begin_sample();
        for line in lines(sample).take(LINES) {
            self.ask(&line[..line.len().min(HEAD)]);
        }
    }

    fn ask(&mut self, line: &[u8]) {
        self.table.see(line);
        if let Some(keyed) = &mut self.keyed {
            keyed.see(line);
        }
        // MySQL's slow queries begin with one that is none
        if line.starts_with(b"#") && !line.starts_with(b"# Time: ") {
            self.is_w3c |= line.starts_with(b"#Fields:");
            return;
        }
        let Some(body) = body(line) else { return };
        if let Some(mut keyed) = self.keyed.take() {
            keyed.ask(body, |text| self.read(text).is_some());
            self.keyed = Some(keyed);
        }
        self.lines += 1;
        let started = self.read(start(body));
        if self.table.wants(body, started.is_some()) {
            let mut table = std::mem::take(&mut self.table);
            table.add(body, |text| self.reads_column(text));
            self.table = table;
        }
        if let Some(candidate) = started {
            self.starts[candidate] += 1;
            return;
        }
        let mut votes: Vec<Vote> = Field::all(body)
            .into_iter()
            .filter(|field| {
                field
                    .values(body)
                    .any(|value| self.reads_field(field, value))
            })
            .map(|field| Vote::Field(Box::new(field)))
            .collect();
        for spot in Spots::of(body) {
            if let Some(candidate) = self.read(spot.text)
                && !is_anothers(body, spot.text)
            {
                let vote = Vote::Within(Place {
                    candidate,
                    words: spot.words,
                    is_bracketed: spot.is_bracketed,
                });
                if !votes.iter().any(|known| known.is_like(&vote)) {
                    votes.push(vote);
                }
            }
        }
        if votes.is_empty() {
            self.note_listed(body);
        } else {
            self.others.push(votes);
        }
    }

    fn note_listed(&mut self, body: &[u8]) {
        if self.listed.len() >= LISTED {
            return;
        }
        for field in Field::listed(body) {
            let stamps = field
                .values(body)
                .filter(|value| self.position(value).is_some());
            let stamps: Vec<_> = stamps
                .map(|value| value[..value.len().min(40)].to_vec())
                .collect();
            self.listed.extend(stamps);
        }
    }

    /// Whether a field's value is a stamp. A number is one where the name says so.
    fn reads_field(&mut self, field: &Field, value: &[u8]) -> bool {
        let sure = |found: usize| self.candidates[found].trust == Trust::OnSight;
        match self.position(value) {
            Some(found) if field.is_telling() || sure(found) => self.read(value).is_some(),
            _ => false,
        }
    }

    /// Whether a column's text is a stamp. A number alone may be anything.
    fn reads_column(&mut self, text: &[u8]) -> bool {
        text.iter().any(|byte| matches!(byte, b':' | b'-' | b'/')) && self.read(text).is_some()
    }

    fn position(&self, text: &[u8]) -> Option<usize> {
        (self.candidates.iter()).position(|candidate| candidate.reader.read(text).is_some())
    }

    /// The candidate that reads a text. The orders of a date in numbers are one candidate here.
    fn read(&mut self, text: &[u8]) -> Option<usize> {
        let found = self.position(text)?;
        let Some(family) = self.family(&self.candidates[found].reader) else {
            return Some(found);
        };
        let orders = &mut self.orders[family];
        for (votes, name) in orders.votes.iter_mut().zip(ORDERS[family]) {
            let reads = Format::named(name).is_some_and(|format| format.read(text).is_some());
            *votes += usize::from(reads);
        }
        orders.text = text[..text.len().min(40)].to_vec();
        self.candidates
            .iter()
            .position(|candidate| self.family(&candidate.reader) == Some(family))
    }

    /// The place in [`ORDERS`] of a format that is one of several orders; the configuration's word
    /// is the only one.
    fn family(&self, reader: &Reader) -> Option<usize> {
        let Reader::Known(format) = reader else {
            return None;
        };
        (self.candidates.len() > 1)
            .then(|| ORDERS.iter().position(|names| names.contains(&format.name)))?
    }

    /// What the lines asked so far say together.
    pub fn profile(&self, clock: &Clock) -> Profile {
        let reader = |text: &[u8]| {
            let found = self.position(text)?;
            Some(self.settled(&self.candidates[found].reader, clock))
        };
        match self.keyed.as_ref().and_then(Keyed::place) {
            Some(time_key::Place::Column(column)) => {
                return self.of_values(Some(column), &[], clock);
            }
            Some(time_key::Place::Fields(fields)) => return self.of_values(None, fields, clock),
            None => {}
        }
        match self.table.choice(self.lines, clock, reader) {
            // the start of a line is looked at anyway
            Choice::Column(Column { number: 0, .. }) | Choice::None => self.of_lines(clock),
            Choice::Column(column) => self.of_values(Some(column), &[], clock),
            Choice::Doubtful(doubt) => Profile {
                doubt,
                ..self.of_values(None, &[], clock)
            },
        }
    }

    /// By a column or by fields alone, or by nothing.
    fn of_values(&self, column: Option<Column>, fields: &[Field], clock: &Clock) -> Profile {
        Profile {
            start: Vec::new(),
            column,
            fields: fields.to_vec(),
            within: Vec::new(),
            doubt: None,
            values: self.values(clock),
            wall_is_utc: self.is_w3c,
        }
    }

    /// What reads the values of columns and fields.
    fn values(&self, clock: &Clock) -> Vec<Reader> {
        (self.candidates.iter())
            .map(|candidate| self.settled(&candidate.reader, clock))
            .collect()
    }

    fn of_lines(&self, clock: &Clock) -> Profile {
        let started: usize = self.starts.iter().sum();
        let admitted = self.admitted(started);
        let is_mostly_within = admitted.iter().map(|(_, count)| count).sum::<usize>() > started;
        let stamped = started + self.others.len();
        let starting = self
            .candidates
            .iter()
            .zip(&self.starts)
            .filter(|(candidate, votes)| match candidate.trust {
                Trust::OnSight if !is_mostly_within => true,
                Trust::OnSight => **votes > 0 && *votes * 8 >= stamped,
                Trust::ByUse | Trust::ByName => **votes > 0 && *votes * 20 >= self.lines,
            });
        let mut starting: Vec<(Reader, usize)> = starting
            .map(|(candidate, votes)| (self.settled(&candidate.reader, clock), *votes))
            .collect();
        starting.sort_by_key(|(_, votes)| std::cmp::Reverse(*votes));
        let (mut fields, mut within) = (Vec::new(), Vec::<(Place, Within)>::new());
        for (vote, _) in admitted {
            match vote {
                Vote::Field(field) => fields.push(field.as_ref().clone()),
                Vote::Within(place) => {
                    let like = |known: &Place| {
                        (known.candidate, known.is_bracketed)
                            == (place.candidate, place.is_bracketed)
                    };
                    if let Some((_, known)) = within.iter_mut().find(|(known, _)| like(known)) {
                        known.add(place.words);
                    } else {
                        let reader = self.settled(&self.candidates[place.candidate].reader, clock);
                        within.push((
                            *place,
                            Within::behind(reader, place.words, place.is_bracketed),
                        ));
                    }
                }
            }
        }
        let values = if fields.is_empty() {
            Vec::new()
        } else {
            self.values(clock)
        };
        let is_stamped = started > 0 || !fields.is_empty() || !within.is_empty();
        Profile {
            start: starting.into_iter().map(|(reader, _)| reader).collect(),
            column: None,
            doubt: (self.earliest_listed(clock)).filter(|_| !is_stamped),
            fields,
            within: within.into_iter().map(|(_, within)| within).collect(),
            values,
            wall_is_utc: self.is_w3c,
        }
    }

    fn earliest_listed(&self, clock: &Clock) -> Option<Moment> {
        let mut own = clock.clone();
        let moments = self.listed.iter().filter_map(|text| {
            let reader = &self.candidates[self.position(text)?].reader;
            let stamp = self.settled(reader, clock).read(text)?;
            own.moment(stamp).map(|readings| readings.first)
        });
        moments.min()
    }

    /// The places that are in enough lines, that in most first. Each line counts for one.
    fn admitted(&self, started: usize) -> Vec<(&Vote, usize)> {
        const { assert!(MAX_WORDS <= 16, "Within::words has a bit for each") };
        let mut open: Vec<&Vec<Vote>> = self.others.iter().collect();
        let mut admitted = Vec::new();
        let stamped = started + open.len();
        let is_enough = |(vote, count): &(&Vote, usize)| {
            let share = if vote.is_sure(&self.candidates) {
                20
            } else {
                2
            };
            count * vote.share() >= stamped && count * 4 >= started && count * share >= self.lines
        };
        while let Some(best) = self.best(&open, is_enough) {
            admitted.push(best);
            open.retain(|votes| !votes.iter().any(|vote| vote.is_like(best.0)));
        }
        admitted
    }

    /// The place that most lines have. Of fields the one that is by its name the record's own, where
    /// enough lines have it: all lines of a log may also tell when something was begun.
    fn best<'a>(
        &self,
        open: &[&'a Vec<Vote>],
        is_enough: impl Fn(&(&'a Vote, usize)) -> bool,
    ) -> Option<(&'a Vote, usize)> {
        let mut counts: Vec<(&Vote, usize)> = Vec::new();
        for vote in open.iter().copied().flatten() {
            match counts.iter_mut().find(|(known, _)| known.is_like(vote)) {
                Some((_, count)) => *count += 1,
                None => counts.push((vote, 1)),
            }
        }
        let rank = |vote: &Vote| vote.rank(&self.candidates);
        let most = (counts.iter().copied())
            .max_by_key(|(vote, count)| (*count, std::cmp::Reverse(rank(vote))))?;
        let is_rival =
            |(vote, _): &(&Vote, usize)| vote.is_field() && (most.0.is_field() || vote.is_json());
        (counts.into_iter().filter(is_rival).filter(&is_enough))
            .min_by_key(|(vote, _)| rank(vote))
            .or_else(|| Some(most).filter(is_enough))
    }

    /// The reader itself, or of several orders the one of the file: that in which most dates are
    /// one, and of those that brings the last nearest to the file's last write. Of years of two
    /// digits most dates are one in any order.
    fn settled(&self, reader: &Reader, clock: &Clock) -> Reader {
        let Some(family) = self.family(reader) else {
            return reader.clone();
        };
        let orders = &self.orders[family];
        let most = orders.votes.iter().max();
        let distance = |format: &Format| {
            let moment = clock.clone().moment(format.read(&orders.text)?)?.first;
            Some(
                moment
                    .seconds
                    .abs_diff(DateTime::<Utc>::timestamp(&clock.last_write())),
            )
        };
        ORDERS[family]
            .iter()
            .zip(&orders.votes)
            .filter(|(_, votes)| Some(*votes) == most)
            .filter_map(|(name, _)| Format::named(name))
            .min_by_key(|format| distance(format).unwrap_or(u64::MAX))
            .map_or_else(|| reader.clone(), Reader::Known)
    }
}
