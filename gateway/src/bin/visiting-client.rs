//! `visiting client VERB …`: the command line over the API.

use std::{io::Write, process::ExitCode};

use visiting_gateway::client::verbs::{VerbError, command};

fn main() -> ExitCode {
    match command(lexopt::Parser::from_env()) {
        Ok(text) => {
            // A reader that stops early (`| head`) is no fault of the command.
            let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
            ExitCode::SUCCESS
        }
        Err(VerbError::Usage(text)) => {
            eprintln!("{text}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("visiting client: {error}");
            ExitCode::FAILURE
        }
    }
}
