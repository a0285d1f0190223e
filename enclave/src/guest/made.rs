//! Guests of the person form as tables: `FROM guest.<name>` reads what the guest makes of each person's rows.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array},
        compute::concat_batches,
        datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type},
    },
    execution::SendableRecordBatchStream,
};
use futures::StreamExt as _;
use visiting_catalog::{Domain, Kind, Table, listing};
use visiting_intake::{Form, MONTHS, Manifest, Values};
use visiting_policies::sign;

use super::{Guest, output};
use crate::{
    extract::UNIT,
    fault::Fault,
    plan::{GUESTS, SchemaTable, Signature},
    unit::Reads,
};

/// Rows that are gathered before the guest is called: some thousand people at a time, a few megabytes.
const ROWS_AT_ONCE: usize = 65_536;

/// A table that a run needs, and what it is made of.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    /// What plans call it, with a digest of the guest and of what it reads here: what is not made of the same rows in the same way is
    /// never taken for the same table.
    pub(crate) name: String,
    /// The guest's digest.
    pub(crate) digest: String,
    /// Its input.
    pub(crate) reads: Arc<Reads>,
    /// Most rows of one person, and values of a row with the person and the facilities.
    pub(crate) size: (u64, u64),
}

impl Made {
    /// Rows that it can have where so many people may have one.
    pub(crate) fn rows(&self, people: u64) -> u64 {
        people.saturating_mul(self.size.0)
    }

    /// Values that are then in memory.
    pub(crate) fn values(&self, people: u64) -> u64 {
        self.rows(people).saturating_mul(self.size.1)
    }
}

/// The table of a guest as SQL sees it, with its plan's name.
pub(crate) fn table(guest: &Signature, reads: Arc<Reads>) -> Option<(Made, SchemaTable)> {
    let Manifest { name, form: Form::Person(person), .. } = &guest.manifest else { return None };
    let text = |text: &str| listing::Text { ja: text.to_owned(), en: text.to_owned() };
    let column = |column: &visiting_intake::Column| {
        let (kind, domain, measure) = declared(&column.values);
        visiting_catalog::Column { name: column.name.clone(), title: text(&column.name), kind, domain, role: None, measure }
    };
    let table = Table {
        name: format!("{name} {}", sign::digest(format!("{}\n{}", guest.digest, reads.words).as_bytes())),
        title: text(name),
        person: PERSON.to_owned(),
        facility: None,
        household: None,
        month: None,
        one_row_per_person: person.rows == 1,
        columns: person.columns.iter().map(column).collect(),
    };
    let size = (u64::from(person.rows), 1 + (reads.sites.len() + person.columns.len()) as u64);
    let schema = SchemaTable { listing: GUESTS.to_owned(), table, reads: Some(Arc::clone(&reads)) };
    Some((Made { name: schema.full_name(), digest: guest.digest.clone(), reads, size }, schema))
}

/// The person key of every table that a guest makes.
const PERSON: &str = "pid";

fn declared(values: &Values) -> (Kind, Option<Domain>, Option<visiting_catalog::Measure>) {
    let measure = |scale: u32| Some(visiting_catalog::Measure { scale, unit: "1".to_owned(), bounds: None });
    match values {
        Values::Labels(labels) => (Kind::Code, Some(Domain::Codes(labels.iter().map(|l| l.label.clone()).collect())), None),
        Values::Number(grid) if grid.scale == 0 => (Kind::Int, None, measure(0)),
        Values::Number(grid) => (Kind::Decimal, None, measure(grid.scale.into())),
        Values::Month => (Kind::Int, Some(Domain::Months([i64::from(*MONTHS.start()), i64::from(*MONTHS.end())])), None),
    }
}

/// Makes the rows: the person, facilities and households, then the guest's columns. `input` comes sorted by person.
pub(crate) async fn make(
    guest: &Guest,
    reads: &Reads,
    mut input: SendableRecordBatchStream,
) -> Result<(SchemaRef, Vec<RecordBatch>), Fault> {
    let schema = schema(guest, reads);
    let (mut out, mut rest): (Vec<RecordBatch>, Vec<RecordBatch>) = (Vec::new(), Vec::new());
    let read = input.schema();
    while let Some(batch) = input.next().await {
        rest.push(batch.map_err(|e| Fault::from(e).in_rows())?);
        if rest.iter().map(RecordBatch::num_rows).sum::<usize>() >= ROWS_AT_ONCE {
            let all = concat_batches(&read, &rest)?;
            // The last person's rows may go on in the next batch; who has too many has no result, and is not gathered further.
            let whole = last_begins(&all)?;
            rest = vec![all.slice(whole, (all.num_rows() - whole).min(visiting_worker::LIMITS.person_rows + 1))];
            out.push(people(guest, reads, &schema, &all.slice(0, whole))?);
        }
    }
    out.push(people(guest, reads, &schema, &concat_batches(&read, &rest)?)?);
    Ok((schema, out))
}

fn schema(guest: &Guest, reads: &Reads) -> SchemaRef {
    let sites = (0..reads.sites.len()).map(|i| Field::new(format!("site{i}"), DataType::UInt32, true));
    let columns = match &guest.manifest().form {
        Form::Person(person) => person.columns.as_slice(),
        Form::Scalar { .. } => &[],
    };
    let columns = columns.iter().map(|c| Field::new(&c.name, output::kind(&c.values), true));
    Arc::new(Schema::new(std::iter::once(Field::new(UNIT, DataType::UInt32, false)).chain(sites).chain(columns).collect::<Vec<_>>()))
}

fn units(batch: &RecordBatch) -> Result<&UInt32Array, Fault> {
    let units = batch.columns().first().and_then(|column| column.as_primitive_opt::<UInt32Type>());
    units.ok_or_else(|| Fault::Other("a guest's input has no person".to_owned()))
}

/// Where the rows of the last person begin.
fn last_begins(batch: &RecordBatch) -> Result<usize, Fault> {
    let units = units(batch)?.values();
    let last = units.last();
    Ok(units.partition_point(|unit| Some(unit) < last))
}

/// The rows about the people of one batch.
fn people(guest: &Guest, reads: &Reads, schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch, Fault> {
    let units = units(batch)?;
    // How many rows each person has, and where they begin.
    let mut persons: Vec<(u32, usize, u32)> = Vec::new();
    for (row, unit) in units.values().iter().enumerate() {
        match persons.last_mut() {
            Some((last, _, rows)) if last == unit => *rows += 1,
            _ => persons.push((*unit, row, 1)),
        }
    }
    let lengths: Vec<u32> = persons.iter().map(|(.., rows)| *rows).collect();
    let params = guest.manifest().params.len();
    let (arguments, sites) = batch.columns().get(1..).unwrap_or_default().split_at_checked(params).unwrap_or_default();
    let (counts, made) = guest.people(arguments, &lengths)?;
    let of_each = |value: &dyn Fn(&(u32, usize, u32)) -> Option<u32>| -> ArrayRef {
        let rows = persons.iter().zip(&counts).flat_map(|(person, count)| std::iter::repeat_n(value(person), *count as usize));
        Arc::new(rows.collect::<UInt32Array>())
    };
    let mut columns: Vec<ArrayRef> = vec![of_each(&|(unit, ..)| Some(*unit))];
    for site in sites.iter().take(reads.sites.len()) {
        let site = site.as_primitive_opt::<UInt32Type>().ok_or_else(|| Fault::Other("a facility is no number".to_owned()))?;
        // One of a person's facilities stands for that person, as where rows are grouped by the person.
        let least = |(_, from, rows): &(u32, usize, u32)| {
            (*from..*from + *rows as usize).filter(|row| site.is_valid(*row)).map(|row| site.value(row)).min()
        };
        columns.push(of_each(&least));
    }
    columns.extend(made);
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
