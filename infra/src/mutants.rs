//! `visiting verify --mutants`: each kept patch breaks one invariant, and exactly the test it names must notice.
//!
//! Works on a copy of HEAD with a build folder of its own (seeded with the finished dependencies, so they are not built again):
//! a broken program never lies where somebody might start it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use crate::{
    cargo::{self, cargo},
    fault::Fault,
    place, tally, verify,
};

/// One kept patch.
#[derive(Debug, PartialEq, Eq)]
struct Mutant {
    name: String,
    patch: PathBuf,
    /// `# invariant: N name`
    invariant: String,
    /// `# test: module::test_name`
    test: String,
}

/// Runs all patches, or those whose file name contains one of `names`. The exit code is 0 only when every one is noticed.
pub(crate) fn all(names: &[&str]) -> Result<ExitCode, Fault> {
    let root = place::tree()?;
    let room = Room::make(&root, &place::target()?)?;
    let (mut killed, mut table) = (0, Vec::new());
    for mutant in read(&root.join("tests/mutants"))?.iter().filter(|m| names.is_empty() || names.iter().any(|n| m.name.contains(n))) {
        eprintln!("\n== {} ({})", mutant.name, mutant.invariant);
        let start = Instant::now();
        let outcome = room.judge(mutant)?;
        killed += usize::from(outcome == "killed");
        let line =
            format!("{:<34} {:<44} {:<56} {outcome} {:.0} s", mutant.name, mutant.invariant, mutant.test, start.elapsed().as_secs_f64());
        println!("{line}");
        table.push(line);
    }
    println!("\n== summary");
    table.iter().for_each(|line| println!("{line}"));
    println!("mutants: {killed} killed, {} survived", table.len() - killed);
    Ok(if killed == table.len() && killed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// All patches of the folder, by name.
fn read(folder: &Path) -> Result<Vec<Mutant>, Fault> {
    let entries = fs::read_dir(folder).map_err(Fault::at("tests/mutants cannot be read"))?;
    let mut patches: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|x| x == "patch")).collect();
    patches.sort();
    patches.into_iter().map(parse).collect()
}

fn parse(patch: PathBuf) -> Result<Mutant, Fault> {
    let name = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = fs::read_to_string(&patch).map_err(Fault::at(format!("{name}.patch")))?;
    let field = |label: &str| {
        let value = text.lines().take_while(|line| line.starts_with('#')).find_map(|line| line.strip_prefix(label));
        value.map(|v| v.trim().to_owned()).ok_or_else(|| Fault::new(format!("{name}.patch must start with `{label} …`")))
    };
    Ok(Mutant { invariant: field("# invariant:")?, test: field("# test:")?, name, patch })
}

/// The copy of the tree that is broken, one patch after the other. Removed when dropped.
struct Room {
    root: PathBuf,
    folder: PathBuf,
    target: PathBuf,
}

impl Room {
    fn make(root: &Path, target: &Path) -> Result<Self, Fault> {
        if !cargo::output(git(root).args(["status", "--porcelain"]))?.trim().is_empty() {
            eprintln!("visiting: uncommitted changes are not in the copy: the patches are tried on HEAD");
        }
        let room = Self { root: root.to_owned(), folder: target.join("mutants"), target: target.to_owned() };
        room.remove();
        fs::create_dir_all(&room.folder).map_err(Fault::at("the folder for mutants"))?;
        cargo::run(git(root).args(["worktree", "add", "--quiet", "--force", "--detach"]).arg(room.tree()).arg("HEAD"))?;
        // Tests look for optional inputs beside the tree.
        let (shared, link) = (place::shared(root), room.folder.join("shared"));
        if shared.is_dir() && !link.exists() {
            std::os::unix::fs::symlink(shared, link).map_err(Fault::at("the link to ../shared"))?;
        }
        room.seed()?;
        Ok(room)
    }

    fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// Copies finished dependencies, with their times: cargo tells by them that nothing has to be built again.
    fn seed(&self) -> Result<(), Fault> {
        let from = place::programs()?;
        let to = self.folder.join("build").join(from.file_name().unwrap_or_default());
        if to.exists() || !from.exists() {
            return Ok(());
        }
        fs::create_dir_all(&to).map_err(Fault::at("the build folder for mutants"))?;
        let parts = [".fingerprint", "build", "deps"].map(|part| from.join(part));
        cargo::run(Command::new("cp").args(["-a", "--reflink=auto"]).args(parts.iter().filter(|p| p.exists())).arg(&to))
    }

    fn judge(&self, mutant: &Mutant) -> Result<String, Fault> {
        self.restore()?;
        if cargo::run(git(&self.tree()).arg("apply").arg(&mutant.patch)).is_err() {
            return Ok("SURVIVED: the patch does not apply to HEAD".to_owned());
        }
        if cargo::run(&mut self.cargo(&["build", "--quiet", "--workspace", "--bins", "--examples", "--locked"])?).is_err() {
            return Ok("SURVIVED: the broken tree does not build".to_owned());
        }
        let mut command = self.cargo(&["test", "--workspace", "--locked", "--no-fail-fast", "--lib", "--test", "it"])?;
        command.env("VISITING_FAST", "1").envs(verify::found_python(&self.target));
        let mut log = String::new();
        let tally = tally::tally(&mut command, |line| log.extend([line, "\n"]))?;
        let _ = fs::write(self.folder.join(format!("{}.log", mutant.name)), log);
        Ok(outcome(&mutant.test, &tally.failed))
    }

    fn cargo(&self, args: &[&str]) -> Result<Command, Fault> {
        let mut command = cargo(&self.tree(), args);
        command.args(cargo::profile()?).env("CARGO_TARGET_DIR", self.folder.join("build"));
        Ok(command)
    }

    /// Back to HEAD. Files that the last patch did not touch keep their times, so only its crates are built again.
    fn restore(&self) -> Result<(), Fault> {
        cargo::run(git(&self.tree()).args(["checkout", "--quiet", "--force", "HEAD", "--", "."]))?;
        cargo::run(git(&self.tree()).args(["clean", "--quiet", "-fd"]))
    }

    fn remove(&self) {
        let _ = fs::remove_dir_all(self.tree());
        let _ = git(&self.root).args(["worktree", "prune"]).status();
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Git in this folder, whatever repository our caller was busy with.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
        command.env_remove(name);
    }
    command
}

/// Exactly the named test has to fail: fewer means that nobody noticed, more that the invariant is not what was tested.
fn outcome(test: &str, failed: &[String]) -> String {
    match failed {
        [one] if one == test => "killed".to_owned(),
        [] => "SURVIVED: no test failed".to_owned(),
        others => format!("SURVIVED: failed instead: {}", others.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_test_alone_kills() {
        let failed = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(outcome("a::b", &failed(&["a::b"])), "killed");
        assert!([failed(&[]), failed(&["a::c"]), failed(&["a::b", "a::c"])].iter().all(|f| outcome("a::b", f).starts_with("SURVIVED")));
    }
}
