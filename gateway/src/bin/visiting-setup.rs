//! `visiting setup`: makes the data folder of a demo. `visiting setup --forget PERSON` erases a name. `visiting setup --witness VKEY=URL`
//! names who must stand by the log. `visiting setup --rotate-log-key` makes the log's next key.

use std::process::ExitCode;

use visiting_gateway::{home::Home, rotation, setup};

fn main() -> ExitCode {
    let home = Home::from_env();
    let done = match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [] => setup::prepare(&home).map(|()| format!("data folder ready: {}", home.path().display())),
        [flag, person] if flag == "--forget" => {
            setup::forget(&home, person).map(|known| if known { "the name is erased" } else { "there was no name" }.to_owned())
        }
        [flag, rest @ ..] if flag == "--witness" && !rest.is_empty() => witnesses(&home, rest),
        [flag] if flag == "--rotate-log-key" => rotation::prepare(&home).map(|vkey| {
            format!(
                "the log's next key is {vkey}\n\
                 it is in force from the gateway's next start on. Before that: every witness trusts it (`visiting-witness trust --log {vkey}`), \
                 and the enclave starts again with it in its policy. Auditors and followers get it from you: `--key`, `--log-key`. \
                 Once the log is published under it, every witness forgets the key so far (`visiting-witness distrust`): a stolen one is still good there."
            )
        }),
        _ => {
            eprintln!("usage: visiting setup [--forget PERSON | --witness VKEY=URL... [--quorum N] | --rotate-log-key]");
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

fn witnesses(home: &Home, rest: &[String]) -> Result<String, setup::SetupError> {
    let (named, quorum) = match rest {
        [named @ .., flag, quorum] if flag == "--quorum" => {
            let number = quorum.parse().map_err(|_| setup::SetupError::Witness(format!("--quorum {quorum} is no number")))?;
            (named, Some(number))
        }
        named => (named, None),
    };
    setup::set_witnesses(home, named, quorum)?;
    Ok(format!("{} witnesses are asked from the next start on", named.len()))
}
