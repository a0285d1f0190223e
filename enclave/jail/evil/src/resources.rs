//! Using up what is there.

use std::hint;
use std::io::{self, Read as _, Write};

use crate::{Outcome, Target, number};

/// Files that a worker in order never needs.
const MANY_FILES: usize = 64;

pub(crate) fn open_many(_: &Target) -> Outcome {
    let pipes: Result<Vec<_>, _> = (0..MANY_FILES / 2).map(|_| io::pipe()).collect();
    pipes.map(drop).map_err(number)
}

pub(crate) fn spin(_: &Target) -> Outcome {
    println!("spinning");
    loop {
        hint::spin_loop();
    }
}

fn pour(mut out: impl Write) -> Outcome {
    loop {
        out.write_all(&[b'x'; 4096]).map_err(number)?;
    }
}

pub(crate) fn flood(_: &Target) -> Outcome {
    pour(io::stdout())
}

pub(crate) fn flood_stderr(_: &Target) -> Outcome {
    pour(io::stderr())
}

/// What a worker in order does: reads all of its input, uses memory, and says how much it was.
pub(crate) fn works(_: &Target) -> Outcome {
    let mut input = vec![];
    io::stdin().read_to_end(&mut input).map_err(number)?;
    let kept: Vec<Vec<u8>> = (0..64).map(|_| input.clone()).collect();
    let known = std::collections::HashMap::from([(input.len(), kept.len())]);
    println!("{known:?}");
    Ok(())
}
