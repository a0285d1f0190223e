//! Whose checkpoints are accepted (tlog-policy): logs, witnesses, groups of them, and the quorum.

use std::collections::BTreeMap;

use crate::{
    checkpoint::{Checkpoint, CheckpointFault},
    key::{Algorithm, KeyFault, VerifierKey},
    note::{Note, NoteFault},
};

/// Most logs, and most witnesses and groups together. "It is strongly recommended that an implementation supports at least up to
/// 32 logs, 32 witnesses, and 32 groups."
const NAMES_MAX: usize = 1024;

/// What is wrong with a policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {what}")]
pub struct PolicyFault {
    /// Its line, from 1; the last line's successor for what is missing.
    pub line: usize,
    /// What is wrong with it.
    pub what: What,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// An octet that is not allowed.
    #[error("only tabs, newlines and printable characters are allowed")]
    Octet,
    /// The file does not end in a newline.
    #[error("a line ends in a newline; the file may have been cut")]
    Cut,
    /// None of the four kinds of line.
    #[error("a line is `log`, `witness`, `group` or `quorum` with what they take")]
    Line,
    /// A key that cannot be used.
    #[error("{0}")]
    Key(#[from] KeyFault),
    /// A log's key that makes cosignatures, or a witness's that does not.
    #[error("a log has a key of type 0x01, a witness one of type 0x04")]
    KeyType,
    /// The same key again.
    #[error("the same key stands on an earlier line")]
    DuplicateKey,
    /// A name that is taken; `none` always is.
    #[error("this name is taken")]
    DuplicateName,
    /// A name that no preceding line defines.
    #[error("a name that no preceding line defines")]
    UnknownName,
    /// A name that is a member already.
    #[error("each name can be a member once")]
    MemberTwice,
    /// A threshold outside 1 to the number of members.
    #[error("the threshold lies between 1 and the number of members")]
    Threshold,
    /// More than one quorum line, or none.
    #[error("there is exactly one quorum line")]
    Quorum,
    /// More lines than are taken.
    #[error("a policy has {NAMES_MAX} logs and {NAMES_MAX} names at most")]
    TooLong,
}

/// Why a checkpoint is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Its note is not to be trusted.
    #[error(transparent)]
    Note(#[from] NoteFault),
    /// The note is of something else.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// No listed log of its origin signed it.
    #[error("the checkpoint is not signed by a log of the policy")]
    Log,
    /// Too few witnesses.
    #[error("too few witnesses cosigned the checkpoint")]
    Quorum,
}

/// A witness, or members of which so many must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Witness(VerifierKey),
    Group { threshold: usize, members: Vec<usize> },
}

/// A policy that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    /// Members stand before their groups.
    nodes: Vec<Node>,
    /// Of each witness, in the order of [`Policy::witnesses`].
    urls: Vec<Option<String>>,
    names: BTreeMap<Vec<u8>, usize>,
    /// The quorum, once its line was read; within, `None` is `quorum none`.
    quorum: Option<Option<usize>>,
}

/// A checkpoint that the policy accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// It.
    pub checkpoint: Checkpoint,
    /// Keys of the log that signed it: one or more.
    pub logs: Vec<VerifierKey>,
    /// Names of the witnesses' keys that cosigned it, and when.
    pub witnesses: Vec<(String, u64)>,
    /// The latest time since which enough witnesses have stood by it, seconds since 1970; `None` where none is asked for.
    pub time: Option<u64>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyFault`] with the line.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyFault> {
        let mut policy = Self::default();
        let mut number = 0;
        for line in file.split_inclusive(|byte| *byte == b'\n') {
            number += 1;
            let fault = |what| PolicyFault { line: number, what };
            let line = line.strip_suffix(b"\n").ok_or_else(|| fault(What::Cut))?;
            if line.iter().any(|byte| !matches!(byte, b'\t' | 0x20..=0x7e | 0x80..)) {
                return Err(fault(What::Octet));
            }
            policy.line(line).map_err(fault)?;
        }
        if policy.quorum.is_none() {
            return Err(PolicyFault { line: number + 1, what: What::Quorum });
        }
        Ok(policy)
    }

    fn line(&mut self, line: &[u8]) -> Result<(), What> {
        let items: Vec<&[u8]> = line.split(|byte| matches!(byte, b' ' | b'\t')).filter(|item| !item.is_empty()).collect();
        match items.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] | [b"log", key, _] => self.log(key),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, threshold, members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.set_quorum(name),
            _ => Err(What::Line),
        }
    }

    fn log(&mut self, vkey: &[u8]) -> Result<(), What> {
        let key = key(vkey, Algorithm::Ed25519)?;
        if self.logs.iter().any(|known| known.public() == key.public()) {
            return Err(What::DuplicateKey);
        }
        if self.logs.len() == NAMES_MAX {
            return Err(What::TooLong);
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &[u8], vkey: &[u8], url: Option<&&[u8]>) -> Result<(), What> {
        let key = key(vkey, Algorithm::Cosignature)?;
        if self.witnesses().any(|known| known.public() == key.public()) {
            return Err(What::DuplicateKey);
        }
        self.define(name, Node::Witness(key))?;
        self.urls.push(url.map(|url| String::from_utf8_lossy(url).into_owned()));
        Ok(())
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], names: &[&[u8]]) -> Result<(), What> {
        let mut members = Vec::with_capacity(names.len());
        for name in names {
            let member = *self.names.get(*name).ok_or(What::UnknownName)?;
            if members.contains(&member) || self.is_member(member) {
                return Err(What::MemberTwice);
            }
            members.push(member);
        }
        let threshold = match threshold {
            b"any" => 1,
            b"all" => members.len(),
            k => number(k).ok_or(What::Threshold)?,
        };
        if !(1..=members.len()).contains(&threshold) {
            return Err(What::Threshold);
        }
        self.define(name, Node::Group { threshold, members })
    }

    fn is_member(&self, node: usize) -> bool {
        self.nodes.iter().any(|other| matches!(other, Node::Group { members, .. } if members.contains(&node)))
    }

    fn define(&mut self, name: &[u8], node: Node) -> Result<(), What> {
        if name == b"none" || self.names.contains_key(name) {
            return Err(What::DuplicateName);
        }
        if self.nodes.len() == NAMES_MAX {
            return Err(What::TooLong);
        }
        self.names.insert(name.to_vec(), self.nodes.len());
        self.nodes.push(node);
        Ok(())
    }

    fn set_quorum(&mut self, name: &[u8]) -> Result<(), What> {
        if self.quorum.is_some() {
            return Err(What::Quorum);
        }
        let node = if name == b"none" { None } else { Some(*self.names.get(name).ok_or(What::UnknownName)?) };
        self.quorum = Some(node);
        Ok(())
    }

    /// Keys of the logs.
    #[must_use]
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// Keys of the witnesses.
    pub fn witnesses(&self) -> impl Iterator<Item = &VerifierKey> {
        self.nodes.iter().filter_map(|node| if let Node::Witness(key) = node { Some(key) } else { None })
    }

    /// Where each witness answers, its key beside it: those whose line says so.
    pub fn addresses(&self) -> impl Iterator<Item = (&VerifierKey, &str)> {
        self.witnesses().zip(&self.urls).filter_map(|(key, url)| Some((key, url.as_deref()?)))
    }

    /// True for `quorum none`: the log's word is enough.
    #[must_use]
    pub fn asks_for_no_witness(&self) -> bool {
        self.quorum == Some(None)
    }

    /// Accepts a checkpoint that one of the policy's logs signed, and enough of its witnesses cosigned.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn accept(&self, note: &Note) -> Result<Accepted, Refused> {
        self.accept_of(note, &self.logs)
    }

    /// As [`Policy::accept`], with logs that are known from elsewhere.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn accept_of(&self, note: &Note, logs: &[VerifierKey]) -> Result<Accepted, Refused> {
        let checkpoint = Checkpoint::parse(note.text())?;
        // The log's "name MUST correspond to the log's origin line".
        let own = logs.iter().filter(|log| log.name() == checkpoint.origin());
        let keys: Vec<_> = own.chain(self.witnesses()).collect();
        let valid = note.verify(&keys)?;
        let signed = |log: &&VerifierKey| log.algorithm() == Algorithm::Ed25519 && valid.iter().any(|v| v.key == *log);
        let logs: Vec<_> = logs.iter().filter(signed).cloned().collect();
        if logs.is_empty() {
            return Err(Refused::Log);
        }
        let witnesses: Vec<_> = valid.iter().filter_map(|v| Some((v.key, v.time?))).collect();
        let since = |from: u64| self.is_witnessed(|key| witnesses.iter().any(|(witness, time)| *witness == key && *time >= from));
        if !since(0) {
            return Err(Refused::Quorum);
        }
        let times = witnesses.iter().map(|(_, time)| *time).filter(|time| !self.asks_for_no_witness() && since(*time));
        let time = times.max();
        let witnesses = witnesses.into_iter().map(|(key, time)| (key.name().to_owned(), time)).collect();
        Ok(Accepted { checkpoint, logs, witnesses, time })
    }

    /// Node by node: members stand before their groups.
    fn is_witnessed(&self, cosigned: impl Fn(&VerifierKey) -> bool) -> bool {
        let mut witnessed: Vec<bool> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let is = match node {
                Node::Witness(key) => cosigned(key),
                Node::Group { threshold, members } => {
                    members.iter().filter(|member| witnessed.get(**member) == Some(&true)).count() >= *threshold
                }
            };
            witnessed.push(is);
        }
        match self.quorum {
            Some(None) => true,
            Some(Some(node)) => witnessed.get(node) == Some(&true),
            None => false,
        }
    }
}

fn key(vkey: &[u8], algorithm: Algorithm) -> Result<VerifierKey, What> {
    let key = VerifierKey::parse(std::str::from_utf8(vkey).map_err(|_| KeyFault::Form)?)?;
    if key.algorithm() == algorithm { Ok(key) } else { Err(What::KeyType) }
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}
