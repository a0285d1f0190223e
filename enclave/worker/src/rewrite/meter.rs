//! Metering: which functions pay, and their bodies with the payments in them.
//!
//! The host's own, instead of the engine's: a function without loops costs what it costs, known before it runs, and pays nothing.
//! Where something can repeat, the account is a local variable, in a register; a global holds it between functions.

use std::collections::BTreeMap;

use wasm_encoder::{
    BlockType, Function, Instruction, ValType,
    reencode::{Reencode, RoundtripReencoder as Copy},
};
use wasmparser::{FunctionBody, Operator};

use super::{
    Facts, Fault,
    cost::{Callee, Outline},
    nan::Looks,
};

/// What a function without loops may cost at most to be counted where it is called.
const COUNTED: u64 = 1000;
/// What the host's own work for one call of a function of the person form costs.
const CALL: u64 = 200;

/// All functions' outlines, and who pays.
#[derive(Debug)]
pub(super) struct Meter {
    outlines: Vec<Outline>,
    /// For each function, its whole cost where that is known; `None` where it pays as it runs.
    known: Vec<Option<u64>>,
    /// The dearest known cost in the table, and whether somebody in it pays.
    table: (u64, bool),
    /// Functions that the host calls many times on one account.
    many: Vec<u32>,
}

impl Meter {
    /// `many`: functions that pay whatever they are.
    pub(super) fn new(facts: &Facts<'_>, many: Vec<u32>) -> Result<Self, Fault> {
        let outlines = facts.bodies.iter().map(Outline::new).collect::<Result<Vec<_>, _>>()?;
        let mut meter = Self { known: vec![None; outlines.len()], outlines, table: (0, true), many };
        // From the leaves up. Whoever is on a cycle is never reached, and pays.
        loop {
            let before = meter.known.iter().flatten().count();
            let found: Vec<Option<u64>> = (0..).zip(&meter.outlines).map(|(index, outline)| meter.whole(index, outline)).collect();
            meter.known = found;
            let table = facts.elements.iter().map(|index| meter.of(*index));
            meter.table = table.fold((0, false), |(most, pays), cost| (most.max(cost.unwrap_or(0)), pays | cost.is_none()));
            if meter.known.iter().flatten().count() == before {
                return Ok(meter);
            }
        }
    }

    /// The cost of a function whose calls are all known.
    fn whole(&self, index: u32, outline: &Outline) -> Option<u64> {
        let settled = !outline.loops && !self.many.contains(&index) && outline.calls().all(|callee| !self.pays(callee));
        settled.then(|| outline.total(|callee| self.counted(callee))).filter(|cost| *cost <= COUNTED)
    }

    fn of(&self, function: u32) -> Option<u64> {
        usize::try_from(function).ok().and_then(|index| self.known.get(index).copied().flatten())
    }

    fn pays(&self, callee: Callee) -> bool {
        match callee {
            Callee::Known(function) => self.of(function).is_none(),
            Callee::Table => self.table.1,
        }
    }

    fn counted(&self, callee: Callee) -> u64 {
        match callee {
            Callee::Known(function) => self.of(function).unwrap_or(0),
            Callee::Table => self.table.0,
        }
    }

    /// True where this function draws on the account.
    pub(super) fn draws(&self, function: u32) -> bool {
        self.of(function).is_none()
    }

    /// The function's body with its payments, the account being global `account`, and with one NaN.
    pub(super) fn body(&self, copy: &mut Copy, facts: &Facts<'_>, index: u32, account: u32) -> Result<Function, Fault> {
        let at = usize::try_from(index).map_err(|_| Fault::Rewrite)?;
        let (body, outline) = (facts.bodies.get(at).ok_or(Fault::Rewrite)?, self.outlines.get(at).ok_or(Fault::Rewrite)?);
        let (params, results) = facts.signature(index)?;
        let mut locals = Vec::new();
        let mut next = u32::try_from(params.len()).map_err(|_| Fault::Rewrite)?;
        for group in body.get_locals_reader()? {
            let (count, kind) = group?;
            locals.push((count, copy.val_type(kind)?));
            next = next.checked_add(count).ok_or(Fault::Rewrite)?;
        }
        if !self.draws(index) {
            let looks = Looks::new(body, &mut locals, next)?;
            let mut out = Function::new(locals);
            for operator in body.get_operators_reader()? {
                let operator = operator?;
                looks.before(&operator, &mut out);
                out.instruction(&copy.instruction(operator)?);
            }
            return Ok(out);
        }
        locals.push((1, ValType::I64));
        let looks = Looks::new(body, &mut locals, next.checked_add(1).ok_or(Fault::Rewrite)?)?;
        let mut out = Paying { out: Function::new(locals), looks, local: next, account };
        out.fetch();
        let mut payments = outline.payments(|callee| self.counted(callee));
        if self.many.contains(&index) {
            *payments.entry(0).or_default() += CALL;
        }
        // The body in a block of its own, so that every way out passes the end. Labels count as before: the block is where the
        // function was.
        let result = results.first().map_or(Ok(BlockType::Empty), |kind| copy.val_type(*kind).map(BlockType::Result))?;
        out.out.instruction(&Instruction::Block(result));
        self.instructions(copy, body, &payments, &mut out)?;
        out.put();
        out.out.instruction(&Instruction::End);
        Ok(out.out)
    }

    fn instructions(
        &self,
        copy: &mut Copy,
        body: &FunctionBody<'_>,
        payments: &BTreeMap<usize, u64>,
        out: &mut Paying,
    ) -> Result<(), Fault> {
        let mut depth = 0_u32;
        for (index, operator) in body.get_operators_reader()?.into_iter().enumerate() {
            let operator = operator?;
            if let Some(cost) = payments.get(&index) {
                out.pay(*cost)?;
            }
            let callee = match operator {
                Operator::Call { function_index } => Some(Callee::Known(function_index)),
                Operator::CallIndirect { .. } => Some(Callee::Table),
                _ => None,
            };
            let shared = callee.is_some_and(|callee| self.pays(callee));
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
                // The last one closes our block.
                Operator::End => depth = depth.saturating_sub(1),
                Operator::Return => {
                    out.out.instruction(&Instruction::Br(depth));
                    continue;
                }
                _ => {}
            }
            if shared {
                out.put();
            }
            out.looks.before(&operator, &mut out.out);
            out.out.instruction(&copy.instruction(operator)?);
            if shared {
                out.fetch();
            }
        }
        Ok(())
    }
}

/// A body being written.
struct Paying {
    out: Function,
    looks: Looks,
    local: u32,
    account: u32,
}

impl Paying {
    fn fetch(&mut self) {
        self.out.instruction(&Instruction::GlobalGet(self.account)).instruction(&Instruction::LocalSet(self.local));
    }

    fn put(&mut self) {
        self.out.instruction(&Instruction::LocalGet(self.local)).instruction(&Instruction::GlobalSet(self.account));
    }

    /// Takes from the account; below zero is a trap.
    fn pay(&mut self, cost: u64) -> Result<(), Fault> {
        let cost = i64::try_from(cost).map_err(|_| Fault::Rewrite)?;
        for instruction in [
            Instruction::LocalGet(self.local),
            Instruction::I64Const(cost),
            Instruction::I64Sub,
            Instruction::LocalTee(self.local),
            Instruction::I64Const(0),
            Instruction::I64LtS,
            Instruction::If(BlockType::Empty),
            Instruction::Unreachable,
            Instruction::End,
        ] {
            self.out.instruction(&instruction);
        }
        Ok(())
    }
}
