use super::*;

fn shell_item(script: &str, timeout: Duration) -> Item {
    let source = SourceConfig::Command {
        name: "test/command".to_owned(),
        run: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        timeout,
    };
    let plan = plan(&source, &window(), Tz::UTC, &AtomicBool::new(false));
    assert_eq!(plan.missing, []);
    plan.items[0].clone()
}

fn shell(script: &str) -> (ItemReport, String) {
    let (report, out) = read(&shell_item(script, Duration::from_secs(20)));
    (report, String::from_utf8_lossy(&out).into_owned())
}

/// Whether the programs are gone whose ids a test has written to `path`, a line each.
fn are_gone(path: &std::path::Path) -> bool {
    let ids = std::fs::read_to_string(path).expect("ids");
    assert!(!ids.is_empty());
    ids.lines().all(|id| {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
        // another run may be about to wait for it
        stat.map_or(true, |stat| stat.contains(") Z "))
    })
}

/// A directory in which a script notes the ids of what it starts, and the file for them.
fn notes() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::TempDir::new().expect("a directory");
    let ids = directory.path().join("ids");
    (directory, ids)
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
    let (_, out) = shell("pwd; env | grep -v -e ^_= -e ^HELP_SUPPORT_RUN= | sort; cat");
    assert_eq!(
        out,
        "/\nLANG=C.UTF-8\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n"
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
        plan(&source, &window(), Tz::UTC, &AtomicBool::new(false))
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
    let (_directory, id) = notes();
    let script = format!(
        "echo begun; sh -c 'echo $$ > {}; sleep 1000' & sleep 1000",
        id.display()
    );
    let started = Instant::now();
    let (report, out) = read(&shell_item(&script, Duration::from_secs(1)));
    assert!(started.elapsed() < Duration::from_secs(5));
    let timed_out = Reason::TimedOut {
        seconds: 1,
        limit: None,
    };
    assert_eq!(report.outcome, ItemOutcome::Partial(timed_out));
    assert_eq!(out, b"begun\n");
    assert!(are_gone(&id));
}

#[test]
fn a_grandchild_that_keeps_the_pipe_open_keeps_nobody() {
    let (_directory, id) = notes();
    let script = format!("sleep 1000 & echo $! > {}; echo done", id.display());
    let started = Instant::now();
    let (report, out) = shell(&script);
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(
        (report.outcome, out.as_str()),
        (ItemOutcome::Complete, "done\n")
    );
    assert!(are_gone(&id));
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
        limit: None,
    };
    assert_eq!(report.outcome, ItemOutcome::Partial(limit));
    assert_eq!(out.len() as u64, command::OUTPUT_LIMIT);
}

#[test]
fn output_that_is_no_text_is_withheld_and_its_program_ended() {
    for script in [
        "echo token=abc | gzip",
        "head -c 1000 /dev/urandom",
        "cat /bin/sh; exit 3",
    ] {
        let (report, out) = shell(script);
        assert_eq!(
            (report.outcome, out.as_str()),
            (ItemOutcome::Missing(Reason::Binary), ""),
            "{script}"
        );
    }
    let (_directory, id) = notes();
    let script = format!("echo $$ > {}; cat /dev/urandom; sleep 1000", id.display());
    let (report, out) = shell(&script);
    assert_eq!(report.outcome, ItemOutcome::Missing(Reason::Binary));
    assert_eq!(out, "");
    assert!(are_gone(&id));
}

#[test]
fn output_in_utf_16_is_cleaned_as_files_are() {
    let (report, out) = read(&shell_item(
        r"printf '\377\376t\0o\0k\0e\0n\0=\0t\0\n\0'",
        Duration::from_secs(20),
    ));
    assert_eq!(report.redactions, [("secret", 1)].into());
    let units: Vec<u16> = out
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let text = String::from_utf16(&units).expect("UTF-16");
    assert_eq!(
        text.trim_start_matches('\u{feff}'),
        "token=[redacted:secret]\n"
    );
}

#[test]
fn a_silent_command_is_cancelled_at_once() {
    let (report, took) =
        cancelled_while_reading(&shell_item("sleep 1000", Duration::from_secs(900)));
    assert_eq!(report.outcome, ItemOutcome::Cancelled);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn whoever_leaves_the_group_the_session_or_the_parent_is_ended_too() {
    for way in [
        // a session of its own
        "setsid sh $P &",
        // a daemon: its parent ends, its session is another
        "setsid sh -c 'sh $P & exit'",
        // without the mark, below a marked parent, and below none
        "setsid env -i sh $P &",
        "setsid sh -c 'env -i sh $P & exit'",
        // deaf to everything that can be ignored
        "trap '' TERM HUP INT QUIT; setsid sh $P &",
    ] {
        let (directory, ids) = notes();
        let program = directory.path().join("program");
        let text = format!("echo $$ >> {}; exec sleep 1000\n", ids.display());
        std::fs::write(&program, text).expect("a program");
        let script = format!(
            "export P={}\n{way}\nfor i in 1 2 3 4 5 6 7 8 9; do [ -s {} ] && break; sleep 0.1; done; echo done",
            program.display(),
            ids.display()
        );
        let started = Instant::now();
        let (report, out) = shell(&script);
        assert_eq!(out, "done\n", "{way}");
        assert_eq!(report.outcome, ItemOutcome::Complete);
        // the last of the runs at a time takes those that do not tell whose they are
        let is_nameless = way.contains("env -i");
        let looks = if is_nameless { 200 } else { 1 };
        let is_gone = (0..looks).any(|_| {
            shell("true");
            are_gone(&ids)
        });
        assert!(is_gone, "{way}");
        assert!(
            is_nameless || started.elapsed() < Duration::from_secs(5),
            "{way}"
        );
    }
}

#[test]
fn a_program_that_forks_on_and_on_comes_to_its_end() {
    let (_directory, ids) = notes();
    // each makes the next one in a session of its own and ends; at most 2000, should all else fail
    let script = format!(
        "export F='echo $$ >> {}; [ $N -gt 2000 ] && exit; N=$((N+1)); export N; setsid sh -c \"$F\" &'; \
         N=0 setsid sh -c \"$F\" & sleep 0.3",
        ids.display()
    );
    let (report, _) = shell(&script);
    assert_eq!(report.outcome, ItemOutcome::Empty);
    std::thread::sleep(Duration::from_millis(20));
    let reached = std::fs::read_to_string(&ids).expect("an id");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(std::fs::read_to_string(&ids).expect("an id"), reached);
    assert!(are_gone(&ids));
}

#[test]
fn cancelling_leaves_no_process_within_two_seconds() {
    let (_directory, ids) = notes();
    let script = format!(
        "trap '' TERM; for i in 1 2 3; do setsid sh -c 'trap \"\" TERM; echo $$ >> {}; sleep 1000' & done; sleep 1000",
        ids.display()
    );
    let (report, took) = cancelled_while_reading(&shell_item(&script, Duration::from_secs(900)));
    assert_eq!(report.outcome, ItemOutcome::Cancelled);
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert!(are_gone(&ids));
}

#[test]
fn a_command_is_as_urgent_as_the_thread_that_runs_it() {
    // the nineteenth field, and no space in the name of cat
    let nice = || {
        let (_, out) = shell("exec cat /proc/self/stat");
        out.split(' ').nth(18).map(str::to_owned)
    };
    assert_eq!(nice().as_deref(), Some("0"));
    std::thread::scope(|scope| {
        let low = scope.spawn(|| {
            crate::limits::lower_own_priority(crate::limits::Priority::Low);
            let own = std::fs::read_to_string("/proc/thread-self/stat");
            assert!(own.expect("a stat").contains(" 39 19 "));
            nice()
        });
        assert_eq!(low.join().expect("no panic").as_deref(), Some("19"));
    });
    assert_eq!(nice().as_deref(), Some("0"));
}
