//! `visiting-worker compile LAYERS` and `visiting-worker run LAYERS`: the processes in which guests are compiled and called. They talk
//! over standard input and output, with the enclave that started them and with nobody else.

use std::{
    io::{self, Read, Write},
    process::ExitCode,
};

use visiting_jail::{Layers, Shortfall};

fn main() -> ExitCode {
    // What layers there are was decided by who started this process; both must say the same.
    let layers = std::env::args().next_back().and_then(|layers| layers.parse().ok()).unwrap_or(Layers::ALL);
    if let Err(shortfall) = visiting_jail::enter(&visiting_worker::jail(), layers) {
        shortfall.exit();
    }
    let served = match std::env::args().nth(1).as_deref() {
        // Nothing that is compiled here runs here.
        Some("compile") => hardened().map_err(Into::into).and_then(|()| visiting_worker::compile(&mut Stdin, &mut Stdout)),
        Some("run") => visiting_worker::run(&mut Stdin, &mut Stdout, hardened),
        _ => {
            eprintln!("visiting-worker is started by the enclave: visiting-worker compile|run LAYERS");
            return ExitCode::FAILURE;
        }
    };
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn hardened() -> io::Result<()> {
    visiting_jail::harden().map_err(|shortfall: Shortfall| io::Error::other(shortfall.to_string()))
}

/// The pipe that was opened before the jail was entered: without the library's buffer, so that what is read goes where it is meant to.
struct Stdin;

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(io::stdin(), buffer)?)
    }
}

/// The other one.
struct Stdout;

impl Write for Stdout {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(io::stdout(), buffer)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
