//! Compressing entry after entry with one context, whose tables are allocated once.

use std::io::{self, Read, Write};

use flate2::{Compress, FlushCompress, Status};
use zstd::stream::raw::{CParameter, Encoder, InBuffer, Operation, OutBuffer};

use super::record::Method;
use crate::config::Compression;

/// The level below zstd's default takes a third less time. With the window of that one and longer
/// matches only, logs come out as small: 2 % larger at the worst of those that were tried.
const ZSTD_LEVEL: i32 = 2;
const ZSTD_WINDOW_LOG: u32 = 21;
const ZSTD_SHORTEST_MATCH: u32 = 7;
const ZSTD_HASH_LOG: u32 = 17;
/// The level that the program of this name has by default.
const DEFLATE_LEVEL: u32 = 6;
/// Threads that compress one large entry side by side. zstd uses them from half a mebibyte on; the
/// result is a single frame, which every reader knows.
const ZSTD_WORKERS: u32 = 2;
/// So much is compressed at a time by each of them; more costs memory, less costs size.
const ZSTD_JOB_BYTES: u32 = 1024 * 1024;
const OUT_BYTES: usize = 128 * 1024;

enum Context {
    Zstd(Encoder<'static>),
    Deflate(Compress),
}

/// A compression context and its way out.
pub struct Compressor {
    context: Context,
    out: Vec<u8>,
}

impl Compressor {
    /// # Errors
    /// When there is no memory for it.
    pub fn new(compression: Compression) -> io::Result<Self> {
        let context = match compression {
            Compression::Zstd => {
                let mut encoder = Encoder::new(ZSTD_LEVEL)?;
                encoder.set_parameter(CParameter::NbWorkers(ZSTD_WORKERS))?;
                encoder.set_parameter(CParameter::JobSize(ZSTD_JOB_BYTES))?;
                Context::Zstd(encoder)
            }
            Compression::Deflate => Context::Deflate(Compress::new(
                flate2::Compression::new(DEFLATE_LEVEL),
                false,
            )),
        };
        Ok(Self {
            context,
            out: Vec::with_capacity(OUT_BYTES),
        })
    }

    pub const fn method(&self) -> Method {
        match self.context {
            Context::Zstd(_) => Method::Zstd,
            Context::Deflate(_) => Method::Deflate,
        }
    }

    /// Starts an entry, whatever became of the one before. With its size, which then is small, the
    /// tables are made to fit.
    pub fn begin(&mut self, size_bytes: Option<u64>) -> io::Result<()> {
        match &mut self.context {
            Context::Zstd(encoder) => {
                encoder.reinit()?;
                // zero stands for what the level has for that size
                let for_large = |value| if size_bytes.is_none() { value } else { 0 };
                encoder.set_parameter(CParameter::WindowLog(for_large(ZSTD_WINDOW_LOG)))?;
                encoder.set_parameter(CParameter::MinMatch(for_large(ZSTD_SHORTEST_MATCH)))?;
                encoder.set_parameter(CParameter::HashLog(for_large(ZSTD_HASH_LOG)))?;
                encoder.set_pledged_src_size(size_bytes)
            }
            Context::Deflate(deflate) => {
                deflate.reset();
                Ok(())
            }
        }
    }

    /// Compresses the next bytes; answers how many came out.
    pub fn push(&mut self, bytes: &[u8], to: &mut impl Write) -> io::Result<u64> {
        let mut packed = 0;
        match &mut self.context {
            Context::Zstd(encoder) => {
                let mut input = InBuffer::around(bytes);
                while input.pos() < bytes.len() {
                    self.out.clear();
                    encoder.run(&mut input, &mut OutBuffer::around(&mut self.out))?;
                    packed += hand_over(&self.out, to)?;
                }
            }
            Context::Deflate(deflate) => {
                let mut rest = bytes;
                while !rest.is_empty() {
                    self.out.clear();
                    rest = &rest[step(deflate, rest, &mut self.out, FlushCompress::None)?.taken..];
                    packed += hand_over(&self.out, to)?;
                }
            }
        }
        Ok(packed)
    }

    /// Ends an entry; answers how many bytes came out.
    pub fn end(&mut self, to: &mut impl Write) -> io::Result<u64> {
        let mut packed = 0;
        loop {
            self.out.clear();
            let ended = match &mut self.context {
                Context::Zstd(encoder) => {
                    encoder.finish(&mut OutBuffer::around(&mut self.out), true)? == 0
                }
                Context::Deflate(deflate) => {
                    step(deflate, &[], &mut self.out, FlushCompress::Finish)?.ended
                }
            };
            packed += hand_over(&self.out, to)?;
            if ended {
                return Ok(packed);
            }
        }
    }
}

/// Unpacks an entry that is small.
///
/// # Errors
/// It is damaged.
pub fn unpack(compression: Compression, packed: &[u8]) -> io::Result<Vec<u8>> {
    match compression {
        Compression::Zstd => zstd::decode_all(packed),
        Compression::Deflate => {
            let mut bytes = Vec::new();
            flate2::read::DeflateDecoder::new(packed).read_to_end(&mut bytes)?;
            Ok(bytes)
        }
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor")
            .field("method", &self.method())
            .finish_non_exhaustive()
    }
}

fn hand_over(packed: &[u8], to: &mut impl Write) -> io::Result<u64> {
    to.write_all(packed)?;
    Ok(packed.len() as u64)
}

struct Step {
    taken: usize,
    ended: bool,
}

fn step(
    deflate: &mut Compress,
    bytes: &[u8],
    out: &mut Vec<u8>,
    flush: FlushCompress,
) -> io::Result<Step> {
    let before = deflate.total_in();
    let status = deflate.compress_vec(bytes, out, flush)?;
    let taken = usize::try_from(deflate.total_in() - before).map_err(io::Error::other)?;
    Ok(Step {
        taken,
        ended: status == Status::StreamEnd,
    })
}
