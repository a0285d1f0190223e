//! How each part of a manifest is read.

use std::collections::BTreeSet;

use toml::{Table, Value};

use super::{Column, Form, Grid, Label, Manifest, NAME_MAX, NO_LABEL, Param, ParamKind, Person, Reading, Values, fields::japanese};
use crate::{LIMITS, report::Words};

/// What a manifest's `form` says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Called {
    Scalar,
    Person,
    Group,
}

impl Reading<'_> {
    pub(super) fn manifest(&mut self, table: &Table) -> Option<Manifest> {
        let abi = self.integer(table, "manifest", "abi");
        let first = abi == Some(1);
        if abi.is_some_and(|abi| visiting_sdk::TAKEN.iter().all(|taken| i64::from(*taken) != abi)) {
            let ours = visiting_sdk::ABI;
            self.findings.add(
                "abi-version",
                "manifest abi",
                Words::new(format!("この版が受け付けるのは ABI 1 から {ours} までです。"), format!("This version takes ABI 1 to {ours}.")),
                Words::new(format!("`abi = {ours}` とし、ABI.md に従ってください。"), format!("Write `abi = {ours}` and follow ABI.md.")),
            );
        }
        let called = if first { Some(Called::Scalar) } else { self.form(table) };
        match called {
            _ if first => self.keys(table, "manifest", &["abi", "name", "export", "params", "labels"]),
            Some(Called::Person) => self.keys(table, "manifest", &["abi", "name", "form", "reads", "params", "rows", "columns"]),
            Some(Called::Group) => self.keys(table, "manifest", &["abi", "name", "form", "params", "number"]),
            _ => self.keys(table, "manifest", &["abi", "name", "form", "export", "params", "labels", "number"]),
        }
        let name = self.name(table, "manifest", "name");
        let most = if called == Some(Called::Person) { LIMITS.person_params } else { LIMITS.params };
        let params = self.list(table, "manifest", "params", (1, most), Self::param);
        let form = match called? {
            Called::Person => self.person(table).map(Form::Person),
            Called::Group => self.group(table),
            Called::Scalar => self.scalar(table, if first { LIMITS.labels_first } else { LIMITS.labels }),
        };
        Some(Manifest { abi: u32::try_from(abi?).ok()?, name: name?, params: params?, form: form? })
    }

    fn form(&mut self, table: &Table) -> Option<Called> {
        if !table.contains_key("form") {
            return Some(Called::Scalar);
        }
        match self.text(table, "manifest", "form")?.as_str() {
            "scalar" => Some(Called::Scalar),
            "person" => Some(Called::Person),
            "group" => Some(Called::Group),
            _ => {
                self.findings.add(
                    "form",
                    "manifest form",
                    Words::new("この形はありません。", "There is no such form."),
                    Words::new("`scalar`、`person`、`group` のどれかにしてください。", "Write `scalar`, `person` or `group`."),
                );
                None
            }
        }
    }

    fn scalar(&mut self, table: &Table, most: usize) -> Option<Form> {
        let export = if table.contains_key("export") { self.text(table, "manifest", "export") } else { Some("f".to_owned()) };
        let number = table.get("number").filter(|_| table.contains_key("labels"));
        if number.is_some() {
            self.findings.add(
                "result",
                "manifest",
                Words::new("`labels` と `number` の両方があります。", "There are both `labels` and a `number`."),
                Words::new("どちらか一つにしてください。", "Keep one of them."),
            );
        }
        let result = if table.contains_key("number") { self.number(table) } else { self.labels(table, "manifest", most) };
        Some(Form::Scalar { export: export?, result: result? })
    }

    fn number(&mut self, table: &Table) -> Option<Values> {
        let Some(Value::Table(number)) = table.get("number") else {
            self.missing("manifest", "number", "a table", "表");
            return None;
        };
        self.keys(number, "number", &["low", "high", "step"]);
        self.grid(number, "number")
    }

    fn group(&mut self, table: &Table) -> Option<Form> {
        let result = self.number(table)?;
        let steps = if let Values::Number(grid) = &result { grid.steps() } else { None };
        if steps.is_none_or(|steps| steps > LIMITS.group_steps) {
            let most = LIMITS.group_steps;
            self.findings.add(
                "number-grid",
                "number",
                Words::new(
                    format!("群ごとの値は {most} 段までです。細かい値には個人の記録が入りうるためです。"),
                    format!("The number of a group has {most} steps at most: a finer one could hold somebody's record."),
                ),
                Words::new("刻みを粗くするか、範囲を狭めてください。", "Make the step coarser, or the range narrower."),
            );
            return None;
        }
        Some(Form::Group { result })
    }

    fn person(&mut self, table: &Table) -> Option<Person> {
        let reads = self.text(table, "manifest", "reads");
        let plain = |text: &String| text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t'));
        if reads.as_ref().is_some_and(|reads| reads.trim().is_empty() || reads.len() > LIMITS.reads_bytes || !plain(reads)) {
            let most = LIMITS.reads_bytes;
            self.findings.add(
                "reads",
                "manifest reads",
                Words::new(
                    format!("空でない {most} バイトまでの文で、制御文字は改行とタブだけです。"),
                    format!("This is a text of at most {most} bytes, not empty, without control characters but line breaks and tabs."),
                ),
                Words::new("読む行の SELECT を書いてください。", "Write the SELECT of the rows that it reads."),
            );
        }
        let rows = self.integer(table, "manifest", "rows");
        let rows = rows.and_then(|rows| {
            let fits = u32::try_from(rows).ok().filter(|rows| (1..=LIMITS.rows).contains(rows));
            if fits.is_none() {
                let most = LIMITS.rows;
                self.findings.add(
                    "rows",
                    "manifest rows",
                    Words::new(format!("1 から {most} までの数です。"), format!("This is a number from 1 to {most}.")),
                    Words::new("一人について返す行の最大数を書いてください。", "Write the most rows about one person."),
                );
            }
            fits
        });
        let columns = self.list(table, "manifest", "columns", (1, LIMITS.columns), Self::column);
        let mut names = BTreeSet::new();
        for (index, column) in columns.iter().flatten().enumerate() {
            if !names.insert(column.name.as_str()) {
                self.twice("column-twice", &format!("columns[{index}]"));
            }
        }
        Some(Person { reads: reads?, rows: rows?, columns: columns? })
    }

    fn column(&mut self, table: &Table, place: &str) -> Option<Column> {
        let name = self.name(table, place, "name");
        let values = match self.text(table, place, "kind")?.as_str() {
            "label" => {
                self.keys(table, place, &["name", "kind", "labels"]);
                self.labels(table, place, LIMITS.labels)
            }
            "number" => {
                self.keys(table, place, &["name", "kind", "low", "high", "step"]);
                self.grid(table, place)
            }
            "month" => {
                self.keys(table, place, &["name", "kind"]);
                Some(Values::Month)
            }
            _ => {
                self.no_kind(place, "label`、`number`、`month", "label`, `number` or `month");
                None
            }
        };
        Some(Column { name: name?, values: values? })
    }

    fn grid(&mut self, table: &Table, place: &str) -> Option<Values> {
        let mut part = |key: &str| {
            let found = table.get(key).filter(|value| value.is_integer() || value.is_float()).cloned();
            if found.is_none() {
                self.missing(place, key, "a number", "数");
            }
            found
        };
        let (low, high, step) = (part("low"), part("high"), part("step"));
        let grid = Grid::new(&low?, &high?, &step?);
        if grid.is_none() {
            let (places, steps) = (LIMITS.places, LIMITS.steps);
            self.findings.add(
                "number-grid",
                place,
                Words::new(
                    format!("low < high、step > 0、どちらの端も step の倍数、小数点以下 {places} 桁まで、{steps} 段までです。"),
                    format!(
                        "Needed are low < high, step > 0, both bounds multiples of the step, at most {places} places and {steps} steps."
                    ),
                ),
                Words::new("端と刻みを改めてください。", "Change the bounds or the step."),
            );
        }
        grid.map(Values::Number)
    }

    fn param(&mut self, table: &Table, place: &str) -> Option<Param> {
        self.keys(table, place, &["name", "kind"]);
        let name = self.name(table, place, "name");
        let kind = match self.text(table, place, "kind")?.as_str() {
            "int" => ParamKind::Int,
            "decimal" => ParamKind::Decimal,
            "text" => ParamKind::Text,
            _ => {
                self.no_kind(place, "int`、`decimal`、`text", "int`, `decimal` or `text");
                return None;
            }
        };
        Some(Param { name: name?, kind })
    }

    fn no_kind(&mut self, place: &str, ja: &str, en: &str) {
        self.findings.add(
            "param-kind",
            format!("{place}.kind"),
            Words::new("この型はありません。", "There is no such kind."),
            Words::new(format!("`{ja}` のどれかにしてください。"), format!("Write `{en}`.")),
        );
    }

    fn labels(&mut self, table: &Table, place: &str, most: usize) -> Option<Values> {
        let labels = self.list(table, place, "labels", (2, most), Self::label)?;
        self.distinct(&labels, place);
        Some(Values::Labels(labels))
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
    fn distinct(&mut self, labels: &[Label], place: &str) {
        let within = if place == "manifest" { String::new() } else { format!("{place}.") };
        let (mut values, mut texts, mut translations) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for (index, label) in labels.iter().enumerate() {
            let twice = !values.insert(label.value)
                | !texts.insert(label.label.as_str())
                | label.ja.as_deref().is_some_and(|ja| !translations.insert(ja));
            if twice {
                self.twice("label-twice", &format!("{within}labels[{index}]"));
            }
        }
    }

    fn twice(&mut self, rule: &str, place: &str) {
        let (ja, en) = if rule == "label-twice" {
            ("値または同じ語", "label has the same value or the same text")
        } else {
            ("名", "column has the same name")
        };
        self.findings.add(
            rule,
            place,
            Words::new(format!("同じ{ja}が前にもあります。"), format!("An earlier {en}.")),
            if rule == "label-twice" {
                Words::new("値と語を一つずつにしてください。", "Give each label a value and a text of its own.")
            } else {
                Words::new("名を一つずつにしてください。", "Give each column a name of its own.")
            },
        );
    }
}
