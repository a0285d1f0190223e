//! Reads what `cargo test` prints: how many tests passed, and the names of those that failed.

use std::{
    io::{BufRead, BufReader},
    process::{Command, ExitStatus, Stdio},
};

use crate::fault::Fault;

/// The outcome of one `cargo test`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) ignored: usize,
    /// Names of failed tests, as libtest prints them.
    pub(crate) failed: Vec<String>,
    listing: bool,
}

impl Tally {
    /// Takes one line of output.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += before(result, " passed");
            self.ignored += before(result, " ignored");
        }
        // The closing block: `failures:`, then one name a line, indented by four. The opening block goes on with a blank line.
        match line.strip_prefix("    ") {
            Some(name) if self.listing => self.failed.push(name.trim_end().to_owned()),
            _ => self.listing = line == "failures:",
        }
    }
}

/// The number that stands before `word`.
fn before(line: &str, word: &str) -> usize {
    let digits = line.split(word).next().and_then(|text| text.rsplit(' ').next());
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Runs tests, hands each line to `each` and tallies them. Programs that die without a result count as one failure.
pub(crate) fn tally(command: &mut Command, mut each: impl FnMut(&str)) -> Result<Tally, Fault> {
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(Fault::at("cargo cannot be started"))?;
    let mut tally = Tally::default();
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).split(b'\n')).map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        tally.read(&line);
        each(&line);
    }
    let status: ExitStatus = child.wait().map_err(Fault::at("cargo test"))?;
    if !status.success() && tally.failed.is_empty() {
        tally.failed.push("(a test program did not build or died before its result)".to_owned());
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "running 3 tests\ntest a::one ... ok\ntest a::two ... FAILED\ntest b ... ignored\n\nfailures:\n\n---- a::two stdout ----\n    \
        indented text of a test\n\nfailures:\n    a::two\n\ntest result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n\
        running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    #[test]
    fn results_of_several_programs_add_up() {
        let mut tally = Tally::default();
        OUTPUT.lines().for_each(|line| tally.read(line));
        assert_eq!((tally.passed, tally.ignored, tally.failed), (3, 1, vec!["a::two".to_owned()]));
    }
}
