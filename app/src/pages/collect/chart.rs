//! How much was logged when, and the window chosen on it.
//!
//! The picture is SVG whose lengths across are shares of its width, so that it needs no size and no
//! style. Each bar is a link that opens the page with its hour: that is how it works without
//! a script. With one, a ground above the bars takes the pointer, and the two handles are sliders.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::estimate::Volume;
use domain::window::Edge;
use domain::{WindowLimits, format};
use leptos::ev;
use leptos::prelude::*;

use super::axis::{self, Day};
use super::choosing::{Reach, Span, snapped};
use super::window::WindowFields;
use crate::browser;

/// Height of the bars' room, and of the picture with the days below it, in pixels.
const PLOT: i64 = 104;
const PICTURE: i64 = 128;

/// What the pointer is doing.
#[derive(Clone, Copy, Debug)]
enum Drag {
    Edge(Edge),
    /// A new window, begun here; and whether it has been drawn yet.
    New {
        from: i64,
        drawn: bool,
    },
}

/// The chart's times, its limits and the fields that it moves.
#[derive(Clone, Copy)]
struct Chooser {
    fields: WindowFields,
    limits: WindowLimits,
    from: i64,
    step: i64,
    steps: i64,
    drag: StoredValue<Option<Drag>>,
    /// The window in the fields, the last one that was right while they are wrong.
    span: Memo<Span>,
}

impl Chooser {
    const fn to(self) -> i64 {
        self.from + self.step * self.steps
    }

    /// How far from the left a time is, in percent of the width.
    fn place(self, at: i64) -> f64 {
        axis::percent(at - self.from, self.to() - self.from)
    }

    fn reach(self) -> Reach {
        let now = self.fields.clock.now().timestamp();
        let minute = |at: i64| at.div_euclid(60) * 60;
        Reach {
            // a minute inside, since time goes on while somebody chooses
            first: minute(now - self.limits.lookback_seconds) + 120,
            last: minute(now),
            longest: self.limits.max_seconds.max(60),
        }
    }

    fn choose(self, span: Span) {
        // fields that are wrong are put right even where the last right ones said the same
        let are_right = self.fields.window.with_untracked(Result::is_ok);
        if !are_right || span != self.span.get_untracked() {
            self.fields.choose(moment(span.start), moment(span.end));
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        reason = "a place on the screen"
    )]
    fn pointed(self, event: &web_sys::PointerEvent) -> i64 {
        let share = browser::pointed_share(event);
        self.from + ((self.to() - self.from) as f64 * share) as i64
    }

    /// Only with the main button, and of several fingers with the first.
    fn grab(self, event: &web_sys::PointerEvent, drag: Drag) {
        if event.button() != 0 || !event.is_primary() {
            return;
        }
        event.stop_propagation();
        browser::capture_pointer(event);
        self.drag.set_value(Some(drag));
    }

    fn follow(self, event: &web_sys::PointerEvent) {
        if !event.is_primary() {
            return;
        }
        let at = snapped(self.pointed(event));
        match self.drag.get_value() {
            Some(Drag::Edge(edge)) => {
                let span = self.span.get_untracked();
                self.choose(self.reach().moved(span, edge, at));
            }
            Some(Drag::New { from, drawn }) if drawn || at != from => {
                self.drag.set_value(Some(Drag::New { from, drawn: true }));
                self.choose(self.reach().drawn(from, at));
            }
            Some(Drag::New { .. }) | None => {}
        }
    }

    /// A press without a drag chooses the bar's hour.
    fn release(self, event: &web_sys::PointerEvent) {
        if !event.is_primary() {
            return;
        }
        if let Some(Drag::New { drawn: false, .. }) = self.drag.get_value() {
            let begin = (self.pointed(event) - self.from).div_euclid(self.step) * self.step;
            let begin = self.from + begin;
            self.choose(self.reach().drawn(begin, begin + self.step));
        }
        self.drag.set_value(None);
    }
}

fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// The chart, above the fields that it moves.
#[component]
pub fn VolumeChart(
    volume: Volume,
    fields: WindowFields,
    limits: WindowLimits,
    /// One for each role.
    chosen_roles: RwSignal<Vec<bool>>,
    /// Of the page.
    path: &'static str,
) -> impl IntoView {
    let (start, step_seconds, steps) = (volume.start, volume.step_seconds, volume.steps());
    let last_known = volume.counted_at;
    let span = Memo::new(move |before: Option<&Span>| {
        let window = fields.window.get().ok();
        window.map_or_else(
            || {
                before.copied().unwrap_or(Span {
                    start: last_known.timestamp() - 3600,
                    end: last_known.timestamp(),
                })
            },
            |window| Span {
                start: window.start().timestamp(),
                end: window.end().timestamp(),
            },
        )
    });
    let chooser = Chooser {
        fields,
        limits,
        from: start.timestamp(),
        step: step_seconds,
        steps: i64::try_from(steps).unwrap_or(0),
        drag: StoredValue::new(None),
        span,
    };
    let totals = Memo::new(move |_| totals(&volume, &chosen_roles.read()));
    let lookback = format::seconds(limits.lookback_seconds);
    let here = fields.zone;
    let summary = move || {
        let total = totals.read().iter().sum::<u64>();
        if total == 0 {
            return format!("The chosen roles have logged nothing in the last {lookback}.");
        }
        format!(
            "Log volume of the chosen roles over the last {lookback}, an estimate: about {} in all.",
            format::rough_bytes(total)
        )
    };
    let bars = (0..steps)
        .map(|step| bar(chooser, step, totals, path))
        .collect_view();
    let days = move || {
        axis::days(start, moment(chooser.to()), here.get())
            .into_iter()
            .map(|day| day_mark(&day, chooser))
            .collect_view()
    };
    let window_start = move || format!("{:.3}%", chooser.place(span.get().start));
    let window_width = move || {
        let span = span.get();
        format!(
            "{:.3}%",
            chooser.place(span.end) - chooser.place(span.start)
        )
    };
    view! {
        <figure class="chart" aria-labelledby="chart-summary">
            <figcaption class="small quiet" id="chart-summary">
                {summary}
            </figcaption>
            <svg
                class="chart-picture"
                width="100%"
                height=PICTURE
                on:pointermove=move |event| chooser.follow(&event)
                on:pointerup=move |event| chooser.release(&event)
                on:pointercancel=move |_| chooser.drag.set_value(None)
            >
                <g aria-hidden="true">{days}</g>
                <rect class="chart-window" x=window_start y="0" width=window_width height=PLOT />
                <g aria-hidden="true">{bars}</g>
                <line class="chart-base" x1="0" x2="100%" y1=PLOT y2=PLOT />
                <rect
                    class="chart-ground needs-script"
                    x="0"
                    y="0"
                    width="100%"
                    height=PICTURE
                    on:pointerdown=move |event| {
                        let from = snapped(chooser.pointed(&event));
                        chooser.grab(&event, Drag::New { from, drawn: false });
                    }
                />
                {handle(chooser, Edge::Start)}
                {handle(chooser, Edge::End)}
            </svg>
            <DayTable start=start step_seconds=step_seconds totals=totals zone=here />
        </figure>
    }
    .into_any()
}

/// Bytes of the chosen roles in each step.
fn totals(volume: &Volume, chosen: &[bool]) -> Vec<u64> {
    let mut totals = vec![0; volume.steps()];
    let chosen_roles = volume
        .roles
        .iter()
        .zip(chosen)
        .filter(|(_, chosen)| **chosen);
    for (role, _) in chosen_roles {
        for (total, bytes) in totals.iter_mut().zip(&role.bytes) {
            *total += bytes;
        }
    }
    totals
}

fn bar(chooser: Chooser, step: usize, totals: Memo<Vec<u64>>, path: &'static str) -> impl IntoView {
    let begin = chooser.from + chooser.step * i64::try_from(step).unwrap_or(0);
    let end = begin + chooser.step;
    let (left, right) = (chooser.place(begin), chooser.place(end));
    let gap = (right - left) / 6.0;
    let height = move || {
        let totals = totals.read();
        let peak = totals.iter().copied().max().unwrap_or(0);
        axis::bar_height(totals.get(step).copied().unwrap_or(0), peak, PLOT - 8)
    };
    let is_chosen = move || {
        let span = chooser.span.get();
        begin < span.end && span.start < end
    };
    let address = format!(
        "{path}?start={}&end={}",
        moment(begin).format("%Y-%m-%dT%H:%M:%SZ"),
        moment(end).format("%Y-%m-%dT%H:%M:%SZ")
    );
    view! {
        <g class="chart-bar" class:chart-bar-chosen=is_chosen>
            <a href=address tabindex="-1">
                <rect
                    class="chart-hit"
                    x=format!("{left:.3}%")
                    y="0"
                    width=format!("{:.3}%", right - left)
                    height=PLOT
                />
                <rect
                    x=format!("{:.3}%", left + gap)
                    y=move || PLOT - height()
                    width=format!("{:.3}%", right - left - 2.0 * gap)
                    height=height
                />
            </a>
        </g>
    }
}

/// A line at midnight and the day's name, in two lengths for two widths.
fn day_mark(day: &Day, chooser: Chooser) -> impl IntoView + use<> {
    let at = format!("{:.3}%", chooser.place(day.start));
    let label = day.is_named.then(|| {
        let at = format!("{:.3}%", chooser.place(day.start) + 0.6);
        view! {
            <text class="chart-day chart-day-long" x=at.clone() y=PLOT + 16>
                {day.long.clone()}
            </text>
            <text class="chart-day chart-day-short" x=at y=PLOT + 16>
                {day.short.clone()}
            </text>
        }
    });
    view! {
        <g>
            <line class="chart-midnight" x1=at.clone() x2=at y1="0" y2=PICTURE - 6 />
            {label}
        </g>
    }
}

/// A slider at an edge of the window. What can be grabbed lies outside the window, so that the two
/// never cover each other.
fn handle(chooser: Chooser, edge: Edge) -> impl IntoView {
    let at = move || match edge {
        Edge::Start => chooser.span.get().start,
        Edge::End => chooser.span.get().end,
    };
    let (name, reach_from, grip_from) = match edge {
        Edge::Start => ("Start of the window", -22, -4),
        Edge::End => ("End of the window", 0, 0),
    };
    let zone = chooser.fields.zone;
    let text = move || {
        let zone = zone.get();
        format!(
            "{} {}",
            moment(at())
                .with_timezone(&zone)
                .format("%a %-d %b %Y %H:%M"),
            zone.name()
        )
    };
    let minutes = move || (at() - chooser.from) / 60;
    let by_key = move |event: ev::KeyboardEvent| {
        let span = chooser.span.get_untracked();
        let moved = chooser
            .reach()
            .by_key(span, edge, &event.key(), event.shift_key());
        if let Some(moved) = moved {
            event.prevent_default();
            chooser.choose(moved);
        }
    };
    view! {
        <svg class="needs-script" x=move || format!("{:.3}%", chooser.place(at())) overflow="visible">
            <g
                class="chart-handle"
                role="slider"
                tabindex="0"
                aria-label=name
                aria-valuemin="0"
                aria-valuemax=(chooser.to() - chooser.from) / 60
                aria-valuenow=minutes
                aria-valuetext=text
                on:keydown=by_key
                on:pointerdown=move |event| chooser.grab(&event, Drag::Edge(edge))
            >
                <rect class="chart-hit" x=reach_from y="0" width="22" height=PLOT />
                <rect class="chart-grip" x=grip_from y=PLOT / 2 - 14 width="4" height="28" rx="2" />
            </g>
        </svg>
    }
}

/// The same in figures: each day's volume and its busiest step.
#[component]
fn DayTable(
    start: DateTime<Utc>,
    step_seconds: i64,
    totals: Memo<Vec<u64>>,
    zone: RwSignal<Tz>,
) -> impl IntoView {
    let rows = move || {
        let zone = zone.get();
        axis::by_day(start, step_seconds, &totals.read(), zone)
            .into_iter()
            .map(|day| {
                let busiest = day.busiest.map_or_else(
                    || "–".to_owned(),
                    |at| {
                        let end = at + TimeDelta::seconds(step_seconds);
                        let time = |at: DateTime<Utc>| at.with_timezone(&zone).format("%H:%M");
                        format!("{} – {}", time(at), time(end))
                    },
                );
                view! {
                    <tr>
                        <th scope="row">{day.name}</th>
                        <td class="number">{format::rough_bytes(day.bytes)}</td>
                        <td>{busiest}</td>
                    </tr>
                }
            })
            .collect_view()
    };
    view! {
        <details class="chart-table">
            <summary>"Volume as a table"</summary>
            <table>
                <caption class="visually-hidden">"Log volume by day"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Day"</th>
                        <th scope="col" class="number">
                            "Logged, about"
                        </th>
                        <th scope="col">"Busiest"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </details>
    }
    .into_any()
}
