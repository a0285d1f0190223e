//! The run child: loads compiled code, then answers one message after the other until the pipe closes. Single-threaded; it knows no
//! person and no place in any batch but what a row itself says.

mod calls;
mod coder;
mod rows;
#[cfg(test)]
mod tests;

use std::io::{self, Read, Write};

use visiting_intake::{Form, Manifest};
use wasmtime::{Engine, Instance, Module, Store, Trap};

use crate::{
    LIMITS, engine,
    rewrite::names,
    wire::{self, NONE, kind},
};

use self::{calls::Calls, coder::Coder, rows::Loop};

/// What went wrong in the child. The parent is told no more than that something did.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The pipe.
    #[error("the pipe: {0}")]
    Pipe(#[from] io::Error),
    /// The engine.
    #[error("the engine: {0}")]
    Engine(#[from] wasmtime::Error),
    /// A message that is not one.
    #[error("a message is not what it should be")]
    Message,
}

/// Serves until the pipe closes. `loaded` is called when no code will be made or mapped any more, before the guest's first call.
///
/// # Errors
/// The pipe's or the engine's, or a message that is not one; what `loaded` says.
pub fn serve(from: &mut impl Read, to: &mut impl Write, loaded: impl FnOnce() -> io::Result<()>) -> Result<(), Fault> {
    let Some((kind::LOAD, length)) = wire::take_head(from)? else { return Err(Fault::Message) };
    let manifest_length = wire::take_number(from)? as usize;
    let rest = length.checked_sub(4).and_then(|rest| rest.checked_sub(manifest_length)).ok_or(Fault::Message)?;
    let manifest = String::from_utf8(wire::take_bytes(from, manifest_length)?).map_err(|_| Fault::Message)?;
    let artefact = wire::take_bytes(from, rest)?;
    let engine = engine::engine()?;
    let guest = visiting_artefact::load(&engine, &artefact).map_err(Fault::from).and_then(|module| {
        let manifest = Manifest::read(&manifest).map_err(|_| Fault::Message)?;
        Guest::new(&engine, &module, &manifest)
    });
    let Ok(mut guest) = guest else {
        wire::send(to, &[kind::REFUSED])?;
        return Ok(());
    };
    loaded()?;
    wire::send(to, &[kind::LOADED])?;
    let mut answer = Vec::new();
    while let Some((kind, length)) = wire::take_head(from)? {
        answer.clear();
        match kind {
            kind::ROWS => guest.rows(from, length, &mut answer)?,
            kind::PEOPLE => guest.people(from, length, &mut answer)?,
            _ => return Err(Fault::Message),
        }
        wire::send(to, &answer)?;
    }
    Ok(())
}

/// Loads a guest in this process and calls it for one row: what a run would cost without a process of its own. For measuring, with
/// code that this process compiled itself.
pub(crate) fn alone(artefact: &crate::Artefact) -> Result<(), Fault> {
    let (mut from, mut to) = (Vec::new(), Vec::new());
    artefact.message(&mut from)?;
    let start = from.len();
    let manifest = &artefact.accepted().manifest;
    let slots: usize = manifest.params.iter().map(|param| param.kind.abi().slots().len()).sum();
    wire::head(&mut from, kind::ROWS, 4 + 8 * slots)?;
    wire::put_numbers(&mut from, &[1]);
    from.resize(start + 9 + 8 * slots, 0);
    serve(&mut from.as_slice(), &mut to, || Ok(()))
}

/// A loaded guest.
struct Guest {
    store: Store<()>,
    way: Way,
    /// Words of a row.
    slots: usize,
    /// One a column of the result.
    coders: Vec<Coder>,
    /// Most rows about one person.
    most: u32,
}

/// How a guest is called.
enum Way {
    /// By its own loop.
    Loop(Loop),
    /// By the host, which puts its state back before.
    Calls(Calls),
}

impl Guest {
    fn new(engine: &Engine, module: &Module, manifest: &Manifest) -> Result<Self, Fault> {
        let mut store = Store::new(engine, ());
        let instance = Instance::new(&mut store, module, &[])?;
        let slots = manifest.params.iter().flat_map(|param| param.kind.abi().slots()).copied().collect::<Vec<_>>();
        let (columns, most) = match &manifest.form {
            Form::Scalar { result, .. } | Form::Group { result } => (vec![result], 1),
            Form::Person(person) => (person.columns.iter().map(|column| &column.values).collect(), person.rows),
        };
        let coders = columns.into_iter().map(Coder::new).collect();
        let count = slots.len();
        let way = match instance.get_func(&mut store, names::RUN) {
            Some(_) => Way::Loop(Loop::new(&mut store, &instance)?),
            None => Way::Calls(Calls::new(&mut store, &instance, manifest, slots)?),
        };
        Ok(Self { store, way, slots: count, coders, most })
    }

    fn rows(&mut self, from: &mut impl Read, length: usize, answer: &mut Vec<u8>) -> Result<(), Fault> {
        let rows = wire::take_number(from)?;
        let count = rows as usize;
        if count > LIMITS.rows || length != 4 + 8 * self.slots * count {
            return Err(Fault::Message);
        }
        let coder = self.coders.first().ok_or(Fault::Message)?;
        let codes = match &mut self.way {
            Way::Loop(line) => line.rows(&mut self.store, coder, from, self.slots, rows)?,
            Way::Calls(calls) => calls.rows(&mut self.store, coder, &wire::take_bytes(from, length - 4)?, count)?,
        };
        answer.push(kind::CODES);
        wire::put_numbers(answer, &codes);
        Ok(())
    }

    fn people(&mut self, from: &mut impl Read, length: usize, answer: &mut Vec<u8>) -> Result<(), Fault> {
        let people = wire::take_number(from)? as usize;
        if people > LIMITS.people || length < 4 + 4 * people {
            return Err(Fault::Message);
        }
        let lengths: Vec<u32> = wire::numbers(&wire::take_bytes(from, 4 * people)?).collect();
        let wide = 8 * (1 + self.slots);
        let total: usize = lengths.iter().map(|rows| *rows as usize).sum();
        if length != 4 + 4 * people + wide * total {
            return Err(Fault::Message);
        }
        let words = wire::take_bytes(from, wide * total)?;
        let Way::Calls(calls) = &mut self.way else { return Err(Fault::Message) };
        answer.push(kind::GROUPS);
        let mut rest = words.as_slice();
        for rows in lengths {
            let (own, more) = rest.split_at_checked(wide * rows as usize).ok_or(Fault::Message)?;
            rest = more;
            match calls.person(&mut self.store, &self.coders, self.most, own)? {
                Some(codes) => {
                    wire::put_numbers(answer, &[(codes.len() / self.coders.len().max(1)).try_into().unwrap_or(NONE)]);
                    wire::put_numbers(answer, &codes);
                }
                None => wire::put_numbers(answer, &[NONE]),
            }
        }
        Ok(())
    }
}

/// Whatever a guest did wrong in a call, it did in this call; everything else is a fault.
fn trapped<T>(result: wasmtime::Result<T>) -> Result<Option<T>, Fault> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is::<Trap>() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
