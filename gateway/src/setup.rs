//! Makes everything a demo home needs, once: keys, roster copies, tokens, verifier keys. Running it again changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    os::unix::fs::PermissionsExt,
    path::Path,
};

use visiting_policies::{
    Refusal, note,
    receipt::signer,
    roster::{Member, Roster},
    sign::{self, SigningKey},
    terms::{PersonId, Role},
};
use visiting_tlog::policy::Policy;

use crate::{
    drafts::Drafts,
    files::{self, SEED_BYTES},
    home::Home,
    people::People,
    rotation,
};

/// Origin of the demo's log.
pub const ORIGIN: &str = "visiting.demo/log";

/// Approvals that a permit needs in the demo.
const QUORUM: usize = 2;

/// Why the home could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The file system.
    #[error("the data folder cannot be written: {0}; name another one with VISITING_HOME")]
    Folder(#[from] io::Error),
    /// A key or an id.
    #[error(transparent)]
    Key(#[from] Refusal),
    /// Who stands by the log.
    #[error("the witnesses: {0}; each is given as VKEY=URL, the key as `visiting-witness` prints it")]
    Witness(String),
    /// The log's key.
    #[error("the log's key cannot be rotated: {0}")]
    Rotation(String),
    /// A file of an earlier setup.
    #[error("{0} of an earlier setup cannot be read: {1}; remove the data folder to start anew")]
    Unreadable(&'static str, serde_json::Error),
}

/// One demo person.
struct Demo {
    id: &'static str,
    name: &'static str,
    organisation: &'static str,
    roles: &'static [Role],
    signs: bool,
}

const fn person(id: &'static str, name: &'static str, organisation: &'static str, roles: &'static [Role], signs: bool) -> Demo {
    Demo { id, name, organisation, roles, signs }
}

/// The demo's people. Member 3 works where the researchers do, member 4 is a researcher too: both meet the conflict rules. Checkers 1
/// and 2 are of two organisations that have no part in anything; checker 3 is of the first one again.
const PEOPLE: &[Demo] = &[
    person("per_hanako", "厚労 花子 (researcher)", "org_univ", &[Role::Researcher], false),
    person("per_taro", "厚労 太郎 (researcher)", "org_univ", &[Role::Researcher], false),
    person("per_outsider", "外部 一郎 (researcher elsewhere)", "org_corp", &[Role::Researcher], false),
    person("per_reception", "窓口 受子 (reception)", "org_desk", &[Role::Reception], false),
    person("per_member1", "審査 一子 (committee)", "org_hosp", &[Role::CommitteeMember], true),
    person("per_member2", "審査 二郎 (committee)", "org_law", &[Role::CommitteeMember], true),
    person("per_member3", "審査 三子 (committee, conflicted)", "org_univ", &[Role::CommitteeMember], true),
    person("per_member4", "審査 四郎 (committee and researcher)", "org_clinic", &[Role::CommitteeMember, Role::Researcher], true),
    person("per_ministry", "所管 省子 (ministry)", "org_ministry", &[Role::Ministry], true),
    person("per_checker1", "出口 審子 (output checker)", "org_stat", &[Role::Checker], true),
    person("per_checker2", "出口 査郎 (output checker)", "org_sdc", &[Role::Checker], true),
    person("per_checker3", "出口 確子 (output checker, where checker 1 works)", "org_stat", &[Role::Checker], true),
    person("per_auditor", "監査 見男 (auditor)", "org_audit", &[Role::Auditor], false),
    person("per_holder", "保有 持子 (data holder)", "org_holder", &[Role::DataHolder], false),
];

/// Ids and names of the demo's people, for the launcher's greeting.
pub fn demo_people() -> impl Iterator<Item = (&'static str, &'static str)> {
    PEOPLE.iter().map(|p| (p.id, p.name))
}

/// Makes what is missing.
///
/// # Errors
/// [`SetupError`]; what was made stays, and the next call goes on from there.
pub fn prepare(home: &Home) -> Result<(), SetupError> {
    for folder in ["client/keys", "gateway/documents", "log", "enclave/vault", "enclave/extracts", "linkage"] {
        fs::create_dir_all(home.path().join(folder))?;
    }
    for room in ["client", "client/keys", "gateway", "enclave", "linkage"] {
        fs::set_permissions(home.path().join(room), fs::Permissions::from_mode(0o700))?;
    }
    let log = key(&home.gateway(rotation::SEED))?;
    let gate = key(&home.enclave("gate.seed"))?;
    key(&home.gateway("login.seed"))?;
    let roster = roster(home, &log, &gate)?;
    share_token(home)?;
    once(&home.enclave("roster.json"), || Ok(json(&roster)))?;
    once(&home.gateway("people.json"), || Ok(json(&names())))?;
    witnesses(home, &note::vkey(&roster.origin, &log.public_bytes()))?;
    once(&home.log().join("log.vkey"), || Ok(line(note::vkey(&roster.origin, &log.public_bytes()))))?;
    once(&home.log().join("gate.vkey"), || Ok(line(note::vkey(&signer(&roster.origin), &gate.public_bytes()))))?;
    Ok(())
}

/// Erases the name and the drafts of a person; ids in the record stay.
///
/// # Errors
/// [`SetupError`].
pub fn forget(home: &Home, person: &str) -> Result<bool, SetupError> {
    let person: PersonId = person.parse()?;
    Drafts::open(&home.gateway("drafts.sqlite"))?.forget(&person)?;
    Ok(People::at(home.gateway("people.json")).forget(&person)?)
}

/// Reads the roster that a room holds.
///
/// # Errors
/// [`SetupError`].
pub fn read_roster(path: &Path) -> Result<Roster, SetupError> {
    serde_json::from_slice(&fs::read(path)?).map_err(|e| SetupError::Unreadable("roster.json", e))
}

fn roster(home: &Home, log: &SigningKey, gate: &SigningKey) -> Result<Roster, SetupError> {
    let mut members = BTreeMap::new();
    for demo in PEOPLE {
        let key = if demo.signs { Some(key(&home.key(demo.id))?.public()) } else { None };
        let roles: BTreeSet<Role> = demo.roles.iter().copied().collect();
        let seal_key = if roles.contains(&Role::Checker) { Some(seal_key(&home.seal_key(demo.id))?) } else { None };
        members.insert(demo.id.parse()?, Member { organisation: demo.organisation.parse()?, roles, key, seal_key });
    }
    let roster = Roster { origin: ORIGIN.to_owned(), log_key: log.public(), enclave_key: gate.public(), quorum: QUORUM, members };
    let path = home.gateway("roster.json");
    once(&path, || Ok(json(&roster)))?;
    // An edited roster wins over the demo's: it is the one that opened the record.
    read_roster(&path)
}

/// Who must stand by the log. The gateway asks them, the enclave believes no other checkpoint, and auditors find the same file
/// beside the log: each has its own copy. A demo has nobody.
fn witnesses(home: &Home, vkey: &str) -> Result<(), SetupError> {
    let path = home.gateway("policy");
    once(&path, || Ok(line(format!("log {vkey}\nquorum none"))))?;
    let policy = fs::read(path)?;
    once(&home.enclave("policy"), || Ok(policy.clone()))?;
    once(&home.log().join("policy"), || Ok(policy))
}

/// Asks for witnesses from now on, each as `VKEY=URL`, all of them or as many as `quorum` says.
///
/// # Errors
/// [`SetupError::Witness`] when one is out of form; nothing was changed then.
pub fn set_witnesses(home: &Home, named: &[String], quorum: Option<usize>) -> Result<(), SetupError> {
    prepare(home)?;
    // The log's keys stay as they are named.
    let before = fs::read_to_string(home.gateway("policy"))?;
    let mut text: String = before.lines().filter(|line| line.starts_with("log ")).map(|line| format!("{line}\n")).collect();
    let mut names = Vec::new();
    for (number, witness) in named.iter().enumerate() {
        let (vkey, url) = split_witness(witness).ok_or_else(|| SetupError::Witness(format!("`{witness}` is not VKEY=URL")))?;
        names.push(format!("w{number}"));
        text.push_str(&format!("witness w{number} {vkey} {url}\n"));
    }
    let threshold = quorum.map_or_else(|| "all".to_owned(), |quorum| quorum.to_string());
    text.push_str(&format!("group witnesses {threshold} {}\nquorum witnesses\n", names.join(" ")));
    Policy::parse(text.as_bytes()).map_err(|fault| SetupError::Witness(fault.to_string()))?;
    for path in [home.gateway("policy"), home.enclave("policy"), home.log().join("policy")] {
        files::replace(&path, text.as_bytes())?;
    }
    Ok(())
}

/// Keys end in base64, which may have `=` at its end; addresses have none before `://`.
fn split_witness(text: &str) -> Option<(&str, &str)> {
    let (before, _) = text.split_once("://")?;
    text.split_at_checked(before.rfind('=')?).map(|(vkey, url)| (vkey, &url[1..]))
}

fn share_token(home: &Home) -> Result<(), SetupError> {
    let path = home.gateway("enclave.token");
    once(&path, || Ok(line(sign::hex(&files::random::<SEED_BYTES>()?))))?;
    let token = fs::read(path)?;
    once(&home.enclave("enclave.token"), || Ok(token))
}

fn key(path: &Path) -> Result<SigningKey, SetupError> {
    once(path, || Ok(line(sign::hex(&files::random::<SEED_BYTES>()?))))?;
    Ok(files::read_key(path)?)
}

/// The public half of a key that opens seals.
fn seal_key(path: &Path) -> Result<String, SetupError> {
    once(path, || Ok(line(sign::hex(&files::random::<SEED_BYTES>()?))))?;
    Ok(files::read_seal_key(path)?.public())
}

/// Writes a file that is not there yet.
fn once(path: &Path, content: impl FnOnce() -> Result<Vec<u8>, SetupError>) -> Result<(), SetupError> {
    if path.exists() {
        return Ok(());
    }
    Ok(files::replace(path, &content()?)?)
}

fn names() -> BTreeMap<&'static str, &'static str> {
    demo_people().collect()
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    line(serde_json::to_string_pretty(value).unwrap_or_default())
}

fn line(text: String) -> Vec<u8> {
    format!("{text}\n").into_bytes()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A folder that goes away with the test.
    pub(crate) struct Scratch(PathBuf);

    impl Scratch {
        pub(crate) fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("visiting-{name}-{}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        pub(crate) fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_second_setup_changes_nothing() {
        let scratch = Scratch::new("setup");
        let home = Home::at(scratch.path("home"));
        prepare(&home).unwrap();
        let roster = fs::read(home.gateway("roster.json")).unwrap();
        prepare(&home).unwrap();
        assert_eq!(roster, fs::read(home.gateway("roster.json")).unwrap());
        assert_eq!(roster, fs::read(home.enclave("roster.json")).unwrap());
        let read = read_roster(&home.gateway("roster.json")).unwrap();
        let member = &read.members[&"per_member1".parse().unwrap()];
        assert_eq!(member.key, Some(files::read_key(&home.key("per_member1")).unwrap().public()));
    }

    #[test]
    fn a_forgotten_person_has_no_name() {
        let scratch = Scratch::new("forget");
        let home = Home::at(scratch.path("home"));
        prepare(&home).unwrap();
        let (people, hanako) = (People::at(home.gateway("people.json")), "per_hanako".parse().unwrap());
        assert_eq!(people.names([&hanako]).len(), 1);
        assert!(forget(&home, "per_hanako").unwrap());
        assert!(people.names([&hanako]).is_empty());
    }
}
