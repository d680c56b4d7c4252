//! Generated logs, of which the generator knows the truth.

use chrono::TimeDelta;
use domain::Window;
use proptest::prelude::*;

use super::super::{Unstamped, WindowFilter};
use super::*;

/// How a generated log writes its stamps; `{}` is where the stamp goes, behind it its form.
const WRITTEN: [(&str, &str); 14] = [
    ("{} INFO x", "%Y-%m-%dT%H:%M:%S%.3fZ"),
    ("INFO [main thread] {} - x", "%Y-%m-%d %H:%M:%S,%3f"),
    ("{} node-1 app[7]: x", "%b %e %H:%M:%S"),
    ("<13>1 {} node-1 app - - x", "%Y-%m-%dT%H:%M:%S%.6f+00:00"),
    ("[{}] [core:error] x", "%a %b %d %H:%M:%S%.6f %Y"),
    ("10.0.0.5 - - [{}] \"GET /\" 200", "%d/%b/%Y:%H:%M:%S +0000"),
    ("{} x", "%m/%d/%Y %I:%M:%S %p"),
    ("I{}       1 main.go:7] x", "%m%d %H:%M:%S%.6f"),
    ("{} INFO Executor: x", "%y/%m/%d %H:%M:%S"),
    ("{}|x|7|y", "%Y%m%d-%H:%M:%S:%3f"),
    ("{}  1702  2395 D Window: x", "%m-%d %H:%M:%S%.3f"),
    ("type=A msg=audit({}:456): x", "%s%.3f"),
    ("{\"msg\":\"x\",\"time\":{}}", "%s%3f"),
    ("level=info ts=\"{}\" msg=x", "%Y-%m-%dT%H:%M:%S%.9fZ"),
];

/// What follows a record's first line.
const TRAILING: [&str; 7] = [
    "\tat com.contoso.Store.open(Store.java:7)",
    "  at 2026-01-01 00:00:00 it was whole",
    "Caused by: torn since 2021-01-01 10:00:00 at least",
    "",
    "\r",
    "caf\u{e9} \0 x",
    "    2026-11-20T14:30:00Z",
];

proptest! {
    /// The truth comes from the generator alone: no part of the filter helps to tell it.
    #[test]
    fn a_window_is_what_was_written_in_it(
        (form, stamp) in prop::sample::select(&WRITTEN[..]),
        records in prop::collection::vec((-5400_i64..5400, prop::collection::vec(prop::sample::select(&TRAILING[..]), 0..3)), 12..80),
        chunk in 1_usize..5000,
        ends_with_newline: bool,
    ) {
        let window = Window::new(utc("2026-11-20T14:00:00Z"), utc("2026-11-20T15:00:00Z")).expect("in order");
        let (mut log, mut expected) = (Vec::new(), Vec::new());
        for (number, (offset, trailing)) in records.iter().enumerate() {
            let at = utc("2026-11-20T14:30:00Z") + TimeDelta::seconds(*offset);
            let mut text = form.replace("{}", &at.format(stamp).to_string()) + "\n";
            // far fewer lines go on with a record than begin one
            if number % 10 == 9 {
                text.extend(trailing.iter().map(|line| format!("{line}\n")));
            }
            if number + 1 == records.len() && !ends_with_newline {
                text.pop();
            }
            if window.start() <= at && at < window.end() {
                expected.extend_from_slice(text.as_bytes());
            }
            log.extend_from_slice(text.as_bytes());
        }
        let clock = Clock::new(Tz::UTC, utc("2026-11-21T00:00:00Z"));
        let mut filter = WindowFilter::new(&window, Dater::new(clock, None), Unstamped::TakeWhole);
        let mut out = Vec::new();
        for piece in log.chunks(chunk) {
            filter.push(piece, &mut out).expect("memory");
        }
        filter.finish(&mut out).expect("memory");
        prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&expected));
    }

    /// A search jumps about: what was asked before must not matter.
    #[test]
    fn a_line_is_dated_by_itself(
        lines in prop::collection::vec((prop::sample::select(&LINES[..]), 0_usize..200, any::<u8>()), 1..60),
        learned in 0_usize..60,
    ) {
        let lines: Vec<Vec<u8>> = lines
            .into_iter()
            .map(|((_, line), at, byte)| {
                let mut line = line.as_bytes().to_vec();
                if let Some(old) = line.get_mut(at) {
                    *old = byte;
                }
                line
            })
            .collect();
        let mut taught = dater(None);
        taught.learn(&lines[..learned.min(lines.len())].join(&b'\n'));
        let mut running = taught.clone();
        for line in &lines {
            prop_assert_eq!(running.moment(line), taught.clone().moment(line));
        }
    }

    #[test]
    fn any_bytes_can_be_learned_and_dated(
        sample in prop::collection::vec(any::<u8>(), 0..600),
        line in "[\\[{\"( ]{0,3}(ts|time|t)?[=:\" ]{0,3}[0-9TZ:./ -]{0,40}[\\]})\"]{0,3}",
        format in prop::option::of("%[YymbdeHIpMSfLzZasTFDR](.?%[YymbdeHIpMSfLzZasTFDR ]){0,6}"),
    ) {
        let format = format.and_then(|format| format.parse::<TimeFormat>().ok());
        let clock = Clock::new(Tz::Australia__Lord_Howe, utc("2026-11-21T00:00:00Z"));
        let mut dater = Dater::new(clock, format.as_ref());
        dater.learn(&sample);
        dater.learn(line.as_bytes());
        let _ = (dater.moment(line.as_bytes()), dater.moment(&sample));
    }
}
