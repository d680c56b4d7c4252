//! Real shapes of SAS URLs, with a signature made up for the tests.

use chrono::{DateTime, Utc};
use domain::sas::{Inspection, SasContext, inspect};

/// Base64 with every character that needs care in a URL.
pub const SIGNATURE: &str = "7DFoL95WGReVL/eKeore/9D+vDct0mhxkWxGxjA4G0U=";
/// The same, percent-encoded.
pub const SIG: &str = "7DFoL95WGReVL%2FeKeore%2F9D%2BvDct0mhxkWxGxjA4G0U%3D";

/// The present time of the tests.
pub const NOW: &str = "2026-11-20T12:00:00Z";

/// A URL without findings other than information, the query's signature left out.
pub struct Shape {
    pub name: &'static str,
    pub unsigned: &'static str,
    pub account: &'static str,
    pub container: &'static str,
    pub letters: Option<&'static str>,
    pub expires_at: Option<&'static str>,
}

impl Shape {
    pub fn url(&self) -> String {
        format!("{}&sig={SIG}", self.unsigned)
    }
}

const fn shape(
    name: &'static str,
    unsigned: &'static str,
    (account, container): (&'static str, &'static str),
    letters: &'static str,
    expires_at: &'static str,
) -> Shape {
    Shape {
        name,
        unsigned,
        account,
        container,
        letters: Some(letters),
        expires_at: Some(expires_at),
    }
}

pub const SHAPES: [Shape; 12] = [
    shape(
        "service SAS of a container",
        "https://contosologs.blob.core.windows.net/east-1?sv=2024-11-04&st=2026-11-18T22:00:00Z&se=2028-11-18T22:00:00Z&sr=c&sp=rwl",
        ("contosologs", "east-1"),
        "rwl",
        "2028-11-18T22:00:00Z",
    ),
    shape(
        "service SAS as the Azure portal writes it",
        "https://contosologs.blob.core.windows.net/east-1?sp=racwdli&st=2026-11-18T22:00:00Z&se=2028-11-18T22:00:00Z&spr=https&sv=2024-11-04&sr=c",
        ("contosologs", "east-1"),
        "racwdli",
        "2028-11-18T22:00:00Z",
    ),
    shape(
        "times percent-encoded, a slash after the container",
        "https://contosologs.blob.core.windows.net/east-1/?sv=2024-11-04&se=2028-11-18T22%3A00%3A00Z&sr=c&sp=rwl&spr=https%2Chttp",
        ("contosologs", "east-1"),
        "rwl",
        "2028-11-18T22:00:00Z",
    ),
    shape(
        "times without seconds and without time",
        "https://contosologs.blob.core.windows.net/east-1?sv=2018-03-28&st=2026-11-18&se=2028-11-18T22:00Z&sr=c&sp=rwdl",
        ("contosologs", "east-1"),
        "rwdl",
        "2028-11-18T22:00:00Z",
    ),
    shape(
        "account SAS",
        "https://contosologs.blob.core.windows.net/east-1?sv=2024-11-04&ss=bfqt&srt=sco&sp=rwdlacupiytfx&se=2028-11-18T22:00:00Z&st=2026-11-18T22:00:00Z&spr=https",
        ("contosologs", "east-1"),
        "racwdxyltfpiu",
        "2028-11-18T22:00:00Z",
    ),
    shape(
        "user delegation SAS, bound by its key",
        "https://contosologs.blob.core.windows.net/east-1?sp=rwl&st=2026-11-20T10:00:00Z&se=2026-11-30T10:00:00Z&skoid=8a2b6d0e-0f3c-4a57-9a6d-0f6ff1f0c3c1&sktid=72f988bf-0000-41af-91ab-2d7cd011db47&skt=2026-11-20T10:00:00Z&ske=2026-11-26T10:00:00Z&sks=b&skv=2024-11-04&spr=https&sv=2024-11-04&sr=c",
        ("contosologs", "east-1"),
        "rwl",
        "2026-11-26T10:00:00Z",
    ),
    Shape {
        name: "stored access policy",
        unsigned: "https://contosologs.blob.core.windows.net/east-1?sv=2024-11-04&si=collect&sr=c",
        account: "contosologs",
        container: "east-1",
        letters: None,
        expires_at: None,
    },
    shape(
        "emulator",
        "http://127.0.0.1:10000/devstoreaccount1/east-1?sv=2024-11-04&se=2028-11-18T22:00:00Z&sr=c&sp=racwdl&spr=https,http",
        ("devstoreaccount1", "east-1"),
        "racwdl",
        "2028-11-18T22:00:00Z",
    ),
    shape(
        "emulator by name",
        "http://localhost:10000/devstoreaccount1/east-1?sv=2024-11-04&se=2028-11-18T22:00:00Z&sr=c&sp=racwdl",
        ("devstoreaccount1", "east-1"),
        "racwdl",
        "2028-11-18T22:00:00Z",
    ),
    shape(
        "cloud of China",
        "https://contosologs.blob.core.chinacloudapi.cn/east-1?sv=2024-11-04&se=2028-11-18&sr=c&sp=rwl",
        ("contosologs", "east-1"),
        "rwl",
        "2028-11-18T00:00:00Z",
    ),
    shape(
        "cloud of the US government",
        "https://contosologs.blob.core.usgovcloudapi.net/east-1?sv=2024-11-04&se=2028-11-18&sr=c&sp=rwl",
        ("contosologs", "east-1"),
        "rwl",
        "2028-11-18T00:00:00Z",
    ),
    shape(
        "appliance",
        "https://contosologs.blob.local.azurestack.external/east-1?sv=2019-07-07&se=2028-11-18&sr=c&sp=rwl",
        ("contosologs", "east-1"),
        "rwl",
        "2028-11-18T00:00:00Z",
    ),
];

pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

pub fn context() -> SasContext {
    SasContext {
        now: utc(NOW),
        needed_until: None,
    }
}

pub fn look(text: &str) -> Inspection {
    inspect(text, &context())
}

/// The findings in short, without information: `error sp`, `warning URL`.
pub fn verdict(text: &str) -> Vec<String> {
    shorten(&look(text), false)
}

/// The findings in short, all of them.
pub fn full_verdict(text: &str) -> Vec<String> {
    shorten(&look(text), true)
}

pub fn shorten(inspection: &Inspection, with_information: bool) -> Vec<String> {
    inspection
        .findings
        .iter()
        .filter(|finding| with_information || finding.severity != domain::Severity::Information)
        .map(|finding| {
            let what = finding.parameter.as_deref().unwrap_or("URL");
            format!("{} {what}", finding.severity.code())
        })
        .collect()
}
