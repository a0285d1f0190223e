//! What a power loss could take: replays the calls of a trace and knows what was written and not synced.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::trace::{self, Call};

/// A folder as the calls leave it. Bytes are safe once their file is synced, a name once its folder is.
///
/// Of names only new ones are looked at: what was unlinked and comes back is not counted as a loss. What is written through a
/// memory map is not seen.
#[derive(Debug, Clone)]
pub struct Disk {
    folder: PathBuf,
    known: BTreeSet<PathBuf>,
    unsynced: BTreeSet<PathBuf>,
    unlisted: BTreeSet<PathBuf>,
}

impl Disk {
    /// The folder as it lies there now, all of it safe.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let mut disk = Self { folder: folder.to_owned(), known: BTreeSet::new(), unsynced: BTreeSet::new(), unlisted: BTreeSet::new() };
        disk.walk(folder);
        disk
    }

    fn walk(&mut self, folder: &Path) {
        self.known.insert(folder.to_owned());
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                self.walk(&entry.path());
            } else {
                self.known.insert(entry.path());
            }
        }
    }

    /// Takes the next call into account.
    pub fn after(&mut self, call: &Call) {
        let Some(path) = call.paths().find(|path| path.starts_with(&self.folder)).map(Path::to_owned) else { return };
        if !call.succeeded() {
            return;
        }
        match call.name.as_str() {
            "openat" if call.args.contains("O_CREAT") && self.known.insert(path.clone()) => {
                self.unlisted.insert(path);
            }
            "openat" if call.args.contains("O_TRUNC") => {
                self.unsynced.insert(path);
            }
            "write" | "pwrite64" | "writev" | "pwritev" | "ftruncate" | "fallocate" => {
                self.unsynced.insert(path);
            }
            "fsync" | "fdatasync" => {
                self.unsynced.remove(&path);
                self.unlisted.retain(|name| name.parent() != Some(&path));
            }
            "rename" | "renameat" | "renameat2" => self.renamed(&path, trace::last(call)),
            "mkdir" | "mkdirat" => {
                self.known.insert(path.clone());
                self.unlisted.insert(path);
            }
            "unlink" | "unlinkat" | "rmdir" => {
                for all in [&mut self.known, &mut self.unsynced, &mut self.unlisted] {
                    all.remove(&path);
                }
            }
            _ => {}
        }
    }

    fn renamed(&mut self, from: &Path, to: Option<PathBuf>) {
        let Some(to) = to else { return };
        self.known.remove(from);
        self.unlisted.remove(from);
        if self.unsynced.remove(from) {
            self.unsynced.insert(to.clone());
        } else {
            self.unsynced.remove(&to);
        }
        self.known.insert(to.clone());
        self.unlisted.insert(to);
    }

    /// What a power loss now could take: files whose bytes are not synced, and files and folders whose name is not.
    pub fn at_risk(&self) -> impl Iterator<Item = &Path> {
        self.unsynced.union(&self.unlisted).map(PathBuf::as_path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, args: &str) -> Call {
        Call { thread: 1, number: 1, name: name.to_owned(), args: args.to_owned(), result: "0".to_owned() }
    }

    #[test]
    fn bytes_need_a_sync_of_the_file_and_names_one_of_the_folder() {
        let mut disk = Disk::of(Path::new("/no/such/folder"));
        let risk = |disk: &mut Disk, name: &str, args: &str| {
            disk.after(&call(name, args));
            disk.at_risk().map(|path| path.strip_prefix("/no/such/folder").unwrap().display().to_string()).collect::<Vec<_>>()
        };
        assert_eq!(risk(&mut disk, "mkdir", "\"/no/such/folder/t\", 0777"), ["t"]);
        assert_eq!(risk(&mut disk, "openat", "AT_FDCWD</>, \"/no/such/folder/t/a.new\", O_WRONLY|O_CREAT|O_TRUNC, 0666"), ["t", "t/a.new"]);
        assert_eq!(risk(&mut disk, "fsync", "3</no/such/folder/t>"), ["t"]);
        assert_eq!(risk(&mut disk, "write", "3</no/such/folder/t/a.new>, \"\"..., 5"), ["t", "t/a.new"]);
        assert_eq!(risk(&mut disk, "rename", "\"/no/such/folder/t/a.new\", \"/no/such/folder/t/a\""), ["t", "t/a"]);
        assert_eq!(risk(&mut disk, "fsync", "3</no/such/folder/t>"), ["t", "t/a"], "the bytes are not there yet");
        assert_eq!(risk(&mut disk, "fdatasync", "3</no/such/folder/t/a>"), ["t"]);
        assert_eq!(risk(&mut disk, "fsync", "3</no/such/folder>"), [""; 0]);
        assert_eq!(risk(&mut disk, "openat", "AT_FDCWD</>, \"/no/such/folder/t/a\", O_RDWR|O_CREAT, 0666"), [""; 0], "it was there");
        assert_eq!(risk(&mut disk, "openat", "AT_FDCWD</>, \"/no/such/folder/t/a\", O_RDWR|O_TRUNC, 0666"), ["t/a"]);
        assert_eq!(risk(&mut disk, "unlink", "\"/no/such/folder/t/a\""), [""; 0]);
        assert_eq!(risk(&mut disk, "write", "3</elsewhere>, \"\"..., 5"), [""; 0]);
    }
}
