//! What the rewriter has to know of a module that intake took.

use std::collections::BTreeMap;

use wasmparser::{ElementItems, ExternalKind, FunctionBody, Operator, Parser, Payload, ValType};

use super::Fault;

/// The facts.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) module: &'a [u8],
    types: Vec<(Vec<ValType>, Vec<ValType>)>,
    kinds: Vec<u32>,
    pub(super) bodies: Vec<FunctionBody<'a>>,
    /// Functions in the table.
    pub(super) elements: Vec<u32>,
    /// Number of globals.
    pub(super) globals: u32,
    /// Those that can be written.
    pub(super) mutable: Vec<u32>,
    exports: BTreeMap<&'a str, u32>,
    /// True where an instruction writes the memory. What nothing writes needs no putting back.
    pub(super) stores: bool,
}

impl<'a> Facts<'a> {
    pub(super) fn read(module: &'a [u8]) -> Result<Self, Fault> {
        let mut facts = Self {
            module,
            types: Vec::new(),
            kinds: Vec::new(),
            bodies: Vec::new(),
            elements: Vec::new(),
            globals: 0,
            mutable: Vec::new(),
            exports: BTreeMap::new(),
            stores: false,
        };
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for kind in section.into_iter_err_on_gc_types() {
                        let kind = kind?;
                        facts.types.push((kind.params().to_vec(), kind.results().to_vec()));
                    }
                }
                Payload::FunctionSection(section) => facts.kinds = section.into_iter().collect::<Result<_, _>>()?,
                Payload::GlobalSection(section) => {
                    for (index, global) in (0..).zip(section) {
                        facts.globals += 1;
                        if global?.ty.mutable {
                            facts.mutable.push(index);
                        }
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            facts.exports.insert(export.name, export.index);
                        }
                    }
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        let ElementItems::Functions(functions) = element?.items else { return Err(Fault::Rewrite) };
                        for function in functions {
                            facts.elements.push(function?);
                        }
                    }
                }
                Payload::CodeSectionEntry(body) => {
                    for operator in body.get_operators_reader()? {
                        facts.stores |= stores(&operator?);
                    }
                    facts.bodies.push(body);
                }
                // Intake takes none of these; with one of them function numbers would be others, or code would run unseen.
                Payload::ImportSection(section) if section.count() > 0 => return Err(Fault::Rewrite),
                Payload::StartSection { .. } | Payload::TagSection(_) => return Err(Fault::Rewrite),
                _ => {}
            }
        }
        if facts.bodies.len() == facts.kinds.len() { Ok(facts) } else { Err(Fault::Rewrite) }
    }

    /// Number of functions.
    pub(super) fn functions(&self) -> u32 {
        self.kinds.len().try_into().unwrap_or(u32::MAX)
    }

    pub(super) fn export(&self, name: &str) -> Result<u32, Fault> {
        self.exports.get(name).copied().ok_or(Fault::Rewrite)
    }

    pub(super) fn signature(&self, function: u32) -> Result<(&[ValType], &[ValType]), Fault> {
        let kind = usize::try_from(function).ok().and_then(|index| self.kinds.get(index));
        let found = kind.and_then(|kind| usize::try_from(*kind).ok()).and_then(|kind| self.types.get(kind));
        found.map(|(params, results)| (params.as_slice(), results.as_slice())).ok_or(Fault::Rewrite)
    }
}

/// True for everything that could change a memory: all but loads and the size.
fn stores(operator: &Operator<'_>) -> bool {
    use Operator as O;
    matches!(
        operator,
        O::I32Store { .. }
            | O::I64Store { .. }
            | O::F32Store { .. }
            | O::F64Store { .. }
            | O::I32Store8 { .. }
            | O::I32Store16 { .. }
            | O::I64Store8 { .. }
            | O::I64Store16 { .. }
            | O::I64Store32 { .. }
            | O::MemoryGrow { .. }
    )
}
