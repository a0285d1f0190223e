//! Intake: what a guest must be before anybody runs it. One pure function, [`examine`], used when a guest is uploaded, again in the
//! enclave before it is compiled, and by its author on the command line. The rules in words are `ABI.md`.

#[cfg(test)]
mod boundary_tests;
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
pub use manifest::{Column, Form, Grid, Label, MONTHS, Manifest, NO_LABEL, Param, ParamKind, Person, Values, is_month};
pub use report::{Finding, Report, Words};
pub use trim::{Untrimmed, trim};

/// A guest that may run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// What it says about itself, checked.
    pub manifest: Manifest,
    /// `sha256:…` over the [`container`] of both: what the record binds to a permit.
    pub digest: String,
    /// What has to be done before each call.
    pub state: State,
    /// What was checked and found in order, in words.
    pub checked: Vec<Words>,
}

/// Where a guest could remember something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The pure form: nowhere.
    Pure,
    /// The reset form: in its memory or globals, which the host puts back before each row or person.
    Reset,
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
            checked: checked(&read, module.len(), &facts),
            state: if facts.resets() { State::Reset } else { State::Pure },
            digest: container::digest(manifest, module),
            manifest: read,
        }),
        _ => Err(findings.report()),
    }
}

fn checked(manifest: &Manifest, bytes: usize, facts: &module::Facts) -> Vec<Words> {
    let (params, instructions) = (manifest.params.len(), facts.instructions);
    let state = if facts.resets() {
        Words::new(
            "reset form：メモリと書き換えられる大域変数は、呼び出し（行または人）の前に必ず初めの値に戻されます。前の行や人のことは何も残りません。",
            "Reset form: memory and globals are put back to their initial values before each row or person: nothing of the one before is left.",
        )
    } else {
        Words::new(
            "取り込み、メモリ、書き換えられる大域変数、start、書き換えられる表はありません。行をまたいで何も覚えられません。",
            "No imports, no memory, no global that can be written, no start, no table that can change: nothing is remembered from row to row.",
        )
    };
    let shape = match &manifest.form {
        Form::Scalar { result: Values::Labels(labels), .. } => Words::new(
            format!("公開された関数は宣言書のとおり（引数 {params} 個、結果のラベル {} 個）です。", labels.len()),
            format!("The exported function is what the manifest says: {params} parameters, {} labels.", labels.len()),
        ),
        Form::Scalar { .. } => Words::new(
            format!("公開された関数は宣言書のとおり（引数 {params} 個、結果は数）です。"),
            format!("The exported function is what the manifest says: {params} parameters, a number as its result."),
        ),
        Form::Group { .. } => Words::new(
            format!("公開された三つの関数は宣言書のとおり（列 {params} 個を読み、群ごとに数を一つ返す）です。結果は必ず人が確認します。"),
            format!(
                "The three exported functions are what the manifest says: {params} columns read, one number a group. People look at every output with it."
            ),
        ),
        Form::Person(person) => Words::new(
            format!(
                "公開された三つの関数は宣言書のとおり（列 {params} 個を読み、一人 {} 行まで {} 列）です。",
                person.rows,
                person.columns.len()
            ),
            format!(
                "The three exported functions are what the manifest says: {params} columns read, at most {} rows of {} columns about one person.",
                person.rows,
                person.columns.len()
            ),
        ),
    };
    vec![
        Words::new(
            format!("大きさ {bytes} バイト、命令 {instructions} 個。すべての上限の内です。"),
            format!("{bytes} bytes, {instructions} instructions: within every limit."),
        ),
        state,
        Words::new("使うのは最初の版の WebAssembly の命令だけです。", "Only instructions of the first version of WebAssembly are used."),
        shape,
    ]
}
