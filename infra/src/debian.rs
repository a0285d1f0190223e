//! The distribution's own packages, which only root may install.

use std::{env, path::PathBuf, process::Command};

use crate::{cargo, fault::Fault};

/// Compilers with which the templates for guests are built for real.
const COMPILERS: &[&str] = &["clang-22", "lld-22", "rustc-web", "cargo-web", "rust-web-src"];
/// What they bring; where all of it is, nothing is installed.
const COMPILERS_BRING: &[&str] = &["/usr/bin/clang-22", "/usr/bin/wasm-ld-22", "/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library/core"];

/// Installs packages. `by_hand` says what to do where that cannot be done.
pub(crate) fn install(packages: &[&str], by_hand: &str) -> Result<(), Fault> {
    if on_path("apt-get").is_none() || !is_root() {
        return Err(Fault::new(format!("only root may install packages; {by_hand}")));
    }
    let apt = |words: &[&str]| cargo::run(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(words));
    // An old list of packages names files that mirrors no longer have.
    apt(&["update", "-qq"])?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    apt(&install.iter().chain(packages).copied().collect::<Vec<_>>())
}

/// Installs the compilers for guests, where they are missing.
pub(crate) fn guest_compilers() -> Result<(), Fault> {
    if has_guest_compilers() {
        return Ok(());
    }
    install(COMPILERS, "install them yourself (Debian: apt-get install clang-22 lld-22 rustc-web cargo-web rust-web-src)")
}

/// Installs the server of a journal that several gateways share, where it is missing.
pub(crate) fn postgres() -> Result<(), Fault> {
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    if on_path("initdb").is_some() || installed.map(|version| version.path().join("bin/initdb")).any(|path| path.is_file()) {
        return Ok(());
    }
    install(&["postgresql"], "install it yourself (Debian: apt-get install postgresql)")
}

/// Installs what the crash tests hit system calls with, where it is missing.
pub(crate) fn strace() -> Result<(), Fault> {
    if on_path("strace").is_some() {
        return Ok(());
    }
    install(&["strace"], "install it yourself (Debian: apt-get install strace)")
}

/// True when the templates for guests can be built.
pub(crate) fn has_guest_compilers() -> bool {
    COMPILERS_BRING.iter().all(|path| PathBuf::from(path).exists())
}

/// A program by its name.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn is_root() -> bool {
    cargo::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_nowhere_is_not_found() {
        assert!(on_path("sh").is_some() && on_path("no-such-program-of-visiting").is_none());
    }
}
