//! `visiting guest check` and `visiting guest trim`: what an author needs before an upload. Works on files only.

use std::{fs, path::Path, process::ExitCode};

const USAGE: &str =
    "visiting guest check FILE.wasm [--manifest FILE.toml]   does a guest pass intake? tells everything that is wrong at once
visiting guest trim IN OUT                              takes away what a compiler left and nothing uses";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["check", module] => check(&Path::new(module).with_extension("toml"), Path::new(module)),
        ["check", module, "--manifest", manifest] | ["check", "--manifest", manifest, module] => {
            check(Path::new(manifest), Path::new(module))
        }
        ["trim", from, to] => trim(Path::new(from), Path::new(to)),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{fault}");
            ExitCode::FAILURE
        }
    }
}

fn check(manifest: &Path, module: &Path) -> Result<String, String> {
    let text = String::from_utf8(read(manifest)?).map_err(|_| format!("{} is not UTF-8", manifest.display()))?;
    let accepted = visiting_intake::examine(&text, &read(module)?).map_err(|report| report.to_string())?;
    let checked = accepted.checked.iter().map(|words| format!("{}\n  {}\n", words.en, words.ja)).collect::<String>();
    Ok(format!("{checked}taken: {} {}", accepted.manifest.name, accepted.digest))
}

fn trim(from: &Path, to: &Path) -> Result<String, String> {
    let before = read(from)?;
    let after = visiting_intake::trim(&before).map_err(|fault| fault.to_string())?;
    fs::write(to, &after).map_err(|error| format!("{}: {error}", to.display()))?;
    Ok(format!("{} bytes became {}", before.len(), after.len()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
