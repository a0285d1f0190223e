//! Verifies a released file and its receipt offline.

use std::process::ExitCode;

use visiting_verify::receipt;

fn main() -> ExitCode {
    match receipt::parse(std::env::args_os().skip(1)) {
        Ok(request) => receipt::verify(&request).print(),
        Err(usage) => usage.print(),
    }
}
