//! The file system becomes an empty directory. The program was started from the old one, so this is the worker's to do.

use rustix::io;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount};
use rustix::process::{chdir, pivot_root};

/// Any directory will do as the place of the new root until it is the root; this one was just needed by the launcher, so it is there.
const PLACE: &str = "/proc";

pub(crate) fn empty() -> io::Result<()> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    let flags = MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("none", PLACE, "tmpfs", flags, Some(c"size=4k,nr_inodes=1,mode=555"))?;
    chdir(PLACE)?;
    // The old root lands on top of the new one, and is taken off with all that was mounted in it.
    pivot_root(".", ".")?;
    unmount(".", UnmountFlags::DETACH)?;
    chdir("/")
}
