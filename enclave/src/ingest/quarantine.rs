//! Rows that were not loaded: file, line and reason. Never a value of theirs.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use serde::Serialize;

/// The quarantine of one load, streamed to its file.
#[derive(Debug)]
pub(crate) struct Quarantine {
    out: BufWriter<File>,
    counts: BTreeMap<(String, String), u64>,
}

#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<usize>,
    reason: &'a str,
}

impl Quarantine {
    /// An empty one at `path`.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { out: BufWriter::new(File::create(path)?), counts: BTreeMap::new() })
    }

    /// Sets one row aside.
    pub(crate) fn add(&mut self, file: &str, line: u64, reason: &str) -> io::Result<()> {
        self.add_entry(file, line, None, reason)
    }

    /// Sets one entry of a document aside.
    pub(crate) fn add_entry(&mut self, file: &str, line: u64, entry: Option<usize>, reason: &str) -> io::Result<()> {
        self.note(file, line, entry, reason)?;
        *self.counts.entry((file.to_owned(), reason.to_owned())).or_default() += 1;
        Ok(())
    }

    /// Writes down what is counted elsewhere.
    pub(crate) fn note(&mut self, file: &str, line: u64, entry: Option<usize>, reason: &str) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, &Entry { file, line, entry, reason })?;
        self.out.write_all(b"\n")
    }

    /// Makes the file durable; how many rows by file and reason.
    pub(crate) fn finish(self) -> io::Result<BTreeMap<(String, String), u64>> {
        self.out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(self.counts)
    }
}
