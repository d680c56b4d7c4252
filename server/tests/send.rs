//! `help-support send`: a saved collection on its way to a container, as whoever runs it sees it.

#[path = "../engine/tests/common/azurite.rs"]
#[allow(dead_code, reason = "shared with the tests of the engine")]
mod azurite;
mod common;
#[path = "../engine/tests/common/gate.rs"]
#[allow(dead_code, reason = "shared with the tests of the engine")]
mod gate;

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use azurite::{Azurite, sas_at};
use chrono::{TimeDelta, Utc};
use common::{Ran, Stack, files_below, http};
use gate::{Gate, Reply, is_block};
use tokio::runtime::Runtime;

const PATIENCE: Duration = Duration::from_secs(60);

/// A saved collection, and a container behind a front that counts.
struct Rig {
    stack: Stack,
    /// Of the saved collection.
    directory: PathBuf,
    signature: String,
    azurite: Azurite,
    gate: Gate,
    /// Of the service and its front.
    runtime: Runtime,
}

impl Rig {
    fn new(megabytes: usize) -> Self {
        let runtime = Runtime::new().expect("a runtime");
        let (azurite, gate) = runtime.block_on(async {
            let azurite = Azurite::start().await;
            azurite.container("logs").await;
            let gate = Gate::start(azurite.port).await;
            (azurite, gate)
        });
        let bare = Stack::bare();
        let log = bare.write("logs/disk.log", &noise(megabytes));
        bare.write(
            "help-support.toml",
            &format!(
                "[stack]\nname = \"teststack\"\ntime_zone = \"UTC\"\n[portal]\nlisten = \"127.0.0.1:0\"\n\
                 [[role]]\nname = \"Storage\"\n[[role.source]]\nkind = \"files\"\npaths = [\"{}\"]\n",
                log.display()
            ),
        );
        let sas = sas_at(gate.port, "logs", "rwl", Utc::now() + TimeDelta::hours(1));
        bare.write("sas.txt", sas.expose());
        let (_, signature) = sas.expose().split_once("sig=").expect("a signature");
        let now = Utc::now();
        let (from, to) = ((now - TimeDelta::hours(1)).to_rfc3339(), now.to_rfc3339());
        let saved = bare.run(&["collect", "--from", &from, "--to", &to, "--output", "out"]);
        assert_eq!(saved.code, 0, "{}", saved.stderr);
        let manifest = files_below(&bare.path("out"))
            .into_iter()
            .find(|file| file.ends_with("manifest.json"))
            .expect("a manifest");
        Self {
            directory: manifest.parent().expect("its directory").to_owned(),
            signature: signature.to_owned(),
            stack: bare,
            azurite,
            gate,
            runtime,
        }
    }

    fn arguments<'a>(&self, directory: &'a Path) -> [&'a str; 5] {
        let directory = directory.to_str().expect("a path of text");
        ["send", directory, "--sas-url-file", "sas.txt", "--json"]
    }

    fn send(&self, directory: &Path) -> Ran {
        let ran = self.stack.run(&self.arguments(directory));
        for text in [&ran.stdout, &ran.stderr] {
            assert!(!text.contains(&self.signature), "{text}");
        }
        ran
    }

    fn bundle(&self) -> PathBuf {
        let mut files = files_below(&self.directory).into_iter();
        files
            .find(|file| file.extension().is_some_and(|kind| kind == "zip"))
            .expect("a bundle")
    }

    fn blobs(&self) -> Vec<String> {
        self.runtime.block_on(self.azurite.blobs("logs"))
    }

    /// The bundle as it has arrived is the one that was saved.
    fn assert_arrived(&self) {
        let bundle = self.bundle();
        let blobs = self.blobs();
        assert_eq!(blobs.len(), 2, "a bundle and a manifest: {blobs:?}");
        let blob = blobs.iter().find(|blob| blob.ends_with(".zip"));
        let to = self.stack.path("arrived.zip");
        self.runtime
            .block_on(self.azurite.download("logs", blob.expect("a bundle"), &to));
        let (saved, arrived) = (fs::read(bundle), fs::read(to));
        assert!(saved.expect("a file") == arrived.expect("a file"));
    }
}

/// Stamped lines of half an hour ago that compress to a half.
fn noise(megabytes: usize) -> String {
    let stamp = (Utc::now() - TimeDelta::minutes(30)).format("%Y-%m-%dT%H:%M:%SZ");
    let (mut text, mut noise) = (String::new(), 0x2545_f491_4f6c_dd1d_u64);
    while text.len() < megabytes << 20 {
        write!(text, "{stamp}").expect("memory");
        for _ in 0..8 {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            write!(text, " {noise:016x}").expect("memory");
        }
        text.push('\n');
    }
    text
}

#[test]
fn a_saved_collection_is_sent_beside_the_portal_told_of_and_recognised_afterwards() {
    let rig = Rig::new(1);
    let portal = rig.stack.serve();
    let sent = rig.send(&rig.directory);
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    let document = sent.json();
    assert_eq!(document["state"], "complete");
    assert_eq!(document["node"], document["parts"][0]["node"], "{document}");
    rig.assert_arrived();
    assert_eq!(http::get(&portal, "/readyz").status, 200);

    let blocks = rig.gate.blocks().len();
    let again = rig.send(&rig.directory);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert_ne!(again.json()["sent_as"], document["sent_as"]);
    assert_eq!(rig.gate.blocks().len(), blocks, "nothing is sent twice");
    rig.assert_arrived();
    let told = rig.stack.run(&rig.arguments(&rig.directory)[..4]).stdout;
    assert!(
        told.contains("have arrived: at") && !told.contains("delivered"),
        "{told}"
    );
    let history = rig.stack.run(&["history", "--json"]).json();
    let rows = history["collections"].as_array().expect("rows");
    assert_eq!(rows.len(), 4, "the collection and its sendings");
    let (code, log) = portal.stop();
    assert_eq!(code, 0);
    assert!(!log.contains(&rig.signature));
}

#[test]
fn what_is_not_the_saved_collection_is_refused_by_its_name_and_nothing_sent() {
    let rig = Rig::new(1);
    let empty = rig.stack.path("empty");
    fs::create_dir(&empty).expect("a directory");
    let refused = rig.send(&empty);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("holds no manifest.json"),
        "{}",
        refused.stderr
    );

    let bundle = rig.bundle();
    let mut bytes = fs::read(&bundle).expect("a bundle");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&bundle, bytes).expect("a file");
    let refused = rig.send(&rig.directory);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    let name = bundle.strip_prefix(&rig.directory).expect("its name");
    let named = format!("{} is not what was collected", name.display());
    assert!(refused.stderr.contains(&named), "{}", refused.stderr);
    assert_eq!(refused.stdout, "");
    assert_eq!(rig.blobs(), Vec::<String>::new());
}

#[test]
fn a_killed_sending_goes_on_where_it_was_when_it_is_asked_for_again() {
    let rig = Rig::new(40);
    let mut allowed = 1;
    rig.gate.rule(move |line| {
        let block = is_block(line);
        allowed -= i32::from(block);
        (block && allowed < 0).then(|| Reply::new(503, "ServerBusy"))
    });
    let mut sending = rig
        .stack
        .command(&rig.arguments(&rig.directory))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    // its neighbours are tried again and again, the first block has arrived long ago
    let deadline = Instant::now() + PATIENCE;
    while rig.gate.blocks().len() < 8 {
        assert!(Instant::now() < deadline, "{:?}", rig.gate.blocks());
        std::thread::sleep(Duration::from_millis(20));
    }
    // SIGKILL
    sending.kill().expect("a kill");
    sending.wait().expect("an end");
    assert_eq!(rig.blobs(), Vec::<String>::new());

    rig.gate.rule(|_| None);
    let first = rig.gate.blocks()[0].clone();
    let before = rig.gate.blocks().len();
    let sent = rig.send(&rig.directory);
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    assert_eq!(sent.json()["state"], "complete");
    rig.assert_arrived();
    let block = |line: &str| {
        let (_, rest) = line.split_once("blockid=").expect("a block");
        rest.split('&').next().expect("its id").to_owned()
    };
    let later = rig.gate.blocks().split_off(before);
    assert!(!later.is_empty(), "the rest was still to be sent");
    assert!(
        later.iter().all(|line| block(line) != block(&first)),
        "what had arrived is not sent again"
    );
}

/// Asks a program to end, and answers what it said.
fn interrupt(child: Child) -> Ran {
    let id = child.id().to_string();
    let asked = Command::new("kill").args(["-INT", &id]).status();
    assert!(asked.expect("kill runs").success());
    Ran::of(child.wait_with_output().expect("the program ends"))
}

impl Rig {
    /// A sending that runs until something ends it.
    fn begin(&self) -> Child {
        let mut command = self.stack.command(&self.arguments(&self.directory));
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        piped.spawn().expect("the program starts")
    }

    /// The sendings' states, newest first.
    fn states(&self) -> Vec<String> {
        let history = self.stack.run(&["history", "--json"]).json();
        let rows = history["collections"].as_array().expect("rows").iter();
        let mut states: Vec<_> = rows
            .map(|row| row["state"].as_str().expect("a state").to_owned())
            .collect();
        assert_eq!(states.pop().as_deref(), Some("complete"), "the collection");
        states
    }

    fn wait_for_tries(&self, more: usize) {
        let enough = self.gate.blocks().len() + more;
        let deadline = Instant::now() + PATIENCE;
        while self.gate.blocks().len() < enough || self.states() != ["waiting"] {
            assert!(Instant::now() < deadline, "{:?}", self.gate.blocks());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_sending_that_waits_says_what_helps_and_gives_up_when_told_to() {
    let rig = Rig::new(1);
    rig.gate
        .rule(|line| is_block(line).then(|| Reply::new(403, "AuthenticationFailed")));
    let mut arguments = rig.arguments(&rig.directory).to_vec();
    arguments.extend(["--give-up-after", "3s"]);
    let left = rig.stack.run(&arguments);
    assert_eq!(left.code, 1, "{}", left.stderr);
    for told in [
        "Waiting. the storage service does not accept the SAS URL",
        "It is tried again until ",
        "Ctrl-C stops it: the directory stays as it is",
        "Given up after 3s of failures",
        "send the directory again",
    ] {
        assert!(left.stderr.contains(told), "{told}: {}", left.stderr);
    }
    assert_eq!(left.json()["state"], "waiting");

    // a portal has no say in it, and goes on with what is its own
    let portal = rig.stack.serve();
    let (from, to) = (
        (Utc::now() - TimeDelta::hours(1)).to_rfc3339(),
        Utc::now().to_rfc3339(),
    );
    let other = rig
        .stack
        .run(&["collect", "--from", &from, "--to", &to, "--output", "other"]);
    assert_eq!(other.code, 0, "{}", other.stderr);
    assert_eq!(rig.states(), ["complete", "waiting"]);
    portal.stop();

    rig.gate.rule(|_| None);
    let sent = rig.send(&rig.directory);
    assert_eq!(sent.code, 0, "{}", sent.stderr);
    assert_eq!(sent.json()["sent_as"], left.json()["sent_as"]);
    rig.assert_arrived();
}

/// Another SAS URL of the same container.
fn another_sas(rig: &Rig) -> String {
    let sas = sas_at(
        rig.gate.port,
        "logs",
        "rwl",
        Utc::now() + TimeDelta::hours(2),
    );
    sas.expose().to_owned()
}

/// The next line that a program says which holds `text`.
fn wait_for(lines: &mut impl Iterator<Item = std::io::Result<String>>, text: &str) -> String {
    let mut before = Vec::new();
    for line in lines {
        let line = line.expect("text");
        if line.contains(text) {
            return line;
        }
        before.push(line);
    }
    panic!("{text:?} was not told: {before:?}");
}

#[test]
fn a_waiting_sending_takes_another_sas_url_from_its_file() {
    let rig = Rig::new(1);
    let old = rig.signature.clone();
    // the service refuses the first one, as when it has been revoked
    rig.gate.rule(move |line| {
        (is_block(line) && line.contains(&old)).then(|| Reply::new(403, "AuthenticationFailed"))
    });
    let mut sending = rig.begin();
    let mut lines = BufReader::new(sending.stderr.take().expect("a pipe")).lines();
    let advice = wait_for(&mut lines, "If it needs another SAS URL");
    assert!(
        advice.contains("put a new one into sas.txt, or replace it in the portal"),
        "{advice}"
    );
    // neither what is no SAS URL nor one that the service refuses ends the waiting
    rig.stack.write("sas.txt", "https://nowhere.example/x?sv=1");
    wait_for(&mut lines, "What is in sas.txt now cannot be used");
    wait_for(&mut lines, "Put another SAS URL into it");
    let foreign = sas_at(
        rig.gate.port,
        "nowhere",
        "rwl",
        Utc::now() + TimeDelta::hours(1),
    );
    rig.stack.write("sas.txt", foreign.expose());
    let refused = wait_for(&mut lines, "What is in sas.txt now cannot be used");
    assert!(
        refused.contains("The storage service was asked"),
        "{refused}"
    );
    assert!(!refused.contains("sig="), "{refused}");
    assert_eq!(rig.states(), ["waiting"]);

    rig.stack.write("sas.txt", &another_sas(&rig));
    wait_for(
        &mut lines,
        "Going on with the SAS URL that is in sas.txt now",
    );
    let sent = sending.wait_with_output().expect("the program ends");
    assert_eq!(sent.status.code(), Some(0));
    assert_eq!(rig.states(), ["complete"]);
    rig.assert_arrived();
}

#[test]
fn a_waiting_collection_takes_another_sas_url_from_its_file() {
    let rig = Rig::new(1);
    let old = rig.signature.clone();
    rig.gate.rule(move |line| {
        (is_block(line) && line.contains(&old)).then(|| Reply::new(403, "AuthenticationFailed"))
    });
    let now = Utc::now();
    let (from, to) = ((now - TimeDelta::hours(1)).to_rfc3339(), now.to_rfc3339());
    let mut collecting = rig
        .stack
        .collect_to_container(&from, &to, "sas.txt")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(collecting.stderr.take().expect("a pipe")).lines();
    wait_for(&mut lines, "put a new one into sas.txt");
    rig.stack.write("sas.txt", &another_sas(&rig));
    wait_for(&mut lines, "Going on with the SAS URL");
    let ended = Ran::of(collecting.wait_with_output().expect("the program ends"));
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    assert!(!ended.stdout.contains("sig="), "{}", ended.stdout);
    assert_eq!(rig.blobs().len(), 2, "a bundle and a manifest");
}

#[test]
fn giving_up_counts_from_the_first_failure_and_not_from_when_it_is_told() {
    let rig = Rig::new(1);
    rig.gate
        .rule(|line| is_block(line).then(|| Reply::new(503, "ServerBusy")));
    let mut arguments = rig.arguments(&rig.directory).to_vec();
    arguments.extend(["--give-up-after", "2s"]);
    let left = rig.stack.run(&arguments);
    assert_eq!(left.code, 1, "{}", left.stderr);
    let told = "Given up after 2s of failures";
    assert!(left.stderr.contains(told), "{}", left.stderr);
    assert_eq!(rig.states(), ["waiting"]);
    let tries = rig.gate.blocks().len();
    assert!(tries < 5, "so many are told of as a wait: {tries}");
}

#[test]
fn a_collection_in_the_queue_says_behind_which_one_and_why_that_waits() {
    let rig = Rig::new(1);
    rig.gate
        .rule(|line| is_block(line).then(|| Reply::new(403, "AuthenticationFailed")));
    let sending = rig.begin();
    rig.wait_for_tries(1);
    let (from, to) = (
        (Utc::now() - TimeDelta::hours(1)).to_rfc3339(),
        Utc::now().to_rfc3339(),
    );
    let collect = ["collect", "--from", &from, "--to", &to, "--output", "other"];
    let mut collecting = rig
        .stack
        .command(&collect)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(collecting.stderr.take().expect("a pipe")).lines();
    let mut line = || lines.next().map(|line| line.expect("text"));
    let ahead = rig.stack.run(&["history", "--json"]).json();
    let rows = ahead["collections"].as_array().expect("rows");
    let ahead = rows.iter().find(|row| row["state"] == "waiting");
    let id = ahead.expect("the sending")["id"].as_str().expect("an id");
    let behind =
        format!("Queued behind {id} (Waiting: the storage service does not accept the SAS URL");
    let told = std::iter::from_fn(&mut line).find(|line| line.contains("Queued"));
    let told = told.expect("it tells that it is queued");
    assert!(told.contains(&behind), "{told}");
    let help = line().expect("what helps");
    assert!(help.contains("replace its SAS URL"), "{help}");
    interrupt(sending);
    assert!(collecting.wait().expect("an end").success());
    let again = std::iter::from_fn(line).find(|line| line.contains("behind"));
    assert_eq!(again, None, "it is told once");
}

#[test]
fn stopping_a_second_sending_does_not_stop_the_first() {
    let rig = Rig::new(1);
    rig.gate
        .rule(|line| is_block(line).then(|| Reply::new(403, "AuthenticationFailed")));
    let first = rig.begin();
    rig.wait_for_tries(1);
    let second = rig.begin();
    // the first one tries anew with the SAS URL of the second
    rig.wait_for_tries(1);
    let stopped = interrupt(second);
    assert_eq!(stopped.code, 1, "{}", stopped.stderr);
    assert_eq!(rig.states(), ["waiting"]);
    rig.gate.rule(|_| None);
    let third = rig.send(&rig.directory);
    assert_eq!(third.code, 0, "{}", third.stderr);
    let first = Ran::of(first.wait_with_output().expect("the program ends"));
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(rig.states(), ["complete"], "one sending for all three");
    rig.assert_arrived();
}
