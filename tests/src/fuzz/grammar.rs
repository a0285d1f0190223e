//! Texts of the language itself, and a little beyond: columns are known where they stand, so that many texts have a meaning.

use crate::population::draw::Draw;

/// A table: name, and columns of keys, codes and numbers.
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
}

const TABLES: [Table; 6] = [
    Table { name: "ndb.patients", columns: &["pid", "sex", "birth_ym", "pref"] },
    Table { name: "ndb.claims", columns: &["pid", "ym", "icd10", "yj_code", "points", "facility_id"] },
    Table { name: "ndb.labs", columns: &["pid", "ym", "jlac10", "value", "unit"] },
    Table { name: "kaigo.recipients", columns: &["pid", "sex", "birth_ym", "pref", "care_level"] },
    Table { name: "kaigo.services", columns: &["pid", "ym", "service_code", "units"] },
    Table { name: "regions.residents", columns: &["pid", "sex", "municipality", "insurer", "age", "birth_weight", "death_hour"] },
];
const LITERALS: [&str; 25] = [
    "0",
    "1",
    "2",
    "13",
    "47",
    "202401",
    "202404",
    "195003",
    "65",
    "1000",
    "0.5",
    "6.5",
    "-3",
    "9223372036854775807",
    "1e308",
    "'99101'",
    "'E11'",
    "'I10'",
    "'39%'",
    "'3D046'",
    "'%'",
    "''",
    "NULL",
    "TRUE",
    "DATE '2024-04-01'",
];
const AGGREGATES: [&str; 24] = [
    "COUNT(*)",
    "COUNT(DISTINCT {k})",
    "COUNT(DISTINCT {e})",
    "COUNT({e})",
    "SUM({e})",
    "AVG({e})",
    "MIN({e})",
    "MAX({e})",
    "STDDEV({e})",
    "VAR_POP({e})",
    "CORR({e}, {e})",
    "REGR_SLOPE({e}, {e})",
    "REGR_COUNT({e}, {e})",
    "MEDIAN({e})",
    "APPROX_PERCENTILE_CONT({e}, 0.25)",
    "SUM(DISTINCT {e})",
    "SUM({e}) FILTER (WHERE {p})",
    "COUNT(DISTINCT {k}) FILTER (WHERE {p})",
    "AVG(CASE WHEN {p} THEN {e} ELSE {e} END)",
    "FIRST_VALUE({e} ORDER BY {e})",
    "ARRAY_AGG({e})",
    "BOOL_OR({p})",
    "COUNT(DISTINCT {k})",
    "SUM({e} + {l})",
];
const WINDOWS: [&str; 10] = [
    "ROW_NUMBER() OVER (PARTITION BY {k} ORDER BY {e})",
    "LAG({e}) OVER (PARTITION BY {k} ORDER BY {e})",
    "SUM({e}) OVER (PARTITION BY {k})",
    "RANK() OVER (ORDER BY {e})",
    "NTILE({l}) OVER (PARTITION BY {k} ORDER BY {e})",
    "NTH_VALUE({e}, {l}) OVER (PARTITION BY {k} ORDER BY {e})",
    "LAG({e}, {l}, {l}) OVER (PARTITION BY {k}, {e} ORDER BY {e})",
    "AVG({e}) OVER (PARTITION BY {k} ORDER BY {e} RANGE BETWEEN {l} PRECEDING AND CURRENT ROW)",
    "DENSE_RANK() OVER (PARTITION BY {k} ORDER BY {e} / {l})",
    "FIRST_VALUE({e}) OVER (PARTITION BY {k} ORDER BY {e} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)",
];
const SCALARS: [&str; 38] = [
    "{e} + {e}",
    "{e} * {l}",
    "{e} / 100",
    "{e} % 12",
    "({e} - {l})",
    "substr({e}, 1, 3)",
    "ABS({e})",
    "LN({e})",
    "POWER({e}, 2)",
    "ROUND({e}, 1)",
    "CAST({e} AS INT)",
    "COALESCE({e}, {l})",
    "CASE WHEN {p} THEN {e} ELSE {l} END",
    "CASE {e} WHEN {l} THEN {l} END",
    "-{e}",
    "substr({e}, {l}, {l})",
    "substr({e}, {e})",
    "left({e}, {l})",
    "right({e}, {e})",
    "round({e}, {l})",
    "trunc({e}, {e})",
    "log({l}, {e})",
    "nullif({e}, {e})",
    "nullif({e}, {l})",
    "COALESCE({e}, {e})",
    "ifnull({e}, {l})",
    "GREATEST({e}, {e})",
    "LEAST({l}, {e}, {e})",
    "{e}::int",
    "CAST({e} AS DOUBLE)",
    "CAST({e} AS VARCHAR)",
    "month_of({e})",
    "months_between({e}, {e})",
    "CASE WHEN {p} THEN 'x' ELSE '1' END",
    "SQRT({e})",
    "EXP({e} / {l})",
    "(SELECT AVG(points) FROM ndb.claims)",
    "{e} || {e}",
];
const PREDICATES: [&str; 22] = [
    "{e} = {l}",
    "{e} <> {l}",
    "{e} < {l}",
    "{e} >= {l}",
    "{e} BETWEEN {l} AND {l}",
    "{e} IN ({l}, {l})",
    "{e} NOT IN ({l})",
    "{e} LIKE {l}",
    "{e} IS NULL",
    "{e} IS NOT DISTINCT FROM {l}",
    "({p} AND {p})",
    "({p} OR {p})",
    "NOT ({p})",
    "EXISTS ({s})",
    "{k} IN ({u})",
    "{k} NOT IN ({u})",
    "{e} = {e}",
    "{e} LIKE {e}",
    "{e} IN (SELECT v FROM (VALUES ({l}), ({l})) t(v))",
    "{e} BETWEEN {e} AND {e}",
    "({p}) IS NOT TRUE",
    "nullif({e}, {e}) IS NULL",
];
/// What is computed of a table of groups.
const ABOVE: [&str; 12] = [
    "x.n / (x.n - 10) AS z",
    "round(x.n, 1) AS z",
    "round(x.n, x.n) AS z",
    "nullif(x.n, 10) AS z",
    "RANK() OVER (ORDER BY x.n DESC) AS z",
    "SUM(x.n) OVER () AS z, x.n * 1.5 AS y",
    "CAST(x.n AS INT) AS z",
    "CAST(x.n AS VARCHAR) AS z",
    "CASE WHEN x.n > 20 THEN x.n ELSE 0 END AS z",
    "SUM(x.n) AS z, COUNT(*) AS y",
    "COALESCE(x.n, 'none') AS z",
    "NTILE(4) OVER (ORDER BY x.n) AS z",
];

/// Names in reach at a place.
#[derive(Clone, Default)]
struct Reach {
    keys: Vec<String>,
    columns: Vec<String>,
}

struct Grower<'d> {
    draw: &'d mut Draw,
    /// How many more levels may be opened.
    left: u32,
    names: u32,
    ctes: Vec<(String, Vec<String>)>,
}

/// A text.
pub(super) fn statement(draw: &mut Draw) -> String {
    let left = u32::try_from(draw.between(1, 5)).unwrap_or(1);
    let mut grower = Grower { draw, left, names: 0, ctes: Vec::new() };
    grower.whole()
}

impl Grower<'_> {
    fn whole(&mut self) -> String {
        let mut out = String::new();
        if self.draw.chance(0.25) {
            let (text, columns) = self.rows();
            let name = self.name();
            out = format!("WITH {name} AS ({text}) ");
            self.ctes.push((name, columns));
        }
        if self.draw.chance(0.08) {
            let what = self.draw.pick(&ABOVE);
            let rest = self.draw.pick(&["", " WHERE x.n >= 10", " WHERE 1 / (x.n - 20) > 0", " ORDER BY 1 / (x.n - 10)"]);
            return format!("{out}SELECT {what} FROM ({}) x{rest}", self.table());
        }
        out += &self.table();
        while self.draw.chance(0.06) {
            let join = self.draw.pick(&[" UNION ALL ", " UNION ", " EXCEPT ", " INTERSECT "]);
            out += join;
            out += &self.table();
        }
        if self.draw.chance(0.2) {
            out += self.draw.pick(&[" ORDER BY 1", " ORDER BY n DESC", " ORDER BY 2 NULLS LAST LIMIT 5", " LIMIT 3", " LIMIT 3 OFFSET 2"]);
        }
        out
    }

    /// A table of groups and aggregates.
    fn table(&mut self) -> String {
        let (from, reach) = self.from();
        let filter = if self.draw.chance(0.5) { format!(" WHERE {}", self.fill("{p}", &reach)) } else { String::new() };
        let keys: Vec<String> = (0..self.draw.below(3)).map(|_| self.key(&reach)).collect();
        let mut items = keys.clone();
        for index in 0..self.draw.between(1, 3) {
            let form = if self.draw.chance(0.5) { "COUNT(DISTINCT {k})" } else { self.draw.pick(&AGGREGATES) };
            let alias = if index == 0 { "n".to_owned() } else { format!("a{index}") };
            items.push(format!("{} AS {alias}", self.fill(form, &reach)));
        }
        let group = match (keys.is_empty(), self.draw.below(12)) {
            (true, _) => String::new(),
            (_, 0) => format!(" GROUP BY ROLLUP({})", keys.join(", ")),
            (_, 1) => format!(" GROUP BY CUBE({})", keys.join(", ")),
            (_, 2) => format!(" GROUP BY GROUPING SETS (({}), ())", keys.join(", ")),
            (_, 3) => format!(" GROUP BY {}", (1..=keys.len()).map(|n| n.to_string()).collect::<Vec<_>>().join(", ")),
            _ => format!(" GROUP BY {}", keys.join(", ")),
        };
        let having = if self.draw.chance(0.1) {
            format!(" HAVING {} >= {}", self.fill("COUNT(DISTINCT {k})", &reach), self.literal())
        } else {
            String::new()
        };
        let distinct = if self.draw.chance(0.03) { "DISTINCT " } else { "" };
        format!("SELECT {distinct}{} FROM {from}{filter}{group}{having}", items.join(", "))
    }

    /// Rows that still have their person: text and names of its columns, the key first.
    fn rows(&mut self) -> (String, Vec<String>) {
        let (from, reach) = self.from();
        let filter = if self.draw.chance(0.5) { format!(" WHERE {}", self.fill("{p}", &reach)) } else { String::new() };
        let key = reach.keys.first().cloned().unwrap_or_else(|| "pid".to_owned());
        let mut items = vec![format!("{key} AS pid")];
        let mut names = vec!["pid".to_owned()];
        let grouped = self.draw.chance(0.4);
        for index in 0..self.draw.between(1, 2) {
            let form = match (grouped, self.draw.below(4)) {
                (true, _) => self.draw.pick(&["MIN({e})", "MAX({e})", "SUM({e})", "COUNT(*)", "AVG({e})"]),
                (false, 0) => self.draw.pick(&WINDOWS),
                (false, _) => "{e}",
            };
            items.push(format!("{} AS x{index}", self.fill(form, &reach)));
            names.push(format!("x{index}"));
        }
        let group = if grouped { format!(" GROUP BY {key}") } else { String::new() };
        (format!("SELECT {} FROM {from}{filter}{group}", items.join(", ")), names)
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("t{}", self.names)
    }

    /// One relation with the name that it is reached under.
    fn relation(&mut self) -> (String, String, Vec<String>) {
        let alias = self.name();
        if self.left > 0 && self.draw.chance(0.25) {
            self.left -= 1;
            let (text, columns) = self.rows();
            return (format!("({text}) {alias}"), alias, columns);
        }
        if let Some((name, columns)) = self.ctes.last().cloned()
            && self.draw.chance(0.5)
        {
            return (format!("{name} {alias}"), alias, columns);
        }
        let at = usize::try_from(self.draw.below(TABLES.len() as u64)).unwrap_or(0);
        let table = TABLES.get(at).unwrap_or(&TABLES[0]);
        (format!("{} {alias}", table.name), alias, table.columns.iter().map(|c| (*c).to_owned()).collect())
    }

    fn from(&mut self) -> (String, Reach) {
        let (mut out, first, columns) = self.relation();
        let mut reach = Reach::default();
        reach.take(&first, &columns);
        while self.draw.chance(0.35) {
            if self.draw.chance(0.2) {
                let alias = self.name();
                let list = format!("(VALUES ({}), ({})) AS {alias}(v)", self.literal(), self.literal());
                out += &match self.draw.below(3) {
                    0 => format!(" CROSS JOIN {list}"),
                    1 => format!(" JOIN {list} ON {} = {alias}.v", self.fill("{e}", &reach)),
                    _ => format!(" LEFT JOIN {list} ON {} < {alias}.v", self.fill("{e}", &reach)),
                };
                reach.columns.push(format!("{alias}.v"));
                continue;
            }
            let (text, alias, columns) = self.relation();
            let kind = self.draw.pick(&["JOIN", "JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
            let before = reach.clone();
            reach.take(&alias, &columns);
            let on = format!("{first}.pid = {alias}.pid");
            out += &match self.draw.below(6) {
                0 => format!(" {kind} {text} ON {on} AND {}", self.fill("{p}", &reach)),
                1 => format!(" {kind} {text} ON {}", self.fill("{e} = {e}", &before)),
                _ => format!(" {kind} {text} ON {on}"),
            };
        }
        (out, reach)
    }

    fn key(&mut self, reach: &Reach) -> String {
        let form = self.draw.pick(&[
            "{e}",
            "{e}",
            "{e}",
            "{e} / 100",
            "substr({e}, 1, 3)",
            "CASE WHEN {p} THEN 'a' ELSE 'b' END",
            "{e} * 100 + {e}",
        ]);
        self.fill(form, reach)
    }

    fn literal(&mut self) -> &'static str {
        self.draw.pick(&LITERALS)
    }

    /// A form with its places filled: `{e}` an expression, `{p}` a condition, `{k}` a key, `{l}` a literal, `{s}` and `{u}` subqueries.
    fn fill(&mut self, form: &str, reach: &Reach) -> String {
        let mut out = String::new();
        let mut rest = form;
        while let Some((text, after)) = rest.split_once('{') {
            out += text;
            let Some((kind, after)) = after.split_once('}') else { break };
            out += &self.place(kind, reach);
            rest = after;
        }
        out + rest
    }

    fn place(&mut self, kind: &str, reach: &Reach) -> String {
        let of = |draw: &mut Draw, names: &[String]| {
            let at = usize::try_from(draw.below(names.len() as u64)).unwrap_or(0);
            names.get(at).cloned().unwrap_or_else(|| "pid".to_owned())
        };
        match kind {
            "k" => of(self.draw, &reach.keys),
            "l" => self.literal().to_owned(),
            "p" if self.left > 0 => {
                self.left -= 1;
                let form = self.draw.pick(&PREDICATES);
                self.fill(form, reach)
            }
            "p" => format!("{} = {}", of(self.draw, &reach.columns), self.literal()),
            "s" => {
                let (from, inner) = self.from();
                let (a, b) = (of(self.draw, &inner.keys), of(self.draw, &reach.keys));
                format!("SELECT 1 FROM {from} WHERE {a} = {b}")
            }
            "u" => {
                let (from, inner) = self.from();
                format!("SELECT {} FROM {from}", of(self.draw, &inner.keys))
            }
            _ if self.left > 0 && self.draw.chance(0.3) => {
                self.left -= 1;
                let form = self.draw.pick(&SCALARS);
                self.fill(form, reach)
            }
            _ => of(self.draw, &reach.columns),
        }
    }
}

impl Reach {
    fn take(&mut self, alias: &str, columns: &[String]) {
        for column in columns {
            let name = format!("{alias}.{column}");
            match column.as_str() {
                "pid" => self.keys.push(name),
                _ => self.columns.push(name),
            }
        }
    }
}
