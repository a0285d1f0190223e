//! The pure form, by its own loop: columns go from the pipe into the loop's memory, and results from there into codes.

use std::io::Read;

use wasmtime::{Global, Instance, Memory, Store, TypedFunc};

use super::{Coder, Fault, trapped};
use crate::{
    rewrite::{Layout, names},
    wire::NONE,
};

/// A guest's loop.
pub(super) struct Loop {
    run: TypedFunc<(u32, u32), ()>,
    place: Global,
    memory: Memory,
}

impl Loop {
    pub(super) fn new(store: &mut Store<()>, instance: &Instance) -> Result<Self, Fault> {
        Ok(Self {
            run: instance.get_typed_func(&mut *store, names::RUN)?,
            place: instance.get_global(&mut *store, names::PLACE).ok_or(Fault::Message)?,
            memory: instance.get_memory(&mut *store, names::MEMORY).ok_or(Fault::Message)?,
        })
    }

    pub(super) fn rows(
        &self,
        store: &mut Store<()>,
        coder: &Coder,
        from: &mut impl Read,
        slots: usize,
        rows: u32,
    ) -> Result<Vec<u32>, Fault> {
        let bytes = 8 * rows as usize;
        for slot in 0..slots {
            let start = Layout::column(slot);
            let column = self.memory.data_mut(&mut *store).get_mut(start..start + bytes);
            from.read_exact(column.ok_or(Fault::Message)?)?;
        }
        let mut failed = Vec::new();
        let mut next = 0;
        while trapped(self.run.call(&mut *store, (next, rows)))?.is_none() {
            let place = self.place.get(&mut *store).i32().and_then(|place| u32::try_from(place).ok());
            // The loop's own counter: it goes up, or the loop is not the one that we wrote.
            let place = place.filter(|place| (next..rows).contains(place)).ok_or(Fault::Message)?;
            failed.push(place);
            next = place + 1;
        }
        let start = Layout::column(slots);
        let mut codes = coder.all(self.memory.data(&*store).get(start..start + bytes).ok_or(Fault::Message)?);
        for place in failed {
            if let Some(code) = codes.get_mut(place as usize) {
                *code = NONE;
            }
        }
        Ok(codes)
    }
}
