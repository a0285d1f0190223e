//! `visiting setup`: makes the data folder of a demo. `visiting setup --forget PERSON` erases a name.

use std::process::ExitCode;

use visiting_gateway::{home::Home, setup};

fn main() -> ExitCode {
    let home = Home::from_env();
    let done = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => setup::prepare(&home).map(|()| format!("data folder ready: {}", home.path().display())),
        [flag, person] if flag == "--forget" => {
            setup::forget(&home, person).map(|known| if known { "the name is erased" } else { "there was no name" }.to_owned())
        }
        _ => {
            eprintln!("usage: visiting setup [--forget PERSON]");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("visiting setup: {error}");
            ExitCode::FAILURE
        }
    }
}
