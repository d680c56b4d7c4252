//! The asked period: two fields, two quick choices, one rule for browser and server.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::views::CollectOptions;
use domain::window::{Edge, WindowError};
use domain::{Window, WindowLimits, format, zone};
use leptos::html;
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use crate::browser::Clock;
use crate::components::{Card, FieldError};
use crate::context::use_ui;
use crate::error::{AppError, Kept};
use crate::typed_time::TypedTime;

/// The form of the quick choices. It stands outside the big form, so that without JavaScript
/// a quick choice sends nothing but itself.
const QUICK_FORM_ID: &str = "quick-window";

/// Offered as quick choices, as far as the limits allow; the form begins with the last one.
const QUICK_HOURS: [i64; 2] = [1, 4];

/// The window that the page was opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The last hours; the default where it does not say how many.
    Last(Option<i64>),
    /// This period, of a bar of the chart.
    Period(DateTime<Utc>, DateTime<Utc>),
}

impl Asked {
    /// Reads the address: `hours`, or `start` and `end` as RFC 3339.
    #[must_use]
    pub fn of(query: &ParamsMap) -> Self {
        let time = |name: &str| query.get(name).and_then(|text| text.parse().ok());
        match (time("start"), time("end")) {
            (Some(start), Some(end)) => Self::Period(start, end),
            _ => Self::Last(query.get("hours").and_then(|hours| hours.parse().ok())),
        }
    }

    /// Start and end, to the minute.
    #[must_use]
    pub fn times(self, limits: WindowLimits, now: DateTime<Utc>) -> (DateTime<Utc>, DateTime<Utc>) {
        match self {
            Self::Last(hours) => last_hours(hours, limits, now),
            // the bar of the hour at hand ends in the future, the oldest begins before the limit
            Self::Period(start, end) => {
                let lookback = WindowLimits {
                    max_seconds: limits.lookback_seconds,
                    ..limits
                };
                let (first, last) = last_hours(Some(i64::MAX), lookback, now);
                (start.clamp(first, last), end.clamp(first, last))
            }
        }
    }
}

/// The two fields and what they amount to.
#[derive(Clone, Copy)]
pub struct WindowFields {
    pub clock: Clock,
    /// What is in the fields now, or what is wrong with it.
    pub window: Memo<Result<Window, (Edge, String)>>,
    start: RwSignal<TypedTime>,
    end: RwSignal<TypedTime>,
    start_input: NodeRef<html::Input>,
    end_input: NodeRef<html::Input>,
    start_error: Signal<Option<String>>,
    end_error: Signal<Option<String>>,
    answered: RwSignal<Option<AppError>>,
    form_error: Signal<Option<AppError>>,
    pub zone: RwSignal<Tz>,
}

impl WindowFields {
    /// Begins with what was entered before, else with what the page was opened with.
    pub fn new(
        options: &CollectOptions,
        kept: &Kept,
        asked: Asked,
        error: Signal<Option<AppError>>,
    ) -> Self {
        let zone = use_ui().zone;
        let clock = Clock::set_to(options.now);
        let limits = options.limits;
        let (start, end) = asked.times(limits, options.now);
        let here = zone.get_untracked();
        let kept_zone = kept.get("zone").and_then(|name| name.parse().ok());
        let written = kept.get_all("written").unwrap_or_default();
        let field = |name: &str, position: usize, at| {
            RwSignal::new(kept.get(name).map_or_else(
                || TypedTime::written(at, here),
                |text| {
                    let written = written.get(position).map_or("", String::as_str);
                    TypedTime::sent(text, written).moved(kept_zone.unwrap_or(here), here)
                },
            ))
        };
        let (start, end) = (field("start", 0, start), field("end", 1, end));
        let window =
            Memo::new(move |_| check(&start.read(), &end.read(), zone.get(), limits, clock.now()));
        let answered = RwSignal::new(None);
        let message = move |edge: Edge, field: &'static str| {
            Signal::derive(move || match window.get() {
                Err((at, message)) if at == edge => Some(message),
                Err(_) => None,
                Ok(_) => {
                    let error = error.get()?;
                    let unanswered = answered.get().as_ref() != Some(&error);
                    unanswered
                        .then(|| error.field(field).map(str::to_owned))
                        .flatten()
                }
            })
        };
        let fields = Self {
            clock,
            window,
            start,
            end,
            start_input: NodeRef::new(),
            end_input: NodeRef::new(),
            start_error: message(Edge::Start, "start"),
            end_error: message(Edge::End, "end"),
            answered,
            form_error: error,
            zone,
        };
        fields.take_what_was_typed();
        fields.follow_zone();
        fields
    }

    /// By the rules, as far as they can be told here.
    fn is_faulty(self, edge: Edge) -> bool {
        matches!(&*self.window.read(), Err((at, _)) if *at == edge)
    }

    /// Before the page was interactive somebody may have typed.
    fn take_what_was_typed(self) {
        for (input, time) in [(self.start_input, self.start), (self.end_input, self.end)] {
            Effect::new(move || {
                if let Some(input) = input.get() {
                    time.update(|time| time.text = input.value());
                }
            });
        }
    }

    /// The fields keep their moments when the zone in which they are shown changes.
    fn follow_zone(self) {
        Effect::watch(
            move || self.zone.get(),
            move |zone, before, _| {
                let before = before.copied().unwrap_or(*zone);
                let moved = |time: RwSignal<TypedTime>| time.get_untracked().moved(before, *zone);
                self.put(moved(self.start), moved(self.end));
            },
            false,
        );
    }

    /// Writes into the fields.
    fn put(self, start: TypedTime, end: TypedTime) {
        for (input, time, value) in [
            (self.start_input, self.start, start),
            (self.end_input, self.end, end),
        ] {
            if let Some(input) = input.get_untracked() {
                input.set_value(&value.text);
            }
            time.set(value);
        }
    }

    fn choose_last(self, hours: i64, limits: WindowLimits) {
        let (start, end) = last_hours(Some(hours), limits, self.clock.now());
        self.choose(start, end);
    }

    /// Writes these moments into the fields.
    pub fn choose(self, start: DateTime<Utc>, end: DateTime<Utc>) {
        self.answered.set(self.form_error.get_untracked());
        let zone = self.zone.get_untracked();
        self.put(
            TypedTime::written(start, zone),
            TypedTime::written(end, zone),
        );
    }

    fn typed(self, time: RwSignal<TypedTime>, value: String) {
        self.answered.set(self.form_error.get_untracked());
        time.update(|time| time.text = value);
    }
}

/// How long the last `hours` are where the limits cut them short, in seconds.
fn quick_seconds(hours: i64, limits: WindowLimits) -> i64 {
    let longest = limits.max_seconds.min(limits.lookback_seconds);
    // the fields go to the minute
    let longest = (longest / 60 * 60).max(60);
    hours.max(1).saturating_mul(3600).min(longest)
}

/// The quick choices that the limits allow as they are; the shortest one, cut short, where they
/// allow none.
fn quick_choices(limits: WindowLimits) -> Vec<i64> {
    let mut choices = QUICK_HOURS.to_vec();
    choices.retain(|hours| quick_seconds(*hours, limits) == hours * 3600);
    if choices.is_empty() {
        choices.push(QUICK_HOURS[0]);
    }
    choices
}

fn quick_label(hours: i64, limits: WindowLimits) -> String {
    match quick_seconds(hours, limits) {
        3600 => "Last hour".to_owned(),
        length if length == hours * 3600 => format!("Last {hours} hours"),
        length => format!("Last {}", format::seconds(length)),
    }
}

/// The last hours up to now, to the minute.
fn last_hours(
    hours: Option<i64>,
    limits: WindowLimits,
    now: DateTime<Utc>,
) -> (DateTime<Utc>, DateTime<Utc>) {
    let hours = hours.unwrap_or(QUICK_HOURS[QUICK_HOURS.len() - 1]);
    let end = now - TimeDelta::seconds(now.timestamp().rem_euclid(60));
    let length = TimeDelta::seconds(quick_seconds(hours, limits));
    (end - length, end)
}

fn check(
    start: &TypedTime,
    end: &TypedTime,
    zone: Tz,
    limits: WindowLimits,
    now: DateTime<Utc>,
) -> Result<Window, (Edge, String)> {
    let read = |time: &TypedTime, edge| {
        time.at(zone)
            .ok_or((edge, "Enter a date and a time.".to_owned()))
    };
    let (start, end) = (read(start, Edge::Start)?, read(end, Edge::End)?);
    Window::checked(start, end, limits, now)
        .map_err(|error: WindowError| (error.edge(), error.to_string()))
}

/// The quick choices' own form.
#[component]
pub fn QuickWindow(path: &'static str) -> impl IntoView {
    view! { <form id=QUICK_FORM_ID method="get" action=path hidden></form> }
}

/// *Log start*, *Log end* and the quick choices.
#[component]
pub fn WindowCard(
    fields: WindowFields,
    limits: WindowLimits,
    /// The chart on which the window can be chosen too.
    children: Children,
) -> impl IntoView {
    let zone = fields.zone;
    let now = fields.clock.now();
    let hint = format!(
        "Up to {} within the last {}.",
        format::seconds(limits.max_seconds),
        format::seconds(limits.lookback_seconds)
    );
    let quick = quick_choices(limits)
        .into_iter()
        .map(|hours| {
            let choose = move |event: web_sys::MouseEvent| {
                event.prevent_default();
                fields.choose_last(hours, limits);
            };
            view! {
                <button
                    type="submit"
                    form=QUICK_FORM_ID
                    name="hours"
                    value=hours.to_string()
                    on:click=choose
                >
                    {quick_label(hours, limits)}
                </button>
            }
        })
        .collect_view();
    view! {
        <Card title="Which hours">
            <p class="hint" id="window-hint">
                {hint}
            </p>
            {children()}
            <input type="hidden" name="zone" value=move || zone.get().name() />
            <div class="window-fields">
                <WindowField fields=fields edge=Edge::Start />
                <WindowField fields=fields edge=Edge::End />
                <div class="quick" role="group" aria-label="Quick choices">
                    {quick}
                </div>
            </div>
            <FieldError id="start-error" message=fields.start_error />
            <FieldError id="end-error" message=fields.end_error />
            <p class="quiet small" id="zone-note">
                {move || zone::describe(zone.get(), now)}
            </p>
        </Card>
    }
    .into_any()
}

#[component]
fn WindowField(fields: WindowFields, edge: Edge) -> impl IntoView {
    let (id, label, time, input, error) = match edge {
        Edge::Start => (
            "start",
            "Log start",
            fields.start,
            fields.start_input,
            fields.start_error,
        ),
        Edge::End => (
            "end",
            "Log end",
            fields.end,
            fields.end_input,
            fields.end_error,
        ),
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <input
                type="datetime-local"
                id=id
                name=id
                value=time.get_untracked().text
                aria-describedby=format!("{id}-error zone-note window-hint")
                data-faulty=move || fields.is_faulty(edge).then_some("")
                aria-invalid=move || error.read().is_some().then_some("true")
                node_ref=input
                on:input=move |event| fields.typed(time, event_target_value(&event))
            />
            <input
                type="hidden"
                name="written[]"
                value=move || time.read().written_text()
            />
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn quick_choices_end_at_the_minute_and_keep_to_the_limit() {
        let limits = WindowLimits {
            max_seconds: 2 * 3600,
            ..WindowLimits::default()
        };
        let now = utc("2026-11-20T14:05:31Z");
        let end = utc("2026-11-20T14:05:00Z");
        assert_eq!(
            last_hours(Some(1), limits, now),
            (utc("2026-11-20T13:05:00Z"), end)
        );
        assert_eq!(
            last_hours(None, limits, now),
            (utc("2026-11-20T12:05:00Z"), end)
        );
        assert_eq!(
            last_hours(Some(-3), limits, now),
            (utc("2026-11-20T13:05:00Z"), end)
        );
    }

    #[test]
    fn the_hour_of_a_bar_keeps_to_what_can_be_collected() {
        let (limits, now) = (WindowLimits::default(), utc("2026-11-20T14:05:31Z"));
        let asked = |start, end| Asked::Period(utc(start), utc(end)).times(limits, now);
        assert_eq!(
            asked("2026-11-19T10:00:00Z", "2026-11-19T11:00:00Z"),
            (utc("2026-11-19T10:00:00Z"), utc("2026-11-19T11:00:00Z"))
        );
        assert_eq!(
            asked("2026-11-20T14:00:00Z", "2026-11-20T15:00:00Z"),
            (utc("2026-11-20T14:00:00Z"), utc("2026-11-20T14:05:00Z"))
        );
        let (start, end) = asked("2026-11-13T14:00:00Z", "2026-11-13T15:00:00Z");
        assert!(Window::checked(start, end, limits, now).is_ok());
    }

    #[test]
    fn quick_choices_are_those_that_fit_and_at_least_one() {
        const HOUR: i64 = 3600;
        for (max_seconds, lookback_seconds, labels) in [
            (4 * HOUR, 168 * HOUR, &["Last hour", "Last 4 hours"][..]),
            (3 * HOUR, 168 * HOUR, &["Last hour"]),
            (4 * HOUR, 2 * HOUR, &["Last hour"]),
            (HOUR / 2, 168 * HOUR, &["Last 30 min"]),
        ] {
            let limits = WindowLimits {
                max_seconds,
                lookback_seconds,
            };
            let offered: Vec<String> = quick_choices(limits)
                .into_iter()
                .map(|hours| quick_label(hours, limits))
                .collect();
            assert_eq!(offered, labels);
            let now = utc("2026-11-20T14:05:31Z");
            for hours in [None, Some(1), Some(i64::MAX), Some(i64::MIN)] {
                let (start, end) = last_hours(hours, limits, now);
                assert!(Window::checked(start, end, limits, now).is_ok());
            }
        }
    }
}
