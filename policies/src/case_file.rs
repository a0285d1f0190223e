//! Case files (事案・案件の記録一式): leaves of the record with their proofs in one JSON document, which an auditor hands on and anybody
//! verifies without the log. It shows that these leaves are in the log, and what they say. That no other leaf concerns the case it cannot
//! show: only the whole log does.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use visiting_tlog::{
    merkle::{Hash, leaf_hash},
    note::Note,
    policy::{Accepted, Policy},
    verify::verify_inclusion,
};

use crate::{
    record::{Actor, Event},
    refusal::Refusal,
    sign,
};

/// First word of every case file.
pub const CASE_FORMAT: &str = "visiting-case/v1";

/// Most leaves of one case file: what people read in days, and some 10 MB. The whole log is there for more.
pub const CASE_LEAVES_MAX: usize = 10_000;

/// Hashes of an inclusion proof: no tree is higher.
const HASHES_MAX: usize = 64;

/// What ids of the record start with.
const IDS: &[&str] = &["app_", "prm_", "run_", "pre_", "inc_", "rul_"];

/// Fields of an act that say what it was about or what came of it, all of them bounded.
const WORDS: &[&str] = &["listing", "verdict", "code", "decision", "finding", "opinion", "severity", "what", "file", "tried"];

/// A case file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// [`CASE_FORMAT`].
    pub format: String,
    /// The id of what it is about.
    pub about: String,
    /// Origin of the log.
    pub origin: String,
    /// The signed checkpoint (C2SP tlog-checkpoint) that the proofs lead to, with all its signatures.
    pub checkpoint: String,
    /// What happened, a line for each leaf. Follows from the leaves.
    pub summary: Vec<String>,
    /// Digests that the leaves name: of documents beside the record, of files, keys and versions. Follows from the leaves.
    pub digests: Vec<CaseDigest>,
    /// The leaves, oldest first.
    pub leaves: Vec<CaseLeaf>,
}

/// One leaf with its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseLeaf {
    /// Its number in the log.
    pub index: u64,
    /// The exact line.
    pub leaf: String,
    /// Inclusion proof (RFC 6962), base64, from the leaf's sibling up.
    pub proof: Vec<String>,
}

/// A digest that a leaf names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseDigest {
    /// The leaf's number.
    pub index: u64,
    /// The field that holds it.
    pub field: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

/// What is wrong with a case file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseFault {
    /// It is none.
    #[error("{0}")]
    Form(String),
    /// The checkpoint is not the log's, or too few witnesses saw it.
    #[error("{0}")]
    Checkpoint(String),
    /// A leaf is not in the log.
    #[error("leaf {0} is not what the log has at this place: its proof does not lead to the checkpoint")]
    Inclusion(u64),
    /// What is said of the leaves is not what they say.
    #[error("the {0} is not what the leaves say")]
    Words(&'static str),
}

impl CaseFile {
    /// Makes one of leaves and their proofs under this checkpoint.
    ///
    /// # Errors
    /// When a leaf is no event.
    pub fn new(about: &str, origin: &str, checkpoint: &str, leaves: Vec<(u64, String, Vec<Hash>)>) -> Result<Self, Refusal> {
        let leaf = |(index, leaf, proof): (u64, String, Vec<Hash>)| CaseLeaf {
            index,
            leaf,
            proof: proof.iter().map(|hash| sign::to_base64(hash)).collect(),
        };
        let leaves: Vec<CaseLeaf> = leaves.into_iter().map(leaf).collect();
        let (summary, digests) = told(&leaves)?;
        let [format, about, origin, checkpoint] = [CASE_FORMAT, about, origin, checkpoint].map(str::to_owned);
        Ok(Self { format, about, origin, checkpoint, summary, digests, leaves })
    }

    /// Verifies everything that can be verified without the log: signature and witnesses, each proof, and that summary and digests are
    /// what the leaves say.
    ///
    /// # Errors
    /// [`CaseFault`].
    pub fn verify(&self, policy: &Policy) -> Result<Accepted, CaseFault> {
        self.check_form()?;
        let unsigned = |fault: &dyn std::fmt::Display| CaseFault::Checkpoint(fault.to_string());
        let note = Note::parse(self.checkpoint.as_bytes()).map_err(|e| unsigned(&e))?;
        let accepted = policy.accept(&note).map_err(|e| unsigned(&e))?;
        if accepted.checkpoint.origin() != self.origin {
            return Err(CaseFault::Checkpoint("the checkpoint is of another log than the file says".to_owned()));
        }
        let (size, root) = (accepted.checkpoint.size(), accepted.checkpoint.root());
        for leaf in &self.leaves {
            let proof = leaf.proof.iter().map(|hash| Hash::try_from(sign::from_base64(hash)?).ok()).collect::<Option<Vec<_>>>();
            let proof = proof.filter(|proof| proof.len() <= HASHES_MAX).ok_or(CaseFault::Inclusion(leaf.index))?;
            if !verify_inclusion(&leaf_hash(leaf.leaf.as_bytes()), leaf.index, size, &proof, root) {
                return Err(CaseFault::Inclusion(leaf.index));
            }
        }
        let (summary, digests) = told(&self.leaves).map_err(|refusal| CaseFault::Form(refusal.detail))?;
        match (summary == self.summary, digests == self.digests) {
            (true, true) => Ok(accepted),
            (false, _) => Err(CaseFault::Words("summary")),
            (true, false) => Err(CaseFault::Words("list of digests")),
        }
    }

    fn check_form(&self) -> Result<(), CaseFault> {
        let wrong = |detail: String| Err(CaseFault::Form(detail));
        if self.format != CASE_FORMAT {
            return wrong(format!("this is no {CASE_FORMAT}"));
        }
        if self.leaves.is_empty() || self.leaves.len() > CASE_LEAVES_MAX {
            return wrong(format!("a case file has 1 to {CASE_LEAVES_MAX} leaves"));
        }
        if !self.leaves.windows(2).all(|two| matches!(two, [a, b] if a.index < b.index)) {
            return wrong("leaves stand in the order of the log, each once".to_owned());
        }
        let named = format!("\"{}\"", self.about);
        if !self.leaves.iter().any(|leaf| leaf.leaf.contains(&named)) {
            return wrong(format!("no leaf names {}", self.about));
        }
        Ok(())
    }
}

/// What the leaves say: a line each, and the digests that they name.
fn told(leaves: &[CaseLeaf]) -> Result<(Vec<String>, Vec<CaseDigest>), Refusal> {
    let (mut summary, mut digests) = (Vec::with_capacity(leaves.len()), Vec::new());
    for CaseLeaf { index, leaf, .. } in leaves {
        let event = Event::from_bytes(leaf.as_bytes())?;
        let act = serde_json::to_value(&event.act).unwrap_or_default();
        summary.push(line(*index, &event, &act));
        each_text("", &act, &mut |field, text| {
            if sign::is_digest(text) {
                digests.push(CaseDigest { index: *index, field: field.to_owned(), digest: text.to_owned() });
            }
        });
    }
    Ok((summary, digests))
}

/// One event as a line: when, who, what, about which ids, and what came of it.
fn line(index: u64, event: &Event, act: &Value) -> String {
    let who = match &event.by {
        Actor::Person(id) => id.as_str(),
        Actor::Gateway => "gateway",
        Actor::Enclave => "enclave",
        Actor::Nobody => "nobody",
    };
    let (mut ids, mut words): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    each_text("", act, &mut |field, text| {
        // Kinds of events begin like ids, and stand in the line anyway.
        let id = field != "kind" && IDS.iter().any(|prefix| text.starts_with(prefix));
        let known = if id { Some((&mut ids, text.to_owned())) } else { None };
        let said = WORDS.contains(&field).then(|| format!("{field}={text}"));
        if let Some((list, item)) = known.or_else(|| said.map(|said| (&mut words, said)))
            && !list.contains(&item)
        {
            list.push(item);
        }
    });
    let rest: String = ids.iter().chain(&words).map(|item| format!(" {item}")).collect();
    format!("{index} {} {who} {}{rest}", moment(event.at_ms), event.act.kind())
}

/// Every text of a value with the name of its field, by the names' order: that of a map hangs on how `serde_json` was built, and whoever
/// verifies must get the same words.
fn each_text<'a>(field: &'a str, value: &'a Value, take: &mut impl FnMut(&'a str, &'a str)) {
    match value {
        Value::String(text) => take(field, text),
        Value::Array(items) => items.iter().for_each(|item| each_text(field, item, take)),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            fields.into_iter().for_each(|(name, item)| each_text(name, item, take));
        }
        _ => {}
    }
}

/// A moment as RFC 3339 in UTC, by the civil calendar (days from 0000-03-01, so that a leap day is a year's last).
fn moment(at_ms: u64) -> String {
    const DAY_MS: u64 = 86_400_000;
    let (days, ms) = (at_ms / DAY_MS + 719_468, at_ms % DAY_MS);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let year = era * 400 + year + next;
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}.{ms:03}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use visiting_tlog::{
        checkpoint::Checkpoint,
        key::{Algorithm, SecretKey},
        merkle::Tree,
    };

    use super::*;
    use crate::{Code, record::Act};

    const ORIGIN: &str = "log.example/visits";

    fn key(seed: u8) -> SecretKey {
        SecretKey::from_seed(ORIGIN, Algorithm::Ed25519, &[seed; 32]).unwrap()
    }

    fn policy(seed: u8) -> Policy {
        Policy::parse(format!("log {}\nquorum none\n", key(seed).verifier()).as_bytes()).unwrap()
    }

    /// A log of seven events of which the file has three.
    fn file() -> CaseFile {
        let event = |n: u64| {
            let act = if n == 4 {
                Act::Refused { tried: "POST /v1/permits/{id}/runs".to_owned(), code: Code::NotNamed }
            } else {
                Act::RunRequested { run: "run_a".parse().unwrap(), permit: "prm_a".parse().unwrap(), program: sign::digest(&[n as u8]) }
            };
            Event { v: 1, at_ms: 1_709_251_199_001 + n, by: Actor::Person("per_hanako".parse().unwrap()), request: None, act }
        };
        let leaves: Vec<String> = (0..7).map(|n| String::from_utf8(event(n).to_bytes().unwrap()).unwrap()).collect();
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf.as_bytes())));
        let note = Checkpoint::new(ORIGIN, 7, tree.root(7).unwrap()).unwrap().sign(&[&key(1)]).unwrap();
        let chosen = [0, 4, 6].map(|n| (n as u64, leaves[n].clone(), tree.inclusion(n as u64, 7).unwrap()));
        CaseFile::new("run_a", ORIGIN, &note.to_string(), chosen.to_vec()).unwrap()
    }

    #[test]
    fn a_case_file_verifies_offline_after_a_journey_through_json() {
        let file: CaseFile = serde_json::from_str(&serde_json::to_string_pretty(&file()).unwrap()).unwrap();
        assert_eq!(file.verify(&policy(1)).unwrap().checkpoint.size(), 7);
        assert_eq!(file.summary[0], "0 2024-02-29T23:59:59.001Z per_hanako run_requested prm_a run_a");
        assert_eq!(file.summary[1], "4 2024-02-29T23:59:59.005Z per_hanako refused code=not-named tried=POST /v1/permits/{id}/runs");
        assert_eq!((file.digests.len(), file.digests[0].field.as_str()), (2, "program"));
    }

    #[test]
    fn a_change_of_any_part_is_found() {
        let other_leaf = |file: &mut CaseFile| file.leaves[1].leaf = file.leaves[1].leaf.replace("hanako", "taro00");
        let changes: &[(fn(&mut CaseFile), CaseFault)] = &[
            (|f| f.format = "visiting-case/v2".into(), CaseFault::Form("this is no visiting-case/v1".into())),
            (|f| f.about = "run_b".into(), CaseFault::Form("no leaf names run_b".into())),
            (|f| f.leaves.swap(0, 1), CaseFault::Form("leaves stand in the order of the log, each once".into())),
            (|f| f.leaves[1].index = 5, CaseFault::Inclusion(5)),
            (|f| f.leaves[2].proof.truncate(1), CaseFault::Inclusion(6)),
            (|f| f.leaves[0].proof[0] = "AAAA".into(), CaseFault::Inclusion(0)),
            (|f| f.summary[0] = f.summary[0].replace("hanako", "taro"), CaseFault::Words("summary")),
            (|f| drop(f.digests.pop()), CaseFault::Words("list of digests")),
            (|f| f.origin = "other".into(), CaseFault::Checkpoint("the checkpoint is of another log than the file says".into())),
        ];
        for (change, fault) in changes {
            let mut file = file();
            change(&mut file);
            assert_eq!(file.verify(&policy(1)).unwrap_err(), *fault);
        }
        let mut file = file();
        other_leaf(&mut file);
        assert_eq!(file.verify(&policy(1)).unwrap_err(), CaseFault::Inclusion(4));
        file = self::file();
        file.checkpoint = file.checkpoint.replace("\n7\n", "\n8\n");
        assert!(matches!(file.verify(&policy(1)).unwrap_err(), CaseFault::Checkpoint(_)));
        assert!(matches!(self::file().verify(&policy(2)).unwrap_err(), CaseFault::Checkpoint(_)), "another log's key");
    }

    #[test]
    fn every_leaf_of_the_case_can_be_taken_out_and_nothing_put_in() {
        let mut less = file();
        less.leaves.remove(1);
        let (summary, digests) = told(&less.leaves).unwrap();
        let less = CaseFile { summary, digests, ..less };
        assert!(less.verify(&policy(1)).is_ok(), "a part of a case is a case file: the whole log shows what is missing");
        let mut more = file();
        more.leaves[1].leaf = more.leaves[0].leaf.clone();
        let (summary, digests) = told(&more.leaves).unwrap();
        let more = CaseFile { summary, digests, ..more };
        assert_eq!(more.verify(&policy(1)).unwrap_err(), CaseFault::Inclusion(4));
    }

    #[test]
    fn moments_are_written_as_other_calendars_write_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(moment(ms), text);
        }
        assert!(moment(u64::MAX).ends_with('Z'));
    }
}
