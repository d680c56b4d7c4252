//! What must hold for any bytes whatever: the bodies of fuzz targets.
//!
//! Each function takes bytes that are meant to mislead, makes an input out of them, and panics where
//! a promise is broken. The tests here run them over the seeds of `fuzz/seeds/` and over generated
//! bytes; `make fuzz` lets libFuzzer look for bytes that reach further. Bytes on which a promise was
//! once broken belong among the seeds.

mod bundles;
mod redaction;
mod sas;
mod stamps;
mod take;

pub use bundles::bundles;
pub use redaction::redaction;
pub use sas::sas;
pub use stamps::stamps;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use proptest::prelude::*;

    fn over_seeds(target: &str, check: fn(&[u8])) {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
        let folder = fs::read_dir(seeds.join(target)).expect("a folder of seeds");
        let mut count = 0;
        for seed in folder {
            let path = seed.expect("an entry").path();
            println!("{}", path.display());
            check(&fs::read(path).expect("a seed"));
            count += 1;
        }
        assert!(count > 0, "{target} has no seeds");
    }

    /// Bytes that look like what is read in the field more often than chance would have it.
    fn bytes(words: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            3 => prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..12),
            1 => "[ -~\n]{0,20}".prop_map(String::into_bytes),
        ];
        prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
    }

    const STAMPS: &[&str] = &[
        "2026-11-20T14:30:00Z ",
        "2026-11-20 13:59:59,999 ",
        "Nov 20 14:30:00 host ",
        "<34>1 2026-11-20T14:30:00.5+02:00 ",
        "[Fri Nov 20 14:30:00.123456 2026] ",
        "20/Nov/2026:14:30:00 +0000",
        "I1120 14:30:00.123456 ",
        "1795185000 ",
        "1795185000123 ",
        "{\"ts\":\"2026-11-20T14:30:00Z\"",
        "{\"time\":1795185000.5}",
        "[12345.678901] ",
        "Feb 29 23:59:60 ",
        "2026-02-30 25:61:61",
        "\n",
        "\r\n",
        "\0",
        " ",
    ];
    const SAS: &[&str] = &[
        "https://",
        "http://127.0.0.1:10000/devstoreaccount1/logs?",
        "account.blob.core.windows.net/logs?",
        "sv=2024-11-04&",
        "sr=c&",
        "sp=rwl&",
        "se=2026-12-01T00:00:00Z&",
        "&amp;",
        "%26sig%3D",
        "?sig=",
        "#",
        "\"",
        " ",
        "\n",
        "%",
        "@",
        "\u{feff}",
        "ä",
    ];
    const SECRETS: &[&str] = &[
        "password=",
        "\"token\": \"",
        "Authorization: ",
        "-----BEGIN RSA PRIVATE KEY-----\n",
        "-----END RSA PRIVATE KEY-----\n",
        "https://user:",
        "@host/",
        "<secret>",
        "\\\"",
        "'",
        "\"",
        "[redacted:",
        "]",
        "&",
        ";",
        "=",
        "\n",
        "\r\n",
        " ",
    ];

    #[test]
    fn seeds_of_all_targets_hold() {
        over_seeds("stamps", super::stamps);
        over_seeds("sas", super::sas);
        over_seeds("redaction", super::redaction);
        over_seeds("bundles", super::bundles);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]

        #[test]
        fn stamps_hold(data in bytes(STAMPS)) {
            super::stamps(&data);
        }

        #[test]
        fn sas_urls_hold(data in bytes(SAS)) {
            super::sas(&data);
        }

        #[test]
        fn redaction_holds(data in bytes(SECRETS)) {
            super::redaction(&data);
        }

        #[test]
        fn redaction_holds_in_plain_surroundings(
            choice in "[A-L][A-Z][A-Z]",
            text in "[a-z0-9 .,\n]{0,60}",
        ) {
            super::redaction(format!("{choice}{text}").as_bytes());
        }
    }
    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

        #[test]
        fn bundles_hold(data in prop::collection::vec(any::<u8>(), 0..100)) {
            super::bundles(&data);
        }
    }
}
