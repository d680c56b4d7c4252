//! What of the stack's logs is asked for: the arguments that collecting and estimating share.

use chrono::{DateTime, Utc};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use domain::{NodeName, RoleName, SourceKind};

#[derive(Debug, Args)]
pub struct Scope {
    /// Start of the period, RFC 3339, for instance 2026-11-20T10:00:00Z
    #[arg(long, value_name = "T", value_parser = time)]
    pub from: DateTime<Utc>,
    /// End of the period, RFC 3339; itself not in it
    #[arg(long, value_name = "T", value_parser = time)]
    pub to: DateTime<Utc>,
    /// Only this role; may be repeated
    #[arg(long = "role", value_name = "R", value_parser = role())]
    pub roles: Vec<RoleName>,
    /// Only this node; may be repeated
    #[arg(long = "node", value_name = "N", value_parser = node())]
    pub nodes: Vec<NodeName>,
    /// Only this kind of source; may be repeated
    #[arg(long = "kind", value_parser = kind())]
    pub kinds: Vec<SourceKind>,
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc())
        .map_err(|_| "write it as in 2026-11-20T10:00:00Z or 2026-11-20T11:00:00+01:00".to_owned())
}

fn role() -> impl TypedValueParser<Value = RoleName> {
    clap::builder::StringValueParser::new().map(RoleName)
}

fn node() -> impl TypedValueParser<Value = NodeName> {
    clap::builder::StringValueParser::new().map(NodeName)
}

fn kind() -> impl TypedValueParser<Value = SourceKind> {
    PossibleValuesParser::new(SourceKind::ALL.map(SourceKind::code)).try_map(|code| {
        SourceKind::from_code(&code).ok_or_else(|| format!("{code} is not a kind of source"))
    })
}
