//! The tables of the configuration, their fields, defaults and checks.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use chrono_tz::Tz;
use domain::{NodeName, WindowLimits};
use engine::{Compression, EngineConfig, NetworkConfig, ProxyUrl, check_authorities};
use url::{Host, Url};

use super::reader::{Document, Section};
use super::{Config, PortalConfig, discover, limits, redaction, roles};

const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 3000);
const DEFAULT_SPOOL_LIMIT: u64 = 20 << 30;
const DEFAULT_VOLUME_SIZE: u64 = 512 << 20;

/// Below this a volume is hardly more than its own frame, and a bundle falls into thousands.
const LEAST_VOLUME_SIZE: u64 = 1 << 10;

/// A blob takes at most 50,000 blocks of 8 MiB; a volume is sealed only at the end of its last
/// item, so that much room is left above.
const GREATEST_VOLUME_SIZE: u64 = 200 << 30;

/// Reads the whole document. Where it is wrong, problems are noted there and the result stands for
/// nothing.
pub fn read(document: &Document<'_>, folder: &Path) -> Config {
    let mut root = document.root();
    let stack = stack(root.section("stack"));
    let portal = portal(root.section("portal"));
    let data = data(root.section("data"), folder);
    let collection = collection(root.section("collection"));
    let (budgets, priority) = limits::read(root.section("limits"));
    let managed_sas_url_file = root
        .section("managed_storage")
        .and_then(|section| managed_storage(section, folder));
    let network = network(root.section("network"), folder);
    let redaction = redaction::read(root.section("redaction"));
    let configured = root.sections("role");
    root.finish();

    let roles_found = configured.is_none();
    let roles = configured.map_or_else(discover::roles, roles::read);
    Config {
        file: None,
        portal,
        engine: EngineConfig {
            stack_name: stack.name,
            node: NodeName(discover::host_name()),
            zone: stack.zone,
            data_directory: data.directory,
            spool_limit_bytes: data.spool_limit,
            bundle_directory: data.bundle_directory,
            limits: collection.limits,
            compression: collection.compression,
            volume_size_bytes: collection.volume_size,
            bandwidth_limit: collection.bandwidth_limit,
            budgets,
            priority,
            managed_sas_url_file,
            network,
            redaction,
            roles,
        },
        roles_found,
    }
}

struct Stack {
    name: String,
    zone: Tz,
}

fn stack(section: Option<Section<'_, '_>>) -> Stack {
    let (mut name, mut zone) = (None, None);
    if let Some(mut section) = section {
        let document = section.document();
        name = section
            .text("name")
            .and_then(|field| field.convert(document, roles::safe_name));
        zone = section
            .text("time_zone")
            .and_then(|field| field.convert(document, |text| roles::time_zone(&text)));
        section.finish();
    }
    Stack {
        name: name.map_or_else(discover::host_name, |field| field.value),
        zone: zone.map_or_else(discover::zone, |field| field.value),
    }
}

fn portal(section: Option<Section<'_, '_>>) -> PortalConfig {
    let (mut listen, mut public_url) = (None, None);
    if let Some(mut section) = section {
        let document = section.document();
        listen = section.text("listen").and_then(|field| {
            field.convert(document, |text| {
                text.parse::<SocketAddr>().map_err(|_| {
                    format!(
                        "{text:?} is not an address with a port; write for instance \"127.0.0.1:3000\""
                    )
                })
            })
        });
        public_url = section
            .text("public_url")
            .and_then(|field| field.convert(document, |text| origin(&text)));
        section.finish();
    }
    PortalConfig {
        listen: listen.map_or(DEFAULT_LISTEN, |field| field.value),
        public_url: public_url.map(|field| field.value),
    }
}

/// The address of the portal: scheme, host and port, nothing behind them. Passwords are typed
/// there, so without TLS it must not leave the machine.
fn origin(text: &str) -> Result<Url, String> {
    let wrong = |what: &str| {
        format!("{text:?} {what}; write for instance \"https://help.contoso.example\"")
    };
    let url = Url::parse(text).map_err(|_| wrong("is not a URL"))?;
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return Err(wrong("is not an http or https URL"));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(wrong(
            "sends passwords without TLS; put a server with TLS in front of the portal",
        ));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong(
            "goes on behind the host; the portal is at the root of its host",
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("holds a user name"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

struct Data {
    directory: std::path::PathBuf,
    spool_limit: u64,
    bundle_directory: std::path::PathBuf,
}

fn data(section: Option<Section<'_, '_>>, folder: &Path) -> Data {
    let (mut directory, mut spool_limit, mut bundle_directory) = (None, None, None);
    if let Some(mut section) = section {
        let document = section.document();
        directory = section.text("directory").map(|field| field.value);
        spool_limit = section.size("spool_limit").and_then(|field| {
            field.convert(document, |size| match size {
                0 => Err("must be more than nothing; bundles wait there for delivery".to_owned()),
                size => Ok(size),
            })
        });
        bundle_directory = section.text("bundle_directory").map(|field| field.value);
        section.finish();
    }
    let directory = folder.join(directory.as_deref().unwrap_or("data"));
    Data {
        spool_limit: spool_limit.map_or(DEFAULT_SPOOL_LIMIT, |field| field.value),
        bundle_directory: bundle_directory
            .map_or_else(|| directory.join("bundles"), |path| folder.join(path)),
        directory,
    }
}

struct Collection {
    limits: WindowLimits,
    compression: Compression,
    volume_size: u64,
    bandwidth_limit: u64,
}

fn collection(section: Option<Section<'_, '_>>) -> Collection {
    let mut collection = Collection {
        limits: WindowLimits::default(),
        compression: Compression::default(),
        volume_size: DEFAULT_VOLUME_SIZE,
        bandwidth_limit: 0,
    };
    let Some(mut section) = section else {
        return collection;
    };
    let document = section.document();
    let max_window = section.length("max_window");
    let lookback = section.length("lookback");
    let limits = &mut collection.limits;
    if let Some(length) = &max_window {
        limits.max_seconds = whole_seconds(length.value);
    }
    if let Some(length) = &lookback {
        limits.lookback_seconds = whole_seconds(length.value);
    }
    if limits.max_seconds > limits.lookback_seconds {
        // a window of that length would always begin too early
        let write = domain::format::seconds;
        if let Some(field) = &max_window {
            let most = write(limits.lookback_seconds);
            field.wrong(document, format!("is more than lookback, which is {most}"));
        } else if let Some(field) = &lookback {
            let least = write(limits.max_seconds);
            field.wrong(
                document,
                format!("is less than max_window, which is {least}"),
            );
        }
    }
    let compression = section.text("compression").and_then(|field| {
        field.convert(document, |text| match text.as_str() {
            "zstd" => Ok(Compression::Zstd),
            "deflate" => Ok(Compression::Deflate),
            other => Err(format!(
                "{other:?} is not a compression; write \"zstd\" or \"deflate\""
            )),
        })
    });
    if let Some(compression) = compression {
        collection.compression = compression.value;
    }
    let volume_size = section.size("volume_size").and_then(|field| {
        field.convert(document, |size| match size {
            LEAST_VOLUME_SIZE..=GREATEST_VOLUME_SIZE => Ok(size),
            _ => Err(format!(
                "must be at least {} and at most {}",
                domain::format::bytes(LEAST_VOLUME_SIZE),
                domain::format::bytes(GREATEST_VOLUME_SIZE)
            )),
        })
    });
    if let Some(size) = volume_size {
        collection.volume_size = size.value;
    }
    if let Some(limit) = section.size("bandwidth_limit") {
        collection.bandwidth_limit = limit.value;
    }
    section.finish();
    collection
}

fn network(section: Option<Section<'_, '_>>, folder: &Path) -> NetworkConfig {
    let mut network = NetworkConfig::default();
    let Some(mut section) = section else {
        return network;
    };
    let document = section.document();
    network.proxy = section
        .text("proxy")
        .and_then(|field| field.convert(document, |text| ProxyUrl::parse(&text)))
        .map(|field| field.value);
    network.ca_file = section
        .text("ca_file")
        .and_then(|field| {
            field.convert(document, |path| {
                let path = folder.join(path);
                check_authorities(&path).map(|()| path)
            })
        })
        .map(|field| field.value);
    if let Some(length) = section.length("connect_timeout") {
        network.connect_timeout = length.value;
    }
    if let Some(length) = section.length("read_timeout") {
        network.read_timeout = length.value;
    }
    section.finish();
    network
}

fn managed_storage(mut section: Section<'_, '_>, folder: &Path) -> Option<std::path::PathBuf> {
    section.need("sas_url_file", "\"/etc/help-support/managed.sas\"");
    let document = section.document();
    let file = section.text("sas_url_file").and_then(|field| {
        field.convert(document, |file| {
            // not repeated: it would be the secret itself
            if file.contains("://") {
                return Err(
                    "is a URL; write the SAS URL into a file that this program alone can read, \
                     and the name of the file here"
                        .to_owned(),
                );
            }
            Ok(folder.join(file))
        })
    });
    section.finish();
    Some(file?.value)
}

/// Lengths are bounded where they are read, so nothing is cut here.
fn whole_seconds(length: Duration) -> i64 {
    i64::try_from(length.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_address_is_an_origin() {
        for good in [
            "https://help.contoso.example",
            "https://10.0.0.7:8443/",
            "http://localhost:8080",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
        ] {
            assert!(origin(good).is_ok(), "{good}");
        }
        for bad in [
            "help.contoso.example",
            "ftp://x",
            "https://x/help",
            "https://u:p@x",
            "https://x?y",
            "http://help.contoso.example",
            "http://10.0.0.7:8080/",
            "http://localhost.evil.example",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
