//! What the name of a field or of a column says about the time that it holds.
//!
//! A structured record mostly holds several: when it was written, when what it tells of began, when
//! that expires. The wrong one puts a record outside of the window, so the name decides, never the
//! place.

/// So long a name is looked at.
const LONGEST: usize = 48;

/// What time a name speaks of; what is smaller is rather the record's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// The record's own, by a name of [`RECORD`]; those before it come first.
    Record(usize),
    /// A time, of what is not said.
    Telling,
    /// Nothing.
    Plain,
    /// When something began that the record tells of. Programs that write one record for each
    /// request have no other time.
    Begun,
    /// Something else altogether: never the record's.
    Another,
}

/// Names of a record's own time, in lower case, without dashes and underscores.
///
/// First those that only log formats use (Logstash, CLEF, journald), since a program's own data may
/// have a `timestamp` of its own. Then the usual ones, the longer before the shorter, which may be a
/// temperature or a day. Last those of formats that have two: Kubernetes' audit log is written at the
/// stage, which the request came before; its events have either `eventTime` or `lastTimestamp`.
const RECORD: [&str; 25] = [
    "@timestamp",
    "@t",
    "realtimetimestamp",
    "timestamp",
    "ts",
    "time",
    "datetime",
    "eventtime",
    "eventtimestamp",
    "logtime",
    "logtimestamp",
    "asctime",
    "occurredat",
    "loggedat",
    "timegenerated",
    "systemtime",
    "stagetimestamp",
    "requestreceivedtimestamp",
    "lastobservedtime",
    "lasttimestamp",
    "timemillis",
    "epochsecond",
    "$date",
    "t",
    "date",
];

/// Words that make any name speak of something else.
const ANOTHER: [&str; 58] = [
    "exp",
    "expire",
    "expires",
    "expired",
    "expiry",
    "expiration",
    "expiresat",
    "ttl",
    "until",
    "deadline",
    "due",
    "eta",
    "next",
    "nextrun",
    "not",
    "notafter",
    "notbefore",
    "nbf",
    "iat",
    "auth",
    "valid",
    "validfrom",
    "validuntil",
    "validity",
    "renew",
    "renewal",
    "schedule",
    "scheduled",
    "planned",
    "retry",
    "creation",
    "creationdate",
    "birth",
    "birthday",
    "born",
    "built",
    "build",
    "release",
    "released",
    "boot",
    "booted",
    "transition",
    "monotonic",
    "modified",
    "mtime",
    "ctime",
    "atime",
    "since",
    "uptime",
    "runtime",
    "lifetime",
    "cputime",
    "elapsed",
    "duration",
    "latency",
    "timeout",
    "previous",
    "prev",
];

/// Words of what came before the record.
const BEGUN: [&str; 21] = [
    "start",
    "started",
    "starttime",
    "begin",
    "began",
    "begun",
    "first",
    "last",
    "seen",
    "open",
    "opened",
    "create",
    "created",
    "createdat",
    "updated",
    "updatedat",
    "queued",
    "enqueued",
    "submitted",
    "session",
    "login",
];

/// Words of time.
const TELLING: [&str; 13] = [
    "time",
    "timestamp",
    "ts",
    "date",
    "datetime",
    "stamp",
    "at",
    "when",
    "clock",
    "epoch",
    "unix",
    "millis",
    "logged",
];

impl Meaning {
    /// Of a name as it is written: `eventTime`, `event_time`, `EVENT-TIME`.
    pub fn of(name: &[u8]) -> Self {
        if name.is_empty() || name.len() > LONGEST || !name.is_ascii() {
            return Self::Plain;
        }
        let whole: String = name
            .iter()
            .filter(|byte| !matches!(byte, b'_' | b'-' | b' '))
            .map(|byte| char::from(byte.to_ascii_lowercase()))
            .collect();
        if let Some(rank) = RECORD.iter().position(|known| *known == whole) {
            return Self::Record(rank);
        }
        let words = words(name);
        let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
        if has(&ANOTHER) {
            Self::Another
        } else if has(&BEGUN) {
            Self::Begun
        } else if has(&TELLING) || ["time", "timestamp"].iter().any(|end| whole.ends_with(end)) {
            Self::Telling
        } else {
            Self::Plain
        }
    }
}

/// `expiresAt`, `expires_at` and `Expires-At` as `expires` and `at`.
fn words(name: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for byte in name {
        let begins = was_small && byte.is_ascii_uppercase();
        if begins || !byte.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| byte.is_ascii_alphanumeric()) {
            word.push(char::from(byte.to_ascii_lowercase()));
        }
        was_small = byte.is_ascii_lowercase();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whether_it_is_of_the_record() {
        for name in [
            "ts",
            "@timestamp",
            "eventTime",
            "event_time",
            "EVENT-TIME",
            "__REALTIME_TIMESTAMP",
            "_time",
            "lastTimestamp",
        ] {
            let meaning = Meaning::of(name.as_bytes());
            assert!(matches!(meaning, Meaning::Record(_)), "{name}: {meaning:?}");
        }
        for (expected, names) in [
            (
                Meaning::Telling,
                &[
                    "receivedAt",
                    "end_time",
                    "timeUnixNano",
                    "x-date",
                    "endtime",
                ][..],
            ),
            (Meaning::Plain, &["msg", "end", "", "gr\u{f6}\u{df}e"]),
            (
                Meaning::Begun,
                &["start_time", "startTime", "firstTimestamp", "created_at"],
            ),
            (
                Meaning::Another,
                &[
                    "expires_at",
                    "expiresAt",
                    "exp",
                    "notAfter",
                    "not_before",
                    "creationDate",
                    "creationTimestamp",
                    "deadline",
                    "valid_until",
                    "next_run",
                    "uptime_ns",
                    "lastTransitionTime",
                    "__MONOTONIC_TIMESTAMP",
                ],
            ),
        ] {
            for name in names {
                assert_eq!(Meaning::of(name.as_bytes()), expected, "{name}");
            }
        }
    }
}
