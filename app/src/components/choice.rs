//! One of several things to choose, or one that can be chosen at all.

use leptos::prelude::*;

/// Whether a choice excludes its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choose {
    /// One of those of the same name.
    One,
    /// This one, whatever else.
    Any,
}

impl Choose {
    const fn input_type(self) -> &'static str {
        match self {
            Self::One => "radio",
            Self::Any => "checkbox",
        }
    }
}

/// A radio button or check box with its label and, as children, what there is to say of it.
#[component]
pub fn Choice(
    choose: Choose,
    #[prop(into)] id: String,
    name: &'static str,
    #[prop(into)] value: String,
    #[prop(into)] label: String,
    /// At first.
    checked: bool,
    /// The message that stands below all choices.
    #[prop(optional)]
    error_id: &'static str,
    /// Told whether it is checked now.
    on_change: impl Fn(bool) + 'static,
    /// What it amounts to, at the end of its line.
    #[prop(optional, into)]
    figure: MaybeProp<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let about_id = format!("{id}-about");
    let described_by = match &children {
        Some(_) => format!("{about_id} {error_id}"),
        None => error_id.to_owned(),
    };
    let described_by = described_by.trim_end().to_owned();
    let about = children.map(|children| {
        view! {
            <span class="quiet small" id=about_id>
                {children()}
            </span>
        }
    });
    view! {
        <div class="choice">
            <input
                type=choose.input_type()
                id=id.clone()
                name=name
                value=value
                checked=checked
                aria-describedby=described_by
                on:change=move |event| on_change(event_target_checked(&event))
            />
            <label for=id>{label}</label>
            {about}
            {move || figure.get().map(|text| view! { <span class="choice-figure">{text}</span> })}
        </div>
    }
    .into_any()
}
