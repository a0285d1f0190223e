//! The reset form and the person form, called by the host: before each row or person the memory and all globals that can be
//! written get their initial values back, and the fuel is filled. The table cannot be written (intake), so it needs nothing.

use visiting_intake::{Form, Manifest};
use visiting_sdk::{PERSON_EXPORTS, Slot};
use wasmtime::{Func, Global, Instance, Memory, Store, TypedFunc, Val};

use super::{Coder, Fault, trapped};
use crate::{
    rewrite::{self, names},
    wire::NONE,
};

/// What is called.
enum Functions {
    Scalar(Func),
    Person { row: Func, finish: TypedFunc<(), i32>, get: TypedFunc<(u32, u32), f64> },
}

/// A guest that the host calls.
pub(super) struct Calls {
    functions: Functions,
    slots: Vec<Slot>,
    state: State,
    /// Of one call: kept, so that a row allocates nothing.
    arguments: Vec<Val>,
}

/// What has to be put back, with its initial value.
struct State {
    memory: Option<(Memory, Vec<u8>)>,
    globals: Vec<(Global, Val)>,
    account: Global,
    fuel: Val,
}

impl State {
    /// Taken right after the instance was made: no function has run yet.
    fn new(store: &mut Store<()>, instance: &Instance, manifest: &Manifest) -> Result<Self, Fault> {
        let memory = instance.get_memory(&mut *store, names::MEMORY);
        let memory = memory.map(|memory| (memory, memory.data(&*store).to_vec()));
        let mut globals = Vec::new();
        while let Some(global) = instance.get_global(&mut *store, &format!("{}{}", names::GLOBAL, globals.len())) {
            globals.push((global, global.get(&mut *store)));
        }
        let account = instance.get_global(&mut *store, names::ACCOUNT).ok_or(Fault::Message)?;
        Ok(Self { memory, globals, account, fuel: Val::I64(rewrite::fuel(manifest)) })
    }

    fn put_back(&self, store: &mut Store<()>) -> Result<(), Fault> {
        if let Some((memory, initial)) = &self.memory {
            let bytes = memory.data_mut(&mut *store);
            // A memory of another size would keep something: it cannot be, and is not taken.
            if bytes.len() != initial.len() {
                return Err(Fault::Message);
            }
            bytes.copy_from_slice(initial);
        }
        for (global, initial) in &self.globals {
            global.set(&mut *store, *initial)?;
        }
        self.account.set(&mut *store, self.fuel)?;
        Ok(())
    }
}

impl Calls {
    pub(super) fn new(store: &mut Store<()>, instance: &Instance, manifest: &Manifest, slots: Vec<Slot>) -> Result<Self, Fault> {
        let mut function = |name: &str| instance.get_func(&mut *store, name).ok_or(Fault::Message);
        let functions = match manifest.form {
            Form::Scalar { .. } => Functions::Scalar(function(names::SCALAR)?),
            Form::Person(_) | Form::Group { .. } => {
                let [row, finish, get] = PERSON_EXPORTS;
                let (row, finish, get) = (function(row)?, function(finish)?, function(get)?);
                Functions::Person { row, finish: finish.typed(&*store)?, get: get.typed(&*store)? }
            }
        };
        Ok(Self { functions, slots, state: State::new(store, instance, manifest)?, arguments: Vec::new() })
    }

    /// One code a row; the words come column by column.
    pub(super) fn rows(&mut self, store: &mut Store<()>, coder: &Coder, words: &[u8], rows: usize) -> Result<Vec<u32>, Fault> {
        let Functions::Scalar(function) = &self.functions else { return Err(Fault::Message) };
        let columns: Vec<&[u8]> = words.chunks_exact(8 * rows.max(1)).collect();
        let mut codes = Vec::with_capacity(rows);
        for row in 0..rows {
            self.arguments.clear();
            for (slot, column) in self.slots.iter().zip(&columns) {
                self.arguments.push(value(*slot, column.get(8 * row..8 * row + 8).ok_or(Fault::Message)?));
            }
            self.state.put_back(store)?;
            // The function's own type is checked when the module is loaded: this only has to hold one value.
            let mut result = [Val::I32(0)];
            let called = trapped(function.call(&mut *store, &self.arguments, &mut result))?;
            codes.push(match (called, result) {
                (Some(()), [Val::I32(label)]) => coder.label(label),
                (Some(()), [Val::F64(bits)]) => coder.number(f64::from_bits(bits)),
                _ => NONE,
            });
        }
        Ok(codes)
    }

    /// The codes of the rows about one person, row by row; `None` where a call failed. The words come row by row.
    pub(super) fn person(&mut self, store: &mut Store<()>, coders: &[Coder], most: u32, words: &[u8]) -> Result<Option<Vec<u32>>, Fault> {
        let Functions::Person { row, finish, get } = &self.functions else { return Err(Fault::Message) };
        self.state.put_back(store)?;
        for own in words.chunks_exact(8 * (1 + self.slots.len())) {
            let mut own = own.chunks_exact(8);
            let present = own.next().and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes);
            self.arguments.clear();
            self.arguments.push(Val::I32(present as u32 as i32));
            self.arguments.extend(self.slots.iter().zip(own).map(|(slot, word)| value(*slot, word)));
            if trapped(row.call(&mut *store, &self.arguments, &mut []))?.is_none() {
                return Ok(None);
            }
        }
        let Some(rows) = trapped(finish.call(&mut *store, ()))? else { return Ok(None) };
        let rows = u32::try_from(rows).unwrap_or(0).min(most);
        let mut codes = Vec::with_capacity(rows as usize * coders.len());
        for row in 0..rows {
            for (column, coder) in (0..).zip(coders) {
                let Some(number) = trapped(get.call(&mut *store, (row, column)))? else { return Ok(None) };
                codes.push(coder.number(number));
            }
        }
        Ok(Some(codes))
    }
}

fn value(slot: Slot, word: &[u8]) -> Val {
    let bits = word.try_into().map_or(0, u64::from_le_bytes);
    match slot {
        Slot::I64 => Val::I64(bits as i64),
        Slot::F64 => Val::F64(bits),
    }
}
