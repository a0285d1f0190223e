//! The hostile corpus of `tests/hostile` through worker processes: every message as kept in `expected.txt`, every guest that is taken
//! gives what its file says. (`tests/it/hostile.rs` does the same through the enclave.)

use std::fs;

use visiting_intake::{Form, Manifest, Values};
use visiting_worker::{Artefact, Layers, Worker};

use super::{
    format::{Call, Case, corpus, folder, kept, rows},
    program,
    texts::{columns, made, shown},
};

/// What comes of the calls of a case.
fn told(case: &Case) -> Vec<String> {
    let artefact = Artefact::compile(program(), Layers::ALL, &case.manifest, &case.module).unwrap_or_else(|f| panic!("{}: {f}", case.name));
    let mut worker = Worker::start(program(), Layers::ALL, artefact.into()).unwrap();
    let manifest = Manifest::read(&case.manifest).unwrap();
    let texts: Vec<Vec<Option<&str>>> = (0..manifest.params.len()).map(|i| case.column(i)).collect();
    let made: Vec<_> = manifest.params.iter().zip(&texts).map(|(param, texts)| made(param.kind, texts)).collect();
    match &manifest.form {
        Form::Scalar { result, .. } => {
            let codes = worker.rows(&columns(&made), case.calls.len()).unwrap();
            codes.iter().map(|code| rows(&[vec![shown(result, code)]])).collect()
        }
        form => {
            let values: Vec<&Values> = match form {
                Form::Person(person) => person.columns.iter().map(|column| &column.values).collect(),
                Form::Scalar { result, .. } | Form::Group { result } => vec![result],
            };
            let told = worker.people(&columns(&made), &case.lengths()).unwrap();
            let shown: Vec<Vec<Option<String>>> =
                values.into_iter().enumerate().map(|(i, values)| told.column(i).map(|code| shown(values, code)).collect()).collect();
            let mut at = 0;
            let mut take = |count: u32| {
                let from = at;
                at += count as usize;
                rows(&(from..at).map(|row| shown.iter().map(|column| column[row].clone()).collect()).collect::<Vec<_>>())
            };
            told.counts().map(|count| count.map_or_else(|| "failed".to_owned(), &mut take)).collect()
        }
    }
}

#[test]
fn hostile_guests_are_told_off_in_the_kept_words_and_their_twins_run() {
    let pairs = corpus().unwrap();
    assert!(pairs.len() >= 100, "only {} pairs", pairs.len());
    let text = kept(&pairs, told);
    let path = folder().unwrap().join("expected.txt");
    if std::env::var_os("UPDATE_HOSTILE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, kept, "look at the difference and run again with UPDATE_HOSTILE=1 if it is meant");
}

#[test]
fn a_guest_of_version_1_gives_the_same_under_version_2() {
    let mut ran = 0;
    for case in corpus().unwrap().into_iter().flat_map(|(hostile, benign)| [hostile, benign]) {
        let second = Case { manifest: case.manifest.replace("abi = 1", "abi = 2"), ..case.clone() };
        if second.manifest != case.manifest && visiting_intake::examine(&case.manifest, &case.module).is_ok() {
            assert_eq!(told(&second), case.calls.iter().map(|call: &Call| call.told.clone()).collect::<Vec<_>>(), "{}", case.name);
            ran += 1;
        }
    }
    assert!(ran > 30, "only {ran} ran");
}
