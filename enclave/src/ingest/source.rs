//! Source files: found by name, opened plain or gzip, read row by row within bounded memory.

use std::{
    cell::Cell,
    fs::{self, File},
    io::{self, BufReader, Chain, Cursor, Read},
    path::{Path, PathBuf},
};

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use flate2::read::MultiGzDecoder;

use super::{IngestError, mapping::Mapping};

/// Bytes that may be read without a row ending: an unclosed quote must not pull the whole file into memory.
const ROW_MAX_BYTES: u64 = 1 << 20;
const BUFFER_BYTES: usize = 1 << 16;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Files of `paths` (files, or folders' files) that the mapping names, in a fixed order.
pub(crate) fn find(paths: &[PathBuf], mapping: &Mapping) -> Result<Vec<PathBuf>, IngestError> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = |e: io::Error| IngestError::Source(format!("{} cannot be read: {e}", path.display()));
        if fs::metadata(path).map_err(unreadable)?.is_dir() {
            let mut inside = Vec::new();
            for entry in fs::read_dir(path).map_err(unreadable)? {
                inside.push(entry.map_err(unreadable)?.path());
            }
            inside.retain(|p| p.is_file() && mapping.source.iter().any(|s| s.names(&name(p))));
            inside.sort();
            files.extend(inside);
        } else if mapping.source.iter().any(|s| s.names(&name(path))) {
            files.push(path.clone());
        } else {
            println!("skipped {}: the mapping names no such file", name(path));
        }
    }
    if files.is_empty() {
        let wanted: Vec<&str> = mapping.source.iter().map(|s| s.file.as_str()).collect();
        return Err(IngestError::Source(format!("no file there is named in the mapping; it reads {}", wanted.join(", "))));
    }
    Ok(files)
}

/// A file's name without its folder: reports must not tell where things lie.
pub(crate) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// One open file, its header read.
pub(crate) struct Rows {
    reader: Reader<Bounded>,
    header: Vec<String>,
    record: ByteRecord,
}

/// What the next step through a file gives.
pub(crate) enum Step<'a> {
    /// A row as wide as the header, valid UTF-8, and its line.
    Row(&'a csv::StringRecord, u64),
    /// A row that is none, its line and why.
    Bad(u64, &'static str),
    /// The rest cannot be read: last line and why.
    Broken(u64, &'static str),
    /// The end.
    End,
}

impl Rows {
    /// Opens a file; the reason when it has no readable header.
    pub(crate) fn open(path: &Path) -> Result<Self, &'static str> {
        let bytes = plain(path).map_err(|_| "the file cannot be opened")?;
        let bounded = Bounded { inner: bytes, since_row: Cell::new(0) };
        let mut reader = ReaderBuilder::new().flexible(true).buffer_capacity(BUFFER_BYTES).from_reader(bounded);
        let header = match reader.headers() {
            Ok(header) if header.iter().all(str::is_empty) => return Err("the file has no header"),
            Ok(header) => header.iter().map(|h| h.trim_start_matches('\u{feff}').trim().to_owned()).collect(),
            Err(_) => return Err("the header cannot be read: damaged compression or no UTF-8"),
        };
        Ok(Self { reader, header, record: ByteRecord::new() })
    }

    /// Where a column is.
    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        self.header.iter().position(|h| h == column)
    }

    /// The next row into `row`.
    pub(crate) fn next<'a>(&mut self, row: &'a mut csv::StringRecord) -> Step<'a> {
        self.reader.get_ref().since_row.set(0);
        let line = self.reader.position().line();
        match self.reader.read_byte_record(&mut self.record) {
            Ok(false) => return Step::End,
            Ok(true) => {}
            Err(error) => return Step::Broken(line, broken(&error)),
        }
        let line = self.record.position().map_or(line, csv::Position::line);
        if self.record.len() != self.header.len() {
            return Step::Bad(line, "the row has not as many fields as the header");
        }
        match csv::StringRecord::from_byte_record(std::mem::take(&mut self.record)) {
            Ok(text) => {
                // The old row's memory serves the next record.
                self.record = std::mem::replace(row, text).into_byte_record();
                Step::Row(row, line)
            }
            Err(_) => Step::Bad(line, "the row is not UTF-8"),
        }
    }
}

fn broken(error: &csv::Error) -> &'static str {
    match error.kind() {
        ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::FileTooLarge => {
            "a row is longer than 1 MiB; look for an unclosed quote. The rest was not read"
        }
        ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => "the compressed file ends too early; the rest is missing",
        _ => "the rest of the file is damaged and cannot be read",
    }
}

type Peeked = Chain<Cursor<Vec<u8>>, BufReader<File>>;

/// The file's bytes, unpacked where it starts like gzip, whatever its name says.
fn plain(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
    let mut magic = Vec::new();
    (&mut file).take(GZIP_MAGIC.len() as u64).read_to_end(&mut magic)?;
    let packed = magic == GZIP_MAGIC;
    let whole: Peeked = Cursor::new(magic).chain(file);
    Ok(if packed { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) })
}

/// Fails when too much is read without [`Rows::next`] finding the end of a row.
struct Bounded {
    inner: Box<dyn Read>,
    since_row: Cell<u64>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row.get() > ROW_MAX_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.inner.read(buffer)?;
        self.since_row.set(self.since_row.get() + read as u64);
        Ok(read)
    }
}
