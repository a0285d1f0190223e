//! What a question's columns mean to publication rules: from the keys and the condition of a plan to what `policies::rules` judges.

use std::{ffi::OsString, path::PathBuf};

use visiting_catalog::{Column, Domain, Listing};
use visiting_policies::{
    Refusal,
    rules::{Applied, ColumnRole, KeyRole, Municipalities, Named, RuleBook, RulePack, apply},
};

use crate::{
    fault::Fault,
    predicate::{Predicate, ValueSet, Values},
    question::{Key, Preimage},
};

/// The rule packs in force and the populations that they look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RulesInForce<'a> {
    /// Packs, as the record has them.
    pub(crate) book: &'a RuleBook,
    /// Populations.
    pub(crate) municipalities: &'a Municipalities,
}

impl<'a> RulesInForce<'a> {
    /// The pack of a listing.
    pub(crate) fn of(&self, listings: &[Listing], listing: &str) -> Option<&'a RulePack> {
        let name = &listings.iter().find(|l| l.id == listing)?.rule_pack;
        self.book.pack(name).map(|p| &p.pack)
    }

    /// The packs of the databases that a question reads, as a receipt states them: version and digest.
    pub(crate) fn stated(&self, listings: &[Listing], listing: &str) -> Option<(String, String)> {
        let name = &listings.iter().find(|l| l.id == listing)?.rule_pack;
        let pack = self.book.pack(name)?;
        Some((format!("rule_pack {listing}"), format!("{name} {} {}", pack.pack.version, pack.digest)))
    }

    /// Judges the plan: the rules of a question over these databases with these keys and this condition.
    pub(crate) fn apply(&self, listings: &[Listing], read: &[String], keys: &[Key], filter: &Predicate) -> Result<Applied, Fault> {
        let packs = read.iter().map(|l| self.of(listings, l)).collect::<Option<Vec<_>>>();
        let packs = packs.ok_or_else(|| Fault::Other("a database without a readable rule pack".to_owned()))?;
        let columns = Columns(listings);
        let (mut groups, mut filters) = (Vec::new(), Vec::new());
        for key in keys {
            let mut made_of = columns.of_key(key).into_iter();
            // One place a key, because cells are told by their labels' places; further columns of a key cut like conditions.
            groups.push(made_of.next().unwrap_or_else(|| plain(&key.name)));
            filters.extend(made_of);
        }
        columns.of_condition(filter, &mut filters);
        Ok(apply(&packs, self.municipalities, &groups, &filters)?)
    }
}

/// A key that no publication rule has a word about.
fn plain(name: &str) -> KeyRole {
    KeyRole { name: name.to_owned(), role: None, domain: None, named: Named::Each }
}

/// All columns that have a role.
struct Columns<'a>(&'a [Listing]);

impl Columns<'_> {
    /// The column `listing.table.column`, when it has a role that keys and conditions can have.
    fn find(&self, name: &str) -> Option<(&Column, ColumnRole)> {
        let mut parts = name.split('.');
        let (listing, table, column) = (parts.next()?, parts.next()?, parts.next()?);
        let column = self.0.iter().find(|l| l.id == listing)?.table(table)?.column(column)?;
        column.role.map(|role| (column, role))
    }

    fn key_role(&self, name: &str, named: impl FnOnce(&Values) -> Named) -> Option<KeyRole> {
        let (column, role) = self.find(name)?;
        let domain = match &column.domain {
            Some(Domain::Range([lo, hi]) | Domain::Months([lo, hi])) => Some((*lo, *hi)),
            _ => None,
        };
        let named = column.domain.as_ref().map_or(Named::Unreadable, |d| named(&Values::new(d)));
        Some(KeyRole { name: name.to_owned(), role: Some(role), domain, named })
    }

    fn of_key(&self, key: &Key) -> Vec<KeyRole> {
        let named = |values: &Values| match &key.of {
            Some(Preimage::Column(..)) => Named::Each,
            Some(Preimage::Sets(_, sets)) => groups(values, sets.values()),
            None => Named::Unreadable,
        };
        // A key of several columns is no function of one: each of them cuts in a way that cannot be read.
        let alone = key.columns.len() == 1;
        key.columns.iter().filter_map(|name| self.key_role(name, |v| if alone { named(v) } else { Named::Unreadable })).collect()
    }

    /// Every part of the condition, also those under OR: each of them tells rows apart.
    fn of_condition(&self, filter: &Predicate, out: &mut Vec<KeyRole>) {
        match filter {
            Predicate::True | Predicate::False => {}
            Predicate::In(name, set) => out.extend(self.key_role(name, |values| groups(values, [set]))),
            Predicate::All(parts) | Predicate::Any(parts) => parts.iter().for_each(|part| self.of_condition(part, out)),
            Predicate::Atom(words, _) => out.extend(self.named_in(words).iter().filter_map(|n| self.key_role(n, |_| Named::Unreadable))),
        }
    }

    /// Columns with a role that a condition in words names.
    fn named_in(&self, words: &str) -> Vec<String> {
        let of_table = |l: &Listing| {
            let of = |t: &visiting_catalog::Table| t.columns.iter().map(|c| format!("{}.{}.{}", l.id, t.name, c.name)).collect::<Vec<_>>();
            l.tables.iter().flat_map(of).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of_table).filter(|name| words.contains(name.as_str())).collect()
    }
}

/// Most labels that a condition is written out in: more than there are municipalities in Japan.
const LABELS_MAX: u64 = 10_000;

/// Sets of a column's values as rules read them.
fn groups<'a>(values: &Values, sets: impl IntoIterator<Item = &'a ValueSet>) -> Named {
    let sets: Vec<&ValueSet> = sets.into_iter().collect();
    match values {
        Values::Range(..) => Named::Ranges(sets.iter().flat_map(|set| set.intervals()).copied().collect()),
        _ if sets.iter().map(|set| set.size()).fold(0, u64::saturating_add) > LABELS_MAX => Named::Unreadable,
        _ => Named::Labels(sets.iter().flat_map(|set| set.intervals()).flat_map(|(lo, hi)| *lo..=*hi).map(|v| values.label(v)).collect()),
    }
}

/// The table of populations that an operator named, else the invented one.
///
/// # Errors
/// When the file cannot be read or is no such table: nothing runs on wrong populations.
pub(crate) fn municipalities(file: Option<OsString>) -> Result<Municipalities, Fault> {
    let Some(file) = file.filter(|f| !f.is_empty()).map(PathBuf::from) else { return Ok(Municipalities::synthetic()) };
    let text = std::fs::read_to_string(&file)
        .map_err(|e| Fault::Other(format!("{} cannot be read ({e}); check {}", file.display(), crate::config::MUNICIPALITIES_ENV)))?;
    Municipalities::read(&text).map_err(|r: Refusal| Fault::Other(format!("{}: {}", file.display(), r.detail)))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, path::Path};

    use visiting_policies::Code;

    use super::*;
    use crate::question::KeyValue;

    const PLACE: &str = "regions.residents.municipality";
    const AGE: &str = "regions.residents.age";

    fn listings() -> Vec<Listing> {
        let variants = Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalog/listings/variants");
        visiting_catalog::load_with(Some(&variants)).unwrap()
    }

    fn values(name: &str) -> Values {
        let listings = listings();
        Values::new(Columns(&listings).find(name).unwrap().0.domain.as_ref().unwrap())
    }

    /// The refusal's code, or how many people a cell of these labels asks for.
    fn judged(keys: &[Key], filter: &Predicate, labels: &[&str]) -> Result<Option<u64>, Code> {
        let (listings, book, municipalities) = (listings(), RuleBook::default(), Municipalities::synthetic());
        let rules = RulesInForce { book: &book, municipalities: &municipalities };
        match rules.apply(&listings, &["regions".to_owned()], keys, filter) {
            Ok(applied) => Ok(applied.cell(labels).map(|r| r.people_min)),
            Err(Fault::Refused(refusal)) => Err(refusal.code),
            Err(other) => panic!("{other}"),
        }
    }

    fn plain_key(name: &str) -> Key {
        Key { name: name.to_owned(), columns: vec![name.to_owned()], of: Some(Preimage::Column(name.to_owned(), values(name))) }
    }

    fn place(code: &str) -> ValueSet {
        ValueSet::values([values(PLACE).index(code).unwrap()])
    }

    #[test]
    fn a_plain_key_is_judged_by_its_labels_at_its_place() {
        let sex = Key { name: "regions.residents.sex".to_owned(), columns: vec!["regions.residents.sex".to_owned()], of: None };
        let keys = [sex, plain_key(PLACE)];
        assert_eq!(judged(&keys, &Predicate::True, &["1", "99202"]), Ok(Some(20)));
        assert_eq!(judged(&keys, &Predicate::True, &["1", "99304"]), Ok(None));
    }

    #[test]
    fn a_condition_is_found_wherever_it_stands() {
        let village = || Predicate::In(PLACE.to_owned(), place("99304"));
        let city = || Predicate::In(PLACE.to_owned(), place("99101"));
        let sex = || Predicate::In("regions.residents.sex".to_owned(), ValueSet::values([1]));
        assert_eq!(judged(&[], &city(), &[]), Ok(Some(10)));
        for hidden in
            [village(), Predicate::All(vec![sex(), village()]), Predicate::Any(vec![sex(), Predicate::All(vec![city(), village()])])]
        {
            assert_eq!(judged(&[], &hidden, &[]), Err(Code::RuleForbids), "{}", hidden.text());
        }
        let words = Predicate::Atom(format!("{PLACE} like other.table.column"), true);
        assert_eq!(judged(&[], &words, &[]), Err(Code::RuleForbids));
        assert_eq!(judged(&[], &Predicate::Atom("regions.residents.sex is odd".to_owned(), false), &[]), Ok(Some(10)));
    }

    #[test]
    fn a_key_that_is_made_of_a_column_is_judged_as_that_column() {
        let of = |name: &str, sets: Vec<ValueSet>| {
            let sets: BTreeMap<KeyValue, ValueSet> = sets.into_iter().zip(0..).map(|(set, n)| (KeyValue::Int(n), set)).collect();
            Key { name: format!("case {name}"), columns: vec![name.to_owned()], of: Some(Preimage::Sets(name.to_owned(), sets)) }
        };
        let (young, old) = (ValueSet::range(0, 84), ValueSet::range(85, 109));
        assert_eq!(judged(&[of(AGE, vec![young, old])], &Predicate::True, &["0"]), Ok(Some(10)));
        let cut = vec![ValueSet::range(0, 90), ValueSet::range(91, 109)];
        assert_eq!(judged(&[of(AGE, cut)], &Predicate::True, &["0"]), Err(Code::RuleForbids), "a tail is cut");
        let village = of(PLACE, vec![place("99304"), place("99101")]);
        assert_eq!(judged(&[village], &Predicate::True, &["0"]), Err(Code::RuleForbids), "another name for a village");
        let both = Key { name: "concat".to_owned(), columns: vec!["regions.residents.sex".to_owned(), PLACE.to_owned()], of: None };
        assert_eq!(judged(&[both], &Predicate::True, &["1-99101"]), Err(Code::RuleForbids), "a key that cannot be read");
        let insurer = plain_key("regions.residents.insurer");
        assert_eq!(judged(&[insurer, plain_key(PLACE)], &Predicate::True, &["1", "99101"]), Err(Code::RuleForbids));
    }
}
