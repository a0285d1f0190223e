//! What the indexes find against looking at everything.

use super::*;
use crate::people::Vector;

fn entry(plan: &str, people: impl IntoIterator<Item = u32>) -> Entry {
    Entry {
        plan: plan.to_owned(),
        who: String::new(),
        of: "people".to_owned(),
        shown: "people".to_owned(),
        value: "10".to_owned(),
        behind: None,
        vector: Vector::set(People::new(people.into_iter().collect())),
        rows: None,
        place: Place { base: plan.to_owned(), keys: Vec::new() },
        sites: Vec::new(),
    }
}

#[test]
fn what_is_close_is_found_wherever_the_difference_lies() {
    // 40 sets over people that are shared out by a stride, each close to the ones that differ in up to nine members.
    let base: Vec<Vec<u32>> = (0..40u32).map(|s| (0..60).map(|i| (i * 37 + s * 11) % 997).sorted_set()).collect();
    let mut known = Known::default();
    for (number, set) in base.iter().enumerate() {
        known.add_entry(entry(&number.to_string(), set.iter().copied()));
    }
    for (number, set) in base.iter().enumerate() {
        for (missing, from) in [(0, 0), (9, 0), (9, 50), (9, 25), (10, 0), (10, 50)] {
            let asked = People::new(set.iter().enumerate().filter(|(i, _)| *i < from || *i >= from + missing).map(|(_, p)| *p).collect());
            let every = |k| known.of("people").filter(|(_, p)| people::near(&asked, p, k)).map(|(e, _)| e.plan.clone()).collect::<Vec<_>>();
            for k in [3, 10, 16, 17, 60] {
                let found: Vec<String> = known.close("people", &asked, k, false).iter().map(|e| e.plan.clone()).collect();
                assert_eq!(found, every(k), "set {number} without {missing} from {from}, k = {k}");
            }
        }
    }
    for len in 0..24u32 {
        known.add_entry(entry(&format!("small {len}"), (0..len).map(|i| 5_000 + i * 3)));
        known.add_entry(entry(&format!("other {len}"), (0..len).map(|i| 5_001 + i * 3)));
    }
    for (len, from) in (0..24u32).flat_map(|len| [(len, 5_000), (len, 5_002), (len, 5_030)]) {
        let asked = People::new((0..len).map(|i| from + i * 3).collect());
        for k in [3, 10, 20, 32] {
            let found: BTreeSet<&str> = known.close("people", &asked, k, false).iter().map(|e| e.plan.as_str()).collect();
            let every: BTreeSet<&str> =
                known.of("people").filter(|(_, p)| people::near(&asked, p, k)).map(|(e, _)| e.plan.as_str()).collect();
            assert_eq!(found, every, "{len} people from {from}, k = {k}");
        }
    }
    assert_eq!(known.same("people", "7").count(), 1);
    assert_eq!(known.same("rows", "7").count(), 0);
}

#[test]
fn a_table_that_can_make_up_a_total_is_never_passed_over() {
    let mut state = 7u32;
    let mut next = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut met = 0;
    for _ in 0..3_000 {
        let (parts, most) = (2 + next(4), 5 + next(60));
        let sets: Vec<Vec<u32>> = (0..parts).map(|_| (0..1 + next(most)).map(|_| next(400)).sorted_set()).collect();
        let mut total: Vec<u32> = sets.concat();
        (0..next(4)).for_each(|_| total.push(next(400)));
        let total = People::new(total.into_iter().filter(|_| next(40) > 0).sorted_set());
        let rows = sets.into_iter().enumerate().map(|(i, set)| ShownRow { key: vec![KeyValue::Int(i as i64)], people: People::new(set) });
        let (keys, wholes, measures) = (vec![("x".to_owned(), 9)], BTreeSet::new(), BTreeSet::new());
        let table =
            Table::new(TableEntry { base: "t".to_owned(), keys, rows: rows.collect(), measures, wholes, absent: Absent::default() });
        for k in [3, 10, 20] {
            let part =
                |(_, row): &(usize, &ShownRow)| people::mostly_inside(&row.people, &total, k) && !people::near(&row.people, &total, k);
            let inside: Vec<&ShownRow> = table.entry.rows.iter().enumerate().filter(part).map(|(_, row)| row).collect();
            let (union, _) = people::union(inside.iter().map(|row| &row.people));
            let makes_it = inside.len() > 1 && people::near(&union, &total, k);
            assert!(!makes_it || table.begins(&total, k, part), "{total:?}");
            met += usize::from(makes_it);
        }
    }
    assert!(met > 100, "{met}");
}

trait SortedSet {
    fn sorted_set(self) -> Vec<u32>;
}

impl<I: Iterator<Item = u32>> SortedSet for I {
    fn sorted_set(self) -> Vec<u32> {
        let mut all: Vec<u32> = self.collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}
