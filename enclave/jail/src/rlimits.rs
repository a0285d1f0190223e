//! Resource limits. The hard one is the soft one: nothing to raise, and no signal to catch before the end.

use rustix::io;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::Limits;

pub(crate) fn set(limits: &Limits) -> io::Result<()> {
    let bounds = [
        (Resource::As, limits.memory_bytes),
        (Resource::Cpu, limits.cpu_seconds),
        (Resource::Stack, limits.stack_bytes),
        (Resource::Nofile, limits.open_files),
        (Resource::Nproc, limits.processes),
        (Resource::Fsize, limits.file_bytes),
        (Resource::Core, limits.core_bytes),
        (Resource::Memlock, limits.locked_bytes),
        (Resource::Msgqueue, limits.queue_bytes),
    ];
    bounds.into_iter().try_for_each(|(resource, bound)| setrlimit(resource, Rlimit { current: Some(bound), maximum: Some(bound) }))
}
