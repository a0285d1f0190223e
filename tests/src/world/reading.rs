//! The published record of a world, as anybody with the folder reads it.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use visiting_policies::record::Event;

use super::{Fault, LOOK, World, audit};

/// Longest wait for the copy of what was signed.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(10);

impl World {
    /// Whole lines of the published record. The folder follows the journal: what the gateway has signed by now is waited for.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let signed = self.signed().unwrap_or(0);
        let until = Instant::now() + PUBLISHED_WITHIN;
        loop {
            let lines = record_lines(&self.home);
            if lines.len() >= signed || Instant::now() > until {
                return lines;
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Events under the gateway's newest checkpoint, while it runs.
    fn signed(&self) -> Option<usize> {
        let checkpoint = self.raw().get("/v1/log/checkpoint", None).ok()?;
        String::from_utf8(checkpoint.body).ok()?.lines().nth(1)?.parse().ok()
    }

    /// The published record, read.
    ///
    /// # Errors
    /// When a line is no event.
    pub fn events(&self) -> Result<Vec<Event>, Fault> {
        self.lines().iter().map(|l| Event::from_bytes(l.as_bytes()).map_err(|e| e.to_string())).collect()
    }

    /// Waits until the record holds an event that `wanted` accepts, from index `from` on; its index.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn wait_event(&self, from: usize, wanted: impl Fn(&Event) -> bool, patience: Duration) -> Result<usize, Fault> {
        let (until, mut length) = (Instant::now() + patience, u64::MAX);
        while Instant::now() < until {
            let now = fs::metadata(self.home.join("log/events.ndjson")).map_or(0, |m| m.len());
            if now != length {
                length = now;
                if let Some(found) = self.events()?.iter().skip(from).position(&wanted) {
                    return Ok(from + found);
                }
            }
            std::thread::sleep(LOOK);
        }
        Err(format!("the awaited event did not come within {} s", patience.as_secs()))
    }

    /// Verifies the published record with `visiting-audit`.
    ///
    /// # Errors
    /// What it found.
    pub fn audit(&self) -> Result<String, Fault> {
        audit(&self.home, &self.home.join("log"))
    }
}

/// Whole lines of a home's published record.
#[must_use]
pub fn record_lines(home: &Path) -> Vec<String> {
    let all = fs::read(home.join("log/events.ndjson")).unwrap_or_default();
    let whole = all.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    String::from_utf8_lossy(all.get(..whole).unwrap_or_default()).lines().map(str::to_owned).collect()
}
