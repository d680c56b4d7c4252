//! Every kind of secret goes in, and must not come out.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::samples::{AWAITED, CLEAN, HEX, IDENTIFIERS, KEY, SECRETS};
use super::*;

/// What is cleaned, in chunks, and how many secrets of each rule.
pub fn cleaned_in(text: &[u8], chunk: usize) -> (String, Vec<(&'static str, u64)>) {
    let redactor = shared();
    let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
    for piece in text.chunks(chunk) {
        cleaner.push(piece, &mut out).expect("memory");
    }
    cleaner.finish(&mut out).expect("memory");
    let counts = cleaner.counts().iter().map(|(rule, n)| (*rule, *n));
    (out.escape_ascii().to_string(), counts.collect())
}

pub fn shared() -> &'static Redactor {
    static REDACTOR: std::sync::OnceLock<Redactor> = std::sync::OnceLock::new();
    REDACTOR.get_or_init(Redactor::new)
}

pub fn cleaned(text: &str) -> String {
    let mut cleaner = shared().cleaner();
    let mut out = Vec::new();
    cleaner.push(text.as_bytes(), &mut out).expect("memory");
    cleaner.finish(&mut out).expect("memory");
    String::from_utf8(out).expect("text stays text")
}

/// With pseudonyms under one key, kept nowhere.
pub fn with_identifiers() -> Redactor {
    let names = Names::new(&["node-01".to_owned()], &[]);
    let pseudonyms = Pseudonyms::new(&[7; 32], Box::new(Forgetful), &[]);
    shared().with_identifiers(names, pseudonyms)
}

pub fn cleaned_by(redactor: &Redactor, text: &[u8], chunk: usize) -> String {
    shown(&bytes_by(redactor, text, chunk))
}

fn bytes_by(redactor: &Redactor, text: &[u8], chunk: usize) -> Vec<u8> {
    let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
    for piece in text.chunks(chunk) {
        cleaner.push(piece, &mut out).expect("memory");
    }
    cleaner.finish(&mut out).expect("memory");
    out
}

pub fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

#[test]
fn identifiers_give_way_to_equal_pseudonyms_wherever_chunks_end() {
    let redactor = with_identifiers();
    let lines: Vec<_> = IDENTIFIERS.iter().map(|(line, _)| *line).collect();
    let text = format!(
        "{0}\n\n{0}\npassword=hunter2 10.1.2.3\n",
        lines.join("\r\n")
    );
    let whole = cleaned_by(&redactor, text.as_bytes(), usize::MAX);
    for (_, value) in IDENTIFIERS {
        assert!(!whole.contains(value), "{value}: {whole}");
    }
    let (first, rest) = whole.split_once(r"\n\n").expect("two halves");
    assert!(rest.starts_with(first), "{whole}");
    for chunk in 1..text.len() {
        assert_eq!(
            cleaned_by(&redactor, text.as_bytes(), chunk),
            whole,
            "{chunk}"
        );
    }
    let once = bytes_by(&redactor, text.as_bytes(), usize::MAX);
    assert_eq!(cleaned_by(&redactor, &once, usize::MAX), whole);
}

#[test]
fn identifiers_stay_where_nobody_asked() {
    for (line, _) in IDENTIFIERS {
        assert_eq!(cleaned(line), *line);
    }
}

#[test]
fn no_kind_of_secret_comes_out_and_each_is_named() {
    for (rule, text) in SECRETS {
        for (before, after) in [
            ("", ""),
            ("2026-11-20T14:02:03Z app: ", "\n"),
            ("x\n", "\r\nx\n"),
        ] {
            let text = format!("{before}{text}{after}");
            let (out, counts) = cleaned_in(text.as_bytes(), usize::MAX);
            assert!(
                !out.to_ascii_lowercase().contains("hunter2") && !out.contains(HEX),
                "{text} -> {out}"
            );
            assert!(
                out.contains(&format!("[redacted:{rule}]")),
                "{text} -> {out}"
            );
            assert!(
                counts.iter().any(|(name, n)| name == rule && *n > 0),
                "{counts:?}"
            );
        }
    }
}

#[test]
fn what_is_no_secret_stays() {
    for line in CLEAN {
        assert_eq!(cleaned(line), *line);
    }
}

#[test]
fn what_surrounds_a_secret_stays() {
    for (text, expected) in [
        (
            "password=hunter2, user=x",
            "password=[redacted:password], user=x",
        ),
        (
            r#"{"password":"p","n":1}"#,
            r#"{"password":"[redacted:password]","n":1}"#,
        ),
        (
            r#""{\"token\":\"t\",\"n\":1}""#,
            r#""{\"token\":\"[redacted:secret]\",\"n\":1}""#,
        ),
        ("a://u:p@h/x", "a://u:[redacted:url_password]@h/x"),
        ("x?sig=abc&se=1", "x?sig=[redacted:sas_signature]&se=1"),
        (
            "AccountKey=a==;Y=1",
            "AccountKey=[redacted:connection_string];Y=1",
        ),
        ("(token=t) ok", "(token=[redacted:secret]) ok"),
        (
            "<password>p</password>",
            "<password>[redacted:element]</password>",
        ),
        (
            "Cookie: a=1\r\nHost: h\r\n",
            "Cookie: [redacted:cookie]\r\nHost: h\r\n",
        ),
        (
            "Authorization: Bearer t x=1",
            "Authorization: [redacted:authorization] x=1",
        ),
    ] {
        assert_eq!(cleaned(text), expected);
    }
}

#[test]
fn a_private_key_goes_with_its_lines_and_no_more() {
    let crlf = KEY.replace('\n', "\r\n");
    assert_eq!(
        cleaned(&format!("a\n{KEY}b\n")),
        "a\n[redacted:private_key]\nb\n"
    );
    assert_eq!(
        cleaned(&format!("a\r\n{crlf}b\r\n")),
        "a\r\n[redacted:private_key]\r\nb\r\n"
    );
}

#[test]
fn a_private_key_goes_from_lines_that_each_have_something_in_front() {
    for (before, after) in [
        ("Nov 20 14:02:03 node-01 app[7]: ", ""),
        ("2026-11-20T14:02:03Z stdout F ", ""),
        (r#"{"log":""#, r#"\n","stream":"stdout"}"#),
        (r#"{"MESSAGE":""#, r#"","PRIORITY":"6"}"#),
    ] {
        let key: String = KEY
            .lines()
            .map(|line| format!("{before}{line}{after}\n"))
            .collect();
        let text = format!("a\n{key}b\n");
        let (whole, _) = cleaned_in(text.as_bytes(), usize::MAX);
        assert!(!whole.contains("hunter2"), "{whole}");
        assert!(whole.ends_with(r"\nb\n"), "{whole}");
        for chunk in 1..text.len() {
            assert_eq!(cleaned_in(text.as_bytes(), chunk).0, whole, "{chunk}");
        }
    }
    let prose = "{\"msg\":\"no -----BEGIN PRIVATE KEY-----\"}\nkept\n";
    assert!(cleaned(prose).ends_with("\nkept\n"));
}

#[test]
fn tokens_that_are_known_by_digits_alone_are_found() {
    let hex = "0123456789abcdef0123456789abcdef";
    for token in [
        format!("SK{hex}"),
        format!("dapi{hex}"),
        format!("dapi{hex}-3"),
    ] {
        assert_eq!(
            cleaned(&format!("x {token} y")),
            "x [redacted:access_token] y"
        );
    }
}

#[test]
fn cleaning_what_is_clean_changes_nothing() {
    for (_, text) in SECRETS {
        let once = cleaned(text);
        let (_, counts) = cleaned_in(once.as_bytes(), usize::MAX);
        assert_eq!(cleaned(&once), once);
        assert_eq!(counts, [], "{once}");
    }
}

#[test]
fn what_is_left_where_secrets_run_into_each_other_is_clean() {
    for text in [
        r#""token": "password=https://user:"a'<"#,
        r#"authorization: Bearer hunter2passwords: ["a", "hunter2"]"#,
        "Authorization: Bearer hunter2 x=1",
        "-----BEGIN (PRIVATE KEY-----\n-----END \nZ",
        "-----BEGIN PRIVATE KEY-----\\nx\\n-----END PRIVATE KEY-----\\npassword: |\n    hunter2\n",
        // what only begins like a mark is none
        "[redacted:-----BEGIN RSA PRIVATE KEY-----\nx\n-----END RSA PRIVATE KEY-----\npassword='x",
        // a mark is no value, and none ends or begins within it
        "PWD=hunter2;Database=xroot:hunter2@tcp(",
        "mysql -uDriver=x;Pwd={a;hunter2};y",
        "with ghp_aaaaaaaaaaaaaaaaahunter2cookie: \nid AKIAHUNTER2AAAAAAAAA usedcookie: ",
        "password: \nwith bearer aaaaaaaaaaaaahunter2= refused",
        "password=\nx -----BEGIN PRIVATE KEY-----\nMIIEhunter2\n-----END PRIVATE KEY-----\n",
    ] {
        let once = cleaned(text);
        assert!(!once.to_ascii_lowercase().contains("hunter2"), "{once}");
        assert_eq!(cleaned(&once), once);
    }
    let redactor = with_identifiers();
    // pseudonyms may make a scheme, a token, an address of what they join on to
    for text in [
        "paid by 4111 1111 1111 1111://:p@",
        "with xapp-node-01",
        "mac 00:1a:2b:3c:4d:5e@G.aaaa.aa",
        "mac 00:1a:2b:3c:4d:5eeyJhbGciOiJI.eyJzdWIi",
        "Nov 20 14:02:03 h app[7]: password:\nNov 20 14:02:03 h app[7]: hunter2\n",
        "root:$6$salt$m\u{fc}ller@mail.example",
    ] {
        let once = bytes_by(&redactor, text.as_bytes(), usize::MAX);
        assert_eq!(cleaned_by(&redactor, &once, usize::MAX), shown(&once));
    }
}

/// The parts of a pattern between `|` that stand in no brackets.
fn alternatives(pattern: &str) -> Vec<&str> {
    let (mut depth, mut in_class, mut start) = (0, false, 0);
    let mut parts = Vec::new();
    let mut bytes = pattern.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'[' => in_class = true,
            b']' => in_class = false,
            _ if in_class => {}
            b'(' => depth += 1,
            b')' => depth -= 1,
            b'|' if depth == 0 => {
                parts.push(&pattern[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&pattern[start..]);
    parts
}

#[test]
fn every_alternative_of_every_rule_is_shown_by_a_secret() {
    for rule in RULES {
        let samples = SECRETS.iter().filter(|(name, _)| *name == rule.name);
        let samples: Vec<_> = samples.map(|(_, text)| *text).collect();
        for alternative in alternatives(rule.pattern) {
            let regex = rules::builder(alternative).build().expect(alternative);
            let mut lines = samples.iter().flat_map(|text| text.lines());
            let is_shown = lines.any(|line| regex.is_match(line.as_bytes()));
            assert!(is_shown, "{}: {alternative}", rule.name);
        }
    }
}

#[test]
fn what_is_looked_for_across_words_is_looked_for_once() {
    for rule in RULES {
        // up to the next bracket is not far
        let pattern = rule.pattern.replace(r"[^<>]*?\s", "");
        let is_alone = alternatives(&pattern).len() == 1;
        let is_far = [r"*?\s", "[^=]*=", r#"[^"'|;]*["']"#]
            .iter()
            .any(|gap| pattern.contains(gap));
        assert!(is_alone || !is_far, "{}: {}", rule.name, rule.pattern);
    }
}

#[test]
fn a_long_line_of_torn_commands_costs_little_more_than_its_length() {
    let heads = [
        "mysql",
        "curl",
        "redis-cli",
        "sqlplus",
        "ssh-keygen",
        "set password for x",
    ];
    let more = [
        "convertto-securestring",
        "name=\"password\"",
        "&lt;password",
        "--token hunter2",
    ];
    let line: String = heads
        .iter()
        .chain(&more)
        .map(|head| format!("{head} "))
        .collect();
    let (out, counts) = cleaned_in(line.repeat(8000).as_bytes(), usize::MAX);
    assert!(!out.contains("hunter2"));
    assert!(
        counts
            .iter()
            .any(|(rule, n)| *rule == "argument" && *n >= 8000)
    );
}

fn clean_piece() -> BoxedStrategy<Vec<u8>> {
    prop_oneof![
        prop::sample::select(CLEAN).prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
        prop::sample::select(vec![
            &b"\n"[..],
            b"\r\n",
            b" ",
            b"\"",
            b"=",
            b"-----END x-----"
        ])
        .prop_map(<[u8]>::to_vec),
    ]
    .boxed()
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    let secret = prop::sample::select(SECRETS).prop_map(|(_, text)| text.as_bytes().to_vec());
    prop_oneof![secret, clean_piece()]
}

/// Signs and words that begin, join and end values.
const JOINTS: &[&str] = &[
    "\"",
    "'",
    "\\\"",
    "`",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    " ",
    "\t",
    ", ",
    ";",
    "&",
    "|",
    "=",
    ": ",
    " = ",
    "\\",
    "/",
    "@",
    "-",
    "\n",
    "\r\n",
    "password",
    "token",
    "secret",
    "cookie: ",
    "authorization: ",
    "https://u:",
    "sig=",
    "value",
    "name=",
    "--password ",
    "Bearer ",
    "mysql -p",
    "[redacted:secret]",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "10.1.2.3",
    "key",
    "x",
    "2026-11-20T14:02:03Z ",
];

/// A sample, a part of one, or a joint.
fn torn_piece() -> BoxedStrategy<Vec<u8>> {
    let texts = SECRETS.iter().chain(IDENTIFIERS).map(|(_, text)| *text);
    let texts: Vec<_> = texts.chain(AWAITED.iter().copied()).collect();
    let identifiers: Vec<_> = IDENTIFIERS.iter().map(|(text, _)| *text).collect();
    let sample = prop::sample::select(texts);
    let torn = (
        sample.clone(),
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    );
    prop_oneof![
        sample.prop_map(|text| text.as_bytes().to_vec()),
        prop::sample::select(identifiers).prop_map(|text| text.as_bytes().to_vec()),
        torn.prop_map(|(text, one, other)| {
            let (one, other) = (one.index(text.len() + 1), other.index(text.len() + 1));
            text.as_bytes()[one.min(other)..one.max(other)].to_vec()
        }),
        prop::sample::select(JOINTS).prop_map(|text| text.as_bytes().to_vec()),
        prop::sample::select(JOINTS).prop_map(|text| text.as_bytes().to_vec()),
    ]
    .boxed()
}

proptest! {
    #[test]
    fn cleaning_does_not_depend_on_chunks(
        pieces in prop::collection::vec(piece(), 0..12),
        chunk in 1usize..200,
    ) {
        let text = pieces.concat();
        prop_assert_eq!(cleaned_in(&text, chunk), cleaned_in(&text, usize::MAX));
    }

    #[test]
    fn a_secret_is_found_between_any_other_lines(
        before in prop::collection::vec(clean_piece(), 0..6),
        (_, secret) in prop::sample::select(SECRETS),
        after in prop::collection::vec(clean_piece(), 0..6),
    ) {
        let text = [&before.concat(), &b"\n"[..], secret.as_bytes(), b"\n", &after.concat()].concat();
        let (out, _) = cleaned_in(&text, 97);
        prop_assert!(!out.to_ascii_lowercase().contains("hunter2"), "{}", out);
    }

    #[test]
    fn a_secret_is_found_behind_any_text_of_its_line(
        (_, secret) in prop::sample::select(SECRETS),
        before in "[a-zA-Z0-9 .,;|/()-]{0,30} ",
    ) {
        let (out, _) = cleaned_in(format!("{before}{secret}").as_bytes(), usize::MAX);
        prop_assert!(!out.to_ascii_lowercase().contains("hunter2"), "{}", out);
    }

    #[test]
    fn what_was_cleaned_once_is_clean_however_things_run_into_each_other(
        pieces in prop::collection::vec(torn_piece(), 1..10),
    ) {
        static REDACTORS: LazyLock<[Redactor; 2]> =
            LazyLock::new(|| [shared().clone(), with_identifiers()]);
        let text = pieces.concat();
        for redactor in &*REDACTORS {
            let once = bytes_by(redactor, &text, usize::MAX);
            let twice = bytes_by(redactor, &once, usize::MAX);
            prop_assert_eq!(shown(&once), shown(&twice), "{}", shown(&text));
        }
    }
}
