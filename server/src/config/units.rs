//! Sizes and lengths of time as people write them in the configuration.

use std::time::Duration;

use domain::size::number_and_unit;
pub use domain::size::parse as size;

/// A length of time: `30s`, `90m`, `4h`, `7d`.
///
/// # Errors
/// A sentence that says what is wrong and how to write it.
pub fn length(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is not a length of time; write for instance \"4h\" or \"30m\"");
    let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    match number.checked_mul(seconds) {
        // a hundred years: more is a slip of the finger, and would not fit into a calendar
        Some(length) if length <= 100 * 366 * 86_400 => Ok(Duration::from_secs(length)),
        _ => Err(format!("{text:?} is longer than a hundred years")),
    }
}

/// A length of time in the greatest unit that holds it without rest: what [`length`] reads back.
#[must_use]
pub fn write_length(length: Duration) -> String {
    let seconds = length.as_secs();
    for (unit, name) in [(86_400, "d"), (3600, "h"), (60, "m")] {
        if seconds > 0 && seconds.is_multiple_of(unit) {
            return format!("{}{name}", seconds / unit);
        }
    }
    format!("{seconds}s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_number_and_one_unit() {
        for (text, seconds) in [
            ("30s", 30),
            ("90m", 5400),
            ("4h", 14_400),
            ("7 d", 604_800),
            ("0s", 0),
        ] {
            assert_eq!(length(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "4",
            "4x",
            "h",
            "1h30m",
            "-4h",
            "1.5h",
            "18446744073709551615d",
        ] {
            assert!(length(text).is_err(), "{text}");
        }
    }

    #[test]
    fn written_lengths_are_read_back() {
        for seconds in [0, 1, 59, 60, 5400, 14_400, 604_800, 604_801] {
            let given = Duration::from_secs(seconds);
            assert_eq!(length(&write_length(given)), Ok(given));
        }
    }
}
