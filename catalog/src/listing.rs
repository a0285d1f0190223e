//! A listing: one database as the catalogue shows it.

use serde::{Deserialize, Serialize};
use visiting_policies::{disclosure::Site, rules::ColumnRole, sign, terms::Period};

use crate::Pattern;

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

/// One database (DB). Its id is the schema name in SQL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Stable id: `a-z`, digits, `_`.
    pub id: String,
    /// Name of the database.
    pub title: Text,
    /// Who holds it.
    pub holder: Text,
    /// What it contains and where it comes from.
    pub description: Text,
    /// Words that people search for.
    pub keywords: Vec<String>,
    /// Which rule pack of `policies/rules` protects it; `default` where none is named.
    #[serde(default = "default_pack")]
    pub rule_pack: String,
    /// Months that the data covers.
    pub period: Period,
    /// Its tables.
    pub tables: Vec<Table>,
}

fn default_pack() -> String {
    "default".to_owned()
}

/// One table; each row is about exactly one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Name in SQL.
    pub name: String,
    /// What a row is.
    pub title: Text,
    /// Name of the person key in SQL; never a listed column.
    pub person: String,
    /// Name of the facility key in SQL, where the table has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facility: Option<String>,
    /// Name of the household key in SQL, where the table has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<String>,
    /// The column (`yyyymm`) that a permit's period cuts; without it the table is not dated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// True when nobody has a second row.
    #[serde(default)]
    pub one_row_per_person: bool,
    /// Everything but the keys.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Name in SQL.
    pub name: String,
    /// What it holds.
    pub title: Text,
    /// Type of its values.
    pub kind: Kind,
    /// Its public set of values; a column with one may stand in WHERE and GROUP BY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<Domain>,
    /// What publication rules take it for; without one only the thresholds of its database hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<ColumnRole>,
    /// How it is measured; a column with this may stand in SUM and AVG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
}

/// Type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A whole number.
    Int,
    /// A code: text from a closed list.
    Code,
    /// An exact decimal with the scale of its measure.
    Decimal,
}

/// The values that a column can hold, known to everyone without looking at the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Domain {
    /// Whole numbers from the first to the last.
    Range([i64; 2]),
    /// Months `yyyymm` from the first to the last.
    Months([i64; 2]),
    /// These codes.
    Codes(Vec<String>),
    /// All codes of one form; see [`crate::Pattern`].
    Pattern(String),
}

/// A column that can be summed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Decimal places; values are whole numbers of `10^-scale`.
    #[serde(default)]
    pub scale: u32,
    /// Unit, for people.
    pub unit: String,
    /// Smallest and largest total of one person, in units of `10^-scale`; larger totals are clipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<[i64; 2]>,
}

impl Listing {
    /// `sha256:…` over the listing's JSON: what the record publishes.
    #[must_use]
    pub fn digest(&self) -> String {
        sign::digest(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }

    /// A table by name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|t| t.name == name)
    }
}

impl Table {
    /// A column by name. Keys are not columns.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Its keys of facilities and households, with their names in SQL. Every store keeps them in this order, behind the person.
    pub fn sites(&self) -> impl Iterator<Item = (Site, &str)> {
        let named = [(Site::Facility, &self.facility), (Site::Household, &self.household)];
        named.into_iter().filter_map(|(site, name)| name.as_deref().map(|name| (site, name)))
    }
}

impl Column {
    /// Decimal places of the stored values.
    #[must_use]
    pub fn scale(&self) -> u32 {
        self.measure.as_ref().map_or(0, |m| m.scale)
    }
}

impl Domain {
    /// True when the whole number is in the domain.
    #[must_use]
    pub fn holds_int(&self, value: i64) -> bool {
        match self {
            Self::Range([lo, hi]) => (*lo..=*hi).contains(&value),
            Self::Months([from, to]) => is_month(value) && (*from..=*to).contains(&value),
            Self::Codes(_) | Self::Pattern(_) => false,
        }
    }

    /// True when the code is in the domain.
    #[must_use]
    pub fn holds_code(&self, value: &str) -> bool {
        match self {
            Self::Codes(codes) => codes.iter().any(|c| c == value),
            Self::Pattern(form) => Pattern::parse(form).is_some_and(|p| p.number(value).is_some()),
            Self::Range(_) | Self::Months(_) => false,
        }
    }
}

/// True for `yyyymm` with a month that exists.
#[must_use]
pub fn is_month(value: i64) -> bool {
    (100_000..=999_912).contains(&value) && (1..=12).contains(&(value % 100))
}
