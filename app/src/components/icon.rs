//! One set of icons, drawn for this product: lines of 1.5 on a grid of 20.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconName {
    Home,
    Archive,
    Gear,
    Menu,
    Sun,
    Moon,
    Screen,
    Plus,
    Send,
    Stop,
    Pause,
    Play,
    Retry,
    Key,
    Search,
    Copy,
    Check,
    Warning,
    Error,
    Information,
    SignOut,
}

impl IconName {
    const fn path(self) -> &'static str {
        match self {
            Self::Home => "M3 9.2 10 3l7 6.2V16a1 1 0 0 1-1 1h-3.5v-5h-5v5H4a1 1 0 0 1-1-1z",
            Self::Archive => {
                "M3 4h14v3.5H3zM4.2 7.5V15a1 1 0 0 0 1 1h9.6a1 1 0 0 0 1-1V7.5M8 10.5h4"
            }
            Self::Gear => {
                "M10 7.4a2.6 2.6 0 1 0 0 5.2 2.6 2.6 0 0 0 0-5.2zM8.6 2.8h2.8l.4 2 1.5.8 1.9-.7 \
                 1.4 2.4-1.5 1.4v2.6l1.5 1.4-1.4 2.4-1.9-.7-1.5.8-.4 2H8.6l-.4-2-1.5-.8-1.9.7-1.4-2.4 \
                 1.5-1.4V8.7L3.4 7.3l1.4-2.4 1.9.7 1.5-.8z"
            }
            Self::Menu => "M3 5.5h14M3 10h14M3 14.5h14",
            Self::Sun => {
                "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.8M10 16.2V18M2 \
                 10h1.8M16.2 10H18M4.3 4.3l1.3 1.3M14.4 14.4l1.3 1.3M4.3 15.7l1.3-1.3M14.4 \
                 5.6l1.3-1.3"
            }
            Self::Moon => "M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z",
            Self::Screen => "M2.5 4h15v9.5h-15zM10 13.5V17M6.5 17h7",
            Self::Plus => "M10 3.5v13M3.5 10h13",
            Self::Send => "M3 10 17 3.5 13 17l-3.2-5.3zM9.8 11.7 17 3.5",
            Self::Stop => {
                "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM7.2 7.2l5.6 5.6M12.8 7.2l-5.6 5.6"
            }
            Self::Pause => "M7 4v12M13 4v12",
            Self::Play => "M6 3.5 16 10 6 16.5z",
            Self::Retry => "M16 4v4h-4M15.6 8A6.3 6.3 0 1 0 16.3 11",
            Self::Key => {
                "M12.5 3a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM9.3 10.7 3 17M5.5 14.5l2 2M13.5 6.5h.01"
            }
            Self::Search => "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
            Self::Copy => "M7 7h9.5v9.5H7zM13 7V3.5H3.5V13H7",
            Self::Check => "M4 10.5 8.2 14.7 16 6",
            Self::Warning => "M10 3 18 16.5H2zM10 8v4M10 14.2v.1",
            Self::Error => "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 6v5M10 13.7v.1",
            Self::Information => {
                "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 9.3v5M10 6.3v.1"
            }
            Self::SignOut => "M8 3.5H4v13h4M12 6.5l3.5 3.5-3.5 3.5M15.5 10H8",
        }
    }
}

/// An icon. It says nothing to a screen reader: a word stands beside it, or the control is named.
#[component]
pub fn Icon(name: IconName) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
            <path d=name.path() />
        </svg>
    }
    .into_any()
}
