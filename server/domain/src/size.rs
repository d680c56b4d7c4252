//! Sizes in bytes as people write them, in the configuration and in forms.

/// Reads a size: `20 GiB`, `512 MiB`, `0`. Units are powers of 1024; a bare number is bytes.
///
/// # Errors
/// A sentence that says what is wrong and how to write it.
pub fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is not a size; write for instance \"512 MiB\" or \"20 GiB\"");
    let (number, unit) = number_and_unit(text).ok_or_else(wrong)?;
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

/// A size in the greatest unit that holds it without rest: what [`parse`] reads back.
#[must_use]
pub fn write(size: u64) -> String {
    for (shift, name) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if size > 0 && size.is_multiple_of(1 << shift) {
            return format!("{} {name}", size >> shift);
        }
    }
    size.to_string()
}

/// `"20 GiB"` → `(20, "GiB")`.
#[must_use]
pub fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let number = text[..end].parse().ok()?;
    Some((number, text[end..].trim_start()))
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
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "MiB", "-1", "1.5 GiB", "4x", "99999999999 TiB"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("20 GB").is_err_and(|why| why.contains("GiB")));
    }

    #[test]
    fn written_sizes_are_read_back() {
        for size in [0, 1, 1023, 1024, 1025, 5 << 20, 3 << 40, u64::MAX] {
            assert_eq!(parse(&write(size)), Ok(size));
        }
    }
}
