//! Files that are there whole or not at all, and survive a power loss once they are said to be there.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    thread::{self, Builder},
};

/// Threads that sync: measured, 64 tiles take two thirds of the time that they take one after the other, and more threads help no more.
const SYNCS_AT_ONCE: usize = 8;

/// Writes several files: each under a name of its own first, then synced, then renamed; at last the folders are synced.
pub(crate) fn write(files: &[(PathBuf, &[u8])]) -> io::Result<()> {
    let (mut folders, mut written) = (BTreeSet::new(), Vec::with_capacity(files.len()));
    for (path, bytes) in files {
        let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        make_folders(folder)?;
        let mut file = File::create(beside(path))?;
        file.write_all(bytes)?;
        written.push(file);
        folders.insert(folder.to_owned());
    }
    sync(&written)?;
    for (path, _) in files {
        fs::rename(beside(path), path)?;
    }
    folders.iter().try_for_each(|folder| File::open(folder)?.sync_all())
}

/// Many at a time share the file system's own waits; a few are not worth a thread.
fn sync(files: &[File]) -> io::Result<()> {
    let share = files.len().div_ceil(SYNCS_AT_ONCE);
    if share <= 1 {
        return one_by_one(files);
    }
    thread::scope(|scope| {
        // A machine that has no thread to give has a disk all the same: that part is synced here.
        let part = |part| Builder::new().spawn_scoped(scope, move || one_by_one(part)).map_err(|_| one_by_one(part));
        let parts: Vec<_> = files.chunks(share).map(part).collect();
        let ended = |_| Err(io::Error::other("a file could not be synced"));
        parts.into_iter().try_for_each(|part| match part {
            Ok(part) => part.join().unwrap_or_else(ended),
            Err(synced) => synced,
        })
    })
}

fn one_by_one(files: &[File]) -> io::Result<()> {
    files.iter().try_for_each(File::sync_all)
}

/// Where a file is written before it is renamed: in the same folder, under a name that is no tile's.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}

/// Makes a folder and those above it, each name synced before anything is put under it. So a folder that holds something has a name
/// that a power loss leaves, and one that is empty may have been made by a process that was killed before the sync.
fn make_folders(folder: &Path) -> io::Result<()> {
    match fs::read_dir(folder).map(|mut entries| entries.next().is_none()) {
        Ok(false) => return Ok(()),
        Ok(true) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(above) = folder.parent() {
                make_folders(above)?;
            }
            match fs::create_dir(folder) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        Err(error) => return Err(error),
    }
    folder.parent().map_or(Ok(()), |above| File::open(above)?.sync_all())
}

/// Reads a file of at most `limit` bytes; `None` when it is not there.
pub(crate) fn read(path: &Path, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let file = match fs::metadata(path) {
        // A copy from somebody else may hold a pipe, which would never end.
        Ok(about) if !about.is_file() => return Err(io::Error::other(format!("{} is no file", path.display()))),
        Ok(_) => File::open(path)?,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{} is too long", path.display())));
    }
    Ok(Some(bytes))
}
