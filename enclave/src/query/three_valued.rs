//! Conditions on guests are SQL's three-valued logic, exactly: random conditions are lowered and normalised by us, and run as they
//! stand by the engine over every combination of labels, rows without a label included.

use std::{collections::BTreeSet, sync::Arc};

use datafusion::{
    arrow::{
        array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray},
        datatypes::{DataType, Field, Int64Type, Schema},
    },
    prelude::SessionContext,
};

use super::{Origin, Predicate, Query, parse, tests};

/// Conditions tried.
const TRIED: usize = 600;

const BAND: [Option<&str>; 4] = [None, Some("low"), Some("middle"), Some("high")];
const KIN: [Option<&str>; 3] = [None, Some("yes"), Some("no")];
const SEX: [i64; 2] = [1, 2];

/// A small generator of its own (xorshift): the same conditions in every run.
struct Dice(u64);

impl Dice {
    fn of(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % sides
    }

    /// A condition in which `band`, `kin` and `sex` stand for what is compared.
    fn condition(&mut self, depth: usize) -> String {
        match if depth == 0 { self.of(4) } else { self.of(9) } {
            0 => format!("band = '{}'", ["low", "middle", "high"][self.of(3)]),
            1 => format!("band {} ('{}', '{}')", ["IN", "NOT IN"][self.of(2)], ["low", "high"][self.of(2)], ["middle", "high"][self.of(2)]),
            2 => format!("kin {} '{}'", ["=", "<>"][self.of(2)], ["yes", "no"][self.of(2)]),
            3 => format!("sex {} {}", ["=", "<>", "<"][self.of(3)], self.of(2) + 1),
            4 | 5 => format!("NOT ({})", self.condition(depth - 1)),
            6 | 7 => format!("({} AND {})", self.condition(depth - 1), self.condition(depth - 1)),
            _ => format!("({} OR {})", self.condition(depth - 1), self.condition(depth - 1)),
        }
    }
}

/// Every combination of labels and sexes, each with its number.
fn rows() -> Vec<(Option<&'static str>, Option<&'static str>, i64)> {
    BAND.iter().flat_map(|b| KIN.iter().flat_map(move |k| SEX.iter().map(move |s| (*b, *k, *s)))).collect()
}

fn engine() -> SessionContext {
    let rows = rows();
    let fields = [("band", DataType::Utf8), ("kin", DataType::Utf8), ("sex", DataType::Int64), ("number", DataType::Int64)];
    let schema = Schema::new(fields.map(|(name, kind)| Field::new(name, kind, true)).to_vec());
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|r| r.0).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| r.1).collect::<StringArray>()),
        Arc::new(rows.iter().map(|r| Some(r.2)).collect::<Int64Array>()),
        Arc::new((0..rows.len() as i64).map(Some).collect::<Int64Array>()),
    ];
    let session = SessionContext::new();
    session.register_batch("t", RecordBatch::try_new(Arc::new(schema), columns).unwrap()).unwrap();
    session
}

/// Rows that the engine's own SQL selects.
async fn selected(engine: &SessionContext, condition: &str) -> BTreeSet<i64> {
    let batches = engine.sql(&format!("SELECT number FROM t WHERE {condition}")).await.unwrap().collect().await.unwrap();
    batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
}

/// Rows for which our predicate holds: a set of places, and the place of a row without a label is in none of them.
fn ours(query: &Query) -> BTreeSet<i64> {
    let place = |name: &str, row: &(Option<&str>, Option<&str>, i64)| {
        let column = query.filtered.iter().find(|c| c.name == name).unwrap();
        match &column.origin {
            Origin::Column { .. } => row.2,
            Origin::Call(_) if column.title == "band" => row.0.map_or(column.values.null(), |l| column.values.index(l)).unwrap(),
            Origin::Call(_) => row.1.map_or(column.values.null(), |l| column.values.index(l)).unwrap(),
        }
    };
    fn holds(predicate: &Predicate, place: &dyn Fn(&str) -> i64) -> bool {
        match predicate {
            Predicate::True => true,
            Predicate::False => false,
            Predicate::In(name, set) => set.intervals().iter().any(|(lo, hi)| (*lo..=*hi).contains(&place(name))),
            Predicate::All(parts) => parts.iter().all(|p| holds(p, place)),
            Predicate::Any(parts) => parts.iter().any(|p| holds(p, place)),
            Predicate::Atom(..) => panic!("a condition on a guest is a set of labels"),
        }
    }
    let all = rows();
    (0..all.len()).filter(|n| holds(&query.filter, &|name| place(name, &all[*n]))).map(|n| n as i64).collect()
}

#[tokio::test]
async fn conditions_on_guests_are_true_where_sql_says_so() {
    let (engine, mut dice, mut without_label) = (engine(), Dice(0x2545_f491_4f6c_dd1d), 0);
    for _ in 0..TRIED {
        let condition = dice.condition(4);
        let called = condition.replace("band", "guest.band(birth_ym, sex)").replace("kin", "guest.kin('E11', pref)");
        let query = parse(&format!("SELECT COUNT(*) FROM patients WHERE {called}"), &tests::guests()).unwrap();
        let expected = selected(&engine, &condition).await;
        assert_eq!(ours(&query), expected, "{condition}");
        without_label += usize::from(expected.iter().any(|n| rows()[usize::try_from(*n).unwrap()].0.is_none()));
    }
    assert!(without_label > TRIED / 20, "rows without a label are selected by the other columns now and then ({without_label})");
}
