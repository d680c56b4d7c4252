//! Running a program and seeing what it takes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub struct Taken {
    pub time: Duration,
    /// Of user and system, with all that it started.
    pub cpu: Duration,
    /// The largest resident memory of the process itself, in bytes.
    pub peak_bytes: u64,
}

/// Runs a program to its end, which must be good.
pub fn run(command: &mut Command) -> Taken {
    let before = children_cpu();
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut peak_bytes = 0;
    let status = loop {
        peak_bytes = peak_bytes.max(high_water(child.id()));
        if let Some(status) = child.try_wait().expect("the program") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let time = start.elapsed();
    assert!(status.success(), "{command:?} ended with {status}");
    Taken {
        time,
        cpu: children_cpu().saturating_sub(before),
        peak_bytes,
    }
}

/// The time of the run in the middle.
pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// Runs two programs in turn, so that what the machine does besides meets both; once each before,
/// so that the files are in memory. What made them is on the disk by then, so that nothing is still
/// being written.
pub fn alternate(
    runs: usize,
    mut peer: impl FnMut() -> Taken,
    mut ours: impl FnMut() -> Taken,
) -> (Vec<Taken>, Vec<Taken>) {
    rustix::fs::sync();
    let (mut theirs, mut own) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        let (one, other) = (peer(), ours());
        eprintln!(
            "  run {run}: peer {:.2?} (CPU {:.2?}), ours {:.2?} (CPU {:.2?}, {} MiB)",
            one.time,
            one.cpu,
            other.time,
            other.cpu,
            other.peak_bytes >> 20
        );
        if run > 0 {
            theirs.push(one);
            own.push(other);
        }
    }
    (theirs, own)
}

/// What ended and awaited children have used, from `/proc/self/stat`.
fn children_cpu() -> Duration {
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string("/proc/self/stat").expect("/proc");
    // the second field may hold spaces
    let (_, fields) = stat.rsplit_once(')').expect("a stat line");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |index: usize| fields[index].parse::<u32>().expect("a number");
    // 16 and 17 by proc(5), of which two stand before the bracket
    TICK * (ticks(13) + ticks(14))
}

/// The high-water mark of resident memory, in bytes; 0 once the process has ended.
fn high_water(process: u32) -> u64 {
    fs::read_to_string(format!("/proc/{process}/status"))
        .ok()
        .and_then(|status| {
            let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok()
        })
        .map_or(0, |kib| kib << 10)
}

/// Bytes that are free where a directory lies.
pub fn free_bytes(directory: &Path) -> u64 {
    rustix::fs::statvfs(directory).map_or(0, |free| free.f_bavail * free.f_frsize)
}
