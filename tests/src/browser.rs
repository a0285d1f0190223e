//! The node scripts of `tests/browser`: where their tools are, how they are started, and what they say.

mod case;

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

pub use case::{Case, wait_for_data};
use serde_json::{Value, json};
use visiting_gateway::portal;

use crate::world;

/// What to do when something is missing.
const HOW: &str =
    "run `cargo verify` once (it installs what the browser tests need), or name it with VISITING_CHROMIUM and VISITING_NODE_MODULES";

/// One line `ok NAME` or `not ok NAME - WHY` of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at, as the script says it.
    pub name: String,
    /// Why it is not as it should be.
    pub wrong: Option<String>,
}

impl Check {
    /// Reads a line; other lines are talk.
    #[must_use]
    pub fn read(line: &str) -> Option<Self> {
        if let Some(rest) = line.strip_prefix("not ok ") {
            let (name, why) = rest.split_once(" - ").unwrap_or((rest, "no reason given"));
            return Some(Self { name: name.to_owned(), wrong: Some(why.to_owned()) });
        }
        line.strip_prefix("ok ").map(|name| Self { name: name.to_owned(), wrong: None })
    }
}

/// Chromium, node and the npm packages of this machine.
#[derive(Debug, Clone)]
pub struct Browser {
    chromium: PathBuf,
    modules: PathBuf,
    scripts: PathBuf,
    programs: PathBuf,
}

impl Browser {
    /// Finds them: by the variables that `visiting verify` sets, or where it installs them.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub fn find() -> Result<Self, String> {
        let named = |name: &str| env::var_os(name).map(PathBuf::from);
        let programs = world::binaries()?;
        let installed = programs.parent().map(|target| target.join("verify-browser/node_modules"));
        let modules = named("VISITING_NODE_MODULES").or(installed).filter(|path| path.join("playwright-core").is_dir());
        let chromium = named("VISITING_CHROMIUM").or_else(|| on_path("chromium")).filter(|path| path.is_file());
        let missing = |what: &str| format!("{what} is not there; {HOW}");
        on_path("node").ok_or_else(|| missing("node"))?;
        Ok(Self {
            chromium: chromium.ok_or_else(|| missing("Chromium"))?,
            modules: modules.ok_or_else(|| missing("playwright-core"))?,
            scripts: world::tree()?.join("tests/browser"),
            programs,
        })
    }

    /// Plays a suite of `run.mjs` against a running system; `say` gets each line as it comes.
    ///
    /// # Errors
    /// When node cannot be started, or ends before its last line.
    pub fn play(&self, setting: &Setting<'_>, mut say: impl FnMut(&str)) -> Result<Vec<Check>, String> {
        let mut child = self.command(setting).spawn().map_err(|e| format!("node cannot be started: {e}"))?;
        let (mut checks, mut ended) = (Vec::new(), false);
        for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok) {
            say(&line);
            checks.extend(Check::read(&line));
            ended |= line == "end";
        }
        let status = child.wait().map_err(|e| e.to_string())?;
        if ended { Ok(checks) } else { Err(format!("run.mjs {} broke off: {status}; it said: {checks:?}", setting.suite)) }
    }

    fn command(&self, setting: &Setting<'_>) -> Command {
        let mut command = Command::new("node");
        command.arg(self.scripts.join("run.mjs")).arg(setting.suite).stdin(Stdio::null()).stdout(Stdio::piped());
        command
            .env("VISITING_CHROMIUM", &self.chromium)
            .env("VISITING_NODE_MODULES", &self.modules)
            .env("VISITING_PROGRAMS", &self.programs)
            .env("VISITING_HOME", setting.home)
            .env("VISITING_ADDR", setting.address)
            .env("VISITING_LANGUAGES", setting.languages)
            .env("VISITING_ROUTES", routes())
            .env("VISITING_CASE", setting.case.map_or_else(|| "{}".to_owned(), |case| case.json()));
        if let Some(out) = setting.out {
            command.env("VISITING_OUT", out);
        }
        command
    }
}

/// What a suite is played against.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Name of the suite: `journeys`, `axe`, `plain`, `keyboard`, `tokens`, `speed` or `screenshots`.
    pub suite: &'a str,
    /// Address of the public API.
    pub address: &'a str,
    /// The data folder: signing keys and verifier keys.
    pub home: &'a Path,
    /// `ja`, `en` or `ja,en`.
    pub languages: &'a str,
    /// Ids of a case that was played before, for pages about one thing.
    pub case: Option<&'a Case>,
    /// Where pictures go.
    pub out: Option<&'a Path>,
}

/// The portal's own list of addresses: `[{"method": "get", "path": "/permits/{id}"}, …]`. A page that is in it and that the
/// scripts do not know is a failure there.
fn routes() -> String {
    let routes = portal::ROUTES.iter().map(|route| json!({ "method": route.method, "path": route.path }));
    Value::from_iter(routes).to_string()
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|path| path.is_file())
}
