//! Opening a file that somebody else may be changing.
//!
//! Between plan and reading a directory may have been replaced by a link, and a file by a FIFO. So
//! every step below the root is opened from the one before, following no link, and nothing that is
//! not a regular file is ever waited for.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use domain::Reason;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

/// Opens `below`, a path without links, under `root`, a directory without links.
///
/// # Errors
/// Why it cannot be read. `Vanished`: it was there when the collection was planned.
pub fn open(root: &Path, below: &Path) -> Result<File, Reason> {
    let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let file = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let step = |from: &OwnedFd, name: &OsStr, flags: OFlags| {
        openat(from, name, flags | OFlags::NOFOLLOW, Mode::empty()).map_err(because)
    };
    let mut at = openat(CWD, root, directory, Mode::empty()).map_err(because)?;
    let mut names = Vec::new();
    for component in below.components() {
        match component {
            Component::Normal(name) => names.push(name),
            _ => return Err(Reason::NotARegularFile),
        }
    }
    let Some((last, parents)) = names.split_last() else {
        return Err(Reason::NotARegularFile);
    };
    for name in parents {
        at = step(&at, name, directory)?;
    }
    let file = File::from(step(&at, last, file)?);
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err(Reason::NotARegularFile),
        Err(error) => Err(super::reason(&error)),
    }
}

fn because(error: Errno) -> Reason {
    match error {
        Errno::NOENT => Reason::Vanished,
        Errno::ACCESS | Errno::PERM => Reason::PermissionDenied,
        // a link; a link in place of a directory
        Errno::LOOP | Errno::NOTDIR => Reason::LeadsElsewhere,
        // a socket or a device without a driver
        Errno::NXIO | Errno::NODEV => Reason::NotARegularFile,
        _ => super::reason(&io::Error::from(error)),
    }
}
