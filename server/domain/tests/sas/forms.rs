//! What is taken for a SAS URL, and what is read from it.

use domain::DestinationKind;
use domain::sas::{SasUrl, Severity};

use crate::shapes::{SHAPES, SIG, SIGNATURE, full_verdict, look, utc, verdict};

const QUERY: &str = "sv=2024-11-04&se=2028-11-18T22:00:00Z&sr=c&sp=rwl";

fn at(address: &str) -> String {
    format!("{address}?{QUERY}&sig={SIG}")
}

fn good() -> String {
    at("https://contosologs.blob.core.windows.net/east-1")
}

#[test]
fn every_real_shape_is_taken_and_read() {
    for shape in &SHAPES {
        let name = shape.name;
        let inspection = look(&shape.url());
        let worst = inspection
            .findings
            .iter()
            .map(|finding| finding.severity)
            .max();
        assert!(
            worst.is_none_or(|worst| worst == Severity::Information),
            "{name}: {worst:?}"
        );
        let url = inspection.url.expect(name);
        assert_eq!(
            (url.account(), url.container()),
            (shape.account, shape.container),
            "{name}"
        );
        assert_eq!(
            url.permissions().map(|rights| rights.letters()).as_deref(),
            shape.letters,
            "{name}"
        );
        assert_eq!(url.expires_at(), shape.expires_at.map(utc), "{name}");
        let summary = url.summary(DestinationKind::SasUrl);
        assert_eq!(
            summary.place,
            format!("{}/{}", shape.account, shape.container),
            "{name}"
        );
    }
}

#[test]
fn what_is_exposed_is_a_fixed_point() {
    for shape in &SHAPES {
        let url = SasUrl::parse(&shape.url()).expect(shape.name);
        let again = SasUrl::parse(url.expose()).expect(shape.name);
        assert_eq!(again.expose(), url.expose());
        assert!(again.same_container(&url));
        assert!(
            url.expose().ends_with(&format!("&sig={SIG}")),
            "{}",
            shape.name
        );
    }
}

#[test]
fn containers_are_the_same_whatever_the_query_says() {
    let url = |text: &str| SasUrl::parse(text).expect(text);
    let one = url(&good());
    let renewed = good().replace("2028", "2030");
    assert!(one.same_container(&url(&renewed)));
    for other in [
        at("https://contosologs.blob.core.windows.net/east-2"),
        at("https://contosologs2.blob.core.windows.net/east-1"),
        at("https://contosologs.blob.core.windows.net:8443/east-1"),
    ] {
        assert!(!one.same_container(&url(&other)), "{other}");
    }
}

#[test]
fn traces_of_copying_are_left_out() {
    let good = good();
    let plain = SasUrl::parse(&good).expect("good").expose().to_owned();
    for (text, expected) in [
        (format!("  {good}\r\n"), vec!["information sp"]),
        (format!("\u{feff}{good}"), vec!["information sp"]),
        (
            format!("\"{good}\""),
            vec!["information URL", "information sp"],
        ),
        (
            format!(" “{good}” \n"),
            vec!["information URL", "information sp"],
        ),
        (
            format!("<{good}>"),
            vec!["information URL", "information sp"],
        ),
        (
            good.replace("&sr", "\r\n  &sr"),
            vec!["information URL", "information sp"],
        ),
        (
            good.replace("east-1", "east\u{200b}-1"),
            vec!["information URL", "information sp"],
        ),
        (
            good.replace('&', "&amp;"),
            vec!["information URL", "information sp"],
        ),
        (
            format!("{good}&restype=container&comp=list"),
            vec!["information URL", "information sp"],
        ),
    ] {
        assert_eq!(full_verdict(&text), expected, "{text:?}");
        let url = look(&text).url.expect("taken");
        assert_eq!(url.expose(), plain, "{text:?}");
    }
}

#[test]
fn the_signature_is_brought_into_its_one_encoding() {
    let expected = good();
    for (sig, repaired) in [
        (SIG.to_owned(), false),
        (SIGNATURE.to_owned(), false),
        (
            SIG.replace("%2F", "%2f")
                .replace("%2B", "%2b")
                .replace("%3D", "%3d"),
            false,
        ),
        (SIGNATURE.replace('=', "%3D"), false),
        (SIGNATURE.replace('+', " "), true),
        (SIGNATURE.replace('+', "%20"), true),
        (SIG.replace('%', "%25"), true),
    ] {
        let text = expected.replace(SIG, &sig);
        let inspection = look(&text);
        let url = inspection
            .url
            .unwrap_or_else(|| panic!("{text}: {:?}", inspection.findings));
        assert_eq!(url.expose(), expected, "{text}");
        let says = inspection
            .findings
            .iter()
            .any(|f| f.parameter.as_deref() == Some("sig"));
        assert_eq!(says, repaired, "{text}");
    }
}

#[test]
fn a_url_that_was_encoded_twice_is_put_right_in_all_its_parameters() {
    let query = "spr=https%2Chttp&sv=2024-11-04&se=2028-11-18T22%3A00%3A00Z&sr=c&sp=rwl";
    let once = good().replace(QUERY, query);
    let twice = once.replace('%', "%25");
    assert_eq!(look(&twice).url.expect("taken").expose(), once);
    assert_eq!(verdict(&twice), verdict(&once));
    assert!(full_verdict(&twice).contains(&"information sig".to_owned()));
}

#[test]
fn parameter_names_have_no_case() {
    let text = good().replace("&se=", "&SE=").replace("&sig=", "&Sig=");
    assert_eq!(
        look(&text).url.expect("taken").expires_at(),
        Some(utc("2028-11-18T22:00:00Z"))
    );
    assert_eq!(verdict(&format!("{text}&SIG={SIG}")), ["error sig"]);
}

#[test]
fn texts_that_are_no_sas_url() {
    for text in [
        String::new(),
        " \n ".to_owned(),
        "\"\"".to_owned(),
        "hello".to_owned(),
        "https://".to_owned(),
        "https://[::1/east-1?sig=a".to_owned(),
        "C:\\temp\\sas.txt".to_owned(),
        format!("?{QUERY}&sig={SIG}"),
        format!("{QUERY}&sig={SIG}"),
        good().replace("https://", ""),
        good().replace("https://", "https%3A%2F%2F"),
        format!("{} {}", good(), good()),
        format!("{}\n{}", good(), good()),
        format!(
            "BlobEndpoint=https://contosologs.blob.core.windows.net/;SharedAccessSignature={QUERY}&sig={SIG}"
        ),
        good().replace("east-1", "east\u{7}-1"),
        good().replace("east-1", "east\0-1"),
        format!("{}{}", good(), "a".repeat(9000)),
    ] {
        assert_eq!(verdict(&text), ["error URL"], "{text:?}");
    }
}

#[test]
fn addresses_that_cannot_take_a_collection() {
    for address in [
        "http://contosologs.blob.core.windows.net/east-1",
        "ftp://contosologs.blob.core.windows.net/east-1",
        "https://contosologs.blob.core.windows.net",
        "https://contosologs.blob.core.windows.net/",
        "https://contosologs.blob.core.windows.net/$root",
        "https://contosologs.blob.core.windows.net/$web",
        "https://contosologs.blob.core.windows.net/East-1",
        "https://contosologs.blob.core.windows.net/e1",
        "https://contosologs.blob.core.windows.net/-east",
        "https://contosologs.blob.core.windows.net/east--1",
        "https://contosologs.blob.core.windows.net/ea%20st",
        "https://contosologs.blob.core.windows.net/east-1/logs.zip",
        "https://contosologs.blob.core.windows.net/east-1//logs",
        "https://contosologs.dfs.core.windows.net/east-1",
        "https://contosologs.file.core.windows.net/east-1",
        "https://blob.core.windows.net/east-1",
        "https://contosologs-secondary.blob.core.windows.net/east-1",
        "https://contoso_logs.blob.core.windows.net/east-1",
        "https://user@contosologs.blob.core.windows.net/east-1",
        "https://user:word@contosologs.blob.core.windows.net/east-1",
        "https://contosologs.blob.core.windows.net&east-1",
        "http://127.0.0.1:10000/devstoreaccount1",
        "http://127.0.0.1:10000/",
        "http://127.0.0.1:10000/devstoreaccount1/east-1/logs.zip",
    ] {
        assert_eq!(verdict(&at(address)), ["error URL"], "{address}");
    }
    assert_eq!(verdict(&format!("{}#top", good())), ["error URL"]);
    // http elsewhere is refused, and the host is strange as well
    assert_eq!(
        verdict(&at("http://10.0.0.5:10000/devstoreaccount1/east-1")),
        ["error URL", "warning URL"]
    );
}

#[test]
fn hosts_of_clouds_that_nobody_here_knows() {
    for (address, account) in [
        (
            "https://contosologs.blob.east.contoso.example/east-1",
            "contosologs",
        ),
        (
            "https://logs.contoso.example/east-1",
            "logs.contoso.example",
        ),
        ("https://192.0.2.7/contosologs/east-1", "contosologs"),
        (
            "https://azurite:10000/devstoreaccount1/east-1",
            "devstoreaccount1",
        ),
        (
            "https://blob.core.windows.net.evil.example/east-1",
            "blob.core.windows.net.evil.example",
        ),
    ] {
        let text = at(address);
        assert_eq!(verdict(&text), ["warning URL"], "{address}");
        assert_eq!(look(&text).url.expect(address).account(), account);
    }
    for address in [
        "https://contosologs.z13.blob.storage.azure.net/east-1",
        "https://contosologs.privatelink.blob.core.windows.net/east-1",
        "http://devstoreaccount1.blob.localhost:10000/east-1",
        "http://[::1]:10000/devstoreaccount1/east-1",
        "HTTPS://ContosoLogs.Blob.Core.Windows.Net/east-1",
    ] {
        assert!(verdict(&at(address)).is_empty(), "{address}");
    }
}
