//! A checked table as files: CSV and Parquet with the same rows in the same order.

use std::sync::Arc;

use datafusion::{
    arrow::{
        array::{ArrayRef, RecordBatch, StringArray},
        datatypes::{DataType, Field, Schema},
    },
    parquet::arrow::ArrowWriter,
};

use crate::{
    fault::Fault,
    table::{AS_BEFORE, CheckedOutput, MASKED, Value},
};

/// Title of the last column: empty, or why a row repeats an earlier release.
const NOTE: &str = "note";

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        Value::Masked => MASKED,
    }
}

fn note(before: bool) -> &'static str {
    if before { AS_BEFORE } else { "" }
}

/// The table as CSV (RFC 4180, UTF-8, line feeds).
pub(crate) fn csv(table: &CheckedOutput) -> Result<Vec<u8>, Fault> {
    let fault = |e: csv::Error| Fault::Other(e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.titles().iter().map(String::as_str).chain([NOTE])).map_err(fault)?;
    for (values, before) in table.rows() {
        writer.write_record(values.iter().map(text).chain([note(*before)])).map_err(fault)?;
    }
    writer.into_inner().map_err(|e| Fault::Other(e.to_string()))
}

/// The same as Parquet. Every column is text, exactly as in the CSV, so that `<k` needs no second column and no digit changes.
pub(crate) fn parquet(table: &CheckedOutput) -> Result<Vec<u8>, Fault> {
    let titles = table.titles().iter().map(String::as_str).chain([NOTE]);
    let schema = Arc::new(Schema::new(titles.map(|t| Field::new(t, DataType::Utf8, false)).collect::<Vec<_>>()));
    let column =
        |i: usize| -> ArrayRef { Arc::new(table.rows().iter().map(|(values, _)| values.get(i).map(text)).collect::<StringArray>()) };
    let mut columns: Vec<ArrayRef> = (0..table.titles().len()).map(column).collect();
    columns.push(Arc::new(table.rows().iter().map(|(_, before)| Some(note(*before))).collect::<StringArray>()));
    let mut writer = ArrowWriter::try_new(Vec::new(), schema.clone(), None)?;
    writer.write(&RecordBatch::try_new(schema, columns)?)?;
    Ok(writer.into_inner()?)
}
