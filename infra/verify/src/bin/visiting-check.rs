//! Says what a reader of a published table can compute of the cells that it hides.

use std::process::ExitCode;

use visiting_verify::check;

fn main() -> ExitCode {
    match check::parse(std::env::args_os().skip(1)) {
        Ok(request) => check::told(&request).print(),
        Err(usage) => usage.print(),
    }
}
