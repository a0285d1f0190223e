//! Trying texts outside the enclave: on a twin, by researchers on their own machine; and on an extract, to compare the two.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use visiting_catalog::{Listing, codes::examine};
use visiting_policies::{
    Refusal,
    rules::{Municipalities, RuleBook},
    terms::PermitId,
};

use super::{Model, Tried, Twin};
use crate::{
    bound::Bound,
    codes::CodeShelf,
    config::{Config, MUNICIPALITIES_ENV, PARTITIONS},
    extract::Extract,
    fault::Fault,
    guest::shelf::{Guests, Shelf},
    judge::{self, Setting},
    keys::GateKeys,
    known::Known,
    roles::{self, RulesInForce},
};

/// A twin, and what was shown of it so far.
#[derive(Debug)]
pub struct Trial {
    twin: Twin,
    listings: Vec<Listing>,
    runtime: tokio::runtime::Runtime,
    known: Known,
    shelf: Shelf,
    bound: BTreeMap<String, String>,
    codes: CodeShelf,
    lists: BTreeMap<String, String>,
    rules: Rules,
}

/// The packs that the product begins with: a machine without the record knows no others. And this machine's populations.
#[derive(Debug)]
struct Rules {
    book: RuleBook,
    municipalities: Municipalities,
}

impl Rules {
    fn new() -> Result<Self, Fault> {
        Ok(Self { book: RuleBook::default(), municipalities: roles::municipalities(std::env::var_os(MUNICIPALITIES_ENV))? })
    }

    fn in_force(&self) -> RulesInForce<'_> {
        RulesInForce { book: &self.book, municipalities: &self.municipalities }
    }
}

impl Trial {
    /// Makes a twin in a temporary folder, which goes when this value goes.
    ///
    /// # Errors
    /// A refusal for a scope that the listings do not have; anything else is the machine's.
    pub fn new(model: &Model, listings: Vec<Listing>, people: u32, seed: u64) -> Result<Self, Fault> {
        let twin = Twin::make(temporary(), model, &listings, people, seed)?;
        let (known, shelf, bound) = (Known::default(), Shelf::default(), BTreeMap::new());
        let (codes, lists) = (CodeShelf::new()?, BTreeMap::new());
        Ok(Self { twin, listings, runtime: runtime()?, known, shelf, bound, codes, lists, rules: Rules::new()? })
    }

    /// Binds a guest that was examined, under its own name.
    ///
    /// # Errors
    /// Everything that the examination found.
    pub fn bind(&mut self, manifest: &str, module: &[u8]) -> Result<String, visiting_intake::Report> {
        let accepted = visiting_intake::examine(manifest, module)?;
        self.shelf.put(accepted.digest.clone(), visiting_intake::container(manifest, module));
        let name = accepted.manifest.name;
        self.bound.insert(name.clone(), accepted.digest);
        Ok(name)
    }

    /// Binds a code list under a name.
    ///
    /// # Errors
    /// What the examination found.
    pub fn bind_codes(&mut self, name: &str, file: &[u8]) -> Result<(), Refusal> {
        let list = examine(file)?;
        self.lists.insert(name.to_owned(), list.digest.clone());
        self.codes.put(list);
        Ok(())
    }

    /// Tries a text. What it shows counts as shown for the next one.
    ///
    /// # Errors
    /// Only the machine's; a refusal is an answer.
    pub fn ask(&mut self, sql: &str) -> Result<Tried, Fault> {
        let (guests, signatures) = match self.shelf.open(&by_name(&self.bound), sql) {
            Err(Fault::Refused(refusal)) => return Ok(Tried::refused(refusal)),
            opened => opened?,
        };
        let codes = self.codes.open(&by_name(&self.lists), &self.shelf.texts(&by_name(&self.bound), sql))?;
        let place = (self.listings.as_slice(), self.rules.in_force());
        let judged = self.twin.judge(place, &self.known, &mut self.shelf, (&guests, signatures, codes), sql);
        let (tried, block) = self.runtime.block_on(judged)?;
        self.known.add(block);
        Ok(tried)
    }

    /// Plans a text as [`Trial::ask`] does, and stops before anything runs. Guests are not named.
    ///
    /// # Errors
    /// The refusal, or the machine's.
    pub fn plans(&self, sql: &str) -> Result<(), Fault> {
        self.twin.accepts((self.listings.as_slice(), self.rules.in_force()), &self.known, sql)
    }

    /// What the twin really holds: columns of a table, person by person, as text. For those who compare with what is shown.
    ///
    /// # Errors
    /// What the engine says.
    pub fn rows(&self, table: &str, columns: &[&str]) -> Result<Vec<Vec<String>>, Fault> {
        self.runtime.block_on(self.twin.rows(table, columns))
    }

    /// Forgets what was shown.
    pub fn forget(&mut self) {
        self.known = Known::default();
    }
}

/// A permit's extract, judged in this process as on an empty ledger: for those who compare a twin with it. Nothing is recorded and
/// nothing leaves.
#[derive(Debug)]
pub struct Real {
    config: Config,
    keys: GateKeys,
    extract: Extract,
    listings: Vec<Listing>,
    rules: Rules,
    runtime: tokio::runtime::Runtime,
}

impl Real {
    /// Opens the extract of a permit in this home.
    ///
    /// # Errors
    /// When it does not exist.
    pub fn open(config: Config, permit: &PermitId, listings: Vec<Listing>) -> Result<Self, Fault> {
        let keys = GateKeys::load(&config)?;
        let extract = Extract::open(&config, &keys, permit)?;
        Ok(Self { config, keys, extract, listings, rules: Rules::new()?, runtime: runtime()? })
    }

    /// Judges a text.
    ///
    /// # Errors
    /// Only the machine's; a refusal is an answer.
    pub fn ask(&self, sql: &str) -> Result<Tried, Fault> {
        let (known, guests) = (Known::default(), Guests::new());
        let setting = Setting {
            config: &self.config,
            extract: &self.extract,
            listings: &self.listings,
            keys: &self.keys,
            known: &known,
            rules: self.rules.in_force(),
            guests: &guests,
            signatures: BTreeMap::new(),
            codes: CodeShelf::new()?.open(&BTreeMap::new(), &[])?,
            held: false,
            auditing: None,
        };
        let judged = self.runtime.block_on(judge::judge(&setting, &mut Shelf::default(), sql));
        Tried::of(judged).map(|(tried, _)| tried)
    }

    /// What a twin of it is made from.
    #[must_use]
    pub fn model(&self) -> Model {
        let manifest = &self.extract.manifest;
        let rows = manifest.rows.iter().map(|(table, n)| (table.clone(), visiting_policies::terms::magnitude(*n))).collect();
        Model { scope: manifest.scope.clone(), versions: manifest.versions.clone(), rows }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Fault> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(PARTITIONS).build()?)
}

/// A folder of its own below the machine's temporary one.
fn temporary() -> PathBuf {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    std::env::temp_dir().join(format!("visiting-twin-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
}

fn by_name(bound: &BTreeMap<String, String>) -> Bound<'_> {
    bound.iter().map(|(name, digest)| (name.as_str(), digest.as_str())).collect()
}
