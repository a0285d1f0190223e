//! Groups of all partitions as cells of a grouping set, in the order of their keys.

use datafusion::common::HashMap;

use super::log::Found;
use crate::{
    fault::Fault,
    predicate::Values,
    question::{KeyValue, Preimage, Question},
};

/// Key values of all logs in one order.
pub(super) struct Keys {
    /// Of each key: its values, sorted.
    values: Vec<Vec<KeyValue>>,
    /// Of each log and key: the place of each of the log's numbers.
    places: Vec<Vec<Vec<u32>>>,
}

impl Keys {
    pub(super) fn new(found: &[Found], keys: usize) -> Self {
        let mut values: Vec<Vec<KeyValue>> = vec![Vec::new(); keys];
        for log in found {
            for (all, own) in values.iter_mut().zip(log.groups.values()) {
                all.extend(own.iter().cloned());
            }
        }
        for all in &mut values {
            all.sort_unstable();
            all.dedup();
        }
        let place = |all: &[KeyValue], v: &KeyValue| all.binary_search(v).unwrap_or(0) as u32;
        let of_log = |log: &Found| log.groups.values().zip(&values).map(|(own, all)| own.iter().map(|v| place(all, v)).collect()).collect();
        let places = found.iter().map(of_log).collect();
        Self { values, places }
    }

    /// That nobody has a label which its guest's call cannot give: totals and groups were taken for the same people by that.
    pub(super) fn check(&self, question: &Question) -> Result<(), Fault> {
        for (key, values) in question.keys.iter().zip(&self.values) {
            let Some(Preimage::Column(_, of @ Values::Labels { reachable: Some(places), .. }, _)) = &key.of else { continue };
            if values.iter().any(|value| of.place(value).is_none_or(|place| !places.contains(&place))) {
                return Err(Fault::Other("a guest gave a row a label that its call cannot give".to_owned()));
            }
        }
        Ok(())
    }

    /// Of each log and group: its cell in this set; and the cells' numbers, sorted.
    pub(super) fn cells(&self, found: &[Found], set: &[usize]) -> Result<(Vec<Vec<u32>>, Vec<u128>), Fault> {
        // Places of the set's keys as digits of one number: numbers in order are keys in order.
        let numbers = found.iter().zip(&self.places).map(|(log, places)| self.numbers(log, places, set)).collect::<Option<Vec<_>>>();
        let numbers = numbers.ok_or_else(|| Fault::Other("a query has more cells than can be numbered".to_owned()))?;
        let mut all: Vec<u128> = numbers.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        let index: HashMap<u128, u32> = all.iter().copied().zip(0..).collect();
        let cells = numbers.iter().map(|log| log.iter().map(|n| index.get(n).copied().unwrap_or(0)).collect()).collect();
        Ok((cells, all))
    }

    fn numbers(&self, log: &Found, places: &[Vec<u32>], set: &[usize]) -> Option<Vec<u128>> {
        let mut codes = Vec::new();
        let mut number = |group: u32| {
            log.groups.codes(group, &mut codes);
            set.iter().try_fold(0u128, |number, key| {
                let place = *places.get(*key)?.get(*codes.get(*key)? as usize)?;
                number.checked_mul(self.values.get(*key)?.len() as u128)?.checked_add(u128::from(place))
            })
        };
        (0..log.groups.count() as u32).map(&mut number).collect()
    }

    pub(super) fn key(&self, number: u128, set: &[usize]) -> Vec<KeyValue> {
        let mut key = vec![KeyValue::Null; self.values.len()];
        let mut rest = number;
        for at in set.iter().rev() {
            let Some(values) = self.values.get(*at) else { continue };
            let size = (values.len() as u128).max(1);
            if let (Some(into), Some(value)) = (key.get_mut(*at), values.get((rest % size) as usize)) {
                into.clone_from(value);
            }
            rest /= size;
        }
        key
    }
}
