//! Trims what compilers leave behind though nothing uses it: an unreferenced memory, the stack pointer, linker globals, names.
//!
//! Takes away only what provably nobody references: instructions are copied as they are, and a memory, global or table goes only
//! when no instruction, segment or initial value names it. The result is for [`crate::examine`] to judge.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::{
    CodeSection, ElementSection, ExportKind, ExportSection, FunctionSection, GlobalSection, MemorySection, Module, TableSection,
    TypeSection,
    reencode::{Error, Reencode},
};
use wasmparser::{ElementItems, ElementKind, ExternalKind, Operator, Parser, Payload};

use crate::instruction::{self, Use};

/// Why a module was not trimmed.
#[derive(Debug, thiserror::Error)]
#[error("this is not a WebAssembly module that can be trimmed (byte {offset}); build it again")]
pub struct Untrimmed {
    offset: usize,
}

impl From<wasmparser::Error> for Untrimmed {
    fn from(error: wasmparser::Error) -> Self {
        Self { offset: error.offset() }
    }
}

impl From<Error> for Untrimmed {
    fn from(error: Error) -> Self {
        Self { offset: if let Error::ParseError(error) = error { error.offset() } else { 0 } }
    }
}

/// A module without what nothing uses. What it computes is unchanged.
///
/// # Errors
/// When it cannot be read, or has parts (a component, imports, tags) that a guest cannot have anyway.
pub fn trim(module: &[u8]) -> Result<Vec<u8>, Untrimmed> {
    let used = Used::find(module)?;
    let mut out = Module::new();
    let mut copy = Copy { globals: used.globals.iter().copied().zip(0..).collect() };
    let mut code = CodeSection::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::TypeSection(section) => {
                let mut types = TypeSection::new();
                copy.parse_type_section(&mut types, section)?;
                out.section(&types);
            }
            Payload::FunctionSection(section) => {
                let mut functions = FunctionSection::new();
                copy.parse_function_section(&mut functions, section)?;
                out.section(&functions);
            }
            Payload::TableSection(section) if used.table => {
                let mut tables = TableSection::new();
                copy.parse_table_section(&mut tables, section)?;
                out.section(&tables);
            }
            Payload::MemorySection(section) if used.memory => {
                let mut memories = MemorySection::new();
                for memory in section {
                    let mut memory = copy.memory_type(memory?)?;
                    // A size that nothing changes is fixed, whatever the linker allowed.
                    if !used.grows {
                        memory.maximum = Some(memory.minimum);
                    }
                    memories.memory(memory);
                }
                out.section(&memories);
            }
            Payload::GlobalSection(section) => copy.globals(section, &mut out)?,
            Payload::ExportSection(section) => exports(section, &mut out)?,
            Payload::StartSection { func, .. } => {
                out.section(&wasm_encoder::StartSection { function_index: func });
            }
            Payload::ElementSection(section) if used.table => {
                let mut elements = ElementSection::new();
                copy.parse_element_section(&mut elements, section)?;
                out.section(&elements);
            }
            Payload::DataSection(section) if used.memory => {
                let mut data = wasm_encoder::DataSection::new();
                finish(&mut code, &mut out);
                copy.parse_data_section(&mut data, section)?;
                out.section(&data);
            }
            Payload::DataCountSection { count, .. } if used.memory => {
                out.section(&wasm_encoder::DataCountSection { count });
            }
            Payload::CodeSectionEntry(body) => copy.parse_function_body(&mut code, body)?,
            Payload::ImportSection(section) if section.count() > 0 => return Err(Untrimmed { offset: section.range().start }),
            Payload::TagSection(section) => return Err(Untrimmed { offset: section.range().start }),
            _ => {}
        }
    }
    finish(&mut code, &mut out);
    Ok(out.finish())
}

/// Puts the code, once.
fn finish(code: &mut CodeSection, out: &mut Module) {
    if !code.is_empty() {
        out.section(&std::mem::take(code));
    }
}

/// Function exports only: the host calls one function and looks at nothing else.
fn exports(section: wasmparser::ExportSectionReader<'_>, out: &mut Module) -> Result<(), Untrimmed> {
    let mut exports = ExportSection::new();
    for export in section {
        let export = export?;
        if export.kind == ExternalKind::Func {
            exports.export(export.name, ExportKind::Func, export.index);
        }
    }
    out.section(&exports);
    Ok(())
}

/// Copies with new numbers for the globals that stay.
struct Copy {
    globals: BTreeMap<u32, u32>,
}

impl Copy {
    fn globals(&mut self, section: wasmparser::GlobalSectionReader<'_>, out: &mut Module) -> Result<(), Untrimmed> {
        let mut globals = GlobalSection::new();
        for (index, global) in (0..).zip(section) {
            let global = global?;
            if self.globals.contains_key(&index) {
                self.parse_global(&mut globals, global)?;
            }
        }
        if !globals.is_empty() {
            out.section(&globals);
        }
        Ok(())
    }
}

impl Reencode for Copy {
    type Error = std::convert::Infallible;

    fn global_index(&mut self, global: u32) -> Result<u32, Error> {
        // A global that something names was found; one that was not found is named by nothing.
        Ok(self.globals.get(&global).copied().unwrap_or(u32::MAX))
    }
}

/// What anything in the module refers to.
#[derive(Debug, Default)]
struct Used {
    memory: bool,
    grows: bool,
    table: bool,
    globals: BTreeSet<u32>,
}

impl Used {
    fn find(module: &[u8]) -> Result<Self, Untrimmed> {
        let mut used = Self::default();
        let mut initial: Vec<BTreeSet<u32>> = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::Version { encoding: wasmparser::Encoding::Component, range, .. } => return Err(Untrimmed { offset: range.start }),
                Payload::GlobalSection(section) => {
                    for global in section {
                        initial.push(named(&global?.init_expr)?);
                    }
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        let element = element?;
                        if let ElementKind::Active { offset_expr, .. } = &element.kind {
                            used.globals.extend(named(offset_expr)?);
                        }
                        if let ElementItems::Expressions(_, items) = element.items {
                            for item in items {
                                used.globals.extend(named(&item?)?);
                            }
                        }
                    }
                }
                Payload::DataSection(section) => {
                    for data in section {
                        if let wasmparser::DataKind::Active { offset_expr, .. } = data?.kind {
                            used.globals.extend(named(&offset_expr)?);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    for operator in body.get_operators_reader()? {
                        used.operator(&operator?);
                    }
                }
                _ => {}
            }
        }
        // Initial values name earlier globals only, so one pass from the last to the first finds all.
        for (index, named) in (0..).zip(initial).collect::<Vec<_>>().into_iter().rev() {
            if used.globals.contains(&index) {
                used.globals.extend(named);
            }
        }
        Ok(used)
    }

    fn operator(&mut self, operator: &Operator<'_>) {
        match instruction::of(operator) {
            Use::Memory => self.memory = true,
            Use::Table => self.table = true,
            // What is not known may name anything.
            Use::Beyond(_) => (self.memory, self.grows, self.table) = (true, true, true),
            Use::Numbers | Use::GlobalWrite => {}
        }
        match operator {
            Operator::MemoryGrow { .. } => self.grows = true,
            Operator::CallIndirect { .. } => self.table = true,
            Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
                self.globals.insert(*global_index);
            }
            _ => {}
        }
    }
}

/// Globals that an initial value names.
fn named(expression: &wasmparser::ConstExpr<'_>) -> Result<BTreeSet<u32>, wasmparser::Error> {
    let mut out = BTreeSet::new();
    for operator in expression.get_operators_reader() {
        if let Operator::GlobalGet { global_index } = operator? {
            out.insert(global_index);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a linker leaves it: stack pointer, memory, table, markers, names.
    const LINKED: &str = r#"(module $lib
        (table 1 1 funcref)
        (memory (export "memory") 16)
        (global $sp (mut i32) (i32.const 1048576))
        (global $seven i64 (i64.const 7))
        (global (export "__data_end") i32 (i32.const 1048576))
        (data (i32.const 0) "unread")
        (func (export "f") (param i64) (result i32)
            (i64.eq (local.get 0) (global.get $seven))))"#;

    const MANIFEST: &str = "abi = 1\nname = \"g\"\nparams = [{ name = \"x\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"no\" }, { value = 1, label = \"yes\" }]";

    #[test]
    fn what_nothing_uses_goes() {
        let linked = wat::parse_str(LINKED).unwrap();
        let rules: Vec<String> = crate::examine(MANIFEST, &linked).unwrap_err().findings.into_iter().map(|f| f.rule).collect();
        assert_eq!(rules, ["function-exports", "function-exports", "no-custom", "no-memory", "no-mutable-global"]);
        let trimmed = trim(&linked).unwrap();
        crate::examine(MANIFEST, &trimmed).unwrap();
        assert_eq!(trim(&trimmed).unwrap(), trimmed, "trimming twice changes nothing");
    }

    #[test]
    fn what_is_used_stays() {
        let text = LINKED.replace("(local.get 0)", "(i64.add (local.get 0) (i64.load (i32.const 8)))");
        let trimmed = trim(&wat::parse_str(&text).unwrap()).unwrap();
        let report = crate::examine(MANIFEST, &trimmed).unwrap_err();
        assert_eq!(report.findings.len(), 1, "{report}");
        assert!(report.findings[0].fix.en.contains("reset form"));
        let accepted = crate::examine(&MANIFEST.replace("abi = 1", "abi = 2"), &trimmed).unwrap_err();
        assert_eq!(accepted.findings[0].rule, "fixed-memory", "sixteen pages are too many");
        let small = trim(&wat::parse_str(text.replace("\"memory\") 16", "\"memory\") 1 9")).unwrap()).unwrap();
        let accepted = crate::examine(&MANIFEST.replace("abi = 1", "abi = 2"), &small).unwrap();
        assert_eq!(accepted.state, crate::State::Reset, "and the maximum became the minimum");
    }
}
