//! One program in one folder, and every way in which one of its calls can go wrong.

use std::{
    collections::BTreeSet,
    fmt, fs, io,
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Command, ExitStatus},
};

use crate::{
    run::to_the_end,
    table::Table,
    trace::{self, Call},
};

/// What is traced: all that changes files, and what they are opened with. A `?` stands before what not every machine has.
const TRACED: &str = "?openat,?write,?pwrite64,?writev,?pwritev,?fsync,?fdatasync,?ftruncate,?fallocate,?rename,?renameat,?renameat2,\
                      ?mkdir,?mkdirat,?unlink,?unlinkat,?rmdir,?read,?pread64,?getdents64";

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is not made, and returns this error.
    Error(&'static str),
    /// It is not made, and the process is killed.
    Kill,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(name) => f.write_str(name),
            Self::Kill => f.write_str("SIGKILL"),
        }
    }
}

/// What is tried at every call.
pub const FAULTS: [Fault; 3] = [Fault::Error("EIO"), Fault::Error("ENOSPC"), Fault::Kill];

/// A fault at one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shot {
    /// The call's name.
    pub call: String,
    /// What happens there.
    pub fault: Fault,
    /// At which of the calls of this name on the folder; each thread counts its own.
    pub number: u32,
}

impl fmt::Display for Shot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} no. {}", self.fault, self.call, self.number)
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Ended {
    /// The child's, as strace hands it on.
    pub status: ExitStatus,
    /// What it said.
    pub stdout: String,
    /// What it complained about.
    pub stderr: String,
    /// Its calls.
    pub calls: Vec<Call>,
}

impl Ended {
    /// True when the process was killed.
    #[must_use]
    pub fn killed(&self) -> bool {
        self.status.signal() == Some(9)
    }
}

/// What runs, and where.
#[expect(missing_debug_implementations, reason = "two of its fields are functions")]
pub struct Scene<'a> {
    /// The folder that the child works in. It is emptied before each run; the trace lies beside it.
    pub folder: PathBuf,
    /// Fills the empty folder.
    pub prepare: &'a dyn Fn(&Path),
    /// The child: it ends by itself when nothing goes wrong, and the same run makes the same calls.
    pub child: &'a dyn Fn(&Path) -> Command,
}

impl Scene<'_> {
    /// Runs the child untouched. The folder holds afterwards what it has made.
    ///
    /// # Errors
    /// When strace or the folder fails, or the child does not end.
    pub fn traced(&self) -> io::Result<Ended> {
        self.emptied()?;
        self.went_on()
    }

    /// Runs the child untouched in the folder as it lies there.
    ///
    /// # Errors
    /// As [`Self::traced`].
    pub fn went_on(&self) -> io::Result<Ended> {
        self.run(&BTreeSet::new(), None)
    }

    /// Runs the child once per call that touches the folder, for each fault. `judge` looks at each run in which the fault was met,
    /// and panics where something is wrong.
    ///
    /// # Errors
    /// As [`Self::traced`], and when the untouched child fails.
    pub fn inject(&self, names: &[&str], faults: &[Fault], mut judge: impl FnMut(&Shot, &Ended)) -> io::Result<Table> {
        let untouched = self.traced()?;
        if !untouched.status.success() {
            return Err(io::Error::other(format!("the untouched child failed: {}{}", untouched.stdout, untouched.stderr)));
        }
        let mut table = Table::default();
        // strace hits, and counts, only calls on these: what a program does to start, or says, is left alone.
        let paths: BTreeSet<_> = untouched.calls.iter().flat_map(Call::paths).filter(|path| path.starts_with(&self.folder)).collect();
        self.emptied()?;
        let counted = self.run(&paths, None)?;
        let wanted = counted.calls.iter().filter(|call| names.contains(&call.name.as_str()));
        let places: BTreeSet<_> = wanted.map(|call| (call.name.clone(), call.number)).collect();
        for (call, number) in places {
            for fault in faults {
                let shot = Shot { call: call.clone(), fault: *fault, number };
                self.emptied()?;
                let ended = self.run(&paths, Some(&shot))?;
                let hits = ended.calls.iter().filter(|c| c.name == call && c.number == number && c.hit()).count();
                table.add(&shot, hits);
                if hits > 0 {
                    judge(&shot, &ended);
                }
            }
        }
        Ok(table)
    }

    /// Empties the folder and prepares it.
    ///
    /// # Errors
    /// When the folder cannot be emptied.
    pub fn emptied(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&self.folder)?,
        }
        (self.prepare)(&self.folder);
        Ok(())
    }

    /// Only calls on these paths are seen, or all where there are none.
    fn run(&self, paths: &BTreeSet<&Path>, shot: Option<&Shot>) -> io::Result<Ended> {
        let log = self.folder.with_extension("strace");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-y", "-s", "0", "--signal=none", "-e"]).arg(format!("trace={TRACED}"));
        for path in paths {
            strace.arg("-P").arg(path);
        }
        if let Some(Shot { call, fault, number }) = shot {
            let what = match fault {
                Fault::Error(name) => format!("error={name}"),
                Fault::Kill => "signal=SIGKILL".to_owned(),
            };
            strace.arg("-e").arg(format!("inject={call}:{what}:when={number}"));
        }
        let child = (self.child)(&self.folder);
        strace.arg("-o").arg(&log).arg("--").arg(child.get_program()).args(child.get_args());
        for (name, value) in child.get_envs() {
            match value {
                Some(value) => strace.env(name, value),
                None => strace.env_remove(name),
            };
        }
        let output = to_the_end(strace)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let calls = trace::read(&text(&fs::read(&log)?));
        Ok(Ended { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr), calls })
    }
}
