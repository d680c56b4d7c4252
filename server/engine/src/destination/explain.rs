//! The service's error codes in plain words, sorted by what helps.
//!
//! Codes: <https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes>.

use std::time::Duration;

use azure_core::error::{Error, ErrorKind};
use azure_core::http::headers::HeaderName;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{DestinationError, FailureKind};

/// A clock that is this far off makes the service refuse what is right.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Turns an error of the SDK into ours. Nothing of its own text is kept but what [`super::transport`]
/// put there. `expires_at` is what the SAS URL says of itself.
pub fn explain(error: &Error, expires_at: Option<DateTime<Utc>>) -> DestinationError {
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
            let there = header("date").and_then(|text| http_date(&text));
            let there = there.unwrap_or_else(Utc::now);
            let detail = if code.starts_with("Auth") {
                why_refused(Utc::now(), there, expires_at).unwrap_or(detail)
            } else {
                detail
            };
            let retry_after = header("retry-after").and_then(|text| retry_after(&text, there));
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

/// The wait that a service asks for: seconds, or until a moment by its own clock.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>
fn retry_after(text: &str, there: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        // a moment that has passed asks for no patience
        Err(_) => Some((http_date(text)? - there).to_std().unwrap_or_default()),
    }
}

/// A date in any of the three forms that are still to be understood.
/// <https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7>
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(at) = DateTime::parse_from_rfc2822(text) {
        return Some(at.to_utc());
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|at| at.and_utc())
}

/// What explains a refusal better than its code: a SAS URL that has lapsed by the service's clock,
/// or a clock here that is wrong.
fn why_refused(
    here: DateTime<Utc>,
    there: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
) -> Option<String> {
    let ahead = here - there;
    if ahead.abs() > CLOCK_TOLERANCE {
        let off = domain::format::seconds(ahead.abs().num_seconds());
        let side = if ahead > TimeDelta::zero() {
            "ahead of"
        } else {
            "behind"
        };
        return Some(format!(
            "the storage service does not accept the SAS URL, and this machine's clock is {off} {side} that of the \
             service; set the clock, then try the SAS URL again"
        ));
    }
    expires_at.filter(|at| *at <= there).map(|at| {
        format!(
            "the SAS URL expired on {}; ask support for a new one",
            at.format("%Y-%m-%d at %H:%M UTC")
        )
    })
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
        "BlockCountExceedsLimit" => Some((
            Refused,
            "the container holds too many unfinished blocks of this bundle; they lapse within a week",
        )),
        "RequestBodyTooLarge" => Some((
            Refused,
            "something on the way does not let blocks of 8 MiB through; ask whoever looks after the proxy",
        )),
        "KeyBasedAuthenticationNotPermitted" => Some((
            Refused,
            "the storage account allows no SAS URL that is signed with its key; ask support for another one",
        )),
        "LeaseIdMissing" | "LeaseIdMismatchWithBlobOperation" => Some((
            Refused,
            "somebody has locked the blob with a lease; ask support to break it",
        )),
        "PendingCopyOperation" | "SystemInUse" | "BlobBeingRehydrated" => {
            Some((Busy, "the storage service is still at work on this blob"))
        }
        // it takes the place of a 409 where the SAS URL may create but not write
        "UnauthorizedBlobOverwrite" => {
            Some((AlreadyExists, "there is already a blob of that name"))
        }
        "InvalidBlobType" => Some((
            Fatal,
            "there is already a blob of another type of that name",
        )),
        "AccountQuotaExceeded"
        | "AccountCapacityExceeded"
        | "InsufficientStorage"
        | "BlobAccessTierNotSupportedForAccountType" => Some((
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
    let (kind, text) = match status {
        407 => (
            Refused,
            "the proxy asks for a user name and a password; put them into network.proxy",
        ),
        413 => (
            Refused,
            "something on the way does not let blocks of 8 MiB through; ask whoever looks after the proxy",
        ),
        507 => (
            Refused,
            "the storage account takes no more data; ask support to make room",
        ),
        // a state of the account, the container or the blob that somebody can change; what was
        // collected is worth waiting for
        409 | 412 | 423 => (
            Refused,
            "the state of the container or the account does not allow it now; ask support",
        ),
        408 | 429 | 500..=599 => (Busy, ""),
        401 | 403 | 404 => (Refused, ""),
        _ => (Fatal, ""),
    };
    if !text.is_empty() {
        return (kind, format!("{text} ({name})"));
    }
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
            (403, "AccountIsDisabled", FailureKind::Refused),
            (403, "InsufficientAccountPermissions", FailureKind::Refused),
            (403, "UnauthorizedBlobOverwrite", FailureKind::AlreadyExists),
            (409, "ContainerBeingDeleted", FailureKind::Refused),
            (409, "SomethingNew", FailureKind::Refused),
            (412, "SomethingNew", FailureKind::Refused),
            (407, "", FailureKind::Refused),
            (413, "RequestBodyTooLarge", FailureKind::Refused),
            (507, "", FailureKind::Refused),
        ] {
            assert_eq!(by_code(status, code).0, kind, "{status} {code}");
        }
    }

    #[test]
    fn a_refusal_is_explained_by_the_clock_or_the_expiry_where_they_do() {
        let there = Utc::now();
        let told = |here, expiry| why_refused(here, there, expiry).unwrap_or_default();
        let hour = TimeDelta::hours(1);
        let ahead = told(there + hour, Some(there + hour));
        assert!(ahead.contains("clock is 1 h ahead of"), "{ahead}");
        let behind = told(there - hour * 2, Some(there - hour));
        assert!(behind.contains("clock is 2 h behind"), "{behind}");
        let lapsed = told(there, Some(there - hour));
        assert!(lapsed.starts_with("the SAS URL expired on "), "{lapsed}");
        assert_eq!(told(there, Some(there + hour)), "");
        assert_eq!(told(there, None), "");
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_moment_by_the_clock_of_the_service() {
        let there = "2026-11-20T14:00:00Z".parse().unwrap();
        let asked = |text| retry_after(text, there).map(|wait| wait.as_secs());
        assert_eq!(asked(" 120 "), Some(120));
        for date in [
            "Fri, 20 Nov 2026 14:02:00 GMT",
            "Friday, 20-Nov-26 14:02:00 GMT",
            "Fri Nov 20 14:02:00 2026",
        ] {
            assert_eq!(asked(date), Some(120), "{date}");
        }
        assert_eq!(asked("Fri, 20 Nov 2026 13:00:00 GMT"), Some(0));
        assert_eq!(asked("soon"), None);
        assert_eq!(asked("-3"), None);
    }

    #[test]
    fn a_code_that_is_no_word_is_not_repeated() {
        let (_, text) = by_code(418, "https://account/?sig=abc");
        assert_eq!(text, "the storage service refused the request (status 418)");
    }
}
