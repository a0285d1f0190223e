//! The compile child: one guest in, its code out. It examines again, rewrites, and compiles what the validator took.

use std::io::{Read, Write};

use crate::{
    LIMITS, engine, rewrite,
    run::Fault,
    wire::{self, kind},
};

/// Compiles the one guest that it is sent.
///
/// # Errors
/// The pipe's, or a message that is not one. What cannot be compiled is an answer.
pub fn serve(from: &mut impl Read, to: &mut impl Write) -> Result<(), Fault> {
    let Some((kind::COMPILE, length)) = wire::take_head(from)? else { return Err(Fault::Message) };
    let container = wire::take_bytes(from, length)?;
    match compile(&container) {
        Some(code) if code.len() <= LIMITS.artefact_bytes => {
            to.write_all(&[kind::COMPILED])?;
            to.write_all(&u32::try_from(code.len()).map_err(|_| Fault::Message)?.to_le_bytes())?;
            wire::send(to, &code)?;
        }
        _ => wire::send(to, &[kind::REFUSED])?,
    }
    Ok(())
}

/// The code of a container's guest; `None` where intake does not take it, or where a fault of ours is.
pub(crate) fn compile(container: &[u8]) -> Option<Vec<u8>> {
    let (manifest, module) = visiting_intake::open(container)?;
    let accepted = visiting_intake::examine(&manifest, &module).ok()?;
    let module = rewrite::rewrite(&accepted.manifest, accepted.state, &module).ok()?;
    engine::engine().ok()?.precompile_module(&module).ok()
}
