//! What can be done with a collection: cancel, pause, retry, replace its SAS URL.

use domain::views::CollectionDetail;
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::api::{
    CancelCollection, PauseCollection, ReplaceSas, ResumeCollection, RetryCollection,
};
use crate::browser::{self, Clock};
use crate::components::{Checked, Icon, IconName, ImpossibleCommand, Popup, PopupButton, SasField};
use crate::error::AppError;
use crate::paths;

const RETRY: &str = "Retry failed parts";
const CANCEL_ID: &str = "cancel-popup";
const REPLACE_ID: &str = "replace-popup";
const REPLACE_FIELD_ID: &str = "replace-sas-url";

/// The actions. They outlive the page's content, which is made anew with each change.
#[derive(Clone, Copy)]
pub struct Actions {
    cancel: ServerAction<CancelCollection>,
    pause: ServerAction<PauseCollection>,
    resume: ServerAction<ResumeCollection>,
    retry: ServerAction<RetryCollection>,
    replace: ServerAction<ReplaceSas>,
    /// Of the one that was answered last, while the page shows the collection it was meant for.
    refusal: RwSignal<Option<AppError>>,
}

impl Actions {
    /// The actions of the page of `id`, which may turn to another collection.
    pub fn new(id: Memo<String>) -> Self {
        let cancel = ServerAction::<CancelCollection>::new();
        let pause = ServerAction::<PauseCollection>::new();
        let resume = ServerAction::<ResumeCollection>::new();
        let retry = ServerAction::<RetryCollection>::new();
        let replace = ServerAction::<ReplaceSas>::new();
        let answers = [
            cancel.value(),
            pause.value(),
            resume.value(),
            retry.value(),
            replace.value(),
        ];
        // without JavaScript the page comes with the answer
        let refusal = RwSignal::new(
            answers
                .into_iter()
                .filter_map(|value| value.get_untracked())
                .find_map(Result::err),
        );
        for value in answers {
            Effect::watch(
                move || value.get(),
                move |answer, _, _| {
                    if let Some(answer) = answer {
                        refusal.set(answer.clone().err());
                    }
                },
                false,
            );
        }
        Effect::watch(move || id.get(), move |_, _, _| refusal.set(None), false);
        // what was confirmed is under way
        Effect::watch(
            move || cancel.version().get(),
            |_, _, _| browser::hide_popover(CANCEL_ID),
            false,
        );
        Effect::watch(
            move || replace.value().get(),
            |answer, _, _| {
                if matches!(answer, Some(Ok(()))) {
                    browser::hide_popover(REPLACE_ID);
                    browser::empty_field(REPLACE_FIELD_ID);
                }
            },
            false,
        );
        Self {
            cancel,
            pause,
            resume,
            retry,
            replace,
            refusal,
        }
    }

    /// Why the last one was refused, to be said where no popup hides it.
    pub fn error(self) -> Option<AppError> {
        self.refusal
            .get()
            .map(|error| match error.field("sas_url") {
                Some(message) => AppError::Conflict(message.to_owned()),
                None => error,
            })
    }

    /// Grows with each action that was answered.
    pub fn version(self) -> usize {
        self.cancel.version().get()
            + self.pause.version().get()
            + self.resume.version().get()
            + self.retry.version().get()
            + self.replace.version().get()
    }
}

/// The buttons. One that the state does not allow says why.
#[component]
pub fn CommandBar(detail: CollectionDetail, clock: Clock, actions: Actions) -> impl IntoView {
    let id = detail.summary.id.to_string();
    let (cancel_id, replace_id) = (id.clone(), id.clone());
    let pause_id = id.clone();
    let pause = match (detail.can_resume(), detail.can_pause()) {
        (Ok(()), _) => view! {
            <ActionForm action=actions.resume>
                <CommandButton
                    id=pause_id
                    icon=IconName::Play
                    label="Resume"
                    pending=actions.resume.pending()
                />
            </ActionForm>
        }
        .into_any(),
        (_, Ok(())) => view! {
            <ActionForm action=actions.pause>
                <CommandButton
                    id=pause_id
                    icon=IconName::Pause
                    label="Pause"
                    pending=actions.pause.pending()
                />
            </ActionForm>
        }
        .into_any(),
        (_, Err(why_not)) => view! {
            <ImpossibleCommand
                icon=IconName::Pause
                label="Pause"
                why_not=why_not
                why_not_id="pause-why-not"
            />
        }
        .into_any(),
    };
    let retry = match detail.can_retry() {
        Ok(()) => view! {
            <ActionForm action=actions.retry>
                <CommandButton
                    id=id
                    icon=IconName::Retry
                    label=RETRY
                    pending=actions.retry.pending()
                />
            </ActionForm>
        }
        .into_any(),
        Err(why_not) => view! {
            <ImpossibleCommand
                icon=IconName::Retry
                label=RETRY
                why_not=why_not
                why_not_id="retry-why-not"
            />
        }
        .into_any(),
    };
    let pseudonyms = detail.identifiers.then(|| {
        view! {
            <a class="command" href=paths::pseudonyms(detail.summary.id)>
                <Icon name=IconName::Search />
                "Look up pseudonyms"
            </a>
        }
    });
    view! {
        <div class="commands">
            <PopupButton
                opens=CANCEL_ID
                icon=IconName::Stop
                label="Cancel"
                possible=detail.can_cancel()
            />
            {pause}
            {retry}
            <PopupButton
                opens=REPLACE_ID
                icon=IconName::Key
                label="Replace SAS URL"
                possible=detail.can_replace_sas()
            />
            {pseudonyms}
        </div>
        <CancelPopup id=cancel_id actions=actions />
        <ReplacePopup id=replace_id clock=clock actions=actions />
    }
    .into_any()
}

/// What is in the form of a command that is sent at a press, without anything to confirm.
#[component]
fn CommandButton(
    /// Of the collection.
    id: String,
    icon: IconName,
    label: &'static str,
    /// The answer is awaited.
    #[prop(into)]
    pending: Signal<bool>,
) -> impl IntoView {
    view! {
        <input type="hidden" name="id" value=id />
        <button type="submit" class="command" disabled=move || pending.get()>
            <Icon name=icon />
            {label}
        </button>
    }
    .into_any()
}

#[component]
fn CancelPopup(id: String, actions: Actions) -> impl IntoView {
    let pending = actions.cancel.pending();
    view! {
        <Popup id=CANCEL_ID title_id="cancel-title" title="Stop this collection">
            <p>
                "What has been read so far is discarded. What has already reached the destination stays there."
            </p>
            <ActionForm action=actions.cancel>
                <input type="hidden" name="id" value=id />
                <div class="popup-buttons">
                    <button type="submit" class="danger-button" disabled=move || pending.get()>
                        "Cancel collection"
                    </button>
                    // a second press of the key that opened it must not stop anything
                    <button type="button" popovertarget=CANCEL_ID popovertargetaction="hide" autofocus>
                        "Keep it running"
                    </button>
                </div>
            </ActionForm>
        </Popup>
    }
    .into_any()
}

#[component]
fn ReplacePopup(id: String, clock: Clock, actions: Actions) -> impl IntoView {
    let pending = actions.replace.pending();
    view! {
        <Popup id=REPLACE_ID title_id="replace-title" title="Use another SAS URL">
            <Checked>
            <ActionForm action=actions.replace attr:autocomplete="off">
                <input type="hidden" name="id" value=id />
                <SasField
                    id=REPLACE_FIELD_ID
                    clock=clock
                    error=actions.refusal
                    autofocus=true
                    hint="It must lead to the same container. What has already been sent there is not sent again."
                />
                <div class="popup-buttons">
                    <button type="submit" class="primary" disabled=move || pending.get()>
                        "Use this URL"
                    </button>
                    <button type="button" popovertarget=REPLACE_ID popovertargetaction="hide">
                        "Close"
                    </button>
                </div>
            </ActionForm>
            </Checked>
        </Popup>
    }
    .into_any()
}
