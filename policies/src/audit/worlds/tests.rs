use super::*;
use crate::audit::Range;

fn between(low: i64, high: i64) -> Range {
    Range { low, high }
}

/// Atoms 0 and 1 in a total, atom 1 and 2 in another set.
fn facts(range: Range) -> Facts {
    let mut facts = Facts::new(vec![3, 40, 20]);
    facts.state(vec![0, 1], range).unwrap();
    facts.state(vec![1], between(35, 44)).unwrap();
    facts
}

fn open(facts: &Facts, group: &[usize]) -> bool {
    let mut witness = Witness::of(group.iter().map(|a| facts.count(*a)).sum());
    let found = Search::new(facts).widen(group, &mut witness);
    let sum = |world: &World| group.iter().map(|a| facts.count(*a)).sum::<i64>() + moved(world, group);
    assert!(facts.allow(&witness.low.0) && facts.allow(&witness.high.0), "the worlds are possible");
    assert_eq!((sum(&witness.low.0), sum(&witness.high.0)), (witness.low.1, witness.high.1), "the sizes are those of the worlds");
    found
}

fn moved(world: &World, group: &[usize]) -> i64 {
    world.iter().filter(|(atom, _)| group.contains(atom)).map(|(_, by)| by).sum()
}

#[test]
fn a_group_is_open_where_two_worlds_differ_enough_in_it() {
    assert!(open(&facts(between(35, 44)), &[0]));
    // 43 people with the group and 39 to 44 without it: 0 to 4 are left.
    let mut narrow = Facts::new(vec![3, 40, 20]);
    narrow.state(vec![0, 1], between(41, 43)).unwrap();
    narrow.state(vec![1], between(39, 44)).unwrap();
    assert!(!open(&narrow, &[0]));
    assert!(open(&narrow, &[2]), "nobody has said anything of these");
}

#[test]
fn what_is_mended_elsewhere_keeps_the_totals() {
    // A 3 x 3 table with exact totals: only moving people around in rings leaves them.
    let mut facts = Facts::new(vec![4, 30, 30, 30, 30, 30, 30, 30, 30]);
    for i in 0..3 {
        let (row, column) = (vec![3 * i, 3 * i + 1, 3 * i + 2], vec![i, i + 3, i + 6]);
        let exactly = |atoms: &Vec<usize>, f: &Facts| Range::exactly(atoms.iter().map(|a| f.count(*a)).sum());
        let (of_row, of_column) = (exactly(&row, &facts), exactly(&column, &facts));
        facts.state(row, of_row).unwrap();
        facts.state(column, of_column).unwrap();
    }
    assert!(open(&facts, &[0]));
    // With every other cell exact as well, nothing can move.
    for atom in 1..9 {
        facts.state(vec![atom], Range::exactly(30)).unwrap();
    }
    assert!(!open(&facts, &[0]));
}

#[test]
fn worlds_that_are_possible_no_more_are_not_counted() {
    let before = facts(between(35, 44));
    let mut witness = Witness::of(3);
    assert!(Search::new(&before).widen(&[0], &mut witness));
    let mut after = before.clone();
    after.state(vec![0], between(2, 4)).unwrap();
    assert!(!Search::new(&after).widen(&[0], &mut witness));
    assert!(after.allow(&witness.low.0) && after.allow(&witness.high.0));
}

#[test]
fn what_is_not_so_is_no_fact() {
    let mut facts = Facts::new(vec![3]);
    assert_eq!(facts.state(vec![0], between(5, 9)), None);
    assert_eq!(facts.state(Vec::new(), between(0, 9)), None);
    assert_eq!(facts.state(vec![0], between(0, 9)), facts.state(vec![0], between(3, 12)));
    assert_eq!(facts.fact(0).unwrap().range, between(3, 9));
}

/// A linear program is the peer: whatever it pins must not be called open. Random tables of small numbers, rounded to base 10.
#[test]
fn what_a_linear_program_pins_is_never_called_open() {
    use microlp::{ComparisonOp, OptimizationDirection, Problem, Variable};
    let nothing = Facts::default();
    let mut chance = Search::new(&nothing).chance_for_tests();
    let (mut pinned, mut found) = (0, 0);
    for _ in 0..60 {
        let counts: Vec<i64> = (0..8).map(|_| chance(18) as i64).collect();
        let mut facts = Facts::new(counts.clone());
        let mut stated: Vec<(Vec<usize>, Range)> = Vec::new();
        for _ in 0..14 {
            let atoms: Vec<usize> = (0..8).filter(|_| chance(2) == 0).collect();
            let n: i64 = atoms.iter().map(|a| counts[*a]).sum();
            let shown = (n + 5) / 10 * 10;
            let range = if n < 10 { between(0, 9) } else { between(shown - 5, shown + 4) };
            if facts.state(atoms.clone(), range).is_some() {
                stated.push((atoms, range));
            }
        }
        for atom in (0..8).filter(|a| (1..10).contains(&counts[*a])) {
            let end = |direction| {
                let mut problem = Problem::new(direction);
                let all: Vec<Variable> = (0..8).map(|a| problem.add_var(if a == atom { 1.0 } else { 0.0 }, (0.0, f64::INFINITY))).collect();
                for (atoms, range) in &stated {
                    let terms: Vec<_> = atoms.iter().map(|a| (all[*a], 1.0)).collect();
                    problem.add_constraint(terms.as_slice(), ComparisonOp::Le, range.high as f64);
                    problem.add_constraint(terms.as_slice(), ComparisonOp::Ge, range.low as f64);
                }
                problem.solve().ok().and_then(|s| s.into_solution().ok()).map_or(f64::INFINITY, |s| s.objective())
            };
            let width = (end(OptimizationDirection::Maximize) + 1e-6).floor() - (end(OptimizationDirection::Minimize) - 1e-6).ceil();
            let narrow = width < AUDIT_WIDTH as f64;
            let is_open = open(&facts, &[atom]);
            assert!(!(narrow && is_open), "{counts:?} {stated:?}: atom {atom} is pinned to {width}");
            pinned += u32::from(narrow);
            found += u32::from(!narrow && is_open);
        }
    }
    assert!(pinned > 10 && found > 10, "both happen: {pinned} pinned, {found} found open");
}
