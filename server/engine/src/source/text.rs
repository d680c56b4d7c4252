//! A file's text as a collection looks at it, for showing what is in it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use domain::Reason;

use super::packed::{Content, Raw};
use super::utf16::{Decoder, Utf16};
use super::{Packing, binary, reason};

/// Opens a file, unpacks it on the way, and turns UTF-16 into UTF-8. What is no regular file, such
/// as a pipe, comes as it is.
///
/// # Errors
/// Why a collection would not have its text: it is a directory, no text, or cannot be read.
pub fn open_text(path: &Path) -> Result<Box<dyn Read>, Reason> {
    let file = File::open(path).map_err(|error| reason(&error))?;
    let metadata = file.metadata().map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err(Reason::NotARegularFile);
    }
    if !metadata.is_file() {
        return Ok(Box::new(file));
    }
    let mut content = Content::new(Raw::new(file, metadata.len()), Packing::of(path))?;
    let mut head = Vec::new();
    let sample = binary::SAMPLE as u64;
    (content.by_ref().take(sample).read_to_end(&mut head))
        .map_err(|error| content.fault(&error))?;
    let order = Utf16::of(&head);
    if order.is_none() && binary::is_binary(path.file_name().unwrap_or_default(), &head, &[]) {
        return Err(Reason::Binary);
    }
    let bytes = io::Cursor::new(head).chain(content);
    Ok(match order {
        Some(order) => Box::new(Decoded {
            bytes,
            decoder: Some(Decoder::new(order)),
            ready: io::Cursor::default(),
        }),
        None => Box::new(bytes),
    })
}

/// What was UTF-16.
struct Decoded<R> {
    bytes: R,
    /// `None`: the file has ended.
    decoder: Option<Decoder>,
    ready: io::Cursor<Vec<u8>>,
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut piece = [0; 16 * 1024];
        loop {
            let read = self.ready.read(into)?;
            let Some(decoder) = self.decoder.as_mut().filter(|_| read == 0) else {
                return Ok(read);
            };
            let length = self.bytes.read(&mut piece)?;
            let text = match length {
                0 => decoder.finish(),
                _ => decoder.push(&piece[..length]),
            };
            if length == 0 {
                self.decoder = None;
            }
            self.ready = io::Cursor::new(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn text(path: &Path) -> Result<String, Reason> {
        let mut text = String::new();
        open_text(path)?.read_to_string(&mut text).expect("text");
        Ok(text)
    }

    #[test]
    fn a_file_is_shown_as_a_collection_looks_at_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        let long = "a line of text, and an \u{e4}\n".repeat(2000);
        fs::write(path("a.log"), &long).expect("a file");
        let units: Vec<u8> = format!("\u{feff}{long}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        fs::write(path("wide.log"), units).expect("a file");
        let file = File::create(path("a.log.1.gz")).expect("a file");
        let mut packer = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packer.write_all(long.as_bytes()).expect("packed");
        packer.finish().expect("packed");
        for name in ["a.log", "wide.log", "a.log.1.gz"] {
            assert_eq!(text(&path(name)).as_deref(), Ok(long.as_str()), "{name}");
        }
        fs::write(path("empty.log"), "").expect("a file");
        assert_eq!(text(&path("empty.log")).as_deref(), Ok(""));
        fs::write(path("core"), b"\x7fELF\0\0\0\x01\x02".repeat(99)).expect("a file");
        assert_eq!(text(&path("core")), Err(Reason::Binary));
        fs::write(path("torn.gz"), "no gzip").expect("a file");
        assert_eq!(text(&path("torn.gz")), Err(Reason::Damaged));
        assert_eq!(text(directory.path()), Err(Reason::NotARegularFile));
        assert_eq!(text(&path("nothing")), Err(Reason::NotFound));
    }
}
