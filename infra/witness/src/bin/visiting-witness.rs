//! `visiting witness`: cosigns the checkpoints of logs that only grow.

use std::{net::SocketAddr, path::Path, process::ExitCode};

use rustix::fs::Mode;
use visiting_witness::{
    command::{Command, USAGE, parse},
    home::{Home, HomeFault},
    serve::{ServeFault, serve},
};

fn main() -> ExitCode {
    // Whatever is made from here on is its owner's alone.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let Some(command) = parse(std::env::args_os().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(command) {
        Ok(said) => {
            if let Some(text) = said {
                println!("{text}");
            }
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("visiting witness: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<Option<String>, ServeFault> {
    match command {
        Command::Init { home, name } => Ok(Some(Home::init(&home, &name)?.to_string())),
        Command::Trust { home, log } => Ok(Some(trust(&home, &log)?)),
        Command::Distrust { home, log } => Ok(Some(distrust(&home, &log)?)),
        Command::Key { home } => Ok(Some(Home::open(&home)?.key()?.to_string())),
        Command::Rotate { home } => Ok(Some(Home::open(&home)?.rotate()?.to_string())),
        Command::Serve { home, listen, with_parent } => {
            if with_parent {
                stop_with_parent();
            }
            start(&home, listen)?;
            Ok(None)
        }
    }
}

fn trust(home: &Path, log: &str) -> Result<String, HomeFault> {
    let (key, new) = Home::open(home)?.trust(log)?;
    let how = if new { "trusted from the next start on" } else { "trusted already" };
    Ok(format!("{}: key {:08x} is {how}", key.name(), key.id()))
}

fn distrust(home: &Path, log: &str) -> Result<String, HomeFault> {
    let key = Home::open(home)?.distrust(log)?;
    Ok(format!("{}: key {:08x} is no longer trusted, from the next start on", key.name(), key.id()))
}

fn start(home: &Path, listen: SocketAddr) -> Result<(), ServeFault> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeFault::Signals)?;
    runtime.block_on(serve(home, listen))
}

/// Ends this process when the parent's pipe closes. Every cosignature that was given is durable, so there is nothing to wind down.
fn stop_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}
