//! `help-support estimate`: what a collection would amount to, without collecting.

use clap::Args;
use domain::estimate::{Amount, Basis, Estimate, RoleEstimate};
use domain::format;
use engine::EstimateRequest;

use super::output::{show, show_json, table};
use super::scope::Scope;
use super::{CommandError, Outcome, open};
use crate::config::Config;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    scope: Scope,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

pub async fn run(arguments: Arguments, config: Config) -> Result<Outcome, CommandError> {
    let engine = open(&config).await?;
    let Scope {
        from,
        to,
        roles,
        nodes,
        kinds,
    } = arguments.scope;
    let request = EstimateRequest {
        start: from,
        end: to,
        roles,
        nodes,
        kinds,
    };
    let estimate = engine.estimate(request).await?;
    if arguments.json {
        show_json(&estimate)?;
    } else {
        show(&describe(&estimate))?;
    }
    engine.close().await;
    Ok(Outcome::Complete)
}

fn describe(estimate: &Estimate) -> String {
    let rows: Vec<_> = estimate
        .roles
        .iter()
        .map(|role| cells(role.role.to_string(), &role.amount, &remark(role)))
        .chain([cells("All".to_owned(), &estimate.total, "")])
        .collect();
    let head = ["Role", "Items", "Logs", "Packed", "Time", "Remarks"];
    let mut text = format!("Estimate: {}\n", estimate.total.sentence());
    text.push_str(&table(head, &rows));
    text.push_str(match estimate.link_rate {
        Some(_) => "\nThe time is that of the slower of reading and sending.",
        None => "\nThe time is that of reading alone: how fast the link is has not been measured.",
    });
    text
}

fn cells(name: String, amount: &Amount, remark: &str) -> [String; 6] {
    [
        name,
        amount.items.to_string(),
        format::rough_bytes(amount.bytes),
        format::rough_bytes(amount.packed_bytes),
        format::rough_seconds(amount.seconds),
        remark.to_owned(),
    ]
}

fn remark(role: &RoleEstimate) -> String {
    let mut remarks = Vec::new();
    let mut count = |number: u64, one: &str, more: &str| match number {
        0 => {}
        1 => remarks.push(format!("1 {one}")),
        _ => remarks.push(format!("{number} {more}")),
    };
    count(
        role.amount.unknown_items,
        "command of unknown size",
        "commands of unknown size",
    );
    count(
        role.amount.approximate_items,
        "journal unit, its share a guess",
        "journal units, their share a guess",
    );
    count(role.missing, "source missing", "sources missing");
    if role.basis == Basis::Usual && role.amount.bytes > 0 {
        remarks.push("packed as logs usually are".to_owned());
    }
    remarks.join("; ")
}
