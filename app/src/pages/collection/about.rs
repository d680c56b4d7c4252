//! What this collection is: asked by whom, for when, where to.

use chrono::{DateTime, Utc};
use domain::views::CollectionDetail;
use domain::{DestinationKind, format};
use leptos::prelude::*;

use crate::components::{CopyButton, Expiry, Fact, KindPill, Time, TimeBeside};

#[component]
pub fn AboutCard(detail: CollectionDetail, now: DateTime<Utc>) -> impl IntoView {
    let summary = detail.summary;
    let (start, end) = (summary.window.start(), summary.window.end());
    let destination = summary.destination;
    let permissions = destination
        .permissions
        .map(|permissions| view! { <Fact name="Permissions">{permissions.to_string()}</Fact> });
    // once it has ended the URL is not needed any more
    let expiry = destination
        .expires_at
        .filter(|_| destination.kind != DestinationKind::Directory && !summary.state.is_final())
        .map(|at| {
            view! {
                <Fact name="Access">
                    <Expiry expires_at=at now=now />
                </Fact>
            }
        });
    let roles = detail
        .roles
        .iter()
        .map(|role| role.0.as_str())
        .collect::<Vec<_>>()
        .join(", ");
    let identifiers = if detail.identifiers {
        "Replaced by pseudonyms"
    } else {
        "Kept"
    };
    let taken_whole = (detail.taken_whole > 0).then(|| {
        let files = match detail.taken_whole {
            1 => "1 file without recognised time stamps".to_owned(),
            more => format!(
                "{} files without recognised time stamps",
                format::count(more)
            ),
        };
        view! { <Fact name="Taken whole">{files}</Fact> }
    });
    view! {
        <aside class="card summary" aria-labelledby="about-title">
            <h2 id="about-title">"About"</h2>
            <dl class="facts">
                <Fact name="Correlation ID" wide=true>
                    <CopyButton text=summary.id.to_string() label="Copy correlation ID" />
                </Fact>
                <Fact name="Type">
                    <KindPill kind=summary.kind />
                </Fact>
                <Fact name="Asked by">{summary.asked_by}</Fact>
                <Fact name="Asked">
                    <Time at=summary.created_at now=now />
                </Fact>
                <Fact name="Logs">
                    <Time at=start now=now />
                    " – "
                    <TimeBeside at=end beside=start now=now />
                </Fact>
                <Fact name="Roles">{roles}</Fact>
                <Fact name="Identifiers">{identifiers}</Fact>
                {taken_whole}
                <Fact name="Destination">
                    {destination.kind.label()} <br /> <span class="mono">{destination.place}</span>
                </Fact>
                {permissions}
                {expiry}
                <Fact name="Folder" wide=true>
                    <span class="mono">{detail.folder}</span>
                </Fact>
                <Fact name="Kept">"at most 90 days after the case is closed"</Fact>
                <Fact name="Consent">
                    {format!("{} by {}", detail.consent.version, detail.consent.given_by)} <br />
                    <Time at=detail.consent.given_at now=now />
                </Fact>
            </dl>
        </aside>
    }
    .into_any()
}
