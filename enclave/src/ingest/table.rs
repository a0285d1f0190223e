//! Loads one table: rows in batches through the linkage unit into one Parquet file.

use std::{fs::File, path::Path, sync::Arc};

use datafusion::{
    arrow::{
        array::{ArrayRef, Decimal128Builder, Int64Builder, StringBuilder, UInt32Array},
        datatypes::{DataType, Field, Schema},
        record_batch::RecordBatch,
    },
    parquet::{arrow::ArrowWriter, file::properties::WriterProperties},
};
use roaring::RoaringBitmap;
use visiting_catalog::{Column, Kind, Table};

use super::{
    IngestError,
    cell::{Cell, CellReader, DECIMAL_DIGITS},
    mapping::{IdentityKind, Source},
    people::{IDENTITY_MAX_BYTES, People, identity},
    quarantine::Quarantine,
    source::{Rows, Step},
};
use crate::{
    fault::Fault,
    vault::{PERSON, site_column},
};

/// Rows held at once.
const BATCH_ROWS: usize = 50_000;
/// Rows of a row group: bounds the writer's memory.
const GROUP_ROWS: usize = 200_000;
/// Rows between two progress lines.
const PROGRESS_ROWS: u64 = 250_000;

/// A table being written.
pub(crate) struct TableLoad<'a> {
    table: &'a Table,
    schema: Arc<Schema>,
    writer: ArrowWriter<File>,
    /// People that have their row, where a table allows one.
    seen: RoaringBitmap,
    rows: u64,
}

/// A row on its way.
struct Row {
    line: u64,
    identity: String,
    /// Its facility and household, as the table has them.
    sites: Vec<String>,
    cells: Vec<Cell>,
}

impl<'a> TableLoad<'a> {
    /// An empty table at `path`.
    pub(crate) fn create(table: &'a Table, path: &Path) -> Result<Self, Fault> {
        let schema = Arc::new(schema(table));
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(GROUP_ROWS)).build();
        let writer = ArrowWriter::try_new(File::create(path)?, Arc::clone(&schema), Some(properties))?;
        Ok(Self { table, schema, writer, seen: RoaringBitmap::new(), rows: 0 })
    }

    /// Reads one file to its end. False when it could not be read at all.
    pub(crate) fn load(
        &mut self,
        source: &Source,
        path: &Path,
        people: &mut People<'_>,
        quarantine: &mut Quarantine,
    ) -> Result<bool, IngestError> {
        let file = super::source::name(path);
        let opened = Rows::open(path).map_err(str::to_owned).and_then(|rows| Places::find(source, self.table, &rows).map(|p| (rows, p)));
        let (mut rows, places) = match opened {
            Ok(opened) => opened,
            Err(reason) => return quarantine.add(&file, 1, &reason).map(|()| false).map_err(IngestError::io),
        };
        let kind = match source.identity.kind {
            IdentityKind::Insured => "insured".to_owned(),
            IdentityKind::Local => format!("local:{}", people.listing),
        };
        let (mut batch, mut record) = (Vec::with_capacity(BATCH_ROWS), csv::StringRecord::new());
        loop {
            let more = match rows.next(&mut record) {
                Step::End => false,
                Step::Broken(line, reason) => {
                    quarantine.add(&file, line, reason).map_err(IngestError::io)?;
                    false
                }
                Step::Bad(line, reason) => quarantine.add(&file, line, reason).map(|()| true).map_err(IngestError::io)?,
                Step::Row(fields, line) => match places.row(fields, line) {
                    Ok(row) => {
                        batch.push(row);
                        true
                    }
                    Err(reason) => quarantine.add(&file, line, &reason).map(|()| true).map_err(IngestError::io)?,
                },
            };
            if batch.len() == BATCH_ROWS || !more {
                self.write(&file, &kind, std::mem::take(&mut batch), people, quarantine)?;
            }
            if !more {
                return Ok(true);
            }
        }
    }

    fn write(
        &mut self,
        file: &str,
        kind: &str,
        mut batch: Vec<Row>,
        people: &mut People<'_>,
        quarantine: &mut Quarantine,
    ) -> Result<(), IngestError> {
        let identities: Vec<&str> = batch.iter().map(|r| r.identity.as_str()).collect();
        let mut persons = people.people(kind, &identities)?;
        if self.table.one_row_per_person {
            let first: Vec<bool> = persons.iter().map(|p| self.seen.insert(*p)).collect();
            for (row, _) in batch.iter().zip(&first).filter(|(_, first)| !**first) {
                quarantine.add(file, row.line, "a second row of a person; the table has one").map_err(IngestError::io)?;
            }
            persons = keep(persons, &first);
            batch = keep(batch, &first);
        }
        let mut sites = Vec::new();
        for (number, (site, _)) in self.table.sites().enumerate() {
            let names: Vec<&str> = batch.iter().map(|r| r.sites.get(number).map_or("", String::as_str)).collect();
            sites.push(people.sites(site, &names)?);
        }
        let cells: Vec<Vec<Cell>> = batch.into_iter().map(|row| row.cells).collect();
        let before = self.rows;
        self.append(persons, sites, &cells)?;
        if before / PROGRESS_ROWS != self.rows / PROGRESS_ROWS {
            println!("{}.{}: {} rows so far", people.listing, self.table.name, self.rows);
        }
        Ok(())
    }

    /// Adds rows whose people are known, and their sites in the order of the table's.
    pub(crate) fn append(&mut self, persons: Vec<u32>, sites: Vec<Vec<Option<u32>>>, rows: &[Vec<Cell>]) -> Result<(), Fault> {
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(persons))];
        arrays.extend(sites.into_iter().map(|s| Arc::new(UInt32Array::from(s)) as ArrayRef));
        for (at, column) in self.table.columns.iter().enumerate() {
            arrays.push(array(column, rows.iter().map(|row| row.get(at).unwrap_or(&Cell::Null)))?);
        }
        self.rows += rows.len() as u64;
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays)?;
        Ok(self.writer.write(&batch)?)
    }

    /// Ends the file; its rows.
    pub(crate) fn finish(self) -> Result<u64, Fault> {
        self.writer.close()?;
        Ok(self.rows)
    }
}

fn keep<T>(items: Vec<T>, kept: &[bool]) -> Vec<T> {
    items.into_iter().zip(kept).filter(|(_, kept)| **kept).map(|(item, _)| item).collect()
}

/// Where a source's columns are in one file, and how they are read.
struct Places<'a> {
    identity: Vec<usize>,
    sites: Vec<usize>,
    cells: Vec<(usize, CellReader<'a>)>,
}

impl<'a> Places<'a> {
    fn find(source: &'a Source, table: &'a Table, rows: &Rows) -> Result<Self, String> {
        let place = |column: &str| rows.position(column).ok_or_else(|| format!("the header has no column `{column}`"));
        let cell = |column: &'a Column| {
            let origin = source.columns.get(&column.name).ok_or_else(|| format!("the column `{}` is not mapped", column.name))?;
            // Two-valued logic in WHERE and GROUP BY rests on this: a column with a domain is never empty.
            Ok((place(origin.column())?, CellReader::new(column, origin)))
        };
        Ok(Self {
            identity: source.identity.columns.iter().map(|c| place(c)).collect::<Result<_, String>>()?,
            sites: table.sites().filter_map(|(site, _)| source.site(site)).map(place).collect::<Result<_, String>>()?,
            cells: table.columns.iter().map(cell).collect::<Result<_, String>>()?,
        })
    }

    fn row(&self, fields: &csv::StringRecord, line: u64) -> Result<Row, String> {
        let field = |at: usize| fields.get(at).unwrap_or_default();
        let identity = identity(self.identity.iter().map(|at| field(*at)))?;
        let sites: Vec<String> = self.sites.iter().map(|at| field(*at).trim().to_owned()).collect();
        if sites.iter().any(|name| name.len() > IDENTITY_MAX_BYTES) {
            return Err("a facility or household of more than 256 bytes".to_owned());
        }
        let cells = self.cells.iter().map(|(at, reader)| reader.read(field(*at))).collect::<Result<_, String>>()?;
        Ok(Row { line, identity, sites, cells })
    }
}

fn schema(table: &Table) -> Schema {
    let sites = table.sites().map(|(site, _)| Field::new(site_column(site), DataType::UInt32, true));
    let columns = table.columns.iter().map(|c| Field::new(&c.name, data_type(c), true));
    Schema::new(std::iter::once(Field::new(PERSON, DataType::UInt32, false)).chain(sites).chain(columns).collect::<Vec<_>>())
}

fn data_type(column: &Column) -> DataType {
    match column.kind {
        Kind::Int => DataType::Int64,
        Kind::Code => DataType::Utf8,
        // The catalogue's check keeps scales below 10.
        Kind::Decimal => DataType::Decimal128(DECIMAL_DIGITS, i8::try_from(column.scale()).unwrap_or(0)),
    }
}

fn array<'r>(column: &Column, cells: impl Iterator<Item = &'r Cell>) -> Result<ArrayRef, Fault> {
    match column.kind {
        Kind::Int => {
            let mut out = Int64Builder::new();
            cells.for_each(|cell| out.append_option(if let Cell::Int(v) = cell { Some(*v) } else { None }));
            Ok(Arc::new(out.finish()))
        }
        Kind::Code => {
            let mut out = StringBuilder::new();
            cells.for_each(|cell| out.append_option(if let Cell::Code(v) = cell { Some(v) } else { None }));
            Ok(Arc::new(out.finish()))
        }
        Kind::Decimal => {
            let mut out = Decimal128Builder::new().with_data_type(data_type(column));
            cells.for_each(|cell| out.append_option(if let Cell::Decimal(v) = cell { Some(*v) } else { None }));
            Ok(Arc::new(out.finish()))
        }
    }
}
