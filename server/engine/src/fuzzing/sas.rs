//! SAS URLs: no text makes reading them panic, and nothing that is shown of one holds its secret.

use chrono::{DateTime, TimeDelta};
use domain::sas::{Inspection, SasContext, SasUrl, inspect};
use domain::{DestinationKind, Finding};

/// No part of it is a word that a message could hold by chance.
const SECRET: &str = "Zq7xPl4ntedS3cret0Qz";

/// The bytes are text around the value of `sig`, which stands where the first `\x01` is, or at the end.
pub fn sas(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _any_text = inspect(&text, &context());
    let (before, after) = text.split_once('\u{1}').unwrap_or((&text, ""));
    if before.contains(SECRET) || after.contains(SECRET) {
        return;
    }
    let planted = format!("{before}sig={SECRET}{after}");
    let Inspection { url, findings } = inspect(&planted, &context());
    assert_silent(&format!("{findings:?}"), &planted);
    for Finding {
        parameter,
        problem,
        advice,
        ..
    } in &findings
    {
        assert_silent(&format!("{parameter:?} {problem} {advice}"), &planted);
    }
    match SasUrl::parse(&planted) {
        Ok(url) => assert_url(&url, &planted),
        Err(error) => assert_silent(&format!("{error:?}"), &planted),
    }
    if let Some(url) = url {
        assert_url(&url, &planted);
    }
}

fn context() -> SasContext {
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_777);
    SasContext::for_collection(now)
}

fn assert_url(url: &SasUrl, planted: &str) {
    let summary = url.summary(DestinationKind::SasUrl);
    assert_silent(&format!("{url:?} {url} {summary:?}"), planted);
    // what is read once more means the same
    match SasUrl::parse(url.expose()) {
        Ok(again) => assert_eq!(again.expose(), url.expose(), "{planted:?}"),
        Err(error) => panic!("{planted:?} is a SAS URL, and what is kept of it is none: {error:?}"),
    }
}

fn assert_silent(shown: &str, planted: &str) {
    assert!(!shown.contains(SECRET), "{planted:?} shows: {shown}");
}
