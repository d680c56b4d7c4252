//! Files that are no usual logs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};

use super::{Stack, collect, files_below, period, stack_of, unpacked, watched};

#[test]
fn whatever_lies_in_a_log_directory_is_collected_or_named_and_nothing_is_waited_for() {
    let stack = stack_of("logs/**/*", "");
    let logs = stack.path("logs");
    fs::create_dir(&logs).expect("a directory");
    let line = format!(
        "{} a line\n",
        (Utc::now() - TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%SZ")
    );
    let long = "n".repeat(255);
    let odd = [0xff; 255];
    let names: [&[u8]; 9] = [
        b"plain.log",
        b"with\nnewline",
        b"quote'\"`$(x)",
        b"\xff\xfe.log",
        b"-rf",
        b"back\\slash",
        b"100%25.log",
        long.as_bytes(),
        &odd,
    ];
    for name in names {
        fs::write(logs.join(OsStr::from_bytes(name)), &line).expect("a file");
    }
    let deep = (0..100).fold(logs.clone(), |path, _| path.join("d"));
    fs::create_dir_all(&deep).expect("directories");
    fs::write(deep.join("deep.log"), &line).expect("a file");
    fs::write(logs.join("empty.log"), "").expect("a file");
    fs::hard_link(logs.join("plain.log"), logs.join("second-name.log")).expect("a link");
    symlink(&logs, logs.join("loop")).expect("a link");
    symlink("itself", logs.join("itself")).expect("a link");
    symlink("/etc/passwd", logs.join("outside")).expect("a link");
    let made = Command::new("mkfifo").arg(logs.join("fifo")).status();
    assert!(made.expect("mkfifo").success());
    let _socket = UnixListener::bind(logs.join("socket")).expect("a socket");
    // without privilege to make one there is one device less
    let _device = Command::new("mknod")
        .arg(logs.join("device"))
        .args(["c", "1", "5"])
        .stderr(Stdio::null())
        .status();
    let hole = File::create(logs.join("sparse.bin")).expect("a file");
    hole.set_len(10 << 30).expect("a hole");

    let began = Instant::now();
    let ran = collect(&stack, period()).output().expect("it runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(3), "{said}");
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    let entries = unpacked(&stack, &stack.path("out"));
    let lines = entries
        .iter()
        .filter(|(_, bytes)| **bytes == line.as_bytes())
        .count();
    // a file with two names is one file or two, as the reader has it
    assert!(
        (names.len() + 1..=names.len() + 2).contains(&lines),
        "{lines} of {:?}",
        entries.keys()
    );
    let errors = String::from_utf8_lossy(&entries["errors.txt"]).into_owned();
    for named in ["fifo", "socket", "itself", "outside"] {
        assert!(
            errors.lines().any(|line| line.contains(named)),
            "{named} in {errors}"
        );
    }
    let passwd = fs::read_to_string("/etc/passwd").expect("a file");
    let root = passwd.lines().next().expect("a line");
    for (name, bytes) in &entries {
        assert!(
            memchr::memmem::find(bytes, root.as_bytes()).is_none(),
            "{name} is of elsewhere"
        );
    }
}

#[test]
fn a_line_of_a_gibibyte_takes_no_more_memory_than_any_other() {
    let stack = stack_of("logs/*", "");
    fs::create_dir(stack.path("logs")).expect("a directory");
    // packed, so that the disk has little to do
    let mut packing = Command::new("zstd")
        .args(["-q", "-1", "-o"])
        .arg(stack.path("logs/long.log.zst"))
        .stdin(Stdio::piped())
        .spawn()
        .expect("zstd");
    let mut into = packing.stdin.take().expect("a pipe");
    let stamp = (Utc::now() - TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%SZ");
    write!(into, "{stamp} ").expect("a pipe");
    let block = "ordinary words follow each other ".repeat(32 * 1024);
    let blocks = (1 << 30) / block.len();
    for _ in 0..blocks {
        into.write_all(block.as_bytes()).expect("a pipe");
    }
    drop(into);
    assert!(packing.wait().expect("zstd").success());

    let (status, most) = watched(&mut collect(&stack, period()));
    assert_eq!(status.code(), Some(0));
    assert!(most < 96 * 1024, "it took {most} KiB");
}

#[test]
fn a_hundred_thousand_small_files_are_all_collected_in_bounded_memory() {
    const FOLDERS: usize = 100;
    const FILES: usize = 1000;
    let stack = stack_of("logs/**/*.log", "");
    let stamp = (Utc::now() - TimeDelta::minutes(5)).format("%Y-%m-%dT%H:%M:%SZ");
    for folder in 0..FOLDERS {
        let path = stack.path(&format!("logs/{folder}"));
        fs::create_dir_all(&path).expect("a directory");
        for file in 0..FILES {
            let line = format!("{stamp} file {file} of {folder}\n");
            fs::write(path.join(format!("{file}.log")), line).expect("a file");
        }
    }
    let began = Instant::now();
    let (status, most) = watched(&mut collect(&stack, period()));
    assert_eq!(status.code(), Some(0));
    assert!(most < 96 * 1024, "it took {most} KiB");
    let took = began.elapsed();
    assert!(took < Duration::from_secs(300), "it took {took:?}");
    let entries: usize = files_below(&stack.path("out"))
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "zip"))
        .map(|path| {
            zip::ZipArchive::new(File::open(path).expect("a bundle"))
                .expect("a zip")
                .len()
        })
        .sum();
    assert_eq!(entries, FOLDERS * FILES);
}

#[test]
fn files_that_the_kernel_writes_while_they_are_read_are_taken_though_their_size_is_zero() {
    // those of a process say that they were written when somebody first looked at them
    let folder = format!("/proc/{}", std::process::id());
    let stack = Stack::new(&format!(
        "[[role]]\nname = \"Kernel\"\n[[role.source]]\nkind = \"files\"\n\
         paths = [\"{folder}/limits\", \"{folder}/comm\"]\n"
    ));
    let texts = ["limits", "comm"]
        .map(|name| (name, fs::read(format!("{folder}/{name}")).expect("a file")));
    thread::sleep(Duration::from_millis(1100));
    let ran = collect(&stack, period()).output().expect("it runs");
    assert_eq!(ran.status.code(), Some(0), "{ran:?}");
    let entries = unpacked(&stack, &stack.path("out"));
    assert_eq!(entries.len(), 2, "{:?}", entries.keys());
    for (name, text) in texts {
        assert!(entries[&format!("files{folder}/{name}")] == text, "{name}");
    }
}
