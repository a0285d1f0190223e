//! The nouns of the domain and their typed ids.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::refusal::{Code, Refusal};

/// Longest id, in bytes: long enough for a prefix and 128 random bits, short enough for one log line.
pub const ID_MAX_BYTES: usize = 64;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// An id made of the prefix and the hexadecimal of `random`.
            #[must_use]
            pub fn from_random(random: &[u8]) -> Self {
                Self(format!("{}{}", $prefix, crate::sign::hex(random)))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Refusal;
            fn try_from(text: String) -> Result<Self, Refusal> {
                let body = text.strip_prefix($prefix).unwrap_or_default();
                let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
                if body.is_empty() || text.len() > ID_MAX_BYTES || !body.bytes().all(legal) {
                    let kind = stringify!($name);
                    return Err(Refusal::new(Code::Malformed, format!("a {kind} is `{}` and then a-z, 0-9, - or _, {ID_MAX_BYTES} bytes at most", $prefix)));
                }
                Ok(Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = Refusal;
            fn from_str(text: &str) -> Result<Self, Refusal> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A person who acts: an opaque subject, never a name.
    PersonId = "per_";
    /// An organisation.
    OrganisationId = "org_";
    /// An application (利用申請).
    ApplicationId = "app_";
    /// A permit (利用許可).
    PermitId = "prm_";
    /// One execution of SQL (解析実行); also names its release.
    RunId = "run_";
    /// One trial of SQL on synthetic data (試行).
    PreflightId = "pre_";
    /// A repetition of a run for an auditor.
    RerunId = "rer_";
    /// A proposed change of a rule pack (公表基準の改定案): made from the digest of its text.
    RulesId = "rul_";
    /// Something that went wrong, or may have (事案).
    IncidentId = "inc_";
}

/// A listing's id (one database, DB), for example `ndb`. Also the schema name in SQL.
pub type ListingId = String;

/// What a person may do. One person may hold several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 利用者: applies and runs.
    Researcher,
    /// 申請受付窓口: checks completeness.
    Reception,
    /// 審査委員: votes.
    CommitteeMember,
    /// 所管省庁: suspends permits.
    Ministry,
    /// 監査: reads the access log.
    Auditor,
    /// DB保有者: publishes listings and loads data.
    DataHolder,
    /// 出口審査担当: looks at what the gate holds.
    Checker,
}

/// Form of the data in an extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// 仮名化: medical values stay, identifiers go. The only form offered yet.
    Pseudonymised,
}

/// Months `from..=to`, each `yyyymm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// First month, `yyyymm`.
    pub from: i64,
    /// Last month, `yyyymm`.
    pub to: i64,
}

/// What is applied for and permitted: columns by listing and table. What is not here does not exist for the permit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Listing -> table -> columns. Key columns (person, facility) are not named here: they come with the table.
    pub columns: BTreeMap<ListingId, BTreeMap<String, BTreeSet<String>>>,
    /// Months that rows of dated tables fall in.
    pub period: Period,
    /// Form of the data.
    pub form: Form,
}

/// One column in full: `listing.table.column`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ColumnName {
    /// Listing id.
    pub listing: String,
    /// Table name.
    pub table: String,
    /// Column name.
    pub column: String,
}

impl TryFrom<String> for ColumnName {
    type Error = Refusal;
    fn try_from(text: String) -> Result<Self, Refusal> {
        let parts: Vec<&str> = text.split('.').collect();
        match parts.as_slice() {
            [listing, table, column] if parts.iter().all(|p| !p.is_empty()) => {
                Ok(Self { listing: (*listing).to_owned(), table: (*table).to_owned(), column: (*column).to_owned() })
            }
            _ => Err(Refusal::new(Code::Malformed, "name a column as listing.table.column")),
        }
    }
}

impl From<ColumnName> for String {
    fn from(c: ColumnName) -> String {
        format!("{}.{}.{}", c.listing, c.table, c.column)
    }
}

impl Scope {
    /// The scope without the `removed` columns.
    #[must_use]
    pub fn without(&self, removed: &BTreeSet<ColumnName>) -> Self {
        let mut out = self.clone();
        for name in removed {
            if let Some(columns) = out.columns.get_mut(&name.listing).and_then(|tables| tables.get_mut(&name.table)) {
                columns.remove(&name.column);
            }
        }
        out
    }

    /// True when the scope names this column.
    #[must_use]
    pub fn names(&self, column: &ColumnName) -> bool {
        let table = self.columns.get(&column.listing).and_then(|tables| tables.get(&column.table));
        table.is_some_and(|columns| columns.contains(&column.column))
    }
}

/// How an output left the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every value shown was judged fresh or proved equal to one already released.
    Release,
    /// Released, with `<k` cells or cells shown as released before.
    Suppress,
    /// People look at it before anything leaves.
    Hold,
    /// Nothing left.
    Refuse,
}

/// The magnitude of a count that is rounded to base 10: the next power of ten, 10 at least. Whether a plan is too large follows from
/// this alone, so it is known before anything runs.
#[must_use]
pub fn magnitude(n: u64) -> u64 {
    let mut power = 10u64;
    while power < base10(n) {
        power = power.saturating_mul(10);
    }
    power
}

/// A count of people or rows as the record may state it: rounded to base 10 (A10).
#[must_use]
pub fn base10(n: u64) -> u64 {
    n.saturating_add(5) / 10 * 10
}
