//! Group keys: what may name a group, and which groups a GROUP BY asks for.

use datafusion::{
    arrow::datatypes::DataType,
    logical_expr::{Expr, GroupingSet, Operator, TryCast},
};
use visiting_policies::{Code, Refusal};

use super::{
    expression::{Scope, first_column, place},
    origin::{Class, Origin},
    relation::Relation,
    track::Tracker,
};
use crate::{
    plan::not_offered,
    question::{Key, Most, Preimage},
};

impl Tracker<'_> {
    /// Group keys: expressions whose values are known without looking at the data, or counts of one person's rows.
    pub(super) fn keys(
        &mut self,
        groups: &[Expr],
        input: Relation,
        outer: Option<&Scope<'_>>,
    ) -> Result<(Vec<Key>, Vec<Expr>, Vec<DataType>, Relation), Refusal> {
        let mut values = Vec::new();
        {
            let here = [&input];
            let scope = Scope::of(&here, outer);
            for e in groups {
                values.push((e, self.value(e, &scope)?));
            }
        }
        let input = self.with_calls(input, values.iter().map(|(_, v)| v))?;
        let (mut keys, mut exprs, mut kinds) = (Vec::new(), Vec::new(), Vec::new());
        for (written, value) in values {
            self.check_key(written, &value)?;
            let kind = self.widest(&value, &input)?;
            let value = match kind {
                DataType::Int64 | DataType::Boolean | DataType::Utf8 | DataType::Utf8View | DataType::Dictionary(..) | DataType::Null => {
                    value
                }
                // Steps of FLOOR and ROUND come as floating-point numbers.
                DataType::Float64 if self.whole_steps(&value) => Expr::TryCast(TryCast::new(Box::new(value), DataType::Int64)),
                _ => return Err(broken_key(written)),
            };
            kinds.push(match kind {
                DataType::Float64 => DataType::Int64,
                DataType::Dictionary(..) | DataType::Utf8View | DataType::Null => DataType::Utf8,
                other => other,
            });
            let (of, most) = (self.of_one_domain(&value), self.most(&value));
            let list = if let Expr::Column(c) = &value { self.origins.get(c).and_then(|o| o.list.clone()) } else { None };
            let looks = self.origins.looks(&value);
            keys.push(Key { name: self.origins.words(&value), columns: self.origins.columns(&value), of, most, list, looks });
            exprs.push(value);
        }
        Ok((keys, exprs, kinds, input))
    }

    /// The one column with a declared domain that a key is a function of. Where a row may be without the column, nothing is a value too.
    fn of_one_domain(&self, e: &Expr) -> Option<Preimage> {
        if let Expr::Column(c) = e
            && let Some(Origin { name, values: Some(values), nullable, .. }) = self.origins.get(c)
        {
            return Some(Preimage::Column(name.clone(), values.clone(), *nullable && values.null().is_none()));
        }
        self.origins.preimage(e).map(|(name, sets)| Preimage::Sets(name, sets))
    }

    /// How many values an expression can have, nothing included.
    fn most(&self, e: &Expr) -> Most {
        match e {
            Expr::Column(c) => self.origins.get(c).map_or(Most::Rows, |o| match (&o.values, o.class) {
                (Some(values), _) => Most::Values(values.count().saturating_add(1)),
                (None, Class::Count) => Most::Counts,
                (None, _) => o.most,
            }),
            Expr::Literal(..) => Most::Values(1),
            Expr::Case(case) => {
                let branches = case.when_then_expr.iter().map(|(_, t)| &**t).chain(case.else_expr.as_deref());
                branches.fold(Most::Values(1), |all, branch| all.or(self.most(branch)))
            }
            truth if is_truth(truth) => Most::Values(3),
            other => self.origins.of(other).into_iter().fold(Most::Values(1), |all, (c, _)| all.and(self.most(&Expr::Column(c)))),
        }
    }

    /// Notes on an origin what its expression says of its values.
    pub(super) fn declare<'e>(&self, origin: &mut Origin, exprs: impl IntoIterator<Item = &'e Expr>) {
        let (declared, most) = (true, Most::Values(0));
        (origin.declared, origin.most) =
            exprs.into_iter().fold((declared, most), |(d, m), e| (d && self.is_declared(e), m.or(self.most(e))));
    }

    /// The type of a key: of a CASE, whole numbers and others together are others, as the engine makes them.
    fn widest(&self, e: &Expr, input: &Relation) -> Result<DataType, Refusal> {
        let Expr::Case(case) = e else { return self.kind(e, input) };
        let branches = case.when_then_expr.iter().map(|(_, t)| &**t).chain(case.else_expr.as_deref());
        let kinds = branches.map(|b| self.widest(b, input)).collect::<Result<Vec<_>, _>>()?;
        let real = |k: &DataType| matches!(k, DataType::Float64 | DataType::Decimal128(..));
        if kinds.iter().any(real) { Ok(DataType::Float64) } else { self.kind(e, input) }
    }

    /// True where a rounded key is whole for every declared value.
    fn whole_steps(&self, e: &Expr) -> bool {
        let cut = Expr::TryCast(TryCast::new(Box::new(e.clone()), DataType::Int64));
        let same = cut.eq(e.clone());
        matches!(self.origins.condition(&same), crate::predicate::Predicate::True)
    }

    /// True where the values of an expression are known without looking at the data.
    pub(super) fn is_declared(&self, e: &Expr) -> bool {
        let open = |c: &datafusion::common::Column| {
            self.origins.get(c).is_some_and(|o| o.values.is_none() && !o.declared && !matches!(o.class, Class::Count | Class::Public))
        };
        declared(e, &open)
    }

    fn check_key(&self, written: &Expr, value: &Expr) -> Result<(), Refusal> {
        if !self.is_declared(value) {
            let name = first_column(written).unwrap_or_else(|| "this".to_owned());
            return Err(Refusal::new(
                Code::ColumnUse,
                format!(
                    "`{name}` has no declared domain, so its values cannot name groups: band it with CASE WHEN {name} < ... THEN '...' END"
                ),
            )
            .ja(format!(
                "`{name}` には宣言された値域がないため、群の名前にできません。CASE WHEN {name} < … THEN '…' END で区分してください"
            ))
            .at(place(written)));
        }
        Ok(())
    }
}

/// True for what is true, false or nothing.
fn is_truth(e: &Expr) -> bool {
    match e {
        Expr::IsNull(_) | Expr::IsNotNull(_) | Expr::IsTrue(_) | Expr::IsNotTrue(_) | Expr::IsFalse(_) | Expr::IsNotFalse(_) => true,
        Expr::Not(_) | Expr::Like(_) | Expr::InList(_) | Expr::Between(_) | Expr::Exists(_) | Expr::InSubquery(_) => true,
        Expr::BinaryExpr(b) => COMPARING.contains(&b.op),
        _ => false,
    }
}

/// Operators whose answer is true or false.
const COMPARING: [Operator; 8] =
    [Operator::Eq, Operator::NotEq, Operator::Lt, Operator::LtEq, Operator::Gt, Operator::GtEq, Operator::And, Operator::Or];

/// True where the values of an expression are known without looking at the data.
fn declared(e: &Expr, open: &dyn Fn(&datafusion::common::Column) -> bool) -> bool {
    match e {
        // Bands: whatever the conditions look at, the labels stand in the text.
        Expr::Case(case) => {
            let labels = case.when_then_expr.iter().map(|(_, t)| &**t).chain(case.else_expr.as_deref());
            labels.into_iter().all(|l| declared(l, open))
        }
        truth if is_truth(truth) => true,
        other => !other.column_refs().into_iter().any(open),
    }
}

fn broken_key(written: &Expr) -> Refusal {
    not_offered(
        "groups are named by whole numbers, codes and texts; round a number with FLOOR(...) or band it with CASE",
        "群の名前は整数・コード・文字列です。FLOOR(…) で丸めるか、CASE で区分してください",
    )
    .at(place(written))
}

/// The groups of a GROUP BY, each once, and which of them each grouping set has, finest first.
pub(super) fn grouping(exprs: &[Expr]) -> Result<(Vec<Expr>, Vec<Vec<usize>>), Refusal> {
    let [Expr::GroupingSet(set)] = exprs else {
        if exprs.iter().any(|e| matches!(e, Expr::GroupingSet(_))) {
            return Err(not_offered(
                "ROLLUP, CUBE or GROUPING SETS beside other groups is not offered; put all groups inside",
                "ROLLUP・CUBE・GROUPING SETS とほかの群を並べることはできません。すべてを中に入れてください",
            ));
        }
        return Ok((exprs.to_vec(), vec![(0..exprs.len()).collect()]));
    };
    let groups: Vec<Expr> = set.distinct_expr().into_iter().cloned().collect();
    let all: Vec<usize> = (0..groups.len()).collect();
    let place = |e: &Expr| groups.iter().position(|g| g == e);
    let mut sets: Vec<Vec<usize>> = match set {
        GroupingSet::Rollup(list) => (0..=list.len()).map(|n| list.iter().take(n).filter_map(place).collect()).collect(),
        GroupingSet::Cube(list) => {
            if list.len() > 6 {
                return Err(not_offered("CUBE takes six groups at most", "CUBE に入れられる群は 6 つまでです"));
            }
            (0..1usize << list.len()).map(|mask| all.iter().copied().filter(|i| mask >> i & 1 == 1).collect()).collect()
        }
        GroupingSet::GroupingSets(lists) => lists.iter().map(|list| list.iter().filter_map(place).collect()).collect(),
    };
    for set in &mut sets {
        set.sort_unstable();
        set.dedup();
    }
    sets.sort_by_key(|s| (std::cmp::Reverse(s.len()), s.clone()));
    sets.dedup();
    Ok((groups, sets))
}
