//! From paths to documents: folders are walked, files opened plain or gzip, and read one document at a time within the limits.

use std::{
    cell::Cell,
    fs::{self, File},
    io::{self, BufRead, BufReader, Cursor, ErrorKind, Read},
    path::{Path, PathBuf},
    rc::Rc,
};

use flate2::read::MultiGzDecoder;

use super::{
    super::IngestError,
    limits::{DOCUMENT_MAX_BYTES, FILES_MAX, FOLDERS_DEEP_MAX, UNPACKED_FREE_BYTES, UNPACKED_RATIO_MAX},
};

const BUFFER_BYTES: usize = 1 << 16;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ENDINGS: [&str; 4] = [".json", ".json.gz", ".ndjson", ".ndjson.gz"];

/// A file to be read: where it lies and what reports call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// Where.
    pub(crate) path: PathBuf,
    /// Its path below the folder that was named.
    pub(crate) name: Rc<str>,
}

/// What is there: files to read, and what is not read, with the reason.
#[derive(Debug, Default)]
pub(crate) struct Finds {
    /// Files, in a fixed order.
    pub(crate) files: Vec<Found>,
    /// Others.
    pub(crate) others: Vec<(Rc<str>, &'static str)>,
}

/// Walks the paths. What was named by the caller is followed, links inside folders are not: they may run in a circle.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Finds, IngestError> {
    let mut finds = Finds::default();
    for path in paths {
        let unreadable = |e: io::Error| IngestError::Source(format!("{} cannot be read: {e}", path.display()));
        let about = fs::metadata(path).map_err(unreadable)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if about.is_dir() { walk(path, "", 0, &mut finds)? } else { finds.add(path, &name) }
    }
    Ok(finds)
}

fn walk(folder: &Path, prefix: &str, depth: usize, finds: &mut Finds) -> Result<(), IngestError> {
    let Ok(entries) = fs::read_dir(folder) else {
        finds.others.push((prefix.into(), "the folder cannot be read; check its rights"));
        return Ok(());
    };
    let mut entries: Vec<_> = entries.flatten().collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        match entry.file_type() {
            Ok(kind) if kind.is_symlink() => finds.others.push((name.into(), "a link; name the file or folder itself")),
            Ok(kind) if kind.is_dir() && depth >= FOLDERS_DEEP_MAX => finds.others.push((name.into(), "folders deeper than 32")),
            Ok(kind) if kind.is_dir() => walk(&entry.path(), &format!("{name}/"), depth + 1, finds)?,
            Ok(kind) if kind.is_file() => finds.add(&entry.path(), &name),
            _ => finds.others.push((name.into(), "not a file")),
        }
        if finds.files.len() > FILES_MAX {
            return Err(IngestError::Source(format!("more than {FILES_MAX} files; load them in parts, or as NDJSON")));
        }
    }
    Ok(())
}

impl Finds {
    fn add(&mut self, path: &Path, name: &str) {
        if ENDINGS.iter().any(|e| name.ends_with(e)) {
            self.files.push(Found { path: path.to_owned(), name: name.into() });
        } else {
            self.others.push((name.into(), "not .json, .ndjson or one of them with .gz"));
        }
    }
}

/// One open file.
pub(crate) struct Documents {
    reader: BufReader<Measured>,
    /// One document a line.
    lines: bool,
    line: u64,
    done: bool,
}

/// The next step through a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A document is in the buffer; its line.
    Document(u64),
    /// A document that cannot be one, its line and why; the next may be.
    Bad(u64, &'static str),
    /// The end.
    End,
}

impl Documents {
    /// Opens a file.
    pub(crate) fn open(found: &Found) -> io::Result<Self> {
        let lines = found.name.ends_with(".ndjson") || found.name.ends_with(".ndjson.gz");
        let reader = BufReader::with_capacity(BUFFER_BYTES, Measured::open(&found.path)?);
        Ok(Self { reader, lines, line: 0, done: false })
    }

    /// The next document into `buffer`, checked to be text.
    pub(crate) fn next(&mut self, buffer: &mut String) -> Step {
        buffer.clear();
        let mut bytes = std::mem::take(buffer).into_bytes();
        let step = if self.done { Step::End } else { self.read(&mut bytes) };
        match (step, String::from_utf8(bytes)) {
            (Step::Document(line), Ok(text)) => {
                *buffer = text;
                fault(buffer.as_bytes()).map_or(Step::Document(line), |reason| Step::Bad(line, reason))
            }
            (Step::Document(line), Err(e)) => Step::Bad(line, fault(e.as_bytes()).unwrap_or("not UTF-8 (Shift_JIS?); convert the file")),
            (step, _) => step,
        }
    }

    fn read(&mut self, bytes: &mut Vec<u8>) -> Step {
        if !self.lines {
            self.done = true;
            return match (&mut self.reader).take(DOCUMENT_MAX_BYTES + 1).read_to_end(bytes) {
                Err(e) => Step::Bad(1, broken(&e)),
                Ok(0) => Step::Bad(1, "an empty file"),
                Ok(_) if bytes.len() as u64 > DOCUMENT_MAX_BYTES => Step::Bad(1, TOO_LONG),
                Ok(_) => Step::Document(1),
            };
        }
        loop {
            bytes.clear();
            self.line += 1;
            match (&mut self.reader).take(DOCUMENT_MAX_BYTES + 1).read_until(b'\n', bytes) {
                Err(e) => {
                    self.done = true;
                    return Step::Bad(self.line, broken(&e));
                }
                Ok(0) => {
                    self.done = true;
                    return if self.line == 1 { Step::Bad(1, "an empty file") } else { Step::End };
                }
                Ok(_) if bytes.len() as u64 > DOCUMENT_MAX_BYTES => {
                    self.done = bytes.last() != Some(&b'\n') && self.skip_line().is_err();
                    return Step::Bad(self.line, TOO_LONG);
                }
                Ok(_) if bytes.iter().all(u8::is_ascii_whitespace) => {}
                Ok(_) => {
                    bytes.truncate(bytes.trim_ascii_end().len());
                    return Step::Document(self.line);
                }
            }
        }
    }

    /// Reads over the rest of a line that is too long, keeping none of it.
    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let held = self.reader.fill_buf()?;
            let end = held.iter().position(|b| *b == b'\n');
            let (over, length) = (end.is_some() || held.is_empty(), end.map_or(held.len(), |at| at + 1));
            self.reader.consume(length);
            if over {
                return Ok(());
            }
        }
    }
}

const TOO_LONG: &str = "longer than 32 MiB";

fn broken(error: &io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::FileTooLarge => "the compressed file unpacks to more than 250 times its size",
        ErrorKind::UnexpectedEof => "the compressed file ends too early",
        ErrorKind::InvalidInput | ErrorKind::InvalidData => "the compressed file is damaged",
        _ => "the file cannot be read",
    }
}

/// What shows at the bytes that they are no JSON text in UTF-8.
fn fault(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16; write UTF-8"),
        [0xef, 0xbb, 0xbf, ..] => Some("a byte order mark in front; write UTF-8 without one"),
        [0, b'{', ..] | [b'{', 0, ..] | [0, b'[', ..] | [b'[', 0, ..] => Some("UTF-16; write UTF-8"),
        _ if bytes.contains(&0) => Some("NUL bytes"),
        _ => None,
    }
}

/// The file's bytes, unpacked where they start like gzip, with an eye on how much comes out of how little.
struct Measured {
    inner: Box<dyn Read>,
    packed: Rc<Cell<u64>>,
    unpacked: u64,
}

impl Measured {
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = BufReader::with_capacity(BUFFER_BYTES, File::open(path)?);
        let mut magic = Vec::new();
        (&mut file).take(GZIP_MAGIC.len() as u64).read_to_end(&mut magic)?;
        let zipped = magic == GZIP_MAGIC;
        let packed = Rc::new(Cell::new(0));
        let whole = Counted { inner: Cursor::new(magic).chain(file), count: Rc::clone(&packed) };
        let inner: Box<dyn Read> = if zipped { Box::new(MultiGzDecoder::new(whole)) } else { Box::new(whole) };
        Ok(Self { inner, packed, unpacked: 0 })
    }
}

impl Read for Measured {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.unpacked += read as u64;
        let bomb = self.unpacked > UNPACKED_FREE_BYTES && self.unpacked / UNPACKED_RATIO_MAX > self.packed.get();
        if bomb { Err(ErrorKind::FileTooLarge.into()) } else { Ok(read) }
    }
}

struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count.set(self.count.get() + read as u64);
        Ok(read)
    }
}
