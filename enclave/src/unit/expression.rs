//! Expressions of the query, over what its relations really carry. The person, the facility and the household never come out of here.

use datafusion::{
    arrow::datatypes::DataType,
    common::{
        Column, ScalarValue, Spans,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{BinaryExpr, Case, Expr, Like, Operator, TryCast, expr::InList, expr::ScalarFunction},
};
use visiting_policies::{Code, Refusal, TextPlace, disclosure::Site};

use super::{
    relation::{Col, Relation},
    track::Tracker,
};
use crate::{
    plan::{is_of_months, not_offered, unknown},
    predicate::Values,
    question::KeyValue,
};

/// Where an expression's names are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    /// One relation, or the two sides of a join.
    pub(super) here: &'a [&'a Relation],
    /// Of the query around a subquery.
    pub(super) outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    pub(super) fn of(here: &'a [&'a Relation], outer: Option<&'a Scope<'a>>) -> Self {
        Self { here, outer }
    }

    pub(super) fn find(&self, column: &Column) -> Result<&'a Col, Refusal> {
        self.here.iter().find_map(|r| r.find(column)).ok_or_else(|| unknown().at(at(&column.spans)))
    }
}

/// Where a column stands in the text.
pub(super) fn at(spans: &Spans) -> Option<TextPlace> {
    spans.first().map(|s| TextPlace { line: s.start.line, column: s.start.column })
}

/// The first place that anything in an expression has.
pub(super) fn place(expression: &Expr) -> Option<TextPlace> {
    // The engine's set of an expression's columns comes in another order each time.
    let first = |e: &Expr| e.column_refs().into_iter().filter_map(|c| at(&c.spans)).min_by_key(|p| (p.line, p.column));
    expression.spans().and_then(at).or_else(|| first(expression))
}

/// The first column that an expression names.
pub(super) fn first_column(expression: &Expr) -> Option<String> {
    let mut found = None;
    let walked = expression.apply(|e| {
        if let Expr::Column(c) | Expr::OuterReferenceColumn(_, c) = e {
            found = Some(c.name.clone());
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.ok().and(found)
}

pub(super) fn person_misused(name: &str) -> Refusal {
    let en = format!(
        "`{name}` is the person key: join tables on it, group per person by it, count it with COUNT(DISTINCT {name}), or keep it as a column of IN, EXCEPT and INTERSECT; it stands in no expression and in no result"
    );
    let ja = format!(
        "`{name}` は個人キーです。結合・個人ごとの GROUP BY・COUNT(DISTINCT {name})・IN や EXCEPT の列にだけ使えます。式や比較、結果には使えません"
    );
    Refusal::new(Code::ColumnUse, en).ja(ja)
}

pub(super) fn site_misused(site: Site, name: &str) -> Refusal {
    let (en, ja) = match site {
        Site::Facility => (
            format!("`{name}` is the facility key: it may only be counted with COUNT(DISTINCT {name})"),
            format!("`{name}` は施設キーです。COUNT(DISTINCT {name}) で数えることだけができます"),
        ),
        Site::Household => (
            format!("`{name}` is the household key: enough households stand behind what is shown; it stands nowhere in a query"),
            format!("`{name}` は世帯キーです。結果の背後の世帯数を確かめるためのもので、問合せには書けません"),
        ),
    };
    Refusal::new(Code::ColumnUse, en).ja(ja)
}

/// The column of a site where it is counted. Households are not: a number of them is one that k people share, and no household is so large.
pub(super) fn counted(site: Site, column: Column) -> Result<Expr, Refusal> {
    match site {
        Site::Facility => Ok(Expr::Column(column)),
        Site::Household => Err(site_misused(site, site.name())),
    }
}

impl Tracker<'_> {
    /// What a reference means: a key as itself, anything else as an expression over origins.
    pub(super) fn col(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<Col, Refusal> {
        match expression {
            Expr::Alias(alias) => self.col(&alias.expr, scope),
            Expr::Column(column) => {
                let found = scope.find(column)?.clone();
                if let Col::Value(value) = &found {
                    self.spend(value)?;
                }
                self.seen(&found, at(&column.spans));
                Ok(found)
            }
            Expr::OuterReferenceColumn(_, column) => {
                let outer = scope.outer.ok_or_else(unknown)?;
                Ok(match outer.find(column)? {
                    Col::Value(value) => {
                        self.spend(value)?;
                        Col::Value(self.outward(value.clone())?)
                    }
                    key => key.clone(),
                })
            }
            _ => self.value(expression, scope).map(Col::Value),
        }
    }

    /// Keeps where a column of a table is used first: below a release point that is a condition or a group, before any title.
    fn seen(&mut self, col: &Col, place: Option<TextPlace>) {
        if let (Col::Value(Expr::Column(c)), Some(place)) = (col, place)
            && let Some(origin) = self.origins.get(c)
        {
            self.places.entry(origin.name.clone()).or_insert(place);
        }
    }

    /// An expression of an outer row, as an inner one names it.
    fn outward(&self, value: Expr) -> Result<Expr, Refusal> {
        use datafusion::common::tree_node::Transformed;
        let turned = value.transform(|e| {
            Ok(match e {
                Expr::Column(c) => Transformed::yes(Expr::OuterReferenceColumn(self.origins.field(&c), c)),
                other => Transformed::no(other),
            })
        });
        turned.map(|t| t.data).map_err(|_| not_valid(None))
    }

    /// An expression without keys. What is refused in it is refused at its own place, or at the nearest that is known around it.
    pub(super) fn value(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        self.affordable()?;
        self.meaning(expression, scope).map_err(|refusal| refusal.at(place(expression)))
    }

    fn meaning(&mut self, expression: &Expr, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        let boxed = |this: &mut Self, e: &Expr| this.value(e, scope).map(Box::new);
        match expression {
            Expr::Alias(alias) => self.value(&alias.expr, scope),
            Expr::Column(column) | Expr::OuterReferenceColumn(_, column) => match self.col(expression, scope)? {
                Col::Value(value) => Ok(value),
                Col::Person(..) => Err(person_misused(&column.name).at(at(&column.spans))),
                Col::Site(site, _) => Err(site_misused(site, &column.name).at(at(&column.spans))),
            },
            Expr::Literal(value, _) => literal(value),
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
                if *op == Operator::Eq
                    && let Some(same) = self.same_person(left, right, scope)?
                {
                    return Ok(same);
                }
                if !operators().contains(op) {
                    return Err(not_offered(
                        "this operator is not offered; use + - * / || and comparisons",
                        "この演算子は使えません。+ - * / || と比較を使ってください",
                    ));
                }
                let (left, right) = (boxed(self, left)?, boxed(self, right)?);
                if REMAINDER.contains(op) && cuts(&left, &right) {
                    return Err(remainder());
                }
                if matches!(op, Operator::Eq | Operator::NotEq) {
                    self.can_be(&left, std::slice::from_ref(&*right))?;
                }
                Ok(Expr::BinaryExpr(BinaryExpr { left, op: *op, right }))
            }
            Expr::Like(Like { negated, expr, pattern, escape_char: None, case_insensitive: false }) => Ok(Expr::Like(Like {
                negated: *negated,
                expr: boxed(self, expr)?,
                pattern: boxed(self, pattern)?,
                escape_char: None,
                case_insensitive: false,
            })),
            Expr::Not(e) => Ok(Expr::Not(boxed(self, e)?)),
            Expr::IsNull(e) => self.is_null(e, scope, false),
            Expr::IsNotNull(e) => self.is_null(e, scope, true),
            Expr::IsTrue(e) => Ok(Expr::IsTrue(boxed(self, e)?)),
            Expr::IsFalse(e) => Ok(Expr::IsFalse(boxed(self, e)?)),
            Expr::IsNotTrue(e) => Ok(Expr::IsNotTrue(boxed(self, e)?)),
            Expr::IsNotFalse(e) => Ok(Expr::IsNotFalse(boxed(self, e)?)),
            Expr::Negative(e) => Ok(Expr::BinaryExpr(BinaryExpr {
                left: Box::new(Expr::Literal(ScalarValue::Int64(Some(0)), None)),
                op: Operator::Minus,
                right: boxed(self, e)?,
            })),
            Expr::Between(b) => {
                let (e, low, high) = (self.value(&b.expr, scope)?, self.value(&b.low, scope)?, self.value(&b.high, scope)?);
                let within = e.clone().gt_eq(low).and(e.lt_eq(high));
                Ok(if b.negated { Expr::Not(Box::new(within)) } else { within })
            }
            Expr::InList(InList { expr, list, negated }) => {
                let list = list.iter().map(|e| self.value(e, scope)).collect::<Result<Vec<_>, _>>()?;
                let expr = boxed(self, expr)?;
                self.can_be(&expr, &list)?;
                Ok(Expr::InList(InList { expr, list, negated: *negated }))
            }
            Expr::Case(case) => self.case(case, scope),
            Expr::Cast(cast) => self.cast(&cast.expr, cast.field.data_type(), scope),
            Expr::TryCast(cast) => self.cast(&cast.expr, cast.field.data_type(), scope),
            Expr::ScalarFunction(function) => self.function(function, scope),
            Expr::Exists(exists) => self.exists(exists, scope),
            Expr::InSubquery(within) => self.in_subquery(within, scope),
            Expr::ScalarSubquery(subquery) => self.scalar_subquery(subquery, scope),
            _ => Err(not_offered(
                "this expression is not offered here; use columns, literals, comparisons, CASE, IN, EXISTS and the listed functions",
                "ここではこの式は使えません。列・値・比較・CASE・IN・EXISTS と、一覧にある関数を使ってください",
            )),
        }
    }

    /// Refuses a comparison of a column with literals none of which it can ever be: a slip of the pen, not a question.
    fn can_be(&self, column: &Expr, literals: &[Expr]) -> Result<(), Refusal> {
        let Expr::Column(c) = column else { return Ok(()) };
        let Some((name, values)) = self.origins.get(c).and_then(|o| Some((o.name.as_str(), o.values.as_ref()?))) else { return Ok(()) };
        let (lo, hi) = values.bounds();
        let never = |e: &Expr| match e {
            Expr::Literal(ScalarValue::Int64(Some(n)), _) => {
                matches!(values, Values::Range(..)) && values.place(&KeyValue::Int(*n)).is_none_or(|at| at < lo || at > hi)
            }
            Expr::Literal(ScalarValue::Utf8(Some(text)), _) => !matches!(values, Values::Range(..)) && values.index(text).is_none(),
            _ => false,
        };
        if literals.is_empty() || !literals.iter().all(never) {
            return Ok(());
        }
        let (lo, hi) = (values.label(lo), values.label(hi));
        let en = format!("`{name}` never has this value; it goes from {lo} to {hi}, and the listing shows every value");
        let ja = format!("`{name}` はこの値を取りません。値は {lo} から {hi} までで、一覧はカタログにあります");
        Err(Refusal::new(Code::LiteralOutsideDomain, en).ja(ja))
    }

    /// `a.person = b.person` within one relation, or between it and the row around it.
    fn same_person(&mut self, left: &Expr, right: &Expr, scope: &Scope<'_>) -> Result<Option<Expr>, Refusal> {
        let key = |e: &Expr| matches!(e, Expr::Column(_) | Expr::OuterReferenceColumn(..));
        if !key(left) || !key(right) {
            return Ok(None);
        }
        let (Col::Person(a, _), Col::Person(b, _)) = (self.col(left, scope)?, self.col(right, scope)?) else { return Ok(None) };
        let named = |e: &Expr, c: Column| match e {
            Expr::OuterReferenceColumn(..) => Expr::OuterReferenceColumn(self.origins.field(&c), c),
            _ => Expr::Column(c),
        };
        Ok(Some(named(left, a).eq(named(right, b))))
    }

    /// Whether there is one at all may be asked of a key as well: the other side of a LEFT JOIN.
    fn is_null(&mut self, e: &Expr, scope: &Scope<'_>, negated: bool) -> Result<Expr, Refusal> {
        let inner = match self.col(e, scope)? {
            Col::Person(column, true) => Expr::Column(column),
            Col::Person(_, false) => Expr::Literal(ScalarValue::Int64(Some(0)), None),
            Col::Site(site, _) => return Err(site_misused(site, site.name()).at(place(e))),
            Col::Value(value) => value,
        };
        Ok(if negated { Expr::IsNotNull(Box::new(inner)) } else { Expr::IsNull(Box::new(inner)) })
    }

    fn case(&mut self, case: &Case, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        // CASE x WHEN v becomes CASE WHEN x = v: one form below.
        let subject = case.expr.as_ref().map(|e| self.value(e, scope)).transpose()?;
        let mut branches = Vec::with_capacity(case.when_then_expr.len());
        for (when, then) in &case.when_then_expr {
            let when = self.value(when, scope)?;
            let when = subject.as_ref().map_or(when.clone(), |s| s.clone().eq(when));
            branches.push((Box::new(when), Box::new(self.value(then, scope)?)));
        }
        let otherwise = case.else_expr.as_ref().map(|e| self.value(e, scope).map(Box::new)).transpose()?;
        Ok(Expr::Case(Case { expr: None, when_then_expr: branches, else_expr: otherwise }))
    }

    /// Casts give NULL where they fail. Numbers do not become text: their digits would be read one by one.
    fn cast(&mut self, e: &Expr, to: &DataType, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        let value = self.value(e, scope)?;
        let to = match to {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 | DataType::UInt8 | DataType::UInt16 => DataType::Int64,
            DataType::UInt32 | DataType::UInt64 => DataType::Int64,
            DataType::Float32 | DataType::Float64 | DataType::Decimal128(..) => DataType::Float64,
            DataType::Utf8 | DataType::Utf8View if self.is_text(&value) => return Ok(value),
            _ => {
                return Err(not_offered(
                    "this CAST is not offered; cast to INT or DOUBLE, and take months apart with year_of(ym) and month_of(ym)",
                    "この CAST は使えません。INT か DOUBLE へ変換し、年月は year_of(ym)・month_of(ym) で分けてください",
                )
                .at(place(e)));
            }
        };
        Ok(Expr::TryCast(TryCast::new(Box::new(value), to)))
    }

    /// True for codes, labels and literal texts.
    fn is_text(&self, value: &Expr) -> bool {
        match value {
            Expr::Column(c) | Expr::OuterReferenceColumn(_, c) => {
                self.origins.get(c).is_some_and(|o| matches!(o.kind, DataType::Dictionary(..) | DataType::Utf8 | DataType::Utf8View))
            }
            Expr::Literal(ScalarValue::Utf8(_) | ScalarValue::Null, _) => true,
            Expr::ScalarFunction(f) => matches!(f.name(), "substr" | "left" | "right"),
            _ => false,
        }
    }

    fn function(&mut self, function: &ScalarFunction, scope: &Scope<'_>) -> Result<Expr, Refusal> {
        if function.name().starts_with("guest.") {
            return self.guest(function, scope);
        }
        let args: Vec<Expr> = function.args.iter().map(|e| self.value(e, scope)).collect::<Result<_, _>>()?;
        let month = |e: &Expr| match e {
            Expr::Column(c) | Expr::OuterReferenceColumn(_, c) => self.origins.get(c).is_some_and(|o| o.months),
            Expr::Literal(ScalarValue::Int64(_), _) => true,
            _ => false,
        };
        if is_of_months(function.name()) && !args.iter().all(month) {
            let name = function.name();
            return Err(not_offered(
                format!("{name}(...) takes a column of months (yyyymm) or a literal month, nothing computed"),
                format!("{name}(…) に渡せるのは年月（yyyymm）の列か、年月の値だけです"),
            )
            .at(function.args.iter().find_map(place)));
        }
        if matches!(function.name(), "substr" | "left" | "right") && !args.first().is_some_and(|e| self.is_text(e)) {
            return Err(not_offered(
                "parts of a text are taken from code columns only; take numbers apart with CASE, and months with year_of(ym)",
                "文字列の切り出しはコードの列にだけ使えます。数は CASE で、年月は year_of(ym) で分けてください",
            )
            .at(function.args.iter().find_map(place)));
        }
        let raises = match function.name() {
            "exp" => args.first(),
            "power" => args.get(1),
            _ => None,
        };
        if raises.is_some_and(|e| self.origins.of(e).iter().any(|(_, o)| o.values.is_some())) {
            return Err(not_offered(
                "a code, a month or an area in an exponent is not offered: the digits of the sum would be a table of people; group by it",
                "コード・年月・地域を指数にすることはできません。合計の桁が人の表になるためです。GROUP BY を使ってください",
            )
            .at(function.args.iter().find_map(place)));
        }
        Ok(Expr::ScalarFunction(ScalarFunction { func: function.func.clone(), args }))
    }
}

/// Operators that can bring a cut value and the value itself together.
const REMAINDER: [Operator; 8] =
    [Operator::Plus, Operator::Minus, Operator::Eq, Operator::NotEq, Operator::Lt, Operator::LtEq, Operator::Gt, Operator::GtEq];

/// True where one column stands on both sides and a side is cut to whole steps: `x - x / 7 * 7` is a remainder by another name.
fn cuts(left: &Expr, right: &Expr) -> bool {
    let cut = |e: &Expr| {
        e.exists(|n| {
            Ok(match n {
                Expr::BinaryExpr(b) => b.op == Operator::Divide,
                Expr::ScalarFunction(f) => matches!(f.name(), "floor" | "ceil" | "round" | "trunc"),
                Expr::TryCast(c) => *c.field.data_type() == DataType::Int64,
                _ => false,
            })
        })
        .unwrap_or(true)
    };
    let shared = left.column_refs().into_iter().any(|c| right.column_refs().contains(c));
    shared && (cut(left) || cut(right))
}

fn remainder() -> Refusal {
    not_offered(
        "a value together with the same value cut to whole steps is a remainder, which cuts people into arbitrary groups; use year_of, month_of, months_between or CASE",
        "ある値と、それを切り捨てた値の組合せは剰余になり、人を任意の組に切り分けます。year_of・month_of・months_between・CASE を使ってください",
    )
}

/// A query that the reader takes and that makes no sense.
pub(super) fn not_valid(place: Option<TextPlace>) -> Refusal {
    not_offered(
        "this part does not fit together; check the types of what is compared or computed (codes are texts in quotes, months are numbers)",
        "この部分の型が合いません。比較・計算しているものの型を確かめてください（コードは '…' の文字列、年月は数です）",
    )
    .at(place)
}

fn operators() -> [Operator; 13] {
    [
        Operator::Eq,
        Operator::NotEq,
        Operator::Lt,
        Operator::LtEq,
        Operator::Gt,
        Operator::GtEq,
        Operator::Plus,
        Operator::Minus,
        Operator::Multiply,
        Operator::Divide,
        Operator::And,
        Operator::Or,
        Operator::StringConcat,
    ]
}

/// Whole numbers, decimals, texts, true, false and NULL.
fn literal(value: &ScalarValue) -> Result<Expr, Refusal> {
    let taken = match value {
        ScalarValue::Int64(_) | ScalarValue::Float64(_) | ScalarValue::Utf8(_) | ScalarValue::Boolean(_) | ScalarValue::Null => {
            value.clone()
        }
        ScalarValue::Utf8View(text) => ScalarValue::Utf8(text.clone()),
        ScalarValue::UInt64(Some(n)) => match i64::try_from(*n) {
            Ok(n) => ScalarValue::Int64(Some(n)),
            Err(_) => return Err(not_offered("a number this large is not offered", "この大きさの数は使えません")),
        },
        _ => {
            return Err(not_offered(
                "this literal is not offered; write numbers plainly and texts in 'single quotes'",
                "この書き方の値は使えません。数はそのまま、文字列は '…' で書いてください",
            ));
        }
    };
    Ok(Expr::Literal(taken, None))
}
