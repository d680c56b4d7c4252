//! The page of one collection: how far it is, what came of each part, and what can be done.

mod about;
mod actions;
mod parts;

use domain::views::CollectionDetail;
use domain::{CollectionId, CollectionState, zone};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::api::{self, Dated};
use crate::browser::{self, Clock};
use crate::components::{
    CollectionProgress, Crumb, ErrorPanel, FormError, Notice, PageHeader, StateBadge, Time, Tone,
    Waiting, ZoneNote,
};
use crate::context::use_ui;
use crate::live::on_news;

use about::AboutCard;
use actions::{Actions, CommandBar};
use parts::{MissingCard, PartsCard, RedactionsCard};

/// Quick enough to look alive.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_millis(400);

#[component]
pub fn CollectionPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let actions = Actions::new(id);
    let collection = Resource::new(
        move || (id.get(), actions.version()),
        |(id, _)| api::collection(id),
    );
    on_news(
        move |news| {
            id.read_untracked()
                .parse::<CollectionId>()
                .is_ok_and(|id| news.concerns(id))
        },
        browser::throttled(LOOK_AGAIN, move || collection.refetch()),
    );
    view! {
        <Transition fallback=Waiting>
            {move || Suspend::new(async move {
                match collection.await {
                    Ok(Dated { now, data }) => {
                        view! { <Detail detail=data now=now actions=actions /> }.into_any()
                    }
                    Err(error) => {
                        view! {
                            <PageHeader
                                title="Collection"
                                crumbs=&[Crumb::Product, Crumb::LogCollection]
                            />
                            <ErrorPanel error=error />
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn Detail(
    detail: CollectionDetail,
    now: chrono::DateTime<chrono::Utc>,
    actions: Actions,
) -> impl IntoView {
    let ui = use_ui();
    let here = ui.zone;
    let state = detail.summary.state;
    let created_at = detail.summary.created_at;
    let title = Signal::derive(move || {
        let moment = zone::moment_within(created_at, now, here.get());
        format!("Collection of {moment}")
    });
    let clock = Clock::set_to(now);
    let commands = ui
        .may_operate()
        .then(|| view! { <CommandBar detail=detail.clone() clock=clock actions=actions /> });
    view! {
        <PageHeader title=title crumbs=&[Crumb::Product, Crumb::LogCollection]>
            <StateBadge state=state />
        </PageHeader>
        {commands}
        <FormError error=Signal::derive(move || actions.error()) />
        <div class="columns columns-form">
            <div class="stack-cards">
                <Standing detail=detail.clone() now=now />
                <PartsCard parts=detail.parts.clone() state=state />
                <MissingCard missing=detail.missing.clone() total=detail.missing_total state=state />
                <RedactionsCard redactions=detail.redactions.clone() />
            </div>
            <AboutCard detail=detail now=now />
        </div>
        <ZoneNote now=now />
    }
    .into_any()
}

/// How far it is, or how it ended.
#[component]
fn Standing(detail: CollectionDetail, now: chrono::DateTime<chrono::Utc>) -> impl IntoView {
    let summary = detail.summary;
    let explanation = match summary.state {
        CollectionState::Queued => match detail.queued_behind {
            0 => "It starts in a moment.".to_owned(),
            1 => "One collection is to run before this one.".to_owned(),
            more => format!("{more} collections are to run before this one."),
        },
        CollectionState::InProgress => "Everything that is read goes on its way at once.".to_owned(),
        CollectionState::Waiting if detail.paused_by.is_some() => {
            "It goes on when somebody resumes it. What was read is kept on this machine.".to_owned()
        }
        CollectionState::Waiting => {
            "Everything that was read is kept on this machine and goes on by itself once the destination answers again, or with a new SAS URL."
                .to_owned()
        }
        CollectionState::Complete => "Everything that was asked for is at the destination.".to_owned(),
        CollectionState::PartiallyComplete => {
            "Some of what was asked for is missing; the rest is at the destination.".to_owned()
        }
        CollectionState::Failed => "No part of it reached the destination whole.".to_owned(),
        CollectionState::Cancelled => "It was stopped before its end.".to_owned(),
    };
    let detail_notice = summary.state_detail.map(|text| {
        let tone = match summary.state {
            CollectionState::Failed => Tone::Danger,
            CollectionState::Waiting | CollectionState::PartiallyComplete => Tone::Warning,
            _ => Tone::Information,
        };
        view! { <Notice tone=tone>{domain::format::sentence(&text)}</Notice> }
    });
    let progress = matches!(
        summary.state,
        CollectionState::InProgress | CollectionState::Waiting
    )
    .then(|| {
        let is_moving = summary.state == CollectionState::InProgress;
        view! { <CollectionProgress progress=detail.progress is_moving=is_moving /> }
    });
    let ended = detail.ended_at.map(|at| {
        let took = detail.started_at.map(|started| {
            let length = (at - started).num_seconds().max(0);
            format!(", after {}", domain::format::seconds(length))
        });
        view! {
            <p class="small quiet">"Ended " <Time at=at now=now within=true /> {took}</p>
        }
    });
    view! {
        <section class="card standing" aria-label="Progress">
            <p role="status">{explanation}</p>
            {detail_notice}
            {progress}
            {ended}
        </section>
    }
    .into_any()
}
