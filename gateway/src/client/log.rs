//! The auditor's part of the client.

use std::path::Path;

use super::{Client, Problem};
use crate::{files, wire::Proof};

impl Client {
    /// The newest checkpoint.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn checkpoint(&self) -> Result<String, Problem> {
        self.text("/v1/log/checkpoint", &[])
    }

    /// Up to `limit` leaf lines from index `from` on. The reading itself becomes an event.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn log_events(&self, from: u64, limit: u64) -> Result<Vec<String>, Problem> {
        let text = self.text("/v1/log/events", &[("from", &from.to_string()), ("limit", &limit.to_string())])?;
        Ok(text.lines().map(str::to_owned).collect())
    }

    /// A Bundle of FHIR AuditEvents, as JSON. The reading itself becomes an event.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn audit_events(&self, from: u64, limit: Option<u64>) -> Result<String, Problem> {
        let (from, limit) = (from.to_string(), limit.map(|n| n.to_string()));
        let query = [("from", from.as_str())].into_iter().chain(limit.as_deref().map(|n| ("limit", n)));
        self.text("/v1/log/audit-events", &query.collect::<Vec<_>>())
    }

    /// Inclusion proof.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Proof, Problem> {
        self.get_query("/v1/log/inclusion", &[("index", &index.to_string()), ("size", &size.to_string())])
    }

    /// Consistency proof.
    ///
    /// # Errors
    /// The gateway's problem.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Proof, Problem> {
        self.get_query("/v1/log/consistency", &[("old", &old.to_string()), ("new", &new.to_string())])
    }

    /// Saves `events.ndjson` and `checkpoint` into a folder, in the form that `visiting audit verify` reads. Returns the number
    /// of events: exactly those that the checkpoint covers.
    ///
    /// # Errors
    /// The gateway's problem, or the client's own when the folder cannot be written.
    pub fn save_log(&self, folder: &Path) -> Result<u64, Problem> {
        let checkpoint = self.checkpoint()?;
        let size = checkpoint.lines().nth(1).and_then(|l| l.parse().ok());
        let size: u64 = size.ok_or_else(|| Problem::unreachable("the checkpoint cannot be read"))?;
        let (mut text, mut have) = (String::new(), 0);
        while have < size {
            let lines = self.log_events(have, size - have)?;
            if lines.is_empty() {
                return Err(Problem::unreachable("the log is shorter than its checkpoint"));
            }
            have += lines.len() as u64;
            for line in lines {
                text.push_str(&line);
                text.push('\n');
            }
        }
        let unwritable = |e: std::io::Error| Problem::unreachable(format!("the folder cannot be written: {e}"));
        std::fs::create_dir_all(folder).map_err(unwritable)?;
        files::replace(&folder.join("events.ndjson"), text.as_bytes()).map_err(unwritable)?;
        files::replace(&folder.join("checkpoint"), checkpoint.as_bytes()).map_err(unwritable)?;
        Ok(size)
    }
}
