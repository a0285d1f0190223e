//! A released table as bars, drawn on the server: no script, no inline style, patterns beside colours. The table is its text form.
//!
//! Read [`Chart::of`] first (what is drawn), then [`view`] (how). Lengths are units of the view box; the style sheet scales it.

use maud::{Markup, html};

use super::{
    lang::Lang,
    select::Part,
    table::{Cell, Row, Table},
};

/// Most bars of one chart: more cannot be told apart on a telephone.
const BARS_MAX: usize = 60;

/// Most series of one chart: as many patterns as there are.
const SERIES_MAX: usize = 6;

/// Most bars that stand upright: more have no room for their labels.
const UPRIGHT_MAX: usize = 12;

/// Width of the view box, also the narrowest screen: letters keep their size there.
const WIDTH: f64 = 360.0;

/// Widths of one letter at the chart's letter size.
const NARROW: f64 = 6.5;
const WIDE: f64 = 11.5;

/// Length of the mark of a masked value: it has no length of its own.
const MASK_LENGTH: f64 = 22.0;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
struct Bar {
    series: usize,
    /// `None` for `<k`.
    value: Option<f64>,
    /// As the table prints it.
    text: String,
}

/// Bars with one label on the axis.
#[derive(Debug, Clone, PartialEq)]
struct Group {
    label: String,
    bars: Vec<Bar>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    /// Tells the ids of several charts on one page apart.
    number: usize,
    measure: String,
    axis: String,
    groups: Vec<Group>,
    /// Values of the second key; empty when there is none.
    series: Vec<String>,
    /// Name of the second key.
    series_key: String,
    /// Rows that found no room.
    left_out: usize,
}

/// How the table's keys are laid out: on the axis, and (where there is one) as series.
struct Layout {
    axis: Vec<usize>,
    series: Option<usize>,
}

impl Chart {
    /// One chart for each number of the table; none when there is nothing to compare.
    pub(super) fn all(table: &Table) -> Vec<Self> {
        table.columns(Part::Number).into_iter().enumerate().filter_map(|(n, column)| Self::of(table, n, column)).collect()
    }

    fn of(table: &Table, number: usize, column: usize) -> Option<Self> {
        let layout = layout(table)?;
        let series = layout.series.map(|key| distinct(table, key)).unwrap_or_default();
        let mut groups: Vec<Group> = Vec::new();
        let mut bars = 0;
        for row in &table.rows {
            if bars == BARS_MAX {
                break;
            }
            let label = layout.axis.iter().map(|key| text(row, *key)).collect::<Vec<_>>().join(" / ");
            let of_series = layout.series.and_then(|key| series.iter().position(|s| s == text(row, key))).unwrap_or(0);
            let bar = bar(row, column, of_series)?;
            bars += 1;
            match groups.iter_mut().find(|g| g.label == label) {
                Some(group) => group.bars.push(bar),
                None => groups.push(Group { label, bars: vec![bar] }),
            }
        }
        let title = |key: &usize| table.titles.get(*key).cloned().unwrap_or_default();
        let axis = layout.axis.iter().chain(&layout.series).map(title).collect::<Vec<_>>().join(" / ");
        let (measure, series_key) = (title(&column), layout.series.as_ref().map(title).unwrap_or_default());
        Some(Self { number, measure, axis, groups, series, series_key, left_out: table.rows.len() - bars })
    }

    fn bars(&self) -> impl Iterator<Item = (&Group, &Bar)> {
        self.groups.iter().flat_map(|g| g.bars.iter().map(move |b| (g, b)))
    }

    /// Smallest and largest end of a bar; nought is always on the scale.
    fn span(&self) -> (f64, f64) {
        let (lo, hi) = self.bars().filter_map(|(_, b)| b.value).fold((0.0_f64, 0.0_f64), |(lo, hi), v| (lo.min(v), hi.max(v)));
        if hi > lo { (lo, hi) } else { (0.0, 1.0) }
    }

    fn upright(&self) -> bool {
        let count = self.bars().count();
        let slot = (WIDTH - 8.0) / count.max(1) as f64;
        let group = (WIDTH - 8.0) / self.groups.len().max(1) as f64;
        let values_fit = self.bars().all(|(_, b)| width(&b.text) <= slot && b.value.is_none_or(|v| v >= 0.0));
        count <= UPRIGHT_MAX && values_fit && self.groups.iter().all(|g| width(&g.label) <= group)
    }

    /// The picture in one sentence, for those who do not see it.
    fn described(&self, lang: Lang) -> String {
        let masked = self.bars().filter(|(_, b)| b.value.is_none()).count();
        let highest = self.bars().filter_map(|(g, b)| Some((b.value?, g, b))).max_by(|a, b| a.0.total_cmp(&b.0));
        let highest = highest.map(|(_, g, b)| (self.named(g, b), b.text.clone())).unwrap_or_default();
        let (bars, (name, text)) = (self.bars().count(), highest);
        match lang {
            Lang::Ja => format!("棒{bars}本。最大は「{name}」の{text}。<k は{masked}件。同じ内容が表にあります。"),
            Lang::En => format!("{bars} bars. The highest is {name} with {text}. {masked} are <k. The table says the same."),
        }
    }

    /// A bar's full name: label and, where there is one, series.
    fn named(&self, group: &Group, bar: &Bar) -> String {
        match self.series.get(bar.series) {
            Some(series) => format!("{} / {series}", group.label),
            None => group.label.clone(),
        }
    }
}

/// `None` where bars would say nothing: no key, or a single row.
fn layout(table: &Table) -> Option<Layout> {
    let keys = table.columns(Part::Key);
    if table.rows.len() < 2 {
        return None;
    }
    let few = |key: &usize| distinct(table, *key).len() <= SERIES_MAX;
    match keys.as_slice() {
        [] => None,
        [first, second] if few(second) => Some(Layout { axis: vec![*first], series: Some(*second) }),
        [first, second] if few(first) => Some(Layout { axis: vec![*second], series: Some(*first) }),
        all => Some(Layout { axis: all.to_vec(), series: None }),
    }
}

/// Values of a key in the order of the table.
fn distinct(table: &Table, key: usize) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for row in &table.rows {
        let value = text(row, key);
        if !values.iter().any(|v| v == value) {
            values.push(value.to_owned());
        }
    }
    values
}

fn text(row: &Row, column: usize) -> &str {
    row.cells.get(column).map(Cell::text).unwrap_or_default()
}

/// `None` when the cell is no number after all: then there is no chart.
fn bar(row: &Row, column: usize, series: usize) -> Option<Bar> {
    let value = match row.cells.get(column)? {
        Cell::Masked => None,
        Cell::Text(text) => Some(text.parse::<f64>().ok().filter(|v| v.is_finite())?),
    };
    Some(Bar { series, value, text: text(row, column).to_owned() })
}

/// About how wide a text is: letters beyond Latin count as wide.
fn width(text: &str) -> f64 {
    text.chars().map(|c| if u32::from(c) < 0x300 { NARROW } else { WIDE }).sum()
}

/// The beginning of `text` that fits, with an ellipsis where something was left out.
pub(super) fn fitted(text: &str, room: f64) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let mut fitted = String::new();
    for letter in text.chars() {
        if width(&fitted) + width(letter.encode_utf8(&mut [0; 4])) > room - WIDE {
            break;
        }
        fitted.push(letter);
    }
    fitted.push('\u{2026}');
    fitted
}

/// The chart as a figure.
pub(super) fn view(lang: Lang, chart: &Chart) -> Markup {
    let (title, id) = (format!("{} – {}", chart.measure, chart.axis), format!("chart-{}", chart.number));
    let legend = if chart.series.is_empty() { 0.0 } else { 18.0 * chart.series.len() as f64 + 8.0 };
    let (height, marks) = if chart.upright() { upright(chart, legend) } else { lying(chart, legend) };
    html! {
        figure.chart {
            figcaption { code { (chart.measure) } " – " code { (chart.axis) } }
            svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-labelledby={ (id) "-title " (id) "-desc" } focusable="false" {
                title id={ (id) "-title" } { (title) }
                desc id={ (id) "-desc" } { (chart.described(lang)) }
                (patterns(&id))
                @for (index, name) in chart.series.iter().enumerate() {
                    (swatch(&id, index, 4.0 + 18.0 * index as f64))
                    text.tick x="24" y=(15.0 + 18.0 * index as f64) unicode-bidi="isolate" { (fitted(&format!("{} = {name}", chart.series_key), WIDTH - 32.0)) }
                }
                (marks)
            }
            @if chart.left_out > 0 {
                p.note {
                    (lang.say("図に入りきらない行があります（表には全部あります）：", "Rows that the chart has no room for (the table has them all): "))
                    (chart.left_out)
                }
            }
        }
    }
}

/// One pattern a series, and the hatching of what is masked.
fn patterns(id: &str) -> Markup {
    let lines = ["", "M0 6 L6 0", "M0 3 H6", "M3 0 V6", "M0 0 L6 6", "M0 3 H6 M3 0 V6"];
    html! {
        defs {
            @for (index, path) in lines.iter().enumerate() {
                pattern id={ (id) "-s" (index) } width="6" height="6" patternUnits="userSpaceOnUse" {
                    rect class={ "series series-" (index) } width="6" height="6" {}
                    @if !path.is_empty() { path.stroke d=(path) {} }
                }
            }
            pattern id={ (id) "-mask" } width="5" height="5" patternUnits="userSpaceOnUse" { path.hatch d="M0 5 L5 0" {} }
        }
    }
}

fn swatch(id: &str, index: usize, y: f64) -> Markup {
    html! { rect.bar x="4" y=(y) width="14" height="12" fill={ "url(#" (id) "-s" (index) ")" } {} }
}

/// One bar with its value and its name for the pointer.
fn mark(chart: &Chart, group: &Group, bar: &Bar, place: [f64; 4], label: (f64, f64), anchor: &str) -> Markup {
    let [x, y, width, height] = place;
    let fill = if bar.value.is_some() { format!("s{}", bar.series.min(SERIES_MAX - 1)) } else { "mask".to_owned() };
    html! {
        g {
            title { (chart.named(group, bar)) ": " (bar.text) }
            rect.bar.masked[bar.value.is_none()] x=(x) y=(y) width=(width) height=(height) fill={ "url(#chart-" (chart.number) "-" (fill) ")" } {}
            text.value x=(label.0) y=(label.1) text-anchor=(anchor) { (bar.text) }
        }
    }
}

/// Lying bars, one below the other: room for long labels.
fn lying(chart: &Chart, top: f64) -> (f64, Markup) {
    const LABELS: f64 = 96.0;
    const ROW: f64 = 18.0;
    const GAP: f64 = 8.0;
    let longest = chart.bars().map(|(_, b)| width(&b.text)).fold(0.0, f64::max).min(120.0);
    let (lo, hi) = chart.span();
    let room = WIDTH - LABELS - longest - 16.0;
    let at = |value: f64| round(LABELS + 4.0 + (value - lo) / (hi - lo) * room);
    let mut y = top + 4.0;
    let marks = html! {
        @for group in &chart.groups {
            @let height = ROW * group.bars.len() as f64;
            text.tick x=(LABELS) y=(y + height / 2.0 + 4.0) text-anchor="end" unicode-bidi="isolate" { (fitted(&group.label, LABELS - 4.0)) }
            @for (index, bar) in group.bars.iter().enumerate() {
                @let (row, from) = (y + ROW * index as f64, at(0.0));
                @let (start, end) = bar.value.map_or((from, from + MASK_LENGTH), |v| (from.min(at(v)), from.max(at(v))));
                (mark(chart, group, bar, [start, row + 2.0, round((end - start).max(1.0)), ROW - 4.0], (end + 4.0, row + 13.0), "start"))
            }
            (step(&mut y, height + GAP))
        }
        line.axis x1=(at(0.0)) y1=(top) x2=(at(0.0)) y2=(y) {}
    };
    (y + 4.0, marks)
}

/// Standing bars, for few bars with short labels.
fn upright(chart: &Chart, top: f64) -> (f64, Markup) {
    const PLOT: f64 = 150.0;
    let (base, (_, hi)) = (top + PLOT + 18.0, chart.span());
    let slot = (WIDTH - 8.0) / chart.bars().count().max(1) as f64;
    let mut x = 4.0;
    let marks = html! {
        @for group in &chart.groups {
            @let span = slot * group.bars.len() as f64;
            text.tick x=(round(x + span / 2.0)) y=(base + 16.0) text-anchor="middle" unicode-bidi="isolate" { (group.label) }
            @for (index, bar) in group.bars.iter().enumerate() {
                @let (left, height) = (x + slot * index as f64, bar.value.map_or(MASK_LENGTH, |v| v / hi * PLOT).max(1.0));
                @let (thick, middle) = ((slot * 0.7).min(44.0), left + slot / 2.0);
                @let place = [round(middle - thick / 2.0), round(base - height), round(thick), round(height)];
                (mark(chart, group, bar, place, (round(middle), round(base - height - 4.0)), "middle"))
            }
            (step(&mut x, span))
        }
        line.axis x1="4" y1=(base) x2=(WIDTH - 4.0) y2=(base) {}
    };
    (base + 24.0, marks)
}

/// Moves on and draws nothing.
fn step(at: &mut f64, by: f64) -> Markup {
    *at += by;
    html! {}
}

/// Tenths are finer than a screen's dots.
pub(super) fn round(length: f64) -> f64 {
    (length * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(csv: &str, keys: usize) -> Table {
        let titles = csv.lines().next().unwrap().split(',').count() - 1;
        let items: Vec<&str> = (0..titles).map(|i| if i < keys { "k" } else { "sum(x)" }).collect();
        Table::read(csv.as_bytes(), &format!("SELECT {} FROM t", items.join(","))).unwrap()
    }

    fn drawn(csv: &str, keys: usize) -> Vec<String> {
        Chart::all(&table(csv, keys)).iter().map(|c| view(Lang::En, c).into_string()).collect()
    }

    #[test]
    fn few_short_labels_stand_and_long_ones_lie() {
        let short = Chart::all(&table("sex,people,note\n1,50,\n2,60,\n", 1));
        assert!(short[0].upright());
        let long = Chart::all(&table("d,people,note\nquite a long label that does not fit below a bar,50,\nb,60,\n", 1));
        assert!(!long[0].upright());
        assert!(view(Lang::En, &long[0]).into_string().contains('\u{2026}'));
    }

    #[test]
    fn a_masked_value_is_hatched_and_named_and_has_no_length() {
        let page = &drawn("sex,people,note\n1,<k,\n2,60,\n", 1)[0];
        assert!(page.contains("bar masked") && page.contains("url(#chart-0-mask)") && page.contains(">&lt;k<"), "{page}");
        let all = &drawn("sex,people,note\n1,<k,\n2,<k,\n", 1)[0];
        assert!(!all.contains("NaN") && !all.contains("inf"), "{all}");
    }

    #[test]
    fn a_second_key_becomes_series_with_patterns_whichever_side_is_short() {
        let wide: String = (0..8).flat_map(|p| (1..3).map(move |s| format!("{p},{s},{},\n", 10 * p))).collect();
        let charts = Chart::all(&table(&format!("pref,sex,people,note\n{wide}"), 2));
        assert_eq!((charts[0].groups.len(), charts[0].series.clone()), (8, vec!["1".to_owned(), "2".to_owned()]));
        let swapped: String = (0..2).flat_map(|s| (0..8).map(move |p| format!("{s},{p},10,\n"))).collect();
        assert_eq!(Chart::all(&table(&format!("sex,pref,people,note\n{swapped}"), 2))[0].groups.len(), 8);
        let both: String = (0..7).flat_map(|a| (0..7).map(move |b| format!("{a},{b},10,\n"))).collect();
        let charts = Chart::all(&table(&format!("a,b,people,note\n{both}"), 2));
        assert_eq!((charts[0].groups.len(), charts[0].groups[8].label.as_str()), (49, "1 / 1"));
    }

    #[test]
    fn every_number_has_its_chart_and_what_is_no_number_has_none() {
        assert_eq!(drawn("a,n,s,note\n1,10,5.5,\n2,20,-6,\n", 1).len(), 2);
        assert_eq!(drawn("a,n,note\n1,ten,\n2,20,\n", 1).len(), 0);
        assert_eq!(drawn("n,note\n10,\n", 0).len(), 0);
        assert_eq!(drawn("a,n,note\n1,10,\n", 1).len(), 0);
    }

    #[test]
    fn too_many_bars_are_left_out_with_a_word() {
        let rows: String = (0..100).map(|i| format!("{i},10,\n")).collect();
        let page = &drawn(&format!("a,n,note\n{rows}"), 1)[0];
        assert_eq!(page.matches("<g>").count(), BARS_MAX);
        assert!(page.contains(": 40"), "{page}");
    }

    #[test]
    fn hostile_labels_are_text_and_stay_inside() {
        let long = "x".repeat(10_000);
        for label in ["<script>alert(1)</script>", "\u{202E}evil", "\u{1F600}\u{1F600}", "'&<>", long.as_str()] {
            for csv in [format!("a,n,note\n{label},10,\nb,20,\n"), format!("a,s,n,note\n1,{label},10,\n2,b,20,\n")] {
                let keys = csv.lines().next().unwrap().matches(',').count() - 1;
                let page = &drawn(&csv, keys)[0];
                assert!(!page.contains("<script>") && !page.contains("style="), "{page}");
                let texts = page.split("<text").skip(1).map(|t| t.split("</text>").next().unwrap().len());
                assert!(texts.max().unwrap() < 200, "a label was not cut");
            }
        }
    }
}
