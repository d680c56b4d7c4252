//! Disks without room, each a small tmpfs that only the program's own mount namespace sees.

use std::process::{Command, Stdio};

use super::{Stack, can, collect, noise, period, stack_of, unpacked};
use chrono::TimeDelta;

/// Runs a script in which `$HS` is the program and `$FROM`, `$TO` the period, as the root of its own
/// mount namespace; answers its output.
fn in_namespace(stack: &Stack, script: &str) -> String {
    let (from, to) = period();
    let output = Command::new("unshare")
        .args(["-rm", "/bin/sh", "-euc", script])
        .current_dir(stack.path("."))
        .env("HS", super::common::PROGRAM)
        .env("FROM", from.to_rfc3339())
        .env("TO", to.to_rfc3339())
        .stdin(Stdio::null())
        .output()
        .expect("unshare");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_full_disk_under_the_spool_ends_the_collection_honestly_and_spares_the_database() {
    if !can("unshare", &["-rm", "true"]) {
        return;
    }
    let stack = stack_of("logs/*.log", "");
    let at = period().1 - TimeDelta::minutes(10);
    stack.write("logs/large.log", &noise(80_000, at));
    let said = in_namespace(
        &stack,
        "mkdir -p data; mount -t tmpfs -o size=3m,mode=700 none data\n\
         code=0; $HS collect --from $FROM --to $TO --output out/first > first.txt 2>&1 || code=$?\n\
         echo first=$code; cat first.txt\n\
         echo spool=$(find data/spool -type f | wc -l)\n\
         $HS history --json > history.json\n\
         cat history.json\n\
         head -n 100 logs/large.log > logs/small.log; rm logs/large.log\n\
         $HS collect --from $FROM --to $TO --output out/second > second.txt 2>&1 || { cat second.txt; exit 1; }\n\
         echo second=complete",
    );
    assert!(said.contains("first=1"), "{said}");
    assert!(said.contains("full"), "it does not say why: {said}");
    assert!(said.contains("spool=0"), "{said}");
    assert!(said.contains("\"state\": \"failed\""), "{said}");
    assert!(said.contains("second=complete"), "{said}");
    let second = unpacked(&stack, &stack.path("out/second"));
    assert_eq!(second.len(), 1, "{:?}", second.keys());
    let first = unpacked(&stack, &stack.path("out/first"));
    assert!(first.is_empty(), "{:?}", first.keys());
}

#[test]
fn a_full_destination_makes_it_wait_and_what_is_in_the_spool_goes_there_once_there_is_room() {
    if !can("unshare", &["-rm", "true"]) {
        return;
    }
    let stack = stack_of("logs/*.log", "");
    let at = period().1 - TimeDelta::minutes(10);
    let log = noise(30_000, at);
    let path = stack.write("logs/large.log", &log);
    let said = in_namespace(
        &stack,
        "mkdir -p full; mount -t tmpfs -o size=8m none full\n\
         head -c 7500000 /dev/zero > full/ballast\n\
         until_seen() { n=0; until $HS history --json | grep -q \"$1\"; do\n\
           n=$((n+1)); [ $n -lt 300 ] || { cat said.txt; exit 1; }; sleep 0.1\n\
         done; }\n\
         $HS collect --from $FROM --to $TO --output full > said.txt 2>&1 & first=$!\n\
         until_seen waiting; $HS history --json\n\
         kill -9 $first; rm full/ballast logs/large.log\n\
         $HS serve >> said.txt 2>&1 & second=$!\n\
         until_seen complete; kill $second; wait $second; cp -r full kept",
    );
    assert!(said.contains("is full; make room"), "{said}");
    let kept = unpacked(&stack, &stack.path("kept"));
    let entry = format!("files{}", path.display());
    assert!(kept[&entry] == log.as_bytes(), "other bytes were kept");
}

#[test]
fn a_spool_at_its_limit_gives_what_fits_and_names_what_does_not() {
    // all volumes of a collection have to be in the spool at once while nothing can be delivered
    let stack = stack_of("logs/*.log", "[data]\nspool_limit = \"1 MiB\"\n");
    let at = period().1 - TimeDelta::minutes(10);
    for number in 0..6 {
        stack.write(&format!("logs/{number}.log"), &noise(5000, at));
    }
    let ran = collect(&stack, period()).output().expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    let entries = unpacked(&stack, &stack.path("out"));
    match ran.status.code() {
        Some(0) => assert_eq!(entries.len(), 6),
        Some(3) => assert!(said.contains("spool is full"), "{said}"),
        other => panic!("{other:?}: {said}"),
    }
    for (name, bytes) in &entries {
        assert!(
            name == "errors.txt" || bytes.ends_with(b"\n"),
            "{name} is torn"
        );
    }
}
