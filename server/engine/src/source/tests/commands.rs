use super::*;

fn shell_item(script: &str, timeout: Duration) -> Item {
    let source = SourceConfig::Command {
        name: "test/command".to_owned(),
        run: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        timeout,
    };
    let plan = plan(&source, &window(), Tz::UTC);
    assert_eq!(plan.missing, []);
    plan.items[0].clone()
}

fn shell(script: &str) -> (ItemReport, String) {
    let (report, out) = read(&shell_item(script, Duration::from_secs(20)));
    (report, String::from_utf8_lossy(&out).into_owned())
}

/// Waits until the program is gone whose id a test has written to `path`.
fn is_gone(path: &std::path::Path) -> bool {
    let id = std::fs::read_to_string(path).expect("an id");
    let stat = format!("/proc/{}/stat", id.trim());
    (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        // a zombie waits for whoever adopted it
        std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "))
    })
}

#[test]
fn both_outputs_interleave_and_are_cleaned() {
    let (report, out) = shell("echo 1; echo 2 >&2; echo token=t; echo 4 >&2");
    assert_eq!(out, "1\n2\ntoken=[redacted:secret]\n4\n");
    assert_eq!(report.outcome, ItemOutcome::Complete);
    assert_eq!(report.redactions, [("secret", 1)].into());
}

#[test]
fn nothing_of_our_environment_is_passed_on() {
    let (_, out) = shell("pwd; env | grep -v ^_= | sort; cat");
    assert_eq!(
        out,
        "/\nLANG=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=[redacted:password]\n"
    );
}

#[test]
fn an_exit_code_is_told_and_the_output_kept() {
    let failed = Reason::CommandFailed { exit_code: 3 };
    let (report, out) = shell("echo some; exit 3");
    assert_eq!(
        (report.outcome, out.as_str()),
        (ItemOutcome::Partial(failed.clone()), "some\n")
    );
    assert_eq!(shell("exit 3").0.outcome, ItemOutcome::Missing(failed));
    assert_eq!(shell("true").0.outcome, ItemOutcome::Empty);
    let broken = shell("kill -9 $$").0.outcome;
    assert!(
        matches!(broken, ItemOutcome::Missing(Reason::CommandBroken { detail }) if detail.contains('9'))
    );
}

#[test]
fn a_command_that_cannot_start_is_named() {
    let planned = |run: &[&str]| {
        let source = SourceConfig::Command {
            name: "x".to_owned(),
            run: run.iter().map(|text| (*text).to_owned()).collect(),
            timeout: Duration::from_secs(1),
        };
        plan(&source, &window(), Tz::UTC)
    };
    for run in [&["sh"][..], &[]] {
        assert!(matches!(
            planned(run).missing[..],
            [(_, Reason::CommandBroken { .. })]
        ));
    }
    let outcome = |program| read(&planned(&[program]).items[0]).0.outcome;
    assert_eq!(
        outcome("/no/such/program"),
        ItemOutcome::Missing(Reason::NotFound)
    );
    assert_eq!(
        outcome("/etc/passwd"),
        ItemOutcome::Missing(Reason::PermissionDenied)
    );
}

#[test]
fn a_time_out_ends_the_command_and_all_that_it_started() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let id = directory.path().join("id");
    let script = format!(
        "echo begun; sh -c 'echo $$ > {}; sleep 1000' & sleep 1000",
        id.display()
    );
    let started = Instant::now();
    let (report, out) = read(&shell_item(&script, Duration::from_secs(1)));
    assert!(started.elapsed() < Duration::from_secs(5));
    let timed_out = Reason::TimedOut { seconds: 1 };
    assert_eq!(report.outcome, ItemOutcome::Partial(timed_out));
    assert_eq!(out, b"begun\n");
    assert!(is_gone(&id));
}

#[test]
fn a_grandchild_that_keeps_the_pipe_open_keeps_nobody() {
    let directory = tempfile::TempDir::new().expect("a directory");
    let id = directory.path().join("id");
    let script = format!("sleep 1000 & echo $! > {}; echo done", id.display());
    let started = Instant::now();
    let (report, out) = shell(&script);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(
        (report.outcome, out.as_str()),
        (ItemOutcome::Complete, "done\n")
    );
    assert!(is_gone(&id));
}

#[test]
fn a_command_may_close_its_output_and_go_on() {
    let (report, out) = shell("echo said; exec >&- 2>&-; sleep 0.3; exit 4");
    let failed = Reason::CommandFailed { exit_code: 4 };
    assert_eq!(
        (report.outcome, out.as_str()),
        (ItemOutcome::Partial(failed), "said\n")
    );
}

#[test]
fn a_flood_is_cut() {
    let (report, out) = shell("exec yes 'a line that is written again and again'");
    let limit = Reason::SizeLimit {
        bytes: command::OUTPUT_LIMIT,
    };
    assert_eq!(report.outcome, ItemOutcome::Partial(limit));
    assert_eq!(out.len() as u64, command::OUTPUT_LIMIT);
}

#[test]
fn a_silent_command_is_cancelled_at_once() {
    let (report, took) =
        cancelled_while_reading(&shell_item("sleep 1000", Duration::from_secs(900)));
    assert_eq!(report.outcome, ItemOutcome::Cancelled);
    assert!(took < Duration::from_secs(1), "{took:?}");
}
