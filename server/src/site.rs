//! Where the browser's half of the portal lies.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use leptos::config::LeptosOptions;

/// Names another directory than the one beside the program.
const SITE_VARIABLE: &str = "HELP_SUPPORT_SITE";

/// Name of scripts and styles, without their endings.
const OUTPUT_NAME: &str = "help-support";

/// The directory named by the environment, or `site` beside the program's own directory: a build
/// puts the program into `target/release` and the site into `target/site`.
fn site_root() -> PathBuf {
    std::env::var_os(SITE_VARIABLE)
        .map(PathBuf::from)
        .or_else(|| {
            let program = std::env::current_exe().ok()?;
            Some(program.parent()?.parent()?.join("site"))
        })
        .unwrap_or_else(|| PathBuf::from("site"))
}

/// What the framework has to know of the site.
pub fn options(address: SocketAddr) -> LeptosOptions {
    let root = site_root();
    if !root.is_dir() {
        tracing::warn!(
            directory = %root.display(),
            "the browser's half is missing: pages come without style and scripts; \
             build it or name it with {SITE_VARIABLE}"
        );
    }
    options_at(&root, address)
}

fn options_at(root: &Path, address: SocketAddr) -> LeptosOptions {
    LeptosOptions::builder()
        .output_name(OUTPUT_NAME)
        .site_root(root.to_string_lossy().into_owned())
        .site_pkg_dir("pkg")
        .site_addr(address)
        .build()
}
