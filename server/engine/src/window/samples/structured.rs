//! Structured lines that hold several times, of which one is the record's.

use super::*;

const OLD: &str = "2026-01-05T08:00:00Z";
const TOMORROW: &str = "2026-11-21T13:02:03Z";
const NOW: &str = "2026-11-20T13:02:03Z";

/// Dates each line of a log that is repeated; `OLD`, `TOMORROW` and `NOW` stand for times.
fn dated(lines: &[&str]) -> Vec<Option<DateTime<Utc>>> {
    let lines: Vec<String> = (lines.iter())
        .map(|line| {
            line.replace("OLD", OLD)
                .replace("TOMORROW", TOMORROW)
                .replace("NOW", NOW)
        })
        .collect();
    let mut dater = taught(&format!("{}\n", lines.join("\n")).repeat(9), None);
    lines.iter().map(|line| at(&mut dater, line)).collect()
}

#[test]
fn a_time_of_something_else_is_not_the_records() {
    let now = Some(utc(NOW));
    for line in [
        r#"{"expires_at":"TOMORROW","msg":"renewed","ts":"NOW"}"#,
        r#"{"exp":1795266123,"msg":"renewed","ts":1795179723}"#,
        r#"{"notAfter":"TOMORROW","notBefore":"OLD","time":"NOW"}"#,
        r#"{"next_run":"TOMORROW","level":"INFO","at":"NOW"}"#,
        r#"{"deadline":"TOMORROW","written":"NOW"}"#,
        r#"{"valid_until":"TOMORROW","birth":"OLD","when":"NOW"}"#,
        r#"{"start_time":"OLD","end_time":"NOW"}"#,
        r#"{"startTime":"OLD","time":"NOW","created_at":"OLD"}"#,
        r#"{"time":"NOW","t":1767600000,"date":"2026-01-05 08:00:00"}"#,
        r#"{"date":"2026-01-05 08:00:00","t":1767600000,"timestamp":"NOW"}"#,
        "expires_at=TOMORROW msg=renewed ts=NOW",
        "start_time=OLD level=info time=NOW",
        "level=info msg=\"retry of ts=OLD failed\" ts=NOW",
        "not_after=TOMORROW level=info at NOW",
        "node-1 renewed not_after=\"TOMORROW\" at NOW",
        r#"node-1 {"expires_at":"TOMORROW","when":"NOW"}"#,
    ] {
        assert_eq!(dated(&[line]), [now], "{line}");
    }
}

#[test]
fn a_field_of_the_record_counts_for_more_than_one_of_what_it_holds() {
    let now = Some(utc(NOW));
    for line in [
        // CloudTrail
        r#"{"eventVersion":"1.08","userIdentity":{"type":"AssumedRole","sessionContext":{"attributes":{"creationDate":"OLD","mfaAuthenticated":"false"}}},"eventTime":"NOW","eventSource":"s3.amazonaws.com"}"#,
        // Kubernetes' audit log
        r#"{"kind":"Event","requestObject":{"metadata":{"creationTimestamp":"OLD","managedFields":[{"time":"OLD"}]}},"requestReceivedTimestamp":"OLD","stageTimestamp":"NOW"}"#,
        r#"{"request":{"time":"OLD","@timestamp":"OLD"},"time":"NOW"}"#,
        r#"{"labels":["a{","b\"}"],"object":{"timestamp":"OLD"},"timestamp":"NOW"}"#,
        r#"{"msg":"got {\"ts\":\"OLD\"} and [","ts":"NOW"}"#,
        r#"{"items":[{"ts":"OLD"},{"ts":"TOMORROW"}],"received":"NOW"}"#,
        // what only an object within tells
        r#"{"expires":"TOMORROW","metadata":{"timestamp":"NOW"}}"#,
        r#"{"log":"OLD restored\n","stream":"stdout","time":"NOW"}"#,
    ] {
        assert_eq!(dated(&[line]), [now], "{line}");
    }
}

#[test]
fn events_of_kubernetes_are_of_when_they_were_last_seen() {
    let event = |rest: &str| {
        format!(
            r#"{{"metadata":{{"name":"web","creationTimestamp":"OLD"}},"reason":"BackOff",{rest}}}"#
        )
    };
    let old = event(r#""firstTimestamp":"OLD","lastTimestamp":"NOW","eventTime":null"#);
    let new = event(r#""firstTimestamp":null,"lastTimestamp":null,"eventTime":"NOW""#);
    let now = Some(utc(NOW));
    assert_eq!(dated(&[&old, &new]), [now, now]);
    assert_eq!(dated(&[&old]), [now]);
    // nothing but when the object was made: it shares the fate of the one before
    let none = event(r#""eventTime":null"#);
    assert_eq!(dated(&[&old, &none]), [now, None]);
}

#[test]
fn a_line_that_tells_only_of_other_times_has_none_of_its_own() {
    for line in [
        r#"{"expires_at":"TOMORROW","subject":"CN=node-1"}"#,
        r#"{"metadata":{"creationTimestamp":"OLD"},"kind":"Pod"}"#,
        r#"{"Records":[{"eventTime":"OLD"},{"eventTime":"NOW"}]}"#,
        r#"{"user":{"created":"OLD","name":"olga"}}"#,
        r#"{"id":1795179723,"serial":"1795179723000"}"#,
        "not_after=TOMORROW subject=node-1",
    ] {
        assert_eq!(dated(&[line]), [None], "{line}");
    }
    // when it began is better than nothing, where the record has it as its own
    let line = r#"{"method":"GET","start_time":"NOW","duration":5}"#;
    assert_eq!(dated(&[line]), [Some(utc(NOW))]);
}
