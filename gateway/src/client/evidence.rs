//! What a follower of the record believes: nothing that the log did not sign. Pure; the network is in [`super::follow`].

use serde::{Deserialize, Serialize};
use visiting_policies::{
    merkle::{Frontier, Hash, leaf_hash},
    note::{self, Checkpoint},
    refusal::Refusal,
    sign,
};

use crate::stream::item::{Data, Item};

/// Most events that may come without a checkpoint: four times what the server allows itself, and all that is held back here.
const UNPROVED_MAX: usize = 1024;

/// Why the evidence does not hold, with the exit code of `visiting audit verify` for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Broken {
    /// 10 signature, 11 root, 12 consistency, 13 meaning; 1 where nothing was found out.
    pub code: u8,
    /// What was found.
    pub text: String,
}

const SIGNATURE: u8 = 10;
const ROOT: u8 = 11;
const CONSISTENCY: u8 = 12;
pub(super) const MEANING: u8 = 13;

fn broken(code: u8, text: impl Into<String>) -> Broken {
    Broken { code, text: text.into() }
}

/// What is kept between two visits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// Verifier key of the log; pinned by the first visit.
    pub(super) key: String,
    /// Events that were verified.
    pub(super) size: u64,
    /// Roots of the complete subtrees over them, base64.
    pub(super) peaks: Vec<String>,
}

impl Memory {
    pub(super) fn new(key: &str, seen: &Frontier) -> Self {
        Self { key: key.to_owned(), size: seen.size(), peaks: seen.peaks().iter().map(|peak| sign::to_base64(peak)).collect() }
    }

    pub(super) fn frontier(&self) -> Option<Frontier> {
        let peak = |text: &String| sign::from_base64(text).and_then(|bytes| Hash::try_from(bytes).ok());
        Frontier::restore(self.size, self.peaks.iter().map(peak).collect::<Option<_>>()?)
    }
}

/// Follows one log.
#[derive(Debug)]
pub(super) struct Verifier {
    origin: String,
    public: Vec<u8>,
    seen: Frontier,
    /// Events that no checkpoint covers yet.
    unproved: Vec<Item>,
    /// What was seen on an earlier visit: the log must come past it, with this root.
    landmark: Option<(u64, Hash)>,
    /// True while everything seen is from an earlier visit or not proved.
    resumed: bool,
}

impl Verifier {
    /// Goes on from `seen`.
    pub(super) fn new(key: &str, seen: Frontier) -> Result<Self, Refusal> {
        let (origin, public) = note::parse_vkey(key)?;
        let resumed = seen.size() > 0;
        Ok(Self { origin, public, seen, unproved: Vec::new(), landmark: None, resumed })
    }

    /// Starts anew, and demands that the log is the one that was `seen` before.
    pub(super) fn anew(key: &str, seen: &Frontier) -> Result<Self, Refusal> {
        Ok(Self { landmark: Some((seen.size(), seen.root())), ..Self::new(key, Frontier::default())? })
    }

    pub(super) fn seen(&self) -> &Frontier {
        &self.seen
    }

    /// Takes one line of the stream. A checkpoint answers with itself and the events that it proves, oldest first; an event with nothing:
    /// it is held back until it is proved.
    pub(super) fn take(&mut self, line: &str) -> Result<Vec<Item>, Broken> {
        let unreadable = |_| broken(MEANING, "the stream holds a line that is no event of a record");
        let item: Item = serde_json::from_str(line).map_err(unreadable)?;
        match &item.data {
            Data::Record { index, leaf } => self.event(*index, leaf, &item).map(|()| Vec::new()),
            Data::Checkpoint { checkpoint } => {
                self.proved(checkpoint)?;
                let mut items = std::mem::take(&mut self.unproved);
                items.push(item);
                Ok(items)
            }
        }
    }

    fn event(&mut self, index: u64, leaf: &str, item: &Item) -> Result<(), Broken> {
        let due = self.seen.size();
        if index != due {
            return Err(broken(MEANING, format!("event {index} came where {due} was due: the stream leaves out or repeats events")));
        }
        let lies = || broken(ROOT, format!("event {index} does not come as its leaf says: it was changed on its way"));
        if Item::of_leaf(index, leaf, &self.origin).map_err(|_| lies())? != *item {
            return Err(lies());
        }
        if self.unproved.len() == UNPROVED_MAX {
            return Err(broken(MEANING, format!("{UNPROVED_MAX} events came without a checkpoint that proves them")));
        }
        self.seen.push(leaf_hash(leaf.as_bytes()));
        self.unproved.push(item.clone());
        match self.landmark {
            Some((size, root)) if size == self.seen.size() && root != self.seen.root() => Err(forked(size)),
            _ => Ok(()),
        }
    }

    fn proved(&mut self, checkpoint: &str) -> Result<(), Broken> {
        let signed = self.signed(checkpoint)?;
        let size = self.seen.size();
        if signed.size != size {
            let text = format!("a checkpoint over {} events came after {size}: the stream leaves out events", signed.size);
            return Err(broken(CONSISTENCY, text));
        }
        if signed.root != self.seen.root() {
            // Nothing new was proved since the last visit, so it is as likely that what was seen then is gone.
            return Err(if self.resumed {
                forked(size)
            } else {
                broken(ROOT, format!("the {size} events shown are not the ones that the log signed: one was changed on its way"))
            });
        }
        self.resumed = false;
        Ok(())
    }

    fn signed(&self, checkpoint: &str) -> Result<Checkpoint, Broken> {
        let unsigned = |refusal: Refusal| format!("{}; was the log's key rotated? Then --log-key names the new one", refusal.detail);
        Checkpoint::open(checkpoint, &self.origin, &self.public).map_err(|refusal| broken(SIGNATURE, unsigned(refusal)))
    }

    /// At an end that was meant as one, everything must be proved.
    pub(super) fn nothing_left(&self) -> Result<(), Broken> {
        if self.unproved.is_empty() { Ok(()) } else { Err(broken(MEANING, "the stream ended before a checkpoint proved its last events")) }
    }

    /// Judges the log's own checkpoint when it says that it has less than was seen.
    pub(super) fn still_there(&self, checkpoint: &str) -> Result<(), Broken> {
        let signed = self.signed(checkpoint)?;
        let seen = self.seen.size();
        if signed.size >= seen {
            return Ok(());
        }
        Err(broken(
            CONSISTENCY,
            format!("the log has {} events now and had {seen} before: it was rolled back or is another one", signed.size),
        ))
    }
}

fn forked(size: u64) -> Broken {
    broken(CONSISTENCY, format!("the log does not continue what was seen before: its history up to event {size} is another one"))
}

#[cfg(test)]
mod tests {
    use visiting_policies::{
        merkle::Tree,
        record::{Act, Actor, Event, VERSION},
        sign::SigningKey,
    };

    use super::*;

    const ORIGIN: &str = "visiting.demo/log";

    fn key() -> SigningKey {
        SigningKey::from_seed(&[3; 32]).unwrap()
    }

    fn leaves(count: u64) -> Vec<String> {
        let act = |n: u64| Act::ListingPublished { listing: format!("l{n}"), digest: sign::digest(b"x") };
        let event = |n| Event { v: VERSION, at_ms: n, by: Actor::Gateway, request: None, act: act(n) };
        (0..count).map(|n| String::from_utf8(event(n).to_bytes().unwrap()).unwrap()).collect()
    }

    fn line(item: &Item) -> String {
        serde_json::to_string(item).unwrap()
    }

    fn event(index: usize, leaf: &str) -> String {
        line(&Item::of_leaf(index as u64, leaf, ORIGIN).unwrap())
    }

    fn checkpoint(leaves: &[String], key: &SigningKey) -> String {
        let mut tree = Tree::default();
        leaves.iter().for_each(|leaf| tree.push(leaf_hash(leaf.as_bytes())));
        let size = tree.size();
        line(&Item::checkpoint(size, &Checkpoint { size, root: tree.root(size).unwrap() }.sign(ORIGIN, key), ORIGIN))
    }

    fn vkey() -> String {
        note::vkey(ORIGIN, &key().public_bytes())
    }

    fn follow(verifier: &mut Verifier, lines: impl IntoIterator<Item = String>) -> Result<usize, u8> {
        lines.into_iter().try_fold(0, |count, line| Ok(count + verifier.take(&line).map_err(|b| b.code)?.len()))
    }

    fn told(leaves: &[String], from: usize) -> Vec<String> {
        let events = leaves.iter().enumerate().skip(from).map(|(index, leaf)| event(index, leaf));
        events.chain([checkpoint(leaves, &key())]).collect()
    }

    #[test]
    fn what_is_proved_is_shown_and_a_later_visit_goes_on() {
        let leaves = leaves(9);
        let mut first = Verifier::new(&vkey(), Frontier::default()).unwrap();
        assert_eq!(follow(&mut first, told(&leaves[..5], 0)), Ok(6));
        assert!(first.take(&event(5, &leaves[5])).unwrap().is_empty(), "an event was shown before it was proved");
        let mut again = Verifier::new(&vkey(), Frontier::default()).unwrap();
        follow(&mut again, told(&leaves[..5], 0)).unwrap();
        let memory = Memory::new(&vkey(), again.seen());
        let mut later = Verifier::new(&vkey(), memory.frontier().unwrap()).unwrap();
        assert_eq!(follow(&mut later, told(&leaves, 5)), Ok(5));
        let mut anew = Verifier::anew(&vkey(), later.seen()).unwrap();
        assert_eq!(follow(&mut anew, told(&leaves, 0)), Ok(10));
    }

    #[test]
    fn every_lie_has_its_code() {
        let good = leaves(6);
        let fresh = || Verifier::new(&vkey(), Frontier::default()).unwrap();
        let changed = good[2].replace("\"l2\"", "\"l9\"");
        // A leaf exchanged together with its envelope: only the root tells.
        let mut lines = told(&good, 0);
        lines[2] = event(2, &changed);
        assert_eq!(follow(&mut fresh(), lines), Err(ROOT));
        // A leaf exchanged alone, in another spelling: the envelope tells, or the form.
        let mut lines = told(&good, 0);
        lines[2] = lines[2].replace("\\\"at_ms\\\":2", "\\\"at_ms\\\":3");
        assert_eq!(follow(&mut fresh(), lines), Err(ROOT));
        let mut lines = told(&good, 0);
        lines.remove(3);
        assert_eq!(follow(&mut fresh(), lines), Err(MEANING));
        let mut lines = told(&good, 0);
        lines.remove(5);
        assert_eq!(follow(&mut fresh(), lines), Err(CONSISTENCY));
        let mut lines = told(&good, 0);
        lines[6] = checkpoint(&good, &SigningKey::from_seed(&[4; 32]).unwrap());
        assert_eq!(follow(&mut fresh(), lines), Err(SIGNATURE));
        assert_eq!(follow(&mut fresh(), ["{}".to_owned()]), Err(MEANING));
        assert_eq!(follow(&mut fresh(), leaves(1025).iter().enumerate().map(|(i, l)| event(i, l))), Err(MEANING));
    }

    #[test]
    fn another_history_is_noticed_on_a_later_visit() {
        let good = leaves(6);
        let mut first = Verifier::new(&vkey(), Frontier::default()).unwrap();
        follow(&mut first, told(&good, 0)).unwrap();
        let mut other = leaves(8);
        other[1] = other[1].replace("\"l1\"", "\"m1\"");
        let mut later = Verifier::new(&vkey(), first.seen().clone()).unwrap();
        assert_eq!(follow(&mut later, told(&other, 6)), Err(CONSISTENCY));
        let mut anew = Verifier::anew(&vkey(), first.seen()).unwrap();
        assert_eq!(follow(&mut anew, told(&other, 0)), Err(CONSISTENCY));
        let shorter = checkpoint(&good[..3], &key());
        let Data::Checkpoint { checkpoint } = serde_json::from_str::<Item>(&shorter).unwrap().data else { panic!() };
        assert_eq!(first.still_there(&checkpoint).unwrap_err().code, CONSISTENCY);
        assert!(first.take(&line(&Item::checkpoint(0, "no note", ORIGIN))).is_err());
    }
}
