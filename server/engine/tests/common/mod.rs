//! A stack of real files, a real blob service and a real database for tests of the engine.
#![allow(dead_code, reason = "each test file uses its share")]

pub mod azurite;
pub mod gate;
pub mod proxy;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::people::{Actor, UserRole};
use domain::views::CollectionDetail;
use domain::{CollectionId, CollectionState, DestinationChoice, NodeName, RoleName, WindowLimits};
use engine::{
    Budgets, CollectionRequest, Compression, Engine, EngineConfig, NetworkConfig, Priority,
    RoleConfig, SourceConfig,
};
use serde_json::Map;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes on a slow machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn operator() -> Actor {
    Actor {
        name: "operator".to_owned(),
        role: UserRole::Operator,
        address: None,
    }
}

/// A directory with logs and an engine that collects them.
pub struct Stack {
    pub root: TempDir,
    pub config: EngineConfig,
    /// Logs of the last hour lie in the window.
    pub end: DateTime<Utc>,
}

impl Stack {
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        let logs = root.path().join("logs");
        fs::create_dir(&logs).expect("the log directory");
        let config = EngineConfig {
            stack_name: "test-stack".to_owned(),
            node: NodeName("node-01".to_owned()),
            zone: chrono_tz::Tz::UTC,
            data_directory: root.path().join("data"),
            spool_limit_bytes: 1 << 30,
            bundle_directory: root.path().join("bundles"),
            limits: WindowLimits::default(),
            compression: Compression::Zstd,
            volume_size_bytes: 512 << 20,
            bandwidth_limit: 0,
            budgets: Budgets::default(),
            priority: Priority::Normal,
            managed_sas_url_file: None,
            network: NetworkConfig::default(),
            redaction: engine::RedactionConfig::default(),
            roles: Vec::new(),
        };
        Self {
            root,
            config,
            end: Utc::now() - TimeDelta::seconds(5),
        }
    }

    /// A role whose logs are the files below its own directory, which is answered.
    pub fn role(&mut self, name: &str) -> PathBuf {
        let directory = self.root.path().join("logs").join(name);
        fs::create_dir_all(&directory).expect("a role's directory");
        let paths = vec![format!("{}/**/*", directory.display())];
        self.add_source(
            name,
            SourceConfig::Files {
                paths,
                time_zone: None,
                time_format: None,
                time_key: None,
                binary: false,
            },
        );
        directory
    }

    pub fn add_source(&mut self, role: &str, source: SourceConfig) {
        if let Some(role) = self
            .config
            .roles
            .iter_mut()
            .find(|known| known.name.0 == role)
        {
            role.sources.push(source);
        } else {
            self.config.roles.push(RoleConfig {
                name: RoleName(role.to_owned()),
                description: format!("{role} of the test stack"),
                sources: vec![source],
            });
        }
    }

    /// A command of the role that waits for the file that is answered, and prints it.
    pub fn gate(&mut self, role: &str) -> PathBuf {
        let gate = self.root.path().join("gate");
        let wait = format!(
            "until [ -e {0} ]; do sleep 0.02; done; cat {0}",
            gate.display()
        );
        self.add_source(
            role,
            SourceConfig::Command {
                name: "gate".to_owned(),
                run: vec!["/bin/sh".to_owned(), "-c".to_owned(), wait],
                timeout: PATIENCE,
            },
        );
        gate
    }

    /// Lines from two hours ago until now, one each `step`; answers those of the last hour.
    pub fn log(&self, path: &Path, step: TimeDelta) -> String {
        let (mut all, mut inside) = (String::new(), String::new());
        let mut at = self.end - TimeDelta::hours(2);
        let mut number = 0_u64;
        while at < self.end + TimeDelta::minutes(1) {
            let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let line = format!(
                "{} worker[{number}]: handled request {noise:016x}\n",
                at.format("%Y-%m-%dT%H:%M:%S%.6fZ")
            );
            all.push_str(&line);
            if self.start() <= at && at < self.end {
                inside.push_str(&line);
            }
            at += step;
            number += 1;
        }
        fs::write(path, all).expect("a log");
        inside
    }

    /// A log of the window that does not compress below half of `megabytes`.
    pub fn noisy_log(&self, path: &Path, megabytes: usize) {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut text = String::with_capacity((megabytes + 1) << 20);
        let stamp = (self.end - TimeDelta::minutes(10))
            .format("%Y-%m-%dT%H:%M:%SZ")
            .to_string();
        while text.len() < megabytes << 20 {
            text.push_str(&stamp);
            for _ in 0..8 {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                text.push_str(&format!(" {state:016x}"));
            }
            text.push('\n');
        }
        fs::write(path, text).expect("a log");
    }

    pub fn start(&self) -> DateTime<Utc> {
        self.end - TimeDelta::hours(1)
    }

    pub async fn engine(&self) -> Engine {
        Engine::open(self.config.clone()).await.expect("the engine")
    }

    pub fn request(&self, destination: DestinationChoice) -> CollectionRequest {
        CollectionRequest {
            start: self.start(),
            end: self.end,
            roles: Vec::new(),
            nodes: Vec::new(),
            kinds: Vec::new(),
            destination,
            identifiers: false,
        }
    }

    async fn database(&self) -> sqlx::SqlitePool {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.config.data_directory.join("help-support.db"));
        let pool = sqlx::SqlitePool::connect_with(options).await;
        pool.expect("the database")
    }

    /// The one text that a question to the database is answered with.
    pub async fn look_up(&self, question: &'static str) -> String {
        let pool = self.database().await;
        let answer = sqlx::query_scalar(question).fetch_one(&pool).await;
        pool.close().await;
        answer.expect("an answer")
    }

    /// Changes the database behind the engine's back, as time and accidents would.
    pub async fn alter(&self, statement: &'static str) {
        let pool = self.database().await;
        let done = sqlx::query(statement).execute(&pool).await;
        done.expect("a statement that works");
        pool.close().await;
    }

    /// Files of the spool, database and locks left aside.
    pub fn spooled(&self) -> Vec<PathBuf> {
        files_below(&self.config.data_directory.join("spool"))
    }
}

/// An engine that serves its queue until it is dropped or stopped.
pub struct Serving {
    pub engine: Engine,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Serving {
    pub fn start(engine: Engine) -> Self {
        let shutdown = CancellationToken::new();
        let (runner, stop) = (engine.clone(), shutdown.clone());
        let task = tokio::spawn(async move { runner.run(stop).await });
        Self {
            engine,
            shutdown,
            task,
        }
    }

    /// Asks for a collection as the operator.
    pub async fn collect(&self, request: CollectionRequest) -> CollectionId {
        let started = self.engine.start(request, &operator()).await;
        started.expect("a collection")
    }

    /// The manifest of a collection as it stands.
    pub async fn manifest(&self, id: CollectionId) -> serde_json::Value {
        let (mut text, no_more) = (Vec::new(), Map::new());
        let written = self.engine.write_manifest(id, &no_more, &mut text);
        written.await.expect("a manifest");
        serde_json::from_slice(&text).expect("JSON")
    }

    pub async fn stop(self) {
        self.shutdown.cancel();
        self.task.await.expect("the runner");
        self.engine.close().await;
    }
}

/// Waits until the collection is in one of the states.
pub async fn wait_for(
    engine: &Engine,
    id: CollectionId,
    states: &[CollectionState],
) -> CollectionDetail {
    wait_until(engine, id, |detail| states.contains(&detail.summary.state)).await
}

pub async fn wait_for_end(engine: &Engine, id: CollectionId) -> CollectionDetail {
    wait_until(engine, id, |detail| detail.summary.state.is_final()).await
}

pub async fn wait_until(
    engine: &Engine,
    id: CollectionId,
    done: impl Fn(&CollectionDetail) -> bool,
) -> CollectionDetail {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let detail = engine.collection(id).await.expect("the collection");
        if done(&detail) {
            return detail;
        }
        assert!(
            Instant::now() < deadline,
            "still {:?} {:?} {:?}",
            detail.summary.state,
            detail.progress,
            detail.parts
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub fn files_below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![root.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found.sort();
    found
}

/// An entry of a zip, read by a reader that is not ours.
pub fn read_entry(zip: &Path, entry: &str) -> String {
    let output = Command::new("bsdtar")
        .arg("-xOf")
        .arg(zip)
        .arg(entry)
        .output()
        .expect("bsdtar");
    assert!(
        output.status.success(),
        "{entry}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

pub fn entries(zip: &Path) -> Vec<String> {
    let output = Command::new("bsdtar")
        .arg("-tf")
        .arg(zip)
        .output()
        .expect("bsdtar");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout)
        .expect("text")
        .lines()
        .map(str::to_owned)
        .collect()
}

/// The entry name of a file below `files/`.
pub fn entry_of(path: &Path) -> String {
    format!("files{}", path.display())
}

/// A directory that files have to be copied to.
pub fn other_file_system() -> TempDir {
    tempfile::tempdir_in("/dev/shm").expect("a file system in memory")
}
