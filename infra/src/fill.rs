//! Fills a demo's data folder: keys and rosters, the synthetic population, FHIR Bundles, and the OMOP set where it is there.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use crate::{cargo, fault::Fault, place};

/// The listings that the synthetic population fills.
const SYNTHETIC: [&str; 2] = ["ndb", "kaigo"];
/// The listings that the generated Bundles fill.
const FHIR: [&str; 2] = ["jpclins", "hs037"];
/// Bundles of each type in a demo: enough for tables that are shown, and made and loaded in about a second.
const BUNDLES: &str = "500";
/// The files of the OMOP set that the journey uses.
const OMOP: [&str; 2] = ["person.csv.gz", "condition_occurrence.csv.gz"];

/// Everything that a demo needs before its processes start. Done already is not done again.
pub(crate) fn fill(home: &Path) -> Result<(), Fault> {
    tool(home, "visiting-setup", &[])?;
    let tree = place::tree()?;
    synthetic(home, &tree)?;
    fhir(home)?;
    omop(home, &tree)
}

fn synthetic(home: &Path, tree: &Path) -> Result<(), Fault> {
    let source = home.join("source");
    // Identities may stand in the clear only while they are loaded; a run that was interrupted may have left them.
    remove(&source)?;
    let missing: Vec<&str> = SYNTHETIC.into_iter().filter(|listing| !loaded(home, listing)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    step("making a synthetic population of 100,000 people");
    let done = tool(home, "visiting-population", &["--out".as_ref(), source.as_os_str()])
        .and_then(|()| missing.iter().try_for_each(|listing| ingest(home, tree, listing, &[source.join(listing)])));
    remove(&source)?;
    done
}

fn fhir(home: &Path) -> Result<(), Fault> {
    let source = home.join("source");
    if FHIR.iter().all(|listing| loaded(home, listing)) {
        return Ok(());
    }
    step(&format!("making and loading FHIR Bundles, {BUNDLES} of each type"));
    let mut out: Vec<&std::ffi::OsStr> = ["--variant", "fhir", "--people", BUNDLES, "--out"].map(AsRef::as_ref).into();
    out.push(source.as_os_str());
    let folder = source.join("fhir");
    let done = tool(home, "visiting-population", &out)
        .and_then(|()| tool(home, "visiting-ingest", &["--format".as_ref(), "fhir".as_ref(), folder.as_os_str()]));
    remove(&source)?;
    done
}

fn omop(home: &Path, tree: &Path) -> Result<(), Fault> {
    let set = place::shared(tree).join("data/omop_synthea1k");
    if loaded(home, "omop") {
        return Ok(());
    }
    if !set.is_dir() {
        step("skipped: the OMOP set is not beside the source tree (../shared/data/omop_synthea1k)");
        return Ok(());
    }
    ingest(home, tree, "omop", &OMOP.map(|file| set.join(file)))
}

fn ingest(home: &Path, tree: &Path, listing: &str, paths: &[PathBuf]) -> Result<(), Fault> {
    let start = Instant::now();
    step(&format!("loading {listing}"));
    let mapping = tree.join("catalog/mappings").join(format!("{listing}.toml"));
    let mut args = vec!["--format".as_ref(), "table".as_ref(), "--mapping".as_ref(), mapping.as_os_str()];
    args.extend(paths.iter().map(|path| path.as_os_str()));
    tool(home, "visiting-ingest", &args)?;
    step(&format!("loaded {listing} in {:.1} s", start.elapsed().as_secs_f64()));
    Ok(())
}

/// True when the vault has a version of the listing. Versions are renamed into place whole.
fn loaded(home: &Path, listing: &str) -> bool {
    let versions = fs::read_dir(home.join("enclave/vault").join(listing));
    versions.is_ok_and(|entries| entries.flatten().any(|version| version.path().join("manifest.json").is_file()))
}

fn tool(home: &Path, name: &str, args: &[&std::ffi::OsStr]) -> Result<(), Fault> {
    let mut command = Command::new(place::programs()?.join(name));
    cargo::run(command.args(args).env("VISITING_HOME", home).stdin(Stdio::null()))
}

fn remove(folder: &Path) -> Result<(), Fault> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder)
        .map_err(Fault::at("the source files of the demo cannot be removed; delete the folder `source` in VISITING_HOME"))
}

/// A line of progress.
pub(crate) fn step(text: &str) {
    eprintln!("visiting: {text}");
}
