//! Code lists as the reader sees them: the plan of the same rows written in VALUES, which it puts in the place of the name. So every
//! rule that holds for VALUES holds for them, and nothing behind the reader knows that there are such lists.

use std::{borrow::Cow, sync::Arc};

use datafusion::{
    arrow::datatypes::SchemaRef,
    common::{Result, ScalarValue},
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TableSource},
    prelude::{col, lit},
};
use visiting_catalog::{CodeList, CodeValue};

/// A code list under `codes.<name>`.
#[derive(Debug)]
pub(super) struct ListSource {
    values: LogicalPlan,
}

impl ListSource {
    pub(super) fn new(list: &CodeList) -> Result<Self> {
        let literal = |value: &CodeValue, numbers: bool| match value {
            CodeValue::Int(n) => lit(*n),
            CodeValue::Text(text) => lit(text.as_str()),
            CodeValue::Missing if numbers => Expr::Literal(ScalarValue::Int64(None), None),
            CodeValue::Missing => Expr::Literal(ScalarValue::Utf8(None), None),
        };
        let row = |row: &Vec<CodeValue>| row.iter().zip(&list.columns).map(|(value, column)| literal(value, column.numbers)).collect();
        // The engine calls the columns of VALUES so; a list's own names stand in the file's header, as behind `AS v(…)` in a text.
        let names = list.columns.iter().enumerate().map(|(place, column)| col(format!("column{}", place + 1)).alias(&column.name));
        let values = LogicalPlanBuilder::values(list.rows.iter().map(row).collect())?.project(names)?.build()?;
        Ok(Self { values })
    }
}

impl TableSource for ListSource {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.values.schema().inner())
    }

    fn get_logical_plan(&self) -> Option<Cow<'_, LogicalPlan>> {
        Some(Cow::Borrowed(&self.values))
    }
}
