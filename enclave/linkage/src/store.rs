//! What the unit keeps: steps of the history between tokens, and wrapped permit keys.

use std::{collections::HashSet, path::Path, time::Duration};

use ring::hmac;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use visiting_policies::{sign::hex, terms::PermitId};

use crate::{
    LinkageError,
    keys::{self, Keys, Token, Wrapped},
    number,
    protocol::{Link, VALUES_MAX},
};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    CREATE TABLE IF NOT EXISTS history (token BLOB PRIMARY KEY, previous BLOB NOT NULL) WITHOUT ROWID, STRICT;
    CREATE TABLE IF NOT EXISTS permits (permit TEXT PRIMARY KEY, nonce BLOB NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID, STRICT;
";
/// What starts the kind of identities that belong to one listing only.
const LOCAL: &str = "local:";
/// What starts the kinds of a listing's numbers of facilities and households: they would tell a small hospital's name, or an address
/// book's line, so they are tokens too.
const SITES: [&str; 2] = ["facility:", "household:"];
const INSURED: &str = "insured";

/// How long one process waits while another writes.
const WRITER_WAIT: Duration = Duration::from_secs(10);
/// How long the end of a permit waits while somebody reads: nobody else is answered meanwhile, and it is asked for again.
const READER_WAIT: Duration = Duration::from_millis(100);

/// The linkage unit itself, without its socket.
#[derive(Debug)]
pub struct Unit {
    keys: Keys,
    insured: hmac::Key,
    store: Connection,
}

impl Unit {
    /// The unit in `folder`; makes key and database where there are none yet.
    ///
    /// # Errors
    /// When the key is missing or damaged, or the database cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, LinkageError> {
        let database = folder.join("linkage.sqlite");
        let keys = Keys::open(&folder.join("master.key"), !database.exists())?;
        Self::with(keys, Connection::open(database)?)
    }

    fn with(keys: Keys, store: Connection) -> Result<Self, LinkageError> {
        store.busy_timeout(WRITER_WAIT)?;
        store.execute_batch(SCHEMA)?;
        let version: u32 = store.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if version > number::NORMALISER {
            return Err(LinkageError::Key("the linkage database was made by a newer Visiting; start that one"));
        }
        store.pragma_update(None, "user_version", number::NORMALISER)?;
        let insured = keys.of_kind(INSURED);
        Ok(Self { keys, insured, store })
    }

    /// Keeps steps of the history. A later statement about a number replaces an earlier one; a number before itself says nothing.
    ///
    /// # Errors
    /// When a number is no number, or nothing could be stored; then none of the links is kept.
    pub fn learn(&mut self, links: &[Link]) -> Result<(), LinkageError> {
        within_limit(links.len())?;
        let transaction = self.store.transaction_with_behavior(TransactionBehavior::Immediate)?;
        {
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO history VALUES (?1, ?2)")?;
            for link in links {
                let newer = keys::token(&self.insured, number::insured(&link.number)?.as_bytes());
                let older = keys::token(&self.insured, number::insured(&link.previous)?.as_bytes());
                if newer != older {
                    insert.execute(params![newer, older])?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// Tokens of identities, 32 hexadecimal digits each, in their order. For `insured` the token of the person's oldest number (ID5).
    ///
    /// # Errors
    /// For an unknown kind, an identity that is none, or a failing store.
    pub fn tokens(&self, kind: &str, values: &[String]) -> Result<Vec<String>, LinkageError> {
        within_limit(values.len())?;
        if kind == INSURED {
            return values
                .iter()
                .map(|v| self.oldest(keys::token(&self.insured, number::insured(v)?.as_bytes())).map(|t| hex(&t)))
                .collect();
        }
        if SITES.iter().chain(&[LOCAL]).find_map(|start| kind.strip_prefix(start)).is_none_or(str::is_empty) {
            return Err(LinkageError::Request(
                "the kind of an identity is `insured`, or `local:`, `facility:` or `household:` with a listing".to_owned(),
            ));
        }
        let key = self.keys.of_kind(kind);
        values.iter().map(|v| Ok(hex(&keys::token(&key, number::normal(v)?.as_bytes())))).collect()
    }

    /// Follows the history to its oldest token. A wrong history can run in a circle: then the smallest token of the circle
    /// stands for it, so that every number of it still gives one person.
    fn oldest(&self, token: Token) -> Result<Token, LinkageError> {
        let mut select = self.store.prepare_cached("SELECT previous FROM history WHERE token = ?1")?;
        let mut before = |t: Token| select.query_row([t], |row| row.get::<_, Token>(0)).optional();
        let (mut at, mut seen) = (token, HashSet::new());
        while let Some(previous) = before(at)? {
            if !seen.insert(at) {
                return Ok(smallest_of_circle(at, &mut before)?);
            }
            at = previous;
        }
        Ok(at)
    }

    /// Pseudonyms of tokens under a permit's own key, in their order. The key is made and stored at the permit's first use.
    ///
    /// # Errors
    /// For what is no permit or no token, or a failing store.
    pub fn pseudonyms(&mut self, permit: &str, tokens: &[String]) -> Result<Vec<String>, LinkageError> {
        within_limit(tokens.len())?;
        let permit: PermitId = permit.parse().map_err(|refusal: visiting_policies::Refusal| LinkageError::Request(refusal.detail))?;
        let key = self.permit_key(permit.as_str())?;
        let pseudonym = |text: &String| {
            let token: Token = keys::parse(text).ok_or_else(|| LinkageError::Request("a token is 32 hexadecimal digits".to_owned()))?;
            Ok(hex(&keys::token(&key, &token)))
        };
        tokens.iter().map(pseudonym).collect()
    }

    /// The key is committed before anything is answered under it: a lost key would make the permit's people other people.
    fn permit_key(&mut self, permit: &str) -> Result<hmac::Key, LinkageError> {
        let transaction = self.store.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let stored = transaction
            .query_row("SELECT nonce, sealed FROM permits WHERE permit = ?1", [permit], |row| {
                Ok(Wrapped { nonce: row.get(0)?, sealed: row.get(1)? })
            })
            .optional()?;
        if stored.as_ref().is_some_and(|wrapped| wrapped.sealed.is_empty()) {
            return Err(LinkageError::Request("the permit has ended, and its key is destroyed".to_owned()));
        }
        if let Some(wrapped) = stored {
            return self.keys.unwrap(permit, wrapped);
        }
        let (key, wrapped) = self.keys.new_permit(permit)?;
        transaction.execute("INSERT INTO permits VALUES (?1, ?2, ?3)", params![permit, wrapped.nonce, wrapped.sealed])?;
        transaction.commit()?;
        Ok(key)
    }

    /// Destroys a permit's key. What stays is that there was one: no other may ever be made for this permit.
    ///
    /// # Errors
    /// For what is no permit, or a failing store. [`LinkageError::Busy`] while the key may still be read out of the store's files.
    pub fn end(&mut self, permit: &str) -> Result<(), LinkageError> {
        let permit: PermitId = permit.parse().map_err(|refusal: visiting_policies::Refusal| LinkageError::Request(refusal.detail))?;
        let gone = "INSERT INTO permits VALUES (?1, x'', x'') ON CONFLICT (permit) DO UPDATE SET nonce = x'', sealed = x''";
        self.store.execute(gone, [permit.as_str()])?;
        // The log of changes still holds the old page. It stays there while somebody else reads, which is told in the answer only.
        self.store.busy_timeout(READER_WAIT)?;
        let busy = self.store.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
        self.store.busy_timeout(WRITER_WAIT)?;
        if busy? == 0 { Ok(()) } else { Err(LinkageError::Busy) }
    }
}

fn smallest_of_circle(start: Token, before: &mut impl FnMut(Token) -> rusqlite::Result<Option<Token>>) -> rusqlite::Result<Token> {
    let (mut at, mut smallest) = (start, start);
    while let Some(previous) = before(at)?.filter(|previous| *previous != start) {
        smallest = smallest.min(previous);
        at = previous;
    }
    Ok(smallest)
}

fn within_limit(values: usize) -> Result<(), LinkageError> {
    if values <= VALUES_MAX {
        return Ok(());
    }
    Err(LinkageError::Request(format!("a request has {VALUES_MAX} values at most; send more in several")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit() -> Unit {
        Unit::with(Keys::from_seed(&[7; 32]).unwrap(), Connection::open_in_memory().unwrap()).unwrap()
    }

    fn link(number: &str, previous: &str) -> Link {
        Link { number: number.into(), previous: previous.into() }
    }

    fn insured(unit: &Unit, numbers: &[&str]) -> Vec<String> {
        let numbers: Vec<String> = numbers.iter().map(|n| (*n).to_owned()).collect();
        unit.tokens("insured", &numbers).unwrap()
    }

    #[test]
    fn numbers_of_one_history_are_one_person() {
        let mut unit = unit();
        unit.learn(&[link("C", "B"), link("B", "A"), link("Ｘ", "X")]).unwrap();
        let tokens = insured(&unit, &["A", "B", "c", "D", "X"]);
        assert!(tokens[0] == tokens[1] && tokens[1] == tokens[2]);
        assert!(tokens[0] != tokens[3] && tokens[3] != tokens[4]);
    }

    #[test]
    fn a_circle_ends_and_is_one_person() {
        let mut unit = unit();
        unit.learn(&[link("A", "B"), link("B", "C"), link("C", "A"), link("Z", "B")]).unwrap();
        let tokens = insured(&unit, &["A", "B", "C", "Z"]);
        assert!(tokens.iter().all(|t| *t == tokens[0]));
    }

    #[test]
    fn a_bad_link_leaves_none() {
        let mut unit = unit();
        assert!(unit.learn(&[link("B", "A"), link("C", " ")]).is_err());
        let tokens = insured(&unit, &["A", "B"]);
        assert_ne!(tokens[0], tokens[1]);
    }

    #[test]
    fn kinds_do_not_meet() {
        let unit = unit();
        let value = ["1".to_owned()];
        let all = ["insured", "local:omop", "local:fixture"].map(|kind| unit.tokens(kind, &value).unwrap());
        assert!(all[0] != all[1] && all[1] != all[2]);
        assert!(unit.tokens("local:", &value).is_err() && unit.tokens("other", &value).is_err());
    }

    #[test]
    fn two_permits_pseudonyms_cannot_be_joined_and_one_permits_stay() {
        let mut unit = unit();
        let tokens = insured(&unit, &["A", "B"]);
        let one = unit.pseudonyms("prm_1", &tokens).unwrap();
        let two = unit.pseudonyms("prm_2", &tokens).unwrap();
        assert_eq!(one, unit.pseudonyms("prm_1", &tokens).unwrap());
        assert!(one.iter().chain(&tokens).all(|p| !two.contains(p)) && tokens.iter().all(|t| !one.contains(t)));
    }

    #[test]
    fn an_ended_permit_has_no_key_and_never_gets_another() {
        let mut unit = unit();
        let token = unit.tokens(INSURED, &["06132013:12:345:01".to_owned()]).unwrap();
        let before = unit.pseudonyms("prm_1", &token).unwrap();
        let sealed: Vec<u8> = unit.store.query_row("SELECT sealed FROM permits", [], |row| row.get(0)).unwrap();
        unit.end("prm_1").unwrap();
        unit.end("prm_1").unwrap();
        assert!(unit.pseudonyms("prm_1", &token).unwrap_err().to_string().contains("ended"));
        let left: Vec<u8> = unit.store.query_row("SELECT sealed FROM permits", [], |row| row.get(0)).unwrap();
        assert!(left.is_empty() && !sealed.is_empty());
        assert_ne!(unit.pseudonyms("prm_2", &token).unwrap(), before);
        // One that never had a key gets none after its end either.
        unit.end("prm_3").unwrap();
        assert!(unit.pseudonyms("prm_3", &token).is_err());
    }

    #[test]
    fn a_key_that_may_still_be_read_is_not_said_to_be_destroyed() {
        let folder = std::env::temp_dir().join(format!("visiting-linkage-busy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut unit = Unit::open(&folder).unwrap();
        let token = unit.tokens(INSURED, &["06132013:12:345:01".to_owned()]).unwrap();
        unit.pseudonyms("prm_1", &token).unwrap();
        // Somebody reads what was there before: the log of changes has to stay.
        let reader = Connection::open(folder.join("linkage.sqlite")).unwrap();
        reader.execute_batch("BEGIN").unwrap();
        let permits: i64 = reader.query_row("SELECT count(*) FROM permits", [], |row| row.get(0)).unwrap();
        assert_eq!(permits, 1);
        let started = std::time::Instant::now();
        assert!(matches!(unit.end("prm_1"), Err(LinkageError::Busy)));
        assert!(started.elapsed() < WRITER_WAIT / 2, "everybody else waited meanwhile");
        let wait: u32 = unit.store.query_row("PRAGMA busy_timeout", [], |row| row.get(0)).unwrap();
        assert_eq!(Duration::from_millis(wait.into()), WRITER_WAIT, "who writes is waited for as before");
        reader.execute_batch("COMMIT").unwrap();
        unit.end("prm_1").unwrap();
        assert_eq!(std::fs::metadata(folder.join("linkage.sqlite-wal")).unwrap().len(), 0);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_permit_key_stored_under_another_permit_does_not_open() {
        let mut unit = unit();
        let tokens = insured(&unit, &["A"]);
        unit.pseudonyms("prm_1", &tokens).unwrap();
        unit.store.execute("INSERT INTO permits SELECT 'prm_2', nonce, sealed FROM permits", []).unwrap();
        assert!(matches!(unit.pseudonyms("prm_2", &tokens), Err(LinkageError::Key(_))));
    }

    #[test]
    fn what_is_stored_has_no_number_in_it() {
        let folder = std::env::temp_dir().join(format!("visiting-linkage-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut unit = Unit::open(&folder).unwrap();
        unit.learn(&[link("06130012-SECRET-1-01", "06130012-SECRET-0-01")]).unwrap();
        drop(unit);
        let bytes = std::fs::read(folder.join("linkage.sqlite")).unwrap();
        assert!(!bytes.windows(6).any(|w| w == b"SECRET"));
        std::fs::remove_file(folder.join("master.key")).unwrap();
        assert!(matches!(Unit::open(&folder), Err(LinkageError::Key(_))), "a new key beside old tokens");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
