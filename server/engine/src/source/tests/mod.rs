//! Sources against real files, programs and a real journal.

mod commands;
mod denied;
mod files;
mod journals;
mod packed;
mod rotations;
mod searches;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::*;
use crate::limits::Budgets;

/// 14:00 to 15:00 UTC of 20 November 2025.
fn window() -> Window {
    Window::new(utc("2025-11-20T14:00:00Z"), utc("2025-11-20T15:00:00Z")).expect("in order")
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

fn redactor() -> &'static Arc<Redactor> {
    static REDACTOR: OnceLock<Arc<Redactor>> = OnceLock::new();
    REDACTOR.get_or_init(|| Arc::new(Redactor::new()))
}

fn read(item: &Item) -> (ItemReport, Vec<u8>) {
    read_until(item, &AtomicBool::new(false))
}

fn read_until(item: &Item, cancel: &AtomicBool) -> (ItemReport, Vec<u8>) {
    let read_bytes = AtomicU64::new(0);
    let context = ReadContext {
        window: window(),
        redactor: redactor(),
        cancel,
        read_bytes: &read_bytes,
        budget: &Arc::new(Meter::new(Budgets::default().item)),
        seat: None,
    };
    let mut out = Vec::new();
    let report = read_item(item, &context, &mut out).expect("memory");
    assert_eq!(report.read_bytes, read_bytes.load(Ordering::Relaxed));
    assert_eq!(report.kept_bytes, out.len() as u64);
    (report, out)
}

/// Reads an item that is cancelled meanwhile, and says how long it took to notice.
fn cancelled_while_reading(item: &Item) -> (ItemReport, Duration) {
    let cancel = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| read_until(item, &cancel).0);
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        cancel.store(true, Ordering::Relaxed);
        (reading.join().expect("no panic"), asked.elapsed())
    })
}
