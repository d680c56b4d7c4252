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

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    logging::init(cli.log_level());
    cli.run().await
}
