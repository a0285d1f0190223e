//! The auditor's part of the client.

use std::path::Path;

use visiting_tlog::{append::Appender, checkpoint::Checkpoint, folder::Folder, merkle::empty_root, note::Note, store::Published};

use super::{Client, Problem};
use crate::wire::Proof;

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

    /// Saves the published log into a folder, as C2SP tiles, which `visiting audit verify` reads. A folder that holds an earlier part
    /// goes on from there. Returns the number of events: exactly those that the checkpoint covers.
    ///
    /// # Errors
    /// The gateway's problem, or the client's own when the folder cannot be written or holds another log.
    pub fn save_log(&self, folder: &Path) -> Result<u64, Problem> {
        let note = self.text("/log/checkpoint", &[])?;
        let unread = || Problem::unreachable("the checkpoint cannot be read");
        let signed = Note::parse(note.as_bytes()).map_err(|_| unread())?;
        let checkpoint = Checkpoint::parse(signed.text()).map_err(|_| unread())?;
        let unwritable = |fault: &dyn std::fmt::Display| Problem::unreachable(format!("the folder cannot be written: {fault}"));
        std::fs::create_dir_all(folder).map_err(|fault| unwritable(&fault))?;
        let folder = Folder::new(folder);
        let mut log = Appender::open(&folder, &begun(&folder, checkpoint.origin())?).map_err(|fault| unwritable(&fault))?;
        while log.size() < checkpoint.size() {
            let lines = self.log_events(log.size(), checkpoint.size() - log.size())?;
            if lines.is_empty() {
                return Err(Problem::unreachable("the log is shorter than its checkpoint"));
            }
            log.append(&lines).map_err(|fault| unwritable(&fault))?;
        }
        folder.publish(note.as_bytes()).map_err(|fault| unwritable(&fault))?;
        Ok(checkpoint.size())
    }
}

/// What the folder holds already; nothing where it is new.
fn begun(folder: &Folder, origin: &str) -> Result<Checkpoint, Problem> {
    let foreign = || Problem::unreachable("the folder holds another log; name an empty one");
    let Some(note) = folder.checkpoint().map_err(|_| foreign())? else {
        return Checkpoint::new(origin, 0, empty_root()).map_err(|_| foreign());
    };
    let note = Note::parse(&note).map_err(|_| foreign())?;
    Checkpoint::parse(note.text()).ok().filter(|begun| begun.origin() == origin).ok_or_else(foreign)
}
