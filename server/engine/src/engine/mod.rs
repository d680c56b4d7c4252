//! [`Engine`]: the only door. The portal and the command line make the same calls.

mod delivery;
mod destinations;
mod estimates;
mod observe;
mod people;
mod pseudonyms;

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use domain::people::Actor;
use domain::settings::{SettingsChange, SettingsView};
use domain::views::{
    CollectOptions, CollectionDetail, CollectionEvent, CollectionSummary, HistoryFilter,
    HistoryKey, HistoryPage, Overview, RoleOption,
};
use domain::{CollectionId, Finding, SasUrl, Severity};
use serde_json::{Map, Value};
use thiserror::Error;
use tokio::sync::{Notify, Semaphore, broadcast};
use tokio_util::sync::CancellationToken;

use crate::bundle::{Spool, write_manifest};
use crate::collection::{self, CollectionRequest};
use crate::config::EngineConfig;
use crate::delivery::Pace;
use crate::destination::{FailureKind, Transport, TransportError};
use crate::error::EngineError;
use crate::estimate::Surveyor;
use crate::instance::Instance;
use crate::redact::Redactor;
use crate::secrets::{SecretError, Vault};
use crate::settings;
use crate::store::{Store, StoreError};

/// Blocks in memory over all that a process delivers.
const BLOCKS_IN_MEMORY: usize = 4;
const EVENT_QUEUE: usize = 256;
const RECENT: u32 = 5;

/// Why the engine does not start.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("the data directory {path} cannot be used")]
    Directory {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error("the database {path} cannot be used")]
    Store {
        path: PathBuf,
        #[source]
        source: StoreError,
    },
    /// The network cannot be used as the configuration says.
    #[error(transparent)]
    Network(#[from] TransportError),
}

/// What the storage service says to a SAS URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveCheck {
    Agrees,
    Refuses(Finding),
    /// It gave no answer, which says nothing about the SAS URL.
    NotAsked(Finding),
}

/// The engine of one installation. Clones share it.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub config: EngineConfig,
    pub store: Store,
    pub vault: Vault,
    pub spool: Arc<Spool>,
    pub pace: Arc<Pace>,
    pub transport: Transport,
    /// Blocks that may be in memory.
    pub memory: Semaphore,
    pub redactor: Redactor,
    pub instance: Instance,
    pub surveyor: Surveyor,
    /// Parts that are read at once.
    pub cores: usize,
    /// Wakes the runner: something was asked for in this process.
    pub nudged: Notify,
    events: broadcast::Sender<CollectionEvent>,
}

impl Engine {
    /// Makes the data directory, its key and its database where there are none yet.
    ///
    /// # Errors
    /// When one of these cannot be used; the message says which and why.
    pub async fn open(config: EngineConfig) -> Result<Self, OpenError> {
        let data = config.data_directory.clone();
        let unusable = |source| OpenError::Directory {
            path: data.clone(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&data)
            .map_err(unusable)?;
        let vault = Vault::open(&data)?;
        let transport = Transport::new(&config.network)?;
        let instance = Instance::register(&data).map_err(unusable)?;
        let spool = Spool::open(data.join("spool"), config.spool_limit_bytes).map_err(unusable)?;
        let database = data.join("help-support.db");
        let store = Store::open(&database)
            .await
            .map_err(|source| OpenError::Store {
                path: database,
                source,
            })?;
        let inner = Inner {
            pace: Arc::new(Pace::new(config.bandwidth_limit)),
            memory: Semaphore::new(BLOCKS_IN_MEMORY),
            redactor: Redactor::new().with_own_rules(&config.redaction.rules),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            nudged: Notify::new(),
            events: broadcast::Sender::new(EVENT_QUEUE),
            spool: Arc::new(spool),
            transport,
            config,
            store,
            vault,
            instance,
            surveyor: Surveyor::default(),
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// Serves the queue and tells of changes, until `shutdown`. A collection that runs then is left
    /// in a state that the next start continues from.
    pub async fn run(&self, shutdown: CancellationToken) {
        tokio::join!(
            collection::serve(&self.inner, &shutdown),
            self.observe(&shutdown)
        );
    }

    /// Waits its turn, then runs this collection in this process.
    ///
    /// # Errors
    /// `Unavailable` when `shutdown` came first.
    pub async fn drive(
        &self,
        id: CollectionId,
        shutdown: CancellationToken,
    ) -> Result<(), EngineError> {
        collection::drive(&self.inner, id, &shutdown, None).await
    }

    /// The same, and leaves it once its destination has failed to take anything for so long.
    ///
    /// # Errors
    /// `Unavailable` when it was left, or `shutdown` came first.
    pub async fn drive_for(
        &self,
        id: CollectionId,
        shutdown: CancellationToken,
        give_up_after: Duration,
    ) -> Result<(), EngineError> {
        collection::drive(&self.inner, id, &shutdown, Some(give_up_after)).await
    }

    /// What a queued collection that this process [drives](Self::drive) waits for; `None` where its
    /// turn has come.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn ahead_of(
        &self,
        id: CollectionId,
    ) -> Result<Option<CollectionSummary>, EngineError> {
        collection::ahead(&self.inner, id).await
    }

    /// What the collect form needs.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn collect_options(&self) -> Result<CollectOptions, EngineError> {
        let config = &self.inner.config;
        Ok(CollectOptions {
            now: Utc::now(),
            limits: config.limits,
            roles: config
                .roles
                .iter()
                .map(|role| RoleOption {
                    name: role.name.clone(),
                    description: role.description.clone(),
                })
                .collect(),
            bundle_directory: config.bundle_directory.to_string_lossy().into_owned(),
            managed_storage: self.inner.managed_summary(),
            unfinished: self.inner.store.unfinished_summaries().await?.len() as u64,
            identifiers: self.settings().await?.identifiers,
        })
    }

    /// Queues a collection for whoever serves the portal.
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong.
    pub async fn start(
        &self,
        request: CollectionRequest,
        actor: &Actor,
    ) -> Result<CollectionId, EngineError> {
        self.inner.queue(request, actor, None).await
    }

    /// Queues a collection that this process will [`drive`](Self::drive).
    ///
    /// # Errors
    /// `Invalid` with everything that is wrong.
    pub async fn start_held(
        &self,
        request: CollectionRequest,
        actor: &Actor,
    ) -> Result<CollectionId, EngineError> {
        self.inner
            .queue(request, actor, Some(self.inner.instance.id()))
            .await
    }

    /// Ends a collection that has not ended, within two seconds.
    ///
    /// # Errors
    /// `NotFound`, or `Conflict` when it has ended.
    pub async fn cancel(&self, id: CollectionId, actor: &Actor) -> Result<(), EngineError> {
        let row = self.find(id).await?;
        row.state
            .can_cancel()
            .map_err(|why| EngineError::Conflict(why.to_owned()))?;
        if !self.inner.store.request_cancel(id, actor).await? {
            return Err(EngineError::Conflict(
                "This collection has already ended.".to_owned(),
            ));
        }
        if row.state == domain::CollectionState::Queued && row.requeued_at.is_some() {
            collection::end_queued_retry(&self.inner, row).await?;
        }
        self.inner.nudged.notify_waiters();
        Ok(())
    }

    /// Queues the parts of an ended collection that have gaps once more.
    ///
    /// # Errors
    /// `NotFound`, or `Conflict` that says why not.
    pub async fn retry(&self, id: CollectionId, actor: &Actor) -> Result<(), EngineError> {
        let detail = self.inner.detail(id).await?;
        detail
            .can_retry()
            .map_err(|why| EngineError::Conflict(why.to_owned()))?;
        let budgets = &self.inner.config.budgets;
        if !self
            .inner
            .store
            .requeue_collection(id, actor, budgets)
            .await?
        {
            return Err(EngineError::Conflict(
                "This collection has not ended yet.".to_owned(),
            ));
        }
        self.inner.nudged.notify_waiters();
        Ok(())
    }

    /// Gives a collection a new SAS URL; what waits goes on at once, from its ledger.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` that says why not, or `Invalid` with field `sas_url`, also when the
    /// service refuses it.
    pub async fn replace_sas(
        &self,
        id: CollectionId,
        sas: SasUrl,
        actor: &Actor,
    ) -> Result<(), EngineError> {
        let inner = &self.inner;
        let row = self.find(id).await?;
        let kind = row.destination.summary.kind;
        row.state
            .can_replace_sas(kind)
            .map_err(|why| EngineError::Conflict(why.to_owned()))?;
        let subject = id.to_string();
        let place = collection::place(&subject);
        let old = row
            .destination
            .secret
            .as_deref()
            .and_then(|sealed| inner.unseal(place, sealed).ok());
        let same = old.is_some_and(|old| old.same_container(&sas));
        let volumes = inner.store.volumes(id).await?;
        if !same
            && volumes
                .iter()
                .any(|volume| volume.commit_started_at.is_some())
        {
            return Err(EngineError::invalid(
                "sas_url",
                format!(
                    "A part of this collection is already in {}. Ask for a SAS URL of that container.",
                    row.destination.summary.place
                ),
            ));
        }
        self.inner.try_sas(&sas, &row.folder).await?;
        let choice = domain::DestinationChoice::SasUrl(sas);
        let destination = inner.store_destination(&choice, place, Utc::now())?;
        let store = &inner.store;
        if !store
            .replace_destination(id, &destination, !same, actor)
            .await?
        {
            return Err(EngineError::Conflict(
                "The collection moved on meanwhile; look at it again.".to_owned(),
            ));
        }
        inner.nudged.notify_waiters();
        Ok(())
    }

    /// One page of the history, newest first.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn history(
        &self,
        filter: HistoryFilter,
        before: Option<HistoryKey>,
        limit: u32,
    ) -> Result<HistoryPage, EngineError> {
        Ok(self.inner.store.history(filter, before, limit).await?)
    }

    /// Everything about one collection.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn collection(&self, id: CollectionId) -> Result<CollectionDetail, EngineError> {
        self.inner.detail(id).await
    }

    /// Writes the manifest of a collection as it stands, and then `more` fields. It is written as
    /// it is read from the store: however many items there are, memory stays what it is.
    ///
    /// # Errors
    /// `NotFound`; `Internal` also when it cannot be written.
    pub async fn write_manifest(
        &self,
        id: CollectionId,
        more: &Map<String, Value>,
        out: impl Write,
    ) -> Result<(), EngineError> {
        let row = self.find(id).await?;
        write_manifest(&self.inner.store, &row, row.state, more, out)
            .await
            .map_err(EngineError::internal)
    }

    /// The state of things at a glance.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn overview(&self) -> Result<Overview, EngineError> {
        let unfinished = self.inner.store.unfinished_summaries().await?;
        let recent = self
            .inner
            .store
            .history(HistoryFilter::default(), None, RECENT)
            .await?
            .rows;
        let queued = |state| state == domain::CollectionState::Queued;
        Ok(Overview {
            now: Utc::now(),
            settings: self.settings().await?,
            last: self.inner.store.last_ended().await?,
            running: unfinished.iter().find(|row| !queued(row.state)).cloned(),
            queued: unfinished.iter().filter(|row| queued(row.state)).count() as u64,
            recent,
            alert_count: domain::alerts::CATALOGUE.len() as u64,
        })
    }

    /// Settings of proactive collection.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn settings(&self) -> Result<SettingsView, EngineError> {
        settings::view(&self.inner).await
    }

    /// Saves settings of proactive collection, with the consent that enabling means.
    ///
    /// # Errors
    /// `Invalid` with fields `destination` and `sas_url`.
    pub async fn save_settings(
        &self,
        change: SettingsChange,
        actor: &Actor,
    ) -> Result<(), EngineError> {
        settings::save(&self.inner, change, actor).await
    }

    /// Changes of collections, while [`run`](Self::run) runs.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<CollectionEvent> {
        self.inner.events.subscribe()
    }

    /// Tries a SAS URL against its service, leaving nothing visible there.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn check_sas_live(&self, sas: &SasUrl) -> Result<LiveCheck, EngineError> {
        let container = self.inner.container(sas)?;
        let stack = &self.inner.config.stack_name;
        Ok(match container.preflight(stack).await {
            Ok(()) => LiveCheck::Agrees,
            Err(error) => match error.kind {
                FailureKind::Unreachable | FailureKind::Busy => LiveCheck::NotAsked(Finding {
                    severity: Severity::Warning,
                    parameter: None,
                    problem: format!("The storage service could not be asked: {}.", error.detail),
                    advice: "Check the network and try again.".to_owned(),
                }),
                _ => LiveCheck::Refuses(Finding {
                    severity: Severity::Error,
                    parameter: None,
                    problem: format!("The storage service was asked: {}.", error.detail),
                    advice: "Use another SAS URL.".to_owned(),
                }),
            },
        })
    }

    /// Whether the engine can work: the database answers.
    ///
    /// # Errors
    /// `Internal`.
    pub async fn ready(&self) -> Result<(), EngineError> {
        Ok(self.inner.store.ping().await?)
    }

    /// Closes the database. Nothing may be asked afterwards.
    pub async fn close(&self) {
        self.inner.store.close().await;
    }

    async fn find(&self, id: CollectionId) -> Result<crate::store::CollectionRow, EngineError> {
        self.inner
            .store
            .find_collection(id)
            .await?
            .ok_or(EngineError::NotFound("the collection"))
    }
}
