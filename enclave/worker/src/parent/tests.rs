//! Bounded fuzzing of what is read from a worker, and what is written to one.

use visiting_intake::{Grid, Label, Values};

use super::{
    answer::{Codes, People},
    column::{self, Column, Packed, Validity},
};
use crate::{LIMITS, wire::kind};

/// SplitMix64.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// An answer that a worker could give, and then is changed.
    fn answer(&mut self, kind: u8) -> Vec<u8> {
        let mut bytes = vec![kind];
        for _ in 0..self.below(40) {
            let number = match self.below(4) {
                0 => u32::MAX,
                1 => self.below(u64::from(u32::MAX)) as u32,
                2 => 202_400 + self.below(14) as u32,
                _ => self.below(4) as u32,
            };
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for _ in 0..self.below(3) {
            let at = self.below(bytes.len() as u64) as usize;
            bytes[at] = self.below(256) as u8;
        }
        bytes
    }
}

fn declared() -> [Values; 3] {
    let label = |value: i32| Label { value, label: format!("l{value}"), ja: None };
    [Values::Labels(vec![label(0), label(9)]), Values::Number(Grid { low: -10, high: 10, step: 5, scale: 0 }), Values::Month]
}

fn fits(values: &Values, code: Option<u32>) -> bool {
    code.is_none_or(|code| match values {
        Values::Labels(labels) => (code as usize) < labels.len(),
        Values::Number(grid) => grid.units(code).is_some_and(|units| (-10..=10).contains(&units)),
        Values::Month => (1900..=2099).contains(&(code / 100)) && (1..=12).contains(&(code % 100)),
    })
}

#[test]
fn whatever_a_worker_answers_there_are_as_many_rows_as_were_asked_and_none_has_an_undeclared_value() {
    let (mut draw, mut taken) = (Draw(1), 0);
    for round in 0..100_000 {
        let values = &declared()[round % 3];
        let numbers: Vec<i64> = (0..1 + draw.below(20)).map(|n| n as i64).collect();
        let bits = [draw.below(256) as u8, 255, draw.below(256) as u8];
        let mut message = Vec::new();
        let asked = Packed::rows(&[Column::Int(&numbers, Validity::new(&bits, 0))], 0, numbers.len(), &mut message).unwrap();
        let mut codes = Codes::default();
        if codes.take(&mut draw.answer(kind::CODES).as_slice(), values, &asked).is_ok() {
            taken += 1;
            assert_eq!(codes.len(), numbers.len());
            assert!(codes.iter().all(|code| fits(values, code)));
            assert!((0..numbers.len()).zip(codes.iter()).all(|(row, code)| code.is_none() || bits[row / 8] >> (row % 8) & 1 == 1));
        }
    }
    assert!(taken > 10_000, "only {taken} were read");
}

#[test]
fn whatever_a_worker_answers_no_person_has_more_rows_than_declared() {
    let (mut draw, mut taken) = (Draw(2), 0);
    let declared = declared();
    let values: Vec<&Values> = declared.iter().collect();
    for _ in 0..100_000 {
        let lengths: Vec<u32> = (0..1 + draw.below(5)).map(|_| if draw.below(9) == 0 { 1 << 20 } else { 1 }).collect();
        let sent = lengths.iter().filter(|rows| **rows == 1).count();
        let mut people = People::new(3, lengths.len());
        if people.take(&mut draw.answer(kind::GROUPS).as_slice(), &values, 2, &lengths, (LIMITS.person_rows, sent)).is_ok() {
            taken += 1;
            let counts: Vec<_> = people.counts().collect();
            assert_eq!(counts.len(), lengths.len());
            assert!(counts.iter().zip(&lengths).all(|(count, rows)| count.is_none_or(|count| count <= 2 && *rows == 1)));
            let total: u32 = counts.iter().flatten().sum();
            for (index, values) in values.iter().enumerate() {
                assert_eq!(people.column(index).count(), total as usize);
                assert!(people.column(index).all(|code| fits(values, code)));
            }
        }
    }
    assert!(taken > 5_000, "only {taken} were read");
}

#[test]
fn people_are_shared_out_so_that_each_is_sent_once_and_whole() {
    let big = LIMITS.rows as u32;
    for lengths in [vec![], vec![0; 3000], vec![big, 1, big + 1, 0, big * 2, 5], vec![1; 20_000]] {
        let (mut rest, mut seen) = (lengths.as_slice(), 0);
        while !rest.is_empty() {
            let share = column::share(rest).min(rest.len());
            let rows: u32 = rest[..share].iter().sum();
            assert!((1..=LIMITS.people).contains(&share) && (share == 1 || rows <= big));
            seen += share;
            rest = &rest[share..];
        }
        assert_eq!(seen, lengths.len());
    }
}
