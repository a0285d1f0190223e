//! The module that runs is not the one that was uploaded: the host adds metering and, where there is nothing to put back, its own
//! loop over the rows, and takes every export away but its own. What comes out is validated like something foreign.
//!
//! Nothing that a guest could name changes its number: hidden globals come after the guest's, and the memory of the columns is
//! added only where the guest has none and so no instruction that could reach one.

mod cost;
mod facts;
mod inline;
mod meter;
mod nan;
#[cfg(test)]
mod tests;
mod wrap;

use std::convert::Infallible;

use visiting_intake::{Form, LIMITS, Manifest, State};
use visiting_sdk::PERSON_EXPORTS;
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, ExportKind, ExportSection, FunctionSection, GlobalSection, GlobalType,
    MemorySection, MemoryType, Module, TableSection, TypeSection, ValType,
    reencode::{Reencode, RoundtripReencoder},
};
use wasmparser::Validator;

pub(crate) use wrap::Layout;

use self::{facts::Facts, inline::Inline, meter::Meter};

/// Names of the exports of a rewritten module.
pub(crate) mod names {
    /// The loop over rows `(from, to)`, where there is one.
    pub(crate) const RUN: &str = "run";
    /// The row that the loop is at.
    pub(crate) const PLACE: &str = "place";
    /// The memory of the columns, or the guest's own.
    pub(crate) const MEMORY: &str = "memory";
    /// What is left of the fuel.
    pub(crate) const ACCOUNT: &str = "account";
    /// The guest's scalar function, where the host calls it.
    pub(crate) const SCALAR: &str = "f";
    /// The guest's mutable globals, numbered.
    pub(crate) const GLOBAL: &str = "g";
}

/// Why a module was not rewritten. Intake took it, so each of these is a fault of ours.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// It cannot be read.
    #[error("the module cannot be read at byte {}", .0.offset())]
    Read(#[from] wasmparser::Error),
    /// It is not what intake takes.
    #[error("the module is not what intake takes")]
    Rewrite,
    /// What came of it is not valid.
    #[error("the rewritten module is not valid at byte {}", .0.offset())]
    Invalid(wasmparser::Error),
}

impl From<wasm_encoder::reencode::Error<Infallible>> for Fault {
    fn from(error: wasm_encoder::reencode::Error<Infallible>) -> Self {
        match error {
            wasm_encoder::reencode::Error::ParseError(error) => Self::Read(error),
            _ => Self::Rewrite,
        }
    }
}

/// Rewrites a module that intake took with this manifest. `state` is what intake said.
///
/// # Errors
/// A fault of ours: see [`Fault`].
pub(crate) fn rewrite(manifest: &Manifest, state: State, module: &[u8]) -> Result<Vec<u8>, Fault> {
    let facts = Facts::read(module)?;
    let scalar = match &manifest.form {
        Form::Scalar { export, result } => Some((facts.export(export)?, result)),
        Form::Person(_) | Form::Group { .. } => None,
    };
    let people =
        if scalar.is_none() { PERSON_EXPORTS.map(|name| facts.export(name)).into_iter().collect::<Result<_, _>>()? } else { Vec::new() };
    let meter = Meter::new(&facts, people.clone())?;
    let (place, account) = (facts.globals, facts.globals + 1);
    let wrapped = match scalar.filter(|_| state == State::Pure) {
        Some((function, result)) => {
            let draws = meter.draws(function);
            Some(wrap::Loop {
                function,
                inline: if draws { None } else { Inline::new(&facts, function)? },
                layout: Layout::new(manifest),
                number: matches!(result, visiting_intake::Values::Number(_)),
                // A function whose cost is known needs no account.
                account: draws.then_some(account),
                place,
            })
        }
        None => None,
    };

    let mut parts = Parts::copied(&facts)?;
    for index in 0..facts.functions() {
        let body = meter.body(&mut RoundtripReencoder, &facts, index, account)?;
        parts.code.function(&body);
    }
    let hidden = |parts: &mut Parts, kind, initial: &ConstExpr| {
        parts.globals.global(GlobalType { val_type: kind, mutable: true, shared: false }, initial);
    };
    hidden(&mut parts, ValType::I32, &ConstExpr::i32_const(0));
    hidden(&mut parts, ValType::I64, &ConstExpr::i64_const(0));
    parts.exports.export(names::ACCOUNT, ExportKind::Global, account);
    match wrapped {
        Some(wrapped) => {
            let kind = parts.types.len();
            parts.types.ty().function([ValType::I32, ValType::I32], []);
            parts.functions.function(kind);
            parts.code.function(&wrapped.code(manifest)?);
            let pages = wrapped.layout.pages();
            parts.memories.memory(MemoryType {
                minimum: pages,
                maximum: Some(pages),
                memory64: false,
                shared: false,
                page_size_log2: None,
            });
            parts.exports.export(names::RUN, ExportKind::Func, facts.functions());
            parts.exports.export(names::PLACE, ExportKind::Global, place);
            parts.exports.export(names::MEMORY, ExportKind::Memory, 0);
        }
        None => {
            scalar.iter().for_each(|(function, _)| _ = parts.exports.export(names::SCALAR, ExportKind::Func, *function));
            for (name, function) in PERSON_EXPORTS.into_iter().zip(people) {
                parts.exports.export(name, ExportKind::Func, function);
            }
            if facts.stores {
                parts.exports.export(names::MEMORY, ExportKind::Memory, 0);
            }
            for (number, global) in facts.mutable.iter().enumerate() {
                parts.exports.export(&format!("{}{number}", names::GLOBAL), ExportKind::Global, *global);
            }
        }
    }
    let out = parts.finish();
    Validator::new_with_features(crate::engine::features()).validate_all(&out).map_err(Fault::Invalid)?;
    Ok(out)
}

/// Fuel of one row, person or group.
pub(crate) fn fuel(manifest: &Manifest) -> i64 {
    let fuel = match manifest.form {
        Form::Scalar { .. } => LIMITS.fuel,
        Form::Person(_) => LIMITS.person_fuel,
        Form::Group { .. } => LIMITS.group_fuel,
    };
    i64::try_from(fuel).unwrap_or(i64::MAX)
}

/// The sections of the new module.
#[derive(Default)]
struct Parts {
    types: TypeSection,
    functions: FunctionSection,
    tables: TableSection,
    memories: MemorySection,
    globals: GlobalSection,
    exports: ExportSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
}

impl Parts {
    /// What stays as it was: all but code and exports.
    fn copied(facts: &Facts<'_>) -> Result<Self, Fault> {
        let (mut parts, mut copy) = (Self::default(), RoundtripReencoder);
        for payload in wasmparser::Parser::new(0).parse_all(facts.module) {
            use wasmparser::Payload as P;
            match payload? {
                P::TypeSection(section) => copy.parse_type_section(&mut parts.types, section)?,
                P::FunctionSection(section) => copy.parse_function_section(&mut parts.functions, section)?,
                P::TableSection(section) => copy.parse_table_section(&mut parts.tables, section)?,
                P::MemorySection(section) => copy.parse_memory_section(&mut parts.memories, section)?,
                P::GlobalSection(section) => copy.parse_global_section(&mut parts.globals, section)?,
                P::ElementSection(section) => copy.parse_element_section(&mut parts.elements, section)?,
                P::DataSection(section) => copy.parse_data_section(&mut parts.data, section)?,
                _ => {}
            }
        }
        Ok(parts)
    }

    fn finish(self) -> Vec<u8> {
        let mut module = Module::new();
        module.section(&self.types).section(&self.functions);
        if !self.tables.is_empty() {
            module.section(&self.tables);
        }
        if !self.memories.is_empty() {
            module.section(&self.memories);
        }
        module.section(&self.globals).section(&self.exports);
        if !self.elements.is_empty() {
            module.section(&self.elements);
        }
        module.section(&self.code);
        if !self.data.is_empty() {
            module.section(&self.data);
        }
        module.finish()
    }
}
