//! The exported functions are there and take and give what the manifest says.

use visiting_sdk::{PERSON_EXPORTS, Slot};
use wasmparser::ValType;

use super::Facts;
use crate::{
    Form, Manifest, Values,
    report::{Findings, Words},
};

pub(super) fn check(facts: &Facts, manifest: &Manifest, findings: &mut Findings) {
    let slot = |slot: &Slot| match slot {
        Slot::I64 => ValType::I64,
        Slot::F64 => ValType::F64,
    };
    let arguments: Vec<ValType> = manifest.params.iter().flat_map(|p| p.kind.abi().slots()).map(slot).collect();
    match &manifest.form {
        Form::Scalar { export, result } => {
            let result = if matches!(result, Values::Number(_)) { ValType::F64 } else { ValType::I32 };
            one(facts, export, "manifest export", &arguments, &[result], findings);
        }
        Form::Person(_) | Form::Group { .. } => {
            let [row, finish, get] = PERSON_EXPORTS;
            let row_arguments: Vec<ValType> = std::iter::once(ValType::I32).chain(arguments).collect();
            one(facts, row, "export row", &row_arguments, &[], findings);
            one(facts, finish, "export finish", &[], &[ValType::I32], findings);
            one(facts, get, "export get", &[ValType::I32, ValType::I32], &[ValType::F64], findings);
        }
    }
}

fn one(facts: &Facts, name: &str, place: &str, params: &[ValType], results: &[ValType], findings: &mut Findings) {
    let Some((_, function)) = facts.exported.iter().find(|(exported, _)| exported == name) else {
        findings.add(
            "export",
            place,
            if place == "manifest export" {
                Words::new("宣言書の `export` の名の関数が公開されていません。", "No function is exported under the manifest's `export`.")
            } else {
                Words::new(format!("`{name}` という関数が公開されていません。"), format!("No function is exported as `{name}`."))
            },
            Words::new(
                "関数を公開する（Rust なら `#[no_mangle] pub extern \"C\"`）か、名を合わせてください。",
                "Export the function (in Rust `#[no_mangle] pub extern \"C\"`), or make the names agree.",
            ),
        );
        return;
    };
    let index = usize::try_from(*function).ok().and_then(|i| facts.functions.get(i));
    let found = index.and_then(|i| usize::try_from(*i).ok()).and_then(|i| facts.types.get(i)).and_then(Option::as_ref);
    if found.is_some_and(|(have, give)| have == params && give == results) {
        return;
    }
    let words = |kinds: &[ValType]| kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let wanted = match results {
        [result] => format!("({}) -> {result}", words(params)),
        _ => format!("({}) -> ()", words(params)),
    };
    let (place, name) = if place == "manifest export" { ("manifest params", String::new()) } else { (place, format!(" `{name}`")) };
    findings.add(
        "signature",
        place,
        Words::new(
            format!("公開された関数{name}の形が宣言書と違います。宣言書によれば {wanted} です。"),
            format!("The exported function{name} is not what the manifest says: {wanted}."),
        ),
        Words::new(
            "int は i64、decimal は f64、text は i64 二つ、結果はラベルが i32、数が f64 です。人ごとの形の `row` は初めに i32 を取ります。",
            "An int is an i64, a decimal an f64, a text two i64; a result is an i32 for labels and an f64 for a number. `row` of the person form takes an i32 first.",
        ),
    );
}
