//! The query of a SAS URL, taken apart.
//!
//! Names compare without regard to case, as the service does. Only known names are ever repeated
//! in a finding; values never are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded;

use super::finding::{Finding, Severity};

/// Parameters that a SAS of any kind may have.
const KNOWN: [&str; 31] = [
    "sv", "sr", "sdd", "ss", "srt", "sp", "st", "se", "si", "spr", "sip", "ses", "sig", "skoid",
    "sktid", "skt", "ske", "sks", "skv", "skdutid", "saoid", "suoid", "sduoid", "scid", "srh",
    "srq", "rscc", "rscd", "rsce", "rscl", "rsct",
];

/// Parameters of single requests: they come along when a URL is copied out of a tool's log. They
/// are not signed, and in the way of our own requests.
const OF_REQUESTS: [&str; 9] = [
    "restype",
    "comp",
    "prefix",
    "delimiter",
    "marker",
    "maxresults",
    "include",
    "timeout",
    "api-version",
];

/// Length of an HMAC-SHA-256.
const SIGNATURE_BYTES: usize = 32;

/// The parameters of a SAS, each once, decoded, without those that are empty.
pub(super) struct Parameters {
    /// All but the signature.
    values: Vec<(&'static str, String)>,
    /// Everything that the service is to be sent, the signature in its one right encoding.
    pub query: String,
}

impl Parameters {
    /// Never fails: what is wrong stands in the findings.
    pub(super) fn read(query: &str, findings: &mut Vec<Finding>) -> Self {
        let once = without_second_encoding(query);
        if once.is_some() {
            findings.push(Finding::about(
                "sig",
                Severity::Information,
                "The parameters, the signature (sig) among them, were percent-encoded twice.",
                "This was put right; nothing needs to be done.",
            ));
        }
        let query = once.as_deref().unwrap_or(query);
        let mut parameters = Self {
            values: Vec::new(),
            query: String::with_capacity(query.len()),
        };
        let mut names: Vec<&'static str> = Vec::new();
        let mut doubled: Vec<&'static str> = Vec::new();
        let (mut has_unknown, mut has_request, mut has_signature) = (false, false, false);
        for raw in query.split('&').filter(|raw| !raw.is_empty()) {
            let (name, value) = decode(raw);
            let name = name.to_ascii_lowercase();
            if OF_REQUESTS.contains(&name.as_str()) {
                has_request = true;
                continue;
            }
            let Some(name) = KNOWN.into_iter().find(|known| *known == name) else {
                has_unknown = true;
                parameters.send(raw);
                continue;
            };
            if names.contains(&name) {
                if !doubled.contains(&name) {
                    doubled.push(name);
                }
                continue;
            }
            names.push(name);
            match name {
                _ if value.is_empty() => {}
                "sig" => {
                    has_signature = true;
                    parameters.take_signature(&value, findings);
                }
                _ => {
                    parameters.send(raw);
                    parameters.values.push((name, value));
                }
            }
        }
        if !has_signature {
            findings.push(Finding::about(
                "sig",
                Severity::Error,
                "The signature (sig) is missing.",
                "Paste the whole SAS URL; its end may be missing.",
            ));
        }
        findings.extend(doubled.into_iter().map(is_doubled));
        if has_request {
            findings.push(Finding::whole(
                Severity::Information,
                "The URL had parameters of a single request, for instance comp.",
                "They were left out; nothing needs to be done.",
            ));
        }
        if has_unknown {
            findings.push(Finding::whole(
                Severity::Warning,
                "The URL has a parameter that is not known in a SAS.",
                "Compare it with what support gave you; it may be mangled.",
            ));
        }
        parameters
    }

    /// The value of a parameter, unless it is absent or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.values.iter().find(|(known, _)| *known == name)?;
        Some(value)
    }

    fn send(&mut self, raw: &str) {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(raw);
    }

    fn take_signature(&mut self, value: &str, findings: &mut Vec<Finding>) {
        let finding = |severity, problem: &str, advice: &str| {
            Finding::about("sig", severity, problem, advice)
        };
        let Some((signature, has_plus_restored)) = signature(value) else {
            findings.push(finding(
                Severity::Error,
                "The signature (sig) is damaged: it is not 32 bytes of base64.",
                "Paste the whole SAS URL again; its end may be missing.",
            ));
            return;
        };
        if has_plus_restored {
            findings.push(finding(
                Severity::Information,
                "The signature (sig) had spaces in place of plus signs.",
                "This was put right; nothing needs to be done.",
            ));
        }
        let encoded: String = form_urlencoded::byte_serialize(signature.as_bytes()).collect();
        self.send(&format!("sig={encoded}"));
    }
}

/// A signature in base64, and whether a `+` in it had been taken for an encoded space.
fn signature(value: &str) -> Option<(String, bool)> {
    if is_signature(value) {
        return Some((value.to_owned(), false));
    }
    let plus = value.replace(' ', "+");
    is_signature(&plus).then_some((plus, true))
}

/// The query once encoded, where its signature shows that it is encoded twice.
fn without_second_encoding(query: &str) -> Option<String> {
    let (_, value) = query
        .split('&')
        .map(decode)
        .find(|(name, _)| name.eq_ignore_ascii_case("sig"))?;
    let is_twice = signature(&value).is_none() && signature(&percent_decode(&value)).is_some();
    is_twice.then(|| query.replace("%25", "%"))
}

fn is_signature(text: &str) -> bool {
    STANDARD
        .decode(text)
        .is_ok_and(|bytes| bytes.len() == SIGNATURE_BYTES)
}

/// Name and value of one parameter; a `+` stays a `+`.
fn decode(raw: &str) -> (String, String) {
    let (name, value) = raw.split_once('=').unwrap_or((raw, ""));
    (percent_decode(name), percent_decode(value))
}

fn percent_decode(text: &str) -> String {
    // the form decoder would make spaces of plus signs, and cut at these two
    let guarded = text
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    form_urlencoded::parse(guarded.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned())
        .unwrap_or_default()
}

fn is_doubled(name: &'static str) -> Finding {
    Finding::about(
        name,
        Severity::Error,
        format!("The parameter {name} is there more than once."),
        "Paste the SAS URL once, as support gave it to you.",
    )
}
