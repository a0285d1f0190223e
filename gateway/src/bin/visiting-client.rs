//! `visiting client VERB …`: the command line over the API.

use std::{
    io::{ErrorKind, Write},
    process::ExitCode,
};

use visiting_gateway::client::verbs::{VerbError, command};

fn main() -> ExitCode {
    match command(lexopt::Parser::from_env()) {
        Ok(text) if text.is_empty() => ExitCode::SUCCESS,
        Ok(text) => {
            // A reader that stops early (`| head`) is no fault of the command.
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(VerbError::Usage(text)) => {
            eprintln!("{text}");
            ExitCode::from(2)
        }
        // A reader of the log that closes the pipe has seen enough.
        Err(VerbError::File(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(VerbError::Broken(broken)) => {
            eprintln!("visiting client: {broken}");
            ExitCode::from(broken.code)
        }
        Err(error) => {
            eprintln!("visiting client: {error}");
            ExitCode::FAILURE
        }
    }
}
