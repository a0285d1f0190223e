//! Where things are: the programs, the source tree and the data folder. Nothing is compiled in; all is found at start.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::fault::Fault;

/// The folder of this executable; its sisters `visiting-X` lie beside it.
pub(crate) fn programs() -> Result<PathBuf, Fault> {
    let exe = env::current_exe().map_err(Fault::at("this program cannot find itself"))?;
    exe.parent().map(Path::to_owned).ok_or_else(|| Fault::new("this program cannot find its own folder"))
}

/// The build's output folder: what lies under it may be deleted at any time.
pub(crate) fn target() -> Result<PathBuf, Fault> {
    let programs = programs()?;
    programs.parent().map(Path::to_owned).ok_or_else(|| Fault::new("start `visiting` from the folder that cargo built it into"))
}

/// The source tree: cargo says so, or it is above the executable or the working folder.
pub(crate) fn tree() -> Result<PathBuf, Fault> {
    let is_tree = |path: &Path| path.join("catalog/mappings").is_dir() && path.join("Cargo.lock").is_file();
    let starts = [env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from), env::current_exe().ok(), env::current_dir().ok()];
    let above = starts.iter().flatten().flat_map(|start| start.ancestors());
    let fault = || Fault::new("the source tree is not found; run this inside it, or as `cargo demo` or `cargo verify`");
    above.filter(|path| is_tree(path)).map(Path::to_owned).next().ok_or_else(fault)
}

/// Inputs that only some machines have, beside the source tree.
pub(crate) fn shared(tree: &Path) -> PathBuf {
    tree.parent().unwrap_or(tree).join("shared")
}

/// The data folder: `VISITING_HOME`, or `visiting` in the user's data directory. The other programs use the same rule.
pub(crate) fn home() -> Result<PathBuf, Fault> {
    let named = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = || named("XDG_DATA_HOME").or_else(|| named("HOME").map(|home| home.join(".local/share")));
    let home = named("VISITING_HOME").or_else(|| data().map(|data| data.join("visiting")));
    made(home.ok_or_else(|| Fault::new("set VISITING_HOME to the folder that holds the data"))?)
}

/// A data folder that exists for one journey, unless `VISITING_HOME` names one. The second value says whether it is ours to remove.
pub(crate) fn journey_home() -> Result<(PathBuf, bool), Fault> {
    if env::var_os("VISITING_HOME").is_some_and(|value| !value.is_empty()) {
        return Ok((home()?, false));
    }
    let folder = target()?.join("demo-home").join(std::process::id().to_string());
    let _ = fs::remove_dir_all(&folder);
    Ok((made(folder)?, true))
}

/// The folder, made if need be, as an absolute path: children may run elsewhere.
fn made(folder: PathBuf) -> Result<PathBuf, Fault> {
    let fault = |e| Fault::new(format!("the data folder {} cannot be made: {e}", folder.display()));
    fs::create_dir_all(&folder).and_then(|()| fs::canonicalize(&folder)).map_err(fault)
}
