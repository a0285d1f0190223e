//! The boundary, written down: `sandbox-sdk/abi/VERSION.txt`. What a compiled guest relies on does not change under its version.

use std::{env, fmt::Write, fs, path::PathBuf};

use visiting_sdk::{ABI, Kind, PERSON_EXPORTS, TAKEN, TEXT_BYTES_MAX, pack};

use crate::{LIMITS, MONTHS, Manifest, NO_LABEL, State, examine, features};

fn file(version: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../abi/{version}.txt"))
}

/// Everything of the boundary that code decides.
fn boundary() -> String {
    let mut out = format!("abi {ABI}\n");
    for kind in [Kind::Int, Kind::Decimal, Kind::Text] {
        let _ = writeln!(out, "{kind:?} is {:?}", kind.slots());
    }
    let _ = writeln!(out, "text of at most {TEXT_BYTES_MAX} bytes; E119 is {:x?}", pack(b"E119"));
    let _ = writeln!(out, "person exports {PERSON_EXPORTS:?}");
    let _ = writeln!(out, "no label is called {NO_LABEL}");
    let features: Vec<&str> = features().iter_names().map(|(name, _)| name).collect();
    let _ = writeln!(out, "features {features:?}");
    let _ = writeln!(out, "fuel of a row {}, of a person {}, stack {}", LIMITS.fuel, LIMITS.person_fuel, LIMITS.stack_bytes);
    let _ = writeln!(out, "at most {} rows about a person, {} pages, {} places", LIMITS.rows, LIMITS.pages, LIMITS.places);
    let _ = writeln!(out, "months {MONTHS:?}");
    for (name, manifest, module) in SAMPLES {
        let module = crate::trim(&wat::parse_str(module).unwrap()).unwrap();
        let told = match examine(manifest, &module) {
            Ok(accepted) => format!("{:?} {:?}", accepted.state, accepted.manifest.form),
            Err(report) => report.findings.iter().map(|f| format!("{} ({})", f.rule, f.place)).collect::<Vec<_>>().join(", "),
        };
        let _ = writeln!(out, "{name}: {told}");
    }
    out
}

const LABELS: &str = "abi = 2\nname = \"g\"\nparams = [{ name = \"x\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"no\" }, { value = 1, label = \"yes\" }]";
const FIRST: &str = "abi = 1\nname = \"g\"\nparams = [{ name = \"x\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"no\" }, { value = 1, label = \"yes\" }]";
const NUMBER: &str =
    "abi = 2\nname = \"g\"\nexport = \"h\"\nparams = [{ name = \"x\", kind = \"text\" }]\nnumber = { low = 0, high = 1, step = 0.1 }";
const PERSON: &str = "abi = 2\nname = \"g\"\nform = \"person\"\nreads = \"SELECT x\"\nrows = 2\nparams = [{ name = \"x\", kind = \"decimal\" }]\ncolumns = [{ name = \"m\", kind = \"month\" }]";

const SAMPLES: &[(&str, &str, &str)] = &[
    ("labels", LABELS, r#"(module (func (export "f") (param i64) (result i32) (i32.const 0)))"#),
    ("labels of version 1", FIRST, r#"(module (func (export "f") (param i64) (result i32) (i32.const 0)))"#),
    ("a number", NUMBER, r#"(module (func (export "h") (param i64 i64) (result f64) (f64.const 0)))"#),
    ("memory", LABELS, r#"(module (memory 4) (func (export "f") (param i64) (result i32) (i32.load (i32.const 0))))"#),
    ("memory under version 1", FIRST, r#"(module (memory 4) (func (export "f") (param i64) (result i32) (i32.load (i32.const 0))))"#),
    ("too large a memory", LABELS, r#"(module (memory 5) (func (export "f") (param i64) (result i32) (i32.load (i32.const 0))))"#),
    ("a growing memory", LABELS, r#"(module (memory 1 4) (func (export "f") (param i64) (result i32) (memory.grow (i32.const 1))))"#),
    (
        "data outside",
        LABELS,
        r#"(module (memory 1) (data (i32.const 65535) "ab") (func (export "f") (param i64) (result i32) (i32.load (i32.const 0))))"#,
    ),
    ("a number as a label", LABELS, r#"(module (func (export "f") (param i64) (result f64) (f64.const 0)))"#),
    (
        "a person",
        PERSON,
        r#"(module (global $g (mut i32) (i32.const 0)) (func (export "row") (param i32 f64) (global.set $g (i32.const 1)))
            (func (export "finish") (result i32) (i32.const 1)) (func (export "get") (param i32 i32) (result f64) (f64.const 1)))"#,
    ),
    ("half a person", PERSON, r#"(module (func (export "row") (param f64)) (func (export "finish") (result i32) (i32.const 1)))"#),
];

#[test]
fn the_boundary_changes_only_with_its_version() {
    let now = boundary();
    if env::var_os("UPDATE_ABI").is_some() {
        assert!(!file(ABI).exists(), "version {ABI} is written down: raise visiting_sdk::ABI first");
        fs::write(file(ABI), &now).unwrap();
    }
    let written = fs::read_to_string(file(ABI)).unwrap_or_default();
    assert_eq!(now, written, "the boundary is not what abi/{ABI}.txt says: raise visiting_sdk::ABI (and UPDATE_ABI=1 writes the new file)");
    for version in TAKEN {
        assert!(file(*version).exists() || *version == 1, "version {version} is taken and not written down");
        let manifest = LABELS.replace("abi = 2", &format!("abi = {version}"));
        assert_eq!(Manifest::read(&manifest).unwrap().abi, *version);
    }
    assert_eq!(TAKEN.last(), Some(&ABI));
    assert!(boundary().contains(&format!("{:?}", State::Reset)));
}
