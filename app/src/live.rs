//! News of collections, as the server sends them.
//!
//! An event says only 'version N of collection X': pages fetch the truth. One connection serves
//! all pages; it is opened by the frame around them and closed with it.
//!
//! It is there only while the page can be seen: a browser allows a host six connections over
//! HTTP/1.1, and six tabs that nobody looks at would leave none for the seventh. What happened
//! meanwhile is made up for by [`News::Anything`], which each new connection begins with.

use std::time::Duration;

use domain::CollectionId;
use domain::views::CollectionEvent;
use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Where the server sends its events.
pub const EVENTS_PATH: &str = "/events";

/// The pause before a refused connection is tried again; it doubles with each refusal.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What a page hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This collection has changed.
    Changed(CollectionEvent),
    /// The connection is new, or was refused: anything may have changed since the page was made or
    /// the last one broke, the session too.
    Anything,
}

impl News {
    /// Whether a page that shows this collection should look again.
    #[must_use]
    pub fn concerns(self, id: CollectionId) -> bool {
        match self {
            Self::Changed(event) => event.id == id,
            Self::Anything => true,
        }
    }
}

/// The newest news; `None` before the first.
#[derive(Clone, Copy, Debug)]
pub struct Live(RwSignal<Option<News>>);

/// Opens the connection, once the page is interactive, and closes it when the frame goes.
pub fn provide_live() {
    let news = RwSignal::new(None);
    provide_context(Live(news));
    Effect::new(move || {
        // made here, in the browser: on the server it would be dropped on another thread than its own
        let line = Line::new(news);
        line.follow_visibility();
        // a page that the browser keeps for its back button is not seen either
        let hidden = window_event_listener(ev::pagehide, move |_| line.close());
        let shown = window_event_listener(ev::pageshow, move |_| line.follow_visibility());
        let turned = window_event_listener(ev::visibilitychange, move |_| line.follow_visibility());
        on_cleanup(move || {
            for listener in [hidden, shown, turned] {
                listener.remove();
            }
            line.close();
        });
    });
}

/// Calls `look_again` for each piece of news for which `concerns` says yes.
pub fn on_news(concerns: impl Fn(News) -> bool + 'static, look_again: impl Fn() + 'static) {
    let Some(Live(news)) = use_context::<Live>() else {
        return;
    };
    // what was heard before this page came is in its data already
    Effect::watch(
        move || news.get(),
        move |news, _, _| {
            if news.is_some_and(&concerns) {
                look_again();
            }
        },
        false,
    );
}

/// The connection as it comes and goes. Its timer and its handlers may outlive the frame, so
/// everything here is asked for with `try_`.
#[derive(Clone, Copy)]
struct Line {
    news: RwSignal<Option<News>>,
    connection: StoredValue<Option<Connection>, LocalStorage>,
    pause: StoredValue<Duration>,
    retry: StoredValue<Option<TimeoutHandle>>,
}

impl Line {
    fn new(news: RwSignal<Option<News>>) -> Self {
        Self {
            news,
            connection: StoredValue::new_local(None),
            pause: StoredValue::new(FIRST_PAUSE),
            retry: StoredValue::new(None),
        }
    }

    fn follow_visibility(self) {
        if document().hidden() {
            self.close();
        } else {
            self.open();
        }
    }

    /// Nothing happens where it is open, or opening, already.
    fn open(self) {
        self.connection.try_update_value(|connection| {
            if connection.as_ref().is_none_or(Connection::is_closed) {
                self.forget_retry();
                *connection = Connection::open(self);
            }
        });
    }

    fn close(self) {
        self.forget_retry();
        self.connection.try_update_value(Option::take);
    }

    fn opened(self) {
        self.pause.try_set_value(FIRST_PAUSE);
        self.news.try_set(Some(News::Anything));
    }

    /// After a loss the browser connects again by itself; after a refusal it does not.
    fn refused(self) {
        let Some(pause) = self.pause.try_get_value() else {
            return;
        };
        self.pause.try_set_value((pause * 2).min(LONGEST_PAUSE));
        self.forget_retry();
        let retry = set_timeout_with_handle(move || self.follow_visibility(), pause);
        self.retry.try_set_value(retry.ok());
        // looking again tells the page why, above all that the session has ended
        self.news.try_set(Some(News::Anything));
    }

    fn forget_retry(self) {
        if let Some(Some(retry)) = self.retry.try_update_value(Option::take) {
            retry.clear();
        }
    }
}

/// An event source with its handlers, which must live as long as it does.
struct Connection {
    source: web_sys::EventSource,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _on_open: Closure<dyn FnMut(web_sys::Event)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Connection {
    fn open(line: Line) -> Option<Self> {
        let source = web_sys::EventSource::new(EVENTS_PATH).ok()?;
        let on_message = Closure::new(move |message: web_sys::MessageEvent| {
            let event = message
                .data()
                .as_string()
                .and_then(|text| serde_json::from_str(&text).ok());
            if let Some(event) = event {
                line.news.try_set(Some(News::Changed(event)));
            }
        });
        let on_open = Closure::new(move |_: web_sys::Event| line.opened());
        let failed = source.clone();
        let on_error = Closure::new(move |_: web_sys::Event| {
            if failed.ready_state() == web_sys::EventSource::CLOSED {
                line.refused();
            }
        });
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Some(Self {
            source,
            _on_message: on_message,
            _on_open: on_open,
            _on_error: on_error,
        })
    }

    fn is_closed(&self) -> bool {
        self.source.ready_state() == web_sys::EventSource::CLOSED
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.source.close();
    }
}
