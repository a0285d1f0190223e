//! Workers that are no longer ours: programs that answer what they like, or nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use visiting_worker::{Artefact, Column, Fault, LIMITS, Layers, Validity, Worker};

use super::{artefact, module, program, worker};

const MANIFEST: &str = "abi = 2\nname = \"g\"\nparams = [{ name = \"x\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"no\" }, { value = 1, label = \"yes\" }]";
const GUEST: &str = r#"(module (func (export "f") (param i64) (result i32) (i64.gt_s (local.get 0) (i64.const 5))))"#;
const PERSON: &str = "abi = 2\nname = \"g\"\nform = \"person\"\nreads = \"SELECT x\"\nrows = 2\nparams = [{ name = \"x\", kind = \"int\" }]\ncolumns = [{ name = \"m\", kind = \"month\" }]";
const PEOPLE: &str = r#"(module (func (export "row") (param i32 i64)) (func (export "finish") (result i32) (i32.const 1))
    (func (export "get") (param i32 i32) (result f64) (f64.const 202401)))"#;

/// A worker that does what this name stands for in `examples/hostile.rs`.
fn fake(name: &str) -> PathBuf {
    let built = program().with_file_name("examples").join("hostile");
    assert!(built.is_file(), "{} is not built: cargo test builds it", built.display());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Not written but put there whole: a test beside this one may be starting it.
    let own = path.with_extension(std::process::id().to_string());
    fs::copy(built, &own).unwrap();
    fs::rename(own, &path).unwrap();
    path
}

fn rows(program: &Path) -> Result<Vec<Option<u32>>, Fault> {
    let mut worker = Worker::start(program, Layers::ALL, artefact(MANIFEST, GUEST))?;
    worker.rows(&[Column::Int(&[1, 9, 9], Validity::ALL)], 3).map(|codes| codes.iter().collect())
}

#[test]
fn a_worker_that_floods_ends_or_lies_gives_nothing_that_was_not_declared() {
    assert_eq!(rows(program()).unwrap(), [Some(0), Some(1), Some(1)], "ours");
    for name in ["silent", "flood-first", "flood", "wrong-kind", "short"] {
        let start = Instant::now();
        assert!(matches!(rows(&fake(name)), Err(Fault::Broken)), "{name}");
        assert!(start.elapsed() < Duration::from_secs(4), "{name}: told at once");
    }
    // Codes that are not declared are NULL; what it says beyond is not read.
    assert_eq!(rows(&fake("lies")).unwrap(), [Some(1), None, None]);
}

#[test]
fn a_worker_that_claims_more_rows_about_a_person_than_declared_is_ended() {
    let call = |program: &Path| {
        let mut worker = Worker::start(program, Layers::ALL, artefact(PERSON, PEOPLE))?;
        let told = worker.people(&[Column::Int(&[1, 2], Validity::ALL)], &[1, 1])?;
        Ok::<_, Fault>((told.counts().collect::<Vec<_>>(), told.column(0).collect::<Vec<_>>()))
    };
    assert_eq!(call(program()).unwrap(), (vec![Some(1), Some(1)], vec![Some(202_401), Some(202_401)]));
    for name in ["many", "more"] {
        assert!(matches!(call(&fake(name)), Err(Fault::Broken)), "{name}");
    }
    assert_eq!(call(&fake("month")).unwrap(), (vec![Some(2), None], vec![Some(202_401), None]));
}

#[test]
fn who_is_late_is_killed() {
    let start = Instant::now();
    assert!(matches!(rows(&fake("late")), Err(Fault::Late)));
    assert!(start.elapsed() >= LIMITS.start && start.elapsed() < LIMITS.start * 3);
    let there_is_none = rows(Path::new("/nonexistent/worker"));
    assert!(matches!(there_is_none, Err(Fault::Start(_))));
}

#[test]
fn the_dearest_guest_that_is_taken_compiles_far_within_its_time() {
    let limits = &visiting_intake::LIMITS;
    let step = "local.get 0 local.get 1 i64.mul local.set 3 block block local.get 0 i32.wrap_i64 br_table 0 1 0 1 0 1 0 end local.get 3 local.tee 2 drop end local.get 2 local.get 0 i64.rotl local.tee 0 call $t drop ";
    let body = step.repeat(limits.body_bytes / 60);
    let functions: String =
        (0..3).map(|i| format!("(func $x{i} (param i64) (result i64) (local{}) {body} local.get 0) ", " i64".repeat(64))).collect();
    let text = format!(
        "(module (func $t (param i64) (result i64) (loop (br_if 0 (i64.eqz (local.get 0)))) local.get 0) {functions} (func (export \"f\") (param i64) (result i32) local.get 0 call $x0 call $x1 call $x2 i32.wrap_i64))"
    );
    let start = Instant::now();
    let compiled = Artefact::compile(program(), Layers::ALL, MANIFEST, &module(&text)).unwrap();
    assert!(start.elapsed() < LIMITS.compile / 2, "took {:?}", start.elapsed());
    // Its rows end too: they run out of fuel.
    let mut worker = Worker::start(program(), Layers::ALL, compiled.into()).unwrap();
    let told: Vec<_> = worker.rows(&[Column::Int(&[1; 100], Validity::ALL)], 100).unwrap().iter().collect();
    assert_eq!(told, [None; 100]);
}

#[test]
fn a_worker_has_no_environment() {
    assert!(Worker::start(&fake("environment"), Layers::ALL, artefact(MANIFEST, GUEST)).is_ok());
    let _ = worker(MANIFEST, GUEST);
}
