//! What the pseudonyms in a collection's bundles stand for.
//!
//! The form is sent to this page by `POST`: neither what is asked nor what is answered comes into an
//! address, and the answer is kept by nobody.

use domain::pseudonym::{self, LookedUp};
use domain::views::CollectionDetail;
use domain::zone;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::api::{self, Dated};
use crate::components::{
    Card, CopyButton, Crumb, ErrorPanel, FieldError, FormError, Icon, IconName, Notice, PageHeader,
    TableCard, Tone, Waiting, server_message,
};
use crate::context::use_ui;
use crate::error::AppError;
use crate::paths;
use crate::sent::use_sent;

/// Name of the field.
const FIELD: &str = "pseudonyms";

/// What was asked last; `None` until then. The number makes a question that is asked again
/// another one.
type Question = (u32, Option<String>);

type Answer = Result<Option<Vec<LookedUp>>, AppError>;

#[component]
pub fn PseudonymsPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let sent = use_sent(&[FIELD]);
    let may_operate = use_ui().may_operate();
    let asked = sent.and_then(|kept| kept.get(FIELD).map(str::to_owned));
    let question = RwSignal::new((0, asked));
    let collection = Resource::new(move || id.get(), api::collection);
    let answer = Resource::new(
        move || (id.get(), question.get()),
        move |(id, (_, text))| async move {
            match text {
                Some(text) => api::look_up_pseudonyms(id, text).await.map(Some),
                None => Ok(None),
            }
        },
    );
    view! {
        <PageHeader title="Pseudonyms" crumbs=&[Crumb::Product, Crumb::LogCollection] />
        <Transition fallback=Waiting>
            {move || Suspend::new(async move {
                match collection.await {
                    Ok(_) if !may_operate => {
                        view! { <ErrorPanel error=AppError::Forbidden /> }.into_any()
                    }
                    Ok(found) => {
                        view! { <LookUp found=found question=question answer=answer /> }
                            .into_any()
                    }
                    Err(error) => view! { <ErrorPanel error=error /> }.into_any(),
                }
            })}
        </Transition>
    }
    .into_any()
}

#[component]
fn LookUp(
    found: Dated<CollectionDetail>,
    question: RwSignal<Question>,
    answer: Resource<Answer>,
) -> impl IntoView {
    let Dated { now, data: detail } = found;
    let id = detail.summary.id;
    let created_at = detail.summary.created_at;
    let here = use_ui().zone;
    let back = move || {
        let moment = zone::moment_within(created_at, now, here.get());
        format!("Back to the collection of {moment}")
    };
    let form = if detail.identifiers {
        view! { <LookUpForm path=paths::pseudonyms(id) question=question answer=answer /> }
            .into_any()
    } else {
        view! {
            <Notice tone=Tone::Information>
                "Identifiers were kept as they are in this collection, so its bundles hold no pseudonyms. Choose Replace identifiers when you collect logs."
            </Notice>
        }
        .into_any()
    };
    view! {
        <div class="commands">
            <a class="command" href=paths::collection(id)>
                <Icon name=IconName::Archive />
                {back}
            </a>
        </div>
        {form}
    }
    .into_any()
}

#[component]
fn LookUpForm(
    path: String,
    question: RwSignal<Question>,
    answer: Resource<Answer>,
) -> impl IntoView {
    let field = NodeRef::<html::Textarea>::new();
    let error = Signal::derive(move || answer.get().and_then(Result::err));
    let (message, changed) = server_message(error, FIELD);
    // what is said at the field is not said above it, too
    let form_error =
        Signal::derive(move || error.get().filter(|error| error.field(FIELD).is_none()));
    let pending = RwSignal::new(false);
    Effect::new(move || {
        answer.track();
        pending.set(false);
    });
    let ask = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let text = field.get_untracked().map(|field| field.value());
        pending.set(true);
        question.update(|(number, asked)| {
            *number += 1;
            *asked = Some(text.unwrap_or_default());
        });
    };
    let text = question.with_untracked(|(_, asked)| asked.clone().unwrap_or_default());
    view! {
        <FormError error=form_error />
        <Card title="Look up">
            <form method="post" action=path class="look-up" autocomplete="off" on:submit=ask>
                <div class="field">
                    <label for="pseudonyms">"Pseudonym"</label>
                    <textarea
                        id="pseudonyms"
                        name=FIELD
                        rows="4"
                        class="mono"
                        spellcheck="false"
                        aria-describedby="pseudonyms-hint pseudonyms-error"
                        aria-invalid=move || message.read().is_some().then_some("true")
                        node_ref=field
                        on:input=move |_| changed()
                    >
                        {text}
                    </textarea>
                    <p class="hint" id="pseudonyms-hint">
                        {format!(
                            "As it stands in the bundle, for instance mail-4f2a91. Several: one a line, up to {}. Who looks up what is recorded.",
                            pseudonym::MOST_AT_ONCE,
                        )}
                    </p>
                    <FieldError id="pseudonyms-error" message=message />
                </div>
                <div>
                    <button type="submit" class="primary" disabled=move || pending.get()>
                        {move || if pending.get() { "Looking up…" } else { "Look up" }}
                    </button>
                </div>
            </form>
        </Card>
        <div class="answers" aria-live="polite">
            <Transition fallback=|| ()>
                {move || Suspend::new(async move {
                    match answer.await {
                        Ok(Some(found)) => view! { <Answers found=found /> }.into_any(),
                        Ok(None) | Err(_) => ().into_any(),
                    }
                })}
            </Transition>
        </div>
    }
    .into_any()
}

#[component]
fn Answers(found: Vec<LookedUp>) -> impl IntoView {
    let rows = found
        .into_iter()
        .map(|one| {
            let kind = pseudonym::kind_of(&one.pseudonym)
                .filter(|_| one.original.is_some())
                .unwrap_or("–");
            let value = match one.original {
                Some(original) => {
                    let text = original.expose().to_owned();
                    view! { <CopyButton text=text label="Copy value" /> }.into_any()
                }
                None => {
                    view! { <span class="quiet">"This collection has no such pseudonym"</span> }
                        .into_any()
                }
            };
            view! {
                <tr>
                    <th scope="row" class="mono">
                        {one.pseudonym}
                    </th>
                    <td class="name">{kind}</td>
                    <td class="wrap">{value}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Card title="In this collection" class="card-table">
            <TableCard label="Pseudonyms and what they stand for">
                <thead>
                    <tr>
                        <th scope="col">"Pseudonym"</th>
                        <th scope="col">"Kind"</th>
                        <th scope="col">"Stands for"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </TableCard>
        </Card>
    }
    .into_any()
}
