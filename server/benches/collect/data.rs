//! The logs that are measured with: made anew by each run, the same each time but for the day.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

pub const ROLES: [&str; 4] = ["Storage", "Networking", "Compute", "Host"];

/// The lines of one file, evenly over a time.
struct Lines {
    seed: u64,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    bytes: u64,
}

impl Lines {
    /// Writes them; `each` sees every line with its time.
    fn write(&self, mut each: impl FnMut(DateTime<Utc>, &str)) {
        let expected = i64::try_from(self.bytes / 110).expect("small").max(1);
        let step = (self.to - self.from) / i32::try_from(expected).expect("small");
        let mut noise = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let (mut at, mut written, mut number) = (self.from, 0, 0);
        while written < self.bytes {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            let line = line(self.seed % 5, at, noise, number);
            each(at, &line);
            written += line.len() as u64;
            number += 1;
            at = (at + step).min(self.to);
        }
    }
}

fn file(path: &Path) -> BufWriter<File> {
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    BufWriter::with_capacity(1 << 20, File::create(path).expect("a log"))
}

/// Gives a log the time of its last line.
fn close(out: BufWriter<File>, at: DateTime<Utc>) {
    let file = out.into_inner().expect("a log");
    file.set_modified(SystemTime::from(at)).expect("its time");
}

/// Logs of the hour before `end`, over all roles.
pub fn varied(root: &Path, bytes: u64, files: u64, end: DateTime<Utc>) {
    for number in 0..files {
        let role = ROLES[usize::try_from(number).expect("small") % ROLES.len()];
        let mut out = file(&root.join(role).join(format!("service-{number:05}.log")));
        let lines = Lines {
            seed: number,
            from: end - TimeDelta::minutes(58),
            to: end - TimeDelta::minutes(2),
            bytes: bytes / files,
        };
        lines.write(|_, line| out.write_all(line.as_bytes()).expect("a line"));
        close(out, lines.to);
    }
}

/// A log of the hour before `end`, for the first role.
pub fn single(root: &Path, bytes: u64, end: DateTime<Utc>) {
    let mut out = file(&root.join(ROLES[0]).join("one.log"));
    // pieces of all kinds, so that it is like the many
    for seed in 0..50 {
        let minutes = i64::try_from(seed).expect("small");
        let from = end - TimeDelta::minutes(58 - minutes);
        let lines = Lines {
            seed,
            from,
            to: from + TimeDelta::minutes(1),
            bytes: bytes / 50,
        };
        lines.write(|_, line| out.write_all(line.as_bytes()).expect("a line"));
    }
    close(out, end - TimeDelta::minutes(8));
}

/// Logs of the week before `end` in `root`, and those of their lines that lie in the window, alone,
/// in `alone`.
pub fn week(
    root: &Path,
    alone: &Path,
    bytes: u64,
    window: (DateTime<Utc>, DateTime<Utc>),
    end: DateTime<Utc>,
) {
    const SERVICES: u64 = 200;
    const ROTATED: i32 = 10;
    let share = TimeDelta::days(7) / ROTATED;
    for service in 0..SERVICES {
        let role = ROLES[usize::try_from(service).expect("small") % ROLES.len()];
        let name = |rotation: i32| format!("{role}/service-{service:03}.log.{rotation}");
        for rotation in 0..ROTATED {
            let mut out = file(&root.join(name(rotation)));
            let mut inside = Vec::new();
            let lines = Lines {
                seed: service,
                from: end - share * (rotation + 1),
                to: end - share * rotation - TimeDelta::seconds(1),
                bytes: bytes / SERVICES / u64::try_from(ROTATED).expect("small"),
            };
            lines.write(|at, line| {
                out.write_all(line.as_bytes()).expect("a line");
                if window.0 <= at && at < window.1 {
                    inside.extend_from_slice(line.as_bytes());
                }
            });
            close(out, lines.to);
            if !inside.is_empty() {
                let mut out = file(&alone.join(name(rotation)));
                out.write_all(&inside).expect("lines");
                close(out, lines.to.min(window.1));
            }
        }
    }
}

/// Copies of a tree side by side: they are larger together, and take no thought to make.
pub fn copies(from: &Path, root: &Path, count: u32) {
    for role in fs::read_dir(from).expect("a directory") {
        let role = role.expect("a role").path();
        let into = root.join(role.file_name().expect("a name"));
        fs::create_dir_all(&into).expect("a directory");
        for log in fs::read_dir(&role).expect("a directory") {
            let log = log.expect("a log").path();
            let name = log
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let modified = fs::metadata(&log).and_then(|metadata| metadata.modified());
            for number in 0..count {
                let copy = into.join(format!("{number:02}-{name}"));
                fs::copy(&log, &copy).expect("a copy");
                let copy = File::options().append(true).open(&copy).expect("the copy");
                copy.set_modified(*modified.as_ref().expect("a time"))
                    .expect("its time");
            }
        }
    }
}

fn line(kind: u64, at: DateTime<Utc>, noise: u64, number: u64) -> String {
    let iso = at.format("%Y-%m-%dT%H:%M:%S%.6fZ");
    let (a, b) = (noise & 0xffff, noise >> 40);
    match kind {
        0 => format!(
            "{iso} INFO osd.{} handled op {noise:016x} in {} us, queue depth {}\n",
            a % 64,
            b % 9000,
            a % 32
        ),
        1 => format!(
            "{} node-01 kubelet[{}]: pod frontend-{:05x} probe succeeded status=200 latency={}ms\n",
            at.format("%b %e %H:%M:%S"),
            1000 + a % 90,
            b & 0xfffff,
            a % 700
        ),
        2 => format!(
            // as many machines as a large site has
            "{iso} DEBUG http: 10.{}.{}.{} \"GET /v1/volumes/{noise:016x}/attachments HTTP/1.1\" 200 {}\n",
            a % 8,
            b % 16,
            number % 256,
            b % 70000
        ),
        3 => format!(
            "{} WARN scheduler: vm-{:06} migration deferred, host memory {} MiB below threshold\n",
            at.format("%Y-%m-%d %H:%M:%S,%3f"),
            b % 999_999,
            a % 4096
        ),
        _ if number % 40 == 7 => format!(
            "{iso} ERROR worker: request failed\n    at collect (/srv/app/worker.js:{}:{})\n    at run (/srv/app/main.js:{}:11)\n",
            a % 900,
            b % 80,
            b % 300
        ),
        _ => format!(
            "{iso} INFO worker: job {noise:016x} state=done items={} bytes={}\n",
            a % 900,
            b
        ),
    }
}
