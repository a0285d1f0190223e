//! The fold of a long record, kept so that a start need not judge every event again.
//!
//! It is believed only when this log's key signed it, this very program made it, and the journal's leaves lead to its root: a start still
//! hashes every leaf. Where the leaves lead elsewhere the journal was changed, and nothing goes on.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use visiting_policies::{
    case::Cases,
    merkle::Hash,
    note,
    roster::Roster,
    sign::{self, SigningKey},
    terms::ApplicationId,
};

use crate::{
    files,
    view::{Step, View},
};

/// Events that are folded at a start before it is worth keeping: about a second of them.
pub(crate) const WORTH_KEEPING: u64 = 20_000;

/// First line of what is signed.
const FORM: &str = "visiting snapshot v1";

/// Everything of a view that is not its tree.
#[derive(Deserialize)]
pub(crate) struct Folded {
    pub(crate) cases: Cases,
    pub(crate) last_ms: u64,
    pub(crate) remarks: BTreeMap<ApplicationId, String>,
    pub(crate) moments: BTreeMap<String, u64>,
    pub(crate) courses: BTreeMap<ApplicationId, Vec<Step>>,
}

/// The same of a view that goes on.
#[derive(Serialize)]
struct Folding<'a> {
    cases: &'a Cases,
    last_ms: u64,
    remarks: &'a BTreeMap<ApplicationId, String>,
    moments: &'a BTreeMap<String, u64>,
    courses: &'a BTreeMap<ApplicationId, Vec<Step>>,
}

/// A snapshot whose signature holds.
pub(crate) struct Kept {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) folded: Folded,
}

/// Where snapshots lie.
#[derive(Debug, Clone)]
pub struct Shelf(PathBuf);

impl Shelf {
    /// In this folder, which only the gateway reads.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn state(&self) -> PathBuf {
        self.0.join("snapshot.json")
    }

    fn note(&self) -> PathBuf {
        self.0.join("snapshot.note")
    }

    /// The snapshot, when it is this log's, this program's and whole; otherwise everything is folded.
    pub(crate) fn read(&self, roster: &Roster, key: &SigningKey) -> Option<Kept> {
        let signed = fs::read_to_string(self.note()).ok()?;
        let text = note::open_note(&signed, &signer(roster), &key.public_bytes()).ok()?;
        let mut lines = text.lines();
        let ours = lines.next() == Some(FORM) && lines.next() == program().as_deref();
        let size = lines.next()?.parse().ok()?;
        let root = Hash::try_from(sign::from_base64(lines.next()?)?).ok()?;
        let state = fs::read(self.state()).ok()?;
        let whole = lines.next() == Some(sign::digest(&state).as_str()) && lines.next().is_none();
        let folded: Folded = (ours && whole).then(|| serde_json::from_slice(&state).ok()).flatten()?;
        (folded.cases.roster() == roster && folded.cases.size() == size).then_some(Kept { size, root, folded })
    }

    /// Keeps what is folded. A gateway that cannot does without.
    pub(crate) fn keep(&self, view: &View, key: &SigningKey) {
        if let Err(error) = self.write(view, key) {
            tracing::warn!("no snapshot of the record was kept, so the next start takes longer: {error}");
        }
    }

    fn write(&self, view: &View, key: &SigningKey) -> std::io::Result<()> {
        let View { cases, last_ms, remarks, moments, courses, .. } = view;
        let state = serde_json::to_vec(&Folding { cases, last_ms: *last_ms, remarks, moments, courses })?;
        let size = view.tree.size();
        let (Some(root), Some(program)) = (view.tree.root(size), program()) else { return Ok(()) };
        let text = format!("{FORM}\n{program}\n{size}\n{}\n{}\n", sign::to_base64(&root), sign::digest(&state));
        files::replace(&self.state(), &state)?;
        files::replace(&self.note(), note::sign_note(&text, &signer(cases.roster()), key).as_bytes())
    }
}

/// Not the log's own name: no checkpoint is ever taken for a snapshot, or the other way round.
fn signer(roster: &Roster) -> String {
    format!("{}/snapshot", roster.origin)
}

/// Another program may fold otherwise.
fn program() -> Option<String> {
    Some(sign::digest(&fs::read(std::env::current_exe().ok()?).ok()?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use visiting_policies::{
        record::{Act, Actor, Event, VERSION},
        refusal::Code,
    };

    use super::*;
    use crate::{
        home::Home,
        journal::{Journal, SqliteJournal},
        setup::{self, tests::Scratch},
    };

    struct Room {
        scratch: Scratch,
        roster: Roster,
        key: Arc<SigningKey>,
        journal: SqliteJournal,
    }

    impl Room {
        fn new(name: &str) -> Self {
            let scratch = Scratch::new(name);
            let home = Home::at(scratch.path("home"));
            setup::prepare(&home).unwrap();
            let roster = setup::read_roster(&home.gateway("roster.json")).unwrap();
            let key = Arc::new(files::read_key(&home.gateway("log.seed")).unwrap());
            let journal = SqliteJournal::open(&home.gateway("journal.sqlite")).unwrap();
            let room = Self { scratch, roster, key, journal };
            let opened = Act::RecordOpened { origin: room.roster.origin.clone(), roster: room.roster.digest(), demo: true };
            room.append(0, vec![(Actor::Gateway, opened)]);
            let seen = |n: u64| (Actor::Person("per_auditor".parse().unwrap()), Act::Viewed { what: format!("/v1/log/events?from={n}") });
            room.append(1, (0..40).map(seen).collect());
            room
        }

        fn append(&self, head: u64, acts: Vec<(Actor, Act)>) {
            let leaf = |(by, act)| Event { v: VERSION, at_ms: 1000, by, request: None, act }.to_bytes().unwrap();
            let leaves: Vec<_> = acts.into_iter().map(leaf).collect();
            self.journal.append_if(head, &leaves).unwrap();
        }

        fn shelf(&self) -> Shelf {
            Shelf::at(&self.scratch.path("home/gateway"))
        }

        fn folded(&self) -> View {
            let mut view = View::new(self.roster.clone(), Arc::clone(&self.key));
            view.recover(&self.journal, None).unwrap();
            view
        }
    }

    fn state(view: &View) -> serde_json::Value {
        let View { cases, last_ms, remarks, moments, courses, .. } = view;
        serde_json::to_value(Folding { cases, last_ms: *last_ms, remarks, moments, courses }).unwrap()
    }

    #[test]
    fn a_start_from_a_snapshot_is_the_start_from_everything() {
        let room = Room::new("snapshot-same");
        room.shelf().keep(&room.folded(), &room.key);
        room.append(41, vec![(Actor::Gateway, Act::ListingPublished { listing: "ndb".to_owned(), digest: sign::digest(b"ndb") })]);
        let mut view = View::new(room.roster.clone(), Arc::clone(&room.key));
        let kept = room.shelf().read(&room.roster, &room.key).unwrap();
        assert_eq!(kept.size, 41);
        view.recover(&room.journal, Some(kept)).unwrap();
        let whole = room.folded();
        assert_eq!(state(&view), state(&whole));
        assert_eq!(view.tree.root(42), whole.tree.root(42));
    }

    #[test]
    fn one_that_was_changed_is_not_believed() {
        let room = Room::new("snapshot-changed");
        room.shelf().keep(&room.folded(), &room.key);
        let good = fs::read(room.shelf().state()).unwrap();
        fs::write(room.shelf().state(), [&good[..], b" "].concat()).unwrap();
        assert!(room.shelf().read(&room.roster, &room.key).is_none());
        fs::write(room.shelf().state(), &good).unwrap();
        let other = SigningKey::from_seed(&[9; 32]).unwrap();
        assert!(room.shelf().read(&room.roster, &other).is_none(), "another log's");
        let note = fs::read_to_string(room.shelf().note()).unwrap();
        fs::write(room.shelf().note(), note.replacen("\n41\n", "\n40\n", 1)).unwrap();
        assert!(room.shelf().read(&room.roster, &room.key).is_none());
    }

    #[test]
    fn a_journal_that_leads_elsewhere_is_not_served() {
        let room = Room::new("snapshot-elsewhere");
        room.shelf().keep(&room.folded(), &room.key);
        let kept = || room.shelf().read(&room.roster, &room.key).unwrap();
        let mut leaves = room.journal.read(0, 100).unwrap();
        let recovered = |name: &str, leaves: &[Vec<u8>]| {
            let journal = SqliteJournal::open(&room.scratch.path(name)).unwrap();
            journal.append_if(0, leaves).unwrap();
            View::new(room.roster.clone(), Arc::clone(&room.key)).recover(&journal, Some(kept())).map_err(|refusal| refusal.code)
        };
        assert_eq!(recovered("shorter.sqlite", &leaves[..40]), Err(Code::RecordUnlawful));
        leaves.swap(7, 8);
        assert_eq!(recovered("moved.sqlite", &leaves), Err(Code::RecordUnlawful));
    }
}
