//! A twin's tables in the form of an extract: the same files, keys, columns and order, so that everything after is the same code.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use datafusion::arrow::{
    array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, UInt32Array},
    datatypes::{DataType, Field, Schema},
};
use visiting_catalog::{Kind, TablePlan};
use visiting_policies::{disclosure::Site, terms::Period};

use super::{
    Model,
    draw::{Draw, Ranks, purpose},
    generate::Maker,
};
use crate::{
    extract::{Extract, Manifest, TableWriter, UNIT},
    fault::Fault,
    keys::Key,
    vault::site_column,
};

/// People whose rows are made at a time: a batch of the size that the engine likes.
const PEOPLE_AT_A_TIME: u32 = 1000;
/// Mean of a person's rows in a table that may have several, before the person's own factor.
const ROWS_MEAN: f64 = 4.0;
/// Most rows of a person in a table.
const ROWS_MAX: f64 = 200.0;
/// Share of the people who are in a further database of the permit too.
const SHARED: f64 = 0.4;
/// People for each facility.
const PEOPLE_PER_FACILITY: u32 = 50;
/// Fewest facilities.
const FACILITIES_MIN: u32 = 30;
/// People of one household.
const HOUSEHOLD: u32 = 3;

/// Makes every table in `folder` and opens the whole as an extract.
pub(super) fn write(folder: &Path, model: &Model, plans: &[TablePlan<'_>], people: u32, seed: u64) -> Result<Extract, Fault> {
    std::fs::create_dir_all(folder)?;
    let key = Key::generate()?;
    let (mut files, mut rows) = (BTreeMap::new(), BTreeMap::new());
    let mut databases: Vec<&str> = Vec::new();
    for plan in plans {
        if !databases.contains(&plan.listing.id.as_str()) {
            databases.push(&plan.listing.id);
        }
        let name = format!("{}.{}", plan.listing.id, plan.table.name);
        let further = databases.first() != Some(&plan.listing.id.as_str());
        let maker = TableMaker::new(plan, model.scope.period, people, further, seed);
        let mut writer = TableWriter::new(&key, folder, plan, &name)?;
        for first in (0..people).step_by(PEOPLE_AT_A_TIME as usize) {
            if let Some(batch) = maker.batch(first, people.min(first + PEOPLE_AT_A_TIME))? {
                writer.push(&writer.shaped(&batch)?)?;
            }
        }
        let written = writer.finish()?;
        rows.insert(name.clone(), model.rows.get(&name).copied().unwrap_or(written.1));
        files.insert(name, written.0);
    }
    let manifest = Manifest { scope: model.scope.clone(), versions: model.versions.clone(), files, rows, people: u64::from(people) };
    Ok(Extract::of_parts(manifest, key, (0..people).collect(), folder.to_owned()))
}

/// Makes the rows of one table.
struct TableMaker<'a> {
    plan: &'a TablePlan<'a>,
    columns: Vec<Maker>,
    /// False where a column has no value left: then the table is empty.
    any: bool,
    facilities: Ranks,
    first_facility: u32,
    further: bool,
    seed: u64,
}

/// A person's row: facility and household as the table has them, and a value for each column.
type Row = (Vec<u32>, Vec<Option<i64>>);

impl<'a> TableMaker<'a> {
    fn new(plan: &'a TablePlan<'a>, period: Period, people: u32, further: bool, seed: u64) -> Self {
        let cut = |name: &str| Some(period).filter(|_| plan.table.month.as_deref() == Some(name));
        let columns: Vec<Maker> = plan.columns.iter().filter_map(|c| Maker::new(c, seed, cut(&c.name))).collect();
        let many = (people / PEOPLE_PER_FACILITY).max(FACILITIES_MIN);
        let any = columns.len() == plan.columns.len();
        // Facilities of two databases are never the same.
        let first_facility = if further { many } else { 0 };
        let facilities = Ranks::new(many as usize, 0.7);
        Self { plan, columns, any, facilities, first_facility, further, seed }
    }

    /// Rows of the people `from..to`, sorted as an extract's; `None` where there are none.
    fn batch(&self, from: u32, to: u32) -> Result<Option<RecordBatch>, Fault> {
        let (mut units, mut rows) = (Vec::new(), Vec::new());
        for person in from..to {
            let mut own = self.rows(person);
            own.sort_unstable();
            units.extend(std::iter::repeat_n(person, own.len()));
            rows.append(&mut own);
        }
        if units.is_empty() { Ok(None) } else { self.arrow(units, &rows).map(Some) }
    }

    fn rows(&self, person: u32) -> Vec<Row> {
        let inside = Draw::new(purpose(self.seed, &self.plan.listing.id), person).chance(SHARED);
        if !self.any || (self.further && !inside) {
            return Vec::new();
        }
        let name = format!("{}.{}", self.plan.listing.id, self.plan.table.name);
        let mut draw = Draw::new(purpose(self.seed, &name), person);
        // Who has many rows in one table has many in the others.
        let factor = Draw::new(purpose(self.seed, "rows of a person"), person).skewed(1.0, 0.8);
        let count = match self.plan.table.one_row_per_person {
            true => 1,
            false => draw.exponential(ROWS_MEAN * factor).min(ROWS_MAX).round() as usize,
        };
        let usual = [self.facilities.draw(&mut draw), self.facilities.draw(&mut draw)];
        let mut rows: Vec<Row> = Vec::with_capacity(count);
        for _ in 0..count {
            let before = rows.last().map(|(_, values)| values.clone()).unwrap_or_default();
            let sites = self.plan.table.sites().map(|(site, _)| match site {
                Site::Facility => {
                    let [first, second] = usual;
                    let place = if draw.chance(0.8) { first } else { second };
                    self.first_facility.saturating_add(u32::try_from(place).unwrap_or_default())
                }
                Site::Household => person / HOUSEHOLD,
            });
            let sites: Vec<u32> = sites.collect();
            let value = |(i, maker): (usize, &Maker)| match self.plan.table.one_row_per_person {
                true => maker.next(&mut Draw::new(maker.seed, person), None),
                false => maker.next(&mut draw, before.get(i).copied().flatten()),
            };
            rows.push((sites, self.columns.iter().enumerate().map(value).collect()));
        }
        rows
    }

    /// The rows as an extract has them before encryption: person, sites, columns.
    fn arrow(&self, units: Vec<u32>, rows: &[Row]) -> Result<RecordBatch, Fault> {
        let mut fields = vec![Field::new(UNIT, DataType::UInt32, false)];
        let mut arrays: Vec<ArrayRef> = vec![Arc::new(UInt32Array::from(units))];
        for (number, (site, _)) in self.plan.table.sites().enumerate() {
            fields.push(Field::new(site_column(site), DataType::UInt32, true));
            arrays.push(Arc::new(rows.iter().map(|(sites, _)| sites.get(number).copied()).collect::<UInt32Array>()));
        }
        for (i, (column, maker)) in self.plan.columns.iter().zip(&self.columns).enumerate() {
            let values = rows.iter().map(|(_, values)| values.get(i).copied().flatten());
            let array: ArrayRef = match maker.kind() {
                Kind::Int => Arc::new(values.collect::<Int64Array>()),
                Kind::Code => Arc::new(values.map(|place| place.and_then(|p| maker.code(p))).collect::<StringArray>()),
                Kind::Decimal => {
                    let scale = i8::try_from(maker.scale()).unwrap_or(0);
                    Arc::new(values.map(|v| v.map(i128::from)).collect::<Decimal128Array>().with_precision_and_scale(18, scale)?)
                }
            };
            fields.push(Field::new(column.name.clone(), array.data_type().clone(), true));
            arrays.push(array);
        }
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }
}
