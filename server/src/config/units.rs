//! Sizes and lengths of time as people write them in the configuration.

use std::time::Duration;

/// A size in bytes: `20 GiB`, `512 MiB`, `0`. Units are powers of 1024; a bare number is bytes.
///
/// # Errors
/// A sentence that says what is wrong and how to write it.
pub fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size; write for instance \"512 MiB\" or \"20 GiB\"");
    let (number, unit) = split(text).ok_or_else(wrong)?;
    let shift = match unit {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        "KB" | "kB" | "MB" | "GB" | "TB" => {
            return Err(format!(
                "{text:?} is not a size; sizes are written in KiB, MiB, GiB or TiB"
            ));
        }
        _ => return Err(wrong()),
    };
    number
        .checked_mul(1 << shift)
        .ok_or_else(|| format!("{text:?} is more than this program can count"))
}

/// A length of time: `30s`, `90m`, `4h`, `7d`.
///
/// # Errors
/// A sentence that says what is wrong and how to write it.
pub fn length(text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{text:?} is not a length of time; write for instance \"4h\" or \"30m\"");
    let (number, unit) = split(text).ok_or_else(wrong)?;
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

/// `"20 GiB"` → `(20, "GiB")`.
fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
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
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [
            ("0", 0),
            ("17", 17),
            ("5 MiB", 5 << 20),
            ("20GiB", 20 << 30),
            (" 1  KiB ", 1024),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5 GiB", "4x", "99999999999 TiB"] {
            assert!(size(text).is_err(), "{text}");
        }
        assert!(size("20 GB").is_err_and(|why| why.contains("GiB")));
    }

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
