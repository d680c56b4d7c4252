//! Pseudonyms of a collection: who gives them while it runs, and what they stand for afterwards.

use std::io;

use domain::CollectionId;
use domain::people::Actor;
use tokio::runtime::Handle;

use super::{Engine, Inner};
use crate::error::EngineError;
use crate::redact::{Entry, Names, Pseudonyms, Redactor, Table};
use crate::secrets::{Place, Vault, random, to_hex};
use crate::store::{PseudonymRow, Store};

/// The row of a collection's key.
fn key_place(collection: &str) -> Place<'_> {
    Place {
        table: "pseudonym_key",
        row: collection,
    }
}

/// The row of a pseudonym.
fn value_row(collection: CollectionId, pseudonym: &str) -> String {
    format!("{collection}/{pseudonym}")
}

fn value_place(row: &str) -> Place<'_> {
    Place {
        table: "pseudonym",
        row,
    }
}

impl Engine {
    /// What a pseudonym in a bundle of a collection stands for; `None` where it is none of its own.
    /// Who asks is recorded, found or not.
    ///
    /// # Errors
    /// `NotFound`, or `Internal`.
    pub async fn pseudonym(
        &self,
        id: CollectionId,
        text: &str,
        actor: &Actor,
    ) -> Result<Option<String>, EngineError> {
        let inner = &self.inner;
        self.find(id).await?;
        let text = text.trim();
        let Some(row) = inner.store.find_pseudonym(id, text).await? else {
            // what else was typed may be the value itself
            let quoted = domain::pseudonym::kind_of(text).map(|_| text);
            inner.store.note_vain_look_up(id, quoted, actor).await?;
            return Ok(None);
        };
        inner.store.note_look_up(id, &row.pseudonym, actor).await?;
        let place = value_row(id, &row.pseudonym);
        let value = inner.vault.unseal(value_place(&place), &row.sealed);
        value.map(Some).map_err(EngineError::internal)
    }
}

impl Inner {
    /// What cleans the items of a collection.
    pub(crate) async fn redactor_for(
        &self,
        id: CollectionId,
        identifiers: bool,
    ) -> Result<Redactor, EngineError> {
        if !identifiers {
            return Ok(self.redactor.clone());
        }
        let row = id.to_string();
        let new = random::<32>().map_err(EngineError::internal)?;
        let new = self
            .vault
            .seal(key_place(&row), &to_hex(&new))
            .map_err(EngineError::internal)?;
        let sealed = self.store.pseudonym_key(id, &new).await?;
        let key = self
            .vault
            .unseal(key_place(&row), &sealed)
            .map_err(EngineError::internal)?;
        let given = self.store.pseudonyms(id).await?;
        let table = StoredTable {
            collection: id,
            store: self.store.clone(),
            vault: self.vault.clone(),
            runtime: Handle::current(),
        };
        let pseudonyms = Pseudonyms::new(key.as_bytes(), Box::new(table), &given);
        Ok(self
            .redactor
            .with_identifiers(Names::of(&self.config), pseudonyms))
    }
}

/// The table of one collection. Its calls block: they come from the threads that read items.
#[derive(Debug)]
struct StoredTable {
    collection: CollectionId,
    store: Store,
    vault: Vault,
    runtime: Handle,
}

impl Table for StoredTable {
    fn hash_of(&self, pseudonym: &str) -> io::Result<Option<String>> {
        let found = self
            .runtime
            .block_on(self.store.find_pseudonym(self.collection, pseudonym));
        Ok(found.map_err(io::Error::other)?.map(|row| row.hash))
    }

    fn keep(&self, entries: &[Entry]) -> io::Result<()> {
        let rows: Result<Vec<_>, _> = entries
            .iter()
            .map(|entry| {
                let row = value_row(self.collection, &entry.pseudonym);
                let value = String::from_utf8_lossy(&entry.value);
                Ok(PseudonymRow {
                    pseudonym: entry.pseudonym.clone(),
                    hash: entry.hash.clone(),
                    sealed: self.vault.seal(value_place(&row), &value)?,
                })
            })
            .collect();
        let rows = rows.map_err(|error: crate::secrets::SecretError| io::Error::other(error))?;
        self.runtime
            .block_on(self.store.add_pseudonyms(self.collection, &rows))
            .map_err(io::Error::other)
    }
}
