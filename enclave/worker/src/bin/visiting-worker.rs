//! `visiting-worker compile` and `visiting-worker run`: the processes in which guests are compiled and called. They talk over
//! standard input and output, with the enclave that started them and with nobody else.

use std::{fs::File, io, os::fd::AsFd, process::ExitCode};

fn main() -> ExitCode {
    // JAIL: visiting_jail::enter(..) goes here, before anything is read.
    let mode = std::env::args().nth(1);
    let pipes = || -> io::Result<(File, File)> {
        // Files instead of the library's own streams: what is read goes where it is meant to, without a buffer between.
        Ok((io::stdin().as_fd().try_clone_to_owned()?.into(), io::stdout().as_fd().try_clone_to_owned()?.into()))
    };
    let Ok((mut from, mut to)) = pipes() else { return ExitCode::FAILURE };
    let served = match mode.as_deref() {
        Some("compile") => visiting_worker::compile(&mut from, &mut to),
        Some("run") => visiting_worker::run(&mut from, &mut to, || {
            // JAIL: visiting_jail::harden() goes here.
            Ok(())
        }),
        _ => {
            eprintln!("visiting-worker is started by the enclave: visiting-worker compile|run");
            return ExitCode::FAILURE;
        }
    };
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
