//! Guests of the person form as tables: `FROM guest.<name>` reads what the guest makes of each person's rows.

use std::{ops::Range, sync::Arc};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array},
        datatypes::{DataType, Field, Schema, SchemaRef, UInt32Type},
    },
    execution::SendableRecordBatchStream,
};
use visiting_catalog::{Domain, Kind, Table, listing};
use visiting_intake::{Form, MONTHS, Manifest, Values};
use visiting_policies::sign;

use super::{Guest, output, stretches::stretches};
use crate::{
    extract::UNIT,
    fault::Fault,
    plan::{GUESTS, SchemaTable, Signature},
    unit::Reads,
};

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
pub(crate) async fn make(guest: &Guest, reads: &Reads, input: SendableRecordBatchStream) -> Result<(SchemaRef, Vec<RecordBatch>), Fault> {
    let (schema, mut out) = (schema(guest, reads), Vec::new());
    stretches(input, 1, visiting_worker::LIMITS.person_rows, |batch, people| {
        out.push(rows(guest, reads, &schema, batch, people)?);
        Ok(())
    })
    .await?;
    Ok((schema, out))
}

fn schema(guest: &Guest, reads: &Reads) -> SchemaRef {
    let sites = (0..reads.sites.len()).map(|i| Field::new(format!("site{i}"), DataType::UInt32, true));
    let columns = match &guest.manifest().form {
        Form::Person(person) => person.columns.as_slice(),
        Form::Scalar { .. } | Form::Group { .. } => &[],
    };
    let columns = columns.iter().map(|c| Field::new(&c.name, output::kind(&c.values), true));
    Arc::new(Schema::new(std::iter::once(Field::new(UNIT, DataType::UInt32, false)).chain(sites).chain(columns).collect::<Vec<_>>()))
}

fn units(batch: &RecordBatch) -> Result<&UInt32Array, Fault> {
    let units = batch.columns().first().and_then(|column| column.as_primitive_opt::<UInt32Type>());
    units.ok_or_else(|| Fault::Other("a guest's input has no person".to_owned()))
}

/// The rows about the people of one batch.
fn rows(guest: &Guest, reads: &Reads, schema: &SchemaRef, batch: &RecordBatch, people: &[Range<usize>]) -> Result<RecordBatch, Fault> {
    // What is not part of a whole person yet comes again.
    let batch = batch.slice(0, people.last().map_or(0, |last| last.end));
    let units = units(&batch)?.values();
    let lengths: Vec<u32> = people.iter().map(|rows| u32::try_from(rows.len()).unwrap_or(u32::MAX)).collect();
    let params = guest.manifest().params.len();
    let (arguments, sites) = batch.columns().get(1..).unwrap_or_default().split_at_checked(params).unwrap_or_default();
    let (counts, made) = guest.people(arguments, &lengths)?;
    let of_each = |value: &dyn Fn(&Range<usize>) -> Option<u32>| -> ArrayRef {
        let rows = people.iter().zip(&counts).flat_map(|(person, count)| std::iter::repeat_n(value(person), *count as usize));
        Arc::new(rows.collect::<UInt32Array>())
    };
    let mut columns: Vec<ArrayRef> = vec![of_each(&|rows| units.get(rows.start).copied())];
    for site in sites.iter().take(reads.sites.len()) {
        let site = site.as_primitive_opt::<UInt32Type>().ok_or_else(|| Fault::Other("a facility is no number".to_owned()))?;
        // One of a person's facilities stands for that person, as where rows are grouped by the person.
        let least = |rows: &Range<usize>| rows.clone().filter(|row| site.is_valid(*row)).map(|row| site.value(row)).min();
        columns.push(of_each(&least));
    }
    columns.extend(made);
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
