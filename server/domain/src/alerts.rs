//! The catalogue of alerts that may start a proactive collection, as data.
//!
//! Fault ids are the stable names by which alerts arrive; titles repeat (one condition is watched
//! in several ways), fault ids never do.
//!
//! How severities were assigned:
//! - A fault id that ends in its own severity (`…Warning`, `…-Critical`, `….Warning.Infra`) keeps it.
//! - *Critical*: a service, a node or data cannot be reached or used, or an update stopped midway.
//! - *Warning*: everything still works, on less redundancy, less room or borrowed time; a job that
//!   runs again by itself belongs here too.

use serde::{Deserialize, Serialize};

/// How bad an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertSeverity {
    Warning,
    Critical,
}

impl AlertSeverity {
    pub const ALL: [Self; 2] = [Self::Warning, Self::Critical];

    /// The spelling in the database, on the command line and in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Warning => "Warning",
            Self::Critical => "Critical",
        }
    }

    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.code() == code)
    }
}

/// One row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AlertKind {
    pub title: &'static str,
    /// Unique within the catalogue.
    pub fault_id: &'static str,
    pub severity: AlertSeverity,
}

const fn critical(title: &'static str, fault_id: &'static str) -> AlertKind {
    AlertKind {
        title,
        fault_id,
        severity: AlertSeverity::Critical,
    }
}

const fn warning(title: &'static str, fault_id: &'static str) -> AlertKind {
    AlertKind {
        title,
        fault_id,
        severity: AlertSeverity::Warning,
    }
}

/// Every alert that proactive log collection knows.
pub const CATALOGUE: [AlertKind; 23] = [
    critical(
        "Unable to connect to the remote service",
        "UsageBridge.NetworkError",
    ),
    critical("Update failed", "Urp.UpdateFailure"),
    critical(
        "Storage Resource Provider infrastructure/dependencies not available",
        "StorageResourceProviderDependencyUnavailable",
    ),
    critical(
        "Node not connected to controller",
        "ServerHostNotConnectedToController",
    ),
    critical("Route publication failure", "SlbMuxRoutePublicationFailure"),
    critical(
        "Storage Resource Provider internal data store unavailable",
        "StorageResourceProvider.DataStoreConnectionFail",
    ),
    critical(
        "Storage device failure",
        "Microsoft.Health.FaultType.VirtualDisks.Detached",
    ),
    critical(
        "Health controller can't access storage account",
        "Microsoft.Health.FaultType.StorageError",
    ),
    warning(
        "Connectivity to a physical disk has been lost",
        "Microsoft.Health.FaultType.PhysicalDisk.LostCommunication",
    ),
    critical(
        "The blob service isn't running on a node",
        "StorageService.The.blob.service.is.not.running.on.a.node-Critical",
    ),
    critical(
        "Infrastructure role unhealthy",
        "Microsoft.Health.FaultType.GenericExceptionFault",
    ),
    critical(
        "Table service errors",
        "StorageService.Table.service.errors-Critical",
    ),
    warning(
        "A file share is over 80% utilized",
        "Microsoft.Health.FaultType.FileShare.Capacity.Warning.Infra",
    ),
    critical("Scale unit node is offline", "FRP.Heartbeat.PhysicalNode"),
    warning(
        "Infrastructure role instance unavailable",
        "FRP.Heartbeat.InfraVM",
    ),
    critical(
        "Infrastructure role instance unavailable",
        "FRP.Heartbeat.NonHaVm",
    ),
    warning(
        "The infrastructure role, Directory Management, has reported time synchronization errors",
        "DirectoryServiceTimeSynchronizationError",
    ),
    warning(
        "Pending external certificate expiration",
        "CertificateExpiration.ExternalCert.Warning",
    ),
    critical(
        "Pending external certificate expiration",
        "CertificateExpiration.ExternalCert.Critical",
    ),
    critical(
        "Unable to provision virtual machines for specific class and size due to low memory capacity",
        "AzureStack.ComputeController.VmCreationFailure.LowMemory",
    ),
    critical(
        "Node inaccessible for virtual machine placement",
        "AzureStack.ComputeController.HostUnresponsive",
    ),
    warning(
        "Backup failed",
        "AzureStack.BackupController.BackupFailedGeneralFault",
    ),
    warning(
        "The scheduled backup was skipped due to a conflict with failed operations",
        "AzureStack.BackupController.BackupSkippedWithFailedOperationFault",
    ),
];

/// The catalogue's row of a fault id; the spelling counts, its case included.
#[must_use]
pub fn by_fault_id(fault_id: &str) -> Option<&'static AlertKind> {
    CATALOGUE.iter().find(|kind| kind.fault_id == fault_id)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn fault_ids_are_unique_and_found_again() {
        let ids: HashSet<_> = CATALOGUE.iter().map(|kind| kind.fault_id).collect();
        assert_eq!(ids.len(), 23);
        for kind in &CATALOGUE {
            assert_eq!(by_fault_id(kind.fault_id), Some(kind));
        }
        assert_eq!(by_fault_id("urp.updatefailure"), None);
        assert_eq!(by_fault_id(""), None);
    }

    #[test]
    fn a_fault_id_that_names_its_severity_keeps_it() {
        for kind in &CATALOGUE {
            if kind.fault_id.ends_with("Critical") {
                assert_eq!(kind.severity, AlertSeverity::Critical, "{}", kind.fault_id);
            }
            if kind.fault_id.contains("Warning") {
                assert_eq!(kind.severity, AlertSeverity::Warning, "{}", kind.fault_id);
            }
        }
    }

    #[test]
    fn titles_are_plain_text_without_stray_space() {
        for kind in &CATALOGUE {
            assert_eq!(kind.title, kind.title.trim());
            assert!(!kind.title.is_empty() && !kind.fault_id.contains(char::is_whitespace));
        }
    }

    #[test]
    fn severities_come_back_as_what_they_were() {
        for severity in AlertSeverity::ALL {
            assert_eq!(AlertSeverity::from_code(severity.code()), Some(severity));
        }
        assert!(AlertSeverity::Warning < AlertSeverity::Critical);
    }
}
