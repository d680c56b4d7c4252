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
/// Two roles whose names differ only in what a file name cannot hold are told apart by a number, and
/// so is one that is named as a further volume of another would be.
pub fn stems(parts: &[PartRow]) -> Vec<String> {
    let mut stems: Vec<String> = Vec::with_capacity(parts.len());
    for part in parts {
        let plain = format!("{}/{}", file_name(&part.node), file_name(&part.role));
        let numbered = (2..).map(|number| format!("{plain} ({number})"));
        let free = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|stem| !stems.iter().any(|taken| meet(taken, stem)));
        stems.push(free.unwrap_or(plain));
    }
    stems
}

/// Whether volumes of the two could have the same name, on file systems that tell no capitals from
/// small letters, too.
fn meet(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let is_volume_of = |name: &str, stem: &str| {
        let number = name
            .strip_prefix(stem)
            .and_then(|rest| rest.strip_prefix('.'));
        number.is_some_and(|number| {
            number.len() >= 3 && number.bytes().all(|digit| digit.is_ascii_digit())
        })
    };
    one == other || is_volume_of(&one, &other) || is_volume_of(&other, &one)
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

    #[test]
    fn no_two_parts_have_volumes_of_the_same_name() {
        let roles = [
            "Süd", "SÜD", "a/b", "a:b", "Log.002", "log", "log.2", "Log.1000",
        ];
        let parts = (0..).zip(roles);
        let parts: Vec<_> = parts
            .map(|(position, role)| PartRow::pending(position, "n", role))
            .collect();
        let expected = [
            "n/Süd",
            "n/SÜD (2)",
            "n/a_b",
            "n/a_b (2)",
            "n/Log.002",
            "n/log (2)",
            "n/log.2",
            "n/Log.1000",
        ];
        assert_eq!(stems(&parts), expected);
    }
}
