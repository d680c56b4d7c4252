//! Names at the destination: `{stack}/{YYYY-MM-DD}/{collection id}/{node}/{role}.zip`.

use chrono::{DateTime, Utc};
use domain::CollectionId;

use crate::store::PartRow;

/// The folder of a collection.
pub fn folder(stack: &str, created_at: DateTime<Utc>, id: CollectionId) -> String {
    format!(
        "{}/{}/{id}",
        file_name(stack),
        created_at.format("%Y-%m-%d")
    )
}

/// For each part the path of its volumes below the folder, without number and ending.
///
/// Two roles whose names differ only in what a file name cannot hold are told apart by a number.
pub fn stems(parts: &[PartRow]) -> Vec<String> {
    let mut stems: Vec<String> = Vec::with_capacity(parts.len());
    for part in parts {
        let plain = format!("{}/{}", file_name(&part.node), file_name(&part.role));
        let numbered = (2..).map(|number| format!("{plain} ({number})"));
        let free = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|stem| !stems.iter().any(|taken| taken.eq_ignore_ascii_case(stem)));
        stems.push(free.unwrap_or(plain));
    }
    stems
}

/// A role's or node's name as a file name: whatever could lead elsewhere or trouble a reader of the
/// archive becomes `_`.
pub fn file_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| {
            if letter.is_alphanumeric() || " ._-()+".contains(letter) {
                letter
            } else {
                '_'
            }
        })
        .collect();
    match plain.trim_matches([' ', '.']) {
        "" => "_".to_owned(),
        plain => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_lead_elsewhere() {
        for (name, safe) in [
            ("Storage", "Storage"),
            ("../../etc", "_.._etc"),
            ("a/b\\c:d", "a_b_c_d"),
            ("..", "_"),
            ("Speicher Süd", "Speicher Süd"),
        ] {
            assert_eq!(file_name(name), safe);
        }
    }
}
