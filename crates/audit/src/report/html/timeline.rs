//! When each contact was in contact, over the time of the capture; the judged window is shaded.

use maud::{Markup, html};

use super::picture::{label, party_class};
use crate::report::data::{Contact, Report};
use crate::report::words;

/// The most contacts drawn; the table lists more.
const ROWS_MAX: usize = 30;
const ROW_HEIGHT: f64 = 16.0;
const TOP: f64 = 22.0;
const PLOT_X: f64 = 200.0;
const PLOT_WIDTH: f64 = 555.0;
/// A contact of one packet is still seen.
const SPAN_WIDTH_MIN: f64 = 2.0;

/// Seconds from the capture's start to places in the plot.
struct Scale {
    seconds: f64,
}

impl Scale {
    /// The place of a moment; what lies outside of the capture stands at its edge.
    fn x(&self, seconds: f64) -> f64 {
        let share = seconds / self.seconds;
        PLOT_X + if share.is_finite() { share.clamp(0.0, 1.0) * PLOT_WIDTH } else { 0.0 }
    }
}

/// The time line; nothing where the capture has no length.
pub(super) fn figure(report: &Report) -> Markup {
    let seconds = report.coverage.seconds;
    if report.contacts.is_empty() || !seconds.is_finite() || seconds <= 0.0 {
        return html! {};
    }
    let scale = Scale { seconds };
    let drawn: Vec<(&Contact, f64)> = report
        .contacts
        .iter()
        .take(ROWS_MAX)
        .zip(0_u16..)
        .map(|(contact, row)| (contact, TOP + f64::from(row) * ROW_HEIGHT))
        .collect();
    let bottom = drawn.last().map_or(TOP, |(_, y)| y + ROW_HEIGHT) + 4.0;
    html! {
        figure {
            svg viewBox={ "0 0 760 " (bottom + 22.0) } role="img"
                aria-label="When each contact was in contact; the table of contacts has the first and last packet of each" {
                (window(report, &scale, bottom))
                (axis(&scale, bottom))
                @for (contact, y) in &drawn { (row(report, contact, *y, &scale)) }
            }
            figcaption {
                "When the stations were in contact with each, over the " (words::duration(seconds)) " of the capture"
                @if report.question.window.is_some() { "; the judged window is shaded" }
                ". Thick: packets. Thin: from the first to the last packet."
                @if drawn.len() < report.contacts.len() { " Drawn are the " (drawn.len()) " that were sent most." }
            }
        }
    }
}

fn window(report: &Report, scale: &Scale, bottom: f64) -> Markup {
    let (Some(window), Some(start)) = (&report.question.window, &report.coverage.first) else {
        return html! {};
    };
    let (Some(from), Some(to)) =
        (words::seconds_between(start, &window.from), words::seconds_between(start, &window.to))
    else {
        return html! {};
    };
    let (left, right) = (scale.x(from), scale.x(to));
    html! {
        rect.window x=(place(left)) y="4" width=(place((right - left).max(1.0))) height=(place(bottom - 4.0)) {}
        text.soft.middle x=(place(f64::midpoint(left, right).clamp(PLOT_X + 40.0, PLOT_X + PLOT_WIDTH - 40.0))) y="15" { "judged window" }
    }
}

fn axis(scale: &Scale, bottom: f64) -> Markup {
    let step = step(scale.seconds);
    let ticks: Vec<f64> =
        (0_u8..12).map(|tick| f64::from(tick) * step).take_while(|at| *at <= scale.seconds).collect();
    html! {
        line.axis x1=(PLOT_X) x2=(PLOT_X + PLOT_WIDTH) y1=(place(bottom)) y2=(place(bottom)) {}
        @for at in ticks {
            line.axis x1=(place(scale.x(at))) x2=(place(scale.x(at))) y1=(TOP) y2=(place(bottom + 4.0)) {}
            text class={ "soft " (anchor(scale.x(at))) } x=(place(scale.x(at))) y=(place(bottom + 15.0)) { (tick(at)) }
        }
    }
}

/// Which end of a text stands at its place, so that it stays in the figure.
fn anchor(x: f64) -> &'static str {
    if x < PLOT_X + 20.0 {
        "start"
    } else if x > PLOT_X + PLOT_WIDTH - 20.0 {
        "end"
    } else {
        "middle"
    }
}

fn row(report: &Report, contact: &Contact, y: f64, scale: &Scale) -> Markup {
    let class = party_class(contact);
    let start = report.coverage.first.as_deref().unwrap_or_default();
    let first = words::seconds_between(start, &contact.first);
    let last = words::seconds_between(start, &contact.last);
    html! {
        (label(contact, 0.0, y, PLOT_X - 6.0))
        @if let (Some(first), Some(last)) = (first, last) {
            (stretch(scale, first, last, y + 7.0, 2.0, &format!("{class} between")))
        }
        @for [from, to] in &contact.spans { (stretch(scale, *from, *to, y + 4.0, 8.0, class)) }
    }
}

fn stretch(scale: &Scale, from: f64, to: f64, y: f64, height: f64, class: &str) -> Markup {
    let left = scale.x(from).min(PLOT_X + PLOT_WIDTH - SPAN_WIDTH_MIN);
    let width = (scale.x(to) - left).max(SPAN_WIDTH_MIN);
    html! { rect class=(class) x=(place(left)) y=(y) width=(place(width)) height=(height) {} }
}

fn place(at: f64) -> String {
    format!("{at:.1}")
}

/// A round step that gives at most eleven ticks.
fn step(seconds: f64) -> f64 {
    let steps = [
        0.001, 0.01, 0.1, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0,
        21_600.0, 86_400.0,
    ];
    let step = steps.into_iter().find(|step| seconds / step <= 8.0);
    step.unwrap_or_else(|| 86_400.0 * (seconds / 86_400.0 / 8.0).ceil())
}

fn tick(seconds: f64) -> String {
    if seconds <= 0.0 {
        "0".to_owned()
    } else if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1000.0)
    } else if seconds < 60.0 {
        format!("{seconds:.0} s")
    } else if seconds < 3600.0 {
        format!("{:.1} min", seconds / 60.0).replace(".0", "")
    } else if seconds < 86_400.0 {
        format!("{:.1} h", seconds / 3600.0).replace(".0", "")
    } else {
        format!("{:.0} d", seconds / 86_400.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_few_and_round() {
        for seconds in [0.0005, 0.5, 7.0, 61.0, 700.0, 5000.0, 90_000.0, 4.0e6] {
            let ticks = seconds / step(seconds);
            assert!(ticks <= 8.0, "{seconds}: {ticks}");
        }
        assert_eq!(step(700.0), 120.0);
        assert_eq!(tick(5400.0), "1.5 h");
        assert_eq!(tick(120.0), "2 min");
        assert_eq!(tick(90.0), "1.5 min");
    }

    #[test]
    fn what_lies_outside_or_is_no_number_stays_in_the_plot() {
        let scale = Scale { seconds: 10.0 };
        assert_eq!(scale.x(5.0), PLOT_X + PLOT_WIDTH / 2.0);
        for wild in [-1.0, 11.0, f64::NAN, f64::INFINITY] {
            let x = scale.x(wild);
            assert!((PLOT_X..=PLOT_X + PLOT_WIDTH).contains(&x), "{wild}: {x}");
        }
    }
}
