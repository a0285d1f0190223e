//! The keys of the log in the fold: the roster's first, then each that the one before it named.

use serde::{Deserialize, Serialize};

use super::{Cases, only_gateway};
use crate::{
    handover::Purpose,
    record::Event,
    refusal::{Code, Refusal},
    rotation::LogKeyRotation,
};

/// A key of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogKey {
    /// Ed25519 public key, base64.
    pub key: String,
    /// Index of the event that brought it; 0 for the roster's.
    pub since: u64,
}

impl Cases {
    /// The key that signs now.
    #[must_use]
    pub fn log_key(&self) -> &str {
        self.log_keys.last().map_or(&self.roster.log_key, |newest| &newest.key)
    }

    /// All of them, oldest first.
    #[must_use]
    pub fn log_keys(&self) -> &[LogKey] {
        &self.log_keys
    }

    /// The keys whose signature counts under a checkpoint over `size` events, or on an order of the event before it. One that was
    /// followed by another signs up to the event that says so, and nothing after it; a newer one may speak of everything before it.
    pub fn log_keys_over(&self, size: u64) -> impl Iterator<Item = &str> {
        let ends = self.log_keys.iter().skip(1).map(|next| next.since + 1).chain([u64::MAX]);
        self.log_keys.iter().zip(ends).filter(move |(_, end)| size <= *end).map(|(key, _)| key.key.as_str())
    }

    pub(super) fn rotate(&mut self, event: &Event, rotation: &LogKeyRotation, signature: &str, accepted: &str) -> Result<(), Refusal> {
        only_gateway(event)?;
        let unlawful = |detail: &str| Refusal::new(Code::RecordUnlawful, detail);
        if rotation.origin != self.roster.origin || rotation.from != self.log_key() {
            return Err(unlawful("the rotation is of another log, or does not begin at the key in force"));
        }
        if self.is_taken(&rotation.to) {
            return Err(unlawful("a key of the log is used once, and for nothing else"));
        }
        rotation.verify(signature, &rotation.from, Code::RecordUnlawful)?;
        rotation.verify(accepted, &rotation.to, Code::RecordUnlawful)?;
        self.log_keys.push(LogKey { key: rotation.to.clone(), since: self.size });
        Ok(())
    }

    /// Somebody's key already: the log's, the enclave's or a person's. What one of them signs must never be another one's word.
    fn is_taken(&self, key: &str) -> bool {
        let people = self.roster.members.values().flat_map(|member| [&member.key, &member.seal_key]).flatten();
        let logs = self.log_keys.iter().map(|known| &known.key);
        logs.chain([&self.roster.enclave_key]).chain(people).any(|taken| taken == key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        record::{Act, Actor, VERSION},
        roster::{Member, Roster},
        sign::SigningKey,
        terms::Role,
    };

    const ORIGIN: &str = "log.example/visits";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32]).unwrap()
    }

    fn admit(cases: &mut Cases, by: Actor, act: Act) -> Result<(), Refusal> {
        cases.admit(&Event { v: VERSION, at_ms: 1, by, request: None, act })
    }

    fn opened() -> Cases {
        let (log_key, enclave_key) = (key(1).public(), key(2).public());
        let checker = Member {
            organisation: "org_sdc".parse().unwrap(),
            roles: BTreeSet::from([Role::Checker]),
            key: Some(key(6).public()),
            seal_key: Some(key(7).public()),
        };
        let members = BTreeMap::from([("per_c1".parse().unwrap(), checker)]);
        let roster = Roster { origin: ORIGIN.to_owned(), log_key, enclave_key, quorum: 2, members };
        let mut cases = Cases::new(roster.clone());
        let act = Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo: true };
        admit(&mut cases, Actor::Gateway, act).unwrap();
        cases
    }

    fn over(cases: &Cases, size: u64) -> Vec<String> {
        cases.log_keys_over(size).map(str::to_owned).collect()
    }

    #[test]
    fn a_key_is_followed_by_the_one_that_it_names() {
        let mut cases = opened();
        assert_eq!((cases.log_key(), cases.log_keys().len()), (key(1).public().as_str(), 1));
        admit(&mut cases, Actor::Gateway, LogKeyRotation::act(ORIGIN, &key(1), &key(3))).unwrap();
        admit(&mut cases, Actor::Gateway, LogKeyRotation::act(ORIGIN, &key(3), &key(4))).unwrap();
        assert_eq!(cases.log_key(), key(4).public());
        let (first, second, third) = (key(1).public(), key(3).public(), key(4).public());
        assert_eq!(over(&cases, 1), [first.clone(), second.clone(), third.clone()]);
        assert_eq!(over(&cases, 2), [first, second.clone(), third.clone()], "it signs the event that ends it");
        assert_eq!(over(&cases, 3), [second, third.clone()], "and nothing after it");
        assert_eq!(over(&cases, 4), [third]);
    }

    #[test]
    fn nobody_else_names_a_key() {
        let forged = |act| admit(&mut opened(), Actor::Gateway, act).unwrap_err().code;
        let changed = |change: &dyn Fn(&mut LogKeyRotation, &mut String, &mut String)| {
            let Act::LogKeyRotated { mut rotation, mut signature, mut accepted } = LogKeyRotation::act(ORIGIN, &key(1), &key(3)) else {
                unreachable!("it makes no other act")
            };
            change(&mut rotation, &mut signature, &mut accepted);
            Act::LogKeyRotated { rotation, signature, accepted }
        };
        let other = |from: u8, to: u8| LogKeyRotation::act(ORIGIN, &key(from), &key(to));
        for act in [
            changed(&|rotation, _, _| rotation.to = key(5).public()),
            changed(&|_, signature, accepted| signature.clone_from(accepted)),
            changed(&|_, signature, accepted| accepted.clone_from(signature)),
            LogKeyRotation::act("other.example/log", &key(1), &key(3)),
            other(5, 3),
            other(1, 1),
            other(1, 2),
            other(1, 6),
            other(1, 7),
        ] {
            assert_eq!(forged(act), Code::RecordUnlawful);
        }
        let refused = admit(&mut opened(), Actor::Enclave, other(1, 3)).unwrap_err();
        assert_eq!(refused.code, Code::NotAllowed);
        let mut back = opened();
        admit(&mut back, Actor::Gateway, other(1, 3)).unwrap();
        assert_eq!(admit(&mut back, Actor::Gateway, other(3, 1)).unwrap_err().code, Code::RecordUnlawful, "a key does not come back");
    }
}
