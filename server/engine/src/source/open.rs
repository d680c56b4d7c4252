//! Opening a file that somebody else may be changing.
//!
//! Between plan and reading a directory may have been replaced by a link, and a file by a FIFO. So
//! no link is followed below the root, and nothing that is not a regular file is ever waited for.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use domain::Reason;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

const DIRECTORY: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Opens `below`, a path without links, under `root`, a directory without links.
///
/// # Errors
/// Why it cannot be read. `Vanished`: it was there when the collection was planned.
pub fn open(root: &Path, below: &Path) -> Result<(File, Metadata), Reason> {
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
    let file = match open_at_once(&root.join(below)) {
        // an older kernel, or a container that forbids what it does not know
        Err(Errno::NOSYS | Errno::PERM) => open_by_steps(root, parents, last),
        opened => opened,
    };
    let file = File::from(file.map_err(because)?);
    match file.metadata() {
        Ok(metadata) if metadata.is_file() => Ok((file, metadata)),
        Ok(_) => Err(Reason::NotARegularFile),
        Err(error) => Err(super::reason(&error)),
    }
}

fn open_at_once(path: &Path) -> Result<OwnedFd, Errno> {
    openat2(CWD, path, FILE, Mode::empty(), ResolveFlags::NO_SYMLINKS)
}

/// Opens each step from the one before.
fn open_by_steps(root: &Path, parents: &[&OsStr], last: &OsStr) -> Result<OwnedFd, Errno> {
    let mut at = openat(CWD, root, DIRECTORY, Mode::empty())?;
    for name in parents {
        at = openat(&at, *name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
    }
    openat(&at, last, FILE | OFlags::NOFOLLOW, Mode::empty())
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
