//! Verifies a copy of the record offline.

use std::process::ExitCode;

use visiting_verify::audit;

fn main() -> ExitCode {
    match audit::parse(std::env::args_os().skip(1)) {
        Ok(request) => audit::verify(&request).print(),
        Err(usage) => usage.print(),
    }
}
