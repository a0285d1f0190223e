//! Reads what `strace -f -y -s 0` writes: `PID name(args) = result`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// One system call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The thread.
    pub thread: u32,
    /// How many of the traced calls of this name the thread has made, this one included: what strace's `when` counts.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// The arguments as strace writes them.
    pub args: String,
    /// What came of it, as strace writes it; empty when the process ended meanwhile.
    pub result: String,
}

impl Call {
    /// The files it names, by path or by an open file; never the working directory.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        // Between quotes are paths (data are cut to nothing by `-s 0`), outside of them what `-y` says of open files.
        self.args.split('"').enumerate().flat_map(|(number, part)| {
            let quoted = (number % 2 == 1).then_some(part);
            let open = part.split("AT_FDCWD<").flat_map(|p| p.split('<').skip(1)).map_while(|p| p.split('>').next());
            quoted.into_iter().chain(open.filter(move |_| number % 2 == 0)).filter(|path| path.starts_with('/')).map(Path::new)
        })
    }

    /// True when it names something in this folder, or the folder itself.
    #[must_use]
    pub fn touches(&self, folder: &Path) -> bool {
        self.paths().any(|path| path.starts_with(folder))
    }

    /// True when it did what it was asked to.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.result.starts_with(|c: char| c.is_ascii_digit())
    }

    /// True when something was written to standard output: what a program has told the world.
    #[must_use]
    pub fn says(&self) -> bool {
        self.name == "write" && self.args.split(['<', ',']).next() == Some("1")
    }

    /// True when strace made it fail, or when the process was killed in it.
    #[must_use]
    pub fn hit(&self) -> bool {
        self.result.contains("(INJECTED)") || self.result.is_empty() || self.result.starts_with('?')
    }
}

/// All calls, in the order in which they were begun.
pub(crate) fn read(log: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut numbers = BTreeMap::<(u32, String), u32>::new();
    let mut begun = BTreeMap::<u32, usize>::new();
    for line in log.lines() {
        let Some((thread, text)) = line.split_once(' ') else { continue };
        let (Ok(thread), text) = (thread.parse(), text.trim_start()) else { continue };
        if text.starts_with("<... ") {
            let call = begun.remove(&thread).and_then(|at| calls.get_mut(at));
            if let (Some(call), Some((_, result))) = (call, text.rsplit_once(" = ")) {
                result.trim().clone_into(&mut call.result);
            }
            continue;
        }
        let Some((name, rest)) = text.split_once('(') else { continue };
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            continue;
        }
        let number = numbers.entry((thread, name.to_owned())).or_default();
        *number += 1;
        let (args, result) = match rest.split_once(" <unfinished ...>") {
            Some((args, _)) => (args, ""),
            None => rest.rsplit_once(" = ").map_or((rest, ""), |(args, result)| (args.trim_end().trim_end_matches(')'), result)),
        };
        begun.insert(thread, calls.len());
        let (name, args, result) = (name.to_owned(), args.to_owned(), result.trim().to_owned());
        calls.push(Call { thread, number: *number, name, args, result });
    }
    calls
}

/// The path after the other one in a call that has two.
pub(crate) fn last(call: &Call) -> Option<PathBuf> {
    call.paths().last().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
7  openat(AT_FDCWD</d/f>, \"/d/f/a.new\", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0666) = 3</d/f/a.new>
7  write(3</d/f/a.new>, \"\"..., 12) = 12
8  fsync(4</d/f> <unfinished ...>
7  write(1<pipe:[99]>, \"\"..., 5)      = 5
8  <... fsync resumed>)              = -1 EIO (Input/output error) (INJECTED)
7  rename(\"/d/f/a.new\", \"/d/f/a\") = 0
7  fsync(5</d/f>)                    = ?
7  +++ killed by SIGKILL +++
8  --- SIGCHLD {si_signo=SIGCHLD} ---
";

    #[test]
    fn calls_are_read_with_their_threads_numbers_and_paths() {
        let calls = read(LOG);
        let names: Vec<_> = calls.iter().map(|c| (c.thread, c.name.as_str(), c.number, c.hit())).collect();
        let expected = [
            (7, "openat", 1, false),
            (7, "write", 1, false),
            (8, "fsync", 1, true),
            (7, "write", 2, false),
            (7, "rename", 1, false),
            (7, "fsync", 1, true),
        ];
        assert_eq!(names, expected);
        assert_eq!(calls[0].paths().collect::<Vec<_>>(), [Path::new("/d/f/a.new")], "the working directory is no argument");
        assert_eq!(calls[4].paths().collect::<Vec<_>>(), [Path::new("/d/f/a.new"), Path::new("/d/f/a")]);
        assert!(calls[3].says() && !calls[1].says() && !calls[3].touches(Path::new("/d/f")));
        assert!(calls[2].touches(Path::new("/d/f")) && calls[0].succeeded() && !calls[2].succeeded() && !calls[5].succeeded());
    }
}
