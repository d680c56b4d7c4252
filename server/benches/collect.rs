//! Throughput and peak memory of a whole `collect --output`, beside `tar | zstd` on the same files.
//!
//! Both run alternately in the same process tree on the same machine, so that the ratio means
//! something on a noisy one. `BENCH_MIB` sets the size of the logs (default 1024), `BENCH_RUNS` how
//! often each is run (default 3); medians are reported.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

const FILES: u64 = 200;
const ROLES: [&str; 4] = ["Storage", "Networking", "Compute", "Host"];

fn main() {
    // `cargo test --benches` calls with other arguments: there is nothing to measure then
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let megabytes = number("BENCH_MIB", 1024);
    let runs = usize::try_from(number("BENCH_RUNS", 3)).expect("a small number");
    let root = tempfile::tempdir().expect("a temporary directory");
    let end = Utc::now();
    let logs = root.path().join("logs");
    eprintln!(
        "writing {megabytes} MiB of logs in {FILES} files for {} roles",
        ROLES.len()
    );
    let bytes = write_logs(&logs, megabytes << 20, end);
    let config = write_config(root.path(), &logs);
    let (mut ours, mut theirs, mut memory) = (Vec::new(), Vec::new(), 0);
    for run in 1..=runs {
        let baseline = tar(&logs);
        let (collect, peak) = collect(root.path(), &config, end);
        eprintln!(
            "run {run}: tar | zstd {baseline:.2?}, collect {collect:.2?}, peak {} MiB",
            peak >> 20
        );
        ours.push(collect);
        theirs.push(baseline);
        memory = memory.max(peak);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    #[allow(clippy::cast_precision_loss, reason = "figures for people")]
    let rate = |time: Duration| bytes as f64 / f64::from(1 << 20) / time.as_secs_f64();
    println!("| what | median of {runs} | rate |");
    println!("|---|---|---|");
    println!(
        "| `tar c \\| zstd -3 -T2` | {theirs:.2?} | {:.0} MiB/s |",
        rate(theirs)
    );
    println!(
        "| `help-support collect --output` | {ours:.2?} | {:.0} MiB/s |",
        rate(ours)
    );
    println!();
    println!(
        "ratio (above 1 is faster than the peer): {:.2}",
        theirs.as_secs_f64() / ours.as_secs_f64()
    );
    println!(
        "peak memory: {} MiB for {} MiB of logs",
        memory >> 20,
        bytes >> 20
    );
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number"))
    })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Lines of five kinds, all within the last hour, so that everything has to be read and packed.
fn write_logs(root: &Path, size: u64, end: DateTime<Utc>) -> u64 {
    let each = size / FILES;
    let mut total = 0;
    for file in 0..FILES {
        let role = ROLES[usize::try_from(file).expect("a small number") % ROLES.len()];
        let directory = root.join(role);
        fs::create_dir_all(&directory).expect("a directory");
        let path = directory.join(format!("service-{file:03}.log"));
        let mut out = BufWriter::new(File::create(path).expect("a log"));
        let mut written = 0;
        let mut state = file.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let lines = each / 130;
        let mut line_number = 0;
        while written < each {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let share =
                i64::try_from(line_number * 3_000_000 / lines.max(1)).expect("within the hour");
            let at = end - TimeDelta::milliseconds(3_500_000) + TimeDelta::milliseconds(share);
            let line = line(file % 5, at, state, line_number);
            written += line.len() as u64;
            out.write_all(line.as_bytes()).expect("a line");
            line_number += 1;
        }
        out.flush().expect("a log");
        total += written;
    }
    total
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
            "{iso} DEBUG http: 10.{}.{}.{} \"GET /v1/volumes/{noise:016x}/attachments HTTP/1.1\" 200 {}\n",
            a % 256,
            b % 256,
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

fn write_config(root: &Path, logs: &Path) -> std::path::PathBuf {
    use std::fmt::Write;
    let mut text = format!(
        "[stack]\nname = \"bench\"\ntime_zone = \"UTC\"\n[data]\ndirectory = \"{}\"\n",
        root.join("data").display()
    );
    for role in ROLES {
        let paths = logs.join(role).join("*.log");
        writeln!(
            text,
            "[[role]]\nname = \"{role}\"\n[[role.source]]\nkind = \"files\"\npaths = [\"{}\"]",
            paths.display()
        )
        .expect("a string");
    }
    let path = root.join("help-support.toml");
    fs::write(&path, text).expect("a configuration");
    path
}

fn tar(logs: &Path) -> Duration {
    let start = Instant::now();
    let mut tar = Command::new("tar")
        .arg("c")
        .arg(logs)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("tar");
    let input = tar.stdout.take().expect("its output");
    let packed = logs.with_file_name("baseline.tar.zst");
    let output = File::create(&packed).expect("a file");
    let status = Command::new("zstd")
        .args(["-q", "-3", "-T2"])
        .stdin(input)
        .stdout(output)
        .status()
        .expect("zstd");
    assert!(status.success() && tar.wait().expect("tar").success());
    let time = start.elapsed();
    fs::remove_file(packed).expect("the file");
    time
}

fn collect(root: &Path, config: &Path, end: DateTime<Utc>) -> (Duration, u64) {
    let output = root.join("bundles");
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_help-support"))
        .arg("collect")
        .arg("--config")
        .arg(config)
        .args([
            "--from",
            &(end - TimeDelta::hours(1)).to_rfc3339(),
            "--to",
            &end.to_rfc3339(),
            "--output",
        ])
        .arg(&output)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("help-support");
    let mut peak = 0;
    let status = loop {
        peak = peak.max(peak_memory(child.id()));
        if let Some(status) = child.try_wait().expect("the program") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let time = start.elapsed();
    assert!(status.success(), "collect ended with {status}");
    fs::remove_dir_all(output).expect("the bundles");
    (time, peak)
}

/// The high-water mark of resident memory, in bytes; 0 once the process has ended.
fn peak_memory(process: u32) -> u64 {
    fs::read_to_string(format!("/proc/{process}/status"))
        .ok()
        .and_then(|status| {
            let line = status
                .lines()
                .find(|line| line.starts_with("VmHWM:"))?
                .to_owned();
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        })
        .map_or(0, |kib| kib << 10)
}
