//! The configuration's own word on how stamps are written.

use super::super::TimeKey;
use super::*;

#[test]
fn a_source_s_own_word_overrules() {
    let expected = Some(utc("2026-11-20T13:02:03Z"));
    for (format, line) in [
        ("%d.%m.%y %H-%M-%S", "20.11.26 14-02-03 x"),
        (
            "[%d %b %Y, %I:%M:%S.%f %p]",
            "[20 Nov 2026, 02:02:03.000 PM] x",
        ),
        ("%Y %m %e %R:%S %z", "x: (2026 11 20 15:02:03 +0200) x"),
        ("%a %F %T %Z", "Fri 2026-11-20 13:02:03 UTC x"),
        ("%F %T %Z", "2026-11-20 15:02:03 EET x"),
        ("%F %T %Z", "2026-11-20 15:02:03 +0200 x"),
        ("%F %T %Z", "2026-11-20 15:02:03 +02 x"),
        // a name of several zones: the source's counts
        ("%F %T %Z", "2026-11-20 14:02:03 IST x"),
        ("%s.%f", "1795179723.000 x"),
        ("%m%d %H:%M:%S", "1120 14:02:03 x"),
        ("%D %T", "11/20/26 14:02:03 x"),
        ("iis", "2026-11-20 13:02:03 x"),
        ("log4j", "x 2026-11-20 14:02:03,000"),
        ("epoch_ms", r#"{"ts":1795179723000}"#),
        ("%d.%m.%Y %H:%M:%S", r#"{"time":"20.11.2026 14:02:03"}"#),
    ] {
        let mut dater = taught(line, Some(format));
        assert_eq!(at(&mut dater, line), expected, "{format}: {line}");
        assert_eq!(at(&mut dater, "Nov 20 14:02:03 x"), None, "{format}");
    }
}

#[test]
fn a_format_that_cannot_know_every_zone_says_which_it_knows() {
    let caution = |format: &str| format.parse::<TimeFormat>().expect("a format").caution();
    let told = caution("%F %T %Z").expect("a caution");
    assert!(
        told.contains("UTC, GMT, CET") && told.contains("time_zone"),
        "{told}"
    );
    for format in ["%F %T %z", "iso"] {
        assert_eq!(caution(format), None, "{format}");
    }
}

#[test]
fn a_wrong_word_is_answered_with_what_is_allowed() {
    for (text, expected) in [
        ("isoo", "write one of iso, syslog"),
        ("", "write one of iso, syslog"),
        ("%d.%m %Q", "%Q is not known; use %Y"),
        ("%d.%m.%Y", "an hour"),
        ("%H:%M:%S", "a month"),
        ("%d.%m.%Y %I:%M", "%I with %p"),
        ("50%", "% is not known"),
    ] {
        let error = text.parse::<TimeFormat>().expect_err("no format");
        assert!(error.contains(expected), "{error}");
    }
}

fn keyed(key: &str, log: &str) -> Dater {
    let clock = Clock::new(Tz::UTC, utc("2026-11-21T00:00:00Z"));
    let key: TimeKey = key.parse().expect("a key");
    let mut dater = Dater::with(clock, None, Some(&key));
    dater.learn(log.as_bytes());
    dater
}

#[test]
fn a_source_s_own_word_on_the_field_overrules() {
    let expected = Some(utc("2026-11-20T13:02:03Z"));
    let (now, old) = ("2026-11-20T13:02:03Z", "2020-01-01T00:00:00Z");
    for (key, names, form) in [
        ("fired", "", r#"{"ts":"OLD","fired":"NOW"}"#),
        (
            "fired",
            "",
            r#"{"ts":"OLD","a":[{"fired":"OLD"}],"fired":"NOW"}"#,
        ),
        (
            "timeUnixNano",
            "",
            r#"{"ts":"OLD","a":[{"timeUnixNano":"1795179723000000000"}]}"#,
        ),
        ("expires_at", "", r#"{"ts":"OLD","expires_at":1795179723}"#),
        ("fired", "", "OLD level=info ts=OLD fired=NOW"),
        (
            "SystemTime",
            "",
            "<Event When='OLD'><TimeCreated SystemTime='NOW'/>",
        ),
        ("fired", "ts,fired,text\n", "OLD,NOW,x"),
        ("fired at", "ts;\"fired at\"\n", "OLD;\"NOW\""),
        ("fired", "# ts|fired\n", "OLD|NOW"),
        ("2", "", "OLD|NOW|x"),
        ("3", "time,a,b\n", "OLD,x,1795179723"),
    ] {
        let line = form.replace("NOW", now).replace("OLD", old);
        let mut dater = keyed(key, &format!("{names}{line}\n"));
        assert_eq!(at(&mut dater, &line), expected, "{key}: {line}");
        // nothing else is a stamp there
        for other in [
            old,
            r#"{"ts":"2020-01-01T00:00:00Z"}"#,
            "x ts=2020-01-01T00:00:00Z",
        ] {
            assert_eq!(at(&mut dater, other), None, "{key}: {other}");
        }
    }
}

#[test]
fn files_without_the_field_are_dated_as_they_show() {
    for line in [
        "2026-11-20 13:02:03 started",
        r#"{"ts":"2026-11-20T13:02:03Z","when":"x"}"#,
    ] {
        for key in ["when", "7"] {
            let mut dater = keyed(key, line);
            assert_eq!(
                at(&mut dater, line),
                Some(utc("2026-11-20T13:02:03Z")),
                "{key}: {line}"
            );
        }
    }
}

#[test]
fn a_key_is_a_name_or_a_number() {
    for good in ["@timestamp", "event time", "1", "Maßnahme um"] {
        assert!(good.parse::<TimeKey>().is_ok(), "{good}");
    }
    for (bad, expected) in [
        ("", "eventTime"),
        ("a\"b", "eventTime"),
        ("ts=", "eventTime"),
        ("0", "from \"1\" on"),
    ] {
        let error = bad.parse::<TimeKey>().expect_err("no key");
        assert!(error.contains(expected), "{error}");
    }
}
