//! The manifest: what a guest says about itself. It is read strictly and whole, so that one reading tells everything that is wrong.

mod fields;
mod number;
mod read;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use toml::Table;
use visiting_sdk::Kind;

pub use number::Grid;

use crate::{
    LIMITS,
    report::{Findings, Report, Words},
};

/// A guest as its author describes it (TOML).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the boundary that the module was written for: one of [`visiting_sdk::TAKEN`].
    pub abi: u32,
    /// What it is called in SQL: `guest.<name>`. `[a-z][a-z0-9_]{0,30}`.
    pub name: String,
    /// Parameters, in the order of the call.
    pub params: Vec<Param>,
    /// What is called when, and what comes of it.
    pub form: Form,
}

/// What a guest is called for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// One value for each row.
    Scalar {
        /// The exported function; `f` where the manifest does not say.
        export: String,
        /// Every result it can have.
        result: Values,
    },
    /// Rows about one person, from all rows of that person.
    Person(Person),
    /// One number for each group, from all rows of the group.
    Group {
        /// Every result it can have.
        result: Values,
    },
}

/// The person form: exports `row`, `finish` and `get`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The query whose rows it reads, for the planner to judge.
    pub reads: String,
    /// Most rows about one person.
    pub rows: u32,
    /// The columns of its rows.
    pub columns: Vec<Column>,
}

/// A column of what the person form returns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// `[a-z][a-z0-9_]{0,30}`, each once.
    pub name: String,
    /// Every value it can have.
    pub values: Values,
}

/// Every value that a result can have, beside NULL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Values {
    /// Groups. Their order is the order in tables.
    Labels(Vec<Label>),
    /// Numbers between two bounds, some step apart.
    Number(Grid),
    /// Months `yyyymm` within [`MONTHS`]. Of the person form only.
    Month,
}

/// The months that a guest may give: whole centuries around every record.
pub const MONTHS: std::ops::RangeInclusive<u32> = 190_001..=209_912;

/// True for one of [`MONTHS`].
#[must_use]
pub fn is_month(value: u32) -> bool {
    MONTHS.contains(&value) && (1..=12).contains(&(value % 100))
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Param {
    /// For people only; arguments are told by place. `[a-z][a-z0-9_]{0,30}`.
    pub name: String,
    /// What it takes.
    pub kind: ParamKind,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamKind {
    /// A column of whole numbers.
    Int,
    /// A column of decimals or of whole numbers, as the nearest `f64`.
    Decimal,
    /// A column of codes.
    Text,
}

impl ParamKind {
    /// The boundary's word for it.
    #[must_use]
    pub const fn abi(self) -> Kind {
        match self {
            Self::Int => Kind::Int,
            Self::Decimal => Kind::Decimal,
            Self::Text => Kind::Text,
        }
    }
}

/// One declared result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// What the function returns.
    pub value: i32,
    /// What SQL and tables show: `[a-z][a-z0-9_]{0,30}`, but for [`NO_LABEL`].
    pub label: String,
    /// The same in Japanese, for pages: letters and digits, at most 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<String>,
}

/// No label may be called so: it is kept for rows that have none (trap, exhausted fuel, undeclared result, empty argument).
pub const NO_LABEL: &str = "null";

/// Longest name, label or Japanese text, characters: a table's heading.
const NAME_MAX: usize = 31;

impl Manifest {
    /// Reads a manifest without its module.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn read(text: &str) -> Result<Self, Report> {
        let mut findings = Findings::default();
        read(text, &mut findings).ok_or_else(|| findings.report())
    }

    /// The labels of a scalar guest; none where its result is a number or it is of the person form.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        match &self.form {
            Form::Scalar { result: Values::Labels(labels), .. } => labels,
            _ => &[],
        }
    }
}

struct Reading<'a> {
    findings: &'a mut Findings,
}

/// Reads a manifest. What is wrong goes to `findings`; a manifest comes back only where nothing is.
pub(crate) fn read(text: &str, findings: &mut Findings) -> Option<Manifest> {
    if text.len() > LIMITS.manifest_bytes {
        let (limit, have) = (LIMITS.manifest_bytes, text.len());
        findings.add(
            "manifest-size",
            "manifest",
            Words::new(
                format!("宣言書は {limit} バイトまでですが、{have} バイトあります。"),
                format!("The manifest has {have} bytes; the limit is {limit}."),
            ),
            Words::new("ラベルを減らしてください。", "Declare fewer labels."),
        );
        return None;
    }
    let table = match text.parse::<Table>() {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(at).filter(|b| *b == b'\n').count() + 1;
            findings.add(
                "manifest-syntax",
                format!("manifest line {line}"),
                Words::new("TOML として読めません。", "This is not TOML."),
                Words::new("ABI.md の見本と見比べてください。", "Compare it with the sample in ABI.md."),
            );
            return None;
        }
    };
    let before = findings.len();
    let manifest = Reading { findings }.manifest(&table);
    manifest.filter(|_| findings.len() == before)
}
