//! What the gate judges by: for every cell, who is in it and what each person contributes. Counted here, by the host, from the
//! joined rows; nothing that a researcher writes can change it. Exact and independent of row order and partitions.

use std::collections::{BTreeMap, HashMap};

use datafusion::{
    arrow::{
        array::{Array, ArrayRef, AsArray, RecordBatch},
        datatypes::{DataType, Decimal128Type, Int32Type, Int64Type, UInt32Type},
    },
    execution::SendableRecordBatchStream,
};
use futures::StreamExt;
use visiting_policies::disclosure::Contribution;

use crate::{
    config::CELLS_MAX,
    fault::Fault,
    query::{Query, Values},
};

/// One person in one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    /// Person id of the extract.
    pub(crate) unit: u32,
    /// Rows.
    pub(crate) rows: u64,
    /// One entry a measure.
    pub(crate) parts: Vec<Contribution>,
}

/// One facility in one cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FacilityShare {
    /// Rows.
    pub(crate) rows: u64,
    /// Sum by measure.
    pub(crate) sums: Vec<i128>,
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Its people, sorted by id, each once.
    pub(crate) shares: Vec<Share>,
    /// Per protected facility column: its facilities.
    pub(crate) facilities: Vec<BTreeMap<u32, FacilityShare>>,
}

/// Cells by key values.
pub(crate) type Cells = BTreeMap<Vec<i64>, Cell>;

/// Reads all partitions, each on its own task, and merges them.
pub(crate) async fn gather(streams: Vec<SendableRecordBatchStream>, query: &Query, facilities: usize) -> Result<Cells, Fault> {
    let shape = Shape { facilities, values: query.keys.iter().map(|k| k.values.clone()).collect(), measures: query.measures.len() };
    let mut tasks = tokio::task::JoinSet::new();
    for mut stream in streams {
        let shape = shape.clone();
        tasks.spawn(async move {
            let mut part = Gathering::new(shape);
            while let Some(batch) = stream.next().await {
                part.add(&batch?)?;
            }
            Ok::<_, Fault>(part.cells)
        });
    }
    let mut merged: Cells = BTreeMap::new();
    while let Some(part) = tasks.join_next().await {
        for (key, cell) in part.map_err(|e| Fault::Other(e.to_string()))?? {
            merge(merged.entry(key).or_default(), cell);
        }
    }
    merged.values_mut().for_each(settle);
    Ok(merged)
}

/// Columns of a batch: person, facilities, keys, measures.
#[derive(Clone)]
struct Shape {
    facilities: usize,
    values: Vec<Values>,
    measures: usize,
}

/// Cells of one partition.
struct Gathering {
    shape: Shape,
    index: HashMap<Vec<i64>, usize>,
    last: (Vec<i64>, usize),
    cells: Vec<(Vec<i64>, Cell)>,
}

impl Gathering {
    fn new(shape: Shape) -> Self {
        Self { shape, index: HashMap::new(), last: (vec![i64::MIN], 0), cells: Vec::new() }
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<(), Fault> {
        let (mut columns, shape) = (batch.columns().iter(), self.shape.clone());
        let mut next = || columns.next().ok_or_else(|| Fault::Other("the engine returned too few columns".to_owned()));
        let units = next()?.as_primitive::<UInt32Type>().values().clone();
        let facilities = (0..shape.facilities).map(|_| next().map(ArrayRef::clone)).collect::<Result<Vec<_>, _>>()?;
        let keys = shape.values.iter().map(|v| numbers(next()?, v)).collect::<Result<Vec<_>, _>>()?;
        let measures = (0..shape.measures).map(|_| amounts(next()?)).collect::<Result<Vec<_>, _>>()?;
        let mut key = Vec::with_capacity(keys.len());
        for (row, unit) in units.iter().enumerate() {
            key.clear();
            key.extend(keys.iter().filter_map(|k| k.get(row)));
            let at = self.cell(&key)?;
            let Some((_, cell)) = self.cells.get_mut(at) else { continue };
            let share = share_of(cell, *unit, shape.measures);
            share.rows += 1;
            for (part, amount) in share.parts.iter_mut().zip(&measures) {
                if let Some(Some(value)) = amount.get(row) {
                    part.sum = part.sum.saturating_add(*value);
                    part.rows += 1;
                }
            }
            for (place, column) in cell.facilities.iter_mut().zip(&facilities) {
                let ids = column.as_primitive::<UInt32Type>();
                if ids.is_valid(row) {
                    let id = ids.value(row);
                    add_facility(place.entry(id).or_default(), &measures, row);
                }
            }
        }
        Ok(())
    }

    /// Index of the cell with this key; rows of one cell often follow each other.
    fn cell(&mut self, key: &[i64]) -> Result<usize, Fault> {
        if self.last.0 == key {
            return Ok(self.last.1);
        }
        let at = match self.index.get(key) {
            Some(at) => *at,
            None => {
                if self.cells.len() >= CELLS_MAX {
                    return Err(Fault::Other("a query has more cells than this machine's limit".to_owned()));
                }
                let cell = Cell { shares: Vec::new(), facilities: vec![BTreeMap::new(); self.shape.facilities] };
                self.cells.push((key.to_vec(), cell));
                self.index.insert(key.to_vec(), self.cells.len() - 1);
                self.cells.len() - 1
            }
        };
        self.last = (key.to_vec(), at);
        Ok(at)
    }
}

/// The person's share: the last one where rows come person by person, else a new one that [`settle`] joins.
fn share_of(cell: &mut Cell, unit: u32, measures: usize) -> &mut Share {
    if cell.shares.last().is_none_or(|s| s.unit != unit) {
        cell.shares.push(Share { unit, rows: 0, parts: vec![Contribution { sum: 0, rows: 0 }; measures] });
    }
    let last = cell.shares.len() - 1;
    // INVARIANT: a share was pushed if there was none, so the slice is not empty.
    #[expect(clippy::indexing_slicing, reason = "the vector has at least the share pushed above")]
    &mut cell.shares[last]
}

fn add_facility(share: &mut FacilityShare, measures: &[Vec<Option<i128>>], row: usize) {
    share.rows += 1;
    share.sums.resize(measures.len(), 0);
    for (sum, amount) in share.sums.iter_mut().zip(measures) {
        *sum = sum.saturating_add(amount.get(row).copied().flatten().unwrap_or(0));
    }
}

fn merge(into: &mut Cell, from: Cell) {
    into.shares.extend(from.shares);
    if into.facilities.is_empty() {
        into.facilities = from.facilities;
        return;
    }
    for (into, from) in into.facilities.iter_mut().zip(from.facilities) {
        for (id, share) in from {
            let at = into.entry(id).or_default();
            at.rows += share.rows;
            at.sums.resize(share.sums.len(), 0);
            for (a, b) in at.sums.iter_mut().zip(share.sums) {
                *a = a.saturating_add(b);
            }
        }
    }
}

/// Sorts the people and joins the shares of each: after this a person stands in a cell once, however the rows came.
fn settle(cell: &mut Cell) {
    if cell.shares.is_sorted_by(|a, b| a.unit < b.unit) {
        return;
    }
    cell.shares.sort_by_key(|s| s.unit);
    cell.shares.dedup_by(|later, kept| {
        if later.unit != kept.unit {
            return false;
        }
        kept.rows += later.rows;
        for (a, b) in kept.parts.iter_mut().zip(&later.parts) {
            a.sum = a.sum.saturating_add(b.sum);
            a.rows += b.rows;
        }
        true
    });
}

/// Key values as places in their domain. Only a guest's column has rows without a value: they are a group of their own.
fn numbers(column: &ArrayRef, values: &Values) -> Result<Vec<i64>, Fault> {
    let outside = || Fault::Other("a key column holds a value outside its domain".to_owned());
    match column.data_type() {
        DataType::Int64 if column.null_count() == 0 => Ok(column.as_primitive::<Int64Type>().values().to_vec()),
        DataType::Dictionary(..) => {
            let dictionary = column.as_dictionary::<Int32Type>();
            let labels = dictionary.values().as_string::<i32>();
            let places: Vec<Option<i64>> = labels.iter().map(|l| l.map_or_else(|| values.null(), |l| values.index(l))).collect();
            let place = |k: i32| usize::try_from(k).ok().and_then(|k| places.get(k).copied().flatten());
            dictionary.keys().iter().map(|k| k.map_or_else(|| values.null(), place).ok_or_else(outside)).collect()
        }
        _ => Err(outside()),
    }
}

/// Measure values in units of 10^-scale; NULL where there is none.
fn amounts(column: &ArrayRef) -> Result<Vec<Option<i128>>, Fault> {
    match column.data_type() {
        DataType::Int64 => Ok(column.as_primitive::<Int64Type>().iter().map(|v| v.map(i128::from)).collect()),
        DataType::Decimal128(..) => Ok(column.as_primitive::<Decimal128Type>().iter().collect()),
        _ => Err(Fault::Other("a measure column is of an unknown type".to_owned())),
    }
}
