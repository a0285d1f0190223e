//! Questions that are drawn, and run on people who are drawn: where two are seen to be about the same people, they are.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array},
        compute::cast,
        datatypes::{DataType, SchemaRef, UInt32Type},
    },
    catalog::MemTable,
    common::tree_node::Transformed,
    datasource::provider_as_source,
    logical_expr::{LogicalPlan, LogicalPlanBuilder, TableScan},
    prelude::SessionContext,
};

use super::canon::key_values;
use crate::{
    extract::UNIT,
    plan::tests::{guests, planned},
    question::{KeyValue, Question, both},
};

/// People, sets of data, and questions of one round.
const PEOPLE: u32 = 24;
const WORLDS: u64 = 5;
const QUESTIONS: u64 = 300;
/// Questions that are like one of these but for a single choice.
const ALIKE: u64 = 6;
const SEED: u64 = 20;

/// Another one is tried with `WHO_SEED`.
fn seed() -> u64 {
    std::env::var("WHO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED)
}

/// A small generator, so that the same things come in every run. One of its choices may be another than it would be.
#[derive(Default)]
struct Draw {
    state: u64,
    choices: u64,
    other: Option<u64>,
}

impl Draw {
    fn new(state: u64) -> Self {
        Self { state, ..Self::default() }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.choices += 1;
        ((self.state >> 33) + u64::from(self.other == Some(self.choices))) % n
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Few values, so that much of what is not the same comes out the same for some, and not for all.
const VALUES: &[(&str, &[&str])] = &[
    ("sex", &["1", "2"]),
    ("birth_ym", &["194001", "196005", "198012"]),
    ("pref", &["1", "13"]),
    ("ym", &["202401", "202404", "202409"]),
    ("icd10", &["E11", "I10", "N18"]),
    ("jlac10", &["3D046", "3C015"]),
    ("points", &["3", "7", "900", ""]),
    ("value", &["6.5", "7.5", ""]),
    ("care_level", &["1", "3"]),
];

/// A table of drawn rows: none to three of a person, or one at most. An empty value is NULL.
fn rows(schema: &SchemaRef, name: &str, draw: &mut Draw) -> RecordBatch {
    let one_row = matches!(name, "ndb.patients" | "kaigo.recipients");
    let people: Vec<u32> = (0..PEOPLE)
        .flat_map(|person| {
            let rows = if one_row { u64::from(draw.below(5) > 0) } else { draw.below(4) };
            (0..rows).map(move |_| person)
        })
        .collect();
    let column = |field: &datafusion::arrow::datatypes::Field, draw: &mut Draw| -> ArrayRef {
        if field.name() == UNIT {
            return Arc::new(UInt32Array::from(people.clone()));
        }
        if *field.data_type() == DataType::UInt32 {
            return Arc::new(people.iter().map(|_| Some(draw.below(5) as u32)).collect::<UInt32Array>());
        }
        let values = VALUES.iter().find(|(n, _)| n == field.name()).map_or(&["11"][..], |(_, values)| values);
        let drawn: StringArray = people.iter().map(|_| Some(draw.pick(values)).filter(|v| !v.is_empty())).collect();
        let plain: ArrayRef = Arc::new(drawn);
        cast(&plain, field.data_type()).unwrap()
    };
    let columns: Vec<ArrayRef> = schema.fields().iter().map(|field| column(field, draw)).collect();
    RecordBatch::try_new(schema.clone(), columns).unwrap()
}

/// One set of data: tables as they are first asked for.
struct World {
    context: SessionContext,
    number: u64,
}

impl World {
    fn scan(&self, scan: &TableScan) -> LogicalPlan {
        let name = scan.table_name.table();
        let mut draw = Draw::new(self.number * 1_000_003 + name.bytes().map(u64::from).sum::<u64>() * 7919);
        let schema = scan.source.schema();
        let table = MemTable::try_new(schema.clone(), vec![vec![rows(&schema, name, &mut draw)]]).unwrap();
        LogicalPlanBuilder::scan(scan.table_name.clone(), provider_as_source(Arc::new(table)), None).unwrap().build().unwrap()
    }

    fn run(&self, plan: &LogicalPlan) -> Vec<RecordBatch> {
        let bound = plan.clone().transform_up_with_subqueries(|node| {
            Ok(match &node {
                LogicalPlan::TableScan(scan) => Transformed::yes(self.scan(scan)),
                _ => Transformed::no(node),
            })
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { self.context.execute_logical_plan(bound.unwrap().data).await.unwrap().collect().await.unwrap() })
    }

    /// The people of each cell, by their words; and those of the parts.
    fn people(&self, question: &Question) -> BTreeMap<(Vec<KeyValue>, Option<usize>), BTreeSet<u32>> {
        let mut out: BTreeMap<_, BTreeSet<u32>> = BTreeMap::new();
        for batch in self.run(&question.rows) {
            let units = batch.column(0).as_primitive::<UInt32Type>();
            let first = 1 + question.sites.len();
            let keys: Vec<Vec<KeyValue>> = (0..question.keys.len()).map(|i| key_values(batch.column(first + i)).unwrap()).collect();
            for row in 0..batch.num_rows() {
                let key: Vec<KeyValue> = keys.iter().map(|k| k[row].clone()).collect();
                let unit = units.value(row);
                out.entry((key.clone(), None)).or_default().insert(unit);
                for i in 0..question.columns.len() {
                    if batch.column(first + keys.len() + i).is_valid(row) {
                        out.entry((key.clone(), Some(i))).or_default().insert(unit);
                    }
                }
            }
        }
        out
    }
}

/// Questions in many forms over few tables, so that many are the same.
struct Writer {
    draw: Draw,
    names: u64,
}

/// A table that stands in FROM, by its alias.
type Named = (&'static str, String);

impl Writer {
    fn named(&mut self, table: &'static str) -> Named {
        self.names += 1;
        (table, format!("{}{}", table.chars().next().unwrap(), self.names))
    }

    fn table(&mut self) -> Named {
        let table = self.draw.pick(&["patients", "patients", "claims", "claims", "labs", "recipients"]);
        self.named(table)
    }

    fn leaf(&mut self, (table, a): &Named) -> String {
        let of = |all: &[&str], draw: &mut Draw| draw.pick(all).replace('@', a);
        match *table {
            "patients" => of(&["@.sex = 1", "@.sex = 1", "@.sex = 2", "@.sex <> 2", "@.birth_ym < 195001", "@.pref = 13"], &mut self.draw),
            "claims" => of(
                &[
                    "@.icd10 = 'E11'",
                    "@.icd10 = 'E11'",
                    "@.icd10 = 'I10'",
                    "@.icd10 IN ('E11', 'I10')",
                    "@.points > 5",
                    "NOT @.points > 5",
                    "@.points IS NULL",
                    "@.points NOT IN (3, 900)",
                    "@.points IN (SELECT k FROM (VALUES (3), (900)) AS v(k))",
                    "@.ym <= 202404",
                ],
                &mut self.draw,
            ),
            "labs" => of(&["@.jlac10 = '3D046'", "@.value >= 7", "NOT @.value >= 7", "@.ym = 202404"], &mut self.draw),
            _ => of(&["@.sex = 1", "@.care_level = 3"], &mut self.draw),
        }
    }

    fn condition(&mut self, from: &[Named], depth: u64) -> String {
        let at = self.draw.below(from.len() as u64) as usize;
        let (one, other) = (from[at].clone(), from[from.len() - 1 - at].clone());
        match self.draw.below(if depth == 0 { 11 } else { 18 }) {
            // Side by side, so that a choice that is another makes two rows of one, and one of two.
            0 | 2 | 4 => self.leaf(&one),
            1 | 3 => self.of_another_row(&one),
            5 | 6 => self.nowhere(&one),
            7 => format!("({} OR {})", self.leaf(&one), self.leaf(&one)),
            8 => format!("({} OR {})", self.leaf(&one), self.leaf(&other)),
            9 | 10 => self.compared(&one, &other),
            11 | 12 => format!("{}.pid {}IN ({})", one.1, self.draw.pick(&["", "", "NOT "]), self.set(depth - 1)),
            13 | 14 => self.exists(&one, depth - 1),
            15 => format!("({} OR {}.pid IN ({}))", self.leaf(&one), one.1, self.set(depth - 1)),
            16 => format!("NOT ({})", self.condition(from, depth - 1)),
            _ => format!("({}) {}", self.condition(from, depth - 1), self.draw.pick(&["IS TRUE", "IS NOT FALSE", "IS NOT TRUE"])),
        }
    }

    /// The same of a row of the same table and person, which may be another.
    fn of_another_row(&mut self, (table, a): &Named) -> String {
        let row = self.named(table);
        format!("{a}.pid IN (SELECT {}.pid FROM {table} {} WHERE {})", row.1, row.1, self.leaf(&row))
    }

    /// Outside of a table, of some of its rows, or of people who are in another one too.
    fn nowhere(&mut self, (_, a): &Named) -> String {
        let (row, beside) = (self.table(), self.table());
        let r = &row.1;
        let and =
            if self.draw.below(2) == 0 { format!(" JOIN {} {} ON {}.pid = {r}.pid", beside.0, beside.1, beside.1) } else { String::new() };
        let (some, leaf) = (self.draw.below(2) == 0, self.leaf(&row));
        let only = if some { format!(" WHERE {leaf}") } else { String::new() };
        format!("{a}.pid NOT IN (SELECT {r}.pid FROM {} {r}{and}{only})", row.0)
    }

    fn compared(&mut self, (t, a): &Named, (u, b): &Named) -> String {
        let month = |t: &str| matches!(t, "claims" | "labs");
        match (month(t), month(u)) {
            (true, true) => format!("{a}.ym {} {b}.ym", self.draw.pick(&["<", "<=", "="])),
            _ => format!("{a}.pid = {b}.pid"),
        }
    }

    fn exists(&mut self, (t, a): &Named, depth: u64) -> String {
        let inner = self.table();
        let (condition, i) = (self.condition(std::slice::from_ref(&inner), depth), inner.1.clone());
        let months = matches!(*t, "claims" | "labs") && matches!(inner.0, "claims" | "labs") && self.draw.below(2) == 0;
        let more = if months { format!(" AND {i}.ym < {a}.ym") } else { String::new() };
        let not = self.draw.pick(&["", "", "NOT "]);
        format!("{not}EXISTS (SELECT 1 FROM {} {i} WHERE {i}.pid = {a}.pid AND {condition}{more})", inner.0)
    }

    /// FROM and WHERE, and what stands in FROM.
    fn from(&mut self, depth: u64) -> (String, Vec<Named>) {
        let mut all = vec![self.table()];
        let mut from = format!("{} {}", all[0].0, all[0].1);
        for _ in 0..self.draw.pick(&["0", "0", "1", "1", "2"]).parse::<u64>().unwrap() {
            let (next, first) = (self.table(), all[0].1.clone());
            if depth > 0 && self.draw.below(5) == 0 {
                // Not to be named afterwards: only who is in it counts.
                from += &format!(" JOIN ({}) {} ON {}.pid = {first}.pid", self.set(depth - 1), next.1, next.1);
                continue;
            }
            let kind = self.draw.pick(&["JOIN", "JOIN", "JOIN", "JOIN", "LEFT JOIN"]);
            let on = if self.draw.below(3) == 0 { format!(" AND {}", self.leaf(&next)) } else { String::new() };
            from += &format!(" {kind} {} {} ON {}.pid = {first}.pid{on}", next.0, next.1, next.1);
            all.push(next);
        }
        if let Some((_, claims)) = all.iter().find(|(table, _)| *table == "claims").filter(|_| self.draw.below(8) == 0) {
            from += &format!(" JOIN (VALUES ('E11', 4), ('N18', 900)) AS list(code, n) ON list.code = {claims}.icd10");
        }
        let conditions: Vec<String> = (0..self.draw.below(3)).map(|_| self.condition(&all, depth)).collect();
        if !conditions.is_empty() {
            from += &format!(" WHERE {}", conditions.join(" AND "));
        }
        (from, all)
    }

    /// A SELECT of people.
    fn set(&mut self, depth: u64) -> String {
        let (from, all) = self.from(depth);
        let p = format!("{}.pid", all[0].1);
        let name = self.named("x").1;
        match self.draw.below(9) {
            0 => format!("SELECT DISTINCT {p} FROM {from}"),
            1 => format!(
                "SELECT {name}.pid FROM (SELECT {p}, COUNT(*) AS n FROM {from} GROUP BY {p}) {name} WHERE n > {}",
                self.draw.below(3)
            ),
            2 => format!("SELECT {name}.pid FROM (SELECT {p}, COUNT(*) AS n FROM {from} GROUP BY {p}) {name}"),
            5 => {
                let (a, b) = (self.named("patients"), self.named("recipients"));
                let (of_a, of_b) = (self.leaf(&a), self.leaf(&b));
                let both = self.draw.pick(&["INTERSECT", "EXCEPT"]);
                let side = |(table, a): &Named, leaf: &str, column: &str| format!("SELECT {a}.pid{column} FROM {table} {a} WHERE {leaf}");
                let column = |(_, a): &Named, sex: bool| if sex { format!(", {a}.sex") } else { String::new() };
                let sex = self.draw.below(2) == 0;
                format!(
                    "SELECT {name}.pid FROM (({}) {both} ({})) {name}",
                    side(&a, &of_a, &column(&a, sex)),
                    side(&b, &of_b, &column(&b, sex))
                )
            }
            3 if depth > 0 => {
                format!("(SELECT {p} FROM {from}) {} ({})", self.draw.pick(&["INTERSECT", "EXCEPT", "UNION ALL"]), self.set(depth - 1))
            }
            4 => format!(
                "SELECT {name}.pid FROM (SELECT {p}, ROW_NUMBER() OVER (PARTITION BY {p} ORDER BY {p}) AS r FROM {from}) {name} WHERE r = 1"
            )
            .replace(&format!("ORDER BY {p}"), &self.order(&all[0])),
            _ => format!("SELECT {p} FROM {from}"),
        }
    }

    fn order(&mut self, (table, a): &Named) -> String {
        format!("ORDER BY {a}.{}", if matches!(*table, "claims" | "labs") { "ym" } else { "sex" })
    }

    fn question(&mut self) -> String {
        let (from, all) = self.from(2);
        let one = all[self.draw.below(all.len() as u64) as usize].clone();
        // Of an outer join's far side too.
        let (part, whose) = (self.leaf(&one), all[self.draw.below(all.len() as u64) as usize].1.clone());
        let count = match self.draw.below(4) {
            0 => format!("COUNT(DISTINCT {whose}.pid) FILTER (WHERE {part}) AS n"),
            1 => format!("COUNT(DISTINCT CASE WHEN {part} THEN {whose}.pid END) AS n"),
            _ => format!("COUNT(DISTINCT {whose}.pid) AS n"),
        };
        let key = match (self.draw.below(4), one.0) {
            (0, "patients" | "recipients") => Some(format!("{}.sex", one.1)),
            (0, "claims") => Some(format!("{}.icd10", one.1)),
            (1, _) => Some(format!("CASE WHEN {part} THEN 'a' ELSE 'b' END")),
            _ => None,
        };
        match key {
            Some(key) => format!("SELECT {key} AS k, {count} FROM {from} GROUP BY 1"),
            None => format!("SELECT {count} FROM {from}"),
        }
    }
}

/// A question, and others that differ from it in one choice.
fn alike(number: u64) -> Vec<String> {
    let start = seed() * 1_000_003 + number * 7919;
    let write = |other| {
        let mut writer = Writer { draw: Draw { other, ..Draw::new(start) }, names: 0 };
        (writer.question(), writer.draw.choices)
    };
    let (text, choices) = write(None);
    let mut which = Draw::new(start + 1);
    std::iter::once(text).chain((0..ALIKE).map(|_| write(Some(1 + which.below(choices))).0)).collect()
}

/// One cell or part of a question: its words in both forms, its people in every world, and the text.
struct Told {
    plan: String,
    people: Vec<BTreeSet<u32>>,
    text: String,
}

fn told(question: &Question, text: &str, worlds: &[World]) -> Vec<(String, Told)> {
    let found: Vec<_> = worlds.iter().map(|world| world.people(question)).collect();
    let mut places: BTreeSet<(Vec<KeyValue>, Option<usize>)> = found.iter().flat_map(|f| f.keys().cloned()).collect();
    if question.keys.is_empty() {
        places.insert((Vec::new(), None));
    }
    let of = |(key, part): (Vec<KeyValue>, Option<usize>)| {
        let cell = question.cell(&question.sets[0], &key);
        let condition = part.map_or(cell.clone(), |i| both(&cell, &question.columns[i].there()));
        let people = found.iter().map(|f| f.get(&(key.clone(), part)).cloned().unwrap_or_default()).collect();
        let told = Told { plan: question.plan_where(&condition), people, text: format!("{text}   {key:?} {part:?}") };
        (question.people_where(&condition), told)
    };
    places.into_iter().map(of).collect()
}

#[test]
fn who_are_seen_to_be_the_same_people_are_the_same_people() {
    let worlds: Vec<World> = (0..WORLDS).map(|number| World { context: SessionContext::new(), number }).collect();
    let mut all: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    let mut taken = 0;
    for text in (0..QUESTIONS).flat_map(alike) {
        let Ok(tracked) = planned(&text, &guests()) else { continue };
        taken += 1;
        let point = &tracked.points[0];
        for (who, told) in told(&point.question, &text, &worlds) {
            all.entry(who).or_default().push(told);
        }
    }
    let (mut pairs, mut moved) = (0, 0);
    for (who, same) in &all {
        for other in same.iter().skip(1) {
            assert_eq!(same[0].people, other.people, "{who}\n{}\n{}", same[0].text, other.text);
            pairs += u64::from(same[0].plan != other.plan);
        }
        moved += u64::from(same[0].people.iter().any(|people| !people.is_empty()));
    }
    // Forms that are different are so for data as well, most of them.
    let sets: BTreeSet<&Vec<BTreeSet<u32>>> = all.values().map(|same| &same[0].people).collect();
    println!(
        "{taken} of {} taken, {} forms ({moved} with people, {} sets), {pairs} pairs of unlike plans",
        QUESTIONS * (1 + ALIKE),
        all.len(),
        sets.len()
    );
    assert!(taken > QUESTIONS * ALIKE / 2 && pairs > 100 && sets.len() > 300, "{taken} {pairs} {}", sets.len());
}
