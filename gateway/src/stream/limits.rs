//! What a reader of the record may take, in one place.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use visiting_policies::{
    refusal::{Code, Refusal},
    terms::PersonId,
};

/// Events read from the journal and sent at a time: all that is held in memory for one reader, about 60 KB as events are (and
/// 100 times the largest event at worst).
pub(crate) const PAGE_EVENTS: u64 = 100;

/// Events between two checkpoints while a reader catches up: one tile of a C2SP log. Readers hold back what is not proved yet, so this
/// bounds their memory too.
pub(crate) const CHECKPOINT_EVENTS: u64 = 256;

/// AuditEvents in one Bundle: about 1.5 MB of JSON.
pub(crate) const AUDIT_EVENTS_MAX: u64 = 500;

/// Open streams of one person: some tabs of the portal and a few tools.
pub(crate) const STREAMS_OF_ONE_MAX: usize = 8;

/// Open streams in all: each may hold a page and the buffers of a connection.
pub(crate) const STREAMS_MAX: usize = 64;

/// Longest life of a stream. Readers come back by themselves and go on where they were; a role that was taken away is noticed then.
pub(crate) const LIFE_MAX: Duration = Duration::from_secs(60 * 60);

/// Silence after which a sign of life is sent: shorter than the minute after which proxies commonly hang up.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long an answer may wait for a reader that takes no byte of it; then the connection is cut.
pub(crate) const STALL_MAX: Duration = Duration::from_secs(60);

/// Who has streams open.
#[derive(Debug, Default)]
pub(crate) struct Streams(Arc<Mutex<BTreeMap<PersonId, usize>>>);

/// One open stream; dropping it gives the place back.
#[derive(Debug)]
pub(crate) struct Place {
    open: Arc<Mutex<BTreeMap<PersonId, usize>>>,
    person: PersonId,
}

impl Streams {
    /// A place for one more stream of this person.
    ///
    /// # Errors
    /// [`Code::TooManyStreams`].
    pub(crate) fn admit(&self, person: &PersonId) -> Result<Place, Refusal> {
        let mut open = locked(&self.0);
        if open.get(person).is_some_and(|own| *own >= STREAMS_OF_ONE_MAX) {
            let detail = format!("you have {STREAMS_OF_ONE_MAX} streams of the record open, which is the most; close one first");
            return Err(Refusal::new(Code::TooManyStreams, detail));
        }
        if open.values().sum::<usize>() >= STREAMS_MAX {
            return Err(Refusal::new(Code::TooManyStreams, "as many streams of the record are open as this server keeps; try again later"));
        }
        *open.entry(person.clone()).or_default() += 1;
        Ok(Place { open: Arc::clone(&self.0), person: person.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = locked(&self.open);
        if let Some(own) = open.get_mut(&self.person) {
            *own = own.saturating_sub(1);
        }
        open.retain(|_, own| *own > 0);
    }
}

/// A count is whole after every change, so a panic elsewhere spoils nothing.
fn locked(open: &Mutex<BTreeMap<PersonId, usize>>) -> MutexGuard<'_, BTreeMap<PersonId, usize>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_for_each_person_and_in_all_and_come_back() {
        let streams = Streams::default();
        let person = |n: usize| -> PersonId { format!("per_{n}").parse().unwrap() };
        let mut held: Vec<Place> = (0..STREAMS_OF_ONE_MAX).map(|_| streams.admit(&person(0)).unwrap()).collect();
        assert_eq!(streams.admit(&person(0)).unwrap_err().code, Code::TooManyStreams);
        held.extend((STREAMS_OF_ONE_MAX..STREAMS_MAX).map(|n| streams.admit(&person(n)).unwrap()));
        assert_eq!(streams.admit(&person(STREAMS_MAX)).unwrap_err().code, Code::TooManyStreams);
        held.remove(0);
        held.push(streams.admit(&person(0)).unwrap());
        drop(held);
        assert!(locked(&streams.0).is_empty());
    }
}
