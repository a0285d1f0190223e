//! What code costs, before it runs: a weight for each instruction, and where a function has to pay.
//!
//! A function pays at its start and at the head of each loop for what can run once from there to the next such place: straight
//! code is counted, not watched. An arm or a rest of a block pays for itself where it is long, so that a long function with many
//! early ends does not pay for what it leaves out.

use std::collections::BTreeMap;

use wasmparser::{FunctionBody, Operator};

/// Weight of a stretch of code from which on it pays for itself.
const LONG: u64 = 64;
/// What a place may pay for the short stretches behind it. Above this every stretch pays for itself.
const SHORT_ALL: u64 = 512;

/// What one instruction costs: about one for a cycle or less on a recent processor; the dear ones by what they take at most.
pub(super) fn weight(operator: &Operator<'_>) -> u64 {
    use Operator as O;
    match operator {
        O::Nop | O::Drop | O::Block { .. } | O::Loop { .. } | O::Unreachable | O::Return | O::Else | O::End => 0,
        O::I32DivS | O::I32DivU | O::I32RemS | O::I32RemU => 12,
        O::I64DivS | O::I64DivU | O::I64RemS | O::I64RemU => 20,
        O::F32Div | O::F64Div | O::F32Sqrt | O::F64Sqrt => 10,
        O::Call { .. } => 5,
        O::CallIndirect { .. } => 10,
        O::BrTable { .. } => 5,
        O::F32Min | O::F32Max | O::F64Min | O::F64Max => 8,
        O::F32Ceil | O::F32Floor | O::F32Trunc | O::F32Nearest | O::F64Ceil | O::F64Floor | O::F64Trunc | O::F64Nearest => 8,
        O::I32TruncF32S | O::I32TruncF32U | O::I32TruncF64S | O::I32TruncF64U => 8,
        O::I64TruncF32S | O::I64TruncF32U | O::I64TruncF64S | O::I64TruncF64U => 8,
        O::I32TruncSatF32S | O::I32TruncSatF32U | O::I32TruncSatF64S | O::I32TruncSatF64U => 8,
        O::I64TruncSatF32S | O::I64TruncSatF32U | O::I64TruncSatF64S | O::I64TruncSatF64U => 8,
        O::F32ConvertI32S | O::F32ConvertI32U | O::F32ConvertI64S | O::F32ConvertI64U => 4,
        O::F64ConvertI32S | O::F64ConvertI32U | O::F64ConvertI64S | O::F64ConvertI64U => 4,
        O::F32DemoteF64 | O::F64PromoteF32 | O::I32Popcnt | O::I64Popcnt => 4,
        O::I32ReinterpretF32 | O::I64ReinterpretF64 | O::F32Copysign | O::F64Copysign => 4,
        O::F32Add | O::F32Sub | O::F32Mul | O::F64Add | O::F64Sub | O::F64Mul => 3,
        O::I32Mul | O::I64Mul | O::I32Clz | O::I32Ctz | O::I64Clz | O::I64Ctz => 2,
        O::I32Load { .. }
        | O::I64Load { .. }
        | O::F32Load { .. }
        | O::F64Load { .. }
        | O::I32Load8S { .. }
        | O::I32Load8U { .. }
        | O::I32Load16S { .. }
        | O::I32Load16U { .. }
        | O::I64Load8S { .. }
        | O::I64Load8U { .. }
        | O::I64Load16S { .. }
        | O::I64Load16U { .. }
        | O::I64Load32S { .. }
        | O::I64Load32U { .. }
        | O::I32Store { .. }
        | O::I64Store { .. }
        | O::F32Store { .. }
        | O::F64Store { .. }
        | O::I32Store8 { .. }
        | O::I32Store16 { .. }
        | O::I64Store8 { .. }
        | O::I64Store16 { .. }
        | O::I64Store32 { .. } => 3,
        _ => 1,
    }
}

/// Whom a function calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Callee {
    /// One function.
    Known(u32),
    /// Any in the table.
    Table,
}

/// One stretch of code between two places where control can arrive.
#[derive(Debug, Default)]
struct Stretch {
    /// Its first instruction.
    at: usize,
    weight: u64,
    calls: Vec<Callee>,
    /// The place that pays, where it does not itself: the stretch that begins a loop or the function.
    payer: usize,
}

/// A function's body, taken apart.
#[derive(Debug, Default)]
pub(super) struct Outline {
    stretches: Vec<Stretch>,
    pub(super) loops: bool,
}

impl Outline {
    pub(super) fn new(body: &FunctionBody<'_>) -> wasmparser::Result<Self> {
        let mut outline = Self { stretches: vec![Stretch::default()], loops: false };
        // For each open block, who pays inside it.
        let (mut open, mut payer) = (Vec::new(), 0);
        for (index, operator) in body.get_operators_reader()?.into_iter().enumerate() {
            let operator = operator?;
            if let Some(stretch) = outline.stretches.last_mut() {
                stretch.weight += weight(&operator);
                match operator {
                    Operator::Call { function_index } => stretch.calls.push(Callee::Known(function_index)),
                    Operator::CallIndirect { .. } => stretch.calls.push(Callee::Table),
                    _ => {}
                }
            }
            match operator {
                Operator::Block { .. } => open.push(payer),
                Operator::If { .. } => {
                    open.push(payer);
                    outline.begin(index + 1, payer);
                }
                Operator::Loop { .. } => {
                    open.push(payer);
                    payer = outline.stretches.len();
                    outline.loops = true;
                    outline.begin(index + 1, payer);
                }
                Operator::Else => outline.begin(index + 1, payer),
                Operator::End => {
                    payer = open.pop().unwrap_or(0);
                    outline.begin(index + 1, payer);
                }
                _ => {}
            }
        }
        Ok(outline)
    }

    fn begin(&mut self, at: usize, payer: usize) {
        self.stretches.push(Stretch { at, payer, ..Stretch::default() });
    }

    pub(super) fn calls(&self) -> impl Iterator<Item = Callee> + '_ {
        self.stretches.iter().flat_map(|stretch| stretch.calls.iter().copied())
    }

    /// All of it once, with what the functions cost that it calls.
    pub(super) fn total(&self, call: impl Fn(Callee) -> u64) -> u64 {
        self.stretches.iter().map(|stretch| stretch.cost(&call)).fold(0, u64::saturating_add)
    }

    /// Where it pays how much: before which instruction. `call` is what a call costs beside what the callee pays itself.
    pub(super) fn payments(&self, call: impl Fn(Callee) -> u64) -> BTreeMap<usize, u64> {
        let costs: Vec<u64> = self.stretches.iter().map(|stretch| stretch.cost(&call)).collect();
        let mut short: BTreeMap<usize, u64> = BTreeMap::new();
        for (index, (stretch, cost)) in self.stretches.iter().zip(&costs).enumerate() {
            if index != stretch.payer && *cost < LONG {
                *short.entry(stretch.payer).or_default() += cost;
            }
        }
        let mut due: BTreeMap<usize, u64> = BTreeMap::new();
        for (index, (stretch, cost)) in self.stretches.iter().zip(&costs).enumerate() {
            let alone = *cost >= LONG || short.get(&stretch.payer).is_some_and(|all| *all > SHORT_ALL);
            let payer = if alone { index } else { stretch.payer };
            *due.entry(payer).or_default() += cost;
        }
        // A loop that costs nothing would never end.
        let heads = self.stretches.iter().enumerate().filter(|(index, stretch)| stretch.payer == *index);
        heads.for_each(|(index, _)| *due.entry(index).or_default() += 1);
        due.into_iter().filter(|(_, cost)| *cost > 0).filter_map(|(index, cost)| Some((self.stretches.get(index)?.at, cost))).collect()
    }
}

impl Stretch {
    fn cost(&self, call: impl Fn(Callee) -> u64) -> u64 {
        self.calls.iter().map(|callee| call(*callee)).fold(self.weight, u64::saturating_add)
    }
}
