//! The portal as a whole: who gets in where, and what answers carry.

mod common;

use std::collections::BTreeSet;
use std::net::TcpListener;

use common::{Stack, http};

const PASSWORD: &str = "correct horse battery";

#[test]
fn pages_lead_to_the_sign_in_page_and_back() {
    let stack = Stack::new("");
    let portal = stack.serve();
    for (path, expected) in [
        ("/", "/sign-in"),
        ("/settings", "/sign-in?next=%2Fsettings"),
        (
            "/log-collection?status=failed",
            "/sign-in?next=%2Flog-collection%3Fstatus%3Dfailed",
        ),
    ] {
        let answer = http::get(&portal, path);
        assert_eq!(answer.status, 303, "{path}");
        assert_eq!(answer.header("location"), Some(expected));
    }
    let page = http::get(&portal, "/sign-in");
    assert_eq!(page.status, 200);
    assert!(page.body.contains("User name"), "{}", page.body);
    assert_eq!(http::get(&portal, "/no-such-page").status, 404);
}

#[test]
fn a_slash_too_many_is_led_to_the_page() {
    let stack = Stack::new("");
    let portal = stack.serve();
    for (path, expected) in [
        ("/sign-in/", "/sign-in"),
        (
            "/log-collection/?status=failed",
            "/log-collection?status=failed",
        ),
    ] {
        let answer = http::get(&portal, path);
        assert_eq!(answer.status, 308, "{path}");
        assert_eq!(answer.header("location"), Some(expected));
    }
    let elsewhere = http::get(&portal, "//evil.example/");
    assert_eq!(elsewhere.header("location"), None);
}

#[test]
fn pages_load_nothing_from_elsewhere_and_are_framed_by_nobody() {
    let stack = Stack::new("");
    let portal = stack.serve();
    let page = http::get(&portal, "/sign-in");
    let policy = page.header("content-security-policy").expect("a policy");
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next())
        .expect("a nonce");
    assert!(
        page.body.contains(&format!("nonce=\"{nonce}\"")),
        "{}",
        page.body
    );
    for rule in [
        "default-src 'self'",
        "'wasm-unsafe-eval'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "object-src 'none'",
    ] {
        assert!(policy.contains(rule), "{rule} in {policy}");
    }
    assert!(!policy.contains("unsafe-inline"));
    let again = http::get(&portal, "/sign-in");
    assert_ne!(again.header("content-security-policy"), Some(policy));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(page.header(name), Some(value), "{name}");
    }
    assert!(page.header("permissions-policy").is_some());
    assert!(page.header("x-request-id").is_some_and(|id| id.len() == 32));
}

#[test]
fn scripts_and_styles_are_asked_for_anew() {
    let stack = Stack::new("");
    stack.write("site/pkg/help-support.css", "body {}\n");
    let portal = stack.serve();
    let style = http::get(&portal, "/pkg/help-support.css");
    assert_eq!(style.status, 200);
    assert_eq!(style.body, "body {}\n");
    assert_eq!(style.header("cache-control"), Some("no-cache"));
    assert!(style.header("last-modified").is_some());
    assert_eq!(http::get(&portal, "/pkg/../help-support.toml").status, 404);
}

#[test]
fn probes_answer_without_a_session_and_events_do_not() {
    let stack = Stack::new("");
    let portal = stack.serve();
    assert_eq!(http::get(&portal, "/healthz").status, 200);
    assert_eq!(http::get(&portal, "/readyz").status, 200);
    let metrics = http::get(&portal, "/metrics");
    assert_eq!(metrics.status, 200);
    assert!(metrics.body.contains("# "), "{}", metrics.body);
    assert_eq!(http::get(&portal, "/events").status, 401);
}

#[test]
fn only_operators_change_something_and_strangers_read_nothing() {
    let stack = Stack::new("");
    for role in ["operator", "support", "auditor"] {
        stack.add_user(role, role, PASSWORD);
    }
    let portal = stack.serve();
    let change = |path: &str, session: &str| {
        http::post(&portal, path, &[("id", ID)])
            .header("cookie", session)
            .send()
            .status
    };
    let [operator, support, auditor] =
        ["operator", "support", "auditor"].map(|name| portal.sign_in(name, PASSWORD));
    for path in app::api::MUTATING {
        assert_eq!(change(path, &support), 403, "{path}");
        assert_eq!(change(path, &auditor), 403, "{path}");
        assert_eq!(change(path, ""), 401, "{path}");
        // an operator gets as far as the question whether it can be done
        assert!([404, 422].contains(&change(path, &operator)), "{path}");
    }
    for path in app::api::READING {
        let answer = http::get(&portal, &format!("{path}?id={ID}"));
        assert_eq!(answer.status, 401, "{path}: {}", answer.body);
    }
}

/// A function that stood in neither list would not be tried above.
#[test]
fn every_server_function_is_known_to_read_or_to_change() {
    let registered: BTreeSet<_> = leptos::server_fn::axum::server_fn_paths()
        .map(|(path, method)| (path, method.to_string()))
        .collect();
    let reading = app::api::READING.map(|path| (path, "GET".to_owned()));
    let mutating = app::api::MUTATING.map(|path| (path, "POST".to_owned()));
    let known: BTreeSet<_> = reading.into_iter().chain(mutating).collect();
    assert_eq!(registered, known);
}

const ID: &str = "00000000-0000-0000-0000-000000000001";

#[test]
fn large_bodies_are_refused() {
    let stack = Stack::new("");
    let portal = stack.serve();
    let large = "x".repeat(70_000);
    let answer = http::post(&portal, "/sign-in", &[("user", "a"), ("password", &large)]).send();
    assert_eq!(answer.status, 413);
}

#[test]
fn a_stop_ends_the_program_cleanly_although_a_page_listens() {
    let stack = Stack::new("");
    stack.add_user("sam", "support", PASSWORD);
    let portal = stack.serve();
    let session = portal.sign_in("sam", PASSWORD);
    let events = http::request(&portal, "GET", "/events").header("cookie", &session);
    let listening = std::thread::spawn(move || events.send());
    std::thread::sleep(std::time::Duration::from_millis(300));
    let (code, log) = portal.stop();
    assert_eq!(code, 0, "{log}");
    let answer = listening.join().expect("an answer");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
}

#[test]
fn a_taken_port_is_told_before_anything_is_created() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let stack = Stack::with_file(&format!("[portal]\nlisten = \"{address}\"\n"));
    let ran = stack.run(&["serve"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains(&address.to_string()), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("listens there already"),
        "{}",
        ran.stderr
    );
    assert!(!stack.path("data").exists());
}

#[test]
fn the_log_holds_no_query_and_no_cookie() {
    let stack = Stack::new("");
    let mut command = stack.command(&["serve"]);
    command.env("HELP_SUPPORT_LOG", "trace");
    let portal = common::Portal::start(command);
    let answer = http::request(&portal, "GET", "/sign-in?next=%2Fplanted-query")
        .header("cookie", "session=planted-cookie")
        .send();
    assert_eq!(answer.status, 200);
    let (_, log) = portal.stop();
    assert!(log.contains("/sign-in"), "{log}");
    assert!(!log.contains("planted-query"));
    assert!(!log.contains("planted-cookie"));
}
