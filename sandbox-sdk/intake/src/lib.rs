//! Intake: what a guest must be before anybody runs it. One pure function, [`examine`], used when a guest is uploaded, again in the
//! enclave before it is compiled, and by its author on the command line. The rules in words are `ABI.md`.

mod container;
mod features;
#[cfg(test)]
mod fuzz_tests;
mod instruction;
mod limits;
mod manifest;
mod module;
mod report;
pub mod trim;

pub use container::{container, open};
pub use features::features;
pub use limits::{LIMITS, Limits};
pub use manifest::{Label, Manifest, NO_LABEL, Param, ParamKind};
pub use report::{Finding, Report, Words};
pub use trim::{Untrimmed, trim};

/// A guest that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it says about itself, checked.
    pub manifest: Manifest,
    /// `sha256:…` over the [`container`] of both: what the record binds to a permit.
    pub digest: String,
    /// What was checked and found in order, in words.
    pub checked: Vec<Words>,
}

/// Examines a manifest and its module.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn examine(manifest: &str, module: &[u8]) -> Result<Accepted, Report> {
    let mut findings = report::Findings::default();
    let read = manifest::read(manifest, &mut findings);
    let facts = module::walk(module, read.as_ref(), &mut findings);
    match read {
        Some(read) if findings.len() == 0 => Ok(Accepted {
            checked: checked(&read, module.len(), facts.instructions),
            digest: container::digest(manifest, module),
            manifest: read,
        }),
        _ => Err(findings.report()),
    }
}

fn checked(manifest: &Manifest, bytes: usize, instructions: usize) -> Vec<Words> {
    let (params, labels) = (manifest.params.len(), manifest.labels.len());
    vec![
        Words::new(
            format!("大きさ {bytes} バイト、命令 {instructions} 個。すべての上限の内です。"),
            format!("{bytes} bytes, {instructions} instructions: within every limit."),
        ),
        Words::new(
            "取り込み、メモリ、書き換えられる大域変数、start、書き換えられる表はありません。行をまたいで何も覚えられません。",
            "No imports, no memory, no global that can be written, no start, no table that can change: nothing is remembered from row to row.",
        ),
        Words::new(
            "使うのは最初の版の WebAssembly の数の命令だけです。",
            "Only the number instructions of the first version of WebAssembly are used.",
        ),
        Words::new(
            format!("公開された関数は宣言書のとおり（引数 {params} 個、結果のラベル {labels} 個）です。"),
            format!("The exported function is what the manifest says: {params} parameters, {labels} labels."),
        ),
    ]
}
