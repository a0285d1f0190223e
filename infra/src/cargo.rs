//! Calls of cargo and other tools.

use std::{
    env,
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use crate::fault::Fault;

/// Variables that `cargo run` sets for us and that a cargo of its own must not see: build scripts watch some of them, so they
/// would rebuild ring and everything above it each time.
const OURS: &[&str] = &["CARGO_MANIFEST_", "CARGO_PKG_", "CARGO_BIN_NAME", "CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "LD_LIBRARY_PATH"];

/// A cargo in the source tree; the one that started us, if any.
pub(crate) fn cargo<S: AsRef<OsStr>>(tree: &Path, args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(tree).args(args).stdin(Stdio::null());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(|name| OURS.iter().any(|ours| name.starts_with(ours))) {
            command.env_remove(name);
        }
    }
    command
}

/// Options that choose the profile this launcher was built in: what it builds lies beside it.
pub(crate) fn profile() -> Result<[String; 2], Fault> {
    let programs = crate::place::programs()?;
    let folder = programs.file_name().unwrap_or_default().to_string_lossy();
    // Cargo's one exception: what `dev` builds lies in `debug`.
    Ok(["--profile".to_owned(), if folder == "debug" { "dev".to_owned() } else { folder.into_owned() }])
}

/// The same command, giving way to whoever else wants the processor.
pub(crate) fn gently(command: &Command) -> Command {
    let mut gentle = Command::new("nice");
    gentle.args(["-n", "19"]).arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    if let Some(folder) = command.get_current_dir() {
        gentle.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => gentle.env(name, value),
            None => gentle.env_remove(name),
        };
    }
    gentle
}

/// Runs a command with our terminal; a fault when it does not end well.
pub(crate) fn run(command: &mut Command) -> Result<(), Fault> {
    let name = name(command);
    let status = command.status().map_err(Fault::at(format!("{name} cannot be started")))?;
    if status.success() { Ok(()) } else { Err(Fault::new(format!("{name} ended with {status}"))) }
}

/// Runs a command and returns what it wrote to its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String, Fault> {
    let name = name(command);
    let out = command.stderr(Stdio::inherit()).output().map_err(Fault::at(format!("{name} cannot be started")))?;
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    } else {
        Err(Fault::new(format!("{name} ended with {}", out.status)))
    }
}

/// Program and first word, for messages: never the whole path.
fn name(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let word = command.get_args().next().map(|arg| format!(" {}", arg.to_string_lossy())).unwrap_or_default();
    format!("`{program}{word}`")
}

/// Builds every program, when cargo started us. A launcher started by hand uses the programs beside it.
pub(crate) fn build_if_asked() -> Result<(), Fault> {
    if env::var_os("CARGO").is_none() {
        return Ok(());
    }
    let tree = crate::place::tree()?;
    run(cargo(&tree, ["build", "--workspace", "--bins"]).args(profile()?))
}
