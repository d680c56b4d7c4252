//! What is said of parameters, rights and times.

use chrono::TimeDelta;
use domain::sas::{SasContext, SasUrl, inspect};

use crate::shapes::{SIG, context, full_verdict, look, shorten, utc, verdict};

const BASE: &str = "https://contosologs.blob.core.windows.net/east-1?";

fn sas(query: &str) -> String {
    format!("{BASE}{query}&sig={SIG}")
}

fn service(with: &str) -> String {
    sas(&format!("sv=2024-11-04&sr=c{with}"))
}

#[test]
fn rights() {
    for (letters, expected) in [
        ("racwdl", vec![]),
        ("rwl", vec!["information sp"]),
        ("rcl", vec!["warning sp", "information sp"]),
        ("rl", vec!["error sp", "information sp"]),
        ("ral", vec!["error sp", "information sp"]),
        ("wl", vec!["warning sp", "information sp"]),
        ("rw", vec!["warning sp", "information sp"]),
        ("rwdlq", vec!["warning sp"]),
        ("w", vec!["warning sp", "warning sp", "information sp"]),
    ] {
        let text = service(&format!("&se=2028-11-18&sp={letters}"));
        assert_eq!(full_verdict(&text), expected, "{letters}");
    }
}

#[test]
fn a_stored_access_policy_stands_in_for_rights_and_expiry() {
    assert_eq!(full_verdict(&service("")), ["error sp", "error se"]);
    assert_eq!(full_verdict(&service("&si=collect")), ["information si"]);
    assert_eq!(
        full_verdict(&service("&si=collect&sp=rwdl")),
        ["information si"]
    );
    assert_eq!(
        full_verdict(&service("&si=collect&se=2028-11-18")),
        ["information si"]
    );
    assert!(full_verdict(&service("&si=collect&se=2028-11-18&sp=rwdl")).is_empty());
    assert_eq!(verdict(&service("&si=collect&sp=rl")), ["error sp"]);
    assert_eq!(
        verdict(&service("&si=&sp=rwl")),
        ["error se"],
        "an empty name is none"
    );
}

#[test]
fn kinds_of_resource() {
    let with = |sr: &str| sas(&format!("sv=2024-11-04&se=2028-11-18&sp=rwl{sr}"));
    for sr in [
        "",
        "&sr=",
        "&sr=b",
        "&sr=bs",
        "&sr=bv",
        "&sr=d&sdd=1",
        "&sr=f",
        "&sr=s",
        "&sr=C",
        "&sr=x",
    ] {
        assert_eq!(verdict(&with(sr)), ["error sr"], "{sr}");
    }
    // a blob's own URL is told once
    let blob = with("&sr=b").replace("east-1", "east-1/logs.zip");
    assert_eq!(verdict(&blob), ["error sr"]);
}

#[test]
fn account_sas() {
    for (with, expected) in [
        ("&ss=b&srt=co", vec![]),
        ("&ss=qb&srt=sco", vec![]),
        ("&ss=qf&srt=co", vec!["error ss"]),
        ("&srt=co", vec!["error ss"]),
        ("&ss=b", vec!["error srt"]),
        ("&ss=b&srt=s", vec!["error srt"]),
        ("&ss=b&srt=c", vec!["error srt"]),
        ("&ss=b&srt=so", vec!["error srt"]),
        ("&ss=b&srt=co&si=collect", vec!["error si"]),
        ("&ss=b&srt=co&sr=c", vec!["warning sr"]),
    ] {
        let text = sas(&format!("sv=2024-11-04&se=2028-11-18&sp=rwl{with}"));
        assert_eq!(verdict(&text), expected, "{with}");
    }
}

#[test]
fn user_delegation_sas() {
    let key = "&skoid=8a2b&sktid=72f9&skt=2026-11-19T10:00:00Z&ske=2026-11-26T10:00:00Z&sks=b&skv=2024-11-04";
    let with = |key: &str| service(&format!("&sp=rwl&se=2026-11-22{key}"));
    assert!(verdict(&with(key)).is_empty());
    assert_eq!(
        verdict(&with(&key.replace("11-26T10:00:00Z", "11-26T10:00:01Z"))),
        ["error ske"]
    );
    assert_eq!(
        verdict(&with(
            &key.replace("2026-11-26T10:00:00Z", "2026-11-20T11:00:00Z")
        )),
        ["error ske"]
    );
    assert_eq!(
        verdict(&with(
            &key.replace("2026-11-19T10:00:00Z", "2026-11-20T14:00:00Z")
        )),
        ["error skt"]
    );
    assert_eq!(
        verdict(&with(&key.replace("2026-11-19T10:00:00Z", "soon"))),
        ["error skt"]
    );
    assert_eq!(
        verdict(&with(&key.replace("&sktid=72f9", ""))),
        ["error sktid"]
    );
    assert_eq!(verdict(&with(&format!("{key}&si=collect"))), ["error si"]);
}

#[test]
fn malformed_and_missing_values() {
    let good = service("&se=2028-11-18&sp=rwl");
    for (old, new, expected) in [
        ("sv=2024-11-04&", "", "error sv"),
        ("sv=2024-11-04", "sv=latest", "error sv"),
        ("se=2028-11-18", "se=2028-11-18T22:00", "error se"),
        ("se=2028-11-18", "se=18.11.2028", "error se"),
        ("se=2028-11-18", "se=", "error se"),
        ("&sp=rwl", "&sp=", "error sp"),
        ("&sp=rwl", "&sp=rwl&st=now", "error st"),
        ("&sp=rwl", "&sp=rwl&st=2029-01-01", "error se"),
        ("&sp=rwl", "&sp=rwl&spr=http", "error spr"),
        ("&sp=rwl", "&sp=rwl&sip=192.0.2.1-192.0.2.9", "warning sip"),
        ("&sp=rwl", "&sp=rwl&xyz=1", "warning URL"),
        ("&sp=rwl", "&sp=rwl&sp=rwl", "error sp"),
        ("&sp=rwl", "&sp=rwl&sv=2024-11-04&sv=2024-11-04", "error sv"),
        (SIG, "", "error sig"),
        (&format!("&sig={SIG}"), "", "error sig"),
        (SIG, &SIG[..40], "error sig"),
        (SIG, &format!("{SIG}AAAA"), "error sig"),
        (SIG, "REDACTED", "error sig"),
        (SIG, "%zz%00%ff", "error sig"),
    ] {
        let text = good.replace(old, new);
        assert_ne!(text, good, "{old}");
        let found = verdict(&text);
        assert_eq!(
            found.first().map(String::as_str),
            Some(expected),
            "{new}: {found:?}"
        );
    }
    let emulator = format!(
        "http://127.0.0.1:10000/devstoreaccount1/east-1?sv=2024-11-04&sr=c&sp=rwl&se=2028-11-18&spr=https&sig={SIG}"
    );
    assert_eq!(verdict(&emulator), ["error spr"]);
}

#[test]
fn times_against_the_present() {
    let with = |start: &str, end: &str| service(&format!("&sp=rwl&st={start}&se={end}"));
    for (start, end, expected) in [
        ("2026-11-20T12:00:00Z", "2026-11-20T12:00:01Z", vec![]),
        ("2026-11-20T12:00:01Z", "2026-11-21", vec!["warning st"]),
        ("2026-11-20T12:15:00Z", "2026-11-21", vec!["warning st"]),
        ("2026-11-20T12:15:01Z", "2026-11-21", vec!["error st"]),
        ("2026-11-18", "2026-11-20T12:00:00Z", vec!["error se"]),
        ("2026-11-18", "2026-11-20T11:59:59Z", vec!["error se"]),
    ] {
        assert_eq!(verdict(&with(start, end)), expected, "{start} to {end}");
    }
}

#[test]
fn findings_tell_when_and_how_long_in_plain_words() {
    let problem = |text: &str, context: &SasContext| {
        inspect(text, context)
            .findings
            .into_iter()
            .next()
            .map(|finding| finding.problem)
    };
    let text = service("&sp=rwdl&se=2026-11-18T10:00:00Z");
    assert_eq!(
        problem(&text, &context()).as_deref(),
        Some("The SAS URL expired on 18 Nov 2026 10:00 UTC.")
    );
    let text = service("&sp=rwdl&se=2026-11-20T12:35:00Z");
    let needed = SasContext {
        needed_until: Some(utc("2026-11-20T16:00:00Z")),
        ..context()
    };
    assert_eq!(
        problem(&text, &needed).as_deref(),
        Some("The SAS URL ends in 35 min, maybe before the collection is over.")
    );
    assert_eq!(problem(&text, &context()), None);
    let enough = SasContext {
        needed_until: Some(utc("2026-11-20T12:35:00Z")),
        ..needed
    };
    assert_eq!(problem(&text, &enough), None);
}

#[test]
fn a_stored_url_is_judged_by_the_time_of_the_asking() {
    let url = SasUrl::parse(&service("&sp=rwl&se=2026-11-21")).expect("well-formed");
    let later = SasContext {
        now: context().now + TimeDelta::days(1),
        needed_until: None,
    };
    assert!(
        url.check(&context())
            .iter()
            .all(|finding| !finding.is_error())
    );
    assert!(url.check(&later).iter().any(|finding| finding.is_error()));
    assert!(inspect(url.expose(), &later).url.is_none());
    // lapsed and without rights, it is still known for what it is
    let lapsed = SasUrl::parse(&service("&sp=l&se=2020-01-01")).expect("well-formed");
    assert_eq!(lapsed.container(), "east-1");
}

#[test]
fn times_at_the_ends_of_the_calendar_are_judged_too() {
    for now in [
        chrono::DateTime::<chrono::Utc>::MIN_UTC,
        chrono::DateTime::<chrono::Utc>::MAX_UTC,
    ] {
        let context = SasContext {
            now,
            needed_until: Some(now),
        };
        for end in ["0000-01-01", "9999-12-31T23:59:59.9999999Z"] {
            let text = service(&format!("&sp=rwl&se={end}"));
            assert!(!shorten(&inspect(&text, &context), true).is_empty());
        }
    }
}

#[test]
fn the_most_severe_comes_first() {
    let found = look(&service("&sip=192.0.2.1&sp=rl&se=2020-01-01")).findings;
    assert!(found.is_sorted_by(|one, next| one.severity >= next.severity));
    assert_eq!(found.len(), 4);
}
