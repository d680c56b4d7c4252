//! Who acts on the command line.
//!
//! Whoever can run it against the data directory is an operator. The name is what the system says
//! of them, not what their environment does: anybody can set a variable.

use std::fs;

use domain::people::{Actor, UserRole};
use rustix::process;

/// The account that runs this process.
pub fn actor() -> Actor {
    let accounts = fs::read("/etc/passwd").unwrap_or_default();
    let accounts = String::from_utf8_lossy(&accounts);
    let user = process::getuid();
    // only root, as which sudo runs commands, is believed what the variable says
    let behind = std::env::var("SUDO_USER")
        .ok()
        .filter(|name| user.is_root() && !name.is_empty());
    Actor {
        name: describe(&account(&accounts, user.as_raw()), behind.as_deref()),
        role: UserRole::Operator,
        address: None,
    }
}

fn describe(account: &str, behind: Option<&str>) -> String {
    match behind {
        Some(behind) => format!("{account} (for {behind}, command line)"),
        None => format!("{account} (command line)"),
    }
}

/// The name in the list of accounts; one that comes from elsewhere goes by its number.
fn account(accounts: &str, user: u32) -> String {
    let number = user.to_string();
    accounts
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == number && !name.is_empty()).then(|| name.to_owned())
        })
        .unwrap_or_else(|| format!("user {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_accounts_names_the_user() {
        let accounts = "root:x:0:0:root:/root:/bin/sh\n\nolga:x:1000:0::/home/olga:/bin/sh\n";
        assert_eq!(account(accounts, 0), "root");
        assert_eq!(account(accounts, 1000), "olga");
        assert_eq!(account(accounts, 7), "user 7");
        assert_eq!(account("", 0), "user 0");
    }

    #[test]
    fn who_is_behind_root_is_told_beside_it() {
        assert_eq!(describe("olga", None), "olga (command line)");
        assert_eq!(
            describe("root", Some("olga")),
            "root (for olga, command line)"
        );
    }
}
