//! The rules by which the window is chosen on the chart, whether by mouse, touch or keys.

use domain::window::Edge;

/// What the chart can choose between: times are whole steps.
pub const STEP: i64 = 15 * 60;
/// Of a key with Shift, and of the page keys.
pub const LARGE_STEP: i64 = 3600;

/// Start and end, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub start: i64,
    pub end: i64,
}

/// What may be chosen, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    pub first: i64,
    pub last: i64,
    pub longest: i64,
}

impl Reach {
    /// Moves one edge. The other one gives way where the window would become empty or too long.
    #[must_use]
    pub fn moved(self, span: Span, edge: Edge, to: i64) -> Span {
        let shortest = STEP.min(self.longest).min(self.last - self.first).max(1);
        match edge {
            Edge::Start => {
                let start = to.min(self.last - shortest).max(self.first);
                let end = span
                    .end
                    .clamp(start + shortest, start + self.longest.max(shortest));
                Span {
                    start,
                    end: end.min(self.last),
                }
            }
            Edge::End => {
                let end = to.max(self.first + shortest).min(self.last);
                let start = span
                    .start
                    .clamp(end - self.longest.max(shortest), end - shortest);
                Span {
                    start: start.max(self.first),
                    end,
                }
            }
        }
    }

    /// The window between where a drag began and where it is.
    #[must_use]
    pub fn drawn(self, from: i64, to: i64) -> Span {
        let (edge, at) = if to < from {
            (
                Edge::Start,
                Span {
                    start: to,
                    end: from,
                },
            )
        } else {
            (
                Edge::End,
                Span {
                    start: from,
                    end: to,
                },
            )
        };
        // the edge that was put down stays, the one that is drawn stops at the limit
        match edge {
            Edge::Start => self.moved(at, Edge::Start, to.max(from - self.longest)),
            Edge::End => self.moved(at, Edge::End, to.min(from + self.longest)),
        }
    }

    /// Where a key takes an edge, if it is one that does.
    #[must_use]
    pub fn by_key(self, span: Span, edge: Edge, key: &str, shift: bool) -> Option<Span> {
        let at = match edge {
            Edge::Start => span.start,
            Edge::End => span.end,
        };
        let step = if shift { LARGE_STEP } else { STEP };
        let to = match key {
            "ArrowLeft" | "ArrowDown" => before(at, step),
            "ArrowRight" | "ArrowUp" => after(at, step),
            "PageDown" => before(at, LARGE_STEP),
            "PageUp" => after(at, LARGE_STEP),
            "Home" => self.first,
            "End" => self.last,
            _ => return None,
        };
        Some(self.moved(span, edge, to))
    }
}

/// The nearest step.
#[must_use]
pub const fn snapped(at: i64) -> i64 {
    (at + STEP / 2).div_euclid(STEP) * STEP
}

/// A step back, to where steps lie.
const fn before(at: i64, step: i64) -> i64 {
    (at - step + STEP - 1).div_euclid(STEP) * STEP
}

/// A step on, to where steps lie.
const fn after(at: i64, step: i64) -> i64 {
    (at + step).div_euclid(STEP) * STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;
    const REACH: Reach = Reach {
        first: 0,
        last: 168 * HOUR,
        longest: 4 * HOUR,
    };

    fn span(start: i64, end: i64) -> Span {
        Span { start, end }
    }

    #[test]
    fn an_edge_pushes_the_other_one_where_it_must() {
        let window = span(10 * HOUR, 12 * HOUR);
        assert_eq!(
            REACH.moved(window, Edge::Start, 9 * HOUR),
            span(9 * HOUR, 12 * HOUR)
        );
        assert_eq!(
            REACH.moved(window, Edge::Start, 5 * HOUR),
            span(5 * HOUR, 9 * HOUR)
        );
        assert_eq!(
            REACH.moved(window, Edge::Start, 13 * HOUR),
            span(13 * HOUR, 13 * HOUR + STEP)
        );
        assert_eq!(
            REACH.moved(window, Edge::End, 20 * HOUR),
            span(16 * HOUR, 20 * HOUR)
        );
        assert_eq!(
            REACH.moved(window, Edge::End, 8 * HOUR),
            span(8 * HOUR - STEP, 8 * HOUR)
        );
    }

    #[test]
    fn nothing_leaves_the_reach() {
        for edge in [Edge::Start, Edge::End] {
            for to in [-HOUR, 0, HOUR, 167 * HOUR, 168 * HOUR, 200 * HOUR] {
                let moved = REACH.moved(span(10 * HOUR, 12 * HOUR), edge, to);
                assert!(
                    moved.start >= REACH.first && moved.end <= REACH.last,
                    "{moved:?}"
                );
                assert!(moved.start < moved.end, "{moved:?}");
                assert!(moved.end - moved.start <= REACH.longest, "{moved:?}");
            }
        }
    }

    #[test]
    fn a_drag_stops_at_the_longest_window() {
        assert_eq!(
            REACH.drawn(10 * HOUR, 12 * HOUR),
            span(10 * HOUR, 12 * HOUR)
        );
        assert_eq!(
            REACH.drawn(10 * HOUR, 30 * HOUR),
            span(10 * HOUR, 14 * HOUR)
        );
        assert_eq!(REACH.drawn(10 * HOUR, 2 * HOUR), span(6 * HOUR, 10 * HOUR));
    }

    #[test]
    fn keys_move_by_steps_and_to_the_ends() {
        let window = span(10 * HOUR + 60, 12 * HOUR);
        let by = |edge, key, shift| REACH.by_key(window, edge, key, shift);
        assert_eq!(
            by(Edge::Start, "ArrowRight", false),
            Some(span(10 * HOUR + STEP, 12 * HOUR))
        );
        assert_eq!(
            by(Edge::Start, "ArrowLeft", false),
            Some(span(10 * HOUR, 12 * HOUR))
        );
        assert_eq!(
            by(Edge::End, "ArrowRight", true),
            Some(span(10 * HOUR + 60, 13 * HOUR))
        );
        assert_eq!(
            by(Edge::End, "End", false),
            Some(span(164 * HOUR, 168 * HOUR))
        );
        assert_eq!(by(Edge::Start, "Home", false), Some(span(0, 4 * HOUR)));
        assert_eq!(by(Edge::Start, "Tab", false), None);
    }
}
