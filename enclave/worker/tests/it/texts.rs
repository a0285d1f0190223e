//! Columns from texts and texts from codes, for tables in files.

use visiting_intake::{Grid, ParamKind, Values};
use visiting_worker::{Column, Validity};

/// A column as a worker takes it, with its validity bits.
pub(crate) enum Made {
    Int(Vec<i64>, Vec<u8>),
    Decimal(Vec<f64>, Vec<u8>),
    Text(Vec<i32>, Vec<Option<(i64, i64)>>, Vec<u8>),
}

/// From texts; `None` is no value.
pub(crate) fn made(kind: ParamKind, texts: &[Option<&str>]) -> Made {
    let bits = texts.chunks(8).map(|eight| eight.iter().enumerate().map(|(i, text)| u8::from(text.is_some()) << i).sum()).collect();
    match kind {
        ParamKind::Int => Made::Int(texts.iter().map(|text| text.map_or(0, |text| text.parse().unwrap())).collect(), bits),
        ParamKind::Decimal => Made::Decimal(texts.iter().map(|text| text.map_or(0.0, |text| text.parse().unwrap())).collect(), bits),
        ParamKind::Text => {
            let dictionary = texts.iter().map(|text| visiting_sdk::pack(text.unwrap_or_default().as_bytes())).collect();
            Made::Text((0..texts.len() as i32).collect(), dictionary, bits)
        }
    }
}

pub(crate) fn columns(made: &[Made]) -> Vec<Column<'_>> {
    made.iter()
        .map(|made| match made {
            Made::Int(values, bits) => Column::Int(values, Validity::new(bits, 0)),
            Made::Decimal(values, bits) => Column::Decimal(values, Validity::new(bits, 0)),
            Made::Text(keys, dictionary, bits) => Column::Text(keys, dictionary, Validity::new(bits, 0)),
        })
        .collect()
}

/// What a code stands for, as tables show it; `None` is NULL.
pub(crate) fn shown(values: &Values, code: Option<u32>) -> Option<String> {
    let decimal = |grid: &Grid, code| {
        let (units, unit) = (grid.units(code).unwrap(), 10_i64.pow(grid.scale.into()));
        let sign = if units < 0 { "-" } else { "" };
        match grid.scale {
            0 => units.to_string(),
            places => format!("{sign}{}.{:0places$}", units.abs() / unit, units.abs() % unit, places = places.into()),
        }
    };
    code.map(|code| match values {
        Values::Labels(labels) => labels[code as usize].label.clone(),
        Values::Number(grid) => decimal(grid, code),
        Values::Month => code.to_string(),
    })
}
