//! A stack of known size for whoever walks a researcher's text: it holds the deepest tree that fits into one, whatever stack the caller
//! happens to have.

use std::cell::Cell;

/// Bytes of the stack: a level for each character of the longest text, and a few kilobytes a level. Only what is touched is ever memory.
const STACK_BYTES: usize = 128 << 20;

thread_local! {
    static HERE: Cell<bool> = const { Cell::new(false) };
}

/// Runs work on a deep stack: this thread's where it has one, else a new thread's. `None` where the machine gives no thread, or the work
/// panicked.
pub fn deep<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    if HERE.get() {
        return Some(work());
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("deep".to_owned()).stack_size(STACK_BYTES);
        let begun = thread.spawn_scoped(scope, || {
            HERE.set(true);
            work()
        });
        begun.ok()?.join().ok()
    })
}
