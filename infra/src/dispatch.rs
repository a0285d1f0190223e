//! Git style: `visiting X …` becomes `visiting-X …`, and the verbs of the API become `visiting-client X …`.

use std::{
    ffi::OsString,
    fs,
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use crate::{fault::Fault, place};

/// Words that the client answers: one a step of a case.
const CLIENT: &str = "login find show apply applications complete ballot vote permits permit codes preflight run runs holds hold fetch suspend close recall remains releases patterns samples sample rules log";

/// Becomes the program for `word`. Returns only when there is none.
pub(crate) fn exec(word: &str, rest: &[OsString]) -> Result<ExitCode, Fault> {
    if let ("audit", [verb, rest @ ..]) = (word, rest)
        && verb == "rerun"
    {
        return exec("rerun", rest);
    }
    let client = word == "rerun" || CLIENT.split(' ').any(|verb| verb == word) || for_client(word, rest);
    let name = if client { "visiting-client".to_owned() } else { format!("visiting-{word}") };
    let program = place::programs()?.join(&name);
    if !legal(word) || !program.is_file() {
        let why = if client {
            format!("`{name}` is not built; run `cargo build --workspace --bins`")
        } else {
            format!("there is no command `{word}`")
        };
        return Err(Fault::new(format!("{why}\n{}", commands())));
    }
    let mut command = Command::new(program);
    if client {
        command.arg(word);
    }
    let failed = command.args(rest).exec();
    Err(Fault::new(format!("`{name}` cannot be started: {failed}")))
}

/// `guest bind` and `guest list` speak to the API; the other words of `guest` are the author's own tool and need no server.
fn for_client(word: &str, rest: &[OsString]) -> bool {
    word == "guest" && rest.first().is_some_and(|verb| verb == "bind" || verb == "list")
}

/// A command is a plain word: nothing that could name a file elsewhere.
fn legal(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// Prints what there is.
pub(crate) fn usage(code: u8) -> ExitCode {
    println!("Visiting: researchers come to the data; the data never goes to them.\n\n{}", commands());
    ExitCode::from(code)
}

fn commands() -> String {
    format!(
        "  visiting demo [--journey]            everything on this machine; with --journey one case from application to release\n  \
           visiting verify [--mutants [NAME…]]  every test; with --mutants that each invariant's test notices when it is broken\n  \
           visiting {}\n                                       a step of a case, over the API (`visiting client --help`)\n  \
           visiting X …                         runs visiting-X; built here: {}",
        CLIENT.replace(' ', "|"),
        built().join(", ")
    )
}

/// The programs beside this one.
fn built() -> Vec<String> {
    let entries = place::programs().ok().and_then(|folder| fs::read_dir(folder).ok());
    let names = entries.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
    let mut words: Vec<String> =
        names.filter_map(|name| name.strip_prefix("visiting-").filter(|word| legal(word)).map(str::to_owned)).collect();
    words.sort();
    if words.is_empty() { vec!["nothing yet (cargo build --workspace --bins)".to_owned()] } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_cannot_name_a_file_elsewhere() {
        assert!(legal("audit") && legal("client"));
        assert!(["", "../x", "a/b", "A", "a b"].iter().all(|word| !legal(word)));
    }

    #[test]
    fn an_unknown_word_is_answered_with_what_exists() {
        let answer = exec("no-such-word", &[]).unwrap_err().to_string();
        assert!(answer.contains("there is no command `no-such-word`") && answer.contains("visiting demo"));
    }
}
