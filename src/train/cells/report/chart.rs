//! The charts, as inline SVG: colours and type come from the page's style.

use maud::{Markup, html};

use crate::train::cells::metrics::CalibrationBin;

/// Size of a line chart in its own units, about one CSS pixel on a narrow screen.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 220.0;
/// The plot's place in the chart: numbers need room to the left and below.
const LEFT: f64 = 38.0;
const RIGHT: f64 = 350.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 192.0;

/// The most steps between grid lines.
const GRID: f64 = 5.0;
/// A line of so many epochs or more has no dot for each epoch.
const DOTS_BELOW: usize = 40;
/// The number of colours in the style; further lines take them again.
const COLOURS: usize = 6;

/// One line.
pub(super) struct Series {
    /// Its name in the legend.
    pub name: String,
    /// `(epoch, value)`, epochs ascending, values finite.
    pub points: Vec<(f64, f64)>,
}

/// The span of the vertical axis.
pub(super) enum Range {
    /// From 0 to 1.
    Unit,
    /// From the lowest to the highest value.
    Data,
}

/// Lines over epochs, with a legend.
pub(super) fn lines(title: &str, series: &[Series], range: Range) -> Markup {
    let points = || series.iter().flat_map(|series| &series.points);
    let last = points().map(|p| p.0).fold(1.0, f64::max);
    let (low, high) = match range {
        Range::Unit => (0.0, 1.0),
        Range::Data => spread(points().map(|p| p.1)),
    };
    let (step, decimals) = step(high - low);
    let (low, high) = ((low / step).floor() * step, (high / step).ceil() * step);
    let x = |epoch: f64| match last > 1.0 {
        true => LEFT + (RIGHT - LEFT) * (epoch - 1.0) / (last - 1.0),
        false => (LEFT + RIGHT) / 2.0,
    };
    let y = |value: f64| BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low);
    let (epochs, _) = self::step(last - 1.0);
    let epochs = epochs.max(1.0) as usize;
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(title) {
            @for k in 0..=((high - low) / step).round() as usize {
                @let value = low + k as f64 * step;
                line.grid x1=(LEFT) x2=(RIGHT) y1=(at(y(value))) y2=(at(y(value))) {}
                text.y x=(LEFT - 6.0) y=(at(y(value) + 4.0)) { (format!("{value:.decimals$}")) }
            }
            @for epoch in (1..=last as usize).filter(|&epoch| epoch == 1 || epoch % epochs == 0) {
                text.x x=(at(x(epoch as f64))) y=(BOTTOM + 18.0) { (epoch) }
            }
            @for (i, series) in series.iter().enumerate() {
                g class=(format!("line s{}", i % COLOURS)) {
                    polyline points=(path(series.points.iter().map(|&(e, v)| (x(e), y(v))))) {}
                    @if series.points.len() < DOTS_BELOW {
                        @for &(epoch, value) in &series.points {
                            circle cx=(at(x(epoch))) cy=(at(y(value))) r="2.5" {
                                title { (series.name) ", epoch " (epoch) ": " (format!("{value:.4}")) }
                            }
                        }
                    }
                }
            }
        }
        p.legend {
            @for (i, series) in series.iter().enumerate() {
                span class=(format!("s{}", i % COLOURS)) {
                    (series.name)
                    @if let Some((_, value)) = series.points.last() { " " b { (format!("{value:.3}")) } }
                }
            }
        }
    }
}

/// Side of the reliability diagram's square plot.
const SIDE: f64 = 260.0;
/// How far the largest bar at its foot reaches up, as a share of the side.
const BARS: f64 = 0.22;

/// A reliability diagram: share present against mean probability, and how many there are.
pub(super) fn reliability(bins: &[CalibrationBin]) -> Markup {
    let (left, top) = (LEFT, TOP);
    let x = |share: f64| left + SIDE * share;
    let y = |share: f64| top + SIDE * (1.0 - share);
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0).max(1) as f64;
    let filled = || bins.iter().filter(|bin| bin.count > 0);
    let points = filled().map(|bin| (x(bin.mean_probability), y(bin.share_present)));
    html! {
        svg viewBox=(format!("0 0 {} {}", left + SIDE + 12.0, top + SIDE + 42.0)) role="img"
            aria-label="Reliability diagram" {
            @for k in 0..=4 {
                @let share = f64::from(k) / 4.0;
                line.grid x1=(at(x(0.0))) x2=(at(x(1.0))) y1=(at(y(share))) y2=(at(y(share))) {}
                text.y x=(left - 6.0) y=(at(y(share) + 4.0)) { (share) }
                text.x x=(at(x(share))) y=(at(y(0.0) + 18.0)) { (share) }
            }
            @for (k, bin) in bins.iter().enumerate() {
                @let height = BARS * bin.count as f64 / most;
                @let width = 1.0 / bins.len() as f64;
                rect.count x=(at(x(k as f64 * width) + 1.0)) y=(at(y(height)))
                    width=(at(SIDE * width - 2.0)) height=(at(SIDE * height)) {}
            }
            line.diagonal x1=(at(x(0.0))) y1=(at(y(0.0))) x2=(at(x(1.0))) y2=(at(y(1.0))) {}
            g.line.s0 {
                polyline points=(path(points)) {}
                @for bin in filled() {
                    circle cx=(at(x(bin.mean_probability))) cy=(at(y(bin.share_present))) r="3.5" {
                        title {
                            (bin.count) " probabilities, mean " (format!("{:.3}", bin.mean_probability))
                            ", present in " (format!("{:.3}", bin.share_present))
                        }
                    }
                }
            }
            text.x x=(at(x(0.5))) y=(at(y(0.0) + 36.0)) { "mean probability" }
        }
    }
}

/// Lowest and highest value, a little apart where they are the same; 0 to 1 for none.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    match (low.is_finite(), high - low > 1e-9) {
        (false, _) => (0.0, 1.0),
        (true, false) => (low - 0.05, high + 0.05),
        (true, true) => (low, high),
    }
}

/// A step of 1, 2 or 5 times a power of ten that cuts `span` into few parts, and the decimals
/// that its multiples need.
fn step(span: f64) -> (f64, usize) {
    let rough = (span / GRID).max(1e-9);
    let power = rough.log10().floor();
    let ten = 10f64.powf(power);
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|digit| digit * ten)
        .into_iter()
        .find(|step| *step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * ten);
    (step, (-step.log10().floor()).max(0.0) as usize)
}

fn path(points: impl Iterator<Item = (f64, f64)>) -> String {
    let points: Vec<String> = points
        .map(|(x, y)| format!("{},{}", at(x), at(y)))
        .collect();
    points.join(" ")
}

/// A place in a chart: a tenth of a unit is finer than any screen shows.
fn at(place: f64) -> String {
    format!("{place:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grid_lines_fall_on_round_numbers() {
        assert_eq!(step(1.0), (0.2, 1));
        assert_eq!(step(0.43).1, 1);
        assert!((step(0.043).0 - 0.01).abs() < 1e-12 && step(0.043).1 == 2);
        assert_eq!(step(29.0), (10.0, 0));
        assert_eq!(spread([0.4, 0.4].into_iter()), (0.35000000000000003, 0.45));
        assert_eq!(spread(std::iter::empty()), (0.0, 1.0));
    }

    #[test]
    fn a_diverged_or_single_epoch_still_makes_a_chart() {
        let series = |points| Series {
            name: "a".into(),
            points,
        };
        for points in [vec![], vec![(1.0, 0.5)], vec![(1.0, 1e9), (2.0, -1e9)]] {
            let svg = lines("title", &[series(points)], Range::Data).into_string();
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
