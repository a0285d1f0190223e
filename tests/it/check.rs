//! `visiting check` over what a ministry publishes: the tables of NDB open data with their official masks.

use std::{fs, path::Path};

use visiting_policies::audit::{Checked, LIMITS, Published, Reading, Rounding, Shown, check};
use visiting_tests::skip::{SHARED, skip};

/// How these tables say they are made: numbers as they are, `-` for one under ten, and for another one where it would stand alone.
const READING: Reading =
    Reading { cells: Some(Rounding::Exact), totals: None, hidden: (1, 9), besides: true, labels: None, no_sums: Vec::new(), width: 5 };

fn published(file: &Path) -> Published {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_path(file).unwrap();
    let records: Vec<Vec<String>> =
        reader.records().map(|r| r.unwrap().iter().map(|t| t.trim_start_matches('\u{feff}').to_owned()).collect()).collect();
    Published::read(&records, None).unwrap()
}

fn checked(table: &Published, reading: &Reading) -> Checked {
    check(table, reading, LIMITS).unwrap()
}

/// Hidden cells, those below the policy, those that are pinned.
fn counted(checked: &Checked) -> (usize, usize, usize) {
    let pinned = checked.hidden.iter().filter(|h| h.range.is_some_and(|range| range.width() == 0)).count();
    (checked.hidden.len(), checked.hidden.iter().filter(|h| h.narrow).count(), pinned)
}

#[test]
fn none_of_the_ministrys_masks_is_pinned_and_showing_one_of_two_pins_the_other() {
    let folder = visiting_tests::world::tree().unwrap().join("../shared/data/ndb_open/09");
    if !folder.is_dir() {
        return skip(&format!("{SHARED} the tables of NDB open data are not beside the workspace"));
    }
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "csv")).collect();
    files.sort();
    let (mut all, mut tried) = ((0, 0, 0), 0);
    for file in &files {
        let table = published(file);
        let found = checked(&table, &READING);
        let (hidden, narrow, pinned) = counted(&found);
        assert_eq!(pinned, 0, "{}", file.display());
        all = (all.0 + hidden, all.1 + narrow, all.2 + found.sums.len());
        // The first row with two masks under one sum: whoever shows one shows both.
        if !found.sums.is_empty() && tried < 20 {
            tried += usize::from(showing_one_pins_the_other(&table));
        }
    }
    eprintln!("NDB open data: {} tables, {} sums, {} hidden cells, {} of them narrower than 5, 0 pinned", files.len(), all.2, all.0, all.1);
    assert!(all.0 > 1000 && all.2 > 10 && tried >= 3, "{all:?}, {tried} tried");
}

/// Shows one of two masks in a row, as its true number would be; false where there is no such row.
fn showing_one_pins_the_other(table: &Published) -> bool {
    let total = table.headers.iter().position(|h| h.ends_with("男中計"));
    let Some(total) = total else { return false };
    let masks = |row: &Vec<Shown>| (0..total).filter(|c| row[*c].is_mark()).collect::<Vec<_>>();
    let fits = |row: &&Vec<Shown>| masks(row).len() == 2 && matches!(row[total], Shown::Number(_));
    let Some(row) = table.cells.iter().position(|row| fits(&row)) else { return false };
    let masks = masks(&table.cells[row]);
    let sum: i64 = table.cells[row][..total].iter().filter_map(|s| if let Shown::Number(n) = s { Some(*n) } else { None }).sum();
    let Shown::Number(all) = table.cells[row][total] else { return false };
    let mut shown = table.clone();
    shown.cells[row][masks[0]] = Shown::Number((all - sum) / 2);
    let found = checked(&shown, &READING);
    assert!(!found.passes());
    assert!(
        found
            .hidden
            .iter()
            .any(|h| h.narrow && h.range.is_some_and(|range| range.width() == 0 && range.low == all - sum - (all - sum) / 2))
    );
    true
}
