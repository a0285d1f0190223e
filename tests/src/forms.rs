//! Whole questions in several forms that a grammar of conditions does not reach: what stands per person, in set operations, in keys,
//! above the groups. Names of people's relations are drawn, and so is what is written around a form.

use crate::population::draw::Draw;

/// Forms that are provably one question: asked in turn on one ledger, they get the same bytes. `@1`, `@2` stand for names.
pub const EQUAL: &[&[&str]] = &[
    // A part is the question about the part alone.
    &[
        "SELECT SUM(points) AS s FROM claims JOIN patients USING (pid) WHERE sex = 1 AND icd10 = 'I10'",
        "SELECT SUM(points) FILTER (WHERE sex = 1) AS s FROM claims JOIN patients USING (pid) WHERE icd10 = 'I10'",
        "SELECT SUM(CASE WHEN sex = 1 THEN points ELSE 0 END) AS s FROM patients JOIN claims USING (pid) WHERE icd10 = 'I10'",
        "SELECT SUM(@1.points) FILTER (WHERE @1.icd10 = 'I10' AND @2.sex = 1) AS s FROM patients @2 JOIN claims @1 ON @2.pid = @1.pid",
    ],
    &[
        "SELECT COUNT(DISTINCT pid) AS n FROM patients WHERE sex = 1",
        "SELECT COUNT(DISTINCT CASE WHEN sex = 1 THEN pid END) AS n FROM patients",
        "SELECT COUNT(DISTINCT @1.pid) FILTER (WHERE @1.sex = 1) AS n FROM patients @1",
        "SELECT COUNT(*) AS n FROM patients WHERE NOT sex <> 1",
        "SELECT SUM(CASE WHEN sex = 1 THEN 1 ELSE 0 END) AS n FROM patients",
    ],
    &[
        "SELECT pref, COUNT(DISTINCT pid) AS n FROM patients WHERE sex = 2 GROUP BY pref",
        "SELECT pref, COUNT(DISTINCT pid) FILTER (WHERE sex = 2) AS n FROM patients GROUP BY pref",
        "SELECT @1.pref, SUM(CASE WHEN 1 < @1.sex THEN 1 ELSE 0 END) AS n FROM patients @1 GROUP BY @1.pref ORDER BY 1",
    ],
    &[
        "SELECT AVG(points) AS m FROM claims JOIN patients USING (pid) WHERE sex = 1 AND icd10 = 'I10'",
        "SELECT AVG(points) FILTER (WHERE sex = 1) AS m FROM claims JOIN patients USING (pid) WHERE icd10 = 'I10'",
        "SELECT AVG(CASE WHEN sex = 1 THEN points END) AS m FROM claims JOIN patients USING (pid) WHERE icd10 = 'I10'",
    ],
    // Shares.
    &[
        "SELECT sex, AVG(CASE WHEN points >= 1000 THEN 1.0 ELSE 0.0 END) AS s FROM claims JOIN patients USING (pid) GROUP BY sex",
        "SELECT sex, AVG(CASE WHEN NOT (points < 1000) THEN 1.0 ELSE 0.0 END) AS s FROM patients JOIN claims USING (pid) GROUP BY sex",
        "SELECT @2.sex, AVG(CASE WHEN 1000 <= @1.points THEN 1 ELSE 0 END) AS s FROM claims @1 JOIN patients @2 ON @1.pid = @2.pid GROUP BY 1",
    ],
    // Spread and quantiles.
    &[
        "SELECT sex, STDDEV(points) AS sd, MEDIAN(points) AS q FROM claims JOIN patients USING (pid) WHERE icd10 = 'I10' GROUP BY sex",
        "SELECT sex, STDDEV(points) FILTER (WHERE icd10 = 'I10') AS sd, MEDIAN(points) FILTER (WHERE icd10 = 'I10') AS q FROM claims JOIN patients USING (pid) GROUP BY sex",
        "SELECT @2.sex, SQRT(VAR_POP(@1.points)) AS sd, PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY @1.points) AS q FROM patients @2 JOIN claims @1 ON @2.pid = @1.pid WHERE 'I10' = @1.icd10 GROUP BY @2.sex",
        "SELECT sex, STDDEV(CASE WHEN icd10 = 'I10' THEN points END) AS sd, APPROX_PERCENTILE_CONT(points, 0.5) FILTER (WHERE icd10 = 'I10') AS q FROM claims JOIN patients USING (pid) GROUP BY sex",
    ],
    // Opaque measures.
    &[
        "SELECT sex, AVG(LN(points)) AS m FROM claims JOIN patients USING (pid) WHERE icd10 = 'I10' GROUP BY sex",
        "SELECT sex, AVG(LN(points)) FILTER (WHERE icd10 = 'I10') AS m FROM claims JOIN patients USING (pid) GROUP BY sex",
        "SELECT sex, AVG(CASE WHEN icd10 = 'I10' THEN LN(points) END) AS m FROM claims JOIN patients USING (pid) GROUP BY sex",
        "SELECT sex, AVG(LN(points) + 7) - 7 AS m FROM claims JOIN patients USING (pid) WHERE icd10 = 'I10' GROUP BY sex",
        "SELECT @2.sex, AVG(@1.x) AS m FROM (SELECT pid, LN(points) AS x FROM claims WHERE icd10 = 'I10') @1 JOIN patients @2 USING (pid) GROUP BY @2.sex",
    ],
    // Windows of one person.
    &[
        "SELECT p.sex, AVG(t.points) AS m FROM (SELECT pid, points, ROW_NUMBER() OVER (PARTITION BY pid ORDER BY ym, points) AS r FROM claims WHERE icd10 = 'M54') t JOIN patients p USING (pid) WHERE t.r = 1 GROUP BY p.sex",
        "WITH @1 AS (SELECT points AS z, pid, ROW_NUMBER() OVER (PARTITION BY pid ORDER BY ym, points) AS q FROM claims c WHERE c.icd10 = 'M54') SELECT @2.sex, AVG(@1.z) AS m FROM patients @2 JOIN @1 ON @1.pid = @2.pid WHERE 1 = @1.q GROUP BY @2.sex",
    ],
    // A group of each person first.
    &[
        "SELECT sex, AVG(s) AS m FROM (SELECT pid, SUM(points) AS s FROM claims WHERE icd10 = 'N18' GROUP BY pid) t JOIN patients USING (pid) GROUP BY sex",
        "WITH @1 AS (SELECT SUM(x.points) AS total, x.pid FROM claims x WHERE x.icd10 IN ('N18') GROUP BY x.pid) SELECT @2.sex, AVG(total) AS m FROM patients @2 JOIN @1 ON @2.pid = @1.pid GROUP BY 1",
    ],
    &[
        "SELECT first, COUNT(DISTINCT pid) AS n FROM (SELECT pid, MIN(ym) AS first FROM claims WHERE icd10 = 'E78' GROUP BY pid) f GROUP BY first",
        "WITH @1 AS (SELECT MIN(ym) AS m, pid AS who FROM claims WHERE icd10 = 'E78' GROUP BY pid) SELECT m AS first, COUNT(*) AS n FROM @1 GROUP BY m",
    ],
    // Set operations on the person.
    &[
        "SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid FROM claims WHERE icd10 = 'E11' UNION SELECT pid FROM labs WHERE jlac10 = '3D046') t",
        "SELECT COUNT(DISTINCT @1.pid) AS n FROM (SELECT pid FROM labs WHERE jlac10 = '3D046' UNION SELECT pid FROM claims WHERE icd10 = 'E11') @1",
        "SELECT COUNT(*) AS n FROM (SELECT pid FROM claims WHERE icd10 = 'E11' UNION SELECT pid FROM labs WHERE jlac10 = '3D046') t",
    ],
    &[
        "SELECT COUNT(*) AS n FROM (SELECT pid FROM claims WHERE icd10 = 'E11' EXCEPT SELECT pid FROM labs WHERE jlac10 = '3D046') t",
        "SELECT COUNT(DISTINCT @1.pid) AS n FROM (SELECT pid FROM claims c WHERE c.icd10 IN ('E11') EXCEPT SELECT l.pid FROM labs l WHERE l.jlac10 = '3D046') @1",
        "WITH @1 AS (SELECT pid FROM claims WHERE icd10 = 'E11' EXCEPT SELECT pid FROM labs WHERE jlac10 = '3D046') SELECT COUNT(DISTINCT pid) AS n FROM @1",
    ],
    &[
        "SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid FROM claims WHERE icd10 = 'E11' INTERSECT SELECT pid FROM labs WHERE jlac10 = '3D046') t",
        "SELECT COUNT(*) AS n FROM (SELECT pid FROM claims @2 WHERE 'E11' = @2.icd10 INTERSECT SELECT pid FROM labs WHERE jlac10 = '3D046') @1",
    ],
    // Keys by CASE.
    &[
        "SELECT CASE WHEN points < 500 THEN 'a' ELSE 'b' END AS k, COUNT(DISTINCT pid) AS n FROM claims GROUP BY 1",
        "SELECT CASE WHEN NOT (points >= 500) THEN 'a' ELSE 'b' END AS k, COUNT(DISTINCT pid) AS n FROM claims GROUP BY 1",
        "SELECT CASE WHEN 500 > points THEN 'a' ELSE 'b' END AS k, COUNT(DISTINCT pid) AS n FROM claims GROUP BY CASE WHEN 500 > points THEN 'a' ELSE 'b' END",
        "SELECT k, COUNT(DISTINCT pid) AS n FROM (SELECT pid, CASE WHEN @1.points < 500 THEN 'a' ELSE 'b' END AS k FROM claims @1) @2 GROUP BY k",
    ],
    &[
        "SELECT CASE WHEN birth_ym < 196001 THEN 'old' ELSE 'new' END AS k, COUNT(DISTINCT pid) AS n FROM patients GROUP BY 1",
        "SELECT CASE WHEN birth_ym >= 196001 THEN 'new' ELSE 'old' END AS k, COUNT(DISTINCT pid) AS n FROM patients GROUP BY 1",
    ],
    // Above the groups.
    &[
        "SELECT pref, COUNT(DISTINCT pid) AS n FROM patients GROUP BY pref HAVING COUNT(DISTINCT pid) >= 500",
        "SELECT pref, n FROM (SELECT pref, COUNT(DISTINCT pid) AS n FROM patients GROUP BY pref) @1 WHERE n >= 500",
        "WITH @1 AS (SELECT pref, COUNT(*) AS n FROM patients GROUP BY 1) SELECT pref, n FROM @1 WHERE NOT n < 500 ORDER BY pref",
    ],
    &[
        "SELECT sex, pref, COUNT(DISTINCT pid) AS n FROM patients WHERE pref IN (1, 13, 27) GROUP BY ROLLUP(sex, pref)",
        "SELECT sex, pref, COUNT(DISTINCT pid) AS n FROM patients WHERE pref IN (27, 13, 1) GROUP BY GROUPING SETS ((sex, pref), (sex), ())",
        "SELECT @1.sex, @1.pref, COUNT(*) AS n FROM (SELECT sex, pref, pid FROM patients WHERE pref IN (1, 13, 27)) @1 GROUP BY ROLLUP(@1.sex, @1.pref)",
    ],
    &[
        "SELECT sex, CORR(l.value, p.birth_ym/100) AS r FROM labs l JOIN patients p USING (pid) WHERE l.jlac10 = '3C015' GROUP BY sex",
        "SELECT sex, CORR(value, birth_ym/100) AS r FROM patients JOIN (SELECT pid, value FROM labs WHERE jlac10 = '3C015') @1 USING (pid) GROUP BY sex",
    ],
    // The same people in joins, IN, EXISTS and INTERSECT; rows and sums of these would differ.
    &[
        "SELECT sex, COUNT(DISTINCT pid) AS n FROM patients WHERE pid NOT IN (SELECT pid FROM claims WHERE icd10 = 'I10') GROUP BY sex",
        "SELECT sex, COUNT(DISTINCT pid) AS n FROM patients @1 WHERE NOT EXISTS (SELECT 1 FROM claims c WHERE c.pid = @1.pid AND c.icd10 = 'I10') GROUP BY sex",
    ],
    &[
        "SELECT COUNT(DISTINCT pid) AS n FROM claims WHERE icd10 = 'E11' AND pid IN (SELECT pid FROM labs WHERE jlac10 = '3D046')",
        "SELECT COUNT(DISTINCT @1.pid) AS n FROM claims @1 JOIN (SELECT DISTINCT pid FROM labs WHERE jlac10 = '3D046') @2 ON @2.pid = @1.pid WHERE @1.icd10 = 'E11'",
        "SELECT COUNT(DISTINCT @1.pid) AS n FROM claims @1 JOIN labs @2 ON @2.pid = @1.pid WHERE @1.icd10 = 'E11' AND @2.jlac10 = '3D046'",
        "SELECT COUNT(DISTINCT pid) AS n FROM (SELECT pid FROM labs WHERE jlac10 = '3D046' INTERSECT SELECT pid FROM claims WHERE icd10 = 'E11') @1",
    ],
    &[
        "SELECT COUNT(DISTINCT a.pid) AS n FROM claims a JOIN claims b ON a.pid = b.pid WHERE a.icd10 = 'E11' AND b.icd10 = 'I10'",
        "SELECT COUNT(DISTINCT @1.pid) AS n FROM claims @1 JOIN claims @2 ON @2.pid = @1.pid AND @2.icd10 = 'E11' WHERE @1.icd10 = 'I10'",
    ],
];

/// Forms that mean the same and are not all proved to: each alone has the same values, and in turn none has values of its own.
pub const NEAR: &[&[&str]] = &[
    &[
        "SELECT p.sex, COUNT(DISTINCT p.pid) AS n FROM patients p LEFT JOIN labs l ON l.pid = p.pid AND l.jlac10 = '3D046' GROUP BY p.sex",
        "SELECT @2.sex, COUNT(DISTINCT @2.pid) AS n FROM labs @1 RIGHT JOIN patients @2 ON @2.pid = @1.pid AND @1.jlac10 = '3D046' GROUP BY @2.sex",
        "SELECT sex, COUNT(DISTINCT pid) AS n FROM patients GROUP BY sex",
    ],
    &[
        "SELECT CASE WHEN birth_ym < 196001 THEN 'old' ELSE 'new' END AS k, COUNT(DISTINCT pid) AS n FROM patients GROUP BY 1",
        "SELECT CASE WHEN birth_ym / 100 < 1960 THEN 'old' ELSE 'new' END AS k, COUNT(DISTINCT pid) AS n FROM patients GROUP BY 1",
    ],
];

/// A form with names drawn, and perhaps something around it that changes nothing.
#[must_use]
pub fn dressed(form: &str, seed: u64, number: u64) -> String {
    let mut draw = Draw::new(seed, number);
    let stems = ["x", "tab", "q_", "zeta"];
    let (one, two, outer) = (draw.pick(&stems).to_owned() + "1", draw.pick(&stems).to_owned() + "2", draw.pick(&stems).to_owned() + "3");
    let text = form.replace("@1", &one).replace("@2", &two);
    match draw.below(3) {
        _ if text.starts_with("WITH") => text,
        0 => format!("SELECT * FROM ({text}) AS {outer}"),
        1 => format!("WITH {outer} AS ({text}) SELECT * FROM {outer}"),
        _ => text,
    }
}
