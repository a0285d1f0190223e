//! Behaviours of guests that can be had today, each a real module that is really uploaded; told apart by family.
//!
//! A family that is missing here has no call yet: guests with memory, per person or in aggregates are not built.

use crate::{
    guest::{Source, assembled, guest},
    world::Fault,
};

/// A guest, and the question that calls it once it is bound.
#[derive(Debug)]
pub(super) struct Behaviour {
    pub(super) guest: Source,
    pub(super) sql: &'static str,
}

/// Calls a guest of two whole numbers and shows its labels.
const BY_LABEL: &str =
    "SELECT guest.told(birth_ym, pref) AS told, COUNT(DISTINCT pid) AS n FROM patients GROUP BY guest.told(birth_ym, pref)";

/// The behaviour of a family.
pub(super) fn behaviour(family: &str) -> Result<Option<Behaviour>, Fault> {
    let two = |labels: &[&str], body: &str| guest("told", &[("a", "int"), ("b", "int")], labels, body);
    let made = match family {
        "wasm-bytes" => Behaviour { guest: with_module(WRITES_BYTES)?, sql: BY_LABEL },
        "wasm-stateful" => Behaviour { guest: with_module(COUNTS_CALLS)?, sql: BY_LABEL },
        "wasm-timing" => Behaviour { guest: two(&["one", "other"], SPINS)?, sql: BY_LABEL },
        "wasm-group-labels" => Behaviour { guest: two(&["P000000123", "other"], "(i32.const 1)")?, sql: BY_LABEL },
        "wasm-udf-select" => Behaviour {
            guest: guest("told", &[("who", "text")], &["one", "other"], "(i64.eq (local.get $who) (i64.const 0x5030303030303031))")?,
            sql: "SELECT SUM(guest.told(pid)) AS s FROM claims",
        },
        _ => return Ok(None),
    };
    Ok(Some(made))
}

/// Fills four kilobytes of a memory that is exported as the place of results.
const WRITES_BYTES: &str = "(module (memory (export \"out\") 1) (func (export \"f\") (param i64 i64) (result i32) (local i32)
    (loop (i32.store8 (local.get 2) (i32.wrap_i64 (local.get 0)))
        (br_if 0 (i32.lt_u (local.tee 2 (i32.add (local.get 2) (i32.const 1))) (i32.const 4096))))
    (i32.const 0)))";

/// Keeps the first row's value in a global and tells it in every later call.
const COUNTS_CALLS: &str = "(module (global (mut i64) (i64.const 0)) (func (export \"f\") (param i64 i64) (result i32)
    (if (i64.eqz (global.get 0)) (then (global.set 0 (local.get 0))))
    (i64.eq (global.get 0) (local.get 0))))";

/// Runs until its fuel is gone where the one who is looked for stands, and answers at once elsewhere.
const SPINS: &str = "(if (i32.and (i64.eq (local.get $a) (i64.const 195003)) (i64.eq (local.get $b) (i64.const 31)))
    (then (loop (br 0)))) (i32.const 1)";

fn with_module(text: &str) -> Result<Source, Fault> {
    let declared = guest("told", &[("a", "int"), ("b", "int")], &["one", "other"], "(i32.const 1)")?;
    Ok(Source { module: assembled("told", text)?, ..declared })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_behaviour_is_a_module() {
        let families = ["wasm-bytes", "wasm-stateful", "wasm-timing", "wasm-group-labels", "wasm-udf-select"];
        assert!(families.iter().all(|f| behaviour(f).unwrap().is_some_and(|b| !b.guest.module.is_empty())));
        assert!(behaviour("wasm-udaf-encode").unwrap().is_none());
    }
}
