//! The manifest: what a guest says about itself. It is read strictly and whole, so that one reading tells everything that is wrong.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use visiting_sdk::Kind;

use crate::{
    LIMITS,
    report::{Findings, Words},
};

/// A guest as its author describes it (TOML).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the boundary, [`visiting_sdk::ABI`].
    pub abi: u32,
    /// What it is called in SQL: `guest.<name>(…)`. `[a-z][a-z0-9_]{0,30}`.
    pub name: String,
    /// The exported function; `f` where the manifest does not say.
    pub export: String,
    /// Parameters, in the order of the call.
    pub params: Vec<Param>,
    /// Every result it can have. Their order is the order in tables.
    pub labels: Vec<Label>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// For people only; arguments are told by place. `[a-z][a-z0-9_]{0,30}`.
    pub name: String,
    /// What it takes.
    pub kind: ParamKind,
}

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

struct Reading<'a> {
    findings: &'a mut Findings,
}

impl Reading<'_> {
    fn manifest(&mut self, table: &Table) -> Option<Manifest> {
        self.keys(table, "manifest", &["abi", "name", "export", "params", "labels"]);
        let abi = self.integer(table, "manifest", "abi");
        if let Some(abi) = abi
            && abi != i64::from(visiting_sdk::ABI)
        {
            let ours = visiting_sdk::ABI;
            self.findings.add(
                "abi-version",
                "manifest abi",
                Words::new(format!("この版が受け付けるのは ABI {ours} だけです。"), format!("This version takes ABI {ours} only.")),
                Words::new(format!("`abi = {ours}` とし、ABI.md に従ってください。"), format!("Write `abi = {ours}` and follow ABI.md.")),
            );
        }
        let name = self.name(table, "manifest", "name");
        let export = if table.contains_key("export") { self.text(table, "manifest", "export") } else { Some("f".to_owned()) };
        let params = self.list(table, "params", 1, LIMITS.params, Self::param);
        let labels = self.list(table, "labels", 2, LIMITS.labels, Self::label);
        if let Some(labels) = &labels {
            self.distinct(labels);
        }
        Some(Manifest { abi: u32::try_from(abi?).ok()?, name: name?, export: export?, params: params?, labels: labels? })
    }

    fn param(&mut self, table: &Table, place: &str) -> Option<Param> {
        self.keys(table, place, &["name", "kind"]);
        let name = self.name(table, place, "name");
        let kind = match self.text(table, place, "kind")?.as_str() {
            "int" => ParamKind::Int,
            "decimal" => ParamKind::Decimal,
            "text" => ParamKind::Text,
            _ => {
                self.findings.add(
                    "param-kind",
                    format!("{place}.kind"),
                    Words::new("この型はありません。", "There is no such kind."),
                    Words::new("`int`、`decimal`、`text` のどれかにしてください。", "Write `int`, `decimal` or `text`."),
                );
                return None;
            }
        };
        Some(Param { name: name?, kind })
    }

    fn label(&mut self, table: &Table, place: &str) -> Option<Label> {
        self.keys(table, place, &["value", "label", "ja"]);
        let value = self.integer(table, place, "value");
        let value = value.and_then(|value| self.narrow(value, place));
        let label = self.name(table, place, "label");
        if label.as_deref() == Some(NO_LABEL) {
            self.findings.add(
                "label-text",
                format!("{place}.label"),
                Words::new("この語は値のない行のためのものです。", "This word is kept for rows without a label."),
                Words::new("別の語にしてください。", "Choose another word."),
            );
        }
        let ja = if table.contains_key("ja") { Some(self.text(table, place, "ja")?) } else { None };
        if ja.as_deref().is_some_and(|ja| !japanese(ja)) {
            self.findings.add(
                "label-ja",
                format!("{place}.ja"),
                Words::new(
                    format!("文字と数字（と「ー」「・」）だけ、{NAME_MAX} 字までです。"),
                    format!("Letters and digits (and ー ・) only, up to {NAME_MAX}."),
                ),
                Words::new("記号、空白、改行を除いてください。", "Take out signs, spaces and line breaks."),
            );
        }
        Some(Label { value: value?, label: label?, ja })
    }

    fn narrow(&mut self, value: i64, place: &str) -> Option<i32> {
        let narrow = i32::try_from(value).ok();
        if narrow.is_none() {
            self.findings.add(
                "label-value",
                format!("{place}.value"),
                Words::new("32 ビット整数ではありません。", "This is not a 32-bit whole number."),
                Words::new("関数が返す i32 の値を書いてください。", "Write the i32 that the function returns."),
            );
        }
        narrow
    }

    /// Each value and each text once, or a row would have two labels.
    fn distinct(&mut self, labels: &[Label]) {
        let (mut values, mut texts, mut translations) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (index, label) in labels.iter().enumerate() {
            let twice = !values.insert(label.value)
                | !texts.insert(label.label.as_str())
                | label.ja.as_deref().is_some_and(|ja| !translations.insert(ja));
            if twice {
                self.findings.add(
                    "label-twice",
                    format!("labels[{index}]"),
                    Words::new("同じ値または同じ語が前にもあります。", "An earlier label has the same value or the same text."),
                    Words::new("値と語を一つずつにしてください。", "Give each label a value and a text of its own."),
                );
            }
        }
    }

    /// Unknown keys are refused: a misspelt one would silently say nothing.
    fn keys(&mut self, table: &Table, place: &str, known: &[&str]) {
        let unknown = table.keys().filter(|key| !known.contains(&key.as_str())).count();
        if unknown > 0 {
            self.findings.add(
                "manifest-key",
                place,
                Words::new(format!("知らない項目が {unknown} 個あります。"), format!("There are unknown keys: {unknown}.")),
                Words::new(format!("使えるのは {} です。", known.join("、")), format!("Known are {}.", known.join(", "))),
            );
        }
    }

    fn list<T>(
        &mut self,
        table: &Table,
        key: &str,
        min: usize,
        max: usize,
        read: impl Fn(&mut Self, &Table, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(Value::Array(items)) = table.get(key) else {
            self.missing("manifest", key, "a list of tables", "表の並び");
            return None;
        };
        if !(min..=max).contains(&items.len()) {
            let have = items.len();
            self.findings.add(
                "manifest-count",
                format!("manifest {key}"),
                Words::new(
                    format!("{min} 個から {max} 個までですが、{have} 個あります。"),
                    format!("There are {have}; allowed are {min} to {max}."),
                ),
                Words::new("数を改めてください。", "Change their number."),
            );
            return None;
        }
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::Table(item) => out.push(read(self, item, &format!("{key}[{index}]"))),
                _ => {
                    self.missing(&format!("{key}[{index}]"), "", "a table", "表");
                    out.push(None);
                }
            }
        }
        out.into_iter().collect()
    }

    fn integer(&mut self, table: &Table, place: &str, key: &str) -> Option<i64> {
        let found = table.get(key).and_then(Value::as_integer);
        if found.is_none() {
            self.missing(place, key, "a whole number", "整数");
        }
        found
    }

    fn text(&mut self, table: &Table, place: &str, key: &str) -> Option<String> {
        let found = table.get(key).and_then(Value::as_str);
        if found.is_none() {
            self.missing(place, key, "a text", "文字列");
        }
        found.map(str::to_owned)
    }

    fn name(&mut self, table: &Table, place: &str, key: &str) -> Option<String> {
        let text = self.text(table, place, key)?;
        if identifier(&text) {
            return Some(text);
        }
        self.findings.add(
            if key == "label" { "label-text" } else { "name" },
            format!("{place}.{key}"),
            Words::new("[a-z][a-z0-9_]{0,30} の形ではありません。", "This is not of the form [a-z][a-z0-9_]{0,30}."),
            Words::new("小文字、数字、_ だけにしてください。", "Use lower-case letters, digits and _ only."),
        );
        None
    }

    fn missing(&mut self, place: &str, key: &str, en: &str, ja: &str) {
        let place = if key.is_empty() { place.to_owned() } else { format!("{place}.{key}") };
        self.findings.add(
            "manifest-missing",
            place,
            Words::new(format!("ここには{ja}が要ります。"), format!("Here belongs {en}.")),
            Words::new("ABI.md の見本と見比べてください。", "Compare it with the sample in ABI.md."),
        );
    }
}

/// `[a-z][a-z0-9_]{0,30}`
fn identifier(text: &str) -> bool {
    let rest = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    text.len() <= NAME_MAX && text.bytes().next().is_some_and(|b| b.is_ascii_lowercase()) && text.bytes().all(rest)
}

/// Letters and digits of any script; nothing that a spreadsheet or a page could take for more than text.
fn japanese(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= NAME_MAX && text.chars().all(|c| c.is_alphanumeric() || matches!(c, 'ー' | '・'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_told_at_once() {
        let text = r#"
            abi = 2
            name = "Risk"
            colour = "red"
            params = [{ name = "a", kind = "float" }, 3]
            labels = [{ value = 0, label = "low" }, { value = 0, label = "null", ja = "=cmd|x" }, { value = 4294967296, label = "a,b" }]
        "#;
        let mut findings = Findings::default();
        assert_eq!(read(text, &mut findings), None);
        let rules: Vec<String> = findings.report().findings.into_iter().map(|f| format!("{} {}", f.rule, f.place)).collect();
        let expected = [
            "manifest-key manifest",
            "abi-version manifest abi",
            "name manifest.name",
            "param-kind params[0].kind",
            "manifest-missing params[1]",
            "label-text labels[1].label",
            "label-ja labels[1].ja",
            "label-value labels[2].value",
            "label-text labels[2].label",
        ];
        assert_eq!(rules, expected);
    }

    #[test]
    fn a_manifest_is_read() {
        let text = "abi = 1\nname = \"band\"\nparams = [{ name = \"age\", kind = \"int\" }]\nlabels = [{ value = 0, label = \"low\", ja = \"低い\" }, { value = -7, label = \"high\" }]";
        let mut findings = Findings::default();
        let manifest = read(text, &mut findings).unwrap();
        assert_eq!((manifest.export.as_str(), manifest.labels[1].value, manifest.params[0].kind), ("f", -7, ParamKind::Int));
    }
}
