//! A witness's folder: its key, the logs that it trusts, and what it has cosigned.
//!
//! ```text
//! logs                 verifier keys of the logs, one a line; several of one origin are one log whose key changed
//! current              name of the folder below that is in use
//! <key id>/secret.key  the witness's own key
//! <key id>/store/      its desk: the latest checkpoint of each log
//! ```
//!
//! Key and store change together, by one rename of `current`: whatever a crash leaves behind, there is one key in use, and its store.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use ring::rand::{SecureRandom, SystemRandom};
use visiting_tlog::{
    checkpoint::Checkpoint,
    desk::{Desk, DeskFault},
    key::{Algorithm, KeyFault, SecretKey, VerifierKey},
    note::Note,
    request::Request,
    witness::{Witness, WitnessFault, origin_hash},
};

use crate::private;

/// Most keys of logs: each is looked for in a list, and a witness for thousands of logs is another program.
const LOGS_MAX: usize = 1024;

const CURRENT: &str = "current";
const LOCK: &str = "lock";
const LOGS: &str = "logs";
const SECRET: &str = "secret.key";
const STORE: &str = "store";

/// Why a command of the witness fails.
#[derive(Debug, thiserror::Error)]
pub enum HomeFault {
    /// A folder that is somebody's already.
    #[error("{0} is not empty; a witness is made once, in a folder of its own")]
    Taken(PathBuf),
    /// No witness was made here.
    #[error("there is no witness in {0}; make one with `visiting-witness init`")]
    NotMade(PathBuf),
    /// A file in it does not say what it should.
    #[error("`{0}` in the witness's folder cannot be understood")]
    Broken(&'static str),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// A key that no log signs with.
    #[error("this is no log's key: a log has a key of type 0x01")]
    NotALog,
    /// More logs than are kept.
    #[error("a witness has {LOGS_MAX} keys of logs at most")]
    TooManyLogs,
    /// A key that nobody has trusted here.
    #[error("this key is not trusted here, so nothing was changed; the trusted ones stand in `{LOGS}` in the witness's folder")]
    NotTrusted,
    /// Without a key a log would be unknown, and what was cosigned of it forgotten.
    #[error("this is the only key of {0} here; `visiting-witness trust` the one that follows it first")]
    OnlyKey(String),
    /// The store.
    #[error(transparent)]
    Desk(#[from] DeskFault),
    /// The witness's logic.
    #[error(transparent)]
    Witness(#[from] WitnessFault),
    /// The new key did not take over what the old one cosigned.
    #[error(
        "the new key cannot take over {0}: {1}; where a key of the log was distrusted, let the old one cosign its next checkpoint first"
    )]
    NotTakenOver(String, String),
    /// No random numbers, or no time.
    #[error("the system gives no {0}")]
    System(&'static str),
    /// The disk failed.
    #[error("the witness's folder cannot be used: {0}")]
    Disk(#[from] io::Error),
}

/// The folder.
#[derive(Debug)]
pub struct Home(PathBuf);

impl Home {
    /// Makes a witness: a key, no logs, and a store in which nothing was ever cosigned.
    ///
    /// # Errors
    /// [`HomeFault::Taken`] when the folder is not empty: a second, forgetful witness of the same folder must not come to be.
    pub fn init(path: &Path, name: &str) -> Result<VerifierKey, HomeFault> {
        if !path.is_dir() {
            private::folder(path)?;
        }
        if fs::read_dir(path)?.next().is_some() {
            return Err(HomeFault::Taken(path.to_owned()));
        }
        fs::set_permissions(path, fs::Permissions::from_mode(private::FOLDER))?;
        let home = Self(path.to_owned());
        let _lock = home.lock()?;
        // Somebody may have been faster.
        if path.join(CURRENT).exists() {
            return Err(HomeFault::Taken(path.to_owned()));
        }
        private::replace(&path.join(LOGS), b"")?;
        let key = home.new_key(name)?;
        private::replace(&path.join(CURRENT), folder_of(&key).as_bytes())?;
        Ok(key)
    }

    /// The witness in this folder.
    ///
    /// # Errors
    /// [`HomeFault::NotMade`].
    pub fn open(path: &Path) -> Result<Self, HomeFault> {
        if path.join(CURRENT).is_file() { Ok(Self(path.to_owned())) } else { Err(HomeFault::NotMade(path.to_owned())) }
    }

    /// What verifies its cosignatures.
    ///
    /// # Errors
    /// When the key cannot be read.
    pub fn key(&self) -> Result<VerifierKey, HomeFault> {
        Ok(self.secret(&self.current()?)?.verifier().clone())
    }

    /// Adds a key of a log. True when it was not known before. A witness that runs takes it at its next start.
    ///
    /// # Errors
    /// When it is no log's key.
    pub fn trust(&self, vkey: &str) -> Result<(VerifierKey, bool), HomeFault> {
        let key = VerifierKey::parse(vkey.trim())?;
        if key.algorithm() != Algorithm::Ed25519 {
            return Err(HomeFault::NotALog);
        }
        let _lock = self.lock()?;
        let mut keys = self.trusted()?;
        if keys.contains(&key) {
            return Ok((key, false));
        }
        if keys.len() >= LOGS_MAX {
            return Err(HomeFault::TooManyLogs);
        }
        keys.push(key.clone());
        self.keep(&keys)?;
        Ok((key, true))
    }

    /// Takes a key of a log away: once another one has followed it, whoever has the old one is not the log. A witness that runs goes by
    /// it until it is started again. What was cosigned of the log stays, whichever key signed it.
    ///
    /// # Errors
    /// When the key is not trusted here, or is the last one of its log.
    pub fn distrust(&self, vkey: &str) -> Result<VerifierKey, HomeFault> {
        let key = VerifierKey::parse(vkey.trim())?;
        let _lock = self.lock()?;
        let mut keys = self.trusted()?;
        if !keys.contains(&key) {
            return Err(HomeFault::NotTrusted);
        }
        keys.retain(|known| *known != key);
        if keys.iter().all(|known| known.name() != key.name()) {
            return Err(HomeFault::OnlyKey(key.name().to_owned()));
        }
        self.keep(&keys)?;
        Ok(key)
    }

    /// The witness's desk. It is this process's alone as long as it is held.
    ///
    /// # Errors
    /// [`HomeFault::Desk`] while another process has it.
    pub fn desk(&self) -> Result<Desk, HomeFault> {
        Ok(self.held()?.1)
    }

    /// Another key takes the place of the witness's own. It begins with exactly what the old one cosigned last, and the old one is
    /// destroyed: at no time can both sign, and nothing that was cosigned is forgotten.
    ///
    /// # Errors
    /// [`HomeFault::Desk`] while the witness runs.
    pub fn rotate(&self) -> Result<VerifierKey, HomeFault> {
        let _lock = self.lock()?;
        let (old, desk) = self.held()?;
        let name = self.secret(&old)?.verifier().name().to_owned();
        let key = self.new_key(&name)?;
        let new = folder_of(&key);
        self.take_over(&desk, &new)?;
        // Until here the new key has a folder that nothing names; after it, the old one has.
        private::replace(&self.0.join(CURRENT), new.as_bytes())?;
        private::remove(&self.0.join(&old).join(SECRET))?;
        drop(desk);
        Ok(key)
    }

    /// The new key's desk, asked to cosign what the old one kept, from nothing: it has its cosignatures by the same way as any other.
    fn take_over(&self, old: &Desk, new: &str) -> Result<(), HomeFault> {
        let origins: Vec<String> = self.logs()?.into_keys().collect();
        let (desk, now) = (self.desk_in(new)?, now()?);
        for origin in origins {
            let Some(kept) = old.checkpoint(&origin_hash(&origin)) else { continue };
            let note = Note::parse(kept.as_bytes()).map_err(|_| HomeFault::Broken(STORE))?;
            let checkpoint = Checkpoint::parse(note.text()).map_err(|_| HomeFault::Broken(STORE))?;
            let asked = Request { old: 0, proof: Vec::new(), note, checkpoint };
            let answer = desk.add_checkpoint(asked.to_string().as_bytes(), now);
            if answer.status != 200 {
                return Err(HomeFault::NotTakenOver(origin, answer.body.trim().to_owned()));
            }
        }
        Ok(())
    }

    /// The folder in use and its desk. Whoever changes the key holds the old desk meanwhile, so what is current is looked at again once
    /// the desk is ours.
    fn held(&self) -> Result<(String, Desk), HomeFault> {
        loop {
            let current = self.current()?;
            let desk = self.desk_in(&current)?;
            if self.current()? == current {
                self.forget_retired(&current)?;
                return Ok((current, desk));
            }
        }
    }

    fn desk_in(&self, folder: &str) -> Result<Desk, HomeFault> {
        Ok(Desk::open(&self.0.join(folder).join(STORE), Witness::new(self.secret(folder)?, self.logs()?)?)?)
    }

    /// A key in a folder of its own, with a store in which nothing was cosigned.
    fn new_key(&self, name: &str) -> Result<VerifierKey, HomeFault> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| HomeFault::System("random numbers"))?;
        let secret = SecretKey::from_seed(name, Algorithm::Cosignature, &seed)?;
        let (text, key) = (SecretKey::text(name, Algorithm::Cosignature, &seed)?, secret.verifier().clone());
        let folder = self.0.join(folder_of(&key));
        private::folder(&folder)?;
        private::replace(&folder.join(SECRET), format!("{text}\n").as_bytes())?;
        private::folder(&folder.join(STORE))?;
        Desk::create(&folder.join(STORE), &Witness::new(secret, BTreeMap::new())?)?;
        Ok(key)
    }

    /// Destroys keys that are not in use, which a crash has left. Their checkpoints stay, as what was signed with them does.
    fn forget_retired(&self, current: &str) -> io::Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name() != current && entry.file_type()?.is_dir() {
                private::remove(&entry.path().join(SECRET))?;
            }
        }
        Ok(())
    }

    fn current(&self) -> Result<String, HomeFault> {
        let name = fs::read_to_string(self.0.join(CURRENT))?;
        // It becomes a part of paths: nothing but what we write there.
        let plain = name.len() == 8 && name.bytes().all(|b| b.is_ascii_hexdigit());
        if plain { Ok(name) } else { Err(HomeFault::Broken(CURRENT)) }
    }

    fn secret(&self, folder: &str) -> Result<SecretKey, HomeFault> {
        let text = fs::read_to_string(self.0.join(folder).join(SECRET))?;
        SecretKey::parse(text.trim_end()).map_err(|_| HomeFault::Broken(SECRET))
    }

    fn trusted(&self) -> Result<Vec<VerifierKey>, HomeFault> {
        let text = fs::read_to_string(self.0.join(LOGS))?;
        text.lines().map(|line| VerifierKey::parse(line).map_err(|_| HomeFault::Broken(LOGS))).collect()
    }

    fn keep(&self, keys: &[VerifierKey]) -> io::Result<()> {
        let text: String = keys.iter().map(|key| format!("{key}\n")).collect();
        private::replace(&self.0.join(LOGS), text.as_bytes())
    }

    fn logs(&self) -> Result<BTreeMap<String, Vec<VerifierKey>>, HomeFault> {
        let mut logs: BTreeMap<String, Vec<VerifierKey>> = BTreeMap::new();
        for key in self.trusted()? {
            logs.entry(key.name().to_owned()).or_default().push(key);
        }
        Ok(logs)
    }

    /// One command at a time changes the folder. The lock ends with the process, however it ends.
    fn lock(&self) -> io::Result<File> {
        let file = File::create(self.0.join(LOCK))?;
        file.lock()?;
        Ok(file)
    }
}

fn folder_of(key: &VerifierKey) -> String {
    format!("{:08x}", key.id())
}

/// Seconds since 1970.
pub(crate) fn now() -> Result<u64, HomeFault> {
    SystemTime::now().duration_since(UNIX_EPOCH).map(|time| time.as_secs()).map_err(|_| HomeFault::System("time"))
}
