//! A short function without loops goes into the loop over the rows itself: for `x * x + 1` the call is half of the cost.

use wasm_encoder::{
    BlockType, Function, Ieee32, Ieee64, Instruction, ValType,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::Operator;

use super::{Fault, facts::Facts, nan::Looks};

/// Bytes of the longest body that goes in. For a longer one a call is nothing.
const BYTES: usize = 512;
/// Most locals beside the parameters: each has to be emptied for every row.
const LOCALS: usize = 8;

/// A body that goes into the loop, where its locals have other numbers.
#[derive(Debug)]
pub(super) struct Inline<'a> {
    body: wasmparser::FunctionBody<'a>,
    result: ValType,
    /// Kinds of the parameters, then of its own locals.
    kinds: Vec<ValType>,
    params: usize,
}

impl<'a> Inline<'a> {
    /// The function's body, where it is short. Only for a function that does not draw on the account.
    pub(super) fn new(facts: &Facts<'a>, function: u32) -> Result<Option<Self>, Fault> {
        let body = usize::try_from(function).ok().and_then(|at| facts.bodies.get(at)).ok_or(Fault::Rewrite)?.clone();
        let (params, results) = facts.signature(function)?;
        let (mut copy, count) = (RoundtripReencoder, params.len());
        let mut kinds = params.iter().map(|kind| copy.val_type(*kind)).collect::<Result<Vec<_>, _>>()?;
        for group in body.get_locals_reader()? {
            let (locals, kind) = group?;
            let kind = copy.val_type(kind)?;
            kinds.extend((0..locals).map(|_| kind));
        }
        let result = copy.val_type(*results.first().ok_or(Fault::Rewrite)?)?;
        let short = body.as_bytes().len() <= BYTES && kinds.len() - count <= LOCALS;
        Ok(short.then_some(Self { body, result, kinds, params: count }))
    }

    /// Adds its locals, the first of them being number `first`; then those in which a NaN is looked at.
    pub(super) fn locals(&self, first: u32, locals: &mut Vec<(u32, ValType)>) -> Result<Looks, Fault> {
        locals.extend(self.kinds.iter().map(|kind| (1, *kind)));
        let next = u32::try_from(self.kinds.len()).ok().and_then(|count| first.checked_add(count)).ok_or(Fault::Rewrite)?;
        Ok(Looks::new(&self.body, locals, next)?)
    }

    /// Puts the call: the arguments are on the stack, the result is afterwards.
    pub(super) fn code(&self, first: u32, looks: &Looks, out: &mut Function) -> Result<(), Fault> {
        let numbered = (first..).zip(&self.kinds).collect::<Vec<_>>();
        let (params, own) = numbered.split_at_checked(self.params).ok_or(Fault::Rewrite)?;
        params.iter().rev().for_each(|(local, _)| _ = out.instruction(&Instruction::LocalSet(*local)));
        for (local, kind) in own {
            let zero = match kind {
                ValType::I32 => Instruction::I32Const(0),
                ValType::I64 => Instruction::I64Const(0),
                ValType::F32 => Instruction::F32Const(Ieee32::new(0)),
                ValType::F64 => Instruction::F64Const(Ieee64::new(0)),
                _ => return Err(Fault::Rewrite),
            };
            out.instruction(&zero).instruction(&Instruction::LocalSet(*local));
        }
        // The block is where the function was: its label is the function's, and its end the last of the body.
        out.instruction(&Instruction::Block(BlockType::Result(self.result)));
        let mut depth = 0_u32;
        for operator in self.body.get_operators_reader()? {
            let operator = operator?;
            match operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
                Operator::End => depth = depth.saturating_sub(1),
                _ => {}
            }
            looks.before(&operator, out);
            let moved = |local: u32| first.checked_add(local).ok_or(Fault::Rewrite);
            let instruction = match operator {
                Operator::LocalGet { local_index } => Instruction::LocalGet(moved(local_index)?),
                Operator::LocalSet { local_index } => Instruction::LocalSet(moved(local_index)?),
                Operator::LocalTee { local_index } => Instruction::LocalTee(moved(local_index)?),
                Operator::Return => Instruction::Br(depth),
                _ => RoundtripReencoder.instruction(operator)?,
            };
            out.instruction(&instruction);
        }
        Ok(())
    }
}
