//! The launcher's one error: a sentence that says what to do.

/// What went wrong, for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) String);

impl Fault {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For `map_err`: puts what was tried before the system's own words.
    pub(crate) fn at<E: std::fmt::Display>(tried: impl std::fmt::Display) -> impl FnOnce(E) -> Self {
        move |e| Self(format!("{tried}: {e}"))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
