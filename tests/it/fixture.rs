//! Disclosure attacks over the fixture database, through the whole system: the person who is looked for is really there.

use visiting_tests::world::{World, text, tree};

use crate::base;

const COLUMNS: &[&str] = &[
    "fixture.patients.sex",
    "fixture.patients.birth_ym",
    "fixture.patients.pref",
    "fixture.claims.ym",
    "fixture.claims.icd10",
    "fixture.claims.points",
];

/// A running system over the fixture database, and its permit.
pub(crate) fn fixture(name: &str) -> (World, String) {
    let mut world = World::new(name).unwrap();
    world.set("VISITING_LISTINGS", &text(&tree().unwrap().join("catalog/listings/variants")));
    let source = world.home().join("source");
    world.tool("visiting-population", &["--variant", "fixture", "--out", &text(&source)]).unwrap();
    world.ingest("fixture", &[source.join("fixture")]).unwrap();
    world.start_all().unwrap();
    let permit = base::permit(&world, COLUMNS, (202401, 202412));
    (world, permit)
}

/// The rows of a released table, without the title line.
pub(crate) fn rows(table: &str) -> Vec<Vec<&str>> {
    table.lines().skip(1).map(|l| l.split(',').collect()).collect()
}

#[test]
fn the_attacks_of_this_language_find_nobody() {
    let (world, permit) = fixture("fixture");
    let ask = |sql: &str| base::table(&world, &permit, sql);
    let refused = Err("nothing-to-show".to_owned());

    // Singling out: one person, nobody, and a group of nine get the same answer.
    assert_eq!(ask("SELECT COUNT(*) AS n FROM patients WHERE birth_ym = 190101"), refused);
    assert_eq!(ask("SELECT COUNT(*) AS n FROM patients WHERE birth_ym = 195003 AND pref = 31 AND sex = 2"), refused);
    let ages = ask("SELECT birth_ym, COUNT(DISTINCT pid) AS n FROM patients GROUP BY birth_ym").unwrap();
    assert!(rows(&ages).iter().all(|r| r[0] != "190101" && r[1].parse::<u64>().unwrap() >= 10));

    // Differencing: prefecture 31 without the target shows what was shown before, whether one or nobody is missing.
    let e11 = "SELECT pref, COUNT(DISTINCT claims.pid) AS n FROM claims JOIN patients USING (pid) WHERE icd10 = 'E11'";
    let with = ask(&format!("{e11} GROUP BY pref")).unwrap();
    let without = ask(&format!("{e11} AND NOT (birth_ym = 195003 AND sex = 2 AND pref = 31) GROUP BY pref")).unwrap();
    for (a, b) in rows(&with).iter().zip(rows(&without)) {
        assert_eq!((a[0], a[1]), (b[0], b[1]));
        assert_eq!(b[2], if b[0] == "31" { "as released before" } else { "" }, "prefecture {}", b[0]);
    }

    // A tracker around one person.
    ask("SELECT COUNT(DISTINCT pid) AS n FROM patients WHERE sex = 1").unwrap();
    assert_eq!(ask("SELECT COUNT(DISTINCT pid) AS n FROM patients WHERE sex = 1 AND NOT (birth_ym = 195003 AND pref = 31)"), refused);

    // Dominance: one person holds nearly all points of his prefecture, split over five hundred rows.
    let d66 = ask(
        "SELECT pref, COUNT(DISTINCT claims.pid) AS n, SUM(points) AS s FROM claims JOIN patients USING (pid) WHERE icd10 = 'D66' GROUP BY pref",
    );
    let d66 = d66.unwrap();
    let dominated: Vec<_> = rows(&d66).into_iter().filter(|r| r[0] == "40").map(|r| r[2].to_owned()).collect();
    assert_eq!(dominated, ["<k"]);

    // A margin after its inner table: the total minus the shown cells would be the hidden ones.
    let g12 = "FROM claims JOIN patients USING (pid) WHERE icd10 = 'G12'";
    ask(&format!("SELECT pref, sex, COUNT(DISTINCT claims.pid) AS n {g12} GROUP BY pref, sex")).unwrap();
    let margin = ask(&format!("SELECT sex, COUNT(DISTINCT claims.pid) AS n {g12} GROUP BY sex"));
    let hidden = margin.clone().map_or(true, |t| t.contains("<k"));
    assert!(hidden, "{margin:?}");
}
