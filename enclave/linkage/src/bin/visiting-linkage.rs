//! The linkage unit as a process of its own: `visiting-linkage [--with-parent]`.

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
};

use visiting_linkage::{Place, serve};

const USAGE: &str = "usage: visiting-linkage [--with-parent]\n  --with-parent  ends when standard input closes";

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let mut with_parent = false;
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--with-parent" => with_parent = true,
            _ => {
                eprintln!("{USAGE}");
                return ExitCode::from(2);
            }
        }
    }
    match run(with_parent) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("visiting-linkage: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves on a thread; the main thread waits for the signal to end. Every answer given is durable, so ending is just leaving.
fn run(with_parent: bool) -> Result<(), Box<dyn std::error::Error>> {
    let place = Place::take(&home()?)?;
    let socket = place.socket();
    if with_parent {
        thread::spawn(|| {
            let _ = io::stdin().read_to_end(&mut Vec::new());
            std::process::exit(0);
        });
    }
    let (failed, failure) = tokio::sync::oneshot::channel();
    thread::spawn(move || failed.send(serve(&place, announce)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime
        .block_on(async {
            let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            tokio::select! {
                _ = terminate.recv() => Ok(()),
                _ = tokio::signal::ctrl_c() => Ok(()),
                ended = failure => Ok(ended??),
            }
        })
        .inspect(|()| drop(std::fs::remove_file(&socket)))
}

fn announce(socket: &Path) {
    println!("ready linkage {}", socket.display());
    let _ = io::stdout().flush();
}

/// `VISITING_HOME`, or the user's data folder.
fn home() -> Result<PathBuf, String> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("VISITING_HOME")
        .or_else(|| set("XDG_DATA_HOME").map(|d| d.join("visiting")))
        .or_else(|| set("HOME").map(|h| h.join(".local/share/visiting")))
        .ok_or_else(|| "set VISITING_HOME to the data folder".to_owned())
}
