//! Sign-in and what protects it.

mod common;

use chrono::{TimeDelta, Utc};
use common::{Stack, files_below, http, unzip};

const PASSWORD: &str = "correct horse battery";

fn stack() -> Stack {
    let stack = Stack::new("");
    stack.add_user("olga", "operator", PASSWORD);
    stack
}

#[test]
fn the_first_start_makes_one_operator_and_tells_the_password_once() {
    let stack = Stack::new("");
    let portal = stack.serve();
    let password = portal.password.clone().expect("a password");
    portal.sign_in("admin", &password);
    let (code, log) = portal.stop();
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains(&password));
    assert_eq!(stack.serve().password, None);
}

/// A service's output goes to the journal, and the journal into bundles.
#[test]
fn the_first_password_is_taken_out_of_what_is_collected() {
    let stack = Stack::new("");
    let password = stack.serve().password.clone().expect("a password");
    let at = (Utc::now() - TimeDelta::minutes(90)).to_rfc3339();
    let log = stack.write(
        "logs/portal.log",
        &format!("{at} help-support[7]: Password: {password}\nPassword: {password}\n"),
    );
    stack.write(
        "collect.toml",
        &format!(
            "[[role]]\nname = \"Portal\"\n[[role.source]]\nkind = \"files\"\npaths = [\"{}\"]\n",
            log.display()
        ),
    );
    let [from, to] = [120, 60].map(|ago| (Utc::now() - TimeDelta::minutes(ago)).to_rfc3339());
    let ran = stack.run(&[
        "--config",
        "collect.toml",
        "collect",
        "--from",
        &from,
        "--to",
        &to,
        "--output",
        "out",
    ]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let bundles = files_below(&stack.path("out"));
    let bundle = bundles
        .iter()
        .find(|path| path.ends_with("Portal.zip"))
        .expect("a bundle");
    let text = unzip(bundle).remove(0).1;
    assert_eq!(text.matches("Password: ").count(), 2, "{text}");
    assert!(!text.contains(&password), "{text}");
}

#[test]
fn a_session_begins_with_the_right_password_and_ends_with_sign_out() {
    let stack = stack();
    let portal = stack.serve();
    let answer = http::post(
        &portal,
        "/sign-in",
        &[
            ("user", "olga"),
            ("password", PASSWORD),
            ("next", "/settings"),
        ],
    )
    .send();
    assert_eq!(answer.status, 303);
    assert_eq!(answer.header("location"), Some("/settings"));
    let cookie = answer.header("set-cookie").expect("a cookie").to_owned();
    for mark in ["session=", "Path=/", "HttpOnly", "SameSite=Lax"] {
        assert!(cookie.contains(mark), "{mark} in {cookie}");
    }
    let session = cookie.split(';').next().expect("a pair");
    let page = || {
        http::request(&portal, "GET", "/settings")
            .header("cookie", session)
            .send()
    };
    assert_eq!(page().status, 200);

    let out = http::post(&portal, "/sign-out", &[])
        .header("cookie", session)
        .send();
    assert_eq!(out.header("location"), Some("/sign-in"));
    assert!(
        out.header("set-cookie")
            .is_some_and(|text| text.contains("Max-Age=0"))
    );
    // the old cookie opens nothing any more
    assert_eq!(
        page().header("location"),
        Some("/sign-in?error=expired&next=%2Fsettings")
    );
}

#[test]
fn behind_tls_the_cookie_is_secure_and_bound_to_its_host() {
    let stack = Stack::with_file(
        "[portal]\nlisten = \"127.0.0.1:0\"\npublic_url = \"https://help.example\"\n",
    );
    stack.add_user("olga", "operator", PASSWORD);
    let portal = stack.serve();
    let answer = http::post(
        &portal,
        "/sign-in",
        &[("user", "olga"), ("password", PASSWORD)],
    )
    .send();
    let cookie = answer.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("__Host-session="), "{cookie}");
    for mark in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
        assert!(cookie.contains(mark), "{mark} in {cookie}");
    }
}

#[test]
fn a_wrong_password_leads_back_with_the_reason_and_too_many_have_to_wait() {
    let stack = stack();
    let portal = stack.serve();
    let attempt = |password: &str| {
        http::post(
            &portal,
            "/sign-in",
            &[
                ("user", "olga"),
                ("password", password),
                ("next", "/settings"),
            ],
        )
    };
    for _ in 0..5 {
        let answer = attempt("wrong").send();
        assert_eq!(answer.status, 303);
        assert_eq!(
            answer.header("location"),
            Some("/sign-in?error=wrong&next=%2Fsettings")
        );
        assert_eq!(answer.header("set-cookie"), None);
    }
    let program = attempt(PASSWORD).send();
    assert_eq!(program.status, 429);
    assert!(program.header("retry-after").is_some());
    let browser = attempt(PASSWORD).header("accept", "text/html").send();
    assert_eq!(
        browser.header("location"),
        Some("/sign-in?error=throttled&next=%2Fsettings")
    );
}

#[test]
fn nobody_is_led_off_the_portal() {
    let stack = stack();
    let portal = stack.serve();
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
    ] {
        let answer = http::post(
            &portal,
            "/sign-in",
            &[("user", "olga"), ("password", PASSWORD), ("next", next)],
        )
        .send();
        assert_eq!(answer.header("location"), Some("/"), "{next}");
    }
    let theme = http::post(&portal, "/theme", &[("theme", "dark")])
        .header("referer", "https://evil.example//evil.example/")
        .send();
    assert_eq!(theme.header("location"), Some("/"));
}

#[test]
fn other_sites_cannot_act_in_a_persons_name() {
    let stack = stack();
    let portal = stack.serve();
    let session = portal.sign_in("olga", PASSWORD);
    let sign_out = || {
        http::post(&portal, "/sign-out", &[])
            .header("cookie", &session)
            .without("sec-fetch-site")
    };
    let own = format!("http://{}", portal.address);
    assert_eq!(sign_out().send().status, 403);
    for (header, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("referer", "https://evil.example/"),
    ] {
        let answer = sign_out().header(header, value).send();
        assert_eq!(answer.status, 403, "{header}: {value}");
    }
    // the session is still there, and its owner can end it
    assert_eq!(sign_out().header("origin", &own).send().status, 303);
}

#[test]
fn the_theme_is_remembered_and_leads_back() {
    let stack = stack();
    let portal = stack.serve();
    let answer = http::post(&portal, "/theme", &[("theme", "dark")])
        .header(
            "referer",
            &format!("http://{}/settings?x=1", portal.address),
        )
        .send();
    assert_eq!(answer.header("location"), Some("/settings?x=1"));
    assert!(
        answer
            .header("set-cookie")
            .is_some_and(|text| text.starts_with("theme=dark;"))
    );
}
