//! The rights that a SAS URL grants (`sp`).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Letters and names, in the order in which the service writes them.
const NAMES: [(char, &str); 16] = [
    ('r', "read"),
    ('a', "add"),
    ('c', "create"),
    ('w', "write"),
    ('d', "delete"),
    ('x', "delete version"),
    ('y', "permanent delete"),
    ('l', "list"),
    ('t', "tags"),
    ('f', "find"),
    ('m', "move"),
    ('e', "execute"),
    ('o', "ownership"),
    ('p', "permissions"),
    ('i', "immutability"),
    // of queues and tables: comes along in the SAS of an account
    ('u', "update"),
];

/// A set of rights. In JSON it is the letters of `sp`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Permissions(u16);

/// A letter that stands for no permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a letter stands for no known permission")]
pub struct UnknownPermission;

impl Permissions {
    /// Reads the letters of `sp`, in any order; a letter may repeat.
    ///
    /// # Errors
    /// When a letter stands for no known permission.
    pub fn from_letters(letters: &str) -> Result<Self, UnknownPermission> {
        match Self::known_among(letters) {
            (permissions, true) => Ok(permissions),
            (_, false) => Err(UnknownPermission),
        }
    }

    /// The rights whose letters are known, and whether all were; the service may learn new ones.
    pub(super) fn known_among(letters: &str) -> (Self, bool) {
        letters.chars().fold(
            (Self(0), true),
            |(set, all_known), letter| match Self::of_letter(letter) {
                Some(right) => (Self(set.0 | right.0), all_known),
                None => (set, false),
            },
        )
    }

    fn of_letter(letter: char) -> Option<Self> {
        let place = NAMES.iter().position(|(known, _)| *known == letter)?;
        Some(Self(1 << place))
    }

    /// The letters, in the order in which the service writes them.
    #[must_use]
    pub fn letters(self) -> String {
        self.granted().map(|(letter, _)| letter).collect()
    }

    #[must_use]
    pub fn has_read(self) -> bool {
        self.has('r')
    }

    #[must_use]
    pub fn has_add(self) -> bool {
        self.has('a')
    }

    #[must_use]
    pub fn has_create(self) -> bool {
        self.has('c')
    }

    #[must_use]
    pub fn has_write(self) -> bool {
        self.has('w')
    }

    #[must_use]
    pub fn has_delete(self) -> bool {
        self.has('d')
    }

    #[must_use]
    pub fn has_list(self) -> bool {
        self.has('l')
    }

    fn has(self, letter: char) -> bool {
        self.granted().any(|(granted, _)| granted == letter)
    }

    fn granted(self) -> impl Iterator<Item = (char, &'static str)> {
        NAMES
            .into_iter()
            .enumerate()
            .filter_map(move |(place, name)| (self.0 & 1 << place != 0).then_some(name))
    }
}

impl TryFrom<String> for Permissions {
    type Error = UnknownPermission;

    fn try_from(letters: String) -> Result<Self, UnknownPermission> {
        Self::from_letters(&letters)
    }
}

impl From<Permissions> for String {
    fn from(permissions: Permissions) -> Self {
        permissions.letters()
    }
}

/// `read, write, list`; `none` for the empty set.
impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("none");
        }
        for (position, (_, name)) in self.granted().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permissions({})", self.letters())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_read_in_any_order_and_named_in_ours() {
        let rights = Permissions::from_letters("lwr").unwrap();
        assert_eq!(rights.to_string(), "read, write, list");
        assert_eq!(rights.letters(), "rwl");
        assert!(rights.has_read() && rights.has_write() && rights.has_list());
        assert!(!rights.has_delete() && !rights.has_create() && !rights.has_add());
        assert_eq!(Permissions::default().to_string(), "none");
    }

    #[test]
    fn every_letter_has_a_place_of_its_own() {
        let all: String = NAMES.iter().map(|(letter, _)| letter).collect();
        assert_eq!(Permissions::from_letters(&all).unwrap().letters(), all);
        assert_eq!(Permissions::from_letters("rq"), Err(UnknownPermission));
        assert_eq!(Permissions::from_letters("R"), Err(UnknownPermission));
    }

    #[test]
    fn json_holds_the_letters() {
        let rights = Permissions::from_letters("racwdl").unwrap();
        assert_eq!(serde_json::to_string(&rights).unwrap(), "\"racwdl\"");
        let back: Permissions = serde_json::from_str("\"racwdl\"").unwrap();
        assert_eq!(back, rights);
        assert!(serde_json::from_str::<Permissions>("\"?\"").is_err());
    }
}
