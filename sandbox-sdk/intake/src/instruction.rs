//! What each instruction touches. An allowlist: only what works on numbers, locals and calls is taken, whatever the parser learns later.

use wasmparser::Operator;

use crate::features::FAMILIES;

/// What an instruction touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Numbers, locals, constants, control and calls.
    Numbers,
    /// A memory, by the instructions of the first version.
    Memory,
    /// A global variable, written.
    GlobalWrite,
    /// A table or element segments, other than by a call through it.
    Table,
    /// Something of a later proposal, by its family.
    Beyond(&'static str),
}

/// What `operator` touches.
pub(crate) fn of(operator: &Operator<'_>) -> Use {
    let name = name(operator);
    if matches!(operator, Operator::GlobalSet { .. }) {
        return Use::GlobalWrite;
    }
    // Before the families: a table that could change has a rule of its own.
    if name.starts_with("Table") || name.starts_with("Elem") {
        return Use::Table;
    }
    let family = family(operator);
    if !FAMILIES.contains(&family) {
        return Use::Beyond(family);
    }
    // Names are the parser's own, the same for every instruction of a kind.
    if name.contains("Load") || name.contains("Store") || name.starts_with("Memory") { Use::Memory } else { Use::Numbers }
}

macro_rules! define {
    ($( @$proposal:ident $op:ident $({ $($arg:ident: $argty:ty),* })? => $visit:ident ($($ann:tt)*) )*) => {
        /// The instruction's name.
        fn name(operator: &Operator<'_>) -> &'static str {
            match operator {
                $( Operator::$op { .. } => stringify!($op), )*
                _ => "",
            }
        }

        /// The proposal that brought it.
        fn family(operator: &Operator<'_>) -> &'static str {
            match operator {
                $( Operator::$op { .. } => stringify!($proposal), )*
                _ => "",
            }
        }
    };
}

wasmparser::for_each_operator!(define);

#[cfg(test)]
mod tests {
    use wasmparser::MemArg;

    use super::*;

    #[test]
    fn only_numbers_are_numbers() {
        let memarg = MemArg { align: 0, max_align: 0, offset: 0, memory: 0 };
        let cases = [
            (Operator::I64Add, Use::Numbers),
            (Operator::I64ReinterpretF64, Use::Numbers),
            (Operator::CallIndirect { type_index: 0, table_index: 0 }, Use::Numbers),
            (Operator::I32TruncSatF64S, Use::Numbers),
            (Operator::GlobalGet { global_index: 0 }, Use::Numbers),
            (Operator::GlobalSet { global_index: 0 }, Use::GlobalWrite),
            (Operator::I32Load8U { memarg }, Use::Memory),
            (Operator::MemoryGrow { mem: 0 }, Use::Memory),
            (Operator::DataDrop { data_index: 0 }, Use::Beyond("bulk_memory")),
            (Operator::MemoryFill { mem: 0 }, Use::Beyond("bulk_memory")),
            (Operator::V128Load { memarg }, Use::Beyond("simd")),
            (Operator::TableSet { table: 0 }, Use::Table),
            (Operator::ElemDrop { elem_index: 0 }, Use::Table),
            (Operator::V128Not, Use::Beyond("simd")),
            (Operator::ReturnCall { function_index: 0 }, Use::Beyond("tail_call")),
            (Operator::Throw { tag_index: 0 }, Use::Beyond("exceptions")),
            (Operator::I64Add128, Use::Beyond("wide_arithmetic")),
            (Operator::AtomicFence, Use::Beyond("threads")),
            (Operator::RefNull { hty: wasmparser::HeapType::FUNC }, Use::Beyond("reference_types")),
        ];
        for (operator, expected) in cases {
            assert_eq!(of(&operator), expected, "{operator:?}");
        }
    }
}
