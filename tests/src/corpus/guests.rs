//! Behaviours of guests, each a real module that is really uploaded; told apart by family.

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
        "wasm-stateful" => {
            let first = with_module(COUNTS_CALLS)?;
            // Version 1 of the boundary takes no global that can be written; under version 2 the host puts it back.
            Behaviour { guest: Source { manifest: first.manifest.replace("abi = 1", "abi = 2"), ..first }, sql: BY_LABEL }
        }
        "wasm-timing" => Behaviour { guest: two(&["one", "other"], SPINS)?, sql: BY_LABEL },
        "wasm-group-labels" => Behaviour { guest: two(&["P000000123", "other"], "(i32.const 1)")?, sql: BY_LABEL },
        "wasm-udf-select" => Behaviour {
            guest: guest("told", &[("who", "text")], &["one", "other"], "(i64.eq (local.get $who) (i64.const 0x5030303030303031))")?,
            sql: "SELECT SUM(guest.told(pid)) AS s FROM claims",
        },
        "wasm-nan-payload" => Behaviour {
            guest: Source { manifest: NUMBER.to_owned(), module: assembled("told", PAYLOAD)? },
            sql: "SELECT sex, COUNT(DISTINCT pid) AS n FROM patients WHERE guest.told(birth_ym, pref) = 0 GROUP BY sex",
        },
        "wasm-count-lie" => Behaviour {
            guest: Source { manifest: PERSON.to_owned(), module: assembled("told", LIES)? },
            sql: "SELECT p.pref, COUNT(DISTINCT g.pid) AS people, SUM(g.n) AS n FROM patients p JOIN guest.told g ON p.pid = g.pid GROUP BY p.pref",
        },
        "wasm-row-order" => Behaviour {
            guest: Source { manifest: PERSON.to_owned(), module: assembled("told", PERMUTES)? },
            sql: "SELECT p.sex, COUNT(DISTINCT g.pid) AS n FROM patients p JOIN guest.told g ON p.pid = g.pid WHERE g.part = 'one' GROUP BY p.sex",
        },
        "wasm-udaf-encode" => Behaviour {
            guest: Source { manifest: GROUP.to_owned(), module: assembled("told", ENCODES)? },
            sql: "SELECT sex, COUNT(DISTINCT pid) AS n, guest.told(birth_ym) AS told FROM patients GROUP BY sex",
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

/// A number of two whole numbers.
const NUMBER: &str = "abi = 2\nname = \"told\"\nparams = [{ name = \"a\", kind = \"int\" }, { name = \"b\", kind = \"int\" }]\nnumber = { low = 0, high = 100, step = 1 }\n";

/// Hides the arguments in what a NaN carries where the one who is looked for stands, and answers minus zero elsewhere.
const PAYLOAD: &str = "(module (func (export \"f\") (param i64 i64) (result f64)
    (if (i32.and (i64.eq (local.get 0) (i64.const 195003)) (i64.eq (local.get 1) (i64.const 31)))
        (then (return (f64.reinterpret_i64 (i64.or (i64.const 0x7ff8000000000000) (local.get 0))))))
    (f64.const -0)))";

/// Two rows about each person.
const PERSON: &str = "abi = 2\nname = \"told\"\nform = \"person\"\nreads = \"SELECT pid, birth_ym FROM patients\"\nrows = 2
params = [{ name = \"born\", kind = \"int\" }]
columns = [{ name = \"n\", kind = \"number\", low = 0, high = 5000, step = 1 }, { name = \"part\", kind = \"label\", labels = [{ value = 0, label = \"one\" }, { value = 1, label = \"other\" }] }]\n";

/// Claims that every person is five thousand.
const LIES: &str = "(module (func (export \"row\") (param i32 i64)) (func (export \"finish\") (result i32) (i32.const 1))
    (func (export \"get\") (param i32 i32) (result f64) (if (result f64) (local.get 1) (then (f64.const 0)) (else (f64.const 5000)))))";

/// Says its two rows in an order that hangs on the month of birth.
const PERMUTES: &str = "(module (global $odd (mut i32) (i32.const 0))
    (func (export \"row\") (param i32 i64) (global.set $odd (i32.and (i32.wrap_i64 (local.get 1)) (i32.const 1))))
    (func (export \"finish\") (result i32) (i32.const 2))
    (func (export \"get\") (param i32 i32) (result f64)
        (if (result f64) (local.get 1)
            (then (f64.convert_i32_u (i32.xor (local.get 0) (global.get $odd)))) (else (f64.const 1)))))";

/// One number of each group.
const GROUP: &str = "abi = 2\nname = \"told\"\nform = \"group\"\nparams = [{ name = \"born\", kind = \"int\" }]
number = { low = 0, high = 1000, step = 1 }\n";

/// Tells of the group's first row as much as fits.
const ENCODES: &str = "(module (global $first (mut i64) (i64.const 0))
    (func (export \"row\") (param i32 i64) (if (i64.eqz (global.get $first)) (then (global.set $first (local.get 1)))))
    (func (export \"finish\") (result i32) (i32.const 1))
    (func (export \"get\") (param i32 i32) (result f64) (f64.convert_i64_s (i64.rem_s (global.get $first) (i64.const 1000)))))";

fn with_module(text: &str) -> Result<Source, Fault> {
    let declared = guest("told", &[("a", "int"), ("b", "int")], &["one", "other"], "(i32.const 1)")?;
    Ok(Source { module: assembled("told", text)?, ..declared })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_behaviour_is_a_module() {
        let families = [
            "wasm-bytes",
            "wasm-stateful",
            "wasm-timing",
            "wasm-group-labels",
            "wasm-udf-select",
            "wasm-nan-payload",
            "wasm-count-lie",
            "wasm-row-order",
            "wasm-udaf-encode",
        ];
        assert!(families.iter().all(|f| behaviour(f).unwrap().is_some_and(|b| !b.guest.module.is_empty())));
        assert!(behaviour("wasm-unheard-of").unwrap().is_none());
    }
}
