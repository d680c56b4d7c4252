//! When this machine was started: the kernel's messages count from there.

use std::fs;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};

/// To the second; `None` where the system does not say.
#[must_use]
pub fn started_at() -> Option<DateTime<Utc>> {
    // later answers would differ by a second, as the clock is set right
    static STARTED_AT: LazyLock<Option<DateTime<Utc>>> =
        LazyLock::new(|| in_statistics(&fs::read_to_string("/proc/stat").ok()?));
    *STARTED_AT
}

/// The field `btime` of `/proc/stat`, see proc_stat(5).
fn in_statistics(text: &str) -> Option<DateTime<Utc>> {
    let seconds = text.lines().find_map(|line| line.strip_prefix("btime "))?;
    DateTime::from_timestamp(seconds.trim().parse().ok()?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_when_it_was_started() {
        let text = "cpu  1 2 3\nctxt 5\nbtime 1795161600\nprocesses 7\n";
        let expected = "2026-11-20T08:00:00Z".parse().ok();
        assert_eq!(in_statistics(text), expected);
        assert_eq!(in_statistics("cpu 1\n"), None);
        assert!(started_at().is_none_or(|at| at <= Utc::now()));
    }
}
