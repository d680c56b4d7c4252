//! Every kind of secret goes in, and must not come out.

use proptest::prelude::*;

use super::cleaner::LINE_LIMIT;
use super::*;

/// What is cleaned, in chunks, and how many secrets of each rule.
fn cleaned_in(text: &[u8], chunk: usize) -> (String, Vec<(&'static str, u64)>) {
    let redactor = shared();
    let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
    for piece in text.chunks(chunk) {
        cleaner.push(piece, &mut out).expect("memory");
    }
    cleaner.finish(&mut out).expect("memory");
    let counts = cleaner.counts().iter().map(|(rule, n)| (*rule, *n));
    (out.escape_ascii().to_string(), counts.collect())
}

fn shared() -> &'static Redactor {
    static REDACTOR: std::sync::OnceLock<Redactor> = std::sync::OnceLock::new();
    REDACTOR.get_or_init(Redactor::new)
}

fn cleaned(text: &str) -> String {
    let mut cleaner = shared().cleaner();
    let mut out = Vec::new();
    cleaner.push(text.as_bytes(), &mut out).expect("memory");
    cleaner.finish(&mut out).expect("memory");
    String::from_utf8(out).expect("text stays text")
}

/// With pseudonyms under one key, kept nowhere.
fn with_identifiers() -> Redactor {
    let names = Names::new(&["node-01".to_owned()], &[]);
    let pseudonyms = Pseudonyms::new(&[7; 32], Box::new(Forgetful), &[]);
    shared().with_identifiers(names, pseudonyms)
}

fn cleaned_by(redactor: &Redactor, text: &[u8], chunk: usize) -> String {
    let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
    for piece in text.chunks(chunk) {
        cleaner.push(piece, &mut out).expect("memory");
    }
    cleaner.finish(&mut out).expect("memory");
    out.escape_ascii().to_string()
}

/// A line of each kind, and what must not be left of it.
const IDENTIFIERS: &[(&str, &str)] = &[
    ("from 10.1.2.3 port", "10.1.2.3"),
    ("at 2001:db8::17 up", "db8"),
    ("mac 00:1a:2b:3c:4d:5e", "1a:2b"),
    ("mail to ann@example.com ok", "ann"),
    ("paid by 4111 1111 1111 1111", "4111"),
    ("on node-01 at noon", "node-01"),
    ("for user alice today", "alice"),
];

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
    let again = whole.replace(r"\r", "\r").replace(r"\n", "\n");
    assert_eq!(cleaned_by(&redactor, again.as_bytes(), usize::MAX), whole);
}

#[test]
fn identifiers_stay_where_nobody_asked() {
    for (line, _) in IDENTIFIERS {
        assert_eq!(cleaned(line), *line);
    }
}

const KEY: &str = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEhunter2\nhunter2AA==\n-----END RSA PRIVATE KEY-----\n";

/// In each line the secret reads `hunter2`, sometimes with more around it.
const SECRETS: &[(&str, &str)] = &[
    ("password", "password=hunter2"),
    ("password", "DB_PASSWORD = hunter2, user=x"),
    ("password", "the Password: hunter2"),
    ("password", "password_confirmation=hunter2"),
    ("password", "passwd:hunter2;x"),
    ("password", "PWD=hunter2;Database=x"),
    (
        "password",
        r#"{"user":"x","password":"hu\"hunter2 and, more","n":1}"#,
    ),
    ("password", r#"{"password" : 'a hunter2'}"#),
    ("password", r#""{\"password\":\"a hunter2\",\"n\":1}""#),
    ("password", r#"password="unterminated hunter2"#),
    ("password", "config['password'] = 'a hunter2'"),
    ("password", "user[password]=hunter2&x=1"),
    ("password", "Login { password: Some(\"a hunter2\"), id: 1 }"),
    ("password", "password => b'hunter2'"),
    ("password", "q=1&password%3Dhunter2"),
    ("password", r#"passwords: ["a", "hunter2"]"#),
    ("password", "Driver=x;Pwd={a;hunter2};y"),
    ("password", r#"{"user":"a","pass":"hunter2"}"#),
    ("password", "pass=hunter2 user=x"),
    ("password", "ENV DB_PASS=hunter2"),
    ("password", r"password=\u0053hunter2"),
    ("password", "\x1b[31mpassword\x1b[0m=hunter2"),
    ("password", "ALTER USER bob WITH PASSWORD 'a hunter2'"),
    ("password", "CREATE USER bob IDENTIFIED BY 'a hunter2'"),
    ("password", "set password \"a hunter2\""),
    ("password", "password\thunter2"),
    ("password", "userPassword:: hunter2+/="),
    ("cookie", "GET /x;jsessionid=hunter2 ok"),
    ("url_password", "dsn root:hunter2@tcp(db:3306)/x"),
    ("argument", "mysql -u root -phunter2 db"),
    ("argument", "sshpass -p hunter2 ssh h"),
    ("argument", "curl -s -u admin:hunter2 http://h"),
    ("secret", "client_secret=hunter2"),
    ("secret", "api-key: hunter2"),
    ("secret", "X-Api-Key: hunter2"),
    ("secret", "apiKey=hunter2"),
    ("secret", "access_key: hunter2"),
    ("secret", "aws_secret_access_key = a/hunter2+b"),
    ("secret", "token: Bearer hunter2"),
    ("secret", "token=1,hunter2,3"),
    ("secret", "token=x{'password':'a hunter2'}"),
    ("secret", "id_token=x&access_token=hunter2&z=1"),
    ("authorization", "authorization: Bearer hunter2"),
    ("authorization", "> Authorization: Basic hunter2=="),
    (
        "authorization",
        r#"{"Authorization":"Bearer hunter2","Host":"h"}"#,
    ),
    (
        "authorization",
        r#""Authorization": ["Bearer hunter2"], "Host": "h""#,
    ),
    (
        "authorization",
        "curl -H 'Authorization: Bearer hunter2' http://h",
    ),
    (
        "authorization",
        r#"Authorization: Digest username="x", response="hunter2""#,
    ),
    (
        "authorization",
        "Authorization: AWS4-HMAC-SHA256 Credential=x, Signature=hunter2",
    ),
    ("authorization", "Proxy-Authorization: hunter2"),
    ("cookie", "Cookie: a=1; session=hunter2"),
    ("cookie", "< set-cookie: sid=hunter2; Path=/; HttpOnly"),
    ("cookie", r#"{"Cookie": "sid=hunter2", "x": 1}"#),
    (
        "connection_string",
        "AccountName=x;AccountKey=ahunter2==;EndpointSuffix=y",
    ),
    (
        "connection_string",
        "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=hunter2=",
    ),
    (
        "sas_signature",
        "PUT https://a.blob.core.windows.net/c?sv=1&sig=hunter2%3D&se=2",
    ),
    ("sas_signature", "?sig=hunter2"),
    ("sas_signature", "x%26sig%3Dhunter2"),
    ("sas_signature", "https://s3/x?X-Amz-Signature=hunter2&y=1"),
    ("sas_signature", r#""sig": "AAAAAAAAAAAAAAAAhunter2A=""#),
    ("url_password", "dial amqp://user:hunter2@host:5672/v"),
    ("url_password", "redis://:p@hunter2@host"),
    (
        "url_password",
        "clone https://AAAAAAAAAAAAAhunter2@host/x.git",
    ),
    ("argument", "exec: app --password hunter2 --verbose"),
    ("password", "app --db-password 'a hunter2'"),
    ("argument", "[\"app\", \"x\"] -token hunter2"),
    ("named_value", r#"<add key="Password" value="a hunter2"/>"#),
    (
        "named_value",
        r#"{"name":"DB_PASSWORD","value":"a hunter2"}"#,
    ),
    ("element", "<Password>a hunter2</Password>"),
    (
        "element",
        r#"<ns:clientSecret type="s">hunter2</ns:clientSecret>"#,
    ),
    ("jwt", "got eyJhbGciOiJI.eyJzdWIiOiIx.hunter2_sig for x"),
    ("cloud_key", "id AKIAHUNTER2AAAAAAAAA used"),
    ("access_token", "with ghp_aaaaaaaaaaaaaaaaahunter2"),
    ("access_token", "with xoxb-1234567890-hunter2"),
    ("access_token", "with glrt-aaaaaaaaaaahunter2"),
    ("access_token", "with xapp-1-A0-hunter2"),
    (
        "access_token",
        "with https://hooks.slack.com/services/T0AA/B0AA/hunter2",
    ),
    (
        "access_token",
        "with https://discord.com/api/webhooks/123/aaaaaaaaaaaaaahunter2",
    ),
    ("access_token", "with sk-ant-aaaaaaaaaaaaaahunter2"),
    ("access_token", "with rk_live_aaaahunter2"),
    ("access_token", "with whsec_aaaahunter2"),
    (
        "access_token",
        "with npm_aaaaaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    ("access_token", "with hvb.aaaaaaaaaaaaaaaaahunter2"),
    ("access_token", "with GOCSPX-aaaaaaaaaaaaaaaahunter2"),
    ("access_token", "with shpss_aaaaaaaaaaaaaaahunter2"),
    (
        "access_token",
        "with aaa8Q~aaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    (
        "access_token",
        "with SG.aaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaahunter2",
    ),
    (
        "access_token",
        "with hf_aaaaaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    ("access_token", "with glsa_aaaaaaaaaaaaaaaahunter2_0000"),
    (
        "access_token",
        "with dor_v1_aaaaaaaaaaaaaaaaaaaaaaaaaaaahunter2",
    ),
    (
        "access_token",
        "with POST /bot123456789:AAaaaaaaaaaaaaaaaaaaaaaaaaaahunter2/send",
    ),
    ("password_hash", "root:$6$salt$hunter2hunter2hunter2:19000"),
    ("password_hash", "x $2b$12$hunter2hunter2hunter2hunter2"),
    ("password_hash", "root:aahunter2aaAA:19000:0:99999:7:::"),
    ("private_key", KEY),
    (
        "private_key",
        r#"{"pem":"-----BEGIN PRIVATE KEY-----\nMIIhunter2\n-----END PRIVATE KEY-----\n","b":1}"#,
    ),
    (
        "private_key",
        r#"torn "-----BEGIN PRIVATE KEY-----\nMIIhunter2"#,
    ),
];

/// Lines in which nothing is secret.
const CLEAN: &[&str] = &[
    "",
    "Nov 20 14:02:03 host sshd[1]: Failed password for root from 10.0.0.1 port 22 ssh2",
    "token-service: started with 4 threads",
    "domain::secret::store: opened",
    "password=, token=null, secret: ***, using password: YES",
    "password=\"\" and password=''",
    r#"{"secret": {"name": "x"}}"#,
    "GET https://host:8080/a/b@c?x=1",
    "mailto a@b.c at http://host/x",
    "signal sig: 11, design: x",
    "-----BEGIN CERTIFICATE-----",
    "compound keyed, tokenizer warm, cookies eaten",
    "costs $5 or $12.50",
    "\u{fffd} \0 \u{7f}",
];

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
                !out.to_ascii_lowercase().contains("hunter2"),
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
    // without an end
    let torn = format!(
        "-----BEGIN PRIVATE KEY-----\n{}",
        "MIIEline of text\n".repeat(10_000)
    );
    let out = cleaned(&torn);
    assert!(out.starts_with("[redacted:private_key]\nMIIEline"));
    assert!(torn.len() - out.len() <= 33 * 1024);
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
fn what_is_left_where_findings_cross_is_clean() {
    let once = cleaned(r#""token": "password=https://user:"a'<"#);
    assert_eq!(cleaned(&once), once);
}

#[test]
fn a_sample_cut_at_any_byte_is_cleaned_as_a_whole() {
    let redactor = with_identifiers();
    for (_, text) in SECRETS.iter().chain(IDENTIFIERS) {
        let text = text.as_bytes();
        let whole = cleaned_by(&redactor, text, usize::MAX);
        for cut in 1..text.len() {
            let (mut cleaner, mut out) = (redactor.cleaner(), Vec::new());
            for piece in [&text[..cut], &text[cut..]] {
                cleaner.push(piece, &mut out).expect("memory");
            }
            cleaner.finish(&mut out).expect("memory");
            assert_eq!(out.escape_ascii().to_string(), whole, "{cut}");
        }
    }
}

#[test]
fn every_rule_is_shown_by_a_secret() {
    for matcher in &shared().rules.matchers {
        let mut rules = SECRETS.iter().map(|(rule, _)| *rule);
        assert!(rules.any(|rule| rule == matcher.name), "{}", matcher.name);
    }
}

#[test]
fn no_secret_hides_on_the_edge_of_a_chunk() {
    let lines: Vec<&str> = SECRETS.iter().map(|(_, text)| *text).collect();
    let text = lines.join("\n");
    let expected = cleaned_in(text.as_bytes(), usize::MAX);
    for chunk in (1..300).chain([text.len() - 1]) {
        assert_eq!(cleaned_in(text.as_bytes(), chunk), expected, "{chunk}");
    }
}

#[test]
fn overlong_lines_hide_nothing_where_they_are_cut() {
    let secret = b" password=hunter2, token='hunter2 hunter2' amqp://u:hunter2@h ";
    let edge = LINE_LIMIT - 64 * 1024;
    for edge in [edge, LINE_LIMIT] {
        for offset in (0..secret.len() + 2).step_by(7) {
            let mut line = vec![b'x'; edge - offset];
            line.extend_from_slice(secret);
            line.resize(LINE_LIMIT + 100_000, b'y');
            line.extend_from_slice(b"\nnext\n");
            let (out, counts) = cleaned_in(&line, usize::MAX);
            assert!(!out.contains("hunter2"), "{offset}");
            assert_eq!(
                counts,
                [("password", 1), ("secret", 1), ("url_password", 1)]
            );
            assert!(out.ends_with(r"yyy\nnext\n"));
        }
    }
}

#[test]
fn a_secret_without_end_takes_the_rest_of_its_line() {
    let mut line = b"a password=".to_vec();
    line.resize(5 * LINE_LIMIT / 2, b'z');
    line.extend_from_slice(b" tail\nnext\n");
    for chunk in [1000, 131_072, usize::MAX] {
        let (out, _) = cleaned_in(&line, chunk);
        assert_eq!(out, r"a password=[redacted:password]\nnext\n");
    }
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
}
