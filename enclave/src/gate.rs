//! The exit gate: cells in, a table that may leave or a refusal out. The only place where a [`CheckedOutput`] is made.
//!
//! Rows are judged in key order and columns from left to right, each against the ledger and everything shown before it in the same
//! table, so the answer is a function of the question, the data version and the ledger alone.

use visiting_policies::{
    Code, Refusal,
    disclosure::{self, Contribution, Rules, Shown},
    terms::Verdict,
};

use crate::{
    evidence::{Cell, Cells},
    known::{Block, Entry, Known, Place, ShownRow, TableEntry},
    people::{self, Fit, People, Vector},
    query::{Item, Query},
    question::KeyValue,
};

/// The one symbol for everything that is not shown, whatever the rule.
pub const MASKED: &str = "<k";

/// Note on a row that repeats a value released before.
pub const AS_BEFORE: &str = "as released before";

/// One shown value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// A key's label.
    Label(String),
    /// A number as it is printed.
    Number(String),
    /// `<k`.
    Masked,
}

/// A table that passed the gate. Private fields, one constructor: [`check`].
#[derive(Debug)]
pub(crate) struct CheckedOutput {
    titles: Vec<String>,
    rows: Vec<(Vec<Value>, bool)>,
    verdict: Verdict,
}

impl CheckedOutput {
    /// Column titles.
    pub(crate) fn titles(&self) -> &[String] {
        &self.titles
    }

    /// Rows; `true` where a value is shown as released before.
    pub(crate) fn rows(&self) -> &[(Vec<Value>, bool)] {
        &self.rows
    }

    /// `release` or `suppress`.
    pub(crate) fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// What the gate needs beside the cells.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The question.
    pub(crate) query: &'a Query,
    /// Strictest rules of the databases in it.
    pub(crate) rules: Rules,
    /// Ledger ordinal of each person id.
    pub(crate) people: &'a [u32],
    /// Names of the protected facility columns, as in the cells.
    pub(crate) facilities: &'a [String],
    /// Data versions, part of every plan's identity.
    pub(crate) versions: &'a str,
}

/// How one value came to be shown.
enum Judged {
    /// Provably the same as a released one, or new.
    Own(String),
    /// A near one was shown before.
    Before(String),
    Masked,
}

/// Judges the whole table.
pub(crate) fn check(context: &Context<'_>, cells: &Cells, known: &Known) -> Result<(CheckedOutput, Block), Refusal> {
    let mut desk = Desk { context, known, fresh: Known::default(), block: Block::default() };
    let names = context.query.keys.iter().map(|k| (k.name.clone(), k.values.count())).collect();
    let mut table = TableEntry { base: format!("{} @ {}", context.query.base_plan(), context.versions), keys: names, rows: Vec::new() };
    let mut rows = Vec::new();
    for (key, cell) in cells {
        if !enough(context, cell) {
            continue;
        }
        let people = People::new(cell.shares.iter().map(|s| context.ordinal(s.unit)).collect());
        rows.push(desk.row(key, cell, &people, &table.base));
        table.rows.push(ShownRow { key: key.iter().copied().map(KeyValue::Int).collect(), people });
    }
    let again = known.has_table(&table);
    if !rows.iter().any(|r| r.own) || (!again && known.completed_by(&table, context.rules.people_min, known.mark())) {
        return Err(Refusal::new(
            Code::NothingToShow,
            "nothing of this table can be shown; ask for larger groups, or read what was released before",
        ));
    }
    if !again {
        desk.block.tables.push(table);
    }
    let altered = rows.iter().any(|r| r.before || r.values.contains(&Value::Masked));
    let verdict = if altered { Verdict::Suppress } else { Verdict::Release };
    let titles = context.query.outputs.iter().map(|(title, _)| title.clone()).collect();
    Ok((CheckedOutput { titles, rows: rows.into_iter().map(|r| (r.values, r.before)).collect(), verdict }, desk.block))
}

/// T0: enough people, and enough facilities where the database asks for it.
fn enough(context: &Context<'_>, cell: &Cell) -> bool {
    let people = cell.shares.len() as u64 >= context.rules.people_min;
    people && cell.facilities.iter().all(|f| f.len() as u64 >= context.rules.facilities_min)
}

impl Context<'_> {
    fn ordinal(&self, unit: u32) -> u32 {
        // A person id beyond the extract cannot come from its files; it would only ever count against showing.
        usize::try_from(unit).ok().and_then(|u| self.people.get(u)).copied().unwrap_or(u32::MAX)
    }

    fn k(&self) -> u64 {
        self.rules.people_min
    }
}

/// One row as it will be shown.
struct Row {
    values: Vec<Value>,
    /// At least one value of its own.
    own: bool,
    before: bool,
}

/// The ledger as it grows while a table is judged.
struct Desk<'a> {
    context: &'a Context<'a>,
    known: &'a Known,
    fresh: Known,
    block: Block,
}

impl Desk<'_> {
    fn row(&mut self, key: &[i64], cell: &Cell, people: &People, base: &str) -> Row {
        let query = self.context.query;
        let plan = format!("{} @ {}", query.cell_plan(key), self.context.versions);
        let keys = query.keys.iter().zip(key).map(|(k, v)| (k.name.clone(), KeyValue::Int(*v))).collect();
        let place = Place { base: base.to_owned(), keys };
        let shown = self.known.of("people").any(|(e, _)| e.plan == plan);
        let masked = !shown && self.known.completes(people, &place, self.context.k());
        let mut row = Row { values: Vec::new(), own: false, before: false };
        let count = if masked { Judged::Masked } else { self.people(&plan, people, cell, &place) };
        for (_, item) in &query.outputs {
            let judged = match (item, &count) {
                (Item::Key(i), _) => {
                    let label = query.keys.get(*i).zip(key.get(*i)).map(|(k, v)| k.values.label(*v));
                    row.values.push(Value::Label(label.unwrap_or_default()));
                    continue;
                }
                (_, Judged::Masked) => Judged::Masked,
                (Item::People, _) => copy(&count),
                (Item::Rows, _) if query.one_row_per_person() => copy(&count),
                (Item::Rows, _) => self.measure(&plan, "rows", 0, None, Shown::Sum, rows_of(cell), (cell, &rows_by_facility(cell))),
                (Item::Sum(m), _) => self.column(&plan, *m, Shown::Sum, cell),
                (Item::Avg(m), _) => self.column(&plan, *m, Shown::RowMean, cell),
            };
            row.own |= matches!(judged, Judged::Own(_));
            row.before |= matches!(judged, Judged::Before(_));
            row.values.push(match judged {
                Judged::Own(value) | Judged::Before(value) => Value::Number(value),
                Judged::Masked => Value::Masked,
            });
        }
        row
    }

    /// The number of people of a set: rounded, or what a near set showed before.
    fn people(&mut self, plan: &str, people: &People, cell: &Cell, place: &Place) -> Judged {
        let facilities = self.facilities(cell);
        let (k, f) = (self.context.k(), self.context.rules.facilities_min);
        let same = self.shown("people").find(|(e, _)| e.plan == plan).map(|(e, _)| e.value.clone());
        if let Some(value) = same {
            return Judged::Own(value);
        }
        let near = self.shown("people").find(|(e, set)| people::near(people, set, k) || near_facilities(&facilities, &e.facilities, f));
        if let Some((entry, _)) = near {
            return Judged::Before(entry.value.clone());
        }
        let value = self.context.rules.round(people.len() as u64).to_string();
        let vector = Vector::set(people.clone());
        self.show(Entry {
            plan: plan.to_owned(),
            of: "people".to_owned(),
            shown: "people".to_owned(),
            value: value.clone(),
            vector,
            place: place.clone(),
            facilities,
        });
        Judged::Own(value)
    }

    fn column(&mut self, plan: &str, measure: usize, shown: Shown, cell: &Cell) -> Judged {
        let Some(column) = self.context.query.measures.get(measure) else { return Judged::Masked };
        let parts = cell.shares.iter().filter_map(|s| s.parts.get(measure).filter(|p| p.rows > 0).map(|p| (s.unit, *p))).collect();
        let bounds = column.bounds.map(|(lo, hi)| (i128::from(lo), i128::from(hi)));
        let shares: Vec<Vec<u128>> =
            cell.facilities.iter().map(|f| amounts(f.values().map(|s| s.sums.get(measure).copied().unwrap_or(0)))).collect();
        self.measure(plan, &column.name, column.scale, bounds, shown, parts, (cell, &shares))
    }

    /// A sum or a mean of contributions: its own people first, then T1, T2, facilities, and the ledger.
    #[expect(clippy::too_many_arguments, reason = "one base statistic has these many parts; a struct would only rename them")]
    fn measure(
        &mut self,
        plan: &str,
        of: &str,
        scale: u32,
        bounds: Option<(i128, i128)>,
        shown: Shown,
        parts: Vec<(u32, Contribution)>,
        (cell, facilities): (&Cell, &[Vec<u128>]),
    ) -> Judged {
        let word = if shown == Shown::Sum { "sum" } else { "mean" };
        let mut vector: Vec<(u32, i128)> = parts.iter().map(|(unit, p)| (self.context.ordinal(*unit), p.sum)).collect();
        vector.sort_unstable();
        let vector = Vector::new(vector);
        let people = vector.people.clone();
        if (people.len() as u64) < self.context.k()
            || facilities.iter().any(|f| !disclosure::undominated(self.context.rules.dominance_percent, f))
        {
            return Judged::Masked;
        }
        let having = format!("{plan} having {of}");
        let place = Place { base: having.clone(), keys: Vec::new() };
        let count = self.people(&having, &people, cell, &place);
        let (Judged::Own(count) | Judged::Before(count)) = count else { return Judged::Masked };
        let contributions: Vec<Contribution> = parts.iter().map(|(_, p)| *p).collect();
        let judged = disclosure::judge(&self.context.rules, scale, shown, bounds, &contributions, count.parse().unwrap_or(0));
        let Some(value) = judged.map(|d| d.to_string()) else { return Judged::Masked };
        let (rows, min) = (self.facilities(cell), self.context.rules.facilities_min);
        let close = |e: &Entry| people::fit(&vector, &e.vector, self.context.k()) != Fit::Apart || near_facilities(&rows, &e.facilities, min);
        for (entry, _) in self.shown(of) {
            match (entry.plan == plan, entry.shown == word) {
                (true, true) => return Judged::Own(entry.value.clone()),
                (true, false) => {}
                (false, same_form) if close(entry) => {
                    return if same_form { Judged::Before(entry.value.clone()) } else { Judged::Masked };
                }
                _ => {}
            }
        }
        self.show(Entry {
            plan: plan.to_owned(),
            of: of.to_owned(),
            shown: word.to_owned(),
            value: value.clone(),
            vector,
            place,
            facilities: rows,
        });
        Judged::Own(value)
    }

    /// Everything shown of one statistic, oldest first, this table's own rows last.
    fn shown<'b>(&'b self, of: &'b str) -> impl Iterator<Item = (&'b Entry, &'b People)> {
        self.known.of(of).chain(self.fresh.of(of))
    }

    fn facilities(&self, cell: &Cell) -> Vec<(String, Vec<(u32, i128)>)> {
        let rows = |f: &std::collections::BTreeMap<u32, crate::evidence::FacilityShare>| {
            f.iter().map(|(id, s)| (*id, i128::from(s.rows))).collect()
        };
        self.context.facilities.iter().cloned().zip(cell.facilities.iter().map(rows)).collect()
    }

    fn show(&mut self, entry: Entry) {
        self.fresh.add_entry(entry.clone());
        self.block.entries.push(entry);
    }
}

fn copy(judged: &Judged) -> Judged {
    match judged {
        Judged::Own(v) => Judged::Own(v.clone()),
        Judged::Before(v) => Judged::Before(v.clone()),
        Judged::Masked => Judged::Masked,
    }
}

/// COUNT(*) is a sum: rows per person.
fn rows_of(cell: &Cell) -> Vec<(u32, Contribution)> {
    cell.shares.iter().map(|s| (s.unit, Contribution { sum: i128::from(s.rows), rows: 1 })).collect()
}

fn rows_by_facility(cell: &Cell) -> Vec<Vec<u128>> {
    cell.facilities.iter().map(|f| amounts(f.values().map(|s| i128::from(s.rows)))).collect()
}

fn amounts(sums: impl Iterator<Item = i128>) -> Vec<u128> {
    let mut all: Vec<u128> = sums.map(i128::unsigned_abs).collect();
    all.sort_unstable_by(|a, b| b.cmp(a));
    all
}

/// True when the rows by facility of one protected column differ for fewer than `min` facilities.
fn near_facilities(a: &[(String, Vec<(u32, i128)>)], b: &[(String, Vec<(u32, i128)>)], min: u64) -> bool {
    let pair = |(name, rows): &(String, Vec<(u32, i128)>)| b.iter().find(|(n, _)| n == name).is_some_and(|(_, other)| differ_below(rows, other, min));
    min > 0 && a.iter().any(pair)
}

fn differ_below(a: &[(u32, i128)], b: &[(u32, i128)], min: u64) -> bool {
    let (a, b): (std::collections::BTreeMap<_, _>, std::collections::BTreeMap<_, _>) =
        (a.iter().copied().collect(), b.iter().copied().collect());
    let apart = a.iter().filter(|(id, rows)| b.get(id) != Some(rows)).count() + b.keys().filter(|id| !a.contains_key(id)).count();
    (apart as u64) < min
}
