use proptest::prelude::*;

use super::super::moment::days_since_1970;
use super::*;

fn wall(text: &str) -> Moment {
    let at: chrono::DateTime<chrono::Utc> = format!("{text}Z").parse().expect("a time");
    at.into()
}

fn read(name: &str, text: &str) -> Option<Stamp> {
    Format::named(name).expect("a format").read(text.as_bytes())
}

fn utc(text: &str) -> Option<Stamp> {
    Some(Stamp::Utc(wall(text)))
}

fn local(text: &str) -> Option<Stamp> {
    Some(Stamp::Local(wall(text)))
}

/// The same without its year.
fn without_year(text: &str) -> Option<Stamp> {
    let at: chrono::DateTime<chrono::Utc> = format!("{text}Z").parse().expect("a time");
    Some(Stamp::Yearless(Yearless {
        month: chrono::Datelike::month(&at),
        day: chrono::Datelike::day(&at),
        second_of_day: u32::try_from(at.timestamp().rem_euclid(86_400)).expect("of a day"),
        nanos: at.timestamp_subsec_nanos(),
    }))
}

#[test]
fn iso_in_its_usual_spellings() {
    for text in [
        "2026-11-20T14:02:03Z x",
        "2026-11-20t14:02:03z",
        "2026-11-20 15:02:03+01:00 x",
        "2026-11-20 15:02:03 +0100 x",
        "2026-11-20 15:02:03+01 x",
        "2026-11-20T09:02:03-0500 x",
        "2026-11-20T15:02:03+01:00[Europe/Zurich] x",
        "2026-11-20 14:02:03 UTC [12] x",
        "2026-11-20 15:02:03 CET [12] x",
        "2026-11-20 16:02:03 CEST x",
        "2026-11-20 09:02:03 EST",
        "2026-11-20 14:02:03 Z x",
        "2026-11-20 15:02:03 +01 [71] LOG:  x",
        "2026-11-20 15:02:03 +01 LOG:  x",
        "2026-11-20 15:02:03 +01,\"olga\",\"db\"",
        "2026-11-20 15:02:03 +01:10.0.0.5(4711):x",
        "2026-11-20 09:02:03 -05",
        "2026-11-20 15:02:03 +01\n",
    ] {
        assert_eq!(read("iso", text), utc("2026-11-20T14:02:03"), "{text}");
    }
    for text in [
        "2026-11-20T14:02:03 x",
        "2026-11-20 14:02:03: x",
        "2026-11-20 14:02:03",
        "2026-11-20\t14:02:03\tx",
        "2026/11/20 14:02:03 [error] x",
        "2026.11.20 14:02:03 x",
        "2026-11-20_14:02:03 x",
        "2026-11-20, 14:02:03 x",
        "2026-11-20 2:02:03 PM x",
        "2026-11-20 14:02:03 IST x",
        "2026-11-20 14:02:03 CETERA x",
        "2026-11-20 14:02:03 -5 is too cold",
        "2026-11-20 14:02:03 -10 dBm",
        "2026-11-20 14:02:03 -10 C",
        "2026-11-20 14:02:03 +12 GB",
        "2026-11-20 14:02:03 +12 items",
        "2026-11-20  14:02:03 x",
        "2026-11-20 14:02:03 Zebra",
        "2026-11-20 14:02:03 +01000 x",
        "2026-11-20 14:02:03, Info",
    ] {
        assert_eq!(read("iso", text), local("2026-11-20T14:02:03"), "{text}");
    }
    assert_eq!(
        read("iso", "2026-11-20 14:02 x"),
        local("2026-11-20T14:02:00")
    );
    assert_eq!(
        read("iis", "2026-11-20 14:02:03 GET /"),
        utc("2026-11-20T14:02:03")
    );
}

#[test]
fn a_number_of_a_message_is_no_year() {
    for text in [
        "Nov 20 14:02:03 SW1 2005: Nov 20 14:02:02: %LINK-3-UPDOWN",
        "Nov 20 14:02:03 2005: %SYS-5-CONFIG_I",
    ] {
        let expected = without_year("2026-11-20T14:02:03");
        assert_eq!(read("syslog", text), expected, "{text}");
    }
    assert_eq!(
        read("syslog", "Fri Nov 20 14:02:03 2026: started"),
        local("2026-11-20T14:02:03")
    );
}

#[test]
fn half_of_the_day_counts_on_a_dial_of_twelve_alone() {
    for (name, text) in [
        ("month_day_year", "11/20/2026 14:02:03 PM x"),
        ("month_day_year", "11/20/2026 14:02:03 AM x"),
        ("iso", "2026-11-20 14:02:03 AM x"),
        ("iso", "2026-11-20 02:02:03 PM x"),
    ] {
        assert_eq!(read(name, text), local("2026-11-20T14:02:03"), "{text}");
    }
    assert_eq!(
        read("month_day_year", "11/20/2026 00:02 AM x"),
        local("2026-11-20T00:02:00")
    );
    assert_eq!(
        read("iso", "2026-11-20 02:30:00 PM: suspend"),
        local("2026-11-20T02:30:00")
    );
}

#[test]
fn twelve_is_the_first_hour_of_each_half() {
    for (text, expected) in [
        ("2026-11-20 12:02:03 AM x", "2026-11-20T00:02:03"),
        ("2026-11-20 12:02:03 PM x", "2026-11-20T12:02:03"),
        ("2026-11-20 1:02:03 am x", "2026-11-20T01:02:03"),
        ("2026/11/20 11:02:03.000PM", "2026-11-20T23:02:03"),
    ] {
        assert_eq!(read("iso", text), local(expected), "{text}");
    }
}

#[test]
fn fractions_down_to_the_nanosecond() {
    for (text, expected) in [
        ("2026-11-20T14:02:03.5Z", utc("2026-11-20T14:02:03.5")),
        (
            "2026-11-20 14:02:03,123 x",
            local("2026-11-20T14:02:03.123"),
        ),
        (
            "2026-11-20 14:02:03:123 x",
            local("2026-11-20T14:02:03.123"),
        ),
        (
            "2026-11-20T14:02:03.1234567899Z",
            utc("2026-11-20T14:02:03.123456789"),
        ),
    ] {
        assert_eq!(read("iso", text), expected, "{text}");
    }
}

#[test]
fn months_by_name() {
    for text in [
        "Nov  2 14:02:03 host x",
        "Nov 02 14:02:03 host x",
        "Nov 2 14:02:03.000 host x",
        "Mon Nov  2 14:02:03 host x",
    ] {
        assert_eq!(
            read("syslog", text),
            without_year("2026-11-02T14:02:03"),
            "{text}"
        );
    }
    for text in [
        "Fri Nov 20 14:02:03 2026] x",
        "Fri Nov 20 14:02:03 IST 2026 x",
        "Nov 20 2026 14:02:03 x",
        "Nov 20, 2026 2:02:03 PM x",
    ] {
        assert_eq!(read("syslog", text), local("2026-11-20T14:02:03"), "{text}");
    }
    assert_eq!(
        read("syslog", "Fri Nov 20 15:02:03 CET 2026"),
        utc("2026-11-20T14:02:03")
    );
    assert_eq!(
        read("syslog", "Fri Nov 20 14:02:03.123456 2026] [core:error]"),
        local("2026-11-20T14:02:03.123456")
    );
    for text in [
        "20/Nov/2026:14:02:03 +0000] x",
        "Fri, 20 Nov 2026 14:02:03 GMT x",
        "20 Nov 2026 15:02:03 +0100",
    ] {
        assert_eq!(read("access", text), utc("2026-11-20T14:02:03"), "{text}");
    }
    assert_eq!(
        read("access", "20-Nov-2026 14:02:03.123 x"),
        local("2026-11-20T14:02:03.123")
    );
    assert_eq!(
        read("access", "20 Nov 14:02:03.123 # x"),
        without_year("2026-11-20T14:02:03.123")
    );
}

#[test]
fn dates_in_numbers() {
    for (name, text, expected) in [
        (
            "month_day_year",
            "11/20/2026 2:02:03 PM x",
            local("2026-11-20T14:02:03"),
        ),
        (
            "month_day_year",
            "11/20/2026, 12:02:03 AM x",
            local("2026-11-20T00:02:03"),
        ),
        (
            "day_month_year",
            "20.11.2026 14:02:03 x",
            local("2026-11-20T14:02:03"),
        ),
        ("month_day_year", "20.11.2026 14:02:03 x", None),
        (
            "spark",
            "17/06/09 20:10:40 INFO x",
            local("2017-06-09T20:10:40"),
        ),
        (
            "android",
            "03-17 16:13:38.811  1702 x",
            without_year("2026-03-17T16:13:38.811"),
        ),
        (
            "klog",
            "I1120 16:56:01.123456       1 main.go:7] x",
            without_year("2026-11-20T16:56:01.123456"),
        ),
        (
            "klog",
            "E20261120 16:56:01.5 1 main.cc:7] x",
            local("2026-11-20T16:56:01.5"),
        ),
        ("compact", "20261120T140203Z x", utc("2026-11-20T14:02:03")),
        ("compact", "20261120 140203 x", local("2026-11-20T14:02:03")),
        (
            "compact",
            "20261120140203.25 x",
            local("2026-11-20T14:02:03.25"),
        ),
        (
            "compact",
            "20261120140203250 x",
            local("2026-11-20T14:02:03.25"),
        ),
        ("compact", "202611201402 x", local("2026-11-20T14:02:00")),
        (
            "compact",
            "081109 203615 148 INFO x",
            local("2008-11-09T20:36:15"),
        ),
        ("compact", "261120  9:36:15 x", local("2026-11-20T09:36:15")),
        (
            "compact",
            "20171223-22:15:29:606|x",
            local("2017-12-23T22:15:29.606"),
        ),
        (
            "compact",
            "20171224-0:7:20:444|x",
            local("2017-12-24T00:07:20.444"),
        ),
    ] {
        assert_eq!(read(name, text), expected, "{name}: {text}");
    }
}

#[test]
fn times_as_one_number() {
    let at = "2026-11-20T14:02:03";
    assert_eq!(read("epoch", "1795183323 x"), utc(at));
    for text in [
        "1795183323.25",
        "1795183323,250000000000",
        "1795183323250,",
        "1795183323250000}",
        "1795183323250000000\"",
    ] {
        assert_eq!(read("epoch", text), utc(&format!("{at}.25")), "{text}");
    }
    assert_eq!(read("epoch_s", "1"), utc("1970-01-01T00:00:01"));
    assert_eq!(
        read("epoch_ms", "1795183323250.5"),
        utc(&format!("{at}.2505"))
    );
    assert_eq!(
        read("epoch_us", "1795183323250000"),
        utc(&format!("{at}.25"))
    );
    assert!(read("epoch_ns", "9999999999999999999").is_some());
    for text in ["0123456789", "179518332", "17951833231", "1795183323a", "x"] {
        assert_eq!(read("epoch", text), None, "{text}");
    }
    let since = Some(Stamp::SinceBoot {
        seconds: 12_345,
        nanos: 678_901_000,
    });
    assert_eq!(read("dmesg", "12345.678901] usb"), since);
    assert_eq!(read("dmesg", "   12345.678901] usb"), since);
    assert_eq!(read("dmesg", "12345] usb"), None);
    assert_eq!(read("dmesg", "12345.678901 usb"), None);
}

#[test]
fn what_only_looks_like_a_stamp_is_none() {
    for text in [
        "",
        "x",
        "2026-11-20",
        "2026-13-20T14:02:03Z",
        "2026-02-29T14:02:03Z",
        "2026-11-20T24:02:03Z",
        "2026-11-20T14:62:03Z",
        "2026-11-20T14:02:61Z",
        "2026-11-20T14:02:033Z",
        "2026-11/20T14:02:03Z",
        " 2026-11-20T14:02:03Z",
        "Nov 31 14:02:03 x",
        "Nov 20 14:02 x and more",
        "Nove20 14:02:03",
        "Nov20 14:02:03",
        "Frida Nov 20 14:02:03",
        "31/Jun/2026:14:02:03",
        "13-17 16:13:38.811",
        "03-17 16:13",
        "I1320 16:56:01.1",
        "20261120",
        "20261120-1",
        "20261320T140203Z",
        "99/99/99 20:10:40",
        "13/13/2026 14:02:03",
    ] {
        for format in &FORMATS {
            if format.name != "epoch_s" && !format.name.starts_with("epoch_") {
                assert_eq!(
                    format.read(text.as_bytes()),
                    None,
                    "{}: {text}",
                    format.name
                );
            }
        }
    }
}

/// Ways to print a moment for a format, and what of the moment survives: as `strftime` writes it.
const PRINTED: [(&str, &str, u32); 24] = [
    ("iso", "%Y-%m-%dT%H:%M:%S%.9fZ", 1),
    ("iso", "%Y-%m-%d %H:%M:%S,%3f", 1_000_000),
    ("iso", "%Y/%m/%d %H:%M:%S", 1_000_000_000),
    ("syslog", "%b %e %H:%M:%S", 1_000_000_000),
    ("syslog", "%a %b %d %H:%M:%S%.6f %Y", 1_000),
    ("syslog", "%b %d, %Y %I:%M:%S %p", 1_000_000_000),
    ("access", "%d/%b/%Y:%H:%M:%S +0000", 1_000_000_000),
    ("access", "%a, %d %b %Y %H:%M:%S GMT", 1_000_000_000),
    ("klog", "I%m%d %H:%M:%S%.6f", 1_000),
    ("spark", "%y/%m/%d %H:%M:%S", 1_000_000_000),
    ("month_day_year", "%m/%d/%Y %I:%M:%S %p", 1_000_000_000),
    ("day_month_year", "%d.%m.%Y %H:%M:%S%.3f", 1_000_000),
    ("month_day_yy", "%m/%d/%y %H:%M:%S:%3f", 1_000_000),
    ("day_month_yy", "%d.%m.%y %H:%M:%S", 1_000_000_000),
    ("android", "%m-%d %H:%M:%S%.3f", 1_000_000),
    ("compact", "%Y%m%dT%H%M%S%.3fZ", 1_000_000),
    ("compact", "%y%m%d %H%M%S", 1_000_000_000),
    ("compact_mdy", "%m%d%y %H%M%S", 1_000_000_000),
    ("compact_dmy", "%d%m%y %H:%M:%S", 1_000_000_000),
    ("compact", "%Y%m%d-%-H:%-M:%-S:%3f", 1_000_000),
    ("compact", "%Y%m%d%H%M%S", 1_000_000_000),
    ("epoch", "%s", 1_000_000_000),
    ("epoch", "%s%.9f", 1),
    ("epoch", "%s%3f", 1_000_000),
];

proptest! {
    #[test]
    fn what_a_format_prints_it_reads_and_no_other_does(
        seconds in 1_000_000_000_i64..3_000_000_000,
        nanos in 0_u32..1_000_000_000,
        (name, form, unit) in prop::sample::select(&PRINTED[..]),
        tail in prop::sample::select(vec!["", " x", "] x", "\" x"]),
    ) {
        let at = chrono::DateTime::from_timestamp(seconds, nanos).expect("in the calendar");
        let text = format!("{}{tail}", at.format(form));
        let moment = Moment { seconds, nanos: nanos - nanos % unit };
        let agrees = match read(name, &text) {
            Some(Stamp::Utc(read) | Stamp::Local(read)) => read == moment,
            Some(Stamp::Yearless(read)) => {
                let year = i64::from(chrono::Datelike::year(&at));
                let days = days_since_1970(year, read.month, read.day);
                moment == Moment { seconds: days * 86_400 + i64::from(read.second_of_day), nanos: read.nanos }
            }
            _ => false,
        };
        prop_assert!(agrees, "{name}: {text} -> {:?}", read(name, &text));
        let others = FORMATS.iter().filter(|format| format.trust != Trust::ByName && format.name != name);
        for other in others {
            let are_orders = ORDERS.iter().any(|names| names.contains(&name) && names.contains(&other.name));
            prop_assert!(are_orders || other.read(text.as_bytes()).is_none(), "{}: {text}", other.name);
        }
    }

    #[test]
    fn any_bytes_are_a_stamp_or_none(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for format in &FORMATS {
            let _ = format.read(&bytes);
        }
    }

    #[test]
    fn mutated_stamps_never_panic(
        seconds in 1_000_000_000_i64..3_000_000_000,
        (_, form, _) in prop::sample::select(&PRINTED[..]),
        at: prop::sample::Index,
        byte: u8,
        cut in 0_usize..45,
    ) {
        let printed = chrono::DateTime::from_timestamp(seconds, 7).expect("in the calendar");
        let mut line = printed.format(form).to_string().into_bytes();
        let at = at.index(line.len());
        line[at] = byte;
        line.truncate(cut);
        for format in &FORMATS {
            let _ = format.read(&line);
        }
    }
}
