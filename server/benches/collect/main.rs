//! The figures of the README: a whole `collect`, each beside a peer in the same run.
//!
//! Peer and ours run in turn, with the files in memory, so that a ratio means something on a noisy
//! machine; medians are reported, as a table on stdout and in `target/bench.json`. Set in the
//! environment:
//!
//! - `BENCH_RUNS`: how often each is run (5)
//! - `BENCH_ROWS`: the letters of the rows to run (all: `abcdefgh`)
//! - `BENCH_MIB`: the logs of most rows (1024); `BENCH_WEEK_MIB`: those of a week (10240);
//!   `BENCH_SOS_MIB`: those that `sos` packs (128)
//! - `BENCH_LARGE=0`: no 20 GiB for the memory
//! - `TMPDIR`: where the logs lie

mod blobs;
mod data;
mod programs;
mod run;
mod table;

use std::path::Path;

use blobs::Blobs;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use programs::{Ours, Window};
use run::{Taken, alternate, free_bytes};
use table::{Row, Table};

const COPIES: u64 = 20;

struct Bench<'a> {
    root: &'a Path,
    end: DateTime<Utc>,
    runs: usize,
    bytes: u64,
    table: Table,
}

fn main() {
    // `cargo test --benches` calls with other arguments: there is nothing to measure then
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let rows = std::env::var("BENCH_ROWS").unwrap_or_else(|_| "abcdefgh".to_owned());
    let root = tempfile::tempdir().expect("a temporary directory");
    let now = Utc::now();
    let mut bench = Bench {
        root: root.path(),
        end: now.duration_trunc(TimeDelta::seconds(1)).expect("a time"),
        runs: usize::try_from(number("BENCH_RUNS", 5)).expect("a small number"),
        bytes: number("BENCH_MIB", 1024) << 20,
        table: Table::default(),
    };
    let wants = |letters: &str| letters.chars().any(|letter| rows.contains(letter));
    if wants("abdg") {
        bench.many(&rows);
    }
    if wants("c") {
        bench.single();
    }
    if wants("e") {
        bench.week();
    }
    if wants("f") {
        bench.small();
    }
    if wants("h") {
        bench.sos();
    }
    bench.table.print();
    bench.table.save();
}

impl Bench<'_> {
    fn hour(&self) -> Window {
        (self.end - TimeDelta::hours(1), self.end)
    }

    /// A row: ours on the logs of the last hour, beside the plainest way to pack them. Answers what ours
    /// took.
    fn beside_tar(
        &mut self,
        letter: char,
        what: &str,
        logs: &Path,
        ours: &Ours,
        options: &[&str],
    ) -> Vec<Taken> {
        let window = self.hour();
        let taken = alternate(
            self.runs,
            || programs::tar(logs),
            || ours.collect(window, options),
        );
        self.table
            .compare(letter, what, "`tar c \\| zstd -3 -T2`", &taken);
        taken.1
    }

    /// Rows a, b, d and g, on the same logs.
    fn many(&mut self, rows: &str) {
        let logs = self.root.join("many");
        data::varied(&logs, self.bytes, 200, self.end);
        let ours = Ours::new(self.root.join("many-ours"), &logs, "");
        let mib = self.bytes >> 20;
        let what = format!("{mib} MiB of varied logs in 200 files over 4 roles");
        let mut peak = 0;
        if rows.contains('a') || rows.contains('d') {
            eprintln!("a: {what}");
            let taken = self.beside_tar('a', &what, &logs, &ours, &[]);
            peak = taken
                .iter()
                .map(|taken| taken.peak_bytes)
                .max()
                .unwrap_or(0);
        }
        if rows.contains('b') {
            let what = format!("{what}, with identifiers");
            eprintln!("b: {what}");
            self.beside_tar('b', &what, &logs, &ours, &["--identifiers"]);
        }
        if rows.contains('d') {
            self.memory(&logs, peak);
        }
        if rows.contains('g') {
            let what = format!("{what}, delivered over TLS to a server that discards");
            self.delivery(&logs, &what);
        }
        std::fs::remove_dir_all(logs).expect("the logs");
    }

    fn delivery(&mut self, logs: &Path, what: &str) {
        eprintln!("g: {what}");
        let Some(blobs) = Blobs::serve(&self.root.join("blobs")) else {
            self.table
                .skip('g', what, "there is no `openssl` to make certificates with");
            return;
        };
        let network = format!("[network]\nca_file = \"{}\"\n", blobs.ca_file.display());
        let ours = Ours::new(self.root.join("delivery-ours"), logs, &network);
        let window = self.hour();
        let taken = alternate(
            self.runs,
            || ours.collect(window, &[]),
            || ours.deliver(window, &blobs.sas_file),
        );
        self.table
            .compare('g', what, "the same into a directory", &taken);
    }

    fn memory(&mut self, logs: &Path, peak: u64) {
        let mib = self.bytes >> 20;
        self.table.memory(&format!("{mib} MiB"), peak);
        let what = format!("{} MiB", mib * COPIES);
        eprintln!("d: peak memory for {what}");
        let needed = self.bytes * COPIES * 9 / 4;
        let free = free_bytes(self.root);
        if number("BENCH_LARGE", 1) == 0 {
            self.table.skip('d', &what, "not asked for");
        } else if free < needed {
            let why = format!(
                "needs {} GiB of disk, {} are free",
                needed >> 30,
                free >> 30
            );
            self.table.skip('d', &what, &why);
        } else {
            let large = self.root.join("large");
            data::copies(logs, &large, u32::try_from(COPIES).expect("small"));
            let ours = Ours::new(self.root.join("large-ours"), &large, "");
            let taken = ours.collect(self.hour(), &[]);
            self.table.memory(&what, taken.peak_bytes);
            std::fs::remove_dir_all(large).expect("the logs");
        }
    }

    fn single(&mut self) {
        let what = format!("one file of {} MiB", self.bytes >> 20);
        eprintln!("c: {what}");
        let logs = self.root.join("single");
        data::single(&logs, self.bytes, self.end);
        let ours = Ours::new(self.root.join("single-ours"), &logs, "");
        self.beside_tar('c', &what, &logs, &ours, &[]);
        std::fs::remove_dir_all(logs).expect("the logs");
    }

    fn week(&mut self) {
        let mib = number("BENCH_WEEK_MIB", 10_240);
        let what = format!("2 h of 7 days, {mib} MiB in 2,000 files");
        eprintln!("e: {what}");
        if free_bytes(self.root) < mib << 21 {
            self.table.skip('e', &what, "there is too little disk");
            return;
        }
        let (logs, alone) = (self.root.join("week"), self.root.join("alone"));
        let middle = self.end - TimeDelta::hours(80);
        let window = (middle, middle + TimeDelta::hours(2));
        data::week(&logs, &alone, mib << 20, window, self.end);
        let from_week = Ours::new(self.root.join("week-ours"), &logs, "");
        let from_alone = Ours::new(self.root.join("alone-ours"), &alone, "");
        let taken = alternate(
            self.runs,
            || from_alone.collect(window, &[]),
            || from_week.collect(window, &[]),
        );
        self.table
            .compare('e', &what, "the same lines alone in files", &taken);
        std::fs::remove_dir_all(logs).expect("the logs");
    }

    fn small(&mut self) {
        const FILES: u64 = 20_000;
        let what = "20,000 files of 4 KiB";
        eprintln!("f: {what}");
        let logs = self.root.join("small");
        data::varied(&logs, FILES * 4096, FILES, self.end);
        let ours = Ours::new(self.root.join("small-ours"), &logs, "");
        self.beside_tar('f', what, &logs, &ours, &[]);
        std::fs::remove_dir_all(logs).expect("the logs");
    }

    fn sos(&mut self) {
        let mib = number("BENCH_SOS_MIB", 128);
        let what = format!("{mib} MiB below `/var/log`");
        eprintln!("h: {what}");
        if std::process::Command::new("sos")
            .arg("--help")
            .output()
            .is_err()
        {
            self.table
                .skip('h', &what, "Debian's `sosreport` is not installed");
            return;
        }
        let logs = self.root.join("sos");
        data::varied(&logs, mib << 20, 200, self.end);
        let ours = Ours::new(self.root.join("sos-ours"), &logs, "");
        let window = self.hour();
        let taken = alternate(
            self.runs.min(3),
            || programs::sos(&logs, mib << 20, window.0),
            || ours.collect(window, &[]),
        );
        self.table.compare('h', &what, "`sos report`", &taken);
    }
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is no number"))
    })
}

impl Table {
    fn compare(
        &mut self,
        letter: char,
        what: &str,
        peer: &str,
        taken: &(Vec<run::Taken>, Vec<run::Taken>),
    ) {
        self.add(Row::compared(letter, what, peer, &taken.0, &taken.1));
    }

    fn skip(&mut self, letter: char, what: &str, why: &str) {
        self.add(Row::skipped(letter, what, why));
    }

    fn memory(&mut self, what: &str, peak_bytes: u64) {
        self.add(Row::memory(what, peak_bytes));
    }
}
