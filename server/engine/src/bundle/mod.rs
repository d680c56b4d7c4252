//! Bundles: a part's zip, written as a stream into volumes in the spool.
//!
//! Bytes that a volume has once written never change, so that delivery may send its blocks while
//! the end is not yet there. Only cleaned bytes get here.

mod feed;
mod manifest;
mod spool;
mod volume;
mod writer;
mod zip;

pub use feed::{Feed, feed};
pub use manifest::{close_object, write_manifest};
pub use spool::{Leaving, NoRoom, Spool};
pub use volume::{SealedVolume, SpooledVolume, VolumeFile, VolumeProgress};
pub use writer::{BundleError, BundleWriter, Packing};
#[cfg(any(test, feature = "fuzzing"))]
pub use zip::{Compressor, ZipStream};
