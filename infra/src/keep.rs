//! Keeps one long-running process alive: waits for its `ready` line, starts it again when it dies, stops it with us.
//!
//! Each child holds the other end of a pipe on its standard input (`--with-parent`): when we end, however we end, it reads the
//! end of the pipe and stops. A Ctrl-C at the terminal reaches the whole group anyway. So no signal has to be handled here.

use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::fault::Fault;

/// Longest wait for the first `ready` line: folding a long record takes seconds, not minutes.
const READY: Duration = Duration::from_secs(120);
/// Longest wait for a child that was asked to stop; then it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// A process that dies this often before it was ever ready is given up: its own message says why.
const TRIES: u32 = 3;

/// How a process is started.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// The name of the program, also in messages.
    pub(crate) name: &'static str,
    /// The folder that it lies in.
    pub(crate) programs: PathBuf,
    /// Its options; `--with-parent` is added.
    pub(crate) options: &'static [&'static str],
    /// Its environment on top of ours.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// One process that is kept alive until this value is dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    slot: Arc<Mutex<Slot>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Slot {
    stopping: bool,
    child: Option<Child>,
    pipe: Option<ChildStdin>,
}

impl Kept {
    /// Starts the process and waits until it serves; the second value is the address it named.
    pub(crate) fn start(recipe: Recipe) -> Result<(Self, String), Fault> {
        let name = recipe.name;
        let slot = Arc::new(Mutex::new(Slot::default()));
        let (tell, told) = mpsc::channel();
        let theirs = Arc::clone(&slot);
        let thread = thread::spawn(move || keep(&recipe, &theirs, &tell));
        let kept = Self { slot, thread: Some(thread) };
        Ok((kept, wait(name, &told)?))
    }

    /// False when the process was given up.
    pub(crate) fn alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        {
            let mut slot = lock(&self.slot);
            slot.stopping = true;
            slot.pipe = None;
        }
        let asked = Instant::now();
        while self.alive() && asked.elapsed() < GRACE {
            thread::sleep(Duration::from_millis(10));
        }
        if let Some(child) = lock(&self.slot).child.as_mut() {
            let _ = child.kill();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A poisoned lock still holds a child to stop.
fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wait(name: &str, told: &Receiver<Result<String, Fault>>) -> Result<String, Fault> {
    let late = |_| Fault::new(format!("{name} was not ready within {} s", READY.as_secs()));
    told.recv_timeout(READY).map_err(late)?
}

/// The life of one process, over all its starts.
fn keep(recipe: &Recipe, slot: &Mutex<Slot>, tell: &Sender<Result<String, Fault>>) {
    let (mut served, mut tries) = (false, 0);
    loop {
        let status = match once(recipe, slot, tell, &mut served) {
            Ok(None) => return,
            Ok(Some(status)) => status.to_string(),
            Err(fault) => fault.to_string(),
        };
        tries = if served { 0 } else { tries + 1 };
        if tries >= TRIES {
            let _ = tell.send(Err(Fault::new(format!("{} does not start ({status}); its message is above", recipe.name))));
            return;
        }
        eprintln!("visiting: {} ended ({status}); starting it again", recipe.name);
        served = false;
        thread::sleep(Duration::from_millis(200));
    }
}

/// One start, until the process ends; `None` when it was asked to.
fn once(recipe: &Recipe, slot: &Mutex<Slot>, tell: &Sender<Result<String, Fault>>, served: &mut bool) -> Result<Option<ExitStatus>, Fault> {
    let output = {
        let mut slot = lock(slot);
        if slot.stopping {
            return Ok(None);
        }
        let mut child = spawn(recipe)?;
        let output = child.stdout.take();
        slot.pipe = child.stdin.take();
        slot.child = Some(child);
        output
    };
    for line in output.into_iter().flat_map(|output| BufReader::new(output).lines()).map_while(Result::ok) {
        match line.strip_prefix("ready ") {
            Some(ready) => {
                *served = true;
                let _ = tell.send(Ok(ready.rsplit(' ').next().unwrap_or_default().to_owned()));
            }
            None => eprintln!("{}: {line}", recipe.name),
        }
    }
    ended(slot).map_err(Fault::at(recipe.name))
}

fn spawn(recipe: &Recipe) -> Result<Child, Fault> {
    let mut command = Command::new(recipe.programs.join(recipe.name));
    command.args(recipe.options).arg("--with-parent").envs(recipe.environment.iter().cloned());
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().map_err(Fault::at(format!("{} cannot be started", recipe.name)))
}

/// Waits without holding the lock, so that a child that will not end can still be killed.
fn ended(slot: &Mutex<Slot>) -> std::io::Result<Option<ExitStatus>> {
    loop {
        {
            let mut slot = lock(slot);
            let status = slot.child.as_mut().map_or(Ok(None), Child::try_wait)?;
            if status.is_some() || slot.child.is_none() {
                slot.child = None;
                return Ok(status.filter(|_| !slot.stopping));
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
}
