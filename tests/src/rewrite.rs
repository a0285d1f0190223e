//! One question in many words: a question is a small tree, and every rendering of it means the same. For properties, not for cases.

use crate::population::draw::Draw;

/// A condition on a row of one table, or on what its person has elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cond {
    /// The column is one of these (written as SQL).
    In(Column, Vec<String>),
    /// The whole number lies between.
    Between(Column, i64, i64),
    /// The code begins so.
    Prefix(Column, &'static str),
    /// The person has a row there that fulfils it.
    Has(Table, Box<Cond>),
    /// All.
    And(Vec<Cond>),
    /// Any.
    Or(Vec<Cond>),
    /// Not.
    Not(Box<Cond>),
}

/// A table of the fixture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Insured people.
    Patients,
    /// Claim lines.
    Claims,
    /// Laboratory values.
    Labs,
}

impl Table {
    fn name(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::Claims => "claims",
            Self::Labs => "labs",
        }
    }

    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Patients => &["sex", "birth_ym", "pref"],
            Self::Claims => &["ym", "icd10", "yj_code", "points"],
            Self::Labs => &["ym", "jlac10", "value", "unit"],
        }
    }
}

/// A column of a table.
pub type Column = (Table, &'static str);

/// What is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Measure {
    /// People.
    People,
    /// Rows.
    Rows,
    /// A sum.
    Sum(Column),
    /// A mean.
    Mean(Column),
    /// A sum over the rows of a condition.
    SumWhere(Column, Cond),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Tables, joined on the person; the order has no meaning.
    pub tables: Vec<Table>,
    /// Which rows.
    pub filter: Cond,
    /// Group keys: columns, and whether a month is taken as its year.
    pub keys: Vec<(Column, bool)>,
    /// Measures.
    pub measures: Vec<Measure>,
}

impl Question {
    /// True where a condition looks at other rows of the person: by EXISTS, IN or a join, which are not all proved to be one.
    #[must_use]
    pub fn looks_elsewhere(&self) -> bool {
        fn looks(cond: &Cond) -> bool {
            match cond {
                Cond::Has(..) => true,
                Cond::And(parts) | Cond::Or(parts) => parts.iter().any(looks),
                Cond::Not(inner) => looks(inner),
                Cond::In(..) | Cond::Between(..) | Cond::Prefix(..) => false,
            }
        }
        looks(&self.filter)
    }
}

/// Rendering `number` of the question: every number gives another text that means the same.
#[must_use]
pub fn render(question: &Question, seed: u64, number: u64) -> String {
    Writer::new(question, &mut Draw::new(seed, number)).question(question)
}

struct Writer<'d> {
    draw: &'d mut Draw,
    /// Name of each table in this text.
    names: Vec<(Table, String)>,
    with: Vec<String>,
    fresh: u32,
}

impl<'d> Writer<'d> {
    fn new(question: &Question, draw: &'d mut Draw) -> Self {
        let mut writer = Self { draw, names: Vec::new(), with: Vec::new(), fresh: 0 };
        for table in &question.tables {
            let name = writer.fresh();
            writer.names.push((*table, name));
        }
        writer
    }

    fn fresh(&mut self) -> String {
        self.fresh += 1;
        let stem = self.draw.pick(&["x", "tab", "q_", "zeta"]);
        format!("{stem}{}", self.fresh)
    }

    fn question(mut self, question: &Question) -> String {
        // Conditions on one table alone may move into its relation.
        let mut rest = match &question.filter {
            Cond::And(parts) => parts.clone(),
            other => vec![other.clone()],
        };
        self.draw.shuffle(&mut rest);
        let mut tables = question.tables.clone();
        self.draw.shuffle(&mut tables);
        let mut relations = Vec::new();
        for table in &tables {
            let mut own = Vec::new();
            if self.draw.chance(0.5) {
                rest.retain(|part| {
                    let inner = only(part) == Some(*table);
                    if inner {
                        own.push(part.clone());
                    }
                    !inner
                });
            }
            relations.push(self.relation(*table, &own));
        }
        // A semi-join may stand among the relations instead of the conditions.
        let mut semi = Vec::new();
        rest.retain(|part| match part {
            Cond::Has(table, inner) if self.draw.chance(0.3) => {
                semi.push((*table, (**inner).clone()));
                false
            }
            _ => true,
        });
        let from = self.from(&tables, &relations, &semi);
        let filter = match rest.as_slice() {
            [] => String::new(),
            parts => format!(" WHERE {}", self.joined(parts, " AND ")),
        };
        let (items, group) = self.items(question);
        let order = match question.keys.is_empty() || self.draw.chance(0.5) {
            true => String::new(),
            false => format!(" ORDER BY {}", (1..=question.keys.len()).map(|i| i.to_string()).collect::<Vec<_>>().join(", ")),
        };
        let with = if self.with.is_empty() { String::new() } else { format!("WITH {} ", self.with.join(", ")) };
        format!("{with}SELECT {items} FROM {from}{filter}{group}{order}")
    }

    /// A table with its name: plain, as a subquery, or as a CTE.
    fn relation(&mut self, table: Table, own: &[Cond]) -> String {
        let name = self.name(table);
        if own.is_empty() && self.draw.chance(0.6) {
            return format!("{} {}{name}", table.name(), self.draw.pick(&["", "AS "]));
        }
        let mut columns: Vec<&str> = std::iter::once("pid").chain(table.columns().iter().copied()).collect();
        self.draw.shuffle(&mut columns);
        let inner = self.fresh();
        let outer = std::mem::replace(&mut self.names, vec![(table, inner.clone())]);
        let filter = if own.is_empty() { String::new() } else { format!(" WHERE {}", self.joined(own, " AND ")) };
        self.names = outer;
        let text = format!("SELECT {} FROM {} {inner}{filter}", columns.join(", "), table.name());
        if self.draw.chance(0.5) {
            let cte = self.fresh();
            self.with.push(format!("{cte} AS ({text})"));
            return format!("{cte} {name}");
        }
        format!("({text}) {name}")
    }

    fn from(&mut self, tables: &[Table], relations: &[String], semi: &[(Table, Cond)]) -> String {
        let first = tables.first().map(|t| self.name(*t)).unwrap_or_default();
        // USING needs one pid on its left: it is either used throughout or nowhere.
        let using = semi.is_empty() && self.draw.chance(0.4);
        let mut out = relations.first().cloned().unwrap_or_default();
        for (table, relation) in tables.iter().zip(relations).skip(1) {
            let name = self.name(*table);
            out += &match (using, self.draw.chance(0.5)) {
                (true, _) => format!(" JOIN {relation} USING (pid)"),
                (_, true) => format!(" JOIN {relation} ON {first}.pid = {name}.pid"),
                (_, false) => format!(" INNER JOIN {relation} ON {name}.pid = {first}.pid"),
            };
        }
        for (table, cond) in semi {
            let name = self.fresh();
            let people = self.people(*table, cond, true);
            out += &format!(" JOIN ({people}) {name} ON {name}.pid = {first}.pid");
        }
        out
    }

    /// The people with such a row.
    fn people(&mut self, table: Table, cond: &Cond, distinct: bool) -> String {
        let inner = self.fresh();
        let outer = std::mem::replace(&mut self.names, vec![(table, inner.clone())]);
        let filter = self.cond(cond);
        self.names = outer;
        let distinct = if distinct { "DISTINCT " } else { "" };
        format!("SELECT {distinct}{inner}.pid FROM {} {inner} WHERE {filter}", table.name())
    }

    fn items(&mut self, question: &Question) -> (String, String) {
        let keys: Vec<String> = question.keys.iter().map(|(column, year)| self.key(*column, *year)).collect();
        let mut items: Vec<String> = keys.iter().enumerate().map(|(i, key)| format!("{key} AS k{i}")).collect();
        for (index, measure) in question.measures.iter().enumerate() {
            items.push(format!("{} AS m{index}", self.measure(measure)));
        }
        let group = match (keys.is_empty(), self.draw.chance(0.5)) {
            (true, _) => String::new(),
            (_, true) => format!(" GROUP BY {}", keys.join(", ")),
            (_, false) => format!(" GROUP BY {}", (1..=keys.len()).map(|i| i.to_string()).collect::<Vec<_>>().join(", ")),
        };
        (items.join(", "), group)
    }

    fn key(&mut self, column: Column, year: bool) -> String {
        let name = self.column(column);
        if year { format!("{name} / 100") } else { name }
    }

    fn measure(&mut self, measure: &Measure) -> String {
        match measure {
            Measure::People => format!("COUNT(DISTINCT {}.pid)", self.any()),
            Measure::Rows => self.draw.pick(&["COUNT(*)", "COUNT(1)", "SUM(1)"]).to_owned(),
            Measure::Sum(column) => {
                let name = self.column(*column);
                self.draw.pick(&["SUM({})", "SUM(({}))", "SUM({} + 0)", "SUM(1 * {})"]).replace("{}", &name)
            }
            Measure::Mean(column) => format!("AVG({})", self.column(*column)),
            Measure::SumWhere(column, cond) => {
                let (name, cond) = (self.column(*column), self.cond(cond));
                match self.draw.below(3) {
                    0 => format!("SUM(CASE WHEN {cond} THEN {name} ELSE 0 END)"),
                    1 => format!("SUM(CASE WHEN {cond} THEN {name} END)"),
                    _ => format!("SUM({name}) FILTER (WHERE {cond})"),
                }
            }
        }
    }

    fn name(&self, table: Table) -> String {
        self.names.iter().find(|(t, _)| *t == table).map(|(_, name)| name.clone()).unwrap_or_default()
    }

    fn any(&mut self) -> String {
        let at = usize::try_from(self.draw.below(self.names.len() as u64)).unwrap_or(0);
        self.names.get(at).map(|(_, name)| name.clone()).unwrap_or_default()
    }

    fn column(&mut self, (table, column): Column) -> String {
        format!("{}.{column}", self.name(table))
    }

    fn joined(&mut self, parts: &[Cond], with: &str) -> String {
        let mut parts = parts.to_vec();
        self.draw.shuffle(&mut parts);
        let texts: Vec<String> = parts.iter().map(|p| self.cond(p)).collect();
        texts.join(with)
    }

    fn cond(&mut self, cond: &Cond) -> String {
        if self.draw.chance(0.08) {
            let inner = self.cond(&Cond::Not(Box::new(cond.clone())));
            return format!("NOT ({inner})");
        }
        match cond {
            Cond::In(column, values) => self.one_of(*column, values),
            Cond::Between(column, lo, hi) => self.between(*column, *lo, *hi),
            Cond::Prefix(column, prefix) => {
                let name = self.column(*column);
                match self.draw.chance(0.5) {
                    true => format!("{name} LIKE '{prefix}%'"),
                    false => format!("substr({name}, 1, {}) = '{prefix}'", prefix.len()),
                }
            }
            Cond::Has(table, inner) => self.has(*table, inner),
            Cond::And(parts) => format!("({})", self.joined(parts, " AND ")),
            Cond::Or(parts) => format!("({})", self.joined(parts, " OR ")),
            Cond::Not(inner) => self.not(inner),
        }
    }

    fn not(&mut self, inner: &Cond) -> String {
        let negated = |parts: &[Cond]| parts.iter().map(|p| Cond::Not(Box::new(p.clone()))).collect::<Vec<_>>();
        match inner {
            // De Morgan.
            Cond::And(parts) if self.draw.chance(0.7) => format!("({})", self.joined(&negated(parts), " OR ")),
            Cond::Or(parts) if self.draw.chance(0.7) => format!("({})", self.joined(&negated(parts), " AND ")),
            Cond::In(column, values) if self.draw.chance(0.5) => format!("{} NOT IN ({})", self.column(*column), values.join(", ")),
            Cond::Not(twice) => self.cond(twice),
            other => format!("NOT ({})", self.cond(other)),
        }
    }

    fn one_of(&mut self, column: Column, values: &[String]) -> String {
        let (name, mut values) = (self.column(column), values.to_vec());
        self.draw.shuffle(&mut values);
        match self.draw.below(3) {
            0 => format!("{name} IN ({})", values.join(", ")),
            1 => format!("({})", values.iter().map(|v| format!("{name} = {v}")).collect::<Vec<_>>().join(" OR ")),
            _ => format!("NOT ({})", values.iter().map(|v| format!("{name} <> {v}")).collect::<Vec<_>>().join(" AND ")),
        }
    }

    fn between(&mut self, column: Column, lo: i64, hi: i64) -> String {
        let name = self.column(column);
        // A whole year of months is its year.
        let year = (lo % 100 == 1 && hi == lo + 11).then_some(lo / 100);
        match (self.draw.below(4), year) {
            (0, _) => format!("{name} BETWEEN {lo} AND {hi}"),
            (1, _) => format!("({name} >= {lo} AND {name} <= {hi})"),
            (2, Some(year)) => format!("{name} / 100 = {year}"),
            _ => format!("NOT ({name} < {lo} OR {hi} < {name})"),
        }
    }

    fn has(&mut self, table: Table, inner: &Cond) -> String {
        let person = format!("{}.pid", self.any());
        if self.draw.chance(0.5) {
            let distinct = self.draw.chance(0.5);
            return format!("{person} IN ({})", self.people(table, inner, distinct));
        }
        let name = self.fresh();
        let outer = std::mem::replace(&mut self.names, vec![(table, name.clone())]);
        let filter = self.cond(inner);
        self.names = outer;
        format!("EXISTS (SELECT 1 FROM {} {name} WHERE {name}.pid = {person} AND {filter})", table.name())
    }
}

/// The one table that a condition is about.
fn only(cond: &Cond) -> Option<Table> {
    match cond {
        Cond::In((table, _), _) | Cond::Between((table, _), ..) | Cond::Prefix((table, _), _) => Some(*table),
        Cond::Has(..) => None,
        Cond::Not(inner) => only(inner),
        Cond::And(parts) | Cond::Or(parts) => {
            let first = parts.first().and_then(only)?;
            parts.iter().all(|p| only(p) == Some(first)).then_some(first)
        }
    }
}

/// Base questions: every condition with every shape that has its tables.
#[must_use]
pub fn questions() -> Vec<Question> {
    use Table::{Claims, Labs, Patients};
    let text = |values: &[&str]| values.iter().map(|v| format!("'{v}'")).collect::<Vec<_>>();
    let numbers = |values: &[i64]| values.iter().map(ToString::to_string).collect::<Vec<_>>();
    let e11 = || Cond::In((Claims, "icd10"), text(&["E11"]));
    let sugar = || Cond::Has(Labs, Box::new(Cond::In((Labs, "jlac10"), text(&["3D046"]))));
    let filters = [
        e11(),
        Cond::In((Claims, "icd10"), text(&["I10", "I11", "I12"])),
        Cond::And(vec![Cond::Prefix((Claims, "icd10"), "E1"), Cond::Between((Claims, "ym"), 202_401, 202_412)]),
        Cond::And(vec![e11(), Cond::Between((Patients, "birth_ym"), 195_001, 195_912)]),
        Cond::Or(vec![Cond::Prefix((Claims, "icd10"), "F"), Cond::Between((Claims, "ym"), 202_404, 202_406)]),
        Cond::Not(Box::new(Cond::And(vec![Cond::In((Patients, "sex"), numbers(&[1])), e11()]))),
        Cond::And(vec![Cond::Prefix((Claims, "yj_code"), "2149"), sugar()]),
        Cond::And(vec![Cond::Not(Box::new(sugar())), Cond::In((Patients, "pref"), numbers(&[13, 14, 27, 31]))]),
        Cond::Or(vec![Cond::And(vec![e11(), Cond::In((Patients, "sex"), numbers(&[2]))]), Cond::In((Claims, "icd10"), text(&["J45"]))]),
        Cond::And(vec![Cond::Has(Claims, Box::new(Cond::In((Claims, "icd10"), text(&["I10"])))), e11()]),
    ];
    let (points, tables) = ((Claims, "points"), vec![Patients, Claims]);
    let shapes = [
        (vec![((Patients, "sex"), false)], vec![Measure::People, Measure::Sum(points)]),
        (vec![((Patients, "pref"), false), ((Patients, "sex"), false)], vec![Measure::People]),
        (vec![((Claims, "ym"), true)], vec![Measure::Rows, Measure::Mean(points)]),
        (vec![], vec![Measure::People, Measure::SumWhere(points, Cond::Between((Claims, "ym"), 202_401, 202_406))]),
    ];
    let with = |(keys, measures): &(Vec<(Column, bool)>, Vec<Measure>), filter: &Cond| Question {
        tables: tables.clone(),
        filter: filter.clone(),
        keys: keys.clone(),
        measures: measures.clone(),
    };
    filters.iter().flat_map(|filter| shapes.iter().map(|shape| with(shape, filter)).collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_question_has_many_words_and_a_seed_one() {
        for question in questions() {
            let texts: BTreeSet<String> = (0..40).map(|n| render(&question, 1, n)).collect();
            assert!(texts.len() > 20, "{texts:?}");
            assert_eq!(render(&question, 1, 3), render(&question, 1, 3));
        }
        assert!(questions().len() >= 30);
    }
}
