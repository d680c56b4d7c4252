//! A collection for tests of what needs one in the store.

use chrono::{TimeDelta, Utc};
use domain::people::{Actor, UserRole};
use domain::{CollectionId, CollectionKind, DestinationKind, DestinationSummary, Window};

use super::{EffectiveRequest, NewCollection, PartRow, Store, StoredDestination};
use crate::config::Compression;
use crate::limits::Budgets;

pub fn operator() -> Actor {
    Actor {
        name: "operator".to_owned(),
        role: UserRole::Operator,
        address: None,
    }
}

pub fn directory(place: &str) -> StoredDestination {
    StoredDestination {
        summary: DestinationSummary {
            kind: DestinationKind::Directory,
            place: place.to_owned(),
            permissions: None,
            expires_at: None,
        },
        secret: None,
    }
}

impl Store {
    /// Queues a collection of one part.
    pub async fn insert_sample(&self, id: CollectionId) {
        let now = Utc::now();
        let request = EffectiveRequest {
            roles: Vec::new(),
            kinds: Vec::new(),
            zone: chrono_tz::Tz::UTC,
            compression: Compression::Zstd,
            volume_size_bytes: 1 << 20,
            budgets: Budgets::default(),
            identifiers: false,
        };
        let new = NewCollection {
            id,
            kind: CollectionKind::Manual,
            actor: &operator(),
            owner: None,
            created_at: now,
            node: "node",
            window: Window::new(now - TimeDelta::hours(1), now).expect("a window"),
            request: &request,
            sealed_roles: Some(b"sealed"),
            folder: "folder",
            destination: &directory("/bundles"),
            saved: None,
        };
        self.insert_collection(&new).await.expect("a collection");
        let parts = [PartRow::pending(0, "node", "Storage")];
        self.insert_parts(id, &parts).await.expect("a part");
    }
}
