//! The loop over the rows of a batch, beside the guest's function in one module, so that a row costs a call and no crossing.

use visiting_intake::Manifest;
use visiting_sdk::Slot;
use wasm_encoder::{BlockType, Function, Instruction, MemArg};

use super::{Fault, inline::Inline};

/// Rows of a batch: as many as the query engine has in one of its own.
pub(crate) const ROWS: u32 = 8192;

/// Where columns and results lie in the memory of the loop: one after the other, eight bytes a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The words of one row.
    pub(crate) slots: Vec<Slot>,
}

impl Layout {
    pub(crate) fn new(manifest: &Manifest) -> Self {
        Self { slots: manifest.params.iter().flat_map(|param| param.kind.abi().slots()).copied().collect() }
    }

    /// Where a column begins; the one after the last holds the results.
    pub(crate) fn column(index: usize) -> usize {
        index * 8 * ROWS as usize
    }

    /// Pages of 64 KiB: one a column of 8192 rows.
    pub(super) fn pages(&self) -> u64 {
        self.slots.len() as u64 + 1
    }
}

/// The loop of one guest.
#[derive(Debug)]
pub(super) struct Loop<'a> {
    pub(super) function: u32,
    /// Its body, where that goes into the loop.
    pub(super) inline: Option<Inline<'a>>,
    pub(super) layout: Layout,
    /// The result is a number, not a label's value.
    pub(super) number: bool,
    pub(super) account: Option<u32>,
    pub(super) place: u32,
}

impl Loop<'_> {
    /// `(from, to)`: each row's number goes to `place` before its call, so that after a trap the host knows whose it was.
    pub(super) fn code(&self, manifest: &Manifest) -> Result<Function, Fault> {
        let (row, to) = (0, 1);
        // The address of the row's first word.
        let address = 2;
        let (first, mut locals) = (3, vec![(1, wasm_encoder::ValType::I32)]);
        let looks = self.inline.as_ref().map(|inline| inline.locals(first, &mut locals)).transpose()?;
        let mut out = Function::new(locals);
        let word = |column: usize| MemArg { offset: Layout::column(column) as u64, align: 3, memory_index: 0 };
        let mut put = |instruction: Instruction<'_>| _ = out.instruction(&instruction);
        put(Instruction::LocalGet(row));
        put(Instruction::I32Const(3));
        put(Instruction::I32Shl);
        put(Instruction::LocalSet(address));
        put(Instruction::Block(BlockType::Empty));
        put(Instruction::Loop(BlockType::Empty));
        put(Instruction::LocalGet(row));
        put(Instruction::LocalGet(to));
        put(Instruction::I32GeU);
        put(Instruction::BrIf(1));
        put(Instruction::LocalGet(row));
        put(Instruction::GlobalSet(self.place));
        if let Some(account) = self.account {
            put(Instruction::I64Const(super::fuel(manifest)));
            put(Instruction::GlobalSet(account));
        }
        put(Instruction::LocalGet(address));
        for (column, slot) in self.layout.slots.iter().enumerate() {
            put(Instruction::LocalGet(address));
            put(match slot {
                Slot::I64 => Instruction::I64Load(word(column)),
                Slot::F64 => Instruction::F64Load(word(column)),
            });
        }
        match self.inline.as_ref().zip(looks) {
            Some((inline, looks)) => inline.code(first, &looks, &mut out)?,
            None => _ = out.instruction(&Instruction::Call(self.function)),
        }
        let mut put = |instruction: Instruction<'_>| _ = out.instruction(&instruction);
        let result = word(self.layout.slots.len());
        put(if self.number { Instruction::F64Store(result) } else { Instruction::I32Store(MemArg { align: 2, ..result }) });
        put(Instruction::LocalGet(address));
        put(Instruction::I32Const(8));
        put(Instruction::I32Add);
        put(Instruction::LocalSet(address));
        put(Instruction::LocalGet(row));
        put(Instruction::I32Const(1));
        put(Instruction::I32Add);
        put(Instruction::LocalSet(row));
        put(Instruction::Br(0));
        put(Instruction::End);
        put(Instruction::End);
        put(Instruction::End);
        Ok(out)
    }
}
