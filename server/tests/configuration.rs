//! What the program says about its configuration.

mod common;

use std::os::unix::fs::symlink;

use common::Stack;

#[test]
fn the_example_is_accepted() {
    let stack = Stack::bare();
    let example = stack.run(&["config", "example"]);
    assert_eq!(example.code, 0);
    stack.write("help-support.toml", &example.stdout);
    let check = stack.run(&["config", "check"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert!(check.stdout.contains("contoso-east"), "{}", check.stdout);
}

#[test]
fn without_a_file_the_machine_is_looked_at() {
    let check = Stack::bare().run(&["config", "check"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert!(check.stdout.contains("127.0.0.1:3000"), "{}", check.stdout);
}

#[test]
fn every_error_names_file_line_and_field() {
    let stack = Stack::with_file("[collection]\nmax_window = \"4x\"\n[portal]\nport = 3000\n");
    for command in [["config", "check"].as_slice(), &["serve"], &["history"]] {
        let ran = stack.run(command);
        assert_eq!(ran.code, 2);
        assert_eq!(ran.stdout, "");
        assert_eq!(
            ran.stderr,
            "help-support.toml:2: collection.max_window: \"4x\" is not a length of time; \
             write for instance \"4h\" or \"30m\"\n\
             help-support.toml:4: portal.port: is not a known field; known here: listen, public_url\n"
        );
    }
}

#[test]
fn a_named_file_is_taken_from_where_it_lies() {
    let stack = Stack::bare();
    stack.write("etc/other.toml", "[data]\ndirectory = \"state\"\n");
    let check = stack.run(&["--config", "etc/other.toml", "config", "check"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    let expected = stack.path("etc/state");
    assert!(
        check.stdout.contains(&expected.display().to_string()),
        "{} in {}",
        expected.display(),
        check.stdout
    );
}

#[test]
fn a_named_file_must_be_there() {
    let ran = Stack::bare().run(&["config", "check", "--config", "nowhere.toml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.starts_with("nowhere.toml: cannot be read"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_format_of_time_is_known_or_refused_with_what_is_allowed() {
    let source = |format: &str| {
        format!(
            "[[role]]\nname = \"A\"\n[[role.source]]\nkind = \"files\"\npaths = [\"/var/log/a\"]\n\
             time_format = \"{format}\"\n"
        )
    };
    for good in ["iso", "log4j", "epoch_ms", "%d.%m.%Y %H:%M:%S"] {
        let check = Stack::with_file(&source(good)).run(&["config", "check"]);
        assert_eq!(check.code, 0, "{}", check.stderr);
        let shown = format!("(stamps as {good})");
        assert!(check.stdout.contains(&shown), "{}", check.stdout);
    }
    let check = Stack::with_file(&source("%F %T %Z")).run(&["config", "check"]);
    assert!(
        check
            .stdout
            .contains("names that mean one offset: UTC, GMT, CET"),
        "{}",
        check.stdout
    );
    for (bad, allowed) in [
        ("isoo", "write one of iso, syslog, access"),
        ("%d.%m.%Y", "an hour (%H"),
        ("%d/%Q", "%Q is not known; use %Y %y"),
    ] {
        let check = Stack::with_file(&source(bad)).run(&["config", "check"]);
        assert_eq!(check.code, 2);
        let place = "help-support.toml:6: role.source.time_format: ";
        assert!(check.stderr.starts_with(place), "{}", check.stderr);
        assert!(check.stderr.contains(allowed), "{}", check.stderr);
    }
}

#[test]
fn a_field_of_time_is_told_and_a_wrong_one_refused() {
    let source = |key: &str| {
        format!(
            "[[role]]\nname = \"A\"\n[[role.source]]\nkind = \"files\"\npaths = [\"/var/log/a\"]\n\
             time_key = \"{key}\"\n"
        )
    };
    for good in ["eventTime", "3"] {
        let check = Stack::with_file(&source(good)).run(&["config", "check"]);
        assert_eq!(check.code, 0, "{}", check.stderr);
        let shown = format!("(stamps in {good})");
        assert!(check.stdout.contains(&shown), "{}", check.stdout);
    }
    for (bad, allowed) in [
        ("a=b", "write that of a JSON or logfmt field"),
        ("0", "from \"1\" on"),
    ] {
        let check = Stack::with_file(&source(bad)).run(&["config", "check"]);
        assert_eq!(check.code, 2);
        let place = "help-support.toml:6: role.source.time_key: ";
        assert!(check.stderr.starts_with(place), "{}", check.stderr);
        assert!(check.stderr.contains(allowed), "{}", check.stderr);
    }
}

#[test]
fn what_cannot_work_later_is_refused_where_it_stands() {
    for (text, told) in [
        (
            "[network]\nca_file = \"no.pem\"\n",
            "help-support.toml:2: network.ca_file: ",
        ),
        (
            "[collection]\nvolume_size = \"1\"\n",
            "help-support.toml:2: collection.volume_size: must be at least 1.00 KiB",
        ),
        (
            "[collection]\nmax_window = \"8h\"\nlookback = \"4h\"\n",
            "help-support.toml:2: collection.max_window: is more than lookback, which is 4 h",
        ),
        (
            "[collection]\nlookback = \"3h\"\n",
            "help-support.toml:2: collection.lookback: is less than max_window, which is 4 h",
        ),
    ] {
        let stack = Stack::with_file(text);
        for command in [["config", "check"].as_slice(), &["history"]] {
            let ran = stack.run(command);
            assert_eq!(ran.code, 2, "{text}: {}", ran.stderr);
            assert!(ran.stderr.starts_with(told), "{}", ran.stderr);
        }
    }
    let stack = Stack::with_file("[network]\nca_file = \"help-support.toml\"\n");
    let ran = stack.run(&["config", "check"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("holds no certificate"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_check_shows_own_rules_and_no_secret_of_a_command() {
    let stack = Stack::with_file(
        "[[redaction.rule]]\nname = \"pin\"\npattern = 'pin (\\d+)'\n\
         examples = [{ text = \"pin 47\", takes = \"47\" }]\n\
         [[role]]\nname = \"A\"\n[[role.source]]\nkind = \"command\"\nname = \"db\"\n\
         run = [\"/bin/db\", \"--password\", \"hunter2\", \"--pin 47\"]\n",
    );
    let check = stack.run(&["config", "check"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    assert!(check.stdout.contains("\n  pin\n") || check.stdout.ends_with("\n  pin\n"));
    assert!(
        check.stdout.contains("db: /bin/db --password"),
        "{}",
        check.stdout
    );
    for secret in ["hunter2", "47"] {
        assert!(!check.stdout.contains(secret), "{}", check.stdout);
    }
}

#[test]
fn a_check_says_what_each_pattern_matches_and_warns_of_what_is_not_there() {
    let stack = Stack::bare();
    let log = stack.write("logs/app.log", "a line\n");
    let folder = log.parent().expect("a directory").display().to_string();
    symlink("nowhere", log.with_file_name("current.log")).expect("a link");
    stack.write(
        "help-support.toml",
        &format!(
            "[managed_storage]\nsas_url_file = \"gone.sas\"\n[[role]]\nname = \"A\"\n\
             [[role.source]]\nkind = \"files\"\npaths = [\"{folder}/*.log\", \"{folder}/*.lgo\"]\n\
             [[role.source]]\nkind = \"journal\"\nunits = [\"a.service\"]\ndirectory = \"/no/such\"\n\
             [[role.source]]\nkind = \"command\"\nname = \"gone\"\nrun = [\"/no/such/program\"]\n\
             [[role.source]]\nkind = \"command\"\nname = \"there\"\nrun = [\"/bin/sh\"]\n"
        ),
    );
    let check = stack.run(&["config", "check"]);
    assert_eq!(check.code, 0, "{}", check.stderr);
    for told in [
        format!("{folder}/*.log: 1 file; warning: {folder}/current.log: not found\n"),
        "a.service in /no/such (warning: there is no such directory)\n".to_owned(),
        format!("{folder}/*.lgo: warning: matches nothing\n"),
        "gone: /no/such/program (at most 30s) (warning: there is no such program)\n".to_owned(),
        "there: /bin/sh (at most 30s)".to_owned(),
        "gone.sas (warning: it cannot be read: ".to_owned(),
    ] {
        assert!(check.stdout.contains(&told), "{told} in {}", check.stdout);
    }
    assert_eq!(
        check.stdout.matches("warning").count(),
        5,
        "{}",
        check.stdout
    );
}

#[test]
fn a_sas_url_in_the_place_of_its_file_is_refused_and_not_repeated() {
    let stack = Stack::bare();
    stack.write(
        "help-support.toml",
        "[managed_storage]\nsas_url_file = \"https://a.blob.core.windows.net/c?sig=hunter2\"\n",
    );
    let check = stack.run(&["config", "check"]);
    assert_eq!(check.code, 2, "{}", check.stdout);
    let told = "help-support.toml:2: managed_storage.sas_url_file: is a URL";
    assert!(check.stderr.contains(told), "{}", check.stderr);
    assert!(!format!("{}{}", check.stdout, check.stderr).contains("hunter2"));
}
