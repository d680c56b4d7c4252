//! Lines stamped in the same hour or minute as one before, told without reading their stamps.
//!
//! Most of what a filter looks at beside a window is hours away from it, one line like the next. So
//! where all of an hour is in, or all of it out, the line that showed it is kept in mind: another
//! that differs from it in minute, second and fraction alone shares its fate. Of an hour that the
//! window cuts, the same holds for most minutes. That the digits are those of the stamp, and that
//! nothing else counts, is not assumed: the dater is asked about the line with others in their
//! place, and has to answer accordingly.

use super::clock::Readings;
use super::dater::Dater;
use super::moment::Moment;
use super::text::{digits, usual_time};

/// So far into a line the stamp may begin.
const REACH: usize = 48;
/// A zone, a half of the day or a year may follow within so many bytes.
const TAIL: usize = 12;
/// Behind a `Z` and what ends it nothing does.
const TAIL_OF_UTC: usize = 2;
/// After so many lines that are not alike another one is kept in mind; more each time that it was
/// for little.
const PATIENCE: std::ops::RangeInclusive<u32> = 4..=4096;

/// The time in which lines are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    Hour,
    Minute,
}

impl Span {
    const fn seconds(self) -> i64 {
        match self {
            Self::Hour => 3600,
            Self::Minute => 60,
        }
    }

    /// Where in `14:02:03` the digits begin that differ.
    const fn begins_at(self) -> usize {
        match self {
            Self::Hour => "14:".len(),
            Self::Minute => "14:02:".len(),
        }
    }

    /// Such digits, and for how many seconds they stand. Changes of a zone's offset come at a
    /// quarter at the finest.
    const fn samples(self) -> &'static [(&'static [u8], i64)] {
        match self {
            Self::Hour => &[
                (b"00:00", 0),
                (b"15:00", 900),
                (b"30:00", 1800),
                (b"45:00", 2700),
                (b"59:59", 3599),
            ],
            Self::Minute => &[(b"00", 0), (b"59", 59)],
        }
    }
}

/// Where the digits of a time of day stand in a line.
#[derive(Clone, Copy, Debug)]
struct Layout {
    /// What stands before is the same in all lines alike.
    begin: usize,
    fraction_at: usize,
    /// The fraction's mark with its digits, behind the second.
    fraction: usize,
    tail: usize,
}

impl Layout {
    fn of(line: &[u8], span: Span) -> Option<Self> {
        let reach = &line[..line.len().min(REACH)];
        let hour = (0..reach.len()).find(|at| usual_time(reach, *at).is_some())?;
        let behind = &line[hour + 8..];
        let fraction = match behind {
            [b'.' | b',', ..] => match digits(behind, 1) {
                0 => 0,
                count => 1 + count,
            },
            _ => 0,
        };
        let tail = match behind[fraction..] {
            [b'Z', end, ..] if !end.is_ascii_alphanumeric() => TAIL_OF_UTC,
            _ => TAIL,
        };
        let layout = Self {
            begin: hour + span.begins_at(),
            fraction_at: hour + "14:02:03".len(),
            fraction,
            tail,
        };
        (line.len() >= layout.end()).then_some(layout)
    }

    /// How far the digit at this place of the line may go; `None` where it has to be the same byte.
    fn most(&self, place: usize) -> Option<u8> {
        let fraction = self.fraction_at + 1..self.tail_at();
        if fraction.contains(&place) {
            return Some(9);
        }
        if !(self.begin..self.fraction_at).contains(&place) {
            return None;
        }
        // from the end of `14:02:03`
        match self.fraction_at - place {
            1 | 4 => Some(9),
            2 | 5 => Some(5),
            _ => None,
        }
    }

    const fn tail_at(&self) -> usize {
        self.fraction_at + self.fraction
    }

    const fn end(&self) -> usize {
        self.tail_at() + self.tail
    }
}

/// What a line has to begin with to be like the one that it was made of.
#[derive(Debug)]
struct Example {
    /// The beginning, eight bytes at a time.
    words: Vec<Word>,
    /// Its last eight bytes.
    last: Word,
    length: usize,
    inside: bool,
}

impl Example {
    /// Of a beginning whose digits may be others where `layout` says so: it has a time of day, and so
    /// more bytes than a word.
    fn new(text: &[u8], layout: &Layout, inside: bool) -> Self {
        let whole = text.len() / Word::BYTES * Word::BYTES;
        let words = (0..whole).step_by(Word::BYTES);
        Self {
            words: words.map(|at| Word::of(text, layout, at)).collect(),
            last: Word::of(text, layout, text.len() - Word::BYTES),
            length: text.len(),
            inside,
        }
    }

    /// Whether these bytes begin as a line alike does.
    fn is_like(&self, bytes: &[u8]) -> bool {
        let Some((found, last)) = bytes
            .get(..self.length)
            .and_then(|found| Some((found.as_chunks().0, found.last_chunk()?)))
        else {
            return false;
        };
        let over = (found.iter().zip(&self.words))
            .fold(self.last.over(last), |over, (found, word)| {
                over | word.over(found)
            });
        over == 0
    }
}

/// Eight bytes that are looked at together: most lines of most files come through here.
#[derive(Debug)]
struct Word {
    /// The bytes themselves, and zeros for digits.
    bytes: u64,
    /// What each byte may differ from that by, taken from 127: nothing, or as far as digits go.
    room: u64,
}

impl Word {
    const BYTES: usize = 8;
    const HIGH: u64 = 0x8080_8080_8080_8080;

    fn of(text: &[u8], layout: &Layout, at: usize) -> Self {
        let (mut bytes, mut room) = ([0; Self::BYTES], [0; Self::BYTES]);
        for (place, (byte, room)) in (at..).zip(bytes.iter_mut().zip(&mut room)) {
            let most = layout.most(place);
            *byte = if most.is_some() { b'0' } else { text[place] };
            *room = 0x7f - most.unwrap_or(0);
        }
        Self {
            bytes: u64::from_le_bytes(bytes),
            room: u64::from_le_bytes(room),
        }
    }

    /// The highest bits of the bytes that are other than they may be.
    fn over(&self, found: &[u8; Self::BYTES]) -> u64 {
        let off = u64::from_le_bytes(*found) ^ self.bytes;
        // what is off by too much reaches the highest bit of its byte, and no further
        (off | ((off & !Self::HIGH) + self.room)) & Self::HIGH
    }
}

/// What is known of lines that are alike.
#[derive(Debug)]
pub struct Alike {
    example: Option<Example>,
    /// Lines that were like the example, and those since that were not.
    hits: u32,
    misses: u32,
    patience: u32,
}

impl Default for Alike {
    fn default() -> Self {
        Self {
            example: None,
            hits: 0,
            misses: 0,
            patience: *PATIENCE.start(),
        }
    }
}

impl Alike {
    /// How many of these bytes, which begin a line, are whole lines alike, and whether those are in;
    /// `None` where the first is none. `line_end`: where the first line of bytes ends.
    pub fn run(
        &mut self,
        bytes: &[u8],
        line_end: impl Fn(&[u8]) -> Option<usize>,
    ) -> Option<(usize, bool)> {
        let (mut length, mut lines) = (0, 0);
        if let Some(example) = &self.example {
            while example.is_like(&bytes[length..]) {
                // no line ends in what is alike, but perhaps with it
                let behind = length + example.length - 1;
                let Some(end) = line_end(&bytes[behind..]) else {
                    break;
                };
                length = behind + end + 1;
                lines += 1;
            }
            if lines > 0 {
                self.hits += lines;
                self.misses = 0;
                return Some((length, example.inside));
            }
        }
        self.misses += 1;
        None
    }

    /// Learns from a line that a [run](Self::run) did not begin with.
    pub fn learn(&mut self, line: &[u8], dater: &mut Dater, start: Moment, end: Moment) {
        if self.misses < self.patience {
            return;
        }
        self.misses = 0;
        let mut learned = example(line, Span::Hour, dater, start, end);
        if matches!(learned, Err(Unfit::IsCut)) {
            learned = example(line, Span::Minute, dater, start, end);
        }
        // the window cuts two minutes at the most: that is soon over
        if matches!(learned, Err(Unfit::IsCut)) {
            return;
        }
        let was_of_use = self.hits > 4 * self.patience;
        self.patience = if was_of_use {
            *PATIENCE.start()
        } else {
            (self.patience * 2).min(*PATIENCE.end())
        };
        self.hits = 0;
        self.example = learned.ok();
    }
}

/// Why a line is no example of its hour or minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unfit {
    /// The window begins or ends in it.
    IsCut,
    /// There is more to its stamp.
    IsElse,
}

fn example(
    line: &[u8],
    span: Span,
    dater: &mut Dater,
    start: Moment,
    end: Moment,
) -> Result<Example, Unfit> {
    let layout = Layout::of(line, span).ok_or(Unfit::IsElse)?;
    let mut text = line[..layout.end()].to_vec();
    let mut inside = Err(Unfit::IsElse);
    let mut beginning: Option<Readings> = None;
    for (digits, seconds) in span.samples() {
        text[layout.begin..layout.fraction_at].copy_from_slice(digits);
        let readings = dater.readings_at_start(&text).ok_or(Unfit::IsElse)?;
        let began = readings.earlier(*seconds);
        if *beginning.get_or_insert(began) != began {
            return Err(Unfit::IsElse);
        }
        inside = began
            .meet_for(span.seconds(), start, end)
            .ok_or(Unfit::IsCut);
        if inside.is_err() {
            break;
        }
    }
    Ok(Example::new(&text, &layout, inside?))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use chrono_tz::Tz;
    use memchr::memchr;
    use proptest::prelude::*;

    use super::super::clock::Clock;
    use super::*;

    fn moment(text: &str) -> Moment {
        let at: DateTime<Utc> = text.parse().expect("a time");
        at.into()
    }

    fn dater(zone: Tz, sample: &str) -> Dater {
        let last_write = "2026-10-31T00:00:00Z".parse().expect("a time");
        let mut dater = Dater::new(Clock::new(zone, last_write), None);
        dater.learn(sample.as_bytes());
        dater
    }

    /// Of how many lines the verdict was known; each is checked.
    fn known(zone: Tz, log: &str, start: Moment, end: Moment) -> usize {
        let (mut dater, mut alike, mut known) = (dater(zone, log), Alike::default(), 0);
        for line in log.split_inclusive('\n') {
            let readings = dater.readings(line.as_bytes());
            let expected = readings.map(|readings| readings.meet(start, end));
            match alike.run(line.as_bytes(), |bytes| memchr(b'\n', bytes)) {
                Some((length, inside)) => {
                    assert_eq!(Some(inside), expected, "{line}");
                    assert_eq!(length, line.len(), "{line}");
                    known += 1;
                }
                None if readings.is_some() => alike.learn(line.as_bytes(), &mut dater, start, end),
                None => {}
            }
        }
        known
    }

    #[test]
    fn lines_of_an_hour_or_minute_that_is_in_or_out_as_a_whole_are_known() {
        let (start, end) = (
            moment("2026-10-20T14:00:00Z"),
            moment("2026-10-20T15:30:00Z"),
        );
        for form in [
            "2026-10-20THH:MM:SS.NNNNNNZ INFO x\n",
            "2026-10-20 HH:MM:SS,NNN WARN some text\n",
            "[2026-10-20 HH:MM:SS +0000] some text\n",
            "Oct 20 HH:MM:SS node-01 kubelet[1]: x\n",
            "{\"a\":1,\"ts\":\"2026-10-20THH:MM:SSZ\"}\n",
        ] {
            let line = |number: usize| {
                form.replace("HH", &format!("{:02}", 12 + number / 100))
                    .replace("MM", &format!("{:02}", number % 60))
                    .replace("SS", &format!("{:02}", number * 7 % 60))
                    .replace("NNNNNN", &format!("{:06}", number * 4999))
                    .replace("NNN", &format!("{:03}", number))
            };
            let log: String = (0..400).map(line).collect();
            let known = known(Tz::UTC, &log, start, end);
            // the last hour is partly in; a field is read each time
            let expected = if form.starts_with('{') {
                0..1
            } else {
                250..300
            };
            assert!(expected.contains(&known), "{known}: {form}");
        }
    }

    #[test]
    fn of_an_hour_that_the_window_cuts_most_minutes_are_known() {
        let (start, end) = (
            moment("2026-10-20T14:20:30Z"),
            moment("2026-10-20T14:40:00Z"),
        );
        let line = |number: usize| {
            let (minute, second) = (number / 60, number % 60);
            format!("2026-10-20T14:{minute:02}:{second:02}Z some text\n")
        };
        let log: String = (0..3600).map(line).collect();
        let known = known(Tz::UTC, &log, start, end);
        // a few lines of each minute are read, and all of the one that the start cuts
        assert!((3200..3540).contains(&known), "{known}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn what_is_known_is_what_the_dater_says(
            zone in prop::sample::select(&[Tz::UTC, Tz::Europe__Zurich, Tz::Australia__Lord_Howe][..]),
            form in prop::sample::select(&["D T@", "DTT@", "[D T@]", "D T PM@", "D TF@", "D T:123@", "T D@", "x D T@"][..]),
            tails in prop::collection::vec(prop::sample::select(&["Z ", " +0100 ", "+02:00 ", " ", " UTC 2025 x", ".5 ", ",12 ", "1 ", " AM ", " 2025 ", ""][..]), 1..3),
            day in 24u32..27,
            hours in prop::collection::vec(0u32..5, 1..4),
            minutes in prop::collection::vec((0u32..62, 0u32..62, 0u32..1000), 1..80),
            window in (0i64..9 * 3600, 0i64..5 * 3600),
        ) {
            // the night in which clocks go back lies among these days
            let log: String = minutes.iter().enumerate().map(|(number, (minute, second, fraction))| {
                let hour = hours[number * hours.len() / minutes.len()];
                let line = form
                    .replace('D', &format!("2026-10-{day}"))
                    .replace('T', &format!("{hour:02}:{minute:02}:{second:02}"))
                    .replace('F', &format!(".{fraction:03}"))
                    .replace('@', tails[number % tails.len()]);
                format!("{line} and some more text\n")
            }).collect();
            let start = Moment { seconds: moment("2026-10-24T20:00:00Z").seconds + i64::from(day - 24) * 86_400 + window.0, nanos: 0 };
            let end = Moment { seconds: start.seconds + window.1, nanos: 0 };
            known(zone, &log, start, end);
        }
    }
}
