//! One round: logs are written, a collection of them is asked for, its processes are killed again
//! and again, and what comes of it is checked.

use std::process::Child;
use std::time::{Duration, Instant};

use chrono::{DurationRound, TimeDelta, Utc};
use serde_json::Value;

use super::check;
use super::lane::{Lane, act, moment};
use super::logs::{self, Expected, Period};

/// Longer than any collection here stands still once nothing is killed any more.
const PATIENCE: Duration = Duration::from_secs(60);
/// Of the first SAS URL of a round in which it lapses.
const FIRST_LIFE: TimeDelta = TimeDelta::seconds(3);
const ROLES: [&str; 2] = ["Storage", "Networking"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Container,
    Directory,
}

/// What a round is about, beside being killed.
#[derive(Clone, Debug)]
pub struct Course {
    pub way: Way,
    /// Its first SAS URL lapses within seconds.
    pub lapses: bool,
    pub is_cancelled: bool,
    /// The collection is asked for on the page instead of the command line.
    by_portal: bool,
    permissions: &'static str,
    pub container: String,
    pub period: Period,
}

/// Runs a round and answers its kills.
pub fn run(lane: &mut Lane<'_>, round: u64) -> u64 {
    let course = prepare(lane, round);
    let expected = write_stack(lane, &course, round);
    let fault_rate = lane.dice.one_of(&[0, 10, 30]);
    lane.proxy.set_fault_rate(fault_rate);
    let wanted = lane.dice.between(4, 16);
    let mut kills = 0;
    while new_rows(lane).is_empty() {
        kills += u64::from(begin(lane, &course));
    }
    if course.is_cancelled {
        kills += cancel(lane);
    }
    while kills < wanted {
        kills += disturb(lane, &course);
        if lane.dice.happens(20) {
            lane.assert_no_secret_on_the_disk();
        }
    }
    lane.proxy.set_fault_rate(fault_rate.min(10));
    let ended = finish(lane, &course);
    lane.proxy.set_fault_rate(0);
    check::round(lane, &course, &ended, &expected);
    for row in &ended {
        lane.known.insert(id(row));
    }
    kills
}

fn prepare(lane: &mut Lane<'_>, round: u64) -> Course {
    let dice = &mut lane.dice;
    let end = Utc::now()
        .duration_trunc(TimeDelta::minutes(1))
        .expect("a minute");
    let way = if dice.happens(70) {
        Way::Container
    } else {
        Way::Directory
    };
    let is_cancelled = dice.happens(25);
    let course = Course {
        way,
        lapses: way == Way::Container && !is_cancelled && dice.happens(25),
        is_cancelled,
        by_portal: way == Way::Container && dice.happens(50),
        permissions: dice.one_of(&["rwl", "rwdl", "rcwl", "cw"]),
        container: format!("lane-{}-{round}", lane.number),
        period: Period {
            start: end - TimeDelta::hours(1),
            end,
        },
    };
    lane.runtime
        .block_on(lane.azurite.container(&course.container));
    course
}

/// Writes configuration and logs.
fn write_stack(lane: &mut Lane<'_>, course: &Course, round: u64) -> Expected {
    let logs = lane.stack.path(&format!("logs/{round}"));
    let mut expected = Expected::new();
    for role in ROLES {
        logs::write(&logs, role, course.period, &mut lane.dice, &mut expected);
    }
    let volume_size = lane.dice.one_of(&["1 KiB", "64 KiB", "512 MiB"]);
    let bandwidth = if course.lapses {
        outlasting(FIRST_LIFE, &expected)
    } else {
        lane.dice.one_of(&["0", "0", "1 MiB", "4 MiB"]).to_owned()
    };
    let mut config = format!(
        "[stack]\nname = \"chaos\"\ntime_zone = \"UTC\"\n[portal]\nlisten = \"127.0.0.1:0\"\n\
         [collection]\nvolume_size = \"{volume_size}\"\nbandwidth_limit = \"{bandwidth}\"\n"
    );
    for role in ROLES {
        config += &format!(
            "[[role]]\nname = \"{role}\"\n[[role.source]]\nkind = \"files\"\npaths = [\"{}/{role}/*.log\"]\n",
            logs.display()
        );
    }
    config += "[[role.source]]\nkind = \"command\"\nname = \"state\"\n\
               run = [\"/bin/sh\", \"-c\", \"echo all is well\"]\n";
    expected
        .entry("Networking")
        .or_default()
        .insert("commands/state.txt".to_owned(), "all is well\n".to_owned());
    lane.stack.write("help-support.toml", &config);
    expected
}

/// The bandwidth at which what is `expected`, packed about three to one, takes twice as long as the
/// life of a SAS URL.
fn outlasting(life: TimeDelta, expected: &Expected) -> String {
    let bytes: usize = expected
        .values()
        .flat_map(|entries| entries.values().map(String::len))
        .sum();
    let seconds = usize::try_from(life.num_seconds()).expect("seconds");
    format!("{} KiB", (bytes / 3 / (2 * seconds) / 1024).max(1))
}

fn new_rows(lane: &Lane<'_>) -> Vec<Value> {
    let mut rows = lane.history();
    rows.retain(|row| !lane.known.contains(&id(row)));
    rows
}

pub fn id(row: &Value) -> String {
    row["id"].as_str().expect("an id").to_owned()
}

pub fn state(row: &Value) -> &str {
    row["state"].as_str().expect("a state")
}

fn is_final(row: &Value) -> bool {
    !["queued", "in_progress", "waiting"].contains(&state(row))
}

/// Asks for a collection, and kills whoever was asked; answers whether that was in time.
fn begin(lane: &mut Lane<'_>, course: &Course) -> bool {
    if course.by_portal {
        let (portal, session) = lane.portal();
        let sas = first_sas(lane, course);
        let fields = [
            ("start", local(course.period.start)),
            ("end", local(course.period.end)),
            ("zone", "UTC".to_owned()),
            ("roles[0]", ROLES[0].to_owned()),
            ("roles[1]", ROLES[1].to_owned()),
            ("destination", "sas_url".to_owned()),
            ("sas_url", sas),
        ];
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        assert!(act(&portal, &session, "start", &fields));
        std::thread::sleep(moment(&mut lane.dice));
        lane.keep(&portal.kill());
        return true;
    }
    let child = collect(lane, course);
    std::thread::sleep(moment(&mut lane.dice));
    kill(child)
}

/// `collect` on the command line.
fn collect(lane: &mut Lane<'_>, course: &Course) -> Child {
    let (from, to) = (
        course.period.start.to_rfc3339(),
        course.period.end.to_rfc3339(),
    );
    let mut arguments = vec!["collect", "--from", &from, "--to", &to];
    let place;
    match course.way {
        Way::Container => {
            let sas = first_sas(lane, course);
            place = lane.stack.write("sas.txt", &sas);
            arguments.push("--sas-url-file");
        }
        Way::Directory => {
            place = lane.stack.path("out").join(&course.container);
            arguments.push("--output");
        }
    }
    arguments.push(place.to_str().expect("text"));
    lane.spawn(&arguments)
}

fn first_sas(lane: &mut Lane<'_>, course: &Course) -> String {
    let life = if course.lapses {
        FIRST_LIFE
    } else {
        TimeDelta::hours(1)
    };
    let sas = lane.sas(&course.container, course.permissions, life);
    sas.expose().to_owned()
}

fn local(at: chrono::DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M").to_string()
}

/// Lets the queue be served for a moment; at times the command line collects beside it.
fn disturb(lane: &mut Lane<'_>, course: &Course) -> u64 {
    let serving = lane.spawn(&["serve"]);
    let beside = lane.dice.happens(15).then(|| collect(lane, course));
    std::thread::sleep(moment(&mut lane.dice));
    let mut kills = u64::from(kill(serving));
    if let Some(beside) = beside {
        std::thread::sleep(moment(&mut lane.dice));
        kills += u64::from(kill(beside));
    }
    kills
}

/// Kills a process; `false` where it had ended by itself.
fn kill(mut child: Child) -> bool {
    let lives = child.try_wait().expect("a child").is_none();
    // it may end at this moment
    let _ended = child.kill();
    child.wait().expect("an end");
    lives
}

/// Cancels, on the page, whatever has not ended; at times the portal is killed right after.
fn cancel(lane: &mut Lane<'_>) -> u64 {
    let (portal, session) = lane.portal();
    std::thread::sleep(moment(&mut lane.dice));
    for row in new_rows(lane) {
        act(&portal, &session, "cancel", &[("id", &id(&row))]);
    }
    if lane.dice.happens(50) {
        std::thread::sleep(moment(&mut lane.dice) / 4);
        lane.keep(&portal.kill());
        return 1;
    }
    let asked = Instant::now();
    while !new_rows(lane).iter().all(is_final) {
        assert!(
            asked.elapsed() < Duration::from_secs(20),
            "a cancelled collection does not end: {:?}",
            new_rows(lane)
        );
    }
    lane.keep(&portal.stop().1);
    0
}

/// Serves until every collection of the round has ended; gives those that wait a new SAS URL.
fn finish(lane: &mut Lane<'_>, course: &Course) -> Vec<Value> {
    let (portal, session) = lane.portal();
    let (mut last, mut moved) = (Vec::new(), Instant::now());
    loop {
        let rows = new_rows(lane);
        if rows != last {
            (last, moved) = (rows.clone(), Instant::now());
        }
        let mut all_ended = true;
        for row in &rows {
            let refused = course.lapses && ["waiting", "failed"].contains(&state(row));
            if refused {
                let sas = lane.sas(&course.container, course.permissions, TimeDelta::hours(1));
                let fields = [("id", id(row)), ("sas_url", sas.expose().to_owned())];
                let fields = fields
                    .each_ref()
                    .map(|(name, value)| (*name, value.as_str()));
                act(&portal, &session, "replace-sas", &fields);
                if state(row) == "failed" {
                    act(&portal, &session, "retry", &[("id", &id(row))]);
                }
            }
            all_ended &= is_final(row) && !refused;
        }
        if all_ended {
            lane.keep(&portal.stop().1);
            return rows;
        }
        assert!(
            moved.elapsed() < PATIENCE,
            "{course:?}: it stands still: {rows:?}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}
