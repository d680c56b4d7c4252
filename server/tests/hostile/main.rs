//! The program where things are not as they should be: full disks, missing rights, files that move,
//! grow and vanish while they are read, and files that are no logs at all.

#[path = "../common/mod.rs"]
mod common;
mod disk;
mod moving;
mod rights;
mod silence;
mod zoo;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use common::{Stack, files_below};

/// The hour up to now.
fn period() -> (DateTime<Utc>, DateTime<Utc>) {
    let end = Utc::now()
        .duration_trunc(TimeDelta::seconds(1))
        .expect("a second");
    (end - TimeDelta::hours(1), end)
}

/// A stack with one role of the files that this glob, below the stack's directory, finds.
fn stack_of(glob: &str, more: &str) -> Stack {
    let stack = Stack::new("");
    let text = std::fs::read_to_string(stack.path("help-support.toml")).expect("a file");
    let paths = stack.path(glob);
    stack.write(
        "help-support.toml",
        &format!(
            "{text}{more}\n[[role]]\nname = \"Storage\"\n[[role.source]]\nkind = \"files\"\npaths = ['{}']\n",
            paths.display()
        ),
    );
    stack
}

/// `collect` into `out`, as a command that has not been started.
fn collect(stack: &Stack, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Command {
    let (from, to) = (from.to_rfc3339(), to.to_rfc3339());
    let mut command = stack.command(&["collect", "--from", &from, "--to", &to]);
    command.arg("--output").arg(stack.path("out"));
    command
}

/// Runs a command that says nothing; answers how it ended, and the most memory that it had in KiB,
/// without its own code, of which a build for tests has several times as much.
fn watched(command: &mut Command) -> (ExitStatus, u64) {
    let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().expect("it starts");
    let mut most = 0;
    loop {
        most = most.max(memory(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child") {
            return (status, most);
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Lines of the window that do not compress.
fn noise(lines: u64, at: DateTime<Utc>) -> String {
    use std::fmt::Write as _;
    let stamp = at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (mut text, mut state) = (String::new(), 0x2545_f491_4f6c_dd1d_u64);
    for number in 0..lines {
        write!(text, "{stamp} {number}").expect("a string");
        for _ in 0..8 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            write!(text, " {state:016x}").expect("a string");
        }
        text.push('\n');
    }
    text
}

/// Name and bytes of every entry of every bundle below a directory; an entry is nowhere twice. All
/// bundles can be unpacked by a program that is not ours.
fn unpacked(stack: &Stack, folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for zip in files_below(folder) {
        if zip.extension().is_none_or(|ending| ending != "zip") {
            continue;
        }
        let target = stack.path("unpacked");
        std::fs::create_dir_all(&target).expect("a directory");
        let output = Command::new("bsdtar")
            .arg("-xf")
            .arg(&zip)
            .arg("-C")
            .arg(&target)
            .stdin(Stdio::null())
            .output()
            .expect("bsdtar");
        assert!(
            output.status.success(),
            "{}: {}",
            zip.display(),
            String::from_utf8_lossy(&output.stderr)
        );
        std::fs::remove_dir_all(&target).expect("a directory");
        let mut archive = zip::ZipArchive::new(File::open(&zip).expect("a bundle")).expect("a zip");
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).expect("an entry");
            let name = entry.name().expect("a name").into_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("an entry");
            let twice = found.insert(name.clone(), bytes);
            assert!(twice.is_none(), "{name} is there twice");
        }
    }
    found
}

/// Whether a test that needs rights which not everybody has can run; says so where it cannot.
fn can(program: &str, arguments: &[&str]) -> bool {
    let allowed = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !allowed {
        println!(
            "SKIPPED: `{program} {}` is not permitted here",
            arguments.join(" ")
        );
    }
    allowed
}
