//! Whatever the text: findings, never a panic, and never anything of the secret.

use domain::sas::{Inspection, SasContext, SasUrl, inspect};
use domain::{DestinationChoice, DestinationKind};
use proptest::prelude::*;

use crate::shapes::{SHAPES, SIG, SIGNATURE, context, look};

/// Everything that may be shown of an inspection.
fn shown(inspection: &Inspection) -> String {
    let mut text = format!("{inspection:?}");
    text += &serde_json::to_string(&inspection.findings).expect("findings are plain data");
    if let Some(url) = &inspection.url {
        let summary = url.summary(DestinationKind::SasUrl);
        text += &format!("{url} {url:?} {summary:?}");
        text += &format!("{:?}", DestinationChoice::SasUrl(url.clone()));
        text += &serde_json::to_string(&summary).expect("a summary is plain data");
    }
    text
}

/// Neither the signature, in either spelling, nor a quarter of it.
fn betrays(shown: &str) -> bool {
    [SIG, SIGNATURE].into_iter().any(|secret| {
        (0..=secret.len() - 11).any(|start| shown.contains(&secret[start..start + 11]))
    })
}

/// The promises that hold for every text.
fn keeps_its_promises(text: &str, context: &SasContext) {
    let inspection = inspect(text, context);
    assert!(!betrays(&shown(&inspection)), "{text}");
    let has_error = inspection.findings.iter().any(|finding| finding.is_error());
    assert_eq!(inspection.url.is_none(), has_error, "{text}");
    for finding in &inspection.findings {
        for sentence in [&finding.problem, &finding.advice] {
            assert!(
                sentence.ends_with('.') && sentence.len() < 160,
                "{sentence}"
            );
        }
    }
    if let Some(url) = inspection.url {
        let again = SasUrl::parse(url.expose()).expect("a fixed point");
        assert_eq!(again.expose(), url.expose());
        assert_eq!(again.to_string(), url.to_string());
        assert!(url::Url::parse(url.expose()).is_ok_and(|parsed| parsed.as_str() == url.expose()));
    }
}

#[test]
fn the_address_is_shown_and_the_query_is_not() {
    for shape in &SHAPES {
        let inspection = look(&shape.url());
        assert!(!betrays(&shown(&inspection)), "{}", shape.name);
        let url = inspection.url.expect(shape.name);
        let address = shape.unsigned.split('?').next().unwrap_or_default();
        let expected = format!("{}?‹secret›", address.trim_end_matches('/'));
        assert_eq!(url.to_string(), expected);
        assert_eq!(format!("{url:?}"), expected);
        assert_eq!(format!("{url:#?}"), expected);
        assert!(url.expose().contains(SIG));
    }
}

/// A way to damage a text.
#[derive(Clone, Debug)]
enum Mutation {
    Delete(usize, usize),
    Duplicate(usize, usize),
    Insert(usize, String),
    Swap(usize, usize),
    Replace(usize, u8),
    PercentEncode(usize),
    PercentDecode,
    ReverseParameters,
    DropParameter(usize),
    MoveToHost,
    Uppercase,
}

impl Mutation {
    /// Works on characters, so that what comes out is a text again.
    fn apply(&self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        let length = chars.len().max(1);
        match self {
            Self::Delete(at, count) => {
                let start = at % length;
                chars.drain(start.min(chars.len())..(start + count).min(chars.len()));
            }
            Self::Duplicate(at, count) => {
                let start = (at % length).min(chars.len());
                let copy: Vec<char> = chars[start..(start + count).min(chars.len())].to_vec();
                chars.splice(start..start, copy);
            }
            Self::Insert(at, text) => {
                let start = (at % length).min(chars.len());
                chars.splice(start..start, text.chars());
            }
            Self::Swap(one, other) => {
                if !chars.is_empty() {
                    chars.swap(one % length, other % length);
                }
            }
            Self::Replace(at, byte) => {
                if let Some(place) = chars.get_mut(at % length) {
                    *place = char::from(*byte);
                }
            }
            Self::PercentEncode(at) => {
                if let Some(place) = chars.get(at % length).copied() {
                    let mut buffer = [0; 4];
                    let bytes = place.encode_utf8(&mut buffer).bytes();
                    let escape: String = bytes.map(|byte| format!("%{byte:02X}")).collect();
                    chars.splice(at % length..=at % length, escape.chars());
                }
            }
            Self::PercentDecode => {
                return text
                    .replace("%2F", "/")
                    .replace("%2B", "+")
                    .replace("%3D", "=");
            }
            Self::ReverseParameters => {
                if let Some((head, query)) = text.split_once('?') {
                    let reversed: Vec<&str> = query.split('&').rev().collect();
                    return format!("{head}?{}", reversed.join("&"));
                }
            }
            Self::DropParameter(which) => {
                if let Some((head, query)) = text.split_once('?') {
                    let mut left: Vec<&str> = query.split('&').collect();
                    left.remove(which % left.len());
                    return format!("{head}?{}", left.join("&"));
                }
            }
            Self::MoveToHost => return text.replacen(['?', '/'], "", 3),
            Self::Uppercase => return text.to_uppercase(),
        }
        chars.into_iter().collect()
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0_usize..600;
    prop_oneof![
        (at.clone(), 1_usize..60).prop_map(|(at, count)| Mutation::Delete(at, count)),
        (at.clone(), 1_usize..200).prop_map(|(at, count)| Mutation::Duplicate(at, count)),
        (
            at.clone(),
            "[?&=/#@:% +\"'\n\t.$a-]{1,4}|%[0-9a-zA-Z]{2}|&amp;|."
        )
            .prop_map(|(at, text)| Mutation::Insert(at, text)),
        (at.clone(), at.clone()).prop_map(|(one, other)| Mutation::Swap(one, other)),
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        at.clone().prop_map(Mutation::PercentEncode),
        at.prop_map(Mutation::DropParameter),
        Just(Mutation::PercentDecode),
        Just(Mutation::ReverseParameters),
        Just(Mutation::MoveToHost),
        Just(Mutation::Uppercase),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_whatever(text in any::<String>()) {
        keeps_its_promises(&text, &context());
    }

    #[test]
    fn any_query_whatever(query in "([a-z]{0,5}(=[^&]{0,20})?&?){0,8}") {
        keeps_its_promises(&format!("https://contosologs.blob.core.windows.net/east-1?{query}"), &context());
    }

    #[test]
    fn any_address_whatever(address in "[a-z]{0,6}:?/{0,3}[a-zA-Z0-9.:@\\[\\]%-]{0,30}[^?]{0,20}") {
        keeps_its_promises(&format!("{address}?sv=2024-11-04&sr=c&sp=rwl&se=2028-01-01&sig={SIG}"), &context());
    }

    #[test]
    fn damaged_real_shapes(
        shape in 0..SHAPES.len(),
        mutations in prop::collection::vec(mutation(), 1..8),
    ) {
        let damaged = mutations
            .iter()
            .fold(SHAPES[shape].url(), |text, mutation| mutation.apply(&text));
        keeps_its_promises(&damaged, &context());
    }

    #[test]
    fn any_time_whatever(now in -8_000_000_000_000_i64..8_000_000_000_000, until in any::<i32>()) {
        let now = chrono::DateTime::from_timestamp(now, 0).expect("within the calendar");
        let needed_until = now.checked_add_signed(chrono::TimeDelta::seconds(until.into()));
        for shape in &SHAPES {
            keeps_its_promises(&shape.url(), &SasContext { now, needed_until });
        }
    }
}

#[test]
fn every_cut_of_a_real_shape() {
    for shape in &SHAPES {
        let url = shape.url();
        for at in 0..url.len() {
            keeps_its_promises(&url[..at], &context());
            keeps_its_promises(&url[at..], &context());
        }
    }
}
