//! One bit pattern for every NaN, made where it can be seen: where a float becomes bits, goes to memory, or gives its sign away.
//! Between floats a NaN is a NaN, so that arithmetic pays nothing; canonicalising every result made a chain of it 2.5 times slower.

use wasm_encoder::{Function, Ieee32, Ieee64, Instruction, ValType};
use wasmparser::{FunctionBody, Operator};

/// A hidden local for each kind of float that is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Looks {
    single: Option<u32>,
    double: Option<u32>,
}

/// What an instruction shows of the float on top of the stack.
fn shows(operator: &Operator<'_>) -> Option<ValType> {
    use Operator as O;
    match operator {
        O::I32ReinterpretF32 | O::F32Store { .. } | O::F32Copysign => Some(ValType::F32),
        O::I64ReinterpretF64 | O::F64Store { .. } | O::F64Copysign => Some(ValType::F64),
        _ => None,
    }
}

impl Looks {
    /// Adds the locals that this body needs, the first of them being number `next`.
    pub(super) fn new(body: &FunctionBody<'_>, locals: &mut Vec<(u32, ValType)>, mut next: u32) -> wasmparser::Result<Self> {
        let mut looks = Self::default();
        for operator in body.get_operators_reader()? {
            let place = match shows(&operator?) {
                Some(ValType::F32) => &mut looks.single,
                Some(_) => &mut looks.double,
                None => continue,
            };
            if place.is_none() {
                *place = Some(next);
                next += 1;
            }
        }
        let mut found = [(looks.single, ValType::F32), (looks.double, ValType::F64)];
        found.sort_by_key(|(local, _)| *local);
        locals.extend(found.iter().filter(|(local, _)| local.is_some()).map(|(_, kind)| (1, *kind)));
        Ok(looks)
    }

    /// Before an instruction that shows a float: if it is not equal to itself, the one NaN takes its place.
    pub(super) fn before(&self, operator: &Operator<'_>, out: &mut Function) {
        let (local, one, equal) = match shows(operator) {
            Some(ValType::F32) => (self.single, Instruction::F32Const(Ieee32::new(0x7fc0_0000)), Instruction::F32Eq),
            Some(_) => (self.double, Instruction::F64Const(Ieee64::new(0x7ff8_0000_0000_0000)), Instruction::F64Eq),
            None => return,
        };
        let Some(local) = local else { return };
        out.instruction(&Instruction::LocalTee(local)).instruction(&one);
        out.instruction(&Instruction::LocalGet(local)).instruction(&Instruction::LocalGet(local)).instruction(&equal);
        out.instruction(&Instruction::Select);
    }
}
