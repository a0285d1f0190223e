//! How far honest answers are from the truth, in standard errors of the cell: the table of docs/accuracy.md, which this test prints
//! and compares.

use super::*;

const RULES: Rules = Rules { people_min: 10, facilities_min: 0, households_min: 0, round_to: 10, dominance_percent: 10 };
/// Simulated cells for each line.
const CELLS: usize = 200;
const TABLE: &str = include_str!("../../../docs/accuracy.md");

/// Splitmix64: the same cells in every run.
struct Chance(u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}

/// Values in units of 10^-2.
type Draw = fn(&mut Chance) -> f64;

const INPUTS: &[(&str, Draw)] = &[
    ("normal (a laboratory value)", |c| 700.0 + 100.0 * c.normal()),
    ("lognormal, s = 1.5 (costs)", |c| 100_000.0 * (1.5 * c.normal()).exp()),
    ("Pareto, a = 1.8", |c| 10_000.0 * (1.0 - c.uniform()).powf(-1.0 / 1.8)),
    ("40 % non-zero costs", |c| if c.uniform() < 0.4 { 100_000.0 * c.normal().exp() } else { 0.0 }),
];

/// Errors of shown cells in standard errors.
#[derive(Default)]
struct Errors {
    all: Vec<f64>,
    masked: usize,
}

impl Errors {
    fn add(&mut self, shown: Option<Decimal>, truth: f64, standard: f64) {
        self.add_number(shown.map(|d| d.to_string().parse().unwrap()), truth, standard);
    }

    fn add_number(&mut self, shown: Option<f64>, truth: f64, standard: f64) {
        match shown {
            Some(value) => self.all.push((value - truth).abs() / standard),
            None => self.masked += 1,
        }
    }

    fn mean(&self) -> f64 {
        self.all.iter().sum::<f64>() / self.all.len() as f64
    }

    fn line(&self, what: &str, rule: &str, n: usize) -> String {
        let worst = self.all.iter().copied().fold(0.0, f64::max);
        let masked = 100.0 * self.masked as f64 / (self.masked + self.all.len()) as f64;
        format!("| {what} | {rule} | {n} | {masked:.0} % | {:.2} | {worst:.2} |", self.mean())
    }
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}

fn lines() -> Vec<(String, Option<f64>)> {
    let mut out = Vec::new();
    let mut chance = Chance(20_261_124);
    for (what, draw) in INPUTS {
        for n in [30, 100, 1000, 10_000] {
            let (mut person, mut rows, mut opaque) = (Errors::default(), Errors::default(), Errors::default());
            for _ in 0..CELLS {
                let values: Vec<i128> = (0..n).map(|_| draw(&mut chance).round() as i128).collect();
                let (mean, standard) = moments(&values.iter().map(|v| *v as f64 / 100.0).collect::<Vec<_>>());
                let shown = RULES.round(n as u64);
                let per_person = |d: Decimal| Decimal { digits: d.digits / i128::from(shown), ..d };
                person.add(sum(&RULES, 2, None, &values, shown).map(per_person), mean, standard);
                rows.add(ratio(&RULES, 2, &values, &vec![1; values.len()]), mean, standard);
                opaque.add(opaque_sum(&RULES, 2, None, &values, shown).map(per_person), mean, standard);
            }
            out.push((person.line(what, "sum / people", n), Some(person.mean())));
            out.push((rows.line(what, "mean", n), Some(rows.mean())));
            out.push((opaque.line(what, "opaque, top-coded", n), None));
        }
    }
    for share in [0.02, 0.1, 0.5] {
        for n in [130, 1030, 10_070] {
            let mut errors = Errors::default();
            for _ in 0..CELLS {
                let events: Vec<i64> = (0..n).map(|_| i64::from(chance.uniform() < share)).collect();
                let (mean, standard) = moments(&events.iter().map(|e| *e as f64).collect::<Vec<_>>());
                errors.add(ratio(&RULES, 0, &events, &vec![1; events.len()]), mean, standard);
            }
            let bound = (!errors.all.is_empty()).then(|| errors.mean());
            if bound.is_some() {
                out.push((errors.line(&format!("share of {:.0} %", share * 100.0), "rate", n), bound));
            }
        }
    }
    out
}

/// What is shown of pairs of a laboratory value and a number that hangs on it by half: two variances, a median, a correlation.
struct Told {
    spread: Option<f64>,
    top_coded: Option<f64>,
    median: Option<f64>,
    correlation: Option<f64>,
}

fn told(pairs: &[(i128, i128)]) -> Option<Told> {
    let number = |d: Decimal| d.to_string().parse::<f64>().ok();
    let (first, other): (Vec<i128>, Vec<i128>) = pairs.iter().copied().unzip();
    let rows = vec![1; pairs.len()];
    let mean = |of: &[i128]| ratio(&RULES, 2, of, &rows);
    let (x, y) = ((2, mean(&first)?), (2, mean(&other)?));
    let product = |a: &[i128], b: &[i128]| -> Vec<i128> { a.iter().zip(b).map(|(a, b)| a * b).collect() };
    let (squares, both, others) = (product(&first, &first), product(&first, &other), product(&other, &other));
    let xx = Products { x: &first, y: &first, xy: &squares, rows: &rows };
    let (xy, yy) = (Products { y: &other, xy: &both, ..xx }, Products { x: &other, y: &other, xy: &others, rows: &rows });
    let second = |a, b, parts: &Products<'_, i128>| moment(&RULES, a, b, parts).and_then(number);
    let mut values: Vec<(i128, u32)> = pairs.iter().map(|p| p.0).zip(0..).collect();
    values.sort_unstable();
    Some(Told {
        spread: second(x, x, &xx),
        top_coded: opaque_moment(&RULES, x, x, &xx).and_then(number),
        median: quantile(&RULES, 2, 500, &values).and_then(number),
        correlation: second(x, y, &xy).zip(second(x, x, &xx)).zip(second(y, y, &yy)).map(|((xy, xx), yy)| xy / (xx * yy).sqrt()),
    })
}

/// The same for what is made of second moments and of order.
fn further_lines() -> Vec<(String, Option<f64>)> {
    let mut out = Vec::new();
    let mut chance = Chance(20_261_126);
    for n in [100usize, 1000, 10_000] {
        let mut all: [Errors; 4] = Default::default();
        for _ in 0..CELLS {
            let mut pair = || {
                let x = chance.normal();
                ((700.0 + 100.0 * x).round() as i128, (500.0 + 50.0 * x + 86.6 * chance.normal()).round() as i128)
            };
            let pairs: Vec<(i128, i128)> = (0..n).map(|_| pair()).collect();
            let real: Vec<(f64, f64)> = pairs.iter().map(|(x, y)| (*x as f64 / 100.0, *y as f64 / 100.0)).collect();
            let (count, root) = (n as f64, (n as f64).sqrt());
            let mean = |of: &dyn Fn(&(f64, f64)) -> f64| real.iter().map(of).sum::<f64>() / count;
            let (mx, my) = (mean(&|p| p.0), mean(&|p| p.1));
            let (xx, yy, xy) = (mean(&|p| (p.0 - mx).powi(2)), mean(&|p| (p.1 - my).powi(2)), mean(&|p| (p.0 - mx) * (p.1 - my)));
            let fourth = mean(&|p| (p.0 - mx).powi(4));
            let mut sorted: Vec<f64> = real.iter().map(|p| p.0).collect();
            sorted.sort_by(f64::total_cmp);
            let (median, r) = (sorted[n.div_ceil(2) - 1], xy / (xx * yy).sqrt());
            let [spread, top_coded, order, correlation] = &mut all;
            let shown = told(&pairs).unwrap();
            spread.add_number(shown.spread, xx, (fourth - xx * xx).sqrt() / root);
            top_coded.add_number(shown.top_coded, xx, (fourth - xx * xx).sqrt() / root);
            order.add_number(shown.median, median, 1.2533 * xx.sqrt() / root);
            correlation.add_number(shown.correlation, r, (1.0 - r * r) / root);
        }
        for (errors, rule) in all.iter().zip(["variance", "variance, top-coded", "median", "correlation"]) {
            out.push((errors.line("normal (a laboratory value)", rule, n), Some(errors.mean())));
        }
    }
    out
}

#[test]
fn honest_means_and_rates_are_within_one_standard_error() {
    let lines = [lines(), further_lines()].concat();
    lines.iter().for_each(|(line, _)| println!("{line}"));
    for (line, mean) in &lines {
        assert!(mean.is_none_or(|m| m <= 1.0), "more than one standard error on average: {line}");
        assert!(TABLE.contains(line.as_str()), "docs/accuracy.md says otherwise than: {line}");
    }
}
