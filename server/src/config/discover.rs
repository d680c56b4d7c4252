//! What this machine offers when nothing is configured: its name, its zone and sensible roles.
//!
//! Looks only; nothing is run and no log is opened.

use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use domain::RoleName;
use engine::{RoleConfig, SourceConfig};

use super::roles::{DEFAULT_TIMEOUT, safe_name};

/// Where systemd keeps journals: on disk, or only until the next boot.
const JOURNALS: [&str; 2] = ["/var/log/journal", "/run/log/journal"];

const PROGRAM_FOLDERS: [&str; 4] = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

/// Texts that programs log by custom. Not all of `/var/log`: it holds binary records too (`wtmp`,
/// `lastlog`, journals), and links that lead elsewhere.
const LOG_FILES: [&str; 4] = [
    "/var/log/**/*.log*",
    "/var/log/**/*.err*",
    "/var/log/{syslog,messages,secure,maillog,cron,dmesg,debug,boot}*",
    "/var/log/**/{access,error}_log*",
];

/// Name of the output, program and arguments of basic commands that tell the state of a host.
const COMMANDS: [(&str, &str, &[&str]); 10] = [
    ("system", "uname", &["-a"]),
    ("uptime", "uptime", &[]),
    ("disk-space", "df", &["-h"]),
    ("memory", "free", &["-m"]),
    ("addresses", "ip", &["addr"]),
    ("routes", "ip", &["route"]),
    ("sockets", "ss", &["-tulpn"]),
    ("processes", "ps", &["aux"]),
    ("kernel-messages", "dmesg", &["--time-format", "iso"]),
    (
        "failed-units",
        "systemctl",
        &["list-units", "--failed", "--no-pager"],
    ),
];

/// Roles out of what there is. Empty only on a machine without any of it.
#[must_use]
pub fn roles() -> Vec<RoleConfig> {
    [journal(), files(), commands()]
        .into_iter()
        .flatten()
        .collect()
}

fn journal() -> Option<RoleConfig> {
    find_program("journalctl")?;
    JOURNALS
        .iter()
        .any(|folder| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
        .then(|| RoleConfig {
            name: RoleName("System journal".to_owned()),
            description: "Messages of this machine's services and kernel".to_owned(),
            sources: vec![SourceConfig::Journal {
                units: vec!["*".to_owned()],
                directory: None,
            }],
        })
}

fn files() -> Option<RoleConfig> {
    Path::new("/var/log").is_dir().then(|| RoleConfig {
        name: RoleName("System logs".to_owned()),
        description: "Log files below /var/log".to_owned(),
        sources: vec![SourceConfig::Files {
            paths: LOG_FILES.map(str::to_owned).to_vec(),
            time_zone: None,
            time_format: None,
            time_key: None,
            binary: false,
        }],
    })
}

fn commands() -> Option<RoleConfig> {
    let sources: Vec<_> = COMMANDS
        .iter()
        .filter(|(_, program, _)| would_work(program))
        .filter_map(|(name, program, arguments)| {
            let program = find_program(program)?.into_os_string().into_string().ok()?;
            let arguments = arguments.iter().map(|argument| (*argument).to_owned());
            Some(SourceConfig::Command {
                name: (*name).to_owned(),
                run: std::iter::once(program).chain(arguments).collect(),
                timeout: DEFAULT_TIMEOUT,
            })
        })
        .collect();
    (!sources.is_empty()).then(|| RoleConfig {
        name: RoleName("Host".to_owned()),
        description: "State of this machine: disks, memory, network, processes".to_owned(),
        sources,
    })
}

/// Commands that can only fail here would make every collection incomplete.
fn would_work(program: &str) -> bool {
    match program {
        "systemctl" => Path::new("/run/systemd/system").is_dir(),
        "dmesg" => {
            let open_to_all = std::fs::read_to_string("/proc/sys/kernel/dmesg_restrict")
                .is_ok_and(|restricted| restricted.trim() == "0");
            open_to_all || rustix::process::geteuid().is_root()
        }
        _ => true,
    }
}

fn find_program(name: &str) -> Option<PathBuf> {
    PROGRAM_FOLDERS
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.is_file())
}

/// The host's name, fit to be part of a path; `localhost` where it has none that is.
#[must_use]
pub fn host_name() -> String {
    rustix::system::uname()
        .nodename()
        .to_str()
        .ok()
        .and_then(|name| safe_name(name.to_owned()).ok())
        .unwrap_or_else(|| "localhost".to_owned())
}

/// The host's zone; UTC where it cannot be told.
#[must_use]
pub fn zone() -> Tz {
    iana_time_zone::get_timezone()
        .ok()
        .and_then(|name| name.parse().ok())
        .unwrap_or(Tz::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_obeys_the_rules_of_what_is_configured() {
        for role in roles() {
            assert!(safe_name(role.name.0).is_ok());
            for source in role.sources {
                if let SourceConfig::Command { name, run, .. } = source {
                    assert!(safe_name(name).is_ok());
                    assert!(Path::new(&run[0]).is_file(), "{run:?}");
                }
            }
        }
        assert!(safe_name(host_name()).is_ok());
    }
}
