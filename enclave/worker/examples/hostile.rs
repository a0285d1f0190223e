//! Workers that are no longer ours, for the tests: what the file is called says what it does, once it is in its jail.

use std::{
    io::{self, Read, Write},
    thread::park,
};

use visiting_worker::Layers;

const LOADED: u8 = 0o202;
const CODES: u8 = 0o203;
const GROUPS: u8 = 0o204;

fn main() {
    let name = std::env::current_exe().ok().and_then(|path| path.file_name().map(|name| name.to_string_lossy().into_owned()));
    let has_environment = std::env::vars_os().next().is_some();
    if let Err(shortfall) = visiting_jail::enter(&visiting_worker::jail(), Layers::ALL) {
        shortfall.exit();
    }
    let name = name.unwrap_or_default();
    let after: &[u8] = match name.as_str() {
        "silent" => return,
        "late" => loop {
            park();
        },
        "flood-first" => flood(),
        "environment" if has_environment => return,
        "flood" | "environment" => &[],
        "wrong-kind" => &[GROUPS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        "short" => &[CODES, 0, 0, 0, 0, 1],
        "lies" => &[CODES, 1, 0, 0, 0, 2, 0, 0, 0, 0o376, 0o377, 0o377, 0o377],
        "many" => &[GROUPS, 3, 0, 0, 0],
        "more" => &[GROUPS, 0o376, 0o377, 0o377, 0o377],
        // Two rows, one with a thirteenth month, and a person that failed.
        "month" => &[GROUPS, 2, 0, 0, 0, 0o241, 0o26, 0o3, 0, 0o255, 0o26, 0o3, 0, 0o377, 0o377, 0o377, 0o377],
        _ => return,
    };
    let mut message = [0; 20];
    if io::stdin().read_exact(&mut message).is_ok() {
        say(&[LOADED]);
        say(after);
    }
    match name.as_str() {
        "short" => {}
        "flood" | "many" | "more" | "lies" => flood(),
        _ => loop {
            park();
        },
    }
}

fn say(bytes: &[u8]) {
    let mut out = io::stdout();
    let _ = out.write_all(bytes).and_then(|()| out.flush());
}

fn flood() -> ! {
    loop {
        say(&[0; 4096]);
    }
}
