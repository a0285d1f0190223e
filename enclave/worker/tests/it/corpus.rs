//! The hostile corpus of `tests/hostile`, as far as intake takes it, through worker processes: every row has the label of its file.

use std::{fs, path::PathBuf};

use visiting_intake::{Manifest, examine};
use visiting_worker::{Column, Validity};

use super::{module, worker};

#[test]
fn every_guest_of_the_corpus_that_is_taken_gives_the_labels_that_its_file_says() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/hostile");
    let mut ran = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let head = |mark: &str| text.lines().filter_map(|line| line.strip_prefix(mark)).collect::<Vec<_>>();
        let manifest = head(";;! ").join("\n");
        // What text cannot say, and what is refused, is the business of intake's tests.
        if !head(";;+ ").is_empty() || manifest.contains("MANY") || text.contains("(module binary") || text.contains("(component") {
            continue;
        }
        let Ok(bytes) = wat::parse_str(&text).map_err(drop).and_then(|bytes| visiting_intake::trim(&bytes).map_err(drop)) else { continue };
        if examine(&manifest, &bytes).is_err() || head(";;= ").is_empty() {
            continue;
        }
        assert_eq!(bytes, module(&text));
        // A benign twin has the manifest of version 1; the same under version 2 gives the same.
        for manifest in [manifest.clone(), manifest.replace("abi = 1", "abi = 2")] {
            let labels = Manifest::read(&manifest).unwrap().labels().to_vec();
            let rows: Vec<(&str, &str)> = head(";;= ").into_iter().map(|row| row.split_once(" -> ").unwrap()).collect();
            let values: Vec<i64> = rows.iter().map(|(value, _)| value.parse().unwrap_or(0)).collect();
            let bits: Vec<u8> =
                rows.chunks(8).map(|eight| eight.iter().enumerate().map(|(i, (v, _))| u8::from(*v != "null") << i).sum()).collect();
            let codes = worker(&manifest, &text).rows(&[Column::Int(&values, Validity::new(&bits, 0))], rows.len()).unwrap();
            let told: Vec<&str> = codes.iter().map(|code| code.map_or("null", |code| labels[code as usize].label.as_str())).collect();
            assert_eq!(told, rows.iter().map(|(_, label)| *label).collect::<Vec<_>>(), "{}", path.display());
        }
        ran += 1;
    }
    assert!(ran > 30, "only {ran} ran");
}
