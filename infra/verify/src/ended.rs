//! How a verification ends: lines for the reader and an exit code for scripts.

use std::process::ExitCode;

/// Exit codes. Each names the first thing that does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A hidden cell of a table is not protected.
    Narrow = 1,
    /// The command was not understood, or an input could not be read.
    Usage = 2,
    /// A signature is missing, wrong or of another key, or too few witnesses cosigned.
    Signature = 10,
    /// The content does not lead to the signed root, or the file is not the receipt's.
    Root = 11,
    /// The log is not a continuation of the earlier checkpoint.
    Consistency = 12,
    /// The content is signed but against the law: an event out of form, or one that nothing allowed.
    Meaning = 13,
}

/// Lines for the reader, one a check, and the first fault.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// One line a check that was made, a final line last.
    pub lines: Vec<String>,
    /// What does not hold; `None` when everything does.
    pub fault: Option<Fault>,
}

impl Ended {
    /// Notes a check that holds.
    pub fn holds(&mut self, check: &str, text: impl std::fmt::Display) {
        self.lines.push(format!("ok      {check:<12} {text}"));
    }

    /// Notes something that was not checked.
    pub fn not_checked(&mut self, check: &str, text: impl std::fmt::Display) {
        self.lines.push(format!("--      {check:<12} not checked: {text}"));
    }

    /// Notes what was found, which is no check.
    pub fn tells(&mut self, about: &str, text: impl std::fmt::Display) {
        self.lines.push(format!("        {about:<12} {text}"));
    }

    /// Notes a check that fails; the end of it.
    #[must_use]
    pub fn fails(mut self, fault: Fault, check: &str, text: impl std::fmt::Display) -> Self {
        self.lines.push(format!("FAILED  {check:<12} {text}"));
        self.lines.push(format!("not sound ({check}); exit code {}", fault as u8));
        self.fault = Some(fault);
        self
    }

    /// Everything was checked and holds.
    #[must_use]
    pub fn sound(mut self, text: impl std::fmt::Display) -> Self {
        self.lines.push(format!("sound: {text}"));
        self
    }

    /// A command that was not understood.
    #[must_use]
    pub fn usage(text: impl std::fmt::Display) -> Self {
        Self { lines: vec![text.to_string()], fault: Some(Fault::Usage) }
    }

    /// Prints the lines (to standard error when the command was not understood) and gives the exit code.
    #[must_use]
    pub fn print(self) -> ExitCode {
        for line in &self.lines {
            if self.fault == Some(Fault::Usage) { eprintln!("{line}") } else { println!("{line}") }
        }
        self.fault.map_or(ExitCode::SUCCESS, |fault| ExitCode::from(fault as u8))
    }
}
