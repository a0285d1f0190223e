//! The module: a walk over every section with the rules of both forms, in words; then the validator has the last one.
//!
//! The walk reads with all features on, so that it can say what a module uses and not only that it is not valid. It trusts
//! nothing: whatever it lets through that is not plain WebAssembly of the first version, the validator stops.

mod form;
mod kept;
mod signature;

use wasmparser::{ExternalKind, FunctionBody, Operator, Parser, Payload, ValType, Validator, WasmFeatures};

use crate::{
    LIMITS, Manifest, features,
    instruction::{self, Use},
    report::{Findings, Words},
};

/// What a walk has learned.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    types: Vec<Option<(Vec<ValType>, Vec<ValType>)>>,
    functions: Vec<u32>,
    exported: Vec<(String, u32)>,
    table: Option<u64>,
    /// Least pages of the memory, where there is one.
    memory: Option<u64>,
    data: bool,
    mutable: usize,
    /// Function bodies seen so far.
    bodies: usize,
    /// Instructions seen.
    pub(crate) instructions: usize,
    uses_memory: Option<usize>,
    grows_memory: Option<usize>,
    writes_globals: Option<usize>,
    touches_table: Option<usize>,
}

/// A walk's early end: the rest cannot be read.
struct Unreadable(wasmparser::Error);

impl From<wasmparser::Error> for Unreadable {
    fn from(error: wasmparser::Error) -> Self {
        Self(error)
    }
}

/// Walks a module. What is wrong goes to `findings`.
pub(crate) fn walk(module: &[u8], manifest: Option<&Manifest>, findings: &mut Findings) -> Facts {
    let before = findings.len();
    if module.len() > LIMITS.module_bytes {
        over(findings, "module-size", "module", module.len(), LIMITS.module_bytes, ("バイト", "bytes"));
        return Facts::default();
    }
    // Version 1 knows the pure form alone.
    let reset = manifest.is_none_or(|manifest| manifest.abi > 1);
    let mut walk = Walk { findings, facts: Facts::default(), reset };
    let read = walk.sections(module);
    walk.form();
    let facts = walk.facts;
    if let Err(Unreadable(error)) = read {
        malformed(findings, &error);
        return facts;
    }
    // What was not read to its end cannot be told to lack something.
    if let Some(manifest) = manifest
        && findings.len() == before
    {
        signature::check(&facts, manifest, findings);
    }
    if findings.len() == before
        && let Err(error) = Validator::new_with_features(features()).validate_all(module)
    {
        match error.missing_wasm_feature() {
            Some(_) => beyond(findings, "", error.offset()),
            None => malformed(findings, &error),
        }
    }
    facts
}

impl Facts {
    /// True where something of one call could be found by the next, so that it has to be put back.
    pub(crate) fn resets(&self) -> bool {
        self.memory.is_some() || self.mutable > 0
    }
}

struct Walk<'a> {
    findings: &'a mut Findings,
    facts: Facts,
    reset: bool,
}

impl Walk<'_> {
    fn sections(&mut self, module: &[u8]) -> Result<(), Unreadable> {
        let mut parser = Parser::new(0);
        parser.set_features(WasmFeatures::all());
        for payload in parser.parse_all(module) {
            match payload? {
                Payload::Version { encoding: wasmparser::Encoding::Module, .. } | Payload::End(_) => {}
                Payload::TypeSection(section) => self.types(section)?,
                Payload::ImportSection(section) if section.count() == 0 => {}
                Payload::ImportSection(section) => self.imports(section.count()),
                Payload::FunctionSection(section) => {
                    if self.within("functions", section.count(), LIMITS.functions, ("個の関数", "functions")) {
                        self.facts.functions = section.into_iter().collect::<Result<_, _>>()?;
                    }
                }
                Payload::TableSection(section) => self.tables(section)?,
                Payload::MemorySection(section) => self.memories(section)?,
                Payload::TagSection(section) => beyond(self.findings, "exceptions", section.range().start),
                Payload::GlobalSection(section) => self.globals(section)?,
                Payload::ExportSection(section) => self.exports(section)?,
                Payload::StartSection { .. } => self.start(),
                Payload::ElementSection(section) => self.elements(section)?,
                Payload::DataCountSection { count, .. } => self.facts.data |= count > 0,
                Payload::DataSection(section) => self.data(section)?,
                Payload::CodeSectionStart { .. } => {}
                Payload::CodeSectionEntry(body) => self.body(&body)?,
                Payload::CustomSection(_) => self.custom(),
                Payload::UnknownSection { range, .. } => beyond(self.findings, "", range.start),
                // A component, or a section that only components have.
                _ => {
                    beyond(self.findings, "component_model", 0);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// True when a section may be read further.
    fn within(&mut self, rule: &str, have: u32, limit: u32, unit: (&str, &str)) -> bool {
        if have > limit {
            over(self.findings, rule, "module", have as usize, limit as usize, unit);
        }
        have <= limit
    }

    fn types(&mut self, section: wasmparser::TypeSectionReader<'_>) -> Result<(), Unreadable> {
        if !self.within("types", section.count(), LIMITS.types, ("個の型", "types")) {
            return Ok(());
        }
        for group in section {
            for (offset, sub) in group?.into_types_and_offsets() {
                let wasmparser::CompositeInnerType::Func(function) = &sub.composite_type.inner else {
                    beyond(self.findings, "gc", offset);
                    self.facts.types.push(None);
                    continue;
                };
                let (params, results) = (function.params(), function.results());
                let widest = params.len().max(results.len());
                if widest > LIMITS.type_params {
                    over(self.findings, "types", "module", widest, LIMITS.type_params, ("個の引数", "parameters of one function"));
                }
                params.iter().chain(results).for_each(|kind| self.number(*kind, offset));
                self.facts.types.push(Some((params.to_vec(), results.to_vec())));
            }
        }
        Ok(())
    }

    /// Only the four number types.
    fn number(&mut self, kind: ValType, offset: usize) {
        match kind {
            ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => {}
            ValType::V128 => beyond(self.findings, "simd", offset),
            ValType::Ref(_) => beyond(self.findings, "reference_types", offset),
        }
    }

    fn imports(&mut self, count: u32) {
        self.findings.add(
            "no-imports",
            "module imports",
            Words::new(
                format!("外部の機能を {count} 個取り込もうとしています。"),
                format!("The module asks for things from outside: {count}."),
            ),
            Words::new(
                "ゲストに与えるのは引数だけです。時計、乱数、入出力を使わずに書いてください。",
                "A guest gets its arguments and nothing else: write it without clock, random numbers, input or output.",
            ),
        );
    }

    fn globals(&mut self, section: wasmparser::GlobalSectionReader<'_>) -> Result<(), Unreadable> {
        if !self.within("globals", section.count(), LIMITS.globals, ("個の大域変数", "globals")) {
            return Ok(());
        }
        for global in section {
            let global = global?;
            self.number(global.ty.content_type, global.init_expr.get_binary_reader().original_position());
            self.facts.mutable += usize::from(global.ty.mutable);
        }
        Ok(())
    }

    fn exports(&mut self, section: wasmparser::ExportSectionReader<'_>) -> Result<(), Unreadable> {
        if !self.within("exports", section.count(), LIMITS.exports, ("個の公開名", "exports")) {
            return Ok(());
        }
        for (index, export) in section.into_iter().enumerate() {
            let export = export?;
            match export.kind {
                ExternalKind::Func => self.facts.exported.push((export.name.to_owned(), export.index)),
                _ => self.findings.add(
                    "function-exports",
                    format!("module export {index}"),
                    Words::new("関数でないものを公開しています。", "Something other than a function is exported."),
                    trim(),
                ),
            }
        }
        Ok(())
    }

    fn start(&mut self) {
        self.findings.add(
            "no-start",
            "module start",
            Words::new("読み込み時に動く関数があります。", "A function runs when the module is loaded."),
            Words::new("start を除いてください。", "Take the start function out: a guest runs once per row, and only then."),
        );
    }

    fn custom(&mut self) {
        self.findings.add(
            "no-custom",
            "module",
            Words::new("名前や製造元などの付属の節があります。", "There are custom sections (names, producers and the like)."),
            trim(),
        );
    }

    fn body(&mut self, body: &FunctionBody<'_>) -> Result<(), Unreadable> {
        let index = self.facts.bodies;
        self.facts.bodies += 1;
        let place = format!("module function {index}");
        let bytes = body.as_bytes().len();
        if bytes > LIMITS.body_bytes {
            over(self.findings, "function-size", &place, bytes, LIMITS.body_bytes, ("バイト", "bytes"));
            return Ok(());
        }
        let mut locals = 0_u32;
        for local in body.get_locals_reader()? {
            let (count, kind) = local?;
            locals = locals.saturating_add(count);
            self.number(kind, body.range().start);
        }
        if locals > LIMITS.locals {
            over(self.findings, "locals", &place, locals as usize, LIMITS.locals as usize, ("個の局所変数", "locals"));
        } else if u64::from(locals) * bytes as u64 > LIMITS.locals_by_bytes {
            let (have, limit) = (locals as usize * bytes, usize::try_from(LIMITS.locals_by_bytes).unwrap_or(usize::MAX));
            over(self.findings, "locals", &place, have, limit, ("（局所変数×バイト）", "locals times bytes"));
        }
        self.instructions(body, index, &place)
    }

    fn instructions(&mut self, body: &FunctionBody<'_>, index: usize, place: &str) -> Result<(), Unreadable> {
        let mut reader = body.get_operators_reader()?;
        let (mut depth, mut deepest, mut widest) = (0_u32, 0, 0);
        while !reader.eof() {
            let (operator, offset) = reader.read_with_offset()?;
            self.facts.instructions += 1;
            match &operator {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => depth += 1,
                Operator::End => depth = depth.saturating_sub(1),
                Operator::BrTable { targets } => widest = widest.max(targets.len()),
                _ => {}
            }
            deepest = deepest.max(depth);
            let first = |place: &mut Option<usize>| *place = place.or(Some(index));
            if matches!(operator, Operator::MemoryGrow { .. }) {
                first(&mut self.facts.grows_memory);
            }
            match instruction::of(&operator) {
                Use::Numbers => {}
                Use::Memory => first(&mut self.facts.uses_memory),
                Use::GlobalWrite => first(&mut self.facts.writes_globals),
                Use::Table => first(&mut self.facts.touches_table),
                Use::Beyond(family) => beyond(self.findings, family, offset),
            }
        }
        if deepest > LIMITS.depth {
            over(self.findings, "depth", place, deepest as usize, LIMITS.depth as usize, ("重の入れ子", "nested blocks"));
        }
        if widest > LIMITS.br_table {
            over(self.findings, "br-table", place, widest as usize, LIMITS.br_table as usize, ("個の分岐先", "branches of one table"));
        }
        Ok(())
    }
}

fn trim() -> Words {
    Words::new("`visiting guest trim` を通してください。", "Run `visiting guest trim`, which takes away what nothing uses.")
}

fn over(findings: &mut Findings, rule: &str, place: &str, have: usize, limit: usize, unit: (&str, &str)) {
    findings.add(
        rule,
        place,
        Words::new(
            format!("{have} {}がありますが、上限は {limit} です。", unit.0),
            format!("There are {have} {}; the limit is {limit}.", unit.1),
        ),
        Words::new("小さくするか、分けてください。", "Make it smaller, or divide it."),
    );
}

/// Something beyond the first version of WebAssembly. `family` is the parser's own word, never the module's.
fn beyond(findings: &mut Findings, family: &str, offset: usize) {
    let (ja, en) = if family.is_empty() { (String::new(), String::new()) } else { (format!("（{family}）"), format!(" ({family})")) };
    findings.add(
        "plain-wasm",
        if offset == 0 { "module".to_owned() } else { format!("module byte {offset}") },
        Words::new(
            format!("受け付けない拡張機能{ja}を使っています。"),
            format!("An extension of WebAssembly{en} is used that is not taken."),
        ),
        Words::new(
            "`-C target-cpu=mvp`（C なら `-mcpu=mvp`）で作り直してください。",
            "Build with `-C target-cpu=mvp` (in C `-mcpu=mvp`), and without the instructions in question.",
        ),
    );
}

fn malformed(findings: &mut Findings, error: &wasmparser::Error) {
    findings.add(
        "valid",
        format!("module byte {}", error.offset()),
        Words::new("正しい WebAssembly ではありません。", "This is not valid WebAssembly."),
        Words::new(
            "作り直してください。転送の途中で切れたり変わったりしていないか確かめてください。",
            "Build it again, and see whether it was cut or changed on its way.",
        ),
    );
}
