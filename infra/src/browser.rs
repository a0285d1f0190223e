//! What the tests in a real browser need, installed on a machine that has none of it: Chromium with a Japanese font, from the
//! distribution, and three packages from npm, under `target`.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    cargo,
    debian::{self, on_path},
    fault::Fault,
};

/// Names under which a distribution installs Chromium; the first that is found is used.
const PROGRAMS: &[&str] = &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Debian's packages. The font is for the screenshots: without one, Japanese is drawn as boxes.
const PACKAGES: &[&str] = &["chromium", "fonts-noto-cjk"];
/// What to do where we may not, or cannot, install.
const BY_HAND: &str = "install Chromium and a Japanese font yourself (Debian: apt-get install chromium fonts-noto-cjk), or name a Chromium with VISITING_CHROMIUM";

/// Installs what is missing.
pub(crate) fn install(tree: &Path, target: &Path) -> Result<(), Fault> {
    packages(tree, target)?;
    if chromium().is_none() {
        debian::install(PACKAGES, BY_HAND)?;
    }
    chromium().map(drop).ok_or_else(|| Fault::new(format!("no Chromium is on the PATH; {BY_HAND}")))
}

/// The variables for the tests, as far as there is something to name.
pub(crate) fn found(target: &Path) -> Vec<(&'static str, PathBuf)> {
    let modules = Some(folder(target).join("node_modules")).filter(|path| path.is_dir());
    [("VISITING_CHROMIUM", chromium()), ("VISITING_NODE_MODULES", modules)]
        .into_iter()
        .filter_map(|(name, path)| Some((name, path?)))
        .collect()
}

fn folder(target: &Path) -> PathBuf {
    target.join("verify-browser")
}

fn chromium() -> Option<PathBuf> {
    let named = env::var_os("VISITING_CHROMIUM").map(PathBuf::from).filter(|path| path.is_file());
    named.or_else(|| PROGRAMS.iter().find_map(|name| on_path(name)))
}

/// `npm ci` in a folder of ours. The lock file lies there after success only, so an install that broke off is begun anew.
fn packages(tree: &Path, target: &Path) -> Result<(), Fault> {
    let (from, to) = (tree.join("tests/browser"), folder(target));
    let read = |path: PathBuf| fs::read(path).unwrap_or_default();
    let wanted = read(from.join("package-lock.json"));
    let done = to.join("installed-package-lock.json");
    if !wanted.is_empty() && read(done.clone()) == wanted && to.join("node_modules").is_dir() {
        return Ok(());
    }
    if on_path("node").is_none() || on_path("npm").is_none() {
        return Err(Fault::new("node and npm are not on the PATH; install Node.js 20 or later"));
    }
    let fault = || Fault::at("the folder for the browser tests' packages cannot be made");
    fs::create_dir_all(&to).map_err(fault())?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(from.join(name), to.join(name)).map_err(fault())?;
    }
    cargo::run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&to))?;
    fs::write(done, wanted).map_err(fault())
}
