//! Verifies a copy of the record, or a case file of it, offline.

use std::process::ExitCode;

use visiting_verify::{audit, case_file};

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1).peekable();
    if words.next_if(|word| word == "case").is_some() {
        return case_file::command(words).print();
    }
    match audit::parse(words) {
        Ok(request) => audit::verify(&request).print(),
        Err(usage) => usage.print(),
    }
}
