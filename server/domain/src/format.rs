//! Numbers for people.

/// A size in binary units with three significant digits: `0 B`, `734 B`, `1.25 MiB`, `188 MiB`.
#[must_use]
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if size < 1024 {
        return format!("{size} B");
    }
    #[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = size as f64;
    let mut unit = "B";
    for next in UNITS {
        value /= 1024.0;
        unit = next;
        // 1023.6 would be shown as `1024`, so the next unit takes over from there
        if value < 1023.5 {
            break;
        }
    }
    match value {
        v if v < 9.995 => format!("{v:.2} {unit}"),
        v if v < 99.95 => format!("{v:.1} {unit}"),
        v => format!("{v:.0} {unit}"),
    }
}

/// A reason, which has neither a capital nor a full stop, as a sentence.
#[must_use]
pub fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(char::to_uppercase);
    let mut sentence: String = first.into_iter().flatten().chain(letters).collect();
    if !sentence.ends_with(['.', '!', '?', '…']) {
        sentence.push('.');
    }
    sentence
}

/// A size that is not known exactly, with two significant digits: `730 B`, `1.2 GiB`.
#[must_use]
pub fn rough_bytes(size: u64) -> String {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    #[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mut value = size as f64;
    let mut unit = 0;
    // 1023.6 would be shown as `1000`, so the next unit takes over where two digits would lie
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let value = match value {
        v if v < 9.95 && unit > 0 => format!("{v:.1}"),
        v if v < 99.5 => format!("{v:.0}"),
        v => format!("{:.0}", (v / 10.0).round() * 10.0),
    };
    format!("{value} {}", UNITS[unit])
}

/// A length of time that is not known exactly: `a few seconds`, `about 40 s`, `about 2 min`.
#[must_use]
pub fn rough_seconds(length: u64) -> String {
    match length {
        0..10 => "a few seconds".to_owned(),
        10..55 => format!("about {} s", length.div_ceil(5) * 5),
        55..5400 => format!("about {} min", (length + 30) / 60),
        5400..172_800 => format!("about {} h", (length + 1800) / 3600),
        _ => format!("about {} days", (length + 43_200) / 86_400),
    }
}

/// A length of time with its two greatest units: `0 s`, `42 s`, `3 min 5 s`, `4 h`, `7 days`.
#[must_use]
pub fn seconds(length: i64) -> String {
    let sign = if length < 0 { "-" } else { "" };
    let length = length.unsigned_abs();
    let (days, hours, minutes, rest) = (
        length / 86_400,
        length / 3600 % 24,
        length / 60 % 60,
        length % 60,
    );
    let two = |great: String, small: u64, unit: &str| {
        if small == 0 {
            great
        } else {
            format!("{great} {small} {unit}")
        }
    };
    let text = if days > 0 {
        two(
            format!("{days} {}", if days == 1 { "day" } else { "days" }),
            hours,
            "h",
        )
    } else if hours > 0 {
        two(format!("{hours} h"), minutes, "min")
    } else if minutes > 0 {
        two(format!("{minutes} min"), rest, "s")
    } else {
        format!("{rest} s")
    };
    format!("{sign}{text}")
}

/// A whole number with thin groups of three: `1 234 567`.
#[must_use]
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reason_becomes_a_sentence() {
        assert_eq!(sentence("paused by olga"), "Paused by olga.");
        assert_eq!(sentence("Ünder way."), "Ünder way.");
    }

    #[test]
    fn sizes_keep_three_digits_and_never_show_1024() {
        for (size, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.00 KiB"),
            (10 * 1024 * 1024, "10.0 MiB"),
            (188 * 1024 * 1024, "188 MiB"),
            (1024 * 1024 - 1, "1.00 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(size), text);
        }
    }

    #[test]
    fn lengths_show_two_units_at_most() {
        for (length, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (185, "3 min 5 s"),
            (4 * 3600, "4 h"),
            (86_400 + 3600 + 59, "1 day 1 h"),
            (7 * 86_400, "7 days"),
            (-90, "-1 min 30 s"),
        ] {
            assert_eq!(seconds(length), text);
        }
    }

    #[test]
    fn rough_figures_have_two_digits() {
        for (size, text) in [
            (0, "0 B"),
            (734, "730 B"),
            (1000, "1.0 KiB"),
            (1_288_490_189, "1.2 GiB"),
            (94_371_840, "90 MiB"),
            (1023 * 1024 * 1024, "1.0 GiB"),
            (188 * 1024 * 1024, "190 MiB"),
        ] {
            assert_eq!(rough_bytes(size), text);
        }
        for (length, text) in [
            (1, "a few seconds"),
            (42, "about 45 s"),
            (59, "about 1 min"),
            (117, "about 2 min"),
            (3 * 3600, "about 3 h"),
        ] {
            assert_eq!(rough_seconds(length), text);
        }
    }

    #[test]
    fn counts_are_grouped_from_the_right() {
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
    }

    /// The number that a text with a unit shows, in bytes.
    fn read_back(text: &str) -> f64 {
        let (number, unit) = text.split_once(' ').expect("a unit");
        let power = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
            .iter()
            .position(|known| *known == unit)
            .expect("a known unit");
        number.parse::<f64>().expect("a number")
            * 1024_f64.powi(i32::try_from(power).expect("small"))
    }

    proptest! {
        #[test]
        #[allow(clippy::cast_precision_loss, reason = "compared to half a percent")]
        fn a_shown_size_is_true_to_half_a_percent_and_short(size in any::<u64>(), shift in 0_u32..64) {
            let size = size >> shift;
            let text = bytes(size);
            prop_assert!(text.len() <= 8, "{}", text);
            prop_assert!((read_back(&text) - size as f64).abs() <= size as f64 * 0.005_01, "{}", text);
        }

        #[test]
        fn a_greater_size_never_looks_smaller(one in any::<u64>(), other in any::<u64>(), shift in 0_u32..64) {
            let (small, great) = ((one >> shift).min(other >> shift), (one >> shift).max(other >> shift));
            prop_assert!(read_back(&bytes(small)) <= read_back(&bytes(great)));
        }

        #[test]
        fn a_shown_length_is_short_by_less_than_its_smaller_unit(length in any::<i64>()) {
            let text = seconds(length);
            prop_assert_eq!(text.starts_with('-'), length < 0);
            let words: Vec<&str> = text.trim_start_matches('-').split(' ').collect();
            let shown: u64 = words
                .chunks(2)
                .map(|pair| pair[0].parse::<u64>().expect("a number") * unit_seconds(pair[1]))
                .sum();
            let resolution = match words[1] {
                "day" | "days" => 3600,
                "h" => 60,
                _ => 1,
            };
            prop_assert!(length.unsigned_abs() - shown < resolution, "{}", text);
        }

        #[test]
        fn a_count_keeps_its_digits(number in any::<u64>()) {
            let text = count(number);
            prop_assert_eq!(text.replace('\u{202f}', ""), number.to_string());
            let groups: Vec<&str> = text.split('\u{202f}').collect();
            prop_assert!((1..=3).contains(&groups[0].len()));
            prop_assert!(groups[1..].iter().all(|group| group.len() == 3));
        }
    }

    fn unit_seconds(unit: &str) -> u64 {
        match unit {
            "day" | "days" => 86_400,
            "h" => 3600,
            "min" => 60,
            "s" => 1,
            other => panic!("an unknown unit: {other}"),
        }
    }
}
