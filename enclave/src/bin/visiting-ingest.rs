//! `visiting ingest`: loads a listing's data into the vault.

use std::{path::PathBuf, process::ExitCode, time::Instant};

use lexopt::{Arg, Parser, ValueExt};
use visiting_enclave::{
    config::Config,
    ingest::{self, IngestError, Request, fhir},
};

const USAGE: &str = "usage: visiting-ingest --format table --mapping FILE [--listing ID] PATH...
       visiting-ingest --format fhir [--mapping FILE] [--listing ID] PATH...
  PATH is a file or a folder of files; plain or gzip. FHIR: .json (one resource) and .ndjson (one a line)";

enum Job {
    Table(Request),
    Fhir(fhir::Request),
}

fn main() -> ExitCode {
    let job = match arguments() {
        Ok(job) => job,
        Err(error) => {
            eprintln!("visiting-ingest: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let started = Instant::now();
    match load(&job) {
        Ok(report) => {
            print!("{report}");
            println!("loaded in {:.1} s", started.elapsed().as_secs_f64());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("visiting-ingest: {error}");
            ExitCode::FAILURE
        }
    }
}

fn load(job: &Job) -> Result<String, IngestError> {
    match job {
        Job::Table(request) => ingest::load(request).map(|summary| summary.to_string()),
        Job::Fhir(request) => fhir::load(request).map(|report| report.to_string()),
    }
}

fn arguments() -> Result<Job, lexopt::Error> {
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
    if paths.is_empty() {
        return Err("name at least one file or folder".into());
    }
    let config = Config::from_env();
    let home = config.home.parent().map(PathBuf::from).unwrap_or_default();
    let (linkage, vault) = (config.linkage.clone(), config.vault());
    match format.as_deref() {
        Some("table") => {
            let mapping = mapping.ok_or("--mapping FILE is missing")?;
            Ok(Job::Table(Request { home, linkage, vault, mapping, listing, paths }))
        }
        Some("fhir") => Ok(Job::Fhir(fhir::Request { home, linkage, vault, mapping, listing, paths })),
        _ => Err("this version reads --format table and --format fhir".into()),
    }
}
