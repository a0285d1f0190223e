//! The worked examples of the SDK through workers: every `data.csv` gives its `expected.csv`, which no guest has made (`expected.py`).

use std::{collections::BTreeMap, fs, path::PathBuf};

use visiting_intake::{Form, ParamKind, Values};
use visiting_worker::{Artefact, Layers, Worker};

use super::{
    Draw, program,
    texts::{Made, columns, made, shown},
};

#[path = "../../../../sandbox-sdk/examples/egfr/src/lib.rs"]
#[allow(unreachable_pub, reason = "a guest exports its function")]
mod egfr;

fn examples() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../sandbox-sdk/examples")
}

/// A table of texts, without its heading.
fn table(name: &str, file: &str) -> (String, Vec<Vec<String>>) {
    let text = fs::read_to_string(examples().join(name).join(file)).unwrap_or_else(|e| panic!("{name}/{file}: {e}"));
    let (heading, rows) = text.split_once('\n').unwrap();
    (heading.to_owned(), rows.lines().map(|row| row.split(',').map(str::to_owned).collect()).collect())
}

/// The columns of these rows; empty is no value.
fn arguments(kinds: &[ParamKind], rows: &[Vec<String>]) -> Vec<Made> {
    let texts = |i: usize| rows.iter().map(|row| Some(row[i].as_str()).filter(|text| !text.is_empty())).collect::<Vec<_>>();
    kinds.iter().enumerate().map(|(i, kind)| made(*kind, &texts(i))).collect()
}

/// An example (`charlson/guest`) or a template (`../templates/python/person`).
fn start(name: &str) -> Worker {
    let file = |ending: &str| examples().join(format!("{name}.{ending}"));
    let (manifest, module) = (fs::read_to_string(file("toml")).unwrap(), fs::read(file("wasm")).unwrap());
    let artefact = Artefact::compile(program(), Layers::ALL, &manifest, &module).unwrap_or_else(|fault| panic!("{name}: {fault}"));
    Worker::start(program(), Layers::ALL, artefact.into()).unwrap()
}

/// Rows of a scalar guest: the arguments and the result.
fn scalar(name: &str, kinds: &[ParamKind], values: &Values) -> Vec<Vec<String>> {
    let (_, mut rows) = table(name, "data.csv");
    let made = arguments(kinds, &rows);
    let codes = start(&format!("{name}/guest")).rows(&columns(&made), rows.len()).unwrap();
    rows.iter_mut().zip(codes.iter()).for_each(|(row, code)| row.push(shown(values, code).unwrap_or_default()));
    rows
}

/// What a guest of the person form says of the people of example `name`: the person, then its columns.
fn people(mut guest: Worker, name: &str, kinds: &[ParamKind], declared: &[visiting_intake::Column]) -> Vec<Vec<String>> {
    let (_, data) = table(name, "data.csv");
    // People in the order in which they first appear; the rows of each in any order.
    let mut names: Vec<String> = Vec::new();
    let mut of: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for mut row in data {
        let person = row.remove(0);
        if !names.contains(&person) {
            names.push(person.clone());
        }
        of.entry(person).or_default().push(row);
    }
    let mut draw = Draw(names.len() as u64);
    let rows: Vec<Vec<String>> = names
        .iter()
        .flat_map(|person| draw.order(of[person].len()).into_iter().map(|i| of[person][i].clone()).collect::<Vec<_>>())
        .collect();
    let lengths: Vec<u32> = names.iter().map(|person| of[person].len() as u32).collect();
    let made = arguments(kinds, &rows);
    let told = guest.people(&columns(&made), &lengths).unwrap();
    let owners: Vec<&String> = names.iter().zip(told.counts()).flat_map(|(person, count)| vec![person; count.unwrap() as usize]).collect();
    let mut out: Vec<Vec<String>> = owners.into_iter().map(|person| vec![person.clone()]).collect();
    for (i, column) in declared.iter().enumerate() {
        out.iter_mut().zip(told.column(i)).for_each(|(row, code)| row.push(shown(&column.values, code).unwrap_or_default()));
    }
    out
}

#[test]
fn every_example_gives_what_is_expected_of_it() {
    let mut ran = Vec::new();
    for entry in fs::read_dir(examples()).unwrap() {
        let entry = entry.unwrap();
        if !entry.path().join("guest.toml").is_file() {
            continue;
        }
        let name = entry.file_name().into_string().unwrap();
        let manifest = visiting_intake::Manifest::read(&fs::read_to_string(entry.path().join("guest.toml")).unwrap()).unwrap();
        let kinds: Vec<ParamKind> = manifest.params.iter().map(|param| param.kind).collect();
        let told = match &manifest.form {
            Form::Scalar { result, .. } => scalar(&name, &kinds, result),
            Form::Person(person) => people(start(&format!("{name}/guest")), &name, &kinds, &person.columns),
            Form::Group { .. } => panic!("{name}: no example is over groups"),
        };
        let (heading, expected) = table(&name, "expected.csv");
        assert_eq!(told, expected, "{name}");
        assert_eq!(heading.split(',').count(), expected[0].len(), "{name}");
        ran.push(name);
    }
    ran.sort();
    assert_eq!(ran, ["age_adjusted_risk_band", "charlson", "egfr", "egfr_stage", "episodes", "first_diagnosis", "mpr"]);
}

#[test]
fn the_powers_of_the_egfr_example_are_as_exact_as_it_says() {
    let mut most: f64 = 0.0;
    for age in 18..=120_i64 {
        for hundredths in 10..=5000_i64 {
            let creatinine = hundredths as f64 / 100.0;
            let exact = 194.0 * creatinine.powf(-1.094) * (age as f64).powf(-0.287);
            most = most.max((egfr::f(creatinine, age, 1) / exact - 1.0).abs());
        }
    }
    assert!(most < 1e-13, "{most:e}");
    assert!(egfr::f(1.0, 17, 1).is_nan() && egfr::f(1.0, 30, 3).is_nan() && egfr::f(0.0, 30, 1).is_nan());
}

#[test]
fn templates_of_the_scalar_form_give_what_the_others_give() {
    let rows = [("6.9", "E11", 1), ("7.0", "E119", 2), ("8.0", "E11", 3), ("8.0", "E10", 0), ("6.9", "E110123456789", 1)];
    let texts = |of: fn(&(&'static str, &'static str, u32)) -> &'static str| rows.iter().map(|row| Some(of(row))).collect::<Vec<_>>();
    let made = [made(ParamKind::Decimal, &texts(|row| row.0)), made(ParamKind::Text, &texts(|row| row.1))];
    for language in ["assemblyscript", "python"] {
        let mut guest = start(&format!("../templates/{language}/guest"));
        let codes: Vec<_> = guest.rows(&columns(&made), rows.len()).unwrap().iter().collect();
        assert_eq!(codes, rows.map(|(.., code)| Some(code)), "{language}");
    }
}

#[test]
fn templates_of_the_person_form_give_what_is_expected_of_the_example() {
    let manifest = fs::read_to_string(examples().join("mpr/guest.toml")).unwrap();
    let read = visiting_intake::Manifest::read(&manifest).unwrap();
    let Form::Person(person) = &read.form else { panic!("mpr is of the person form") };
    let kinds: Vec<ParamKind> = read.params.iter().map(|param| param.kind).collect();
    let (_, expected) = table("mpr", "expected.csv");
    for language in ["assemblyscript", "python"] {
        let name = format!("../templates/{language}/person");
        assert_eq!(fs::read_to_string(examples().join(format!("{name}.toml"))).unwrap(), manifest, "{language}");
        assert_eq!(people(start(&name), "mpr", &kinds, &person.columns), expected, "{language}");
    }
}
