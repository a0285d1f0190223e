//! One call of a guest's function. The common shapes of up to three words are known to the compiler, which makes a call several
//! times cheaper; the others are checked on each call.

use visiting_intake::Manifest;
use visiting_sdk::Slot;
use wasmtime::{Func, Result, Store, Val};

/// Calls with the words of one row, floats by their bits.
pub(super) type Call = Box<dyn Fn(&mut Store<()>, &[u64]) -> Result<i32>>;

/// The caller for a manifest's parameters.
pub(super) fn call(store: &mut Store<()>, function: Func, manifest: &Manifest) -> Result<Call> {
    let slots: Vec<Slot> = manifest.params.iter().flat_map(|param| param.kind.abi().slots()).copied().collect();
    macro_rules! known {
        ($($($slot:ident)+,)*) => {
            match slots.as_slice() {
                $([$(Slot::$slot),+] => known!(@ $($slot)+),)*
                _ => {}
            }
        };
        (@ $a:ident) => { known!(@@ (a: $a)) };
        (@ $a:ident $b:ident) => { known!(@@ (a: $a) (b: $b)) };
        (@ $a:ident $b:ident $c:ident) => { known!(@@ (a: $a) (b: $b) (c: $c)) };
        (@@ $(($word:ident: $slot:ident))+) => {{
            let typed = function.typed::<($(word!($slot),)+), i32>(&*store)?;
            return Ok(Box::new(move |store, words| match words {
                [$($word),+] => typed.call(store, ($(word!($slot, *$word),)+)),
                _ => Err(wasmtime::Error::msg("a row has another number of words than its function")),
            }));
        }};
    }
    macro_rules! word {
        (I64) => {
            i64
        };
        (F64) => {
            f64
        };
        (I64, $bits:expr) => {
            $bits as i64
        };
        (F64, $bits:expr) => {
            f64::from_bits($bits)
        };
    }
    known! {
        I64, F64,
        I64 I64, I64 F64, F64 I64, F64 F64,
        I64 I64 I64, I64 I64 F64, I64 F64 I64, I64 F64 F64, F64 I64 I64, F64 I64 F64, F64 F64 I64, F64 F64 F64,
    }
    Ok(Box::new(move |store, words| {
        let value = |(slot, word): (&Slot, &u64)| match slot {
            Slot::I64 => Val::I64(*word as i64),
            Slot::F64 => Val::F64(*word),
        };
        let arguments: Vec<Val> = slots.iter().zip(words).map(value).collect();
        let mut result = [Val::I32(0)];
        function.call(store, &arguments, &mut result)?;
        match result {
            [Val::I32(value)] => Ok(value),
            _ => Err(wasmtime::Error::msg("a guest returned what it does not declare")),
        }
    }))
}
