//! CSV files being written.

use std::{
    fmt::{Arguments, Display},
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
};

/// One file. No field of ours needs quotes.
#[derive(Debug)]
pub(crate) struct Sheet {
    name: String,
    out: BufWriter<File>,
    rows: u64,
}

impl Sheet {
    /// An empty file below `folder`, with its header.
    pub(crate) fn create(folder: &Path, name: &str, header: &str) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut out = BufWriter::with_capacity(1 << 18, File::create(folder.join(name))?);
        writeln!(out, "{header}")?;
        let label = folder.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self { name: format!("{label}/{name}"), out, rows: 0 })
    }

    /// One row.
    pub(crate) fn row(&mut self, fields: Arguments<'_>) -> io::Result<()> {
        self.rows += 1;
        self.out.write_fmt(fields)?;
        self.out.write_all(b"\n")
    }

    /// Name and rows, once everything is written.
    pub(crate) fn finish(mut self) -> io::Result<(String, u64)> {
        self.out.flush()?;
        Ok((self.name, self.rows))
    }
}

/// A value with one decimal place, from tenths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tenths(pub(crate) u64);

impl Display for Tenths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}
