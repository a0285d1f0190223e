//! Nearness of sets and vectors, wherever a difference lies and however they came.

use super::*;

fn line(n: u32) -> Vec<(u32, i128)> {
    (0..n).map(|i| (i, i128::from(i * i % 97))).collect()
}

fn near(a: &[(u32, i128)], b: &[(u32, i128)]) -> Fit {
    fit(&Vector::new(a.to_vec()), &Vector::new(b.to_vec()), 10)
}

#[test]
fn nine_people_apart_is_near_and_ten_is_not() {
    let a = line(200);
    for (changed, close) in [(0, true), (1, true), (9, true), (10, false), (40, false)] {
        let b: Vec<_> = a.iter().map(|(p, y)| (*p, if *p < changed { y + 1000 + i128::from(*p) * 7919 } else { *y })).collect();
        assert_eq!(near(&a, &b), if close { Fit::Same } else { Fit::Apart }, "{changed} changed");
        let affine: Vec<_> = b.iter().map(|(p, y)| (*p, 3 * y + 7)).collect();
        assert_eq!(near(&a, &affine), if close { Fit::Line } else { Fit::Apart }, "{changed} changed, 3y+7");
    }
}

#[test]
fn a_difference_is_found_wherever_it_lies() {
    // Mostly zeros, as costs are; the changes at the end, beyond the people who are looked at first.
    let a: Vec<_> = (0..500u32).map(|i| (i, if i % 7 == 0 { i128::from(i * 31 % 211) } else { 0 })).collect();
    for (changed, close) in [(0u32, true), (9, true), (10, false), (300, false)] {
        let b: Vec<_> = a.iter().map(|(p, y)| (*p, if *p >= 500 - changed { y + 1 + i128::from(p * p % 97) } else { *y })).collect();
        assert_eq!(near(&a, &b), if close { Fit::Same } else { Fit::Apart }, "{changed} changed");
        let image: Vec<_> = b.iter().map(|(p, y)| (*p, 5 - 2 * y)).collect();
        assert_eq!(near(&a, &image), if close { Fit::Line } else { Fit::Apart }, "{changed} changed, 5-2y");
    }
    let level: Vec<_> = a.iter().map(|(p, _)| (*p, 1)).collect();
    assert_eq!((near(&level, &level), near(&a, &level)), (Fit::Same, Fit::Apart), "a level line is no image");
}

#[test]
fn missing_people_count_as_apart() {
    let a = line(200);
    assert_eq!((near(&a, &a[..195]), near(&a, &a[..190])), (Fit::Same, Fit::Apart));
}

#[test]
fn one_form_or_the_other_is_the_same_vector() {
    let wide = Vector { people: People::new(vec![1, 2]), amounts: Amounts::Wide(vec![1, 1].into()) };
    assert_eq!(wide, Vector::new(vec![(1, 1), (2, 1)]));
}

#[test]
fn near_counts_people_in_only_one_set() {
    // Small and large sets, in order and not; the difference low, high or in the middle.
    for size in [20u32, 64, 100, 3000] {
        let shuffled = |members: &mut dyn Iterator<Item = u32>| {
            let mut all: Vec<u32> = members.collect();
            all.sort_unstable_by_key(|p| p.wrapping_mul(2_654_435_761));
            People::new(all)
        };
        let a = shuffled(&mut (0..size));
        for from in [0, size / 2, size - 15] {
            for n in 0..15u32 {
                let b = shuffled(&mut (0..size).filter(|p| *p < from || *p >= from + n));
                assert_eq!((super::near(&a, &b, 10), super::near(&b, &a, 10)), (n < 10, n < 10), "{size} without {n} from {from}");
                assert_eq!(mostly_inside(&a, &b, 10), n < 10);
                assert!(mostly_inside(&b, &a, 10));
            }
        }
        assert_eq!(a.sorted(), (0..size).collect::<Vec<_>>());
        assert_eq!(union([&a, &a].into_iter()), (a, 2 * size as usize));
    }
}

#[test]
fn sets_of_one_source_are_compared_in_its_order_and_say_the_same() {
    let source = || -> Ordinals { (0..900u32).map(|id| id.wrapping_mul(2_654_435_761) >> 8).collect() };
    let (here, there) = (source(), source());
    let amount = |id: &u32, by: i64| i64::from(id * id % 97) * by;
    let vector = |people: People, ids: &[u32], by: i64| Vector {
        people,
        amounts: Amounts::Small(ids.iter().map(|i| amount(i, by)).collect::<Vec<_>>().into()),
    };
    let all: Vec<u32> = (0..900).collect();
    for missing in [0, 1, 9, 10, 40] {
        for from in [0usize, 450, 850] {
            let some: Vec<u32> = all.iter().copied().filter(|i| (*i as usize) < from || *i as usize >= from + missing).collect();
            let (a, near, elsewhere) = (
                People::counted(all.clone().into(), &here),
                People::counted(some.clone().into(), &here),
                People::counted(some.clone().into(), &there),
            );
            assert_eq!(super::near(&a, &near, 10), super::near(&a, &elsewhere, 10), "{missing} from {from}");
            for by in [1, 3] {
                let fits = |people: &People| fit(&vector(a.clone(), &all, 1), &vector(people.clone(), &some, by), 10);
                assert_eq!(fits(&near), fits(&elsewhere), "{missing} from {from}, times {by}");
            }
            assert_eq!(near, elsewhere);
        }
    }
}

#[test]
fn contributions_stay_with_their_people_when_sorted() {
    let vector = Vector { people: People::new(vec![9, 2, 5]), amounts: Amounts::Small(vec![90, 20, 50].into()) };
    assert_eq!(vector.iter().collect::<Vec<_>>(), [(2, 20), (5, 50), (9, 90)]);
    assert_eq!(vector, Vector::new(vec![(2, 20), (5, 50), (9, 90)]));
}

#[test]
fn what_is_detached_is_the_same_and_holds_on_to_nothing() {
    let ordinals: Ordinals = (0..900u32).map(|id| id.wrapping_mul(2_654_435_761) >> 8).collect();
    let ids: Vec<u32> = (0..900).step_by(3).collect();
    let people = People::counted(ids.clone().into(), &ordinals);
    let vector =
        |people: People| Vector { people, amounts: Amounts::Small(ids.iter().map(|id| i64::from(id % 97)).collect::<Vec<_>>().into()) };
    let (counted, seen) = (vector(people.clone()), &mut Detached::default());
    let before = Arc::strong_count(&ordinals);
    let (detached, rows) = (counted.detached(seen), vector(people.clone()).detached(seen));
    assert_eq!(detached, counted);
    assert_eq!(detached.iter().collect::<Vec<_>>(), counted.iter().collect::<Vec<_>>(), "contributions stay with their people");
    assert!(Arc::ptr_eq(&detached.people.0, &rows.people.0), "what shared one set still does");
    assert_eq!(Arc::strong_count(&ordinals), before, "the permit's ordinals are not kept");
    assert!(matches!(detached.people.0.came, Came::Ordinals(_)));
}
