//! The program `help-support`: the portal, and a command line that does the same without it.

mod auth;
mod cli;
mod config;
mod events;
mod headers;
mod logging;
mod portal;
mod probes;
mod request_log;
mod router;
mod serve;
mod shutdown;
mod site;
mod trailing_slash;

use std::process::ExitCode;

use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return cli::refuse(&error),
    };
    logging::init(cli.log_level());
    cli.run().await
}
