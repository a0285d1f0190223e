//! What outlives a call: memory, data, table and elements, all of fixed size and filled in one known way, or they could not be put back.

use wasmparser::{ConstExpr, DataKind, ElementItems, ElementKind, Operator, TableInit};

use super::{Unreadable, Walk, beyond};
use crate::{LIMITS, report::Words};

/// Bytes of a page of memory.
const PAGE: u64 = 65_536;

impl Walk<'_> {
    pub(super) fn tables(&mut self, section: wasmparser::TableSectionReader<'_>) -> Result<(), Unreadable> {
        for (index, table) in section.into_iter().enumerate() {
            let table = table?;
            let fixed = table.ty.maximum == Some(table.ty.initial) && table.ty.initial <= u64::from(LIMITS.elements);
            let plain = table.ty.element_type.is_func_ref() && !table.ty.table64 && !table.ty.shared;
            if index > 0 || !fixed || !plain || !matches!(table.init, TableInit::RefNull) {
                let most = LIMITS.elements;
                self.findings.add(
                    "fixed-table",
                    format!("module table {index}"),
                    Words::new(
                        format!("表は関数のものを一つだけ、大きさは固定（最小＝最大、{most} 以下）です。"),
                        format!("There may be one table, of functions, of fixed size (minimum = maximum, at most {most})."),
                    ),
                    Words::new(
                        "`visiting guest trim` を通すか、リンカに表を伸ばさせないでください。",
                        "Run `visiting guest trim`, or keep the linker from making a table that can grow.",
                    ),
                );
            }
            self.facts.table = Some(table.ty.initial);
        }
        Ok(())
    }

    pub(super) fn memories(&mut self, section: wasmparser::MemorySectionReader<'_>) -> Result<(), Unreadable> {
        for (index, memory) in section.into_iter().enumerate() {
            let memory = memory?;
            let fixed = memory.maximum == Some(memory.initial) && memory.initial <= LIMITS.pages;
            let plain = !memory.memory64 && !memory.shared && memory.page_size_log2.is_none();
            if self.reset && (index > 0 || !fixed || !plain) {
                let most = LIMITS.pages;
                self.findings.add(
                    "fixed-memory",
                    format!("module memory {index}"),
                    Words::new(
                        format!("メモリは一つだけ、大きさは固定（最小＝最大、{most} ページ以下）です。"),
                        format!("There may be one memory of fixed size (minimum = maximum, at most {most} pages)."),
                    ),
                    Words::new(
                        "`visiting guest trim` を通し、リンカの stack-size を小さくしてください（例 `-z stack-size=16384`）。",
                        "Run `visiting guest trim`, and give the linker a small stack (such as `-z stack-size=16384`).",
                    ),
                );
            }
            self.facts.memory = Some(memory.initial);
        }
        Ok(())
    }

    /// A segment outside its memory would fail every run, and one that is not active is state.
    pub(super) fn data(&mut self, section: wasmparser::DataSectionReader<'_>) -> Result<(), Unreadable> {
        for (index, data) in section.into_iter().enumerate() {
            let data = data?;
            let start = match &data.kind {
                DataKind::Active { memory_index: 0, offset_expr } => constant(offset_expr),
                _ => None,
            };
            let bytes = self.facts.memory.unwrap_or(0).saturating_mul(PAGE);
            let inside = start.is_some_and(|start| start + data.data.len() as u64 <= bytes);
            if self.reset && !inside {
                self.findings.add(
                    "fixed-data",
                    format!("module data segment {index}"),
                    Words::new(
                        "メモリの中の定まった位置に置かれない区画があります。",
                        "A segment is not put at a constant place inside the memory.",
                    ),
                    Words::new(
                        "受動的な区画をやめ、位置を定数にし、メモリを足りる大きさにしてください。",
                        "Use active segments with a constant offset, and a memory that is large enough.",
                    ),
                );
            }
            self.facts.data = true;
        }
        Ok(())
    }

    pub(super) fn elements(&mut self, section: wasmparser::ElementSectionReader<'_>) -> Result<(), Unreadable> {
        let mut total = 0_u64;
        for (index, element) in section.into_iter().enumerate() {
            let element = element?;
            let ElementItems::Functions(functions) = &element.items else {
                beyond(self.findings, "reference_types", element.range.start);
                continue;
            };
            let count = u64::from(functions.count());
            total += count;
            let start = match &element.kind {
                ElementKind::Active { table_index: None | Some(0), offset_expr } => constant(offset_expr),
                _ => None,
            };
            let inside = start.is_some_and(|start| start + count <= self.facts.table.unwrap_or(0));
            if !inside || total > u64::from(LIMITS.elements) {
                self.findings.add(
                    "fixed-elements",
                    format!("module element segment {index}"),
                    Words::new(
                        "表の中身は、定まった位置に置く定まった関数だけ、表の大きさまでです。",
                        "A table is filled with known functions at a constant place inside it, and in no other way.",
                    ),
                    Words::new(
                        "受動的な区画をやめ、位置を定数にしてください。",
                        "Use active segments with a constant offset; no passive or declared ones.",
                    ),
                );
            }
        }
        Ok(())
    }
}

/// The offset of an active segment, where it is one constant.
fn constant(expression: &ConstExpr<'_>) -> Option<u64> {
    let mut reader = expression.get_operators_reader();
    match (reader.read().ok()?, reader.read().ok()?) {
        (Operator::I32Const { value }, Operator::End) => u64::try_from(value).ok(),
        _ => None,
    }
}
