//! `visiting check` over what a ministry publishes: the tables of NDB open data with their official masks.

use std::{fs, path::Path, process::Command};

use visiting_tests::{
    skip::{SHARED, skip},
    world::{binaries, text, tree},
};

/// How these tables say they are made: numbers as they are, `-` for one under ten, and for another one where it would stand alone.
const READING: [&str; 6] = ["--cells", "exact", "--hidden", "1-9+", "--lang", "en"];

/// Exit code and lines.
fn check(file: &Path) -> (Option<i32>, Vec<String>) {
    let said = Command::new(binaries().unwrap().join("visiting")).arg("check").arg(text(file)).args(READING).output().unwrap();
    assert!(said.stderr.is_empty(), "{}: {}", file.display(), String::from_utf8_lossy(&said.stderr));
    (said.status.code(), String::from_utf8(said.stdout).unwrap().lines().map(str::to_owned).collect())
}

/// Numbers of the last line: hidden cells, those below the policy, those that are pinned.
fn counted(lines: &[String]) -> [usize; 3] {
    let last = lines.last().unwrap();
    let numbers: Vec<usize> = last.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
    let [hidden, narrow, 5, pinned, 0] = numbers[..] else { panic!("{last}") };
    [hidden, narrow, pinned]
}

#[test]
fn none_of_the_ministrys_masks_is_pinned_and_showing_one_of_two_pins_the_other() {
    let folder = tree().unwrap().join("../shared/data/ndb_open/09");
    if !folder.is_dir() {
        return skip(&format!("{SHARED} the tables of NDB open data are not beside the workspace"));
    }
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "csv")).collect();
    files.sort();
    let (mut all, mut tried) = ([0; 2], 0);
    for file in &files {
        let (_, lines) = check(file);
        let [hidden, narrow, pinned] = counted(&lines);
        assert_eq!(pinned, 0, "{}", file.display());
        all = [all[0] + hidden, all[1] + narrow];
        tried += usize::from(showing_one_pins_the_other(file));
    }
    eprintln!("NDB open data: {} tables, {} hidden cells, {} of them narrower than 5, 0 pinned", files.len(), all[0], all[1]);
    assert!(all[0] > 1000 && tried >= 3, "{all:?}, {tried} tried");
}

/// Shows one of the two masks of the first row that has two under 男中計; false where there is no such row.
fn showing_one_pins_the_other(file: &Path) -> bool {
    let whole = fs::read_to_string(file).unwrap();
    let header: Vec<&str> = whole.lines().next().unwrap().split(',').collect();
    let (Some(total), Some(first)) = (header.iter().position(|h| *h == "男中計"), header.iter().position(|h| h.starts_with('男')))
    else {
        return false;
    };
    let masks = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let masks: Vec<usize> = (first..total).filter(|c| cells[*c] == "-").collect();
        let shown: i64 = cells[first..total].iter().filter_map(|c| c.parse::<i64>().ok()).sum();
        cells[total].parse::<i64>().ok().filter(|_| masks.len() == 2).map(|all| (masks[0], all - shown))
    };
    let Some((line, (mask, both))) = whole.lines().find_map(|line| Some((line, masks(line)?))) else { return false };
    let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
    cells[mask] = (both / 2).to_string();
    let shown = std::env::temp_dir().join(format!("check-{}-{}", std::process::id(), file.file_name().unwrap().display()));
    fs::write(&shown, whole.replace(line, &cells.join(","))).unwrap();
    let (code, lines) = check(&shown);
    fs::remove_file(&shown).unwrap();
    let rest = both - both / 2;
    assert_eq!(code, Some(1));
    assert!(lines.iter().any(|l| l.starts_with("NARROW") && l.ends_with(&format!("[{rest}, {rest}] width 0"))), "{lines:?}");
    true
}
