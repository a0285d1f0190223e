//! Contributions by person, and whether two vectors of them are one for all but a few people.

use datafusion::arrow::buffer::ScalarBuffer;
use itertools::{Either, EitherOrBoth, Itertools as _};

use super::{Detached, People, in_one_order, near};

/// People for each k that tell most unlike vectors apart.
const SAMPLE: usize = 8;

/// Contributions by person; who contributes nothing stands with 0. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Vector {
    /// Who.
    pub(crate) people: People,
    /// How much.
    pub(crate) amounts: Amounts,
}

/// One number a person in the order in which people came, in the smallest form that holds them all; a span of a column that was
/// counted, shared with it.
#[derive(Debug, Clone)]
pub(crate) enum Amounts {
    /// 1 each: a set.
    One,
    /// Rows.
    Rows(ScalarBuffer<u32>),
    /// Numbers that fit in 64 bits.
    Small(ScalarBuffer<i64>),
    /// Others.
    Wide(ScalarBuffer<i128>),
}

impl Amounts {
    /// The number at a place.
    pub(crate) fn at(&self, place: usize) -> i128 {
        match self {
            Self::One => 1,
            Self::Rows(all) => all.get(place).copied().map_or(0, i128::from),
            Self::Small(all) => all.get(place).copied().map_or(0, i128::from),
            Self::Wide(all) => all.get(place).copied().unwrap_or(0),
        }
    }

    /// All of them in the widest form, where they are this many.
    pub(crate) fn wide(&self, len: usize) -> Vec<i128> {
        (0..len).map(|place| self.at(place)).collect()
    }

    /// The numbers of a span, shared.
    pub(crate) fn slice(&self, span: &std::ops::Range<usize>) -> Self {
        match self {
            Self::One => Self::One,
            Self::Rows(all) => Self::Rows(all.slice(span.start, span.len())),
            Self::Small(all) => Self::Small(all.slice(span.start, span.len())),
            Self::Wide(all) => Self::Wide(all.slice(span.start, span.len())),
        }
    }

    /// The numbers at some places.
    pub(crate) fn chosen(&self, places: &[usize]) -> Self {
        fn of<T: Copy>(all: &[T], places: &[usize]) -> Vec<T> {
            places.iter().filter_map(|i| all.get(*i)).copied().collect()
        }
        match self {
            Self::One => Self::One,
            Self::Rows(all) => Self::Rows(of(all, places).into()),
            Self::Small(all) => Self::Small(of(all, places).into()),
            Self::Wide(all) => Self::Wide(of(all, places).into()),
        }
    }
}

impl Vector {
    /// A set: 1 for everybody in it.
    pub(crate) fn set(people: People) -> Self {
        Self { people, amounts: Amounts::One }
    }

    /// From contributions sorted by person.
    pub(crate) fn new(pairs: Vec<(u32, i128)>) -> Self {
        let people = People::new(pairs.iter().map(|(p, _)| *p).collect());
        let small: Option<Vec<i64>> = pairs.iter().map(|(_, y)| i64::try_from(*y).ok()).collect();
        let amounts = match small {
            Some(all) if all.iter().all(|y| *y == 1) => Amounts::One,
            Some(all) => Amounts::Small(all.into()),
            None => Amounts::Wide(pairs.into_iter().map(|(_, y)| y).collect::<Vec<_>>().into()),
        };
        Self { people, amounts }
    }

    /// The same with nothing else in memory.
    pub(crate) fn detached(&self, seen: &mut Detached) -> Self {
        let places: Vec<usize> =
            self.people.places().map_or_else(|| (0..self.people.len()).collect(), |all| all.iter().map(|p| *p as usize).collect());
        Self { people: self.people.detached(seen), amounts: self.amounts.chosen(&places) }
    }

    /// Person and contribution, by person.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, i128)> {
        let places = self.people.places();
        let place = move |i: usize| places.map_or(i, |all| all.get(i).map_or(i, |place| *place as usize));
        self.people.sorted().iter().enumerate().map(move |(i, person)| (*person, self.amounts.at(place(i))))
    }
}

impl PartialEq for Vector {
    fn eq(&self, other: &Self) -> bool {
        self.people == other.people && self.iter().eq(other.iter())
    }
}

/// How two vectors lie to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Equal for all but fewer than k of their people.
    Same,
    /// One is `a*x + b` of the other, a not 0, for all but fewer than k.
    Line,
    /// Neither.
    Apart,
}

/// Whether two vectors, or an affine image of one of them, differ for fewer than `k` of their people.
pub(crate) fn fit(a: &Vector, b: &Vector, k: u64) -> Fit {
    if !near(&a.people, &b.people, k) || surely_apart(a, b, k) {
        return Fit::Apart;
    }
    let (mut both, mut apart) = (Vec::new(), 0u64);
    for person in side_by_side(a, b) {
        match person {
            EitherOrBoth::Both(x, y) => both.push((x, y)),
            _ => apart += 1,
        }
        if apart >= k {
            return Fit::Apart;
        }
    }
    on_a_line(&mut both, apart, k)
}

/// Whether a few people tell already: a line through all but fewer than k people goes through all but fewer than k of these, and
/// through one of k disjoint pairs of them. Most vectors of the same people are no more alike than this.
fn surely_apart(a: &Vector, b: &Vector, k: u64) -> bool {
    let k = usize::try_from(k).unwrap_or(usize::MAX);
    let people = side_by_side(a, b).take(k.saturating_mul(SAMPLE));
    let mut some: Vec<(i128, i128)> = people.filter_map(EitherOrBoth::both).collect();
    if some.iter().filter(|(x, y)| x != y).take(k).count() < k {
        return false;
    }
    some.sort_unstable();
    let pairs: Vec<_> = pairs(&some).take(k).collect();
    pairs.len() == k && !pairs.iter().any(|pair| through(pair).is_none_or(|off| some.iter().filter(|p| off(p)).take(k).count() < k))
}

/// Pairs of people whose x differ, each person in one.
fn pairs(sorted: &[(i128, i128)]) -> impl Iterator<Item = ((i128, i128), (i128, i128))> {
    let (low, high) = sorted.split_at(sorted.len() / 2);
    low.iter().copied().zip(high.iter().copied()).filter(|(p, q)| p.0 != q.0)
}

/// Who is off the line through a pair; `None` where that cannot be computed. On a level line, which is no image, all are off.
fn through(((x0, y0), (x1, y1)): &((i128, i128), (i128, i128))) -> Option<impl Fn(&(i128, i128)) -> bool> {
    let (x0, y0, dx, dy) = (*x0, *y0, x1.checked_sub(*x0)?, y1.checked_sub(*y0)?);
    Some(move |(x, y): &(i128, i128)| {
        let (left, right) = (y.checked_sub(y0).and_then(|d| dx.checked_mul(d)), x.checked_sub(x0).and_then(|d| dy.checked_mul(d)));
        dy == 0 || left.is_none() || left != right
    })
}

/// Fewer than k people spoil fewer than k of k disjoint pairs, so one of k pairs shows the right line if there is one.
fn on_a_line(both: &mut [(i128, i128)], apart: u64, k: u64) -> Fit {
    let room = usize::try_from(k - apart).unwrap_or(1);
    let off = |wrong: &dyn Fn(&(i128, i128)) -> bool| both.iter().filter(|p| wrong(p)).take(room).count() as u64 + apart < k;
    if off(&|(x, y)| x != y) {
        return Fit::Same;
    }
    both.sort_unstable();
    let fits = |pair| through(&pair).is_some_and(|off| both.iter().filter(|p| off(p)).take(room).count() as u64 + apart < k);
    if pairs(both).take(usize::try_from(k).unwrap_or(0)).any(fits) { Fit::Line } else { Fit::Apart }
}

/// The people of two vectors, each once and in one order, with what they contribute.
fn side_by_side<'a>(a: &'a Vector, b: &'a Vector) -> impl Iterator<Item = EitherOrBoth<i128, i128>> {
    match in_one_order(&a.people, &b.people) {
        Some((left, right)) => {
            let both = left.iter().enumerate().merge_join_by(right.iter().enumerate(), |(_, p), (_, q)| p.cmp(q));
            Either::Left(both.map(|person| person.map_any(|(i, _)| a.amounts.at(i), |(i, _)| b.amounts.at(i))))
        }
        None => {
            let both = a.iter().merge_join_by(b.iter(), |(p, _), (q, _)| p.cmp(q));
            Either::Right(both.map(|person| person.map_any(|(_, x)| x, |(_, y)| y)))
        }
    }
}
