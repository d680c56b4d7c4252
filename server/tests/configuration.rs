//! What the program says about its configuration.

mod common;

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
