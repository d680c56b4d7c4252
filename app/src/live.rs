//! News of collections, as the server sends them.
//!
//! An event says only 'version N of collection X': pages fetch the truth. One connection serves
//! all pages; it is opened by the frame around them and closed with it.

use domain::CollectionId;
use domain::views::CollectionEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Where the server sends its events.
pub const EVENTS_PATH: &str = "/events";

/// What a page hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// This collection has changed.
    Changed(CollectionEvent),
    /// The connection is new: anything may have changed since the page was made or the last one
    /// broke.
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
        if let Some(connection) = Connection::open(news) {
            let connection = StoredValue::new_local(Some(connection));
            on_cleanup(move || {
                connection.try_update_value(|connection| connection.take().map(Connection::close));
            });
        }
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

/// An open event source with its handlers, which must live as long as it does.
struct Connection {
    source: web_sys::EventSource,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _on_open: Closure<dyn FnMut(web_sys::Event)>,
}

impl Connection {
    fn open(news: RwSignal<Option<News>>) -> Option<Self> {
        let source = web_sys::EventSource::new(EVENTS_PATH).ok()?;
        let on_message = Closure::new(move |message: web_sys::MessageEvent| {
            let event = message
                .data()
                .as_string()
                .and_then(|text| serde_json::from_str(&text).ok());
            if let Some(event) = event {
                news.set(Some(News::Changed(event)));
            }
        });
        let on_open = Closure::new(move |_: web_sys::Event| news.set(Some(News::Anything)));
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        Some(Self {
            source,
            _on_message: on_message,
            _on_open: on_open,
        })
    }

    fn close(self) {
        self.source.close();
    }
}
