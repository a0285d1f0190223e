//! The rules as they hold for one question: judged on its plan first, then cell by cell.

use std::collections::{BTreeMap, BTreeSet};

use super::{Band, ColumnRole, Municipalities, RulePack, birth};
use crate::{Code, Refusal, TextPlace, disclosure::Rules};

/// A column that a question groups by or puts a condition on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRole {
    /// `listing.table.column`, and what tells two occurrences of it in one question apart: equal only for the very same column.
    pub name: String,
    /// What publication rules take it for, where the listing says so.
    pub role: Option<ColumnRole>,
    /// First and last value of its domain, for numbers.
    pub domain: Option<(i64, i64)>,
    /// What it sets apart.
    pub named: Named,
    /// Of a key: every row of the table has it (no grouping set leaves it out). Of a condition: it is on the rows that are grouped.
    pub every_row: bool,
    /// Of ages that are told by the month of birth: the year in which they are reached. See [`super::ages`].
    pub born: Option<i64>,
    /// Where the column is used in the text, as far as that is known.
    pub at: Option<TextPlace>,
}

impl KeyRole {
    /// What it tells: its role, and of a month of birth the age as well.
    fn tells(&self) -> impl Iterator<Item = ColumnRole> {
        let age = self.role.filter(|role| *role == ColumnRole::BirthMonth).map(|_| ColumnRole::Age);
        self.role.into_iter().chain(age)
    }

    /// The column's own name, as a researcher writes it.
    fn said(&self) -> &str {
        let full = self.name.split(['#', '?']).next().unwrap_or_default();
        full.rsplit('.').next().unwrap_or_default()
    }
}

/// What a key or a condition sets apart of its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// A plain group key: every value is a row of its own.
    Each,
    /// A condition that lets these labels through (`municipality = '99001'`), or a key made of groups of labels: all of them.
    Labels(BTreeSet<String>),
    /// A condition that lets these numbers through, or a key made of groups of numbers: the groups, first and last value each.
    Ranges(Vec<(i64, i64)>),
    /// It enters a sum, a mean or a number of different values as it is: no group is set apart, but two kinds of columns meet.
    Measured,
    /// An expression that could not be taken apart.
    Unreadable,
}

/// The label of a row that has no value of a key (the far side of an outer join). No code is written so.
pub const NO_VALUE: &str = "-";

/// The rules as they hold for one question: the thresholds, and what its keys change about them cell by cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Thresholds of every cell.
    pub rules: Rules,
    /// For each group key, the bands that it follows.
    pub bands: Vec<Option<Band>>,
    /// Group keys that are municipalities, by place.
    municipalities: Vec<usize>,
    /// Fewest people by municipality that may be shown at all.
    ladder: BTreeMap<String, u64>,
    /// Digest of the table of populations, where it was needed.
    table: Option<String>,
}

impl From<Rules> for Applied {
    fn from(rules: Rules) -> Self {
        Self { rules, bands: Vec::new(), municipalities: Vec::new(), ladder: BTreeMap::new(), table: None }
    }
}

impl Applied {
    /// The rules of the cell with these key labels, in the order of the question's keys; `None` where nothing of it may be shown. The
    /// label of a key that is not in the cell's grouping set is empty; that of a row without a value is [`NO_VALUE`], which is no
    /// municipality and therefore as small as one can be.
    #[must_use]
    pub fn cell(&self, labels: &[&str]) -> Option<Rules> {
        let mut rules = self.rules;
        for place in &self.municipalities {
            match labels.get(*place).copied() {
                None | Some("") => {}
                // A municipality without a known population is as small as one can be.
                Some(code) => rules.people_min = rules.people_min.max(*self.ladder.get(code)?),
            }
        }
        Some(rules)
    }

    /// The rules beyond the thresholds as a receipt states them: names and pass, never margins.
    #[must_use]
    pub fn stated(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        if let Some(digest) = &self.table {
            out.insert("municipalities".to_owned(), format!("{digest}: pass"));
        }
        for band in self.bands.iter().flatten() {
            out.insert(format!("bands {}", band.role.name()), format!("{}: pass", band.width));
        }
        out
    }
}

/// The rules of a question over databases with these packs: the strictest of each kind.
///
/// # Errors
/// [`Code::RuleForbids`] where a rule forbids the question whatever the data are; [`Code::OperatorProblem`] without any pack.
pub fn apply(packs: &[&RulePack], table: &Municipalities, keys: &[KeyRole], filters: &[KeyRole]) -> Result<Applied, Refusal> {
    let missing = || {
        Refusal::new(Code::OperatorProblem, "a database of the question has no rule pack")
            .ja("問合せの対象に、公表基準のないDBがあります。")
    };
    let rules = packs.iter().map(|p| p.thresholds()).reduce(Rules::strictest).ok_or_else(missing)?;
    // A condition on a column whose values are rows anyway only leaves rows out: not so where a total over them is a row as well.
    let same = |key: &KeyRole, filter: &KeyRole| key.name == filter.name && key.named == Named::Each && key.every_row;
    let shown = |filter: &&KeyRole| !(filter.every_row && keys.iter().any(|k| same(k, filter)));
    let filters: Vec<&KeyRole> = filters.iter().filter(shown).collect();
    check_crossings(packs, keys, &filters)?;
    let mut applied = Applied::from(rules);
    applied.bands = keys.iter().map(|key| banded(packs, key)).collect::<Result<_, _>>()?;
    filters.iter().try_for_each(|filter| banded(packs, filter).map(|_| ()))?;
    // Every table here has a person key: the patients of a drug are known, so the quantities never stand for them.
    if keys.iter().chain(filters.iter().copied()).any(|k| k.role == Some(ColumnRole::Drug)) {
        let patients = packs.iter().filter_map(|p| p.drugs.as_ref()).map(|d| d.patients_min).max().unwrap_or(0);
        applied.rules.people_min = applied.rules.people_min.max(patients);
    }
    climb(&mut applied, packs, table, keys, &filters)?;
    Ok(applied)
}

fn check_crossings(packs: &[&RulePack], keys: &[KeyRole], filters: &[&KeyRole]) -> Result<(), Refusal> {
    let roles: BTreeSet<ColumnRole> = keys.iter().chain(filters.iter().copied()).flat_map(KeyRole::tells).collect();
    let Some(found) = packs.iter().flat_map(|p| &p.crossings).find(|c| c.forbids(&roles)) else { return Ok(()) };
    let of = |k: &&KeyRole| k.tells().any(|r| found.roles.contains(&r));
    let crossed = || keys.iter().chain(filters.iter().copied()).filter(of);
    // The last of them in the text makes the crossing.
    let at = crossed().filter_map(|k| k.at).max_by_key(|at| (at.line, at.column));
    let names: BTreeSet<&str> = crossed().map(KeyRole::said).collect();
    let names = names.into_iter().collect::<Vec<_>>().join("`, `");
    let source = &found.source;
    let detail =
        format!("the publication rules do not let `{names}` be crossed, in groups or conditions: leave one of them out ({source})");
    let ja =
        format!("公表基準により「{names}」を掛け合わせた集計はできません（区分と条件のどちらでも）。どれかを外してください（{source}）。");
    Err(Refusal::new(Code::RuleForbids, detail).ja(ja).at(at))
}

/// The bands that a key or a condition follows; refused where it does not follow their edges.
fn banded(packs: &[&RulePack], key: &KeyRole) -> Result<Option<Band>, Refusal> {
    let found = packs.iter().flat_map(|p| &p.bands).filter(|b| key.tells().any(|role| b.role == role)).cloned();
    let Some(band) = found.reduce(|a, b| a.strictest(&b)) else { return Ok(None) };
    let domain = key.domain.unwrap_or((i64::MIN, i64::MAX));
    let follows = match &key.named {
        Named::Measured => true,
        Named::Each => band.is_each_value(domain),
        Named::Ranges(ranges) => ranges.iter().all(|range| band.whole(*range, domain)),
        Named::Labels(_) | Named::Unreadable => false,
    };
    if follows {
        return Ok(Some(band));
    }
    let (name, source, example) = (key.said(), &band.source, example(&band, domain));
    let groups = key.born.map_or_else(|| band.sql(name, domain), |year| birth::sql(&band, name, year, domain));
    let detail = format!(
        "the publication rules show `{name}` in bands only, such as {example}: group by {groups}, and put conditions along these edges ({source})"
    );
    let ja = format!(
        "公表基準により「{name}」は {example} のような区分でのみ示せます。{groups} で区分し、条件もこの区切りに合わせてください（{source}）。"
    );
    Err(Refusal::new(Code::RuleForbids, detail).ja(ja).at(key.at))
}

/// Two neighbouring bands in words.
fn example(band: &Band, (lo, hi): (i64, i64)) -> String {
    let start = band.low.or(band.high.map(|h| h.saturating_sub(band.width))).unwrap_or(0).clamp(lo, hi);
    let (_, last) = band.of(start);
    format!("{} and {}", band.label(start), band.label(last.saturating_add(1).min(hi)))
}

/// The ladder: by cell for keys; for a condition, all municipalities that it names hold for every cell.
fn climb(
    applied: &mut Applied,
    packs: &[&RulePack],
    table: &Municipalities,
    keys: &[KeyRole],
    filters: &[&KeyRole],
) -> Result<(), Refusal> {
    let is = |key: &KeyRole| key.role == Some(ColumnRole::Municipality);
    if packs.iter().all(|p| p.municipalities.is_none()) || !keys.iter().chain(filters.iter().copied()).any(is) {
        return Ok(());
    }
    applied.table = Some(table.digest().to_owned());
    applied.ladder = table.iter().filter_map(|(code, n)| strictest(packs, n).map(|k| (code.to_owned(), k))).collect();
    applied.municipalities = keys.iter().enumerate().filter(|(_, k)| is(k) && k.named == Named::Each).map(|(i, _)| i).collect();
    let cuts = |k: &&KeyRole| is(k) && k.named != Named::Measured;
    for key in keys.iter().filter(|k| k.named != Named::Each).chain(filters.iter().copied()).filter(cuts) {
        let k = set_apart(&applied.ladder, packs, table, key)?;
        applied.rules.people_min = applied.rules.people_min.max(k);
    }
    Ok(())
}

/// Fewest people behind a number about a place with this population, over all packs.
fn strictest(packs: &[&RulePack], population: u64) -> Option<u64> {
    let ask = |p: &&RulePack| p.municipalities.as_ref().map_or(Some(p.rules.people_min), |l| l.people_min(population, p.rules.people_min));
    packs.iter().map(ask).try_fold(0, |most, k| k.map(|k: u64| most.max(k)))
}

/// What a set of municipalities asks for. Each one in it must be one that may be shown, or two sets would tell it by their difference;
/// those that are left out are told by the difference from everything, so they count together as one place.
fn set_apart(ladder: &BTreeMap<String, u64>, packs: &[&RulePack], table: &Municipalities, key: &KeyRole) -> Result<u64, Refusal> {
    let name = key.said();
    let forbidden = |what: &str, ja: &str| {
        let source = packs.iter().find_map(|p| p.municipalities.as_ref()).map_or("", |l| l.source.as_str());
        let detail = format!("{what}; leave it out, or use a coarser area such as the prefecture ({source})");
        let ja = format!("{ja}外すか、都道府県などの広い地域を使ってください（{source}）。");
        Refusal::new(Code::RuleForbids, detail).ja(ja).at(key.at)
    };
    let Named::Labels(labels) = &key.named else {
        return Err(forbidden(
            &format!("`{name}` is a municipality: group by it as it is, or compare it with codes"),
            &format!("「{name}」は市区町村です。そのまま区分に使うか、コードと比べてください。"),
        ));
    };
    let mut most = 0;
    for label in labels {
        let small = || {
            forbidden(
                &format!("no numbers are shown of the municipality `{label}`: too few people live there, or its population is not known"),
                &format!("市区町村 {label} の人数は公表できません（人口が少ないか、人口が登録されていません）。"),
            )
        };
        most = most.max(*ladder.get(label).ok_or_else(small)?);
    }
    let outside: Vec<u64> = table.iter().filter(|(code, _)| !labels.contains(*code)).map(|(_, n)| n).collect();
    if outside.is_empty() {
        return Ok(most);
    }
    let left = strictest(packs, outside.iter().sum());
    let few = || {
        forbidden(
            &format!("the municipalities that `{name}` leaves out have too few people together: their number would be the difference"),
            &format!("「{name}」の条件から外れる市区町村の人口が少なすぎ、差から人数が分かります。"),
        )
    };
    left.map(|k| most.max(k)).ok_or_else(few)
}
