//! Rotation of the log's key: made by `visiting setup --rotate-log-key`, put in force by the gateway's next start.
//!
//! Three steps, each of which a crash may follow: the next seed lies beside the one in use; the record says that its key is in force; it
//! takes the place of the old one, which is gone then. The record is the truth: whose key it names is the one to sign with.

use std::fs;

use visiting_policies::{note, record::Actor, refusal::Code, rotation::LogKeyRotation, sign::SigningKey};

use crate::{
    desk::Desk,
    files::{self, SEED_BYTES},
    home::Home,
    serve::ServeError,
    setup::{self, SetupError},
};

/// The key in use.
pub(crate) const SEED: &str = "log.seed";

/// The one that waits.
const NEXT: &str = "log.next.seed";

/// Makes the next key and names it in the three policies of this data folder. Gives its verifier key, for everybody else who reads the log.
///
/// # Errors
/// [`SetupError::Rotation`] while one waits already.
pub fn prepare(home: &Home) -> Result<String, SetupError> {
    setup::prepare(home)?;
    let path = home.gateway(NEXT);
    if path.exists() {
        return Err(SetupError::Rotation("a key waits already; the gateway's next start puts it in force".to_owned()));
    }
    let origin = setup::read_roster(&home.gateway("roster.json"))?.origin;
    let seed = files::random::<SEED_BYTES>()?;
    let vkey = note::vkey(&origin, &SigningKey::from_seed(&seed)?.public_bytes());
    for policy in [home.gateway("policy"), home.enclave("policy"), home.log().join("policy")] {
        let text = fs::read_to_string(&policy)?;
        files::replace(&policy, format!("log {vkey}\n{text}").as_bytes())?;
    }
    files::replace(&path, format!("{}\n", visiting_policies::sign::hex(&seed)).as_bytes())?;
    Ok(vkey)
}

/// Puts the key that waits in force, if one does. `open` opens the record with a key.
pub(crate) async fn finish(home: &Home, open: impl AsyncFn(SigningKey) -> Result<Desk, ServeError>) -> Result<(), ServeError> {
    let path = home.gateway(NEXT);
    if !path.exists() {
        return Ok(());
    }
    let next = files::read_key(&path)?;
    let desk = match open(files::read_key(&home.gateway(SEED))?).await {
        Ok(desk) => {
            record(&desk, home, &next).await?;
            desk
        }
        // The record may name it already: then a start was interrupted here.
        Err(ServeError::Refused(refusal)) if refusal.code == Code::KeyUnusable => open(files::read_key(&path)?).await?,
        Err(other) => return Err(other),
    };
    let vkey = note::vkey(&desk.view().cases.roster().origin, &next.public_bytes());
    drop(desk);
    files::replace(&home.log().join("log.vkey"), format!("{vkey}\n").as_bytes()).map_err(SetupError::from)?;
    fs::rename(&path, home.gateway(SEED)).map_err(SetupError::from)?;
    files::sync_folder(&home.gateway("")).map_err(SetupError::from)?;
    tracing::warn!("the log's key was rotated: witnesses, auditors and followers need {vkey}");
    Ok(())
}

/// The last event that the old key signs. That it is published under it is waited for, and not needed: both signatures are in it, and
/// the new key speaks of it too.
async fn record(desk: &Desk, home: &Home, next: &SigningKey) -> Result<(), ServeError> {
    let origin = desk.view().cases.roster().origin.clone();
    let act = LogKeyRotation::act(&origin, &files::read_key(&home.gateway(SEED))?, next);
    desk.act(Actor::Gateway, None, act).await?;
    desk.settle(crate::serve::SETTLE).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use visiting_policies::record::Act;
    use visiting_tlog::{
        folder::Folder,
        key::{Algorithm, SecretKey},
        store::Published,
    };

    use super::*;
    use crate::{desk::system_clock, journal::memory::Memory, publish::Publication, setup::tests::Scratch, snapshot::Shelf};

    /// Longest wait for what another thread does.
    const WITHIN: Duration = Duration::from_secs(20);

    fn read_key(home: &Home, name: &str) -> SigningKey {
        files::read_key(&home.gateway(name)).unwrap()
    }

    fn viewed() -> (Actor, Act) {
        (Actor::Person("per_auditor".parse().unwrap()), Act::Viewed { what: "/v1/log/events".to_owned() })
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_gateway_whose_key_another_one_rotated_writes_and_signs_nothing_more() {
        let scratch = Scratch::new("rotation-shared");
        let home = Home::at(scratch.path("home"));
        setup::prepare(&home).unwrap();
        let roster = setup::read_roster(&home.gateway("roster.json")).unwrap();
        let journal = Arc::new(Memory::shared());
        let desk = |key| {
            let publication = Publication::unwitnessed(&home.log()).unwrap();
            Desk::open(journal.clone(), roster.clone(), key, publication, &Shelf::at(&home.gateway("")), system_clock())
        };
        let (here, there) = (desk(read_key(&home, SEED)).unwrap(), desk(read_key(&home, SEED)).unwrap());
        let opened = Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo: true };
        here.act(Actor::Gateway, None, opened).await.unwrap();
        let (by, act) = viewed();
        there.act(by.clone(), None, act.clone()).await.unwrap();

        prepare(&home).unwrap();
        let next = read_key(&home, NEXT);
        record(&here, &home, &next).await.unwrap();
        there.wait_for(WITHIN, || (there.view().cases.size() == 3).then_some(())).await.unwrap();
        let refused = there.act(by.clone(), None, act.clone()).await.unwrap_err();
        assert_eq!(refused.code, Code::RecordUnavailable);
        assert_eq!(there.view().cases.size(), 3, "it has read the rotation, and nothing past it");
        assert!(there.causes().iter().any(|cause| cause.contains("rotated by another gateway")), "{:?}", there.causes());
        assert_eq!(desk(read_key(&home, SEED)).unwrap_err().code, Code::KeyUnusable);
        let again = desk(next).unwrap();
        again.act(by, None, act).await.unwrap();
        assert_eq!(again.view().cases.size(), 4);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_rotation_is_published_under_the_key_that_it_ends_and_closes_nothing() {
        let scratch = Scratch::new("rotation-published");
        let home = Home::at(scratch.path("home"));
        setup::prepare(&home).unwrap();
        let roster = setup::read_roster(&home.gateway("roster.json")).unwrap();
        let (old, publication) = (read_key(&home, SEED), Publication::unwitnessed(&home.log()).unwrap());
        let (journal, shelf) = (Arc::new(Memory::default()), Shelf::at(&home.gateway("")));
        let desk = Desk::open(journal, roster.clone(), read_key(&home, SEED), publication, &shelf, system_clock()).unwrap();
        let opened = Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo: true };
        desk.act(Actor::Gateway, None, opened).await.unwrap();
        prepare(&home).unwrap();
        record(&desk, &home, &read_key(&home, NEXT)).await.unwrap();
        desk.settle(WITHIN).await;
        let standing = desk.health();
        assert_eq!((standing.record, standing.size, standing.published), ("writing", 2, 2), "{:?}", desk.causes());
        let published = String::from_utf8(Folder::new(&home.log()).checkpoint().unwrap().unwrap()).unwrap();
        let checkpoint = note::Checkpoint::open(&published, &roster.origin, &old.public_bytes()).unwrap();
        assert_eq!(checkpoint.size, 2);
    }

    #[test]
    fn a_key_that_waits_is_named_in_every_policy_and_not_made_twice() {
        let scratch = Scratch::new("rotation-prepared");
        let home = Home::at(scratch.path("home"));
        let vkey = prepare(&home).unwrap();
        for policy in [home.gateway("policy"), home.enclave("policy"), home.log().join("policy")] {
            assert!(fs::read_to_string(policy).unwrap().starts_with(&format!("log {vkey}\nlog ")));
        }
        assert!(matches!(prepare(&home), Err(SetupError::Rotation(_))));
        // Witnesses that are named meanwhile leave it where it is.
        let witness = SecretKey::from_seed("w.example/1", Algorithm::Cosignature, &[4; 32]).unwrap();
        setup::set_witnesses(&home, &[format!("{}=http://127.0.0.1:1", witness.verifier())], None).unwrap();
        let policy = fs::read_to_string(home.enclave("policy")).unwrap();
        assert!(policy.starts_with(&format!("log {vkey}\nlog ")) && policy.contains("quorum witnesses"), "{policy}");
    }
}
