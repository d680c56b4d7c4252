//! One glob of the configuration: where its walk begins, and what it matches.

use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobMatcher};

/// An absolute path in which `*` stays within a directory and `**` crosses them.
#[derive(Debug)]
pub struct Pattern {
    /// The deepest directory that the glob names without any wildcard.
    pub root: PathBuf,
    pub matches: Matches,
}

#[derive(Debug)]
pub enum Matches {
    /// There is no wildcard: this file.
    Literal(PathBuf),
    Glob {
        matcher: GlobMatcher,
        /// How far below the root files may lie; `None`: any depth.
        depth: Option<usize>,
    },
}

impl Pattern {
    /// # Errors
    /// A text that says what is wrong with the glob.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err("the path is not absolute".to_owned());
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        let literal = parts.iter().take_while(|part| !is_wild(part)).count();
        let path = |parts: &[&str]| Path::new("/").join(parts.join("/"));
        if literal == parts.len() {
            let path = path(&parts);
            return Ok(Self {
                root: path.parent().unwrap_or(&path).to_owned(),
                matches: Matches::Literal(path),
            });
        }
        let glob = GlobBuilder::new(&format!("/{}", parts.join("/")))
            .literal_separator(true)
            .build()
            .map_err(|error| error.kind().to_string())?;
        // an alternative in braces may hold slashes
        let is_deep = parts
            .iter()
            .any(|part| part.contains("**") || part.contains('{'));
        Ok(Self {
            root: path(&parts[..literal]),
            matches: Matches::Glob {
                matcher: glob.compile_matcher(),
                depth: (!is_deep).then_some(parts.len() - literal),
            },
        })
    }
}

fn is_wild(part: &str) -> bool {
    part.contains(['*', '?', '[', ']', '{', '}', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(text: &str) -> (PathBuf, GlobMatcher, Option<usize>) {
        let pattern = Pattern::parse(text).expect("a glob");
        match pattern.matches {
            Matches::Glob { matcher, depth } => (pattern.root, matcher, depth),
            Matches::Literal(path) => panic!("{} is literal", path.display()),
        }
    }

    #[test]
    fn the_walk_begins_at_the_literal_directory() {
        let (root, matcher, depth) = glob("/var/log/*/*.log");
        assert_eq!((root, depth), (PathBuf::from("/var/log"), Some(2)));
        assert!(matcher.is_match("/var/log/a/b.log"));
        assert!(!matcher.is_match("/var/log/a/c/b.log"));
        assert!(!matcher.is_match("/var/log/b.log"));
    }

    #[test]
    fn two_stars_cross_directories() {
        let (root, matcher, depth) = glob("/var/log/ceph/**/*.log*");
        assert_eq!((root, depth), (PathBuf::from("/var/log/ceph"), None));
        assert!(matcher.is_match("/var/log/ceph/a.log.1.gz"));
        assert!(matcher.is_match("/var/log/ceph/a/b/c.log"));
    }

    #[test]
    fn without_wildcards_it_is_one_file() {
        let pattern = Pattern::parse("/var//log/syslog").expect("a path");
        assert_eq!(pattern.root, Path::new("/var/log"));
        assert!(
            matches!(pattern.matches, Matches::Literal(path) if path == Path::new("/var/log/syslog"))
        );
    }

    #[test]
    fn what_is_no_glob_says_why() {
        assert!(Pattern::parse("var/log/*").is_err());
        assert!(Pattern::parse("/var/log/[a").is_err());
        assert!(Pattern::parse("/var/log/{a").is_err());
    }
}
