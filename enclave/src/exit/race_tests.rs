//! Two processes with one ledger: runs that are safe apart and unsafe together, begun at once.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Barrier,
};

use visiting_policies::{disclosure::Applied, handover::RunReport, terms::Verdict};

use super::{
    Context, Desk,
    desk::shows_its_own,
    desk_tests::{RULES, by_pref, by_sex, group, people, total},
    samples::{Row, cells},
};
use crate::{
    keys::Key,
    known::{Block, Known},
    ledger::{Ledger, Pending},
    question::Question,
};

/// Pairs of runs, and those on one ledger.
const ROUNDS: usize = 1_000;
const TOGETHER: usize = 50;

type Asked = (Question, Vec<Row>);

/// What a question adds to the ledger; `None` where it shows nothing of its own.
fn judged(known: &Known, (question, rows): &Asked, round: usize) -> Option<Block> {
    let applied = Applied::from(RULES);
    let mut desk = Desk::new(known);
    let cells = cells(question, std::slice::from_ref(rows), RULES.people_min);
    let versions = format!("round {round}");
    let protected = desk.judge(&Context { question, rules: &applied, versions: &versions }, &cells).ok()?;
    shows_its_own(&protected).then(|| desk.into_block())
}

/// Judges and appends as a run does: what was judged before another process appended is judged again.
fn run(ledger: &mut Ledger, name: &str, asked: &Asked, round: usize) -> bool {
    loop {
        let block = judged(ledger.known(), asked, round);
        let shown = block.is_some();
        let verdict = if shown { Verdict::Release } else { Verdict::Refuse };
        let run: visiting_policies::terms::RunId = format!("run_{name}{round}").parse().unwrap();
        let report = RunReport {
            run: run.clone(),
            index: 0,
            judged_by: 0,
            verdict,
            refusal: None,
            files: Vec::new(),
            ledger: visiting_policies::handover::LedgerHead { entries: 0, digest: String::new() },
            rules: BTreeMap::new(),
            spent: visiting_policies::budget::Spent::default(),
            held: None,
        };
        let pending = |ledger| Pending { report: RunReport { ledger, ..report }, files: BTreeMap::new() };
        if ledger.append(&run, block.unwrap_or_default(), pending).unwrap() {
            return shown;
        }
        ledger.replay().unwrap();
    }
}

/// What is shown before, and the two that are asked at once; people of their own for each round of one ledger.
fn asked(round: usize) -> (Vec<Asked>, [Asked; 2]) {
    let from = u32::try_from(round % TOGETHER).unwrap() * 110;
    let all = (total(), people(from..from + 104));
    let parts = [(by_pref(), group(1, from..from + 55)), (by_sex(), group(2, from + 55..from + 101))];
    match round % 2 {
        // A set and the same without three.
        0 => (Vec::new(), [all, (by_pref(), group(1, from..from + 101))]),
        // Two parts of what is shown that leave three.
        _ => (vec![all], parts),
    }
}

fn turns(path: &Path, key: &Key, rounds: std::ops::Range<usize>, name: &str, mine: usize, barrier: &Barrier) -> Vec<bool> {
    let mut ledger = Ledger::open(path, key.clone()).unwrap();
    let mut turn = |round: usize| {
        let (before, pair) = asked(round);
        if mine == 0 {
            before.iter().for_each(|asked| assert!(run(&mut ledger, "before", asked, round)));
        }
        barrier.wait();
        ledger.replay().unwrap();
        barrier.wait();
        let shown = run(&mut ledger, name, &pair[mine], round);
        barrier.wait();
        shown
    };
    rounds.map(&mut turn).collect()
}

#[test]
fn two_runs_that_are_unsafe_together_are_never_both_shown() {
    let key = Key::generate().unwrap();
    let mut first = [0, 0];
    for start in (0..ROUNDS).step_by(TOGETHER) {
        let path: PathBuf = std::env::temp_dir().join(format!("race-{}-{start}.sqlite", std::process::id()));
        let barrier = Barrier::new(2);
        Ledger::open(&path, key.clone()).unwrap();
        let [a, b] = std::thread::scope(|scope| {
            let turns = ["a", "b"].map(|name| {
                let mine = usize::from(name == "b");
                let (path, key, barrier) = (&path, &key, &barrier);
                scope.spawn(move || turns(path, key, start..start + TOGETHER, name, mine, barrier))
            });
            turns.map(|turn| turn.join().unwrap())
        });
        for (round, (a, b)) in a.iter().zip(&b).enumerate() {
            assert!(a != b, "round {}: {}", start + round, if *a { "both were shown" } else { "neither was" });
            first[usize::from(*b)] += 1;
        }
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", path.display()));
        }
    }
    println!("{ROUNDS} pairs: the first was shown {} times, the second {}", first[0], first[1]);
    assert!(first.iter().all(|n| *n > 0), "the two never raced: {first:?}");
}
