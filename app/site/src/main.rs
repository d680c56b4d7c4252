//! Build step: turns the browser's half of `app` into the directory that the server serves.
//!
//! `site WASM OUT` writes `OUT/pkg/help-support.{js,css}` and `OUT/pkg/help-support_bg.wasm`, and
//! copies `public/` beside them. It uses `wasm-bindgen` as a library, so that the tool can never
//! be of another version than the crate that the code was built with. It is run from the root of
//! the workspace.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use wasm_bindgen_cli_support::Bindgen;

/// Begins the name of every file in `pkg`; the server is told the same one.
const NAME: &str = "help-support";

fn main() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(wasm), Some(out), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: site WASM OUT");
    };
    let package = out.join("pkg");
    // nothing of an earlier build stays behind
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot clear {}", out.display()))?;
    }
    fs::create_dir_all(&package).with_context(|| format!("cannot create {}", package.display()))?;
    bind(&wasm, &package)?;
    fs::write(
        package.join(format!("{NAME}.css")),
        stylesheet(Path::new("style"))?,
    )
    .context("cannot write the style sheet")?;
    copy_directory(Path::new("public"), &out)
}

/// The module, its glue, and nothing else.
fn bind(wasm: &Path, package: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(wasm)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(true)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(package)
        .with_context(|| format!("cannot bind {}", wasm.display()))
}

/// All of `style/*.css`, in the order of their names.
fn stylesheet(directory: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = fs::read_dir(directory)
        .with_context(|| format!("cannot list {}", directory.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "css"));
    files.sort();
    let mut sheet = String::new();
    for file in files {
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        sheet.push_str(&lighten(&text));
    }
    Ok(sheet)
}

/// Takes comments, indentation and empty lines out. What is left is compressed on the way anyway.
fn lighten(css: &str) -> String {
    let mut text = String::with_capacity(css.len());
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        text.push_str(before);
        rest = comment.split_once("*/").map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .flat_map(|line| [line, "\n"])
        .collect()
}

fn copy_directory(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)
                .with_context(|| format!("cannot copy {}", entry.path().display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go_and_rules_stay() {
        let css = "/* why */\na {\n  color: red; /* so */\n}\n\n";
        assert_eq!(lighten(css), "a {\ncolor: red;\n}\n");
    }
}
