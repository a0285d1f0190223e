//! The hostile corpus against intake and the enclave's guests: every message as kept in `hostile/expected.txt`, every twin runs.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Instant,
};

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int64Array},
    datatypes::Int32Type,
    util::display::array_value_to_string,
};
use visiting_enclave::guest::Guest;
use visiting_intake::{Form, Param, ParamKind};
use visiting_tests::{
    hostile::{Call, Case, corpus, folder, kept, rows},
    skip::skip,
};

/// What comes of the calls of a case, through the compiled guest.
fn told(case: &Case) -> Vec<String> {
    let guest = Guest::new(&case.manifest, &case.module).unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
    let column = |(i, param): (usize, &Param)| -> ArrayRef {
        let texts = case.column(i).into_iter();
        match param.kind {
            ParamKind::Int => Arc::new(texts.map(|text| text.map(|text| text.parse::<i64>().unwrap())).collect::<Int64Array>()),
            ParamKind::Decimal => Arc::new(texts.map(|text| text.map(|text| text.parse::<f64>().unwrap())).collect::<Float64Array>()),
            ParamKind::Text => Arc::new(texts.collect::<DictionaryArray<Int32Type>>()),
        }
    };
    let columns: Vec<ArrayRef> = guest.manifest().params.iter().enumerate().map(column).collect();
    let value = |array: &ArrayRef, row: usize| array.is_valid(row).then(|| array_value_to_string(array, row).unwrap());
    match &guest.manifest().form {
        Form::Scalar { .. } => {
            let values = guest.values(&columns, case.calls.len()).unwrap();
            (0..values.len()).map(|row| rows(&[vec![value(&values, row)]])).collect()
        }
        Form::Group { .. } => {
            let codes = guest.groups(&columns, &case.lengths()).unwrap();
            codes.into_iter().map(|code| code.map_or_else(|| "failed".to_owned(), |code| code.to_string())).collect()
        }
        Form::Person(_) => {
            let (counts, arrays) = guest.people(&columns, &case.lengths()).unwrap();
            let mut at = 0;
            let person = |(count, call): (&u32, &Call)| {
                let from = at;
                at += *count as usize;
                let told: Vec<Vec<Option<String>>> = (from..at).map(|row| arrays.iter().map(|array| value(array, row)).collect()).collect();
                // Somebody for whom it fails has one row of NULLs.
                let failed = call.told == "failed" && told.len() == 1 && told.concat().iter().all(Option::is_none);
                if failed { call.told.clone() } else { rows(&told) }
            };
            counts.iter().zip(&case.calls).map(person).collect()
        }
    }
}

#[test]
fn hostile_guests_are_told_off_in_the_kept_words_and_their_twins_run() {
    let pairs = corpus().unwrap();
    assert!(pairs.len() >= 100);
    let text = kept(&pairs, told);
    let path = folder().unwrap().join("expected.txt");
    if std::env::var_os("UPDATE_HOSTILE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, kept, "look at the difference and run again with UPDATE_HOSTILE=1 if it is meant");
}

#[test]
fn no_message_repeats_what_a_guest_says() {
    for (hostile, _) in corpus().unwrap() {
        let Err(report) = visiting_intake::examine(&hostile.manifest, &hostile.module) else { continue };
        for planted in [
            "DROP TABLE",
            "colour",
            "pointer",
            "cmd|",
            "1+1",
            "big\"",
            "planted_clock",
            "innocent",
            "list of people",
            "planted_log",
            "7f83b165",
            "diary",
        ] {
            assert!(!report.to_string().contains(planted), "{}: {report}", hostile.name);
        }
    }
}

#[test]
fn the_worked_example_gives_the_kept_labels() {
    let manifest = fs::read_to_string(example().join("guest.toml")).unwrap();
    expect_kept(&Guest::new(&manifest, &fs::read(example().join("guest.wasm")).unwrap()).unwrap());
}

#[test]
fn the_checked_in_modules_are_those_of_the_list() {
    let examples = example().join("..");
    let list = fs::read_to_string(examples.join("SHA256SUMS")).unwrap();
    for (sum, file) in list.lines().map(|line| line.split_once("  ").unwrap()) {
        let found = visiting_policies::sign::digest(&fs::read(examples.join(file)).unwrap());
        assert_eq!(found, format!("sha256:{sum}"), "{file}");
    }
}

fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sandbox-sdk/examples/age_adjusted_risk_band")
}

/// The guest's labels are those of the example's table.
fn expect_kept(guest: &Guest) {
    let mut table = csv::Reader::from_path(example().join("expected.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    let column = |i: usize| Arc::new(rows.iter().map(|r| r[i].parse::<i64>().ok()).collect::<Int64Array>()) as ArrayRef;
    let labels = guest.values(&[column(0), column(1), column(2), column(3)], rows.len()).unwrap();
    let dictionary = labels.as_dictionary::<Int32Type>();
    let texts = dictionary.values().as_string::<i32>();
    for (row, key) in rows.iter().zip(dictionary.keys().iter()) {
        assert_eq!(key.map_or("", |key| texts.value(key as usize)), &row[4], "{row:?}");
    }
    assert!(rows.len() > 15);
}

#[test]
fn templates_and_examples_build_to_the_pure_form() {
    if std::env::var_os("VISITING_GUEST_COMPILERS").is_none() {
        return skip("no compilers for guests (VISITING_GUEST_COMPILERS is not set; `cargo verify` installs Debian's)");
    }
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sandbox-sdk");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let built = Command::new(sdk.join("rebuild.sh")).arg(&out).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let guest = |module: &str, manifest: &str| {
        let module = visiting_intake::trim(&fs::read(out.join(module)).unwrap()).unwrap();
        Guest::new(&fs::read_to_string(sdk.join(manifest)).unwrap(), &module).unwrap_or_else(|fault| panic!("{fault}"))
    };
    expect_kept(&guest("age_adjusted_risk_band.wasm", "examples/age_adjusted_risk_band/guest.toml"));
    for example in ["charlson", "egfr", "egfr_stage", "episodes", "first_diagnosis", "mpr"] {
        guest(&format!("{example}.wasm"), &format!("examples/{example}/guest.toml"));
    }
    let values: ArrayRef = Arc::new(Float64Array::from(vec![6.9, 7.0, 8.0, 8.0]));
    let codes: ArrayRef = Arc::new(["E11", "E119", "E11", "E10"].into_iter().map(Some).collect::<DictionaryArray<Int32Type>>());
    for (module, manifest) in [("guest.wasm", "templates/rust/guest.toml"), ("c.wasm", "templates/c/guest.toml")] {
        let labels = guest(module, manifest).values(&[values.clone(), codes.clone()], 4).unwrap();
        assert_eq!(labels.as_dictionary::<Int32Type>().keys().values().to_vec(), [1, 2, 3, 0], "{module}");
    }
}

#[test]
fn the_largest_guest_that_is_taken_compiles_in_bounded_time() {
    // As many blocks, locals, calls and jump tables as the limits let pass, in functions of the largest size.
    let limits = &visiting_intake::LIMITS;
    let locals = 64;
    let step = "local.get 0 local.get 1 i64.mul local.set 3 block block local.get 0 i32.wrap_i64 br_table 0 1 0 1 0 1 0 end local.get 3 local.tee 2 drop end local.get 2 local.get 0 i64.rotl local.tee 0 call $t drop ";
    let mut functions = String::new();
    for i in 0..3 {
        let body = step.repeat(limits.body_bytes / 60);
        let _ = write!(functions, "(func $x{i} (param i64) (result i64) (local{}) {body} local.get 0) ", " i64".repeat(locals));
    }
    let text = format!(
        "(module (func $t (param i64) (result i64) local.get 0) {functions} (func (export \"f\") (param i64) (result i32) local.get 0 call $x0 call $x1 call $x2 i32.wrap_i64))"
    );
    let module = visiting_intake::trim(&wat::parse_str(text).unwrap()).unwrap();
    let manifest = "abi = 1\nname = \"g\"\nparams = [{ name = \"x\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"no\" }, { value = 1, label = \"yes\" }]";
    let start = Instant::now();
    Guest::new(manifest, &module).unwrap_or_else(|fault| panic!("{fault}"));
    let took = start.elapsed();
    eprintln!("{} bytes compile in {took:?}", module.len());
    assert!(took.as_secs() < 20, "{took:?}");
}
