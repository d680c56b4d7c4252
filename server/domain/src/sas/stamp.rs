//! Times as a SAS writes them: `2026-11-20`, `2026-11-20T10:00Z`, `2026-11-20T10:00:00Z`.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

/// A time in UTC; a date alone means its midnight. `None` for anything that is written otherwise.
///
/// Fractions of a second, which some tools write, are taken as well.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    let Some((day, clock)) = text.split_once('T') else {
        return Some(date(text)?.and_time(NaiveTime::MIN).and_utc());
    };
    let clock = clock.strip_suffix('Z')?;
    let form = match clock.len() {
        5 => "%H:%M",
        8 => "%H:%M:%S",
        10..=16 if clock.as_bytes().get(8) == Some(&b'.') => "%H:%M:%S%.f",
        _ => return None,
    };
    // chrono would also take signs, spaces and single digits
    let is_plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.');
    if !clock.bytes().all(is_plain) {
        return None;
    }
    let clock = NaiveTime::parse_from_str(clock, form).ok()?;
    Some(date(day)?.and_time(clock).and_utc())
}

/// `2026-11-20`.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let is_plain = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    if text.len() != 10 || !text.bytes().enumerate().all(is_plain) {
        return None;
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_service_s_forms_are_read_as_utc() {
        for (text, expected) in [
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-20T10:00Z", "2026-11-20T10:00:00Z"),
            ("2026-11-20T10:00:59Z", "2026-11-20T10:00:59Z"),
            (
                "2026-11-20T10:00:59.1234567Z",
                "2026-11-20T10:00:59.1234567Z",
            ),
            ("2028-02-29", "2028-02-29T00:00:00Z"),
        ] {
            assert_eq!(time(text), Some(expected.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "T",
            "TZ",
            "2026",
            "2026-11",
            "20-11-2026",
            "2026-11-31",
            "2027-02-29",
            "2026-1-20",
            "+2026-1-20",
            "2026-11-20Z",
            "2026-11-20T10:00",
            "2026-11-20T10Z",
            "2026-11-20 10:00Z",
            "2026-11-20T24:00Z",
            "2026-11-20T10:60Z",
            "2026-11-20T 1:00Z",
            "2026-11-20T10:00:00+01:00",
            "2026-11-20T10:00:00ZZ",
            "2026-11-20T10:00:00.Z",
            "٢٠٢٦-11-20",
            " 2026-11-20",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(text in ".*", form in "[0-9T:.Z+-]{0,30}") {
            let _ = (time(&text), time(&form), date(&text), date(&form));
        }

        #[test]
        fn what_was_written_comes_back(seconds in 0_i64..253_402_300_799) {
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            prop_assert_eq!(time(&at.format("%Y-%m-%dT%H:%M:%SZ").to_string()), Some(at));
        }
    }
}
