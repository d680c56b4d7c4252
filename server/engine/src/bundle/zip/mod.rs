//! Writing a zip file as a stream, from front to end, never going back.
//!
//! An entry that is handed over whole has its sizes in front of it and no more overhead than any
//! zip. One that comes in pieces has them behind it. Names are text that [`crate::source`] has made
//! safe; times are kept to the second. The directory is gathered in its final form, so that an
//! entry costs its name and some 60 bytes of memory until the file ends.

mod compress;
mod record;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use chrono::{DateTime, Utc};

pub use compress::{Compressor, unpack};
use record::{Body, Head, Sizes};

/// The largest entry that has its sizes in front: far below the 4 GiB of their fields.
const LARGEST_WHOLE_BYTES: usize = 1024 * 1024 * 1024;

/// A zip file that is being written.
#[derive(Debug)]
pub struct ZipStream<W> {
    out: W,
    /// Bytes given to `out`.
    position: u64,
    compressor: Compressor,
    open: Option<OpenEntry>,
    directory: Vec<u8>,
    entries: u64,
    /// Where headers and small entries are put together.
    scratch: Vec<u8>,
}

#[derive(Debug)]
struct OpenEntry {
    head: Head,
    offset: u64,
    crc32: crc32fast::Hasher,
    packed_bytes: u64,
    size_bytes: u64,
}

impl<W: Write> ZipStream<W> {
    pub const fn new(out: W, compressor: Compressor) -> Self {
        Self {
            out,
            position: 0,
            compressor,
            open: None,
            directory: Vec::new(),
            entries: 0,
            scratch: Vec::new(),
        }
    }

    pub const fn get_ref(&self) -> &W {
        &self.out
    }

    /// Bytes that the directory will take.
    pub const fn directory_bytes(&self) -> usize {
        self.directory.len()
    }

    /// Writes an entry in one go.
    pub fn write_whole(
        &mut self,
        name: &str,
        modified_at: Option<DateTime<Utc>>,
        bytes: &[u8],
    ) -> io::Result<()> {
        if bytes.len() > LARGEST_WHOLE_BYTES {
            self.begin(name, modified_at)?;
            self.write(bytes)?;
            return self.end();
        }
        self.end()?;
        let head = self.head(name, modified_at)?;
        let mut packed = std::mem::take(&mut self.scratch);
        packed.clear();
        self.compressor.begin(Some(bytes.len() as u64))?;
        self.compressor.push(bytes, &mut packed)?;
        self.compressor.end(&mut packed)?;
        let body = Body {
            crc32: crc32fast::hash(bytes),
            packed_bytes: packed.len() as u64,
            size_bytes: bytes.len() as u64,
        };
        let offset = self.position;
        let mut header = Vec::with_capacity(64 + name.len());
        record::local_header(&mut header, &head, Sizes::Ahead(body));
        self.put(&header)?;
        self.put(&packed)?;
        self.scratch = packed;
        record::directory_header(&mut self.directory, &head, body, offset, false);
        self.entries += 1;
        Ok(())
    }

    /// Begins an entry whose bytes follow.
    pub fn begin(&mut self, name: &str, modified_at: Option<DateTime<Utc>>) -> io::Result<()> {
        self.end()?;
        let head = self.head(name, modified_at)?;
        let offset = self.position;
        let mut header = Vec::with_capacity(64 + name.len());
        record::local_header(&mut header, &head, Sizes::Behind);
        self.put(&header)?;
        self.compressor.begin(None)?;
        self.open = Some(OpenEntry {
            head,
            offset,
            crc32: crc32fast::Hasher::new(),
            packed_bytes: 0,
            size_bytes: 0,
        });
        Ok(())
    }

    /// Goes on with the entry that was begun.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let open = self
            .open
            .as_mut()
            .ok_or_else(|| io::Error::other("no entry was begun"))?;
        open.crc32.update(bytes);
        open.size_bytes += bytes.len() as u64;
        let packed = self.compressor.push(bytes, &mut self.out)?;
        open.packed_bytes += packed;
        self.position += packed;
        Ok(())
    }

    /// Ends the entry that was begun, if one was.
    pub fn end(&mut self) -> io::Result<()> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let packed = self.compressor.end(&mut self.out)?;
        self.position += packed;
        let body = Body {
            crc32: open.crc32.finalize(),
            packed_bytes: open.packed_bytes + packed,
            size_bytes: open.size_bytes,
        };
        let mut descriptor = Vec::with_capacity(24);
        record::descriptor(&mut descriptor, body);
        self.put(&descriptor)?;
        record::directory_header(&mut self.directory, &open.head, body, open.offset, true);
        self.entries += 1;
        Ok(())
    }

    /// Writes the directory; gives back what it was made of.
    pub fn finish(mut self) -> io::Result<(W, Compressor)> {
        self.end()?;
        let offset = self.position;
        let mut directory = std::mem::take(&mut self.directory);
        let directory_bytes = directory.len() as u64;
        record::end(&mut directory, self.entries, directory_bytes, offset);
        self.put(&directory)?;
        Ok((self.out, self.compressor))
    }

    fn head(&self, name: &str, modified_at: Option<DateTime<Utc>>) -> io::Result<Head> {
        if name.len() > usize::from(u16::MAX) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidFilename,
                "a name is too long for a zip file",
            ));
        }
        Ok(Head {
            name: name.to_owned(),
            method: self.compressor.method(),
            modified_at,
        })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}
