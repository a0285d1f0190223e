//! What a guest of the person form reads: the rows of its own query, person by person. They never leave; what the guest makes of them
//! is a table about people like any other.

use std::collections::BTreeSet;

use datafusion::{
    arrow::datatypes::DataType,
    logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder},
    prelude::ident,
};
use visiting_intake::{Param, ParamKind};
use visiting_policies::Refusal;

use super::{
    expression::not_valid,
    relation::{Col, Relation, Typed},
    track::{Protected, Tracker},
};
use crate::{
    extract::UNIT,
    plan::{PermitSchema, not_offered},
    question::SiteColumn,
};

/// The input of one guest.
#[derive(Debug, Clone)]
pub(crate) struct Reads {
    /// Gives the person, then the parameters in order, then protected facilities and households; sorted by person.
    pub(crate) rows: LogicalPlan,
    /// Which facilities and households.
    pub(crate) sites: Vec<SiteColumn>,
    /// `listing.table` that it reads.
    pub(crate) tables: BTreeSet<(String, String)>,
    /// Catalogue names of the columns behind the parameters.
    pub(crate) columns: Vec<String>,
    /// Relation, condition and parameters in words that are equal only where these are: what the rule packs look at, and a part of what
    /// the guest's table is called.
    pub(crate) words: String,
}

/// Types what a guest reads.
pub(crate) fn reads(
    plan: &LogicalPlan,
    permit: &PermitSchema,
    floor: u64,
    protected: Protected<'_>,
    params: &[Param],
) -> Result<Reads, Refusal> {
    let mut tracker = Tracker::new(permit, floor, protected);
    match tracker.typed(plan, None)? {
        Typed::Unit(relation) if tracker.points.is_empty() => tracker.input(*relation, params),
        _ => Err(not_offered(
            "what a guest reads is rows about people: SELECT the person key and then its parameters, without aggregates over people",
            "プログラムが読むのは人の行です。個人キーと引数の列を SELECT し、人をまたぐ集計は使わないでください",
        )),
    }
}

impl Tracker<'_> {
    fn input(&self, relation: Relation, params: &[Param]) -> Result<Reads, Refusal> {
        let unit = relation.unit.clone().ok_or_else(|| not_valid(None))?;
        let values = self.arguments_of(&relation, params)?;
        let mut exprs = vec![Expr::Column(unit).alias(UNIT)];
        for (i, value) in values.iter().enumerate() {
            exprs.push(self.safe(value.clone(), &relation)?.alias(format!("argument{i}")));
        }
        exprs.extend(relation.sites.iter().enumerate().map(|(i, (_, c))| Expr::Column(c.clone()).alias(format!("site{i}"))));
        let given: Vec<String> = values.iter().map(|value| self.origins.words(value)).collect();
        let words = format!("{} gives [{}]", relation.words(), given.join(", "));
        let rows = LogicalPlanBuilder::from(relation.plan)
            .project(exprs)
            .and_then(|rows| rows.sort([ident(UNIT).sort(true, false)]))
            .and_then(LogicalPlanBuilder::build)
            .map_err(|_| not_valid(None))?;
        let behind: BTreeSet<String> = values.iter().flat_map(|e| self.origins.columns(e)).collect();
        Ok(Reads {
            rows,
            sites: relation.sites.into_iter().map(|(column, _)| column).collect(),
            tables: relation.tables.iter().chain(&self.also).cloned().collect(),
            columns: behind.into_iter().collect(),
            words,
        })
    }

    /// The person first, then one value for each parameter.
    fn arguments_of(&self, relation: &Relation, params: &[Param]) -> Result<Vec<Expr>, Refusal> {
        let mut visible = relation.visible.iter().map(|v| &v.col);
        let first = visible.next();
        if !matches!(first, Some(Col::Person(_, false))) || visible.len() != params.len() {
            let list = params.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(not_offered(
                format!("a guest reads the person key and then its parameters, in their order: {list}"),
                format!("プログラムは、個人キーのあとに引数を順に読みます：{list}"),
            ));
        }
        let value = |(param, col): (&Param, &Col)| match col {
            Col::Value(value) if fits(param.kind, &self.kind(value, relation)?) => Ok(value.clone()),
            _ => Err(not_offered(
                format!("what is read as `{}` is of another kind than the guest declares", param.name),
                format!("引数 `{}` に読む列の型が、プログラムの宣言と違います", param.name),
            )),
        };
        params.iter().zip(visible).map(value).collect()
    }
}

/// True for a column of this type as a parameter of this kind.
pub(super) fn fits(param: ParamKind, kind: &DataType) -> bool {
    match param {
        ParamKind::Int => *kind == DataType::Int64,
        ParamKind::Decimal => matches!(kind, DataType::Int64 | DataType::Decimal128(..) | DataType::Float64),
        ParamKind::Text => matches!(kind, DataType::Dictionary(..)),
    }
}
