//! The vault: clinical tables by internal person ordinal, one folder a listing and data version.
//!
//! A version is written aside and becomes visible by one rename; it never changes afterwards. Ingest writes, the enclave reads.

mod ordinals;

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{ErrorKind, Read, Write},
    path::{Path, PathBuf},
};

use ring::{
    digest::{Context, SHA256},
    rand::{SecureRandom, SystemRandom},
};
use serde::{Deserialize, Serialize};
use visiting_policies::{disclosure::Site, handover::LoadReport, sign};

use crate::fault::Fault;
pub use ordinals::Ordinals;

/// Column of the person's ordinal in every table.
pub const PERSON: &str = "_person";
/// Name of the quarantine beside a version's tables: rows that were not loaded, with file, line and reason.
pub const QUARANTINE: &str = "quarantine.ndjson";

/// Column of a site's ordinal, in tables that have one; extracts call theirs the same.
#[must_use]
pub fn site_column(site: Site) -> &'static str {
    match site {
        Site::Facility => "_facility",
        Site::Household => "_household",
    }
}

const MANIFEST: &str = "manifest.json";
const DRAFT_PREFIX: &str = ".tmp-";
const DIGEST_BUFFER_BYTES: usize = 1 << 20;

/// What a version holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Listing.
    pub listing: String,
    /// Data version: 1, 2, ...
    pub version: u64,
    /// Tables by name.
    pub tables: BTreeMap<String, TableFile>,
    /// Rows that were not loaded.
    pub quarantined: u64,
}

/// One table's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFile {
    /// File name in the version's folder.
    pub file: String,
    /// Rows.
    pub rows: u64,
    /// `sha256:…` of its bytes.
    pub digest: String,
}

/// The vault's folder.
#[derive(Debug, Clone)]
pub struct Vault {
    root: PathBuf,
}

/// Held by the one process that writes; ends with it.
#[derive(Debug)]
pub struct WriteLock(#[expect(dead_code, reason = "holding the file is holding the lock")] File);

/// A version being written; gone with the value unless it is published.
#[derive(Debug)]
pub struct Draft {
    folder: PathBuf,
}

impl Vault {
    /// The vault in `root`.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// Makes the folder where needed and takes it for writing; clears what a killed writer left.
    ///
    /// # Errors
    /// When another ingest is running or the folder cannot be used.
    pub fn lock(&self) -> Result<WriteLock, Fault> {
        fs::create_dir_all(self.root.join("pending"))?;
        let lock = File::create(self.root.join(".lock"))?;
        if lock.try_lock().is_err() {
            return Err(Fault::Other("another ingest is writing the vault; wait for it to end".to_owned()));
        }
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(DRAFT_PREFIX) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(WriteLock(lock))
    }

    /// The newest visible version of a listing.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn newest(&self, listing: &str) -> Result<Option<u64>, Fault> {
        let entries = match fs::read_dir(self.root.join(listing)) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            entries => entries?,
        };
        let mut newest = None;
        for entry in entries {
            newest = newest.max(entry?.file_name().to_str().and_then(|name| name.parse().ok()));
        }
        Ok(newest)
    }

    /// A version's manifest and its digest.
    ///
    /// # Errors
    /// When there is no such version.
    pub fn manifest(&self, listing: &str, version: u64) -> Result<(Manifest, String), Fault> {
        let bytes = fs::read(self.folder(listing, version).join(MANIFEST))?;
        Ok((serde_json::from_slice(&bytes)?, sign::digest(&bytes)))
    }

    /// The file of one table of a version.
    ///
    /// # Errors
    /// When the version or the table does not exist.
    pub fn table(&self, listing: &str, version: u64, table: &str) -> Result<PathBuf, Fault> {
        let (manifest, _) = self.manifest(listing, version)?;
        let missing = || Fault::Other(format!("the vault holds no table {listing}.{table} in version {version}"));
        let file = manifest.tables.get(table).ok_or_else(missing)?;
        Ok(self.folder(listing, version).join(&file.file))
    }

    /// Who has which ordinal.
    ///
    /// # Errors
    /// When the database cannot be opened.
    pub fn ordinals(&self) -> Result<Ordinals, Fault> {
        Ordinals::open(&self.root.join("ordinals.sqlite"))
    }

    /// Load reports that the record does not have yet, oldest version first. A report whose version is not visible is of a
    /// load that was killed just before its end, and not shown.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn pending(&self) -> Result<Vec<LoadReport>, Fault> {
        let entries = match fs::read_dir(self.root.join("pending")) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut reports = Vec::new();
        for entry in entries {
            let path = entry?.path();
            if path.extension().is_none_or(|e| e != "json") {
                continue;
            }
            let report: LoadReport = serde_json::from_slice(&fs::read(path)?)?;
            let visible = self.manifest(&report.listing, report.version);
            if visible.is_ok_and(|(_, digest)| digest == report.manifest) {
                reports.push(report);
            }
        }
        reports.sort_by(|a, b| (&a.listing, a.version).cmp(&(&b.listing, b.version)));
        Ok(reports)
    }

    /// Forgets a report that the record has.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn settle(&self, report: &LoadReport) -> Result<(), Fault> {
        match fs::remove_file(self.pending_file(report)) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e.into()),
            _ => Ok(()),
        }
    }

    /// A new version's folder, not visible yet.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn draft(&self, _lock: &WriteLock) -> Result<Draft, Fault> {
        let mut random = [0u8; 8];
        SystemRandom::new().fill(&mut random).map_err(|_| Fault::Other("no randomness from the system".to_owned()))?;
        let folder = self.root.join(format!("{DRAFT_PREFIX}{}", sign::hex(&random)));
        fs::create_dir(&folder)?;
        Ok(Draft { folder })
    }

    /// Makes a draft visible. The pending report is durable before the version is: a version nobody reports would never be used.
    ///
    /// # Errors
    /// When something cannot be written; then nothing became visible.
    pub fn publish(&self, draft: Draft, manifest: &Manifest, report: &LoadReport) -> Result<(), Fault> {
        let to = self.folder(&manifest.listing, manifest.version);
        let listing = self.root.join(&manifest.listing);
        fs::create_dir_all(&listing)?;
        sync(&draft.folder)?;
        let pending = self.pending_file(report);
        write_durably(&pending.with_extension("new"), &serde_json::to_vec(report)?)?;
        fs::rename(pending.with_extension("new"), &pending)?;
        sync(&self.root.join("pending"))?;
        fs::rename(&draft.folder, to)?;
        sync(&listing)?;
        Ok(sync(&self.root)?)
    }

    fn folder(&self, listing: &str, version: u64) -> PathBuf {
        self.root.join(listing).join(version.to_string())
    }

    fn pending_file(&self, report: &LoadReport) -> PathBuf {
        self.root.join("pending").join(format!("{}-{}.json", report.listing, report.version))
    }
}

impl Draft {
    /// Where to write.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Describes a finished table file and makes it durable.
    ///
    /// # Errors
    /// When it cannot be read back.
    pub fn finish(&self, file: &str, rows: u64) -> Result<TableFile, Fault> {
        let path = self.folder.join(file);
        sync(&path)?;
        Ok(TableFile { file: file.to_owned(), rows, digest: digest_of(&path)? })
    }

    /// Takes a table over from an older version as it is.
    ///
    /// # Errors
    /// When its file is gone.
    pub fn keep(&self, vault: &Vault, older: &Manifest, table: &TableFile) -> Result<TableFile, Fault> {
        let from = vault.folder(&older.listing, older.version).join(&table.file);
        fs::hard_link(from, self.folder.join(&table.file))?;
        Ok(table.clone())
    }

    /// Writes the manifest; its digest.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn describe(&self, manifest: &Manifest) -> Result<String, Fault> {
        let bytes = serde_json::to_vec(manifest)?;
        write_durably(&self.folder.join(MANIFEST), &bytes)?;
        Ok(sign::digest(&bytes))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Published: nothing there. Not published and not removable: the next writer clears it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn sync(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

fn write_durably(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn digest_of(path: &Path) -> Result<String, Fault> {
    let mut file = File::open(path)?;
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0u8; DIGEST_BUFFER_BYTES];
    loop {
        let read = file.read(&mut buffer)?;
        match buffer.get(..read) {
            Some(part) if read > 0 => context.update(part),
            _ => return Ok(format!("sha256:{}", sign::hex(context.finish().as_ref()))),
        }
    }
}
