//! Secrets at rest: sealed with XChaCha20-Poly1305 and bound to the table and row they belong to,
//! so that a sealed value copied to another row does not open.
//!
//! The key is 32 bytes in `secret.key` (mode 0600) in the data directory, or in hexadecimal in the
//! environment variable `HELP_SUPPORT_KEY`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use thiserror::Error;

const KEY_FILE: &str = "secret.key";
const KEY_VARIABLE: &str = "HELP_SUPPORT_KEY";
const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Why secrets cannot be sealed or opened.
#[derive(Debug, Error)]
pub enum SecretError {
    #[error("the key file {path} cannot be used")]
    KeyFile {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("the key file {0} does not hold 32 bytes")]
    KeyLength(PathBuf),
    #[error("the key file {path} can be read by others (mode {mode:o}): run chmod 600 on it")]
    KeyMode { path: PathBuf, mode: u32 },
    #[error("{KEY_VARIABLE} does not hold 64 hexadecimal digits")]
    Variable,
    #[error("a stored secret cannot be opened: the key is another one than when it was stored")]
    Unsealing,
    #[error("the system gives no random numbers")]
    Random(#[from] getrandom::Error),
}

/// What a sealed secret belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    pub table: &'static str,
    pub row: &'a str,
}

impl Place<'_> {
    fn bound(self) -> Vec<u8> {
        format!("{}\0{}", self.table, self.row).into_bytes()
    }
}

/// Seals and opens secrets.
#[derive(Clone)]
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Takes the key from the environment, else from its file, which is made where there is none.
    pub fn open(data_directory: &Path) -> Result<Self, SecretError> {
        let key = match std::env::var(KEY_VARIABLE) {
            Ok(text) => from_hex(&text).ok_or(SecretError::Variable)?,
            Err(_) => key_file(&data_directory.join(KEY_FILE))?,
        };
        Ok(Self {
            cipher: XChaCha20Poly1305::new(&key.into()),
        })
    }

    pub fn seal(&self, place: Place<'_>, secret: &str) -> Result<Vec<u8>, SecretError> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let payload = Payload {
            msg: secret.as_bytes(),
            aad: &place.bound(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SecretError::Unsealing)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub fn unseal(&self, place: Place<'_>, sealed: &[u8]) -> Result<String, SecretError> {
        let (nonce, sealed) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(SecretError::Unsealing)?;
        let payload = Payload {
            msg: sealed,
            aad: &place.bound(),
        };
        let secret = self
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| SecretError::Unsealing)?;
        String::from_utf8(secret).map_err(|_| SecretError::Unsealing)
    }
}

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> Result<[u8; N], SecretError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Lower-case hexadecimal.
pub fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // writing into a String cannot fail
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn from_hex(text: &str) -> Option<[u8; KEY_BYTES]> {
    let text = text.trim();
    if text.len() != KEY_BYTES * 2 || !text.is_ascii() {
        return None;
    }
    let mut key = [0; KEY_BYTES];
    for (position, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(position * 2..position * 2 + 2)?, 16).ok()?;
    }
    Some(key)
}

fn key_file(path: &Path) -> Result<[u8; KEY_BYTES], SecretError> {
    let unusable = |source| SecretError::KeyFile {
        path: path.to_owned(),
        source,
    };
    if !path.try_exists().map_err(unusable)? {
        make_key_file(path, random()?).map_err(unusable)?;
    }
    let mode = fs::metadata(path).map_err(unusable)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(SecretError::KeyMode {
            path: path.to_owned(),
            mode: mode & 0o7777,
        });
    }
    let key = fs::read(path).map_err(unusable)?;
    key.try_into()
        .map_err(|_| SecretError::KeyLength(path.to_owned()))
}

/// The file gets its name when it is whole: neither a sudden end nor another process that starts
/// at the same time can meet half a key. Whoever comes second takes the first one's key.
fn make_key_file(path: &Path, key: [u8; KEY_BYTES]) -> io::Result<()> {
    let draft = path.with_extension(uuid::Uuid::new_v4().simple().to_string());
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let linked = file
        .write_all(&key)
        .and_then(|()| file.sync_all())
        .and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place {
        table: "collection",
        row: "1",
    };

    #[test]
    fn a_secret_opens_only_in_its_own_place_and_with_its_own_key() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let vault = Vault::open(one.path()).unwrap();
        let sealed = vault.seal(HERE, "sig=abc").unwrap();
        assert!(!sealed.windows(3).any(|bytes| bytes == b"abc"));
        assert_eq!(vault.unseal(HERE, &sealed).unwrap(), "sig=abc");
        assert!(vault.unseal(Place { row: "2", ..HERE }, &sealed).is_err());
        assert!(
            Vault::open(two.path())
                .unwrap()
                .unseal(HERE, &sealed)
                .is_err()
        );
        assert_eq!(
            Vault::open(one.path())
                .unwrap()
                .unseal(HERE, &sealed)
                .unwrap(),
            "sig=abc"
        );
    }

    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        Vault::open(directory.path()).unwrap();
        let path = directory.path().join(KEY_FILE);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            Vault::open(directory.path()),
            Err(SecretError::KeyMode { .. })
        ));
    }
}
