//! The enclave's side. A worker has seen hostile code and may have become hostile: what it says is read as far as was asked and no
//! further, a value that is not declared is NULL, and whoever is late or breaks the rules is killed.

mod answer;
mod column;
mod process;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use visiting_intake::{Accepted, Form, Report, Values, Words};

use visiting_jail::Layers;

pub use answer::{Codes, People};
pub use column::{Column, Validity};

use self::{column::Packed, process::Process};
use crate::{
    LIMITS,
    wire::{self, kind},
};

/// Why there is no answer. Nothing of a row is in it.
#[derive(Debug)]
pub enum Fault {
    /// Intake did not take the guest.
    Refused(Report),
    /// The compile or run child did not take what intake took.
    NotLoaded,
    /// A child was not ready in time, and was killed.
    Late,
    /// A child ended, or said what it must not say, and was killed.
    Broken,
    /// Columns of other kinds, numbers or lengths than the guest declares.
    Arguments,
    /// A call for a run that has ended: what is left of it sees no worker of the next.
    Over,
    /// A child could not be started.
    Start(io::Error),
    /// The kernel gives less than the jail needs, so that nothing ran: what is missing, and what to do.
    NoJail(String),
}

impl Fault {
    /// What happened, in both languages.
    #[must_use]
    pub fn words(&self) -> Words {
        let (ja, en) = match self {
            Self::Refused(_) => ("ゲストは検査を通りません。", "The guest does not pass intake."),
            Self::NotLoaded => (
                "検査を通ったゲストを組み立てられません。運用者に知らせてください。",
                "A guest that passed intake cannot be compiled or loaded. Tell the operator.",
            ),
            Self::Late => ("ゲストの処理が時間内に終わらず、打ち切りました。", "A guest's process was not ready in time and was ended."),
            Self::Broken => (
                "ゲストの処理が途中で終わったか、約束に反する答えを返したため、打ち切りました。",
                "A guest's process ended, or answered against the rules, and was ended.",
            ),
            Self::Over => ("終わった実行からの呼び出しです。", "A call came from a run that is over."),
            Self::Arguments => ("ゲストに渡す列が宣言書と違います。", "The columns for a guest are not those that it declares."),
            Self::NoJail(_) => (
                "この計算機ではゲストを隔離できないため、動かしません。運用者に知らせてください。",
                "This machine cannot jail a guest, so none is run. Tell the operator.",
            ),
            Self::Start(_) => {
                ("ゲストの処理を始められません。運用者に知らせてください。", "A guest's process cannot be started. Tell the operator.")
            }
        };
        Words { ja: ja.to_owned(), en: en.to_owned() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words();
        write!(f, "{}\n  {}", words.en, words.ja)?;
        match self {
            Self::Refused(report) => write!(f, "\n{report}"),
            Self::Start(error) => write!(f, "\n{error}"),
            Self::NoJail(why) => write!(f, "\n{why}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

/// A guest that was examined and compiled. Good for as many workers as needed, and for as long as the program is the same.
#[derive(Debug, Clone)]
pub struct Artefact {
    accepted: Accepted,
    manifest: String,
    code: Vec<u8>,
}

impl Artefact {
    /// Examines here, compiles in a child of `program`.
    ///
    /// # Errors
    /// Intake's findings, or a fault of the child.
    pub fn compile(program: &Path, layers: Layers, manifest: &str, module: &[u8]) -> Result<Self, Fault> {
        let accepted = visiting_intake::examine(manifest, module).map_err(Fault::Refused)?;
        let container = visiting_intake::container(manifest, module);
        let mut process = Process::start(program, "compile", layers)?;
        let code = process.within(LIMITS.compile, |to, from| {
            let mut message = Vec::new();
            wire::head(&mut message, kind::COMPILE, container.len())?;
            message.extend_from_slice(&container);
            wire::send(to, &message)?;
            match wire::take_byte(from)? {
                kind::COMPILED => {
                    let length = wire::take_number(from)? as usize;
                    if length > LIMITS.artefact_bytes {
                        return Err(io::ErrorKind::InvalidData.into());
                    }
                    wire::take_bytes(from, length).map(Some)
                }
                kind::REFUSED => Ok(None),
                _ => Err(io::ErrorKind::InvalidData.into()),
            }
        })?;
        Ok(Self { accepted, manifest: manifest.to_owned(), code: code.ok_or(Fault::NotLoaded)? })
    }

    /// What intake found.
    #[must_use]
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Puts the message that loads it.
    pub(crate) fn message(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let manifest = self.manifest.as_bytes();
        wire::head(out, kind::LOAD, 4 + manifest.len() + self.code.len())?;
        wire::put_numbers(out, &[u32::try_from(manifest.len()).map_err(|_| io::ErrorKind::InvalidInput)?]);
        out.extend_from_slice(manifest);
        out.extend_from_slice(&self.code);
        Ok(())
    }
}

/// One run child with one guest in it.
#[derive(Debug)]
pub struct Worker {
    process: Process,
    artefact: Arc<Artefact>,
}

impl Worker {
    /// Starts a child of `program` and loads the guest.
    ///
    /// # Errors
    /// A fault of the child.
    pub fn start(program: &Path, layers: Layers, artefact: Arc<Artefact>) -> Result<Self, Fault> {
        let mut process = Process::start(program, "run", layers)?;
        let loaded = process.within(LIMITS.start, |to, from| {
            let mut message = Vec::new();
            artefact.message(&mut message)?;
            wire::send(to, &message)?;
            wire::take_byte(from)
        })?;
        match loaded {
            kind::LOADED => Ok(Self { process, artefact }),
            kind::REFUSED => Err(Fault::NotLoaded),
            _ => Err(Fault::Broken),
        }
    }

    /// A scalar guest's results: one a row, NULL where an argument has no value or the guest has no declared result.
    ///
    /// # Errors
    /// Columns that are not the declared ones, or a fault of the child, after which the worker is of no use.
    pub fn rows(&mut self, columns: &[Column<'_>], rows: usize) -> Result<Codes, Fault> {
        let Form::Scalar { result, .. } = &self.artefact.accepted.manifest.form else { return Err(Fault::Arguments) };
        self.check(columns, rows)?;
        let mut codes = Codes::with_capacity(rows);
        let mut message = Vec::new();
        // What was sent and not yet answered.
        let mut open: VecDeque<Packed> = VecDeque::new();
        for start in (0..rows).step_by(LIMITS.rows) {
            let packed = Packed::rows(columns, start, (start + LIMITS.rows).min(rows), &mut message).map_err(|_| Fault::Arguments)?;
            let ready = open.len().saturating_sub(self.process.ahead());
            self.process.within(LIMITS.rows_time, |to, from| {
                open.drain(..ready).try_for_each(|first| codes.take(from, result, &first))?;
                if packed.sent() == 0 { Ok(()) } else { wire::send(to, &message) }
            })?;
            open.push_back(packed);
        }
        self.process.within(LIMITS.rows_time, |_, from| open.iter().try_for_each(|open| codes.take(from, result, open)))?;
        Ok(codes)
    }

    /// A guest of the person form: the rows of person after person, `lengths` of each. In what order the rows of one person come does
    /// not matter: the guest sees them by their columns, NULL first, from the first column on.
    ///
    /// # Errors
    /// Columns that are not the declared ones, or a fault of the child, after which the worker is of no use.
    pub fn people(&mut self, columns: &[Column<'_>], lengths: &[u32]) -> Result<People, Fault> {
        let (values, rows, most): (Vec<&Values>, u32, usize) = match &self.artefact.accepted.manifest.form {
            Form::Scalar { .. } => return Err(Fault::Arguments),
            Form::Person(person) => (person.columns.iter().map(|column| &column.values).collect(), person.rows, LIMITS.person_rows),
            Form::Group { result } => (vec![result], 1, LIMITS.group_rows),
        };
        let total = lengths.iter().try_fold(0_usize, |sum, rows| sum.checked_add(*rows as usize)).ok_or(Fault::Arguments)?;
        self.check(columns, total)?;
        let mut people = People::new(values.len(), lengths.len());
        let (mut message, mut start, mut rest) = (Vec::new(), 0, lengths);
        while !rest.is_empty() {
            let count = if most == LIMITS.group_rows { 1 } else { column::share(rest) };
            let (own, more) = rest.split_at(count.min(rest.len()));
            let sent = column::people(columns, start, own, most, &mut message).map_err(|_| Fault::Arguments)?;
            self.process.within(LIMITS.people_time, |to, from| {
                wire::send(to, &message)?;
                people.take(from, &values, rows, own, (most, sent))
            })?;
            start += own.iter().map(|rows| *rows as usize).sum::<usize>();
            rest = more;
        }
        Ok(people)
    }

    fn check(&self, columns: &[Column<'_>], rows: usize) -> Result<(), Fault> {
        let params = &self.artefact.accepted.manifest.params;
        let fits = params.len() == columns.len() && params.iter().zip(columns).all(|(param, column)| column.fits(param.kind, rows));
        if fits { Ok(()) } else { Err(Fault::Arguments) }
    }
}

/// Workers of one guest: as many as there are callers at a time, started when needed and kept for the next call of the same run.
#[derive(Debug)]
pub struct Pool {
    program: PathBuf,
    layers: Layers,
    artefact: Arc<Artefact>,
    idle: Mutex<Idle>,
}

/// Workers that wait for the next call of their run.
#[derive(Debug, Default)]
struct Idle {
    /// Which run it is.
    run: u64,
    workers: Vec<Worker>,
}

impl Pool {
    /// No worker is started before the first call.
    #[must_use]
    pub fn new(program: PathBuf, layers: Layers, artefact: Arc<Artefact>) -> Self {
        Self { program, layers, artefact, idle: Mutex::default() }
    }

    /// The end of a run: ends all idle workers, and those that are still at work when they come back, so that none that has seen the rows
    /// of one run sees those of another.
    pub fn rest(&self) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.run += 1;
        idle.workers.clear();
    }

    /// The run that calls are made for now.
    #[must_use]
    pub fn run(&self) -> u64 {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).run
    }

    /// How many workers wait for a call.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).workers.len()
    }

    /// See [`Worker::rows`].
    ///
    /// # Errors
    /// The same; the worker is gone then, and the next call starts another. [`Fault::Over`] for a run that is over.
    pub fn rows(&self, run: u64, columns: &[Column<'_>], rows: usize) -> Result<Codes, Fault> {
        self.with(run, |worker| worker.rows(columns, rows))
    }

    /// See [`Worker::people`].
    ///
    /// # Errors
    /// The same as of [`Pool::rows`].
    pub fn people(&self, run: u64, columns: &[Column<'_>], lengths: &[u32]) -> Result<People, Fault> {
        self.with(run, |worker| worker.people(columns, lengths))
    }

    fn with<T>(&self, run: u64, call: impl FnOnce(&mut Worker) -> Result<T, Fault>) -> Result<T, Fault> {
        let idle = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.run != run {
                return Err(Fault::Over);
            }
            idle.workers.pop()
        };
        let mut worker = match idle {
            Some(worker) => worker,
            None => Worker::start(&self.program, self.layers, Arc::clone(&self.artefact))?,
        };
        let answer = call(&mut worker)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.run == run {
            idle.workers.push(worker);
        }
        Ok(answer)
    }
}
