//! Asks the policy's witnesses for their cosignatures (C2SP tlog-witness, as a client).
//!
//! Plain HTTP is enough: what travels are hashes and signatures, which say nothing about anybody and are verified on both sides.

use std::{
    thread::{self, Builder},
    time::Duration,
};

use visiting_policies::merkle::Hash;
use visiting_tlog::{
    checkpoint::Checkpoint,
    key::VerifierKey,
    note::Note,
    policy::Policy,
    request::{Request, cosigned},
    witness::origin_hash,
};

use super::PublishFault;
use crate::journal::JournalError;

/// Longest wait for one witness: the enclave waits too, and others may be enough.
const PATIENCE: Duration = Duration::from_secs(5);

/// Largest answer, bytes: a cosignature or two, or a sentence.
const ANSWER_MAX_BYTES: u64 = 16 << 10;

/// Stack of each thread that asks a witness, bytes: what threads get where nobody says anything.
pub(super) const STACK_BYTES: usize = 2 << 20;

/// The policy's witnesses.
pub(super) struct Witnesses {
    policy: Policy,
    /// More than there is where a test wants no thread to be had.
    pub(super) stack_bytes: usize,
    each: Vec<Witness>,
    agent: ureq::Agent,
}

struct Witness {
    key: VerifierKey,
    url: String,
    /// Events of the checkpoint that it cosigned last, as far as is known here.
    size: u64,
}

/// What this gateway knows of the record, to compare a witness's answer with.
pub(super) struct Past<'a> {
    /// Name of the log.
    pub(super) origin: &'a str,
    /// The keys that it has had.
    pub(super) known: &'a [VerifierKey],
    /// Those of them whose signature counts under a checkpoint over so many events.
    pub(super) logs: &'a (dyn Fn(u64) -> Vec<VerifierKey> + Sync),
    /// The proof that leads from so many events to the checkpoint.
    pub(super) prove: &'a (dyn Fn(u64) -> Option<Vec<Hash>> + Sync),
    /// Root over so many events, where they are folded.
    pub(super) root: &'a (dyn Fn(u64) -> Option<Hash> + Sync),
    /// Whether the journal holds this event.
    pub(super) is_kept: &'a (dyn Fn(u64) -> Result<bool, JournalError> + Sync),
}

/// What one witness answered.
enum Answered {
    Cosigned(Note),
    /// It knows another size than was said.
    Knows(u64),
    Refused(String),
    /// It has cosigned what this log does not continue.
    Forked,
}

impl Witnesses {
    pub(super) fn new(policy: Policy) -> Self {
        let witness = |(key, url): (&VerifierKey, &str)| Witness { key: key.clone(), url: url.trim_end_matches('/').to_owned(), size: 0 };
        let each = policy.addresses().map(witness).collect();
        let settings = ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).max_redirects(0);
        Self { each, policy, stack_bytes: STACK_BYTES, agent: settings.build().into() }
    }

    pub(super) fn are_asked(&self) -> bool {
        !self.each.is_empty()
    }

    /// Whether the policy takes this note of our log, which these are the keys of.
    pub(super) fn accept(&self, note: &Note, logs: &[VerifierKey]) -> bool {
        self.policy.accept_of(note, logs).is_ok()
    }

    /// The note with the cosignatures of all who answered, if they are enough. All are asked at once.
    pub(super) fn cosign(&mut self, note: &Note, size: u64, past: &Past<'_>) -> Result<Note, PublishFault> {
        let (agent, stack_bytes) = (&self.agent, self.stack_bytes);
        let answers: Vec<Result<Note, PublishFault>> = thread::scope(|scope| {
            let ask = self.each.iter_mut().map(|witness| {
                let name = witness.key.name().to_owned();
                let asked = Builder::new().stack_size(stack_bytes).spawn_scoped(scope, move || one(agent, witness, note, size, past));
                // A machine that has no thread to give may have one in the next turn.
                asked.map_err(|fault| {
                    let answers = vec![format!("{name}: no thread could be had to ask it: {fault}")];
                    PublishFault::Witnesses { size, answers }
                })
            });
            // All are on their way before one is waited for.
            let asked: Vec<_> = ask.collect();
            let ended = |_| Err(PublishFault::Key("a witness could not be asked".to_owned()));
            asked.into_iter().map(|thread| thread.and_then(|thread| thread.join().unwrap_or_else(ended))).collect()
        });
        let (mut whole, mut refused) = (note.clone(), Vec::new());
        for answer in answers {
            match answer {
                Ok(cosigned) => cosigned.signatures().iter().for_each(|signature| whole.add(signature.clone())),
                Err(closes @ PublishFault::Closes(_)) => return Err(closes),
                Err(fault) => refused.push(fault.to_string()),
            }
        }
        if self.accept(&whole, past.known) { Ok(whole) } else { Err(PublishFault::Witnesses { size, answers: refused }) }
    }
}

/// Asks one witness; where it knows another size, once more from there.
fn one(agent: &ureq::Agent, witness: &mut Witness, note: &Note, size: u64, past: &Past<'_>) -> Result<Note, PublishFault> {
    let name = witness.key.name().to_owned();
    let refused = |why: &str| PublishFault::Witnesses { size, answers: vec![format!("{name}: {why}")] };
    for _ in 0..2 {
        let proof = (past.prove)(witness.size).ok_or_else(|| refused("no proof leads from what it cosigned last"))?;
        match ask(agent, witness, note, proof) {
            Answered::Cosigned(note) => {
                witness.size = size;
                return Ok(note);
            }
            // Neither answer is signed, so neither closes anything: what the witness has cosigned is, and is asked for.
            Answered::Knows(known) if known > size => {
                let why = against(agent, witness, past)?;
                return Err(refused(why.unwrap_or("it says that it has cosigned more than this gateway has read")));
            }
            Answered::Knows(known) => witness.size = known,
            Answered::Refused(why) => return Err(refused(&why)),
            Answered::Forked => {
                let why = against(agent, witness, past)?;
                return Err(refused(why.unwrap_or("it says that this log does not continue what it has cosigned")));
            }
        }
    }
    Err(refused("its state changes while it is asked: does another log use this key?"))
}

/// Closes the record when what a witness has cosigned is this log's and is not a beginning of the journal. Says what is known of it
/// where that closes nothing.
fn against(agent: &ureq::Agent, witness: &Witness, past: &Past<'_>) -> Result<Option<&'static str>, PublishFault> {
    let url = format!("{}/{}/checkpoint", witness.url, origin_hash(past.origin));
    let Some(text) = agent.get(url).call().ok().filter(|answer| answer.status() == 200) else { return Ok(None) };
    let text = text.into_body().with_config().limit(ANSWER_MAX_BYTES).read_to_vec().unwrap_or_default();
    let Ok(note) = Note::parse(&text) else { return Ok(None) };
    let Ok(cosigned) = Checkpoint::parse(note.text()) else { return Ok(None) };
    let (name, size) = (witness.key.name(), cosigned.size());
    let signed = |key: &VerifierKey| note.verify(&[key]).is_ok();
    if cosigned.origin() != past.origin || !signed(&witness.key) {
        return Ok(None);
    }
    // A key that another one has followed may be a thief's by now: of what comes after its end it says nothing.
    let counts = (past.logs)(size).iter().any(signed);
    if !counts && past.known.iter().any(signed) {
        return Ok(Some("it has cosigned what a key that was followed signed past its end; tell it to distrust that key"));
    }
    match (past.root)(size) {
        Some(root) if root == *cosigned.root() => Ok(None),
        None if (past.is_kept)(size.saturating_sub(1))? => Ok(None),
        // A cosignature does not cover the log's signature: alone, a witness or whoever has its key must close nothing.
        _ if !counts => Ok(Some(
            "it has cosigned what no key that this journal knows has signed: if the journal was restored from before a rotation, restore its newest copy; if the witness knows another log by this name, ask a new one",
        )),
        Some(_) => Err(PublishFault::Closes(format!(
            "the witness {name} has cosigned {size} events that are not the first ones of the journal: it was changed"
        ))),
        None => Err(PublishFault::Closes(format!(
            "the witness {name} has cosigned {size} events and the journal holds fewer: it was restored from an older copy; restore the newest one"
        ))),
    }
}

fn ask(agent: &ureq::Agent, witness: &Witness, note: &Note, proof: Vec<Hash>) -> Answered {
    let Ok(checkpoint) = Checkpoint::parse(note.text()) else { return Answered::Refused("the checkpoint is out of form".to_owned()) };
    // "old size 0: the proof MUST be empty."
    let proof = if witness.size == 0 { Vec::new() } else { proof };
    let body = Request { old: witness.size, proof, note: note.clone(), checkpoint }.to_string();
    let mut answer = match agent.post(format!("{}/add-checkpoint", witness.url)).send(body) {
        Ok(answer) => answer,
        Err(error) => return Answered::Refused(error.to_string()),
    };
    let status = answer.status().as_u16();
    let text = match answer.body_mut().with_config().limit(ANSWER_MAX_BYTES).read_to_string() {
        Ok(text) => text,
        Err(error) => return Answered::Refused(error.to_string()),
    };
    match status {
        200 => cosigned(note, &text, &[&witness.key]).map_or_else(|fault| Answered::Refused(fault.to_string()), Answered::Cosigned),
        409 => text.trim().parse().map_or_else(|_| Answered::Refused("409 without a size".to_owned()), Answered::Knows),
        422 => Answered::Forked,
        _ => Answered::Refused(format!("{status} {}", text.trim().chars().take(200).collect::<String>())),
    }
}
