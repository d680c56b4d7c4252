//! What is no file, leads out of its directory, or may not be read.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::files::{KEPT, LOG, Logs};
use super::*;

#[test]
fn links_are_taken_only_within_their_directory() {
    let (logs, other) = (Logs::new(), Logs::new());
    let outside = other.write("secret.log", LOG);
    logs.write("in/app-7.log", LOG);
    symlink("in/app-7.log", logs.path("app.log")).expect("a link");
    symlink(&outside, logs.path("out.log")).expect("a link");
    symlink("nowhere", logs.path("torn.log")).expect("a link");
    symlink("loop.log", logs.path("loop.log")).expect("a link");
    symlink(&other.root, logs.path("dir.log")).expect("a link");
    let plan = logs.plan(&["*.log"]);
    assert_eq!(logs.entries(&plan), ["app.log"]);
    assert_eq!(read(&plan.items[0]).1, KEPT.as_bytes());
    let missing = logs.missing(&plan);
    assert_eq!(missing.len(), 3, "{missing:?}");
    assert!(matches!(missing[0], (ref label, Reason::Unreadable { .. }) if label == "loop.log"));
    assert_eq!(missing[1], ("out.log".to_owned(), Reason::LeadsElsewhere));
    assert_eq!(missing[2], ("torn.log".to_owned(), Reason::NotFound));
}

#[test]
fn a_link_put_in_place_after_planning_is_not_followed() {
    let (logs, other) = (Logs::new(), Logs::new());
    let outside = other.write("a.log", LOG);
    logs.write("sub/a.log", LOG);
    let item = logs.item("*/*.log");
    // in place of the file, then of its directory
    fs::remove_file(logs.path("sub/a.log")).expect("removed");
    symlink(&outside, logs.path("sub/a.log")).expect("a link");
    assert_eq!(
        read(&item).0.outcome,
        ItemOutcome::Missing(Reason::LeadsElsewhere)
    );
    fs::remove_dir_all(logs.path("sub")).expect("removed");
    symlink(&other.root, logs.path("sub")).expect("a link");
    assert_eq!(
        read(&item).0.outcome,
        ItemOutcome::Missing(Reason::LeadsElsewhere)
    );
}

#[test]
fn a_fifo_or_a_socket_is_named_and_never_waited_for() {
    let logs = Logs::new();
    let make_fifo = || {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let path = logs.path("pipe.log");
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0)
            .expect("a FIFO");
    };
    logs.write("pipe.log", LOG);
    let item = logs.item("pipe.log");
    fs::remove_file(logs.path("pipe.log")).expect("removed");
    make_fifo();
    assert_eq!(
        read(&item).0.outcome,
        ItemOutcome::Missing(Reason::NotARegularFile)
    );
    let _socket =
        std::os::unix::net::UnixListener::bind(logs.path("socket.log")).expect("a socket");
    let plan = logs.plan(&["*.log"]);
    assert_eq!(plan.items, []);
    assert_eq!(
        logs.missing(&plan),
        [
            ("pipe.log".to_owned(), Reason::NotARegularFile),
            ("socket.log".to_owned(), Reason::NotARegularFile),
        ]
    );
}

#[test]
fn what_may_not_be_read_is_named() {
    let logs = Logs::new();
    let file = logs.write("a.log", LOG);
    logs.write("closed/b.log", LOG);
    let item = logs.item("a.log");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).expect("a mode");
    fs::set_permissions(logs.path("closed"), fs::Permissions::from_mode(0o0)).expect("a mode");
    let plan = logs.plan(&["*/*.log"]);
    let outcome = read(&item).0.outcome;
    // so that the directory can be removed
    fs::set_permissions(logs.path("closed"), fs::Permissions::from_mode(0o700)).expect("a mode");
    if rustix::process::geteuid().is_root() {
        // to whom nothing is denied
        assert_eq!((outcome, plan.missing.len()), (ItemOutcome::Complete, 0));
    } else {
        assert_eq!(outcome, ItemOutcome::Missing(Reason::PermissionDenied));
        let closed = ("closed".to_owned(), Reason::PermissionDenied);
        assert_eq!(logs.missing(&plan), [closed]);
    }
}

#[test]
fn errors_of_the_system_have_reasons() {
    let of = |kind: io::ErrorKind| reason(&kind.into());
    assert_eq!(
        of(io::ErrorKind::PermissionDenied),
        Reason::PermissionDenied
    );
    assert_eq!(of(io::ErrorKind::NotFound), Reason::NotFound);
    assert!(matches!(
        of(io::ErrorKind::StaleNetworkFileHandle),
        Reason::Unreadable { .. }
    ));
}
