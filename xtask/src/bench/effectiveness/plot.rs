//! The figures as pictures: edges over time with the spread of the sessions, a picture
//! a target, and one of bugs over time.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::{
    BLACK, ChartBuilder, Color, DrawingArea, IntoDrawingArea, IntoLogRange, LineSeries,
    PathElement, Polygon, RGBColor, SVGBackend, WHITE,
};

use super::figures::{Both, Figures, Length, Target};
use super::statistics::median;
use crate::bench::fuzzer::Side;
use crate::paths;

const SIZE: (u32, u32) = (640, 360);
const SIDES: [(Side, RGBColor); 2] = [
    (Side::Tine, RGBColor(0, 90, 160)),
    (Side::Afl, RGBColor(200, 80, 0)),
];
/// Points along the time axis, which is logarithmic: most is found at the start.
const STEPS: u32 = 120;

/// A picture.
pub struct Plot {
    /// What it shows.
    pub title: String,
    /// The name of its file.
    pub file: String,
    svg: String,
}

/// Where pictures are kept for the documentation.
fn folder() -> PathBuf {
    paths::root().join("docs/benchmarks")
}

impl Plot {
    /// Keeps it for the documentation.
    pub fn write(&self) -> Result<()> {
        let folder = folder();
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let file = folder.join(&self.file);
        fs::write(&file, &self.svg).with_context(|| format!("cannot write {}", file.display()))
    }

    /// For a page in docs/.
    pub fn markdown(&self) -> String {
        format!("![{}](benchmarks/{})", self.title, self.file)
    }
}

/// All pictures of some figures.
pub fn all(figures: &Figures) -> Result<Vec<Plot>> {
    let name = figures.name();
    let mut plots = Vec::new();
    for target in &figures.targets {
        let lines = SIDES.map(|(side, _)| edges(target, side, figures.length));
        plots.push(draw(
            format!("{}: edges", target.name),
            format!("{name}-{}.svg", target.name),
            "edges",
            figures.length,
            &lines,
        )?);
    }
    if !figures.programs.is_empty() {
        let lines = SIDES.map(|(side, _)| bugs(figures, side));
        plots.push(draw(
            "planted bugs found".into(),
            format!("{name}-bugs.svg"),
            "bugs",
            figures.length,
            &lines,
        )?);
    }
    Ok(plots)
}

/// How something grows, over the sessions of one side.
struct Line {
    points: Vec<Point>,
}

struct Point {
    progress: f64,
    median: f64,
    least: f64,
    most: f64,
}

impl Line {
    /// `counts` gives the count of each session at some point of the progress.
    fn of(length: Length, counts: impl Fn(u64) -> Vec<f64>) -> Line {
        let points = steps(length).map(|progress| {
            let counts = counts(progress as u64);
            Point {
                progress,
                median: median(counts.iter().copied()).unwrap_or_default(),
                least: counts.iter().copied().fold(f64::INFINITY, f64::min),
                most: counts.iter().copied().fold(0.0, f64::max),
            }
        });
        Line {
            points: points.collect(),
        }
    }
}

fn edges(target: &Target, side: Side, length: Length) -> Line {
    Line::of(length, |progress| {
        let sessions = target.of(side).iter();
        sessions
            .map(|session| f64::from(session.edges_at(progress)))
            .collect()
    })
}

/// The first session on each program make up the first number, and so on.
fn bugs(figures: &Figures, side: Side) -> Line {
    Line::of(figures.length, |progress| {
        let found = |number: usize| {
            let hunts = figures
                .programs
                .iter()
                .filter_map(|p| p.of(side).get(number));
            let counts =
                hunts.map(|hunt| hunt.found.values().filter(|at| **at <= progress).count());
            counts.sum::<usize>() as f64
        };
        (0..figures.sessions).map(found).collect()
    })
}

/// Where the time axis begins.
fn start(length: Length) -> f64 {
    // Milliseconds or runs.
    100.0_f64.min(length.progress() as f64 / 10.0)
}

fn steps(length: Length) -> impl Iterator<Item = f64> {
    let (start, end) = (start(length), length.progress() as f64);
    (0..=STEPS).map(move |step| start * (end / start).powf(f64::from(step) / f64::from(STEPS)))
}

fn draw(title: String, file: String, what: &str, length: Length, lines: &[Line]) -> Result<Plot> {
    let mut svg = String::new();
    let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
    draw_on(&area, &title, what, length, lines)
        .map_err(|error| anyhow!("cannot draw `{title}`: {error}"))?;
    drop(area);
    if !svg.ends_with('\n') {
        svg.push('\n');
    }
    Ok(Plot { title, file, svg })
}

type Drawing<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn draw_on(
    area: &Drawing,
    title: &str,
    what: &str,
    length: Length,
    lines: &[Line],
) -> Result<(), Box<dyn std::error::Error>> {
    // Seconds or runs.
    let (unit, name) = match length {
        Length::Seconds(_) => (1000.0, "seconds"),
        Length::Runs(_) => (1.0, "runs"),
    };
    let points = || lines.iter().flat_map(|line| &line.points);
    let most = points().map(|point| point.most).fold(1.0, f64::max);
    let least = points().map(|point| point.least).fold(most, f64::min);
    // Edges of the seeds are no news.
    let bottom = if least > most / 2.0 {
        least - (most - least) * 0.1
    } else {
        0.0
    };
    let across = (start(length) / unit..length.progress() as f64 / unit).log_scale();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(across, bottom..most * 1.02)?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(BLACK.mix(0.12))
        .x_desc(name)
        .y_desc(what)
        .x_label_formatter(&|value| plain(*value))
        .y_label_formatter(&|value| format!("{value:.0}"))
        .draw()?;
    for (line, (side, color)) in lines.iter().zip(SIDES) {
        let at = |point: &Point, height: f64| (point.progress / unit, height);
        let upper = line.points.iter().map(|point| at(point, point.most));
        let lower = line.points.iter().rev().map(|point| at(point, point.least));
        let band: Vec<_> = upper.chain(lower).collect();
        chart.draw_series([Polygon::new(band, color.mix(0.18))])?;
        let middle = line.points.iter().map(|point| at(point, point.median));
        chart
            .draw_series(LineSeries::new(middle, color.stroke_width(2)))?
            .label(side.name())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(plotters::prelude::SeriesLabelPosition::UpperLeft)
        .background_style(WHITE)
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}

/// A number without zeros that say nothing.
fn plain(number: f64) -> String {
    match number {
        n if n >= 1e6 => format!("{} M", n / 1e6),
        n if n >= 1e4 => format!("{} k", n / 1e3),
        n => format!("{n}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, all, plain, steps};
    use crate::bench::effectiveness::figures::{Length, tests::example};

    #[test]
    fn a_line_is_the_median_between_the_least_and_the_most() {
        let line = Line::of(Length::Seconds(10), |progress| {
            let count = progress as f64;
            vec![count, count * 2.0, count * 5.0]
        });
        let last = line.points.last().expect("a point");
        assert!((last.progress - 10_000.0).abs() < 1.0, "{}", last.progress);
        assert!((last.median / last.least - 2.0).abs() < 1e-9);
        assert!((last.most / last.least - 5.0).abs() < 1e-9);
    }

    #[test]
    fn the_axis_runs_from_start_to_end() {
        let times: Vec<f64> = steps(Length::Seconds(60)).collect();
        assert!((times[0] - 100.0).abs() < 1e-6, "{}", times[0]);
        assert!((times[times.len() - 1] - 60_000.0).abs() < 1e-6);
        assert!(times.is_sorted());
    }

    #[test]
    fn a_picture_shows_both_fuzzers_and_is_the_same_each_time() {
        let plots = all(&example()).expect("pictures");
        let files: Vec<&str> = plots.iter().map(|plot| plot.file.as_str()).collect();
        assert_eq!(files, ["effectiveness-png.svg", "effectiveness-bugs.svg"]);
        for (plot, again) in plots.iter().zip(all(&example()).expect("pictures")) {
            assert!(plot.svg.starts_with("<svg"), "{}", plot.svg);
            for word in ["tine", "afl-fuzz", &plot.title, "seconds", "polygon"] {
                assert!(plot.svg.contains(word), "no {word} in {}", plot.file);
            }
            assert_eq!(plot.svg, again.svg);
        }
    }

    #[test]
    fn numbers_on_the_axis_are_short() {
        let shown = [0.1, 10.0, 1000.0, 100_000.0, 3_000_000.0].map(plain);
        assert_eq!(shown, ["0.1", "10", "1000", "100 k", "3 M"]);
    }
}
