//! Redaction: a planted secret never comes out, whatever surrounds it and in whatever pieces it
//! comes; pieces change nothing; what is clean stays as it is.

use std::sync::OnceLock;

use super::take;
use crate::redact::Redactor;

/// Letters and digits without a word in them.
const SECRET: &str = "Zq7xPl4nted0S3cret9Qz";

/// What comes before and after a secret of each kind. A line of its own begins each, and each ends
/// what it begins.
const PLACES: [(&str, &str); 12] = [
    ("password=", "\n"),
    ("PASSWORD: ", "\n"),
    ("{\"password\": \"", "\"}\n"),
    ("{\"client_secret\":\"", "\",\"next\":1}\n"),
    ("api_key='", "'\n"),
    ("tool --password ", " --verbose\n"),
    ("<password>", "</password>\n"),
    ("Authorization: Bearer ", "\n"),
    ("Cookie: session=", "\n"),
    ("GET https://user:", "@host.example/path HTTP/1.1\n"),
    (
        "https://account.blob.core.windows.net/logs?sv=2024-11-04&sig=",
        "&sp=rwl\n",
    ),
    (
        "-----BEGIN PRIVATE KEY-----\n",
        "\n-----END PRIVATE KEY-----\n",
    ),
];

/// The first three bytes choose the kind of secret, where in the rest it stands, and the pieces.
pub fn redaction(mut data: &[u8]) {
    let (before, after) = PLACES[take::index(&mut data, PLACES.len())];
    let place = usize::from(take::word(&mut data)) % (data.len().saturating_sub(1).max(1));
    let mut pieces = data;
    let _size = take::byte(&mut pieces);
    let surroundings = pieces;
    if memchr::memmem::find(surroundings, SECRET.as_bytes()).is_some() {
        return;
    }
    let (head, tail) = surroundings.split_at(place.min(surroundings.len()));
    let text = [
        head,
        b"\n",
        before.as_bytes(),
        SECRET.as_bytes(),
        after.as_bytes(),
        tail,
    ]
    .concat();
    let whole = clean(&mut [0].as_slice(), &text);
    assert!(
        memchr::memmem::find(&whole, SECRET.as_bytes()).is_none(),
        "{} comes out of {}",
        String::from_utf8_lossy(&whole),
        String::from_utf8_lossy(&text)
    );
    let in_pieces = clean(&mut data, &text);
    assert!(in_pieces == whole, "pieces change what comes out");
    let again = clean(&mut [0].as_slice(), &whole);
    assert!(
        again == whole,
        "{} is cleaned once more, to {}",
        String::from_utf8_lossy(&whole),
        String::from_utf8_lossy(&again)
    );
}

fn clean(pieces: &mut &[u8], text: &[u8]) -> Vec<u8> {
    static REDACTOR: OnceLock<Redactor> = OnceLock::new();
    let mut cleaner = REDACTOR.get_or_init(Redactor::new).cleaner();
    let mut out = Vec::new();
    take::in_pieces(pieces, text, |piece| {
        cleaner
            .push(piece, &mut out)
            .expect("a vector takes every write");
    });
    cleaner
        .finish(&mut out)
        .expect("a vector takes every write");
    out
}
