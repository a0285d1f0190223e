//! The worked examples of the SDK, as a researcher uses them: bound, asked by the query beside them, and released.

use std::{collections::BTreeMap, fs};

use visiting_tests::{guest::Source, world::tree};

use crate::{base, guests::bind};

#[test]
fn every_worked_example_answers_the_query_beside_it() {
    let (world, permit) = base::running("worked");
    let folder = tree().unwrap().join("sandbox-sdk/examples");
    let mut answers = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().flatten().filter(|entry| entry.path().join("guest.toml").is_file()) {
        let (name, at) = (entry.file_name().into_string().unwrap(), entry.path());
        let source =
            Source { manifest: fs::read_to_string(at.join("guest.toml")).unwrap(), module: fs::read(at.join("guest.wasm")).unwrap() };
        bind(&world, &permit, &source);
        let run = base::run(&world, &permit, &fs::read_to_string(at.join("query.sql")).unwrap());
        assert_eq!(run.status, "released", "{name}: {:?}", run.refusal);
        let csv = String::from_utf8(world.client("per_hanako").unwrap().file(&run.id, "table.csv").unwrap()).unwrap();
        // Every number of at least one group is there; the last column is for notes.
        let numbers = csv.lines().next().unwrap().split(',').filter(|title| *title != "note").count() - 1;
        let whole = csv.lines().skip(1).any(|line| line.split(',').skip(1).take(numbers).all(|cell| cell.parse::<f64>().is_ok()));
        assert!(whole, "{name}: {csv}");
        answers.insert(name, csv);
    }
    assert_eq!(answers.len(), 7, "{answers:?}");
    // What the numbers mean: nobody's eGFR is beyond what kidneys do, and a possession ratio is a share.
    let mean = |name: &str| -> f64 {
        let cells: Vec<&str> = answers[name].lines().nth(1).unwrap().split(',').collect();
        cells.iter().rev().find_map(|cell| cell.parse().ok()).unwrap()
    };
    assert!((20.0..150.0).contains(&mean("egfr")), "{}", answers["egfr"]);
    assert!((0.0..=1.0).contains(&mean("mpr")), "{}", answers["mpr"]);
    assert!(mean("charlson") >= 0.0 && mean("episodes") >= 1.0, "{answers:?}");
}
