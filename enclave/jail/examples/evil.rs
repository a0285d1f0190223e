//! A worker whose guest has escaped: enters the jail, then makes one attempt. An example because `cargo test` builds those and nothing ships them.
//!
//! Arguments: layers, bytes of memory, seconds of CPU, attempt, name, number. Or `parent`: is itself the parent of a worker that spins.

use std::env;
use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader};

use visiting_evil::{Target, attempt};
use visiting_jail::{Jailed, LIMITS, Layers, Limits, enter, harden};

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if args == ["parent"] {
        return be_parent().unwrap_or_else(|error| println!("{error}"));
    }
    // In the launcher's role the arguments are the launcher's, and `enter` does not return.
    let at = |place: usize| args.get(place).map_or("", String::as_str);
    let layers: Layers = at(0).parse().unwrap_or(Layers::ALL);
    let limits = Limits {
        memory_bytes: at(1).parse().unwrap_or(LIMITS.memory_bytes),
        cpu_seconds: at(2).parse().unwrap_or(LIMITS.cpu_seconds),
        ..LIMITS
    };
    if let Err(shortfall) = enter(&limits, layers).and_then(|()| harden()) {
        shortfall.exit();
    }
    match attempt(at(3), &Target { name: at(4).to_owned(), number: at(5).parse().unwrap_or_default() }) {
        Ok(()) => println!("done"),
        Err(number) => println!("refused {number}"),
    }
}

/// Leaves open files to the worker: by one of them the test sees that it is gone.
fn be_parent() -> io::Result<()> {
    let layers = (Layers::ALL - Layers::CLEAN).to_string();
    let args = [layers.as_str(), "", "", "spin"].map(OsStr::new);
    let mut jailed = Jailed::start(&env::current_exe()?, &args, &LIMITS, Layers::ALL - Layers::CLEAN)?;
    let mut line = String::new();
    if let Some(out) = jailed.stdout() {
        BufReader::new(out).read_line(&mut line)?;
    }
    // Also where nothing was said: the test waits for a line.
    println!("{}", line.trim());
    io::stdin().read_line(&mut line).map(drop)
}
