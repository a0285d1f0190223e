//! The first look at all documents: which Bundle of one identifier is the newest, and the Patients that came on their own. Bodies of
//! Bundles are only skimmed here.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
};

use ring::digest::{SHA256, digest};
use serde::Deserialize;

use super::{
    super::IngestError,
    documents::{Documents, Found, Step},
    limits::{DOCUMENTS_MAX, PATIENT_MAX_BYTES, POOL_MAX_BYTES},
    node::Node,
};

/// The beginning of a digest: enough that no two identifiers meet.
pub(crate) type Key = [u8; 16];

/// What the first look found.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// By Bundle identifier: the newest one's time, and its place among all documents.
    newest: HashMap<Key, (i64, u64)>,
    /// Patients on their own, as JSON, by folder: `Patient/1` of one hospital is not that of another. One that was too large, or too much,
    /// stands there empty.
    pub(crate) pool: BTreeMap<PathBuf, Vec<String>>,
}

/// What stands at the top of a document.
#[derive(Debug, Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "resourceType")]
    kind: Option<Node<'a>>,
    #[serde(borrow)]
    identifier: Option<Node<'a>>,
    #[serde(borrow)]
    timestamp: Option<Node<'a>>,
    #[serde(borrow)]
    meta: Option<Node<'a>>,
}

impl Index {
    /// Looks at every document. What cannot be read is the second look's to report.
    pub(crate) fn make(files: &[Found]) -> Result<Self, IngestError> {
        let (mut index, mut place, mut text, mut pooled) = (Self::default(), 0, String::new(), 0);
        for found in files {
            let Ok(mut documents) = Documents::open(found) else { continue };
            loop {
                match documents.next(&mut text) {
                    Step::End => break,
                    Step::Bad(..) => {}
                    Step::Document(_) => {
                        if let Ok(head) = serde_json::from_str::<Head<'_>>(&text) {
                            let folder = found.path.parent().unwrap_or(Path::new(""));
                            pooled = index.note(&head, &text, (place, folder), pooled);
                        }
                    }
                }
                place += 1;
                if place > DOCUMENTS_MAX {
                    return Err(IngestError::Source(format!("more than {DOCUMENTS_MAX} documents; load them in parts")));
                }
            }
        }
        Ok(index)
    }

    fn note(&mut self, head: &Head<'_>, text: &str, (place, folder): (u64, &Path), pooled: usize) -> usize {
        match head.kind.as_ref().and_then(Node::as_text) {
            Some("Bundle") => {
                let time = head.timestamp.as_ref().or_else(|| head.meta.as_ref().and_then(|m| m.get("lastUpdated")));
                let time = time.and_then(Node::as_text).and_then(instant).unwrap_or(i64::MIN);
                if let Some(key) = head.identifier.as_ref().and_then(key) {
                    let newest = self.newest.entry(key).or_insert((time, place));
                    if time > newest.0 {
                        *newest = (time, place);
                    }
                }
                pooled
            }
            Some("Patient") => {
                let kept = text.len() <= PATIENT_MAX_BYTES && pooled + text.len() <= POOL_MAX_BYTES;
                let text = if kept { text } else { "" };
                self.pool.entry(folder.to_owned()).or_default().push(text.to_owned());
                pooled + text.len()
            }
            _ => pooled,
        }
    }

    /// False when another Bundle has the same identifier and is newer, or as old and came first.
    pub(crate) fn is_newest(&self, identifier: Option<&Node<'_>>, place: u64) -> bool {
        let newest = identifier.and_then(key).and_then(|key| self.newest.get(&key));
        newest.is_none_or(|(_, newest)| *newest == place)
    }
}

/// System and value of an `Identifier`, as a digest: it holds an institution's number. Without its system a value names nothing.
fn key(identifier: &Node<'_>) -> Option<Key> {
    let value = identifier.text_of("value").filter(|v| !v.trim().is_empty())?;
    let whole = format!("{}\n{value}", identifier.text_of("system")?);
    digest(&SHA256, whole.as_bytes()).as_ref().first_chunk().copied()
}

/// Seconds since 1970 of `yyyy-mm-ddThh:mm:ss…Z` or with `±hh:mm`.
fn instant(text: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_compared_across_time_zones() {
        assert_eq!(instant("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(instant("2024-03-01T09:00:00.123+09:00"), instant("2024-03-01T00:00:00Z"));
        assert_eq!(instant("2024-02-29T23:59:59Z").map(|t| t + 1), instant("2024-03-01T00:00:00Z"));
        assert!(["", "2024", "2024-03-01", "2024-03-01T09:00", "x".repeat(40).as_str()].iter().all(|t| instant(t).is_none()));
    }
}
