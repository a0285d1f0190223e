//! From a permit's scope to the tables and columns that are cut for it. What the catalogue does not hold cannot be planned.

use visiting_policies::{Code, Refusal, terms::Scope};

use crate::listing::{Column, Listing, Table, is_month};

/// One table of an extract.
#[derive(Debug, Clone)]
pub struct TablePlan<'a> {
    /// The database.
    pub listing: &'a Listing,
    /// The table.
    pub table: &'a Table,
    /// The columns the permit names, in catalogue order. Keys come with the table.
    pub columns: Vec<&'a Column>,
}

/// The extract's tables, in the order of the scope.
///
/// # Errors
/// [`Code::ListingUnknown`] for a listing, table or column that does not exist; [`Code::Malformed`] for a period that is none.
pub fn plan<'a>(scope: &Scope, listings: &'a [Listing]) -> Result<Vec<TablePlan<'a>>, Refusal> {
    let period = scope.period;
    if !is_month(period.from) || !is_month(period.to) || period.from > period.to {
        return Err(Refusal::new(Code::Malformed, "a period is two months `yyyymm`, the first not after the last")
            .ja("期間は 2 つの年月（yyyymm）で、始まりは終わりより後にできません"));
    }
    let mut plans = Vec::new();
    for (id, tables) in &scope.columns {
        let listing = listings
            .iter()
            .find(|l| l.id == *id)
            .ok_or_else(|| unknown(format!("there is no listing `{id}`"), format!("`{id}` というデータベースはありません")))?;
        if tables.is_empty() {
            return Err(Refusal::new(Code::Malformed, format!("name at least one table of `{id}`"))
                .ja(format!("`{id}` の表を 1 つ以上指定してください")));
        }
        for (name, columns) in tables {
            let table = listing
                .table(name)
                .ok_or_else(|| unknown(format!("`{id}` has no table `{name}`"), format!("`{id}` に `{name}` という表はありません")))?;
            if let Some(missing) = columns.iter().find(|c| table.column(c).is_none()) {
                let ja = format!("`{id}.{name}` に申請できる列 `{missing}` はありません。キーは表とともに提供されます");
                return Err(unknown(format!("`{id}.{name}` has no column `{missing}` to apply for; keys come with the table"), ja));
            }
            let columns = table.columns.iter().filter(|c| columns.contains(&c.name)).collect();
            plans.push(TablePlan { listing, table, columns });
        }
    }
    Ok(plans)
}

fn unknown(what: String, ja: String) -> Refusal {
    Refusal::new(Code::ListingUnknown, format!("{what}; the catalogue shows what exists"))
        .ja(format!("{ja}。使えるものはカタログにあります"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use visiting_policies::terms::{Form, Period};

    use super::*;

    fn scope(listing: &str, table: &str, columns: &[&str]) -> Scope {
        let columns = columns.iter().map(|c| (*c).to_owned()).collect();
        let tables = BTreeMap::from([(table.to_owned(), columns)]);
        Scope {
            columns: BTreeMap::from([(listing.to_owned(), tables)]),
            period: Period { from: 202401, to: 202412 },
            form: Form::Pseudonymised,
        }
    }

    fn code(scope: &Scope) -> Option<Code> {
        plan(scope, &crate::load_with(None).unwrap()).err().map(|r| r.code)
    }

    #[test]
    fn what_does_not_exist_is_not_planned() {
        assert_eq!(code(&scope("none", "claims", &[])), Some(Code::ListingUnknown));
        assert_eq!(code(&scope("ndb", "none", &[])), Some(Code::ListingUnknown));
        assert_eq!(code(&scope("ndb", "claims", &["ym", "name"])), Some(Code::ListingUnknown));
    }

    #[test]
    fn keys_are_not_columns() {
        assert_eq!(code(&scope("ndb", "claims", &["pid"])), Some(Code::ListingUnknown));
        assert_eq!(code(&scope("ndb", "claims", &["facility_id"])), Some(Code::ListingUnknown));
    }

    #[test]
    fn columns_come_in_catalogue_order() {
        let listings = crate::load_with(None).unwrap();
        let plans = plan(&scope("ndb", "claims", &["points", "ym", "icd10"]), &listings).unwrap();
        let names: Vec<&str> = plans[0].columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["ym", "icd10", "points"]);
    }

    #[test]
    fn a_period_must_be_one() {
        let mut backwards = scope("ndb", "claims", &["ym"]);
        backwards.period = Period { from: 202413, to: 202412 };
        assert_eq!(code(&backwards), Some(Code::Malformed));
    }
}
