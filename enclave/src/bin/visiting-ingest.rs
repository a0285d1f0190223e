//! `visiting ingest`: loads a listing's data into the vault.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use lexopt::{Arg, Parser, ValueExt};
use visiting_enclave::{
    config::Config,
    ingest::{self, Request},
};

const USAGE: &str = "usage: visiting-ingest --format table --mapping FILE [--listing ID] PATH...
  PATH is a file or a folder of files; plain or gzip";

fn main() -> ExitCode {
    let request = match arguments() {
        Ok(request) => request,
        Err(error) => {
            eprintln!("visiting-ingest: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    match ingest::load(&request) {
        Ok(summary) => {
            print!("{summary}");
            println!("loaded in {:.1} s", started.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("visiting-ingest: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments() -> Result<Request, lexopt::Error> {
    let (mut format, mut mapping, mut listing, mut paths) = (None, None, None, Vec::new());
    let mut parser = Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Long("format") => format = Some(parser.value()?.string()?),
            Arg::Long("mapping") => mapping = Some(PathBuf::from(parser.value()?)),
            Arg::Long("listing") => listing = Some(parser.value()?.string()?),
            Arg::Value(path) => paths.push(PathBuf::from(path)),
            other => return Err(other.unexpected()),
        }
    }
    if format.as_deref() != Some("table") {
        return Err("this version reads --format table only".into());
    }
    let mapping = mapping.ok_or("--mapping FILE is missing")?;
    if paths.is_empty() {
        return Err("name at least one file or folder".into());
    }
    let config = Config::from_env();
    let home = config.home.parent().map(PathBuf::from).unwrap_or_default();
    Ok(Request { home, linkage: config.linkage.clone(), vault: config.vault(), mapping, listing, paths })
}
