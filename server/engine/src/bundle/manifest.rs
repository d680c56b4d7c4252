//! The manifest: what was collected, from where, what is missing and why. Written last.
//!
//! A collection may have a million items: they are written as they come from the store, so that memory
//! stays constant.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::pin::pin;

use chrono::{DateTime, Utc};
use domain::settings::ConsentView;
use domain::views::RedactionCount;
use domain::{CollectionState, PartState, Window};
use futures::StreamExt;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::writer::BundleError;
use crate::config::{Compression, SourceConfig};
use crate::limits::Budgets;
use crate::store::{CollectionRow, EffectiveRequest, ItemRow, PartRow, Store, VolumeRow};

/// Grows when a reader would have to change.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Head<'a> {
    format: u32,
    product: &'static str,
    product_version: &'static str,
    id: String,
    kind: &'static str,
    outcome: CollectionState,
    asked_by: &'a str,
    consent: Option<ConsentView>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    written_at: DateTime<Utc>,
    window: Window,
    node: &'a str,
    folder: &'a str,
    destination: &'a domain::DestinationSummary,
    request: Request<'a>,
    redactions: Vec<RedactionCount>,
}

/// The request as it was understood. Of a command only its name: arguments may hold secrets.
#[derive(Serialize)]
struct Request<'a> {
    time_zone: chrono_tz::Tz,
    kinds: &'a [domain::SourceKind],
    compression: Compression,
    limits: Limits,
    /// Whether identifiers gave way to pseudonyms.
    identifiers: bool,
    roles: Vec<Role<'a>>,
}

/// Bytes are kept bytes, time is whole seconds of reading.
#[derive(Serialize)]
struct Limits {
    item_bytes: u64,
    item_seconds: u64,
    part_bytes: u64,
    part_seconds: u64,
    collection_bytes: u64,
    collection_seconds: u64,
}

impl Limits {
    fn of(budgets: &Budgets) -> Self {
        Self {
            item_bytes: budgets.item.bytes,
            item_seconds: budgets.item.time.as_secs(),
            part_bytes: budgets.part.bytes,
            part_seconds: budgets.part.time.as_secs(),
            collection_bytes: budgets.collection.bytes,
            collection_seconds: budgets.collection.time.as_secs(),
        }
    }
}

#[derive(Serialize)]
struct Role<'a> {
    name: &'a domain::RoleName,
    sources: Vec<Source<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Source<'a> {
    Files {
        paths: &'a [String],
        time_zone: Option<chrono_tz::Tz>,
        time_format: Option<&'a crate::window::TimeFormat>,
        time_key: Option<&'a crate::window::TimeKey>,
        binary: bool,
    },
    Journal {
        units: &'a [String],
    },
    Command {
        name: &'a str,
    },
}

impl<'a> Request<'a> {
    fn of(request: &'a EffectiveRequest) -> Self {
        let source = |source: &'a SourceConfig| match source {
            SourceConfig::Files {
                paths,
                time_zone,
                time_format,
                time_key,
                binary,
            } => Source::Files {
                paths,
                time_zone: *time_zone,
                time_format: time_format.as_ref(),
                time_key: time_key.as_ref(),
                binary: *binary,
            },
            SourceConfig::Journal { units, .. } => Source::Journal { units },
            SourceConfig::Command { name, .. } => Source::Command { name },
        };
        Self {
            time_zone: request.zone,
            kinds: &request.kinds,
            compression: request.compression,
            limits: Limits::of(&request.budgets),
            identifiers: request.identifiers,
            roles: request
                .roles
                .iter()
                .map(|role| Role {
                    name: &role.name,
                    sources: role.sources.iter().map(source).collect(),
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct Part<'a> {
    node: &'a str,
    role: &'a str,
    #[serde(flatten)]
    state: &'a PartState,
    reason_text: Option<String>,
    items_planned: u64,
    items_read: u64,
    items_missing: u64,
    read_bytes: u64,
    kept_bytes: u64,
    volumes: Vec<Volume<'a>>,
}

#[derive(Serialize)]
struct Volume<'a> {
    name: &'a str,
    size_bytes: u64,
    sha256: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    source: domain::SourceKind,
    name: &'a str,
    entry: Option<&'a str>,
    volume: Option<&'a str>,
    outcome: &'static str,
    reason: Option<String>,
    read_bytes: u64,
    kept_bytes: u64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    taken_whole: bool,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    redactions: &'a std::collections::BTreeMap<String, u64>,
}

/// Writes the manifest of `collection` as it stands, ending as `outcome`, and then `more` fields.
pub async fn write_manifest(
    store: &Store,
    collection: &CollectionRow,
    outcome: CollectionState,
    more: &Map<String, Value>,
    out: impl Write,
) -> Result<(), BundleError> {
    let volumes = store.volumes(collection.id).await?;
    let parts = store.parts(collection.id).await?;
    let head = Head {
        format: FORMAT,
        product: "help-support",
        product_version: env!("CARGO_PKG_VERSION"),
        id: collection.id.to_string(),
        kind: collection.kind.code(),
        outcome,
        asked_by: &collection.asked_by,
        consent: store.collection_consent(collection.id).await?,
        created_at: collection.created_at,
        started_at: collection.started_at,
        written_at: Utc::now(),
        window: collection.window,
        node: &collection.node,
        folder: &collection.folder,
        destination: &collection.destination.summary,
        request: Request::of(&collection.request),
        redactions: store.redactions(collection.id).await?,
    };
    let mut out = BufWriter::new(out);
    open_object(&mut out, &head)?;
    out.write_all(b",\"parts\":[")?;
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            out.write_all(b",")?;
        }
        write_part(store, collection, part, &volumes, &mut out).await?;
    }
    out.write_all(b"]")?;
    close_object(&mut out, more)?;
    out.flush()?;
    Ok(())
}

/// Writes further fields of an object that has some, its closing brace and a line end.
pub fn close_object(out: &mut impl Write, more: &Map<String, Value>) -> io::Result<()> {
    for (name, value) in more {
        out.write_all(b",")?;
        serde_json::to_writer(&mut *out, name)?;
        out.write_all(b":")?;
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"}\n")
}

async fn write_part(
    store: &Store,
    collection: &CollectionRow,
    part: &PartRow,
    volumes: &[VolumeRow],
    out: &mut impl Write,
) -> Result<(), BundleError> {
    let own: Vec<_> = volumes
        .iter()
        .filter(|volume| volume.part == Some(part.position))
        .collect();
    let summary = Part {
        node: &part.node,
        role: &part.role,
        state: &part.state,
        reason_text: part.state.reason().map(ToString::to_string),
        items_planned: part.items_planned,
        items_read: part.counts.items,
        items_missing: part.counts.items_missing,
        read_bytes: part.counts.read_bytes,
        kept_bytes: part.counts.kept_bytes,
        volumes: own
            .iter()
            .filter(|volume| volume.delivered_at.is_some())
            .filter_map(|volume| {
                let sha256 = volume.sha256.as_deref()?;
                Some(Volume {
                    name: &volume.name,
                    size_bytes: volume.packed_bytes,
                    sha256,
                })
            })
            .collect(),
    };
    open_object(out, &summary)?;
    out.write_all(b",\"items\":[")?;
    let own: HashMap<Uuid, &VolumeRow> = own.iter().map(|volume| (volume.id, *volume)).collect();
    let mut items = pin!(store.items(collection.id, part.position));
    let mut is_first = true;
    while let Some(item) = items.next().await {
        if !std::mem::take(&mut is_first) {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &describe(&item?, &own)).map_err(io::Error::from)?;
    }
    out.write_all(b"]}")?;
    Ok(())
}

fn describe<'a>(item: &'a ItemRow, volumes: &HashMap<Uuid, &'a VolumeRow>) -> Item<'a> {
    let volume = item.volume.and_then(|id| volumes.get(&id));
    Item {
        source: item.kind,
        name: &item.label,
        entry: volume.map(|_| item.entry_name.as_str()),
        volume: volume.map(|volume| volume.name.as_str()),
        outcome: item.outcome,
        reason: item.reason.as_ref().map(ToString::to_string),
        read_bytes: item.read_bytes,
        kept_bytes: item.kept_bytes,
        taken_whole: item.taken_whole,
        redactions: &item.redactions,
    }
}

/// Writes an object without its closing brace.
fn open_object(out: &mut impl Write, value: &impl Serialize) -> Result<(), BundleError> {
    let text = serde_json::value::to_raw_value(value).map_err(io::Error::from)?;
    let open = RawValue::get(&text).strip_suffix('}').unwrap_or_default();
    out.write_all(open.as_bytes())?;
    Ok(())
}
