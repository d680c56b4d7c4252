//! What only a browser can tell or do.
//!
//! Everything here is called from event handlers and effects, which run in browsers only: what is
//! rendered never depends on it, so that the server renders the same.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

const YEAR_SECONDS: u32 = 365 * 24 * 3600;

/// The browser's time zone, where it is one that we know.
#[must_use]
pub fn zone() -> Option<Tz> {
    let format = js_sys::Intl::DateTimeFormat::new(&js_sys::Array::new(), &js_sys::Object::new());
    let name = js_sys::Reflect::get(&format.resolved_options(), &JsValue::from_str("timeZone"));
    name.ok()?.as_string()?.parse().ok()
}

/// Writes a cookie that lasts a year. Value and name are plain words of ours or zone names.
pub fn set_cookie(name: &str, value: &str) {
    let document: web_sys::HtmlDocument = document().unchecked_into();
    // a browser that refuses cookies still shows the page, only in the stack's zone
    let _refused = document.set_cookie(&format!(
        "{name}={value}; path=/; max-age={YEAR_SECONDS}; SameSite=Lax"
    ));
}

/// Sets what the browser's tab says.
pub fn set_title(text: &str) {
    document().set_title(text);
}

/// Sets an attribute of `<html>`.
pub fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        let _unchanged = root.set_attribute(name, value);
    }
}

/// Closes an element with the attribute `popover`; nothing happens where it is not open.
pub fn hide_popover(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        let element: web_sys::HtmlElement = element.unchecked_into();
        let _not_open = element.hide_popover();
    }
}

/// Puts a text into the clipboard, where the page may (it is served by HTTPS or from this
/// machine); selects the element's content for copying by hand where it may not.
///
/// Answers whether the text is in the clipboard.
pub async fn copy(text: String, selected: Option<web_sys::HtmlElement>) -> bool {
    let navigator = window().navigator();
    let allowed = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard"))
        .is_ok_and(|clipboard| !clipboard.is_undefined());
    if allowed {
        let written = navigator.clipboard().write_text(&text);
        if js_sys::futures::JsFuture::from(written).await.is_ok() {
            return true;
        }
    }
    if let (Some(element), Ok(Some(selection))) = (selected, window().get_selection()) {
        let _nothing_selected = selection.select_all_children(&element);
    }
    false
}

/// The server's clock, as far as a page can tell: the time in its data plus what has passed since.
///
/// Before the page is interactive it stands still at the server's time, so that both sides render
/// the same; a wrong clock of the browser's machine does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    server_now: DateTime<Utc>,
    started_ms: RwSignal<Option<f64>>,
}

impl Clock {
    /// A clock that the server's answer has set.
    #[must_use]
    pub fn set_to(server_now: DateTime<Utc>) -> Self {
        let started_ms = RwSignal::new(None);
        Effect::new(move || started_ms.set(Some(js_sys::Date::now())));
        Self {
            server_now,
            started_ms,
        }
    }

    /// The server's time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let passed = self
            .started_ms
            .get_untracked()
            .map_or(0.0, |started| js_sys::Date::now() - started);
        #[allow(
            clippy::cast_possible_truncation,
            reason = "milliseconds since the page was loaded"
        )]
        let passed = TimeDelta::milliseconds(passed as i64);
        self.server_now + passed
    }
}

/// Runs `action` at most once in `pause`: at once, or at the end of the pause that is under way.
pub fn throttled(pause: Duration, action: impl Fn() + Clone + 'static) -> impl Fn() + Clone {
    #[derive(Clone, Copy)]
    enum State {
        Idle,
        Resting,
        Due,
    }
    let state = StoredValue::new(State::Idle);
    fn run(state: StoredValue<State>, pause: Duration, action: impl Fn() + Clone + 'static) {
        state.set_value(State::Resting);
        action();
        set_timeout(
            move || match state.try_get_value() {
                Some(State::Due) => run(state, pause, action),
                Some(_) => state.set_value(State::Idle),
                // the page is gone
                None => {}
            },
            pause,
        );
    }
    move || match state.try_get_value() {
        Some(State::Idle) => run(state, pause, action.clone()),
        Some(_) => state.set_value(State::Due),
        None => {}
    }
}

/// Moves the focus to the first field that is marked by `data-faulty` and can be seen, in the form that is
/// about to be sent. Answers whether there is one.
#[must_use]
pub fn focus_first_faulty(event: &web_sys::SubmitEvent) -> bool {
    let Some(form) = event.target() else {
        return false;
    };
    let form: web_sys::Element = form.unchecked_into();
    let Ok(fields) = form.query_selector_all("[data-faulty]") else {
        return false;
    };
    let field = (0..fields.length())
        .filter_map(|position| fields.item(position))
        .map(JsCast::unchecked_into::<web_sys::HtmlElement>)
        // a field that is not laid out belongs to a choice that was not made
        .find(|field| field.offset_parent().is_some());
    if let Some(field) = &field {
        let _unfocused = field.focus();
    }
    field.is_some()
}

/// Where the pointer is over the element that listens, as a share of its width from the left.
#[must_use]
pub fn pointed_share(event: &web_sys::PointerEvent) -> f64 {
    let Some(listener) = event.current_target() else {
        return 0.0;
    };
    let listener: web_sys::Element = listener.unchecked_into();
    let (left, width) = {
        let rect = listener.get_bounding_client_rect();
        (rect.left(), rect.width().max(1.0))
    };
    ((f64::from(event.client_x()) - left) / width).clamp(0.0, 1.0)
}

/// Whatever the pointer does until it is released is told to the element that it was put down on.
pub fn capture_pointer(event: &web_sys::PointerEvent) {
    if let Some(element) = event.current_target() {
        let element: web_sys::Element = element.unchecked_into();
        let _gone_already = element.set_pointer_capture(event.pointer_id());
    }
}

/// Empties a text field: a secret stays in the page no longer than it is needed.
pub fn empty_field(id: &str) {
    if let Some(field) = document().get_element_by_id(id) {
        let field: web_sys::HtmlInputElement = field.unchecked_into();
        field.set_value("");
    }
}

/// Tells style sheet and tests that the page is interactive.
pub fn mark_hydrated() {
    if let Some(body) = document().body() {
        let _unchanged = body.set_attribute("data-hydrated", "");
    }
}

/// Submits a form as its button would.
pub fn submit(form: web_sys::Element) {
    let form: web_sys::HtmlFormElement = form.unchecked_into();
    let _not_a_form_any_more = form.request_submit();
}
