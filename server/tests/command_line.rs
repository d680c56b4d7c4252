//! The command line: what it prints where, and how it ends.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{SecondsFormat, TimeDelta, Utc};
use common::{Ran, Stack, files_below, unzip};

const SIGNATURE: &str = "cGxhbnRlZC1zaWduYXR1cmUtcGxhbnRlZC1zaWduYXQ";

/// A moment so many minutes ago.
fn ago(minutes: i64) -> String {
    let at = Utc::now() - TimeDelta::minutes(minutes);
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A stack with a log file that has lines before, in and after the last hour but one.
fn stack_with_logs() -> Stack {
    let stack = Stack::bare();
    let log = stack.write(
        "logs/app.log",
        &format!(
            "{} too early\n{} in the window\n  a second line of it\n{} too late\n",
            ago(150),
            ago(90),
            ago(30)
        ),
    );
    stack.write(
        "help-support.toml",
        &format!(
            "[stack]\nname = \"teststack\"\ntime_zone = \"UTC\"\n[collection]\ncompression = \"deflate\"\n\
             [[role]]\nname = \"App\"\n[[role.source]]\nkind = \"files\"\npaths = [\"{}\"]\n\
             [[role]]\nname = \"Host\"\n[[role.source]]\nkind = \"command\"\nname = \"greeting\"\n\
             run = [\"/bin/echo\", \"hello\"]\n",
            log.display()
        ),
    );
    stack
}

fn collect(stack: &Stack, more: &[&str]) -> Ran {
    let (from, to) = (ago(120), ago(60));
    let mut arguments = vec!["collect", "--from", &from, "--to", &to];
    arguments.extend(more);
    stack.run(&arguments)
}

#[test]
fn a_collection_is_saved_to_a_directory() {
    let stack = stack_with_logs();
    let ran = collect(&stack, &["--output", "out", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["state"], "complete");

    let found = files_below(&stack.path("out"));
    let bundle = |name: &str| {
        found
            .iter()
            .find(|path| path.ends_with(name))
            .unwrap_or_else(|| panic!("{name} in {found:?}"))
    };
    assert!(found.iter().any(|path| path.ends_with("manifest.json")));
    let logs = unzip(bundle("App.zip"));
    let (name, text) = &logs[0];
    assert!(
        name.starts_with("files/") && name.ends_with("logs/app.log"),
        "{name}"
    );
    assert!(
        text.contains("in the window\n  a second line of it\n"),
        "{text}"
    );
    assert!(!text.contains("too"), "{text}");
    let commands = unzip(bundle("Host.zip"));
    assert_eq!(commands[0].0, "commands/greeting.txt");
    assert!(commands[0].1.contains("hello"));

    let history = stack.run(&["history", "--json"]).json();
    assert_eq!(history["collections"][0]["state"], "complete");
    let table = stack.run(&["history"]);
    assert!(table.stdout.contains("Complete"), "{}", table.stdout);
}

#[test]
fn roles_and_kinds_narrow_a_collection() {
    let stack = stack_with_logs();
    let ran = collect(
        &stack,
        &["--output", "out", "--role", "Host", "--kind", "command"],
    );
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let found = files_below(&stack.path("out"));
    assert!(
        found.iter().any(|path| path.ends_with("Host.zip")),
        "{found:?}"
    );
    assert!(
        !found.iter().any(|path| path.ends_with("App.zip")),
        "{found:?}"
    );
}

#[test]
fn what_is_missing_makes_it_partial() {
    let stack = Stack::new(
        "[[role]]\nname = \"Host\"\n\
         [[role.source]]\nkind = \"command\"\nname = \"greeting\"\nrun = [\"/bin/echo\", \"hello\"]\n\
         [[role.source]]\nkind = \"command\"\nname = \"broken\"\nrun = [\"/no/such/program\"]\n",
    );
    let ran = collect(&stack, &["--output", "out", "--json"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(ran.json()["state"], "partially_complete");
}

#[test]
fn a_signal_cancels_a_collection_cleanly() {
    let stack = Stack::new(
        "[[role]]\nname = \"Slow\"\n[[role.source]]\nkind = \"command\"\nname = \"slow\"\n\
         run = [\"/bin/sleep\", \"60\"]\ntimeout = \"90s\"\n",
    );
    // makes the database, so that both programs find it
    assert_eq!(stack.run(&["history"]).code, 0);
    let (from, to) = (ago(120), ago(60));
    let child = stack
        .command(&["collect", "--from", &from, "--to", &to, "--output", "out"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let history = stack.run(&["history", "--json"]).json();
        if history["collections"][0]["state"] == "in_progress" {
            break;
        }
        assert!(Instant::now() < deadline, "the collection does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    let asked = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(asked.expect("kill runs").success());
    let started = Instant::now();
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("Nothing of it is left at"), "{told}");
    let history = stack.run(&["history", "--json"]).json();
    assert_eq!(history["collections"][0]["state"], "cancelled");
}

#[test]
fn bad_usage_is_told_apart_from_failure() {
    let stack = stack_with_logs();
    for arguments in [
        ["collect"].as_slice(),
        &[
            "collect",
            "--from",
            "yesterday",
            "--to",
            "today",
            "--output",
            "x",
        ],
        &["nonsense"],
        &["user", "add", "x", "--role", "boss", "--password-stdin"],
    ] {
        let ran = stack.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert_eq!(ran.stdout, "");
        assert!(!ran.stderr.is_empty());
    }
    let unknown = collect(&stack, &["--output", "out", "--role", "Nothing"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
    assert!(
        unknown
            .stderr
            .contains("--role: There is no role named Nothing")
            && unknown.stderr.contains("The roles are: App, Host."),
        "{}",
        unknown.stderr
    );
    let (from, to) = (ago(60), ago(120));
    let order = stack.run(&["collect", "--from", &from, "--to", &to, "--output", "out"]);
    assert_eq!(order.code, 2);
    assert!(order.stderr.contains("--to"), "{}", order.stderr);
}

#[test]
fn a_directory_that_cannot_take_bundles_is_bad_usage_and_starts_nothing() {
    let stack = stack_with_logs();
    stack.write("file", "");
    for unusable in ["file", "file/below", "/proc/nowhere", "https://a.example/c"] {
        let ran = collect(&stack, &["--output", unusable]);
        assert_eq!(ran.code, 2, "{unusable}: {}", ran.stderr);
        assert!(ran.stderr.starts_with("--output: "), "{}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    let history = stack.run(&["history", "--json"]).json();
    assert_eq!(history["collections"], serde_json::json!([]));
}

#[test]
fn collecting_without_a_configuration_says_what_it_goes_by() {
    let stack = Stack::bare();
    let ran = collect(&stack, &["--output", "out", "--role", "Nothing"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    let told = "There is no help-support.toml here: the roles are those found on this machine";
    assert!(ran.stderr.starts_with(told), "{}", ran.stderr);
}

#[test]
fn what_is_cut_names_the_field_that_raises_it_and_what_is_taken_whole_is_told() {
    let stack = Stack::bare();
    let log = stack.write("logs/app.log", &"no stamp in it\n".repeat(200));
    stack.write(
        "help-support.toml",
        &format!(
            "[limits]\nitem_bytes = \"1 KiB\"\n[[role]]\nname = \"App\"\n\
             [[role.source]]\nkind = \"files\"\npaths = [\"{}\"]\n",
            log.display()
        ),
    );
    let (from, to) = (ago(60), ago(-1));
    let ran = stack.run(&["collect", "--from", &from, "--to", &to, "--output", "out"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    for told in [
        format!(
            "  partial: {} (cut at the size limit of 1.00 KiB (item_bytes in [limits]))\n",
            log.display()
        ),
        "1 file without recognised time stamps was taken whole\n".to_owned(),
    ] {
        assert!(ran.stdout.contains(&told), "{told} in {}", ran.stdout);
    }
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let stack = stack_with_logs();
    let path = stack.write("data/help-support.db", &"no database ".repeat(1000));
    let ran = stack.run(&["history"]);
    assert_eq!(ran.code, 1);
    let named = format!("the database {} cannot be used", path.display());
    assert!(ran.stderr.contains(&named), "{}", ran.stderr);
}

#[test]
fn users_come_and_go() {
    let stack = Stack::new("");
    stack.add_user("sam", "support", "correct horse battery");
    let list = stack.run(&["user", "list"]);
    assert!(
        list.stdout.contains("sam") && list.stdout.contains("support"),
        "{}",
        list.stdout
    );
    let again = stack.run_with_input(
        &[
            "user",
            "add",
            "sam",
            "--role",
            "operator",
            "--password-stdin",
        ],
        "correct horse battery\n",
    );
    assert_eq!(again.code, 1, "{}", again.stderr);
    let short = stack.run_with_input(
        &[
            "user",
            "add",
            "eve",
            "--role",
            "operator",
            "--password-stdin",
        ],
        "short\n",
    );
    assert_eq!(short.code, 2);
    assert!(
        short.stderr.contains("--password-stdin"),
        "{}",
        short.stderr
    );
    assert_eq!(stack.run(&["user", "remove", "sam"]).code, 0);
    assert_eq!(stack.run(&["user", "remove", "sam"]).code, 1);
}

fn sas_url(host: &str, expiry: &str) -> String {
    format!(
        "http://{host}/devstoreaccount1/logs?sv=2024-11-04&sr=c&sp=rwl&se={expiry}&sig={SIGNATURE}%3D"
    )
}

#[test]
fn a_sas_url_is_judged_without_being_repeated() {
    let stack = Stack::bare();
    let good = sas_url("127.0.0.1:10000", "2099-01-01T00:00:00Z");
    stack.write("good.sas", &good);
    let ran = stack.run(&["sas", "check", "--sas-url-file", "good.sas"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("devstoreaccount1/logs"),
        "{}",
        ran.stdout
    );

    let lapsed = sas_url("127.0.0.1:10000", "2020-01-01T00:00:00Z");
    let ran = stack.run_with_input(&["sas", "check", "--sas-url-file", "-", "--json"], &lapsed);
    assert_eq!(ran.code, 1);
    let report = ran.json();
    assert_eq!(report["usable"], false);
    assert_eq!(report["findings"][0]["parameter"], "se");
    assert!(!ran.stdout.contains(SIGNATURE) && !ran.stderr.contains(SIGNATURE));

    // a service that is not there says nothing about the URL
    let port = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = port.local_addr().expect("an address").to_string();
    drop(port);
    stack.write("unreachable.sas", &sas_url(&host, "2099-01-01T00:00:00Z"));
    let live = [
        "sas",
        "check",
        "--sas-url-file",
        "unreachable.sas",
        "--live",
    ];
    let ran = stack.run(&live);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("could not be asked") && !ran.stdout.contains("Not usable"),
        "{}",
        ran.stdout
    );
    let report = stack.run(&[&live[..], &["--json"]].concat()).json();
    assert_eq!(report["service"], "not_asked");
    assert_eq!(report["usable"], false);
    let refusing = sas_url(&refusing_service(), "2099-01-01T00:00:00Z");
    stack.write("refused.sas", &refusing);
    let ran = stack.run(&["sas", "check", "--sas-url-file", "refused.sas", "--live"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("Not usable."), "{}", ran.stdout);

    let missing = stack.run(&["sas", "check", "--sas-url-file", "nowhere"]);
    assert_eq!(missing.code, 2);
}

/// A blob service that refuses everything.
fn refusing_service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let host = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // a client that has gone is none of the test's business
            let _gone = refuse(stream);
        }
    });
    host
}

fn refuse(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while reader.read_line(&mut line)? > 2 {
        line.clear();
    }
    stream.write_all(
        b"HTTP/1.1 403 Forbidden\r\nx-ms-error-code: AuthorizationPermissionMismatch\r\n\
          Content-Length: 0\r\nConnection: close\r\n\r\n",
    )
}

#[test]
fn a_signature_is_found_nowhere_after_a_collection_that_used_it() {
    let stack = stack_with_logs();
    stack.write(
        "x.sas",
        &sas_url(&refusing_service(), "2099-01-01T00:00:00Z"),
    );
    let (from, to) = (ago(120), ago(60));
    let output = stack
        .collect_to_container(&from, &to, "x.sas")
        .arg("--json")
        .env("HELP_SUPPORT_LOG", "trace")
        .output()
        .expect("the program runs");
    assert_eq!(output.status.code(), Some(1));
    let live = stack
        .command(&["sas", "check", "--sas-url-file", "x.sas", "--live"])
        .env("HELP_SUPPORT_LOG", "trace")
        .output()
        .expect("the program runs");
    assert_eq!(live.status.code(), Some(1));
    let history = stack.run(&["history", "--json"]);
    for said in [
        &output.stdout,
        &output.stderr,
        &live.stdout,
        &live.stderr,
        &history.stdout.into_bytes(),
    ] {
        assert!(!holds_signature(said), "{}", String::from_utf8_lossy(said));
    }
    for path in files_below(&stack.path("data")) {
        let content = std::fs::read(&path).expect("a file");
        assert!(!holds_signature(&content), "{}", path.display());
    }
}

fn holds_signature(content: &[u8]) -> bool {
    content
        .windows(SIGNATURE.len())
        .any(|window| window == SIGNATURE.as_bytes())
}

#[test]
fn redact_names_what_it_cannot_show_and_minds_no_reader_that_has_seen_enough() {
    let stack = Stack::bare();
    stack.write("logs/app.log", &"password=hunter2\n".repeat(100_000));
    let ran = stack.run(&["redact", "logs"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("logs"), "{}", ran.stderr);

    let mut child = stack
        .command(&["redact", "logs/app.log"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    let mut shown = BufReader::new(child.stdout.take().expect("a pipe"));
    shown.read_line(&mut line).expect("text");
    assert_eq!(line, "password=[redacted:password]\n");
    drop(shown);
    let ran = Ran::of(child.wait_with_output().expect("the program ends"));
    assert_eq!((ran.code, ran.stderr.as_str()), (0, "password: 100000\n"));
}

#[test]
fn a_sas_url_given_as_an_argument_is_refused_without_being_repeated() {
    let stack = Stack::bare();
    let signature = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2U";
    let url = format!("https://account.blob.core.windows.net/logs?sv=2024-11-04&sig={signature}");
    let (from, to) = (ago(120), ago(60));
    let collect = ["collect", "--from", &from, "--to", &to];
    for arguments in [
        vec!["sas", "check", &url],
        vec!["sas", "check", "--sas-url-file", &url],
        vec!["--config", &url, "history"],
        [&collect[..], &["--output", &url]].concat(),
        [&collect[..], &["--output", "x", "--role", &url]].concat(),
    ] {
        let ran = stack.run(&arguments);
        assert_eq!(ran.code, 2);
        assert!(
            !format!("{ran:?}").contains(signature) && ran.stderr.contains("--sas-url-file"),
            "{}",
            ran.stderr
        );
    }
    assert!(files_below(&stack.path("")).is_empty());
}
