//! A stack with its data directory, its way to the blob service, and everything ever said by its
//! processes: what a test may look through for secrets.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::SasUrl;
use serde_json::Value;
use tokio::runtime::Handle;

use super::azurite::{Azurite, sas_at};
use super::common::{Portal, Stack, files_below, http};
use super::dice::Dice;
use super::proxy::Proxy;

const PASSWORD: &str = "correct horse battery";

pub struct Lane<'a> {
    pub number: u64,
    pub stack: Stack,
    pub azurite: &'a Azurite,
    pub runtime: &'a Handle,
    pub proxy: Proxy,
    pub dice: Dice,
    /// Collections of all rounds, as the history must show them.
    pub known: BTreeSet<String>,
    /// Signatures of all SAS URLs that were in use.
    signatures: BTreeSet<String>,
}

impl<'a> Lane<'a> {
    pub fn new(number: u64, azurite: &'a Azurite, runtime: &'a Handle, dice: Dice) -> Self {
        let stack = Stack::new("");
        stack.add_user("operator", "operator", PASSWORD);
        Self {
            number,
            proxy: Proxy::start(azurite.port, dice.clone()),
            stack,
            azurite,
            runtime,
            dice,
            known: BTreeSet::new(),
            signatures: BTreeSet::new(),
        }
    }

    pub fn sas(&mut self, container: &str, permissions: &str, life: TimeDelta) -> SasUrl {
        let sas = sas_at(self.proxy.port, container, permissions, Utc::now() + life);
        let (_, signature) = sas.expose().split_once("sig=").expect("a signature");
        self.signatures.insert(signature.to_owned());
        self.signatures.insert(
            signature
                .replace("%2B", "+")
                .replace("%2F", "/")
                .replace("%3D", "="),
        );
        sas
    }

    /// Starts the program, with what it says kept; does not wait for anything.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        self.stack
            .command(arguments)
            .stdout(self.said())
            .stderr(self.said())
            .spawn()
            .expect("the program starts")
    }

    fn said(&self) -> Stdio {
        self.said_file().into()
    }

    fn said_file(&self) -> File {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.stack.path("said.txt"))
            .expect("a file")
    }

    /// The portal, ready, and an operator's session.
    pub fn portal(&self) -> (Portal, String) {
        let portal = Portal::start(self.stack.command(&["serve"]));
        let session = portal.sign_in("operator", PASSWORD);
        (portal, session)
    }

    /// Keeps what a portal has said.
    pub fn keep(&self, log: &str) {
        let mut said = self.said_file();
        said.write_all(log.as_bytes()).expect("a file");
    }

    /// Rows of the history, by a process of its own.
    pub fn history(&self) -> Vec<Value> {
        let ran = self.stack.run(&["history", "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let document = ran.json();
        document["collections"].as_array().expect("rows").clone()
    }

    pub fn data(&self) -> PathBuf {
        self.stack.path("data")
    }

    /// Fails where a signature stands in any file of the data directory, or was ever said.
    pub fn assert_no_secret_on_the_disk(&self) {
        let mut files = files_below(&self.data());
        files.push(self.stack.path("said.txt"));
        files.extend(files_below(&self.stack.path("out")));
        for file in files {
            // one that is gone by now tells nothing any more
            let Ok(bytes) = std::fs::read(&file) else {
                continue;
            };
            for signature in &self.signatures {
                let found = memchr::memmem::find(&bytes, signature.as_bytes());
                assert_eq!(found, None, "a signature stands in {}", file.display());
            }
        }
    }
}

/// An action of a collection's page; answers whether it was accepted.
pub fn act(portal: &Portal, session: &str, action: &str, fields: &[(&str, &str)]) -> bool {
    let answer = http::post(portal, &format!("/api/collections/{action}"), fields)
        .header("cookie", session)
        .send();
    let accepted = answer.status < 400;
    assert!(
        accepted || [404, 409, 422].contains(&answer.status),
        "{action}: {answer:?}"
    );
    accepted
}

/// A moment of a run.
pub fn moment(dice: &mut Dice) -> Duration {
    Duration::from_millis(dice.between(5, 400))
}
