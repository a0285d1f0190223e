//! The small parts of a manifest: keys, lists, whole numbers, texts and names, each with its finding where it is not there.

use toml::{Table, Value};

use super::{NAME_MAX, Reading};
use crate::report::Words;

impl Reading<'_> {
    /// Unknown keys are refused: a misspelt one would silently say nothing.
    pub(super) fn keys(&mut self, table: &Table, place: &str, known: &[&str]) {
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

    /// A list of tables, each read by `read`.
    pub(super) fn list<T>(
        &mut self,
        table: &Table,
        place: &str,
        key: &str,
        (min, max): (usize, usize),
        read: impl Fn(&mut Self, &Table, &str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(Value::Array(items)) = table.get(key) else {
            self.missing(place, key, "a list of tables", "表の並び");
            return None;
        };
        if !(min..=max).contains(&items.len()) {
            let have = items.len();
            self.findings.add(
                "manifest-count",
                format!("{place} {key}"),
                Words::new(
                    format!("{min} 個から {max} 個までですが、{have} 個あります。"),
                    format!("There are {have}; allowed are {min} to {max}."),
                ),
                Words::new("数を改めてください。", "Change their number."),
            );
            return None;
        }
        let within = if place == "manifest" { String::new() } else { format!("{place}.") };
        let mut out = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::Table(item) => out.push(read(self, item, &format!("{within}{key}[{index}]"))),
                _ => {
                    self.missing(&format!("{within}{key}[{index}]"), "", "a table", "表");
                    out.push(None);
                }
            }
        }
        out.into_iter().collect()
    }

    pub(super) fn integer(&mut self, table: &Table, place: &str, key: &str) -> Option<i64> {
        let found = table.get(key).and_then(Value::as_integer);
        if found.is_none() {
            self.missing(place, key, "a whole number", "整数");
        }
        found
    }

    pub(super) fn text(&mut self, table: &Table, place: &str, key: &str) -> Option<String> {
        let found = table.get(key).and_then(Value::as_str);
        if found.is_none() {
            self.missing(place, key, "a text", "文字列");
        }
        found.map(str::to_owned)
    }

    pub(super) fn name(&mut self, table: &Table, place: &str, key: &str) -> Option<String> {
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

    pub(super) fn missing(&mut self, place: &str, key: &str, en: &str, ja: &str) {
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
pub(super) fn japanese(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= NAME_MAX && text.chars().all(|c| c.is_alphanumeric() || matches!(c, 'ー' | '・'))
}
