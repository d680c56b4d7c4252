//! `help-support user`: who may sign in to the portal.

use std::io::{self, BufRead};

use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use domain::people::UserRole;

use super::output::{complain, show, table};
use super::{CommandError, Outcome, actor, open};
use crate::config::Config;

/// Longer lines are no passwords; the engine has a closer limit.
const MOST_PASSWORD_BYTES: u64 = 64 * 1024;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Let somebody sign in
    Add {
        name: String,
        /// What they may do
        #[arg(long, value_parser = role())]
        role: UserRole,
        /// Read the password from the first line of standard input; it is never an argument
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Let somebody sign in no more, and end their sessions
    Remove { name: String },
    /// List who may sign in
    List,
}

fn role() -> impl TypedValueParser<Value = UserRole> {
    PossibleValuesParser::new(UserRole::ALL.map(UserRole::code))
        .try_map(|code| UserRole::from_code(&code).ok_or_else(|| format!("{code} is not a role")))
}

pub async fn run(command: Command, config: Config) -> Result<Outcome, CommandError> {
    let engine = open(&config).await?;
    match command {
        Command::Add {
            name,
            role,
            password_stdin: _,
        } => {
            let password = read_password()?;
            engine.add_user(&name, role, &password, &actor()).await?;
            complain(&format!("{name} can now sign in as {}.", role.code()));
        }
        Command::Remove { name } => {
            engine.remove_user(&name, &actor()).await?;
            complain(&format!("{name} cannot sign in any more."));
        }
        Command::List => {
            let zone = config.engine.zone;
            let time = |at: chrono::DateTime<chrono::Utc>| {
                at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
            };
            let rows: Vec<_> = engine
                .users()
                .await?
                .into_iter()
                .map(|user| {
                    [
                        user.name,
                        user.role.code().to_owned(),
                        time(user.created_at),
                        user.last_sign_in_at
                            .map_or_else(|| "never".to_owned(), time),
                    ]
                })
                .collect();
            show(&table(["Name", "Role", "Added", "Last sign-in"], &rows))?;
        }
    }
    engine.close().await;
    Ok(Outcome::Complete)
}

fn read_password() -> Result<String, CommandError> {
    let mut line = String::new();
    let mut input = io::Read::take(io::stdin().lock(), MOST_PASSWORD_BYTES);
    input.read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(CommandError::Usage(
            "--password-stdin: standard input holds no password in its first line".to_owned(),
        ));
    }
    Ok(password.to_owned())
}
