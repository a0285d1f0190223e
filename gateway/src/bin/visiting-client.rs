//! `visiting client VERB …`: the command line over the API.

use std::process::ExitCode;

use visiting_gateway::client::verbs::{VerbError, command};

fn main() -> ExitCode {
    match command(lexopt::Parser::from_env()) {
        Ok(text) => {
            println!("{}", text.trim_end());
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
