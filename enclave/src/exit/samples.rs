//! Rows for tests: what the engine would return, by hand.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt32Array},
        datatypes::{Field, Schema},
    },
    logical_expr::LogicalPlanBuilder,
};

use visiting_policies::disclosure::Site;

use super::{
    Cells, Ledger,
    evidence::{assemble, shape},
    log::Log,
};
use crate::{
    fault::Fault,
    people::Ordinals,
    predicate::{Looks, Predicate, ValueSet, Values},
    question::{Column, Key, KeyValue, Most, Preimage, Question, SiteColumn, Statistic},
    who::Joined,
};

/// A protected column of a table.
pub(super) fn site(site: Site, table: &str) -> SiteColumn {
    SiteColumn { site, table: table.to_owned() }
}

/// One row: person, key values, numbers.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) unit: u32,
    pub(super) facility: Option<u32>,
    pub(super) household: Option<u32>,
    pub(super) keys: Vec<KeyValue>,
    pub(super) numbers: Vec<Option<i64>>,
    pub(super) value: Option<String>,
}

/// A row without keys and numbers.
pub(super) fn row(unit: u32) -> Row {
    Row { unit, facility: None, household: None, keys: Vec::new(), numbers: Vec::new(), value: None }
}

impl Row {
    pub(super) fn key(mut self, value: i64) -> Self {
        self.keys.push(KeyValue::Int(value));
        self
    }

    pub(super) fn number(mut self, value: impl Into<Option<i64>>) -> Self {
        self.numbers.push(value.into());
        self
    }

    pub(super) fn at(mut self, facility: u32) -> Self {
        self.facility = Some(facility);
        self
    }

    pub(super) fn living_in(mut self, household: u32) -> Self {
        self.household = Some(household);
        self
    }
}

/// A question over one column `sex` of two values, one `pref` of 47 and so on: keys by name and size of their domain.
pub(super) fn question(keys: &[(&str, i64)], columns: &[&str], statistics: &[Statistic]) -> Question {
    let key = |(name, size): &(&str, i64)| Key {
        name: format!("ndb.patients.{name}"),
        columns: vec![format!("ndb.patients.{name}")],
        of: Some(Preimage::Column(format!("ndb.patients.{name}"), Values::Range(1, *size), false)),
        most: Most::Values(size.unsigned_abs()),
        list: None,
        looks: Looks::Anywhere,
    };
    let column = |name: &&str| Column {
        name: format!("ndb.claims.{name}"),
        when: Predicate::True,
        present: Predicate::Atom(format!("ndb.claims.{name} is null").into(), false),
        scale: 0,
        bounds: None,
        opaque: false,
    };
    let question = Question {
        rows: LogicalPlanBuilder::empty(false).build().unwrap(),
        relation: String::new(),
        sources: Vec::new(),
        released: String::new(),
        filter: Predicate::True,
        keys: keys.iter().map(key).collect(),
        sets: vec![(0..keys.len()).collect()],
        columns: columns.iter().map(column).collect(),
        values: Vec::new(),
        domains: vec![("ndb.patients.sex".to_owned(), ValueSet::intervals_of(vec![(1, 2)]))],
        statistics: statistics.to_vec(),
        sites: Vec::new(),
        listings: vec!["ndb".to_owned()],
        tables: vec!["ndb.patients".to_owned()],
        one_row_per_person: false,
        reads: Vec::new(),
        guests: Vec::new(),
        places: std::collections::BTreeMap::new(),
    };
    over(question, "ndb.patients")
}

/// The same over another relation.
pub(super) fn over(question: Question, relation: &str) -> Question {
    let sources = vec![Joined::made(relation.to_owned(), false, [], false)];
    Question { relation: relation.to_owned(), sources, ..question }
}

/// The same about the people outside some values of a column.
pub(super) fn without(mut question: Question, column: &str, values: &[i64], bounds: (i64, i64)) -> Question {
    let set = ValueSet::values(values.iter().copied()).complement(bounds);
    question.filter = Predicate::All(vec![question.filter, Predicate::In(format!("ndb.patients.{column}"), set)]).normalised();
    question
}

/// A batch of rows in the form of a question.
pub(super) fn batch(question: &Question, rows: &[Row]) -> RecordBatch {
    let mut columns: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from_iter_values(rows.iter().map(|r| r.unit)))];
    for column in &question.sites {
        let of = |r: &Row| if column.site == Site::Facility { r.facility } else { r.household };
        columns.push(Arc::new(rows.iter().map(of).collect::<UInt32Array>()));
    }
    for i in 0..question.keys.len() {
        let text = rows.iter().any(|r| matches!(r.keys[i], KeyValue::Text(_)));
        let int = |r: &Row| if let KeyValue::Int(n) = r.keys[i] { Some(n) } else { None };
        let label = |r: &Row| if let KeyValue::Text(t) = &r.keys[i] { Some(t.clone()) } else { None };
        columns.push(match text {
            true => Arc::new(rows.iter().map(label).collect::<StringArray>()),
            false => Arc::new(rows.iter().map(int).collect::<Int64Array>()),
        });
    }
    for i in 0..question.columns.len() {
        columns.push(Arc::new(rows.iter().map(|r| r.numbers[i]).collect::<Int64Array>()));
    }
    for _ in &question.values {
        columns.push(Arc::new(rows.iter().map(|r| r.value.clone()).collect::<StringArray>()));
    }
    let field = |(i, c): (usize, &ArrayRef)| Field::new(format!("c{i}"), c.data_type().clone(), true);
    let schema = Schema::new(columns.iter().enumerate().map(field).collect::<Vec<_>>());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

/// Everybody is their own ledger ordinal, but for the order: nobody's neighbours by id are neighbours in the ledger.
pub(super) fn ordinals() -> &'static Ordinals {
    static ALL: std::sync::OnceLock<Ordinals> = std::sync::OnceLock::new();
    ALL.get_or_init(|| (0..40_000u32).map(|unit| unit * 7919 % 40_009).collect())
}

/// The cells of rows that come in these partitions, in batches and chunks of a few rows.
pub(super) fn cells(question: &Question, partitions: &[Vec<Row>], least: u64) -> Cells {
    gathered(question, partitions, least).unwrap()
}

/// The same, which may fail.
pub(super) fn gathered(question: &Question, partitions: &[Vec<Row>], least: u64) -> Result<Cells, Fault> {
    let log = |rows: &Vec<Row>| {
        let mut log = Log::new(shape(question), 50);
        rows.chunks(97).for_each(|rows| log.add(&batch(question, rows)).unwrap());
        log
    };
    let found = partitions.iter().map(|rows| log(rows).found()).collect();
    assemble(found, question, &Ledger { people: ordinals(), site: &|_, id| id, least })
}
