//! The one unsafe call of the product: code that another process compiled is made runnable in this one.
//!
//! It stands alone so that everything else can forbid unsafe code, and so that whoever looks for it finds it.

use wasmtime::{Engine, Module, Result};

/// Loads what [`Engine::precompile_module`] made under the same settings.
///
/// Call it only in a process that is given up as hostile: after the jail is entered, with nothing in reach that the guest may not
/// have. The compiler saw hostile input; whoever broke it wrote these bytes, and they run as they are. What holds then is the
/// jail, not this type's promise of memory safety. The engine refuses bytes of another version, other settings or another kind.
///
/// # Errors
/// Bytes that this engine did not make.
#[allow(unsafe_code, reason = "there is no safe way to load precompiled code; only jailed run children call this")]
pub fn load(engine: &Engine, artefact: &[u8]) -> Result<Module> {
    // SAFETY: the bytes come from our own compile child over the parent. Should that child have been taken over, this process is
    // its equal: a jailed one, without keys, files or network, that is killed after the run.
    unsafe { Module::deserialize(engine, artefact) }
}
