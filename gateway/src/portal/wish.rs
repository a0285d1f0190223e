//! From what was typed in the application's form to what the API takes, or to everything that is wrong with it.

use std::collections::BTreeSet;

use visiting_catalog::listing::is_month;
use visiting_policies::{
    sign,
    terms::{ColumnName, Period, PersonId},
};

use super::{
    ctx::Ctx,
    form::{Faults, Form},
    time,
};
use crate::{
    routes::applications::PURPOSE_MAX_BYTES,
    wire::{Columns, NewApplication},
};

/// The application that a form wishes for; sound only when there are no faults.
pub(super) fn wish(ctx: &Ctx, person: &PersonId, form: &Form) -> (NewApplication, Faults) {
    let mut faults = Faults::default();
    let wish = NewApplication {
        columns: columns(ctx, form, &mut faults),
        team: team(ctx, person, form, &mut faults),
        purpose: purpose(ctx, form, &mut faults),
        period: period(ctx, form, &mut faults),
        until_ms: until(ctx, form, &mut faults),
    };
    (wish, faults)
}

/// Names exactly this wish: what was reviewed is what is sent.
pub(super) fn digest(wish: &NewApplication) -> String {
    sign::digest(serde_json::to_string(wish).unwrap_or_default().as_bytes())
}

/// The applicant, the colleagues that were ticked, and others by id.
fn team(ctx: &Ctx, person: &PersonId, form: &Form, faults: &mut Faults) -> BTreeSet<PersonId> {
    let typed = form.get("team").split([',', ' ', '\n', '\r', '、', '　']).filter(|t| !t.is_empty());
    let mut team = BTreeSet::from([person.clone()]);
    let mut unknown = Vec::new();
    let view = ctx.app.desk.view();
    for id in form.all("member").chain(typed) {
        match id.parse::<PersonId>() {
            Ok(member) if view.cases.roster().member(&member).is_ok() => drop(team.insert(member)),
            _ => unknown.push(id.to_owned()),
        }
    }
    if !unknown.is_empty() {
        let ids = unknown.join(", ");
        faults.add(
            "team",
            ctx.lang,
            &format!("名簿にいない人です：{ids}。per_ で始まる番号を確認してください。"),
            &format!("Not in the roster: {ids}. Check the ids; they start with per_."),
        );
    }
    team
}

fn purpose(ctx: &Ctx, form: &Form, faults: &mut Faults) -> String {
    let purpose = form.get("purpose").replace("\r\n", "\n");
    if purpose.is_empty() {
        faults.add("purpose", ctx.lang, "利用の目的を書いてください。", "Say what the data is for.");
    } else if purpose.len() > PURPOSE_MAX_BYTES {
        let kib = PURPOSE_MAX_BYTES / 1024;
        faults.add(
            "purpose",
            ctx.lang,
            &format!("目的は{kib} KiB（日本語で約2万字）までです。短くしてください。"),
            &format!("A purpose has {kib} KiB at most; shorten it."),
        );
    }
    purpose
}

/// Every ticked column, and all columns of every ticked table.
fn columns(ctx: &Ctx, form: &Form, faults: &mut Faults) -> Columns {
    let mut all = Columns::new();
    for listing in ctx.app.catalog.iter().filter(|l| loaded(ctx, &l.id)) {
        for table in &listing.tables {
            let whole = form.has("table", &format!("{}.{}", listing.id, table.name));
            let ticked = table.columns.iter().filter(|c| whole || form.has("column", &format!("{}.{}.{}", listing.id, table.name, c.name)));
            let names: BTreeSet<String> = ticked.map(|c| c.name.clone()).collect();
            if !names.is_empty() {
                all.entry(listing.id.clone()).or_default().insert(table.name.clone(), names);
            }
        }
    }
    if all.is_empty() {
        faults.add("columns", ctx.lang, "使う列を1つ以上選んでください。", "Choose at least one column.");
    }
    // A column that the catalogue lost since the draft was saved is said, not dropped.
    let known = |name: &ColumnName| all.get(&name.listing).and_then(|t| t.get(&name.table)).is_some_and(|c| c.contains(&name.column));
    let lost: Vec<&str> = form.all("column").filter(|c| !ColumnName::try_from((*c).to_owned()).is_ok_and(|name| known(&name))).collect();
    if !lost.is_empty() {
        let lost = lost.join(", ");
        faults.add(
            "columns",
            ctx.lang,
            &format!("次の列は、いまは申請できません：{lost}"),
            &format!("These columns cannot be applied for now: {lost}"),
        );
    }
    all
}

fn period(ctx: &Ctx, form: &Form, faults: &mut Faults) -> Period {
    let mut read = |name: &'static str| {
        let month = month(form.get(name));
        if month.is_none() {
            faults.add(name, ctx.lang, "年月を 2024-01 のように書いてください。", "Write a month like 2024-01.");
        }
        month.unwrap_or_default()
    };
    let period = Period { from: read("from"), to: read("to") };
    if period.to != 0 && period.from > period.to {
        faults.add("to", ctx.lang, "終わりの年月が、始めの年月より前です。", "The last month is before the first.");
    }
    period
}

/// `2024-01`, `2024/1` or `202401`.
fn month(text: &str) -> Option<i64> {
    let number = match text.split_once(['-', '/']) {
        Some((year, month)) => year.parse::<i64>().ok()?.checked_mul(100)?.checked_add(month.parse().ok()?)?,
        None => text.parse().ok()?,
    };
    is_month(number).then_some(number)
}

/// The last day counts in full, in Japan's time.
fn until(ctx: &Ctx, form: &Form, faults: &mut Faults) -> u64 {
    let until = time::from_day(form.get("until"));
    match until {
        None => faults.add("until", ctx.lang, "利用の最終日を 2027-03-31 のように書いてください。", "Write the last day like 2027-03-31."),
        Some(end) if end <= ctx.app.desk.now_ms() => {
            faults.add("until", ctx.lang, "最終日は今日以降にしてください。", "The last day must not be past.");
        }
        Some(_) => {}
    }
    until.unwrap_or_default()
}

/// True when there is data to apply for.
pub(super) fn loaded(ctx: &Ctx, listing: &str) -> bool {
    ctx.app.desk.view().cases.loads.contains_key(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_as_people_and_browsers_write_them() {
        assert_eq!(["2024-01", "2024/1", "202401"].map(month), [Some(202_401); 3]);
        assert_eq!(["", "2024", "2024-13", "-", "x-1"].map(month), [None; 5]);
    }
}
