//! A case as the runner sees it: what is asked, by whom, under which permit. What is expected of it is not read here.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use crate::world::Fault;

/// Name of the person and of the permit that a case means when it names none.
const FIRST: &str = "A";

/// What a case is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// SQL text.
    Sql,
    /// A statistic in words.
    Statistic,
    /// A guest's behaviour in words.
    Wasm,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who asks, as the case names them.
    pub person: String,
    /// Under which permit, as the case names it.
    pub permit: String,
    /// The text.
    pub sql: String,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// What kind of attack or use it is.
    pub family: String,
    /// What it is written in.
    pub kind: Kind,
    /// Asked before it, on the same ledger, in this order.
    pub before: Vec<Asked>,
    /// The case itself.
    pub asked: Asked,
}

impl Case {
    /// A case from its JSON object.
    ///
    /// # Errors
    /// What the object lacks.
    pub fn from_json(value: &Value) -> Result<Self, Fault> {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("`{name}` is no text"));
        let kind = match text("kind")?.as_str() {
            "sql" => Kind::Sql,
            "statistic" => Kind::Statistic,
            "wasm" => Kind::Wasm,
            other => return Err(format!("`kind` is sql, statistic or wasm, not {other}")),
        };
        let before = match value.get("prior_releases") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(all)) => all.iter().map(asked).collect::<Result<_, _>>()?,
            Some(_) => return Err("`prior_releases` is no list".to_owned()),
        };
        Ok(Self { id: text("id")?, family: text("family")?, kind, before, asked: asked(value)? })
    }

    /// Everything that is asked, in order.
    pub fn all(&self) -> impl Iterator<Item = &Asked> {
        self.before.iter().chain([&self.asked])
    }

    /// The same case with every text rewritten.
    #[must_use]
    pub fn map_sql(mut self, rewrite: impl Fn(&str) -> String) -> Self {
        for asked in self.before.iter_mut().chain([&mut self.asked]) {
            asked.sql = rewrite(&asked.sql);
        }
        self
    }
}

/// A text, or an object with `sql` that may name a `person` and a `permit`.
fn asked(value: &Value) -> Result<Asked, Fault> {
    let name = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or(FIRST).to_owned();
    let sql = value.as_str().or_else(|| value.get("sql").and_then(Value::as_str)).ok_or("a question is a text, or an object with `sql`")?;
    Ok(Asked { person: name("person"), permit: name("permit"), sql: sql.to_owned() })
}

/// JSON objects, a line each.
///
/// # Errors
/// The line that is none, or the file that cannot be read.
pub fn objects(file: &Path) -> Result<Vec<Value>, Fault> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{} cannot be read: {e}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(at, line)| serde_json::from_str(line).map_err(|e| format!("{} line {}: {e}", file.display(), at + 1))).collect()
}

/// The cases of a file.
///
/// # Errors
/// The case that cannot be read, or two of one id.
pub fn read(file: &Path) -> Result<Vec<Case>, Fault> {
    let (mut cases, mut ids) = (Vec::new(), BTreeSet::new());
    for (at, value) in objects(file)?.iter().enumerate() {
        let case = Case::from_json(value).map_err(|e| format!("{} case {}: {e}", file.display(), at + 1))?;
        if !ids.insert(case.id.clone()) {
            return Err(format!("{} has two cases {}", file.display(), case.id));
        }
        cases.push(case);
    }
    Ok(cases)
}

/// The largest number of different permits that any case names.
#[must_use]
pub fn permits(cases: &[Case]) -> usize {
    cases.iter().map(|c| c.all().map(|a| &a.permit).collect::<BTreeSet<_>>().len()).max().unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_expected_is_not_read_and_names_are_kept() {
        let object = json!({
            "id": "x-1", "family": "f", "kind": "sql", "sql": "SELECT 1", "expected": 7,
            "prior_releases": ["SELECT 2", { "person": "B", "sql": "SELECT 3" }, { "permit": "second", "sql": "SELECT 4" }],
        });
        let case = Case::from_json(&object).unwrap();
        let told: Vec<_> = case.all().map(|a| (a.person.as_str(), a.permit.as_str(), a.sql.as_str())).collect();
        assert_eq!(told, [("A", "A", "SELECT 2"), ("B", "A", "SELECT 3"), ("A", "second", "SELECT 4"), ("A", "A", "SELECT 1")]);
        assert_eq!(permits(&[case]), 2);
        for wrong in
            [json!({}), json!({ "id": "x", "family": "f", "kind": "poem", "sql": "" }), json!({ "id": "x", "family": "f", "kind": "sql" })]
        {
            assert!(Case::from_json(&wrong).is_err(), "{wrong}");
        }
    }
}
