//! A test that cannot run says so aloud; silence would read as "passed".

use std::io::Write;

/// What a reason starts with when only the inputs beside the workspace are missing.
pub const SHARED: &str = "shared:";

/// Prints the reason and adds it to the file that `VISITING_SKIPS_FILE` names (a line `test<TAB>reason`), for `visiting verify`.
///
/// # Panics
/// With `VISITING_REQUIRE=all`, unless the reason starts with [`SHARED`].
#[allow(clippy::panic, reason = "where every test is required, a skip is a failure")]
pub fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    eprintln!("SKIPPED {test}: {reason}");
    if let Some(file) = std::env::var_os("VISITING_SKIPS_FILE") {
        let opened = std::fs::OpenOptions::new().create(true).append(true).open(file);
        // One write call: tests skip from several threads.
        let written = opened.and_then(|mut f| f.write_all(format!("{test}\t{reason}\n").as_bytes()));
        if let Err(error) = written {
            eprintln!("the skip could not be noted: {error}");
        }
    }
    let required = std::env::var("VISITING_REQUIRE").is_ok_and(|value| value == "all");
    if required && !reason.starts_with(SHARED) {
        panic!("VISITING_REQUIRE=all, and this was skipped: {reason}");
    }
}
