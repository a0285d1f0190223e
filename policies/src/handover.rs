//! The values that cross the enclave's wall: a ticket in, reports out. Nothing else does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    budget::Spent,
    hold::Held,
    refusal::{Code, Refusal},
    sign::{self, SigningKey},
    terms::{PermitId, PreflightId, RerunId, RunId, Verdict},
};

/// What the enclave is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Make a permit's extract.
    Extract {
        /// Of which permit.
        permit: PermitId,
    },
    /// Run SQL on it.
    Run {
        /// Which run.
        run: RunId,
        /// The SQL itself; its digest is in the record.
        sql: String,
    },
    /// Judge a held run again, against the ledger of this moment: the checkers let it go.
    Decide {
        /// Which run.
        run: RunId,
        /// The SQL itself; its digest is in the record.
        sql: String,
    },
    /// Repeat a released run for an auditor, as it was judged then.
    Rerun {
        /// Which repetition.
        rerun: RerunId,
        /// The SQL itself; its digest is in the record.
        sql: String,
    },
    /// Try SQL on the permit's synthetic twin: no data are read.
    Preflight {
        /// Which trial.
        preflight: PreflightId,
        /// The SQL itself; its digest is in the record.
        sql: String,
    },
}

/// One order, bound to the event that authorises it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTicket {
    /// Index of the authorising event in the record.
    pub index: u64,
    /// The order.
    #[serde(flatten)]
    pub order: Order,
}

/// A value with the signature of the process that made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<T> {
    /// The value.
    pub value: T,
    /// Ed25519 over the purpose line and the value's JSON, base64.
    pub signature: String,
}

/// A value that has a purpose of its own to be signed for.
pub trait Purpose: Serialize + DeserializeOwned {
    /// First line of the signed text.
    const PURPOSE: &'static str;

    /// The exact bytes that are signed.
    fn signed_bytes(&self) -> Vec<u8> {
        format!("{}\n{}\n", Self::PURPOSE, serde_json::to_string(self).unwrap_or_default()).into_bytes()
    }

    /// Signs the value.
    #[must_use]
    fn sign(self, key: &SigningKey) -> Signed<Self> {
        let signature = key.sign(&self.signed_bytes());
        Signed { value: self, signature }
    }

    /// Checks a signature over the value.
    ///
    /// # Errors
    /// `code` when it is not the key's.
    fn verify(&self, signature: &str, public: &str, code: Code) -> Result<(), Refusal> {
        if sign::verifies(public, &self.signed_bytes(), signature) {
            return Ok(());
        }
        Err(Refusal::new(code, format!("the signature does not fit ({})", Self::PURPOSE)))
    }
}

impl Purpose for RunTicket {
    const PURPOSE: &'static str = "visiting ticket v1";
}

/// What `visiting ingest` put into the vault. Counts are base 10.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Listing.
    pub listing: String,
    /// Data version of the listing: 1, 2, ...
    pub version: u64,
    /// Rows loaded by table, base 10.
    pub rows: BTreeMap<String, u64>,
    /// Rows quarantined with a reason, base 10.
    pub quarantined: u64,
    /// Digest of the version's manifest.
    pub manifest: String,
}

impl Purpose for LoadReport {
    const PURPOSE: &'static str = "visiting load report v1";
}

/// What was extracted for a permit. Counts are base 10.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtractReport {
    /// The permit.
    pub permit: PermitId,
    /// Data version by listing.
    pub versions: BTreeMap<String, u64>,
    /// People, base 10.
    pub people: u64,
    /// Rows by `listing.table`, base 10.
    pub rows: BTreeMap<String, u64>,
}

impl Purpose for ExtractReport {
    const PURPOSE: &'static str = "visiting extract report v1";
}

/// An extract that nobody can read any more: its key, its files and the permit's key at the linkage unit are destroyed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureReport {
    /// The permit.
    pub permit: PermitId,
}

impl Purpose for ErasureReport {
    const PURPOSE: &'static str = "visiting erasure report v1";
}

/// Whether a repetition gave what was released. Nothing else of it leaves, and the ledger learns nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RerunReport {
    /// The repetition.
    pub rerun: RerunId,
    /// Index of the event that authorised it.
    pub index: u64,
    /// What came of it.
    pub outcome: Repeated,
}

/// What came of a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeated {
    /// The same verdict and the same bytes in every file.
    Same,
    /// Another verdict or other bytes.
    Differs,
    /// It could not be repeated: the extract is gone, or the machine is not what it was.
    NotRepeated,
}

impl Purpose for RerunReport {
    const PURPOSE: &'static str = "visiting rerun report v1";
}

/// One released file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// `table.csv` or `table.parquet`.
    pub name: String,
    /// `sha256:…` of its bytes.
    pub digest: String,
}

/// Where the release ledger stands: a hash chain over its entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerHead {
    /// Number of entries.
    pub entries: u64,
    /// Digest of the chain.
    pub digest: String,
}

/// The audit of a run's combinations takes long: told while somebody waits, and never recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditBegun {
    /// Which run.
    pub run: RunId,
}

/// The exit gate's verdict on one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// The run.
    pub run: RunId,
    /// Index of the event that authorised it.
    pub index: u64,
    /// Events of the record that it was judged by: rules and budgets are theirs. 0 in verdicts of earlier builds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub judged_by: u64,
    /// The verdict.
    pub verdict: Verdict,
    /// For a refusal: the code, and the sentence for the researcher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// The files that will leave.
    pub files: Vec<FileDigest>,
    /// The ledger after this run.
    pub ledger: LedgerHead,
    /// The disclosure rules that were applied, by name; with `pass`, never with margins.
    pub rules: BTreeMap<String, String>,
    /// What it takes from the permit's budgets.
    #[serde(default, skip_serializing_if = "Spent::is_nothing")]
    pub spent: Spent,
    /// For verdict `hold`: why, for how many checkers, and the digest of what they read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Purpose for RunReport {
    const PURPOSE: &'static str = "visiting run report v1";
}

/// What became of SQL on the synthetic twin. No data were read: it is no release, has no receipt and no place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightReport {
    /// The trial.
    pub preflight: PreflightId,
    /// Index of the event that authorised it.
    pub index: u64,
    /// The verdict that the exit gate would give on such data.
    pub verdict: Verdict,
    /// For a refusal: the code, and the sentence for the researcher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// Digest of the synthetic table (CSV).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

impl Purpose for PreflightReport {
    const PURPOSE: &'static str = "visiting preflight report v1";
}

/// A pre-flight's report with its synthetic table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PreflightAnswer {
    /// The signed report.
    pub report: Signed<PreflightReport>,
    /// The table, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
}

/// A held run's report with its sealed evidence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HoldAnswer {
    /// The signed report.
    pub report: Signed<RunReport>,
    /// The evidence: a [`crate::seal::SealedHold`] as JSON.
    pub sealed: String,
}

/// An output that passed the exit gate: the bytes that may leave.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// The run.
    pub run: RunId,
    /// File name -> base64 of its bytes: `table.csv`, `table.parquet`, `receipt.note`.
    pub files: BTreeMap<String, String>,
}
