//! Stamps and the window: no bytes make the filter panic, the pieces that they come in change
//! nothing, whole lines come out in file order, and of a plain log just what a plain filter takes.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::Window;

use super::take;
use crate::window::{Dater, Dating, Unstamped, WindowFilter};

const ZONES: [Tz; 4] = [
    Tz::UTC,
    Tz::Europe__Zurich,
    Tz::Australia__Lord_Howe,
    Tz::America__St_Johns,
];

/// Five bytes choose zone, window and pieces; what follows is a log.
pub fn stamps(mut data: &[u8]) {
    let zone = ZONES[take::index(&mut data, ZONES.len())];
    let start = noon() + TimeDelta::minutes(i64::from(take::word(&mut data)));
    let end = start + TimeDelta::minutes(1 + i64::from(take::byte(&mut data)));
    let log = data.get(1..).unwrap_or_default();
    any_log(zone, start, end, log, data);
    plain_log(start, end, log, data);
}

fn noon() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_777) + TimeDelta::hours(12)
}

fn any_log(zone: Tz, start: DateTime<Utc>, end: DateTime<Utc>, log: &[u8], mut pieces: &[u8]) {
    let whole = filtered(zone, start, end, log, &mut [0].as_slice());
    let in_pieces = filtered(zone, start, end, log, &mut pieces);
    assert!(in_pieces == whole, "pieces change what comes out");
    // whole lines, in order
    let mut lines = log.split_inclusive(|byte| *byte == b'\n');
    for line in whole.split_inclusive(|byte| *byte == b'\n') {
        assert!(
            lines.any(|known| known == line),
            "{:?} is no line of the log, or not in its order",
            String::from_utf8_lossy(line)
        );
    }
}

/// Each byte of `recipe` is a line: most are stamped, some minutes around the window's start; the
/// others go with the one before.
fn plain_log(start: DateTime<Utc>, end: DateTime<Utc>, recipe: &[u8], mut pieces: &[u8]) {
    let (mut log, mut expected, mut keep) = (Vec::new(), Vec::new(), false);
    for (number, byte) in recipe.iter().enumerate() {
        let line = if number > 0 && *byte >= 200 {
            "    wrapped text\n".to_owned()
        } else {
            let at = start + TimeDelta::minutes(i64::from(*byte) - 40);
            keep = start <= at && at < end;
            format!("{} a line\n", at.format("%Y-%m-%dT%H:%M:%SZ"))
        };
        log.extend_from_slice(line.as_bytes());
        if keep {
            expected.extend_from_slice(line.as_bytes());
        }
    }
    let found = filtered(Tz::UTC, start, end, &log, &mut pieces);
    assert!(
        found == expected,
        "of {}, from {start} to {end}, comes {}",
        String::from_utf8_lossy(&log),
        String::from_utf8_lossy(&found)
    );
}

fn filtered(
    zone: Tz,
    start: DateTime<Utc>,
    end: DateTime<Utc>,
    log: &[u8],
    pieces: &mut &[u8],
) -> Vec<u8> {
    let window = Window::new(start, end).expect("in order");
    let dating = Dating {
        zone,
        format: None,
        key: None,
    };
    let dater = Dater::of(&dating, end + TimeDelta::hours(1));
    let mut filter = WindowFilter::new(&window, dater, Unstamped::TakeWhole);
    let mut out = Vec::new();
    take::in_pieces(pieces, log, |piece| {
        filter
            .push(piece, &mut out)
            .expect("a vector takes every write");
    });
    filter.finish(&mut out).expect("a vector takes every write");
    out
}
