//! The service's error codes in plain words, sorted by what helps.
//!
//! Codes: <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes>.

use std::time::Duration;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::HeaderName;

use super::{DestinationError, FailureKind};

/// Turns an error of the SDK into ours. Nothing of its own text is kept but what [`super::transport`]
/// put there.
pub fn explain(error: &Error) -> DestinationError {
    match error.kind() {
        ErrorKind::HttpResponse {
            status,
            error_code,
            raw_response,
        } => {
            let header = |name: &'static str| {
                raw_response
                    .as_ref()?
                    .headers()
                    .get_optional_string(&HeaderName::from_static(name))
            };
            let code = header("x-ms-error-code")
                .or_else(|| error_code.clone())
                .unwrap_or_default();
            let (kind, detail) = by_code(u16::from(*status), &code);
            let retry_after = header("retry-after")
                .and_then(|text| text.trim().parse().ok())
                .map(Duration::from_secs);
            DestinationError {
                kind,
                detail,
                retry_after,
            }
        }
        ErrorKind::Connection | ErrorKind::Io => DestinationError::new(
            FailureKind::Unreachable,
            format!("the storage service cannot be reached: {error}"),
        ),
        _ => DestinationError::new(
            FailureKind::Unreachable,
            "the storage service gave an answer that cannot be understood",
        ),
    }
}

fn by_code(status: u16, code: &str) -> (FailureKind, String) {
    use FailureKind::{AlreadyExists, BlocksLost, Busy, Fatal, Refused};
    let known = match code {
        "AuthenticationFailed" => Some((
            Refused,
            "the storage service does not accept the SAS URL: it has expired, was revoked, or is not complete; \
             ask support for a new one",
        )),
        "AuthorizationFailure" => Some((
            Refused,
            "the storage service does not accept the SAS URL from here: it has expired, lacks a permission, or the \
             account's firewall keeps this address out; ask support for a new one",
        )),
        "AuthorizationPermissionMismatch" | "InsufficientAccountPermissions" => Some((
            Refused,
            "the SAS URL lacks a permission that is needed; ask support for one with read, write and list",
        )),
        "AuthorizationSourceIPMismatch" => Some((
            Refused,
            "the SAS URL may not be used from this machine's address; ask support for another one",
        )),
        "AuthorizationProtocolMismatch" => Some((
            Refused,
            "the SAS URL may not be used over this protocol; ask support for another one",
        )),
        "AuthorizationServiceMismatch" | "AuthorizationResourceTypeMismatch" => Some((
            Refused,
            "the SAS URL is not for blobs in a container; ask support for one of a container",
        )),
        "ContainerNotFound" | "ResourceNotFound" => Some((
            Refused,
            "the container does not exist; check the SAS URL or ask support for another one",
        )),
        "ContainerBeingDeleted" | "ContainerDisabled" => Some((
            Refused,
            "the container is being deleted or disabled; ask support for another one",
        )),
        "AccountIsDisabled" | "AccountBeingCreated" => Some((
            Refused,
            "the storage account is disabled; ask support for another one",
        )),
        "AccountQuotaExceeded" | "BlobAccessTierNotSupportedForAccountType" => Some((
            Refused,
            "the storage account takes no more data; ask support to make room",
        )),
        "BlobAlreadyExists" | "ConditionNotMet" | "TargetConditionNotMet" => {
            Some((AlreadyExists, "there is already a blob of that name"))
        }
        "InvalidBlockList" | "InvalidBlockId" | "InvalidBlobOrBlock" => Some((
            BlocksLost,
            "the storage service no longer has the blocks that were sent",
        )),
        "BlobImmutableDueToPolicy" => Some((
            Refused,
            "a policy of the container forbids the change; ask support for another one",
        )),
        "ServerBusy" => Some((Busy, "the storage service is busy")),
        "OperationTimedOut" => Some((Busy, "the storage service timed out")),
        "InternalError" => Some((Busy, "the storage service has an internal error")),
        _ => None,
    };
    if let Some((kind, text)) = known {
        return (kind, text.to_owned());
    }
    // a code is letters and digits by the service's word; anything else is not repeated
    let name = if !code.is_empty() && code.chars().all(|letter| letter.is_ascii_alphanumeric()) {
        format!("status {status}, {code}")
    } else {
        format!("status {status}")
    };
    let kind = match status {
        408 | 429 | 500..=599 => Busy,
        401 | 403 | 404 | 407 => Refused,
        _ => Fatal,
    };
    let text = match kind {
        Busy => format!("the storage service is not able to answer now ({name})"),
        Refused => {
            format!("the storage service refuses the SAS URL ({name}); ask support for a new one")
        }
        _ => format!("the storage service refused the request ({name})"),
    };
    (kind, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_pass_by_itself_is_told_from_what_needs_a_hand() {
        for (status, code, kind) in [
            (503, "ServerBusy", FailureKind::Busy),
            (429, "", FailureKind::Busy),
            (500, "OperationTimedOut", FailureKind::Busy),
            (403, "AuthenticationFailed", FailureKind::Refused),
            (404, "ContainerNotFound", FailureKind::Refused),
            (403, "", FailureKind::Refused),
            (409, "BlobAlreadyExists", FailureKind::AlreadyExists),
            (400, "InvalidBlockList", FailureKind::BlocksLost),
            (400, "InvalidHeaderValue", FailureKind::Fatal),
        ] {
            assert_eq!(by_code(status, code).0, kind, "{status} {code}");
        }
    }

    #[test]
    fn a_code_that_is_no_word_is_not_repeated() {
        let (_, text) = by_code(418, "https://account/?sig=abc");
        assert_eq!(text, "the storage service refused the request (status 418)");
    }
}
