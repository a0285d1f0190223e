//! Benchmarks: ratios against a named peer in one run, medians; a file a room. The command is `visiting bench [ROOM]`.

mod gate;
mod guests;
mod portal;
mod record;
mod sources;

pub use gate::gate;
pub use guests::guests;
pub use portal::portal;
pub use record::record;
pub use sources::sources;
