//! The plot: small charts with a logarithmic horizontal axis, drawn as SVG by hand.
#![expect(
    clippy::disallowed_types,
    clippy::float_arithmetic,
    reason = "places on a picture are no money"
)]

/// A line of a chart: its name, and its points from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(u32, u32)>,
}

/// A chart.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    pub(crate) title: &'static str,
    /// What is on the axes.
    pub(crate) across: &'static str,
    pub(crate) up: &'static str,
    /// Whether the vertical axis is logarithmic too.
    pub(crate) steep: bool,
    pub(crate) lines: Vec<Line>,
}

const WIDTH: f64 = 460.0;
const HEIGHT: f64 = 340.0;
/// Room for the labels around a chart.
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 48.0;
/// Of lines, by their place; told apart without colours by their marks.
const COLOURS: [&str; 4] = ["#1b6ca8", "#c8553d", "#588157", "#6d597a"];

/// The charts side by side.
pub(crate) fn svg(charts: &[Chart]) -> String {
    let mut text = Vec::new();
    let count = u32::try_from(charts.len()).unwrap_or(1);
    let width = WIDTH * f64::from(count);
    push(
        &mut text,
        format_args!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {HEIGHT:.0}\" \
             width=\"{width:.0}\" height=\"{HEIGHT:.0}\" font-family=\"sans-serif\" \
             font-size=\"12\" fill=\"#222\">"
        ),
    );
    push(&mut text, format_args!("<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"));
    for (place, chart) in (0_u32..).zip(charts) {
        push(
            &mut text,
            format_args!("<g transform=\"translate({:.0} 0)\">", WIDTH * f64::from(place)),
        );
        draw(&mut text, chart);
        push(&mut text, format_args!("</g>"));
    }
    text.push("</svg>\n".to_owned());
    text.join("\n")
}

fn push(text: &mut Vec<String>, line: std::fmt::Arguments<'_>) {
    text.push(line.to_string());
}

/// From a chart's numbers to places on it.
struct Scale {
    across: (f64, f64),
    up: (f64, f64),
    steep: bool,
}

impl Scale {
    fn of(chart: &Chart) -> Self {
        let points = || chart.lines.iter().flat_map(|line| line.points.iter());
        let least = |numbers: &mut dyn Iterator<Item = u32>| numbers.min().unwrap_or(1).max(1);
        let across = (
            f64::from(least(&mut points().map(|point| point.0))).ln(),
            f64::from(points().map(|point| point.0).max().unwrap_or(10)).max(2.0).ln(),
        );
        let most = f64::from(points().map(|point| point.1).max().unwrap_or(1)).max(1.0);
        let up = if chart.steep {
            let least = f64::from(least(&mut points().map(|point| point.1)));
            (least.log10().floor(), most.log10().ceil())
        } else {
            (0.0, most * 1.08)
        };
        Self { across, up, steep: chart.steep }
    }

    fn x(&self, value: u32) -> f64 {
        LEFT + part(f64::from(value).max(1.0).ln(), self.across) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        let place = if self.steep { value.max(1.0).log10() } else { value };
        HEIGHT - BOTTOM - part(place, self.up) * (HEIGHT - TOP - BOTTOM)
    }

    /// Where the vertical axis has its lines: powers of ten, or four to eight round numbers.
    fn ticks(&self) -> Vec<f64> {
        if self.steep {
            let powers =
                (0..10).map(f64::from).filter(|&power| power >= self.up.0 && power <= self.up.1);
            return powers.map(|power| 10_f64.powf(power)).collect();
        }
        let rough = self.up.1 / 5.0;
        let power = 10_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * power).find(|&step| step >= rough);
        let step = step.unwrap_or(power * 10.0).max(1.0);
        (0..12).map(|number| f64::from(number) * step).filter(|&tick| tick <= self.up.1).collect()
    }
}

/// How far a value lies from the one end to the other.
fn part(value: f64, (from, to): (f64, f64)) -> f64 {
    if to > from { (value - from) / (to - from) } else { 0.5 }
}

fn draw(text: &mut Vec<String>, chart: &Chart) {
    let scale = Scale::of(chart);
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let Chart { title, across, up, .. } = chart;
    push(
        text,
        format_args!(
            "<text x=\"{LEFT:.0}\" y=\"22\" font-size=\"14\" font-weight=\"bold\">{title}</text>"
        ),
    );
    for tick in scale.ticks() {
        let y = scale.y(tick);
        push(text, format_args!("<path d=\"M{LEFT:.0} {y:.1}H{right:.0}\" stroke=\"#e3e3e3\"/>"));
        let label = short(tick);
        push(
            text,
            format_args!(
                "<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 8.0,
                y + 4.0
            ),
        );
    }
    let mut values =
        chart.lines.iter().flat_map(|line| &line.points).map(|point| point.0).collect::<Vec<_>>();
    values.sort_unstable();
    values.dedup();
    for value in values {
        let x = scale.x(value);
        push(text, format_args!("<path d=\"M{x:.1} {bottom:.0}v5\" stroke=\"#444\"/>"));
        let label = short(value.into());
        push(
            text,
            format_args!(
                "<text x=\"{x:.1}\" y=\"{:.0}\" text-anchor=\"middle\">{label}</text>",
                bottom + 19.0
            ),
        );
    }
    push(
        text,
        format_args!(
            "<path d=\"M{LEFT:.0} {TOP:.0}V{bottom:.0}H{right:.0}\" fill=\"none\" stroke=\"#444\"/>"
        ),
    );
    push(
        text,
        format_args!(
            "<text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{across}</text>",
            f64::midpoint(LEFT, right),
            HEIGHT - 10.0
        ),
    );
    push(
        text,
        format_args!(
            "<text transform=\"translate(14 {:.0}) rotate(-90)\" text-anchor=\"middle\">{up}</text>",
            f64::midpoint(TOP, bottom)
        ),
    );
    for (place, line) in (0_u32..).zip(&chart.lines) {
        draw_line(text, &scale, (place, line));
    }
}

/// A line with its marks, and its place in the legend above the chart.
fn draw_line(text: &mut Vec<String>, scale: &Scale, (place, line): (u32, &Line)) {
    let colour = COLOURS.get(usize::try_from(place).unwrap_or(0)).copied().unwrap_or("#000");
    let points =
        line.points.iter().map(|&(x, y)| (scale.x(x), scale.y(y.into()))).collect::<Vec<_>>();
    let parts = points
        .iter()
        .enumerate()
        .map(|(number, (x, y))| format!("{}{x:.1} {y:.1}", if number == 0 { "M" } else { "L" }));
    let path = parts.collect::<Vec<_>>().concat();
    push(
        text,
        format_args!("<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"),
    );
    for (x, y) in points {
        mark(text, place, colour, (x, y));
    }
    let x = LEFT + 6.0 + 130.0 * f64::from(place);
    mark(text, place, colour, (x, 42.0));
    push(text, format_args!("<text x=\"{:.0}\" y=\"46\">{}</text>", x + 10.0, line.name));
}

/// A circle, a square, a diamond, a triangle.
fn mark(text: &mut Vec<String>, place: u32, colour: &str, (x, y): (f64, f64)) {
    let shape = match place {
        0 => {
            return push(
                text,
                format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>"),
            );
        }
        1 => "m-4 -4h8v8h-8z",
        2 => "m0 -5l5 5l-5 5l-5 -5z",
        _ => "m0 -5l5 9h-10z",
    };
    push(text, format_args!("<path d=\"M{x:.1} {y:.1}{shape}\" fill=\"{colour}\"/>"));
}

/// `16`, `20k`, `1M`, `15.6M`.
fn short(value: f64) -> String {
    let (number, unit) = match value {
        1e6.. => (value / 1e6, "M"),
        1e3.. => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let text = format!("{number:.1}");
    format!("{}{unit}", text.strip_suffix(".0").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(steep: bool) -> Chart {
        Chart {
            title: "Throughput",
            across: "connections",
            up: "a second",
            steep,
            lines: vec![
                Line { name: "SQLite", points: vec![(1, 2_000), (16, 9_000), (256, 16_000)] },
                Line { name: "PostgreSQL", points: vec![(1, 1_500), (256, 20_000)] },
            ],
        }
    }

    fn near(found: f64, wanted: f64) -> bool {
        (found - wanted).abs() < 0.01
    }

    #[test]
    fn the_horizontal_axis_is_logarithmic() {
        let scale = Scale::of(&chart(false));
        assert!(near(scale.x(1), LEFT) && near(scale.x(256), WIDTH - RIGHT));
        // 16 is halfway from 1 to 256.
        assert!(near(scale.x(16), f64::midpoint(LEFT, WIDTH - RIGHT)));
    }

    #[test]
    fn the_vertical_axis_starts_at_zero_or_goes_by_powers_of_ten() {
        let scale = Scale::of(&chart(false));
        assert!(near(scale.y(0.0), HEIGHT - BOTTOM) && scale.y(20_000.0) > TOP);
        assert_eq!(scale.ticks(), [0.0, 5_000.0, 10_000.0, 15_000.0, 20_000.0]);
        let scale = Scale::of(&chart(true));
        assert_eq!(scale.ticks(), [1_000.0, 10_000.0, 100_000.0]);
        assert!(near(scale.y(1_000.0), HEIGHT - BOTTOM) && near(scale.y(100_000.0), TOP));
    }

    #[test]
    fn a_picture_names_its_axes_and_lines_and_stays_inside() {
        let text = svg(&[chart(false), chart(true)]);
        for name in
            ["Throughput", "connections", "a second", "SQLite", "PostgreSQL", ">256<", ">10k<"]
        {
            assert!(text.contains(name), "{name}");
        }
        assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
        assert_eq!(text.matches("<g ").count(), text.matches("</g>").count());
        assert!(!text.contains("NaN") && !text.contains("inf"));
    }

    #[test]
    fn a_chart_without_points_or_with_one_is_drawn_too() {
        let mut one = chart(false);
        one.lines = vec![Line { name: "one", points: vec![(64, 5)] }];
        let none = Chart { lines: Vec::new(), ..chart(true) };
        let text = svg(&[one, none]);
        assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    }

    #[test]
    fn numbers_are_short() {
        let shown = [1.0, 256.0, 20_000.0, 1_500.0, 15_600_000.0].map(short);
        assert_eq!(shown, ["1", "256", "20k", "1.5k", "15.6M"]);
    }
}
