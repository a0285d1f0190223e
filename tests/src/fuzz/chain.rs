//! Texts that are long in one direction: chains and nests of everything that can be hung on itself. Shared with the tests of the worst.

use crate::population::draw::Draw;

/// What is repeated: before the core, the core, after it. Each is hung on a condition of a query.
pub const CONDITIONS: [(&str, &str, &str); 24] = [
    ("", "sex", "::int"),
    ("", "sex", " IS NULL"),
    ("", "sex = 1", " IS TRUE"),
    ("", "sex = 1", " IS NOT FALSE"),
    ("", "1", "<1"),
    ("", "sex", " = 1"),
    ("", "sex = 1", " OR sex = 2"),
    ("", "sex = 1", " AND sex = 2"),
    ("", "'a'", "||'a'"),
    ("", "sex", "+1"),
    ("", "sex", "!"),
    ("", "sex", " NOTNULL"),
    ("", "sex", " IN (1)"),
    ("", "'a'", " LIKE 'a'"),
    ("", "sex", " BETWEEN 1 AND 2"),
    ("", "sex", " AT TIME ZONE 'a'"),
    ("", "sex", "[1]"),
    ("NOT ", "sex = 1", ""),
    ("-", "1", ""),
    ("- ", "1", ""),
    ("(", "1", ")"),
    ("abs(", "sex", ")"),
    ("CASE WHEN sex = 1 THEN ", "1", " END"),
    ("sex IN (", "1", ")"),
];

/// The same for what stands in FROM, and for whole queries.
pub const SOURCES: [(&str, &str, &str); 7] = [
    ("", "SELECT COUNT(*) AS n FROM ndb.patients", " JOIN ndb.claims USING (pid)"),
    ("", "SELECT COUNT(*) AS n FROM ndb.patients", " UNION ALL SELECT COUNT(*) AS n FROM ndb.claims"),
    ("", "SELECT COUNT(*) AS n FROM ndb.patients", " EXCEPT SELECT 1"),
    ("SELECT n FROM (", "SELECT COUNT(*) AS n FROM ndb.patients", ") t"),
    ("(", "SELECT COUNT(*) AS n FROM ndb.patients", ")"),
    ("SELECT COUNT(*) AS n FROM ndb.patients WHERE sex = (", "SELECT 1", ")"),
    ("SELECT COUNT(*) AS n FROM (", "ndb.patients", ")"),
];

/// A condition of `times` links, in a query.
#[must_use]
pub fn condition((before, core, after): (&str, &str, &str), times: usize) -> String {
    format!("SELECT COUNT(*) AS n FROM ndb.patients WHERE ({}{core}{}) IS NOT NULL", before.repeat(times), after.repeat(times))
}

/// A query of `times` links.
#[must_use]
pub fn source((before, core, after): (&str, &str, &str), times: usize) -> String {
    format!("{}{core}{}", before.repeat(times), after.repeat(times))
}

/// WITHs that name the one before `names` times, or a column of it twice.
#[must_use]
pub fn withs(levels: usize, names: usize) -> String {
    let mut all = vec!["c0 AS (SELECT pid, sex AS x FROM ndb.patients)".to_owned()];
    for level in 1..=levels {
        let before = level - 1;
        all.push(match names {
            1 => format!("c{level} AS (SELECT pid, x + x AS x FROM c{before})"),
            2 => format!("c{level} AS (SELECT a.pid, a.x FROM c{before} a JOIN c{before} b ON a.pid = b.pid)"),
            _ => format!("c{level} AS (SELECT pid, SUM(x) + MIN(x) + MAX(x) AS x FROM c{before} GROUP BY pid)"),
        });
    }
    format!("WITH {} SELECT COUNT(*) AS n FROM c{levels} WHERE x > 1", all.join(", "))
}

/// A text.
pub(super) fn statement(draw: &mut Draw) -> String {
    let most = if draw.chance(0.1) { 4_000 } else { 60 };
    let times = usize::try_from(draw.between(1, most)).unwrap_or(1);
    match draw.below(8) {
        0 | 1 => source(draw.pick(&SOURCES), times),
        2 => withs(times % 40, usize::try_from(draw.between(1, 3)).unwrap_or(1)),
        _ => condition(draw.pick(&CONDITIONS), times),
    }
}
