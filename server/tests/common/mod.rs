//! A stack in a temporary directory, the real program run against it, and a browser's bare bones.

// each test file uses its share of this
#![allow(dead_code, reason = "shared between test files")]

pub mod http;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_help-support");

/// How long the program may take for something that takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A directory with a configuration, and whatever the program puts beside it.
pub struct Stack {
    folder: TempDir,
}

impl Stack {
    /// A stack with this configuration; the portal takes any free port.
    pub fn new(roles: &str) -> Self {
        Self::with_file(&format!(
            "[stack]\nname = \"teststack\"\ntime_zone = \"UTC\"\n[portal]\nlisten = \"127.0.0.1:0\"\n{roles}"
        ))
    }

    /// A stack with exactly this file.
    pub fn with_file(text: &str) -> Self {
        let stack = Self::bare();
        stack.write("help-support.toml", text);
        stack
    }

    /// A directory without a configuration.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("a directory");
        }
        std::fs::write(&path, text).expect("a file");
        path
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("RUST_LOG")
            .env_remove("HELP_SUPPORT_LOG")
            .env("HELP_SUPPORT_SITE", self.path("site"))
            .stdin(Stdio::null());
        command
    }

    /// `collect` of a period, with what is kept delivered to a container.
    pub fn collect_to_container(&self, from: &str, to: &str, sas_url_file: &str) -> Command {
        let period = ["collect", "--from", from, "--to", to];
        let mut command = self.command(&period);
        command.args(["--sas-url-file", sas_url_file]);
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().expect("the program runs"))
    }

    /// Runs the program with this on its standard input.
    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        Ran::of(child.wait_with_output().expect("the program ends"))
    }

    pub fn add_user(&self, name: &str, role: &str, password: &str) {
        let ran = self.run_with_input(
            &["user", "add", name, "--role", role, "--password-stdin"],
            &format!("{password}\n"),
        );
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }

    pub fn serve(&self) -> Portal {
        Portal::start(self.command(&["serve"]))
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("it ended by itself"),
            stdout: String::from_utf8(output.stdout).expect("text"),
            stderr: String::from_utf8(output.stderr).expect("text"),
        }
    }

    /// Standard output, which must hold one JSON document and nothing else.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).expect("one JSON document")
    }
}

/// The portal at work; killed when the test ends.
pub struct Portal {
    child: Child,
    /// Ends with the program.
    log: Option<JoinHandle<String>>,
    /// `host:port`.
    pub address: String,
    /// The first operator's password, where this start made one.
    pub password: Option<String>,
}

impl Portal {
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        // read all the time: a full pipe would hold the program up
        let mut stderr = child.stderr.take().expect("a pipe");
        let log = std::thread::spawn(move || {
            let mut log = String::new();
            stderr.read_to_string(&mut log).expect("text");
            log
        });
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut password = None;
        let address = loop {
            let Some(line) = lines.next() else {
                panic!("the portal did not start: {}", log.join().expect("a log"));
            };
            let line = line.expect("text");
            if let Some(told) = line.strip_prefix("Password: ") {
                password = Some(told.to_owned());
            } else if let Some(address) = line.strip_prefix("Listening on http://") {
                break address.to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        let portal = Self {
            child,
            log: Some(log),
            address,
            password,
        };
        portal.wait_until_ready();
        portal
    }

    fn wait_until_ready(&self) {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if http::get(self, "/readyz").status == 200 {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the portal is not ready");
    }

    /// Asks the program to stop, and answers its exit code and its log.
    pub fn stop(mut self) -> (i32, String) {
        let id = self.child.id().to_string();
        let asked = Command::new("kill").args(["-TERM", &id]).status();
        assert!(asked.expect("kill runs").success());
        let end = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < end, "the portal does not stop");
            std::thread::sleep(Duration::from_millis(20));
        };
        let log = self.log.take().expect("a reader");
        let log = log.join().expect("a log");
        (status.code().expect("it ended by itself"), log)
    }

    /// Kills the program, and answers its log.
    pub fn kill(mut self) -> String {
        self.child.kill().expect("a child");
        let log = self.log.take().expect("a reader");
        log.join().expect("a log")
    }

    /// Signs in and answers the session's cookie, as `name=value`.
    pub fn sign_in(&self, name: &str, password: &str) -> String {
        let answer = http::post(self, "/sign-in", &[("user", name), ("password", password)]).send();
        assert_eq!(answer.header("location"), Some("/"), "{answer:?}");
        let cookie = answer.header("set-cookie").expect("a cookie");
        cookie.split(';').next().expect("a pair").to_owned()
    }
}

impl Drop for Portal {
    fn drop(&mut self) {
        // it may have ended already
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Every file below a directory.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Name and text of every entry of a bundle.
pub fn unzip(path: &Path) -> Vec<(String, String)> {
    let file = File::open(path).expect("a bundle");
    let mut archive = zip::ZipArchive::new(file).expect("a zip");
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).expect("an entry");
            let mut text = String::new();
            entry.read_to_string(&mut text).expect("text");
            (entry.name().expect("a name").into_owned(), text)
        })
        .collect()
}
