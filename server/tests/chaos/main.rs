//! Collections that are killed at random moments, over a link that breaks at random, until they end:
//! then each bundle holds, byte for byte, what a plain filter takes of the logs, and nothing twice.
//!
//! Runs the program itself against Azurite behind a faulty proxy: command line and portal, alone and
//! both on one data directory, into a container and into a directory, with SAS URLs that lapse and
//! collections that are cancelled. `CHAOS_KILLS` says how many kills are enough, `CHAOS_SEED` repeats
//! the choices of a run (its timing is the machine's).

#[path = "../../engine/tests/common/azurite.rs"]
#[allow(dead_code, reason = "shared with the tests of the engine")]
mod azurite;
mod check;
#[path = "../common/mod.rs"]
mod common;
mod dice;
mod lane;
mod logs;
mod proxy;
mod round;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use azurite::Azurite;
use dice::Dice;
use lane::Lane;

/// Lanes with a data directory each; more would only wait for each other on two cores.
const LANES: u64 = 2;
const KILLS: u64 = 200;

#[test]
fn whatever_is_killed_and_whatever_breaks_each_collection_ends_whole_or_says_what_is_left() {
    let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
    let enough = number("CHAOS_KILLS").unwrap_or(KILLS);
    let seed = number("CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()) << 20);
    println!("CHAOS_SEED={seed} CHAOS_KILLS={enough}");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let azurite = runtime.block_on(Azurite::start());
    let kills = AtomicU64::new(0);
    let began = Instant::now();
    std::thread::scope(|scope| {
        for number in 0..LANES {
            let (azurite, runtime, kills) = (&azurite, runtime.handle(), &kills);
            scope.spawn(move || {
                let dice = Dice::new(seed.wrapping_add(number));
                let mut lane = Lane::new(number, azurite, runtime, dice);
                let mut rounds = 0_u64;
                while kills.load(Ordering::Relaxed) < enough {
                    kills.fetch_add(round::run(&mut lane, rounds), Ordering::Relaxed);
                    rounds += 1;
                }
                println!(
                    "lane {number}: {rounds} rounds, {} collections, faults met: {:?}",
                    lane.known.len(),
                    lane.proxy.faults_met()
                );
            });
        }
    });
    println!(
        "{} kills in {} s",
        kills.load(Ordering::Relaxed),
        began.elapsed().as_secs()
    );
}
