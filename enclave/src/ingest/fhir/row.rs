//! From a resource to a row: what the mapping names, and nothing else. Reasons name columns and elements, never a value.

use std::borrow::Cow;

use super::{
    super::{
        cell::{Cell, CellReader},
        people::IDENTITY_MAX_BYTES,
    },
    bundle::Bundle,
    mapping::{Column, Leave, Mapping, Reading, Table},
    node::Node,
    path::Path,
};

/// What becomes of a resource.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A row, and its facility's number.
    Row(Vec<Cell>, String),
    /// Left out on purpose.
    Left(String),
}

/// Everything a row is read with.
pub(crate) struct RowReader<'r, 'n> {
    /// The mapping.
    pub(crate) mapping: &'r Mapping,
    /// The table.
    pub(crate) table: &'r Table,
    /// Readers of its columns.
    pub(crate) readers: &'r [CellReader<'r>],
    /// What references lead to.
    pub(crate) bundle: &'r Bundle<'n>,
    /// The resource.
    pub(crate) resource: &'n Node<'n>,
}

impl<'n> RowReader<'_, 'n> {
    /// Reads the row; the reason for the quarantine where it cannot be.
    pub(crate) fn read(&self) -> Result<Outcome, String> {
        for leave in &self.table.leave {
            if self.is_left(leave)? {
                return Ok(Outcome::Left(leave.reason.clone()));
            }
        }
        for (paths, reason) in &self.table.need {
            if self.first(paths)?.is_none() {
                return Err(reason.clone());
            }
        }
        let mut cells = Vec::with_capacity(self.table.columns.len());
        for (column, reader) in self.table.columns.iter().zip(self.readers) {
            let value = self.value(column).map_err(|reason| format!("column `{}`: {reason}", reader.name()))?;
            cells.push(reader.read(&value)?);
        }
        let mut facility = String::new();
        for path in &self.table.facility {
            if let (true, Some(number)) = (facility.is_empty(), self.found(path)?.first()) {
                facility = number.trim().to_owned();
            }
        }
        match facility.len() > IDENTITY_MAX_BYTES {
            true => Err("an institution's number of more than 256 bytes".to_owned()),
            false => Ok(Outcome::Row(cells, facility)),
        }
    }

    fn is_left(&self, leave: &Leave) -> Result<bool, String> {
        for path in &leave.paths {
            let found = path.find(self.resource, self.bundle)?;
            let hit = match (&leave.values, leave.absent) {
                (_, true) => found.is_empty(),
                (None, false) => !found.is_empty(),
                (Some(values), false) => found.iter().filter_map(|n| n.as_text()).any(|text| values.iter().any(|v| v == text)),
            };
            if hit {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The simple values at a path.
    fn found(&self, path: &Path) -> Result<Vec<Cow<'n, str>>, String> {
        let found = path.find(self.resource, self.bundle)?;
        let simple = |node: &'n Node<'n>| match node {
            Node::Null => None,
            Node::List(_) | Node::Object(_) => Some(Err("a list or an object where FHIR has a simple value".to_owned())),
            simple => simple.scalar().map(Ok),
        };
        found.into_iter().filter_map(simple).collect()
    }

    /// The values of the first path that has some.
    fn first(&self, paths: &[Path]) -> Result<Option<Vec<Cow<'n, str>>>, String> {
        for path in paths {
            let found = self.found(path)?;
            if !found.is_empty() {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn value<'s>(&'s self, column: &'s Column) -> Result<Cow<'s, str>, String> {
        let or = || column.or.as_deref().map_or(Cow::Borrowed(""), Cow::Borrowed);
        if column.reading == Some(Reading::Unit) {
            return Ok(self.unit(column)?.map_or_else(or, Cow::Borrowed));
        }
        let Some(found) = self.first(&column.paths)? else {
            return match (column.reading, &column.or) {
                (Some(Reading::Month | Reading::Year), None) => Err("no date".to_owned()),
                _ => Ok(or()),
            };
        };
        if !column.first && found.windows(2).any(|pair| pair.first() != pair.last()) {
            return Err("several different values".to_owned());
        }
        if let Some((path, values)) = &column.when
            && !self.found(path)?.iter().any(|text| values.iter().any(|v| v == text))
        {
            return Err("not in the unit that the mapping asks for".to_owned());
        }
        let Some(text) = found.into_iter().next() else { return Ok(or()) };
        if let Some(map) = &column.map {
            return map
                .get(&*text)
                .map(|value| Cow::Borrowed(value.as_str()))
                .ok_or_else(|| "a value that the mapping does not map".to_owned());
        }
        match column.reading {
            None | Some(Reading::Unit) => Ok(text),
            Some(Reading::Start) => match text.char_indices().nth(column.length) {
                Some((end, _)) => Ok(Cow::Owned(text.get(..end).unwrap_or_default().to_owned())),
                None if text.chars().count() == column.length => Ok(text),
                None => Err("a code that is too short".to_owned()),
            },
            Some(Reading::Month) => month(&text).map(Cow::Owned).map_err(str::to_owned),
            Some(Reading::Year) => year(&text).map(Cow::Owned).map_err(str::to_owned),
        }
    }

    /// The unit of a value, which must be one of the item's. Text and code must be spellings of one unit.
    fn unit<'s>(&'s self, column: &'s Column) -> Result<Option<&'s str>, String> {
        if self.first(&column.with)?.is_none() {
            return Ok(None);
        }
        let mut unit: Option<&'s str> = None;
        for path in &column.paths {
            for text in self.found(path)? {
                let known = self.mapping.unit(&text).and_then(|u| self.known(u)).ok_or("a unit that the mapping does not know")?;
                if unit.is_some_and(|other| other != known) {
                    return Err("the unit's text and code are two units".to_owned());
                }
                unit = Some(known);
            }
        }
        let unit = unit.ok_or("no unit")?;
        let item = self.first(&column.of)?.and_then(|found| found.into_iter().next()).ok_or("no item")?;
        let allowed = self.mapping.units_of(&item).ok_or("no unit is known for this item")?;
        if allowed.iter().any(|u| u == unit) {
            Ok(Some(unit))
        } else {
            Err("another unit than the item's; nothing is converted".to_owned())
        }
    }

    /// The mapping's own text of a unit: what was read goes no further.
    fn known(&self, unit: &str) -> Option<&str> {
        self.mapping.units.values().flatten().find(|u| *u == unit).map(String::as_str)
    }
}

/// `yyyymm` of a FHIR date or dateTime, as written: the month where it happened.
pub(crate) fn month(text: &str) -> Result<String, &'static str> {
    match parts(text)? {
        (year, Some(month)) => Ok(format!("{year}{month}")),
        (_, None) => Err("the date has no month"),
    }
}

/// The year of a FHIR date or dateTime.
pub(crate) fn year(text: &str) -> Result<String, &'static str> {
    parts(text).map(|(year, _)| year.to_owned())
}

/// Year and month of `yyyy`, `yyyy-mm`, `yyyy-mm-dd` or `yyyy-mm-ddT…`.
fn parts(text: &str) -> Result<(&str, Option<&str>), &'static str> {
    const BAD: &str = "not a date of FHIR's form";
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let digits = |part: &str, length: usize| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    let within = |part: &str, highest: u32| digits(part, 2) && part.parse::<u32>().is_ok_and(|n| (1..=highest).contains(&n));
    let mut pieces = date.split('-');
    let year = pieces.next().filter(|y| digits(y, 4)).ok_or(BAD)?;
    let (month, day, more) = (pieces.next(), pieces.next(), pieces.next());
    let sound = month.is_none_or(|m| within(m, 12)) && day.is_none_or(|d| within(d, 31)) && more.is_none();
    // A time belongs to a whole date, and starts `hh:mm`.
    let timed = time.is_none_or(|t| day.is_some() && t.get(2..3) == Some(":") && t.get(..2).is_some_and(|h| digits(h, 2)));
    if sound && timed { Ok((year, month)) } else { Err(BAD) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_precision() {
        for (text, expected) in [
            ("2021-07-05T11:19:41+09:00", Ok("202107")),
            ("2021-07-05", Ok("202107")),
            ("2022-05", Ok("202205")),
            ("2018", Err("the date has no month")),
        ] {
            assert_eq!(month(text).as_deref().map_err(|e| *e), expected, "{text}");
        }
        assert_eq!(year("1930").as_deref(), Ok("1930"));
        for bad in ["", "20210705", "2021-13", "2021-7-5", "2021-07-05x", "2021T10:00", "２０２１-07", "平成3年", "2021-07-05T1"] {
            assert!(month(bad).is_err() && year(bad).is_err(), "{bad}");
        }
    }
}
