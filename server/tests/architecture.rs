//! Who may import whom. `domain` ← `engine` ← `app` (only for the server) ← `server`.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// Crates of the workspace and what else each must never name.
const FORBIDDEN: [(&str, &[&str]); 3] = [
    (
        "domain",
        &[
            "tokio",
            "sqlx",
            "reqwest",
            "rustix",
            "getrandom",
            "leptos",
            "axum",
            "tracing",
            "walkdir",
        ],
    ),
    (
        "engine",
        &[
            "leptos",
            "leptos_axum",
            "leptos_router",
            "axum",
            "tower-http",
            "clap",
        ],
    ),
    (
        "app",
        &[
            "sqlx",
            "reqwest",
            "clap",
            "tower-http",
            "azure_storage_blob",
        ],
    ),
];

const MEMBERS: [(&str, &[&str]); 5] = [
    ("domain", &[]),
    ("engine", &["domain"]),
    ("app", &["domain", "engine"]),
    ("server", &["app", "domain", "engine"]),
    ("site", &[]),
];

/// Name of each dependency of each member, and whether it is optional.
fn dependencies() -> BTreeMap<String, Vec<(String, bool)>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo metadata");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"]
                .as_array()
                .expect("dependencies")
                .iter()
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| (text(&dependency["name"]), dependency["optional"] == true))
                .collect();
            (text(&package["name"]), dependencies)
        })
        .collect()
}

#[test]
fn members_depend_on_each_other_in_one_direction_only() {
    let all = dependencies();
    let names: Vec<_> = MEMBERS.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        all.len(),
        MEMBERS.len(),
        "a crate came or went: {:?}",
        all.keys()
    );
    for (member, allowed) in MEMBERS {
        for (dependency, _) in &all[member] {
            let inside = names.contains(&dependency.as_str());
            assert!(
                !inside || allowed.contains(&dependency.as_str()),
                "{member} must not use {dependency}"
            );
        }
    }
}

#[test]
fn no_crate_names_what_lies_beyond_its_business() {
    let all = dependencies();
    for (member, forbidden) in FORBIDDEN {
        for (dependency, _) in &all[member] {
            assert!(
                !forbidden.contains(&dependency.as_str()),
                "{member} must not use {dependency}"
            );
        }
    }
}

#[test]
fn the_browser_half_of_the_app_never_gets_the_engine() {
    let all = dependencies();
    let server_only = ["engine", "axum", "leptos_axum"];
    for (dependency, optional) in &all["app"] {
        assert!(
            *optional || !server_only.contains(&dependency.as_str()),
            "{dependency} is for the server alone"
        );
    }
}
