//! What is measured: ours, and what others do with the same logs.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use chrono::{DateTime, SecondsFormat, Utc};

use super::data::ROLES;
use super::run::{Taken, run};

pub type Window = (DateTime<Utc>, DateTime<Utc>);

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_help-support"))
}

/// One installation of ours, over logs that lie in a directory for each role.
pub struct Ours {
    root: PathBuf,
    config: PathBuf,
}

impl Ours {
    /// `more` is added to the configuration. It has the priority of its peers: else it would wait
    /// for whatever the machine does besides, and they not.
    pub fn new(root: PathBuf, logs: &Path, more: &str) -> Self {
        fs::create_dir_all(&root).expect("a directory");
        let mut text = format!(
            "[stack]\nname = \"bench\"\ntime_zone = \"UTC\"\n[limits]\npriority = \"normal\"\n[data]\ndirectory = \"{}\"\n{more}",
            root.join("data").display()
        );
        for role in ROLES.iter().filter(|role| logs.join(role).is_dir()) {
            let paths = logs.join(role).join("*.log*");
            writeln!(
                text,
                "[[role]]\nname = \"{role}\"\n[[role.source]]\nkind = \"files\"\npaths = [\"{}\"]",
                paths.display()
            )
            .expect("a string");
        }
        let config = root.join("help-support.toml");
        fs::write(&config, text).expect("a configuration");
        Self { root, config }
    }

    /// Collects into a directory, which is removed again.
    pub fn collect(&self, window: Window, options: &[&str]) -> Taken {
        let output = self.root.join("bundles");
        let taken = run(self
            .command(window)
            .arg("--output")
            .arg(&output)
            .args(options));
        fs::remove_dir_all(output).expect("the bundles");
        taken
    }

    /// Collects into a blob container.
    pub fn deliver(&self, window: Window, sas_file: &Path) -> Taken {
        run(self.command(window).arg("--sas-url-file").arg(sas_file))
    }

    fn command(&self, window: Window) -> Command {
        let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        let mut command = program();
        command.arg("collect").arg("--config").arg(&self.config);
        command.args(["--from", &time(window.0), "--to", &time(window.1)]);
        command
    }
}

/// `tar c | zstd -3 -T2`, the plainest way to pack a directory with the same compressor.
pub fn tar(logs: &Path) -> Taken {
    let packed = logs.with_extension("tar.zst");
    let taken = run(Command::new("sh")
        .args(["-c", "tar c \"$1\" | zstd -q -f -3 -T2 -o \"$2\"", "sh"])
        .arg(logs)
        .arg(&packed));
    fs::remove_file(packed).expect("its output");
    taken
}

/// Debian's `sos report` of the logs. It takes what is called `messages` below `/var/log`: there, and
/// under that name, it sees them. `bytes`: of the logs.
pub fn sos(logs: &Path, bytes: u64, since: DateTime<Utc>) -> Taken {
    let output = logs.with_extension("sos");
    fs::create_dir_all(&output).expect("a directory");
    let taken = run(Command::new("unshare")
        .args(["--mount", "sh", "-ec"])
        .arg(
            "mount -t tmpfs none /var/log; mkdir /var/log/messages; mount --bind \"$1\" /var/log/messages; \
             exec sos report --batch --quiet --only-plugins logs \
             --all-logs --log-size 0 --since \"$3\" --tmp-dir \"$2\"",
        )
        .arg("sh")
        .arg(logs)
        .arg(&output)
        .arg(since.format("%Y%m%d%H%M%S").to_string()));
    let packed: u64 = fs::read_dir(&output)
        .expect("its output")
        .filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()))
        .sum();
    assert!(
        packed > bytes / 200,
        "sos packed {packed} bytes: that cannot be the logs"
    );
    fs::remove_dir_all(output).expect("its output");
    taken
}
