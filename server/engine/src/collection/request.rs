//! What may be asked for, checked before anything is stored.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use domain::people::Actor;
use domain::sas::SasContext;
use domain::window::Edge;
use domain::{
    CollectionId, CollectionKind, DestinationChoice, DestinationKind, DestinationSummary, NodeName,
    RoleName, SasUrl, Severity, SourceKind, Window,
};
use uuid::Uuid;

use super::names;
use crate::config::RoleConfig;
use crate::destination::{FailureKind, LocalDirectory};
use crate::engine::Inner;
use crate::error::{EngineError, FieldError};
use crate::secrets::Place;
use crate::shown::clean_role;
use crate::store::{CollectionRow, EffectiveRequest, NewCollection, StoredDestination};

/// A request as it comes from a form or the command line.
#[derive(Clone, Debug)]
pub struct CollectionRequest {
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    /// Empty: all.
    pub roles: Vec<RoleName>,
    /// Empty: all.
    pub nodes: Vec<NodeName>,
    /// Empty: all.
    pub kinds: Vec<SourceKind>,
    pub destination: DestinationChoice,
    /// Whether identifiers (addresses, names of hosts and users, card numbers) give way to
    /// pseudonyms.
    pub identifiers: bool,
}

/// The row of a sealed SAS URL of a collection.
pub fn place(row: &str) -> Place<'_> {
    Place {
        table: "collection",
        row,
    }
}

impl Inner {
    /// Checks a request and queues it, or says everything that is wrong with it.
    pub(crate) async fn queue(
        &self,
        request: CollectionRequest,
        actor: &Actor,
        owner: Option<Uuid>,
    ) -> Result<CollectionId, EngineError> {
        let now = Utc::now();
        let mut errors = Vec::new();
        let window = self.checked_window(request.start, request.end, now, &mut errors);
        let roles = self.chosen_roles(&request.roles, &request.kinds, &mut errors);
        self.check_nodes(&request.nodes, &mut errors);
        let id = CollectionId(Uuid::now_v7());
        let row = id.to_string();
        let destination = match self.store_destination(&request.destination, place(&row), now) {
            Ok(destination) => Some(destination),
            Err(EngineError::Invalid(wrong)) => {
                errors.extend(wrong);
                None
            }
            Err(error) => return Err(error),
        };
        let (Some(window), Some(destination), true) = (window, destination, errors.is_empty())
        else {
            return Err(EngineError::Invalid(errors));
        };
        self.try_directory(&destination.summary).await?;
        let (roles, sealed_roles) = self.conceal(roles, &row)?;
        let effective = EffectiveRequest {
            roles,
            kinds: request.kinds,
            zone: self.config.zone,
            compression: self.config.compression,
            volume_size_bytes: self.config.volume_size_bytes,
            budgets: self.config.budgets,
            identifiers: request.identifiers,
        };
        self.store
            .insert_collection(&NewCollection {
                id,
                kind: CollectionKind::Manual,
                actor,
                owner,
                created_at: now,
                node: &self.config.node.0,
                window,
                request: &effective,
                sealed_roles: sealed_roles.as_deref(),
                folder: &names::folder(&self.config.stack_name, now, id),
                destination: &destination,
                saved: None,
            })
            .await?;
        tracing::info!(collection = %id, by = %actor, "collection queued");
        self.nudged.notify_waiters();
        Ok(id)
    }

    /// The roles as they may be stored, and sealed what they were where that is something else.
    fn conceal(
        &self,
        roles: Vec<RoleConfig>,
        row: &str,
    ) -> Result<(Vec<RoleConfig>, Option<Vec<u8>>), EngineError> {
        let clean: Vec<_> = roles
            .iter()
            .map(|role| clean_role(&self.redactor, role))
            .collect();
        if clean == roles {
            return Ok((roles, None));
        }
        let text = serde_json::to_string(&roles).map_err(EngineError::internal)?;
        let sealed = self.vault.seal(roles_place(row), &text);
        Ok((clean, Some(sealed.map_err(EngineError::internal)?)))
    }

    /// The roles of a collection as they were configured when it was asked for.
    pub(crate) fn configured_roles(
        &self,
        collection: &CollectionRow,
    ) -> Result<Vec<RoleConfig>, EngineError> {
        let Some(sealed) = &collection.sealed_roles else {
            return Ok(collection.request.roles.clone());
        };
        let row = collection.id.to_string();
        let text = self.vault.unseal(roles_place(&row), sealed);
        let text = text.map_err(EngineError::internal)?;
        serde_json::from_str(&text).map_err(EngineError::internal)
    }

    /// Tries a directory before a collection depends on it. Field: `destination`.
    async fn try_directory(&self, destination: &DestinationSummary) -> Result<(), EngineError> {
        if destination.kind != DestinationKind::Directory {
            return Ok(());
        }
        let directory = LocalDirectory::new(PathBuf::from(&destination.place));
        match directory.preflight().await {
            Err(error) if error.kind == FailureKind::Refused => Err(EngineError::invalid(
                "destination",
                format!("Bundles cannot go there: {}.", error.detail),
            )),
            // what can pass by itself is waited for
            _ => Ok(()),
        }
    }

    /// The asked period, where it may be collected now. Fields: `start`, `end`.
    pub(crate) fn checked_window(
        &self,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        now: DateTime<Utc>,
        errors: &mut Vec<FieldError>,
    ) -> Option<Window> {
        Window::checked(start, end, self.config.limits, now)
            .map_err(|error| {
                let field = match error.edge() {
                    Edge::Start => "start",
                    Edge::End => "end",
                };
                errors.push(FieldError {
                    field,
                    message: error.to_string(),
                });
            })
            .ok()
    }

    /// The roles of these names, all where none is named. Fields: `roles`, `kinds`.
    pub(crate) fn chosen_roles(
        &self,
        names: &[RoleName],
        kinds: &[SourceKind],
        errors: &mut Vec<FieldError>,
    ) -> Vec<RoleConfig> {
        let known: Vec<_> = (self.config.roles.iter().map(|role| role.name.0.as_str())).collect();
        for name in names {
            if !self.config.roles.iter().any(|role| role.name == *name) {
                errors.push(FieldError {
                    field: "roles",
                    message: match known.join(", ") {
                        none if none.is_empty() => {
                            format!("There is no role named {name}, and no other one.")
                        }
                        known => format!("There is no role named {name}. The roles are: {known}."),
                    },
                });
            }
        }
        let roles: Vec<_> = self
            .config
            .roles
            .iter()
            .filter(|role| names.is_empty() || names.contains(&role.name))
            .cloned()
            .collect();
        if !roles.is_empty() && !has_sources(&roles, kinds) {
            errors.push(FieldError {
                field: "kinds",
                message: "None of the chosen roles has a source of this kind.".to_owned(),
            });
        }
        roles
    }

    /// Field: `nodes`.
    pub(crate) fn check_nodes(&self, nodes: &[NodeName], errors: &mut Vec<FieldError>) {
        for node in nodes.iter().filter(|node| **node != self.config.node) {
            let message = format!(
                "There is no node named {node}; this one is {}.",
                self.config.node
            );
            errors.push(FieldError {
                field: "nodes",
                message,
            });
        }
    }

    /// What is kept of a destination, its secret sealed for `place`. Fields: `destination`, `sas_url`.
    pub(crate) fn store_destination(
        &self,
        choice: &DestinationChoice,
        place: Place<'_>,
        now: DateTime<Utc>,
    ) -> Result<StoredDestination, EngineError> {
        match choice {
            DestinationChoice::SasUrl(sas) => {
                check_sas(sas, now, "sas_url")?;
                let secret = self
                    .vault
                    .seal(place, sas.expose())
                    .map_err(EngineError::internal)?;
                Ok(StoredDestination {
                    summary: sas.summary(DestinationKind::SasUrl),
                    secret: Some(secret),
                })
            }
            DestinationChoice::Managed => {
                let sas = self.managed_sas()?;
                check_sas(&sas, now, "destination")?;
                // read anew when it is used: such URLs are rotated
                Ok(StoredDestination {
                    summary: sas.summary(DestinationKind::Managed),
                    secret: None,
                })
            }
            DestinationChoice::Directory(path) => {
                let path = path.as_ref().unwrap_or(&self.config.bundle_directory);
                Ok(StoredDestination {
                    summary: DestinationSummary {
                        kind: DestinationKind::Directory,
                        place: path.to_string_lossy().into_owned(),
                        permissions: None,
                        expires_at: None,
                    },
                    secret: None,
                })
            }
        }
    }
}

/// The row of a collection's sealed roles.
fn roles_place(row: &str) -> Place<'_> {
    Place {
        table: "collection.roles",
        row,
    }
}

fn has_sources(roles: &[RoleConfig], kinds: &[SourceKind]) -> bool {
    kinds.is_empty()
        || roles
            .iter()
            .flat_map(|role| &role.sources)
            .any(|source| kinds.contains(&source.kind()))
}

/// Refuses a SAS URL that cannot work; warnings are for the form to show.
pub fn check_sas(sas: &SasUrl, now: DateTime<Utc>, field: &'static str) -> Result<(), EngineError> {
    let context = SasContext::for_collection(now);
    let errors: Vec<_> = sas
        .check(&context)
        .into_iter()
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| FieldError {
            field,
            message: format!("{} {}", finding.problem, finding.advice),
        })
        .collect();
    if errors.is_empty() {
        Ok(())
    } else {
        Err(EngineError::Invalid(errors))
    }
}
