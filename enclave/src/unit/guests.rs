//! Guests in SQL: `guest.<name>(argument, ...)` with columns, literals and numbers computed of a row's columns as arguments. Nobody hands a
//! guest a key.

use datafusion::{
    arrow::datatypes::DataType,
    common::{Column, ScalarValue, tree_node::TreeNode},
    logical_expr::Expr,
};
use visiting_catalog::Kind;
use visiting_intake::{Param, ParamKind};
use visiting_policies::{Code, Refusal};

use super::{
    expression::place,
    origin::{Class, Origin, Origins, of_guest},
    relation::Col,
};
use crate::{
    config::CALLS_MAX,
    guest::shelf::{Argument, Call},
    plan::{Signature, not_offered},
    predicate::Values,
};

pub(super) fn too_many() -> Refusal {
    let (en, ja) = (
        format!("a query calls guests in {CALLS_MAX} different ways at most"),
        format!("1 つの問合せで呼べるプログラムは {CALLS_MAX} 通りまでです"),
    );
    Refusal::new(Code::TooLarge, en).ja(ja)
}

/// Checks the arguments; answers with the call, its arguments as the engine passes them, and the labels.
pub(super) fn call(
    name: &str,
    guest: &Signature,
    given: Vec<(Expr, Col)>,
    origins: &Origins,
    kind: &dyn Fn(&Expr) -> Option<DataType>,
) -> Result<((Call, Vec<Expr>), Option<Values>), Refusal> {
    let params = &guest.manifest.params;
    if given.len() != params.len() {
        let count = if params.len() == 1 { "one argument".to_owned() } else { format!("{} arguments", params.len()) };
        let list = params.iter().map(shown).collect::<Vec<_>>().join(", ");
        return Err(not_offered(
            format!("guest.{name} takes {count}: {list}"),
            format!("guest.{name} の引数は {} 個です：{list}", params.len()),
        ));
    }
    let (mut arguments, mut exprs) = (Vec::new(), Vec::new());
    for (param, (written, col)) in params.iter().zip(given) {
        let (argument, e) = argument(name, param, col, origins, kind).map_err(|r| r.at(place(&written)))?;
        arguments.push(argument);
        exprs.push(e);
    }
    let labels: Vec<String> = guest.manifest.labels().iter().map(|l| l.label.clone()).collect();
    let values = (!labels.is_empty()).then_some(Values::Labels { labels, reachable: None });
    Ok(((Call { guest: guest.digest.clone(), arguments }, exprs), values))
}

fn shown(param: &Param) -> String {
    let kind = match param.kind {
        ParamKind::Int => "a column of whole numbers",
        ParamKind::Decimal => "a column of decimals or whole numbers",
        ParamKind::Text => "a column of codes",
    };
    format!("{} ({kind})", param.name)
}

fn argument(
    guest: &str,
    param: &Param,
    col: Col,
    origins: &Origins,
    type_of: &dyn Fn(&Expr) -> Option<DataType>,
) -> Result<(Argument, Expr), Refusal> {
    let refused = |why: &str, ja: &str| {
        Refusal::new(Code::ColumnUse, format!("guest.{guest}: {} {why}", shown(param)))
            .ja(format!("guest.{guest} の引数 {}：{ja}", param.name))
    };
    let wrong_literal = || refused("does not take this literal", "この値は渡せません");
    match col {
        Col::Person(..) => Err(refused("cannot be the person key: no guest is told who a row is about", "個人キーは渡せません")),
        Col::Site(..) => {
            Err(refused("cannot be a facility or household key: no guest is told where a row is from", "施設キーと世帯キーは渡せません"))
        }
        Col::Value(Expr::Literal(ScalarValue::Int64(Some(n)), _)) if param.kind != ParamKind::Text => {
            Ok((Argument::Int(n), datafusion::prelude::lit(n)))
        }
        Col::Value(Expr::Literal(ScalarValue::Utf8(Some(text)), _)) if param.kind == ParamKind::Text => {
            visiting_sdk::pack(text.as_bytes()).ok_or_else(wrong_literal)?;
            let code = ScalarValue::Dictionary(Box::new(DataType::Int32), Box::new(ScalarValue::Utf8(Some(text.clone()))));
            Ok((Argument::Text(text), Expr::Literal(code, None)))
        }
        Col::Value(Expr::Literal(..)) => Err(wrong_literal()),
        Col::Value(Expr::Column(c)) if listed(&c, origins).is_some() => {
            let Some(origin) = listed(&c, origins) else { return Err(computed()) };
            let kind = match origin.kind {
                DataType::Int64 => Kind::Int,
                DataType::Dictionary(..) => Kind::Code,
                DataType::Decimal128(..) => Kind::Decimal,
                _ => return Err(computed()),
            };
            let fits = match param.kind {
                ParamKind::Int => kind == Kind::Int,
                ParamKind::Decimal => matches!(kind, Kind::Int | Kind::Decimal),
                ParamKind::Text => kind == Kind::Code,
            };
            if !fits {
                return Err(refused("cannot be this column, which is of another kind", "この列は型が違います"));
            }
            // Where a row may be without a value it may be without a label, too: then what the guest can give is not known from the domain.
            let values = origin.values.clone().filter(|_| !origin.nullable);
            Ok((Argument::Column(origin.name.clone(), values, origin.months), Expr::Column(c)))
        }
        Col::Value(e) => match (param.kind, type_of(&e).filter(|_| of_a_row(&e, origins))) {
            (ParamKind::Int | ParamKind::Decimal, Some(DataType::Int64))
            | (ParamKind::Decimal, Some(DataType::Decimal128(..) | DataType::Float64))
            | (ParamKind::Text, Some(DataType::Dictionary(..))) => Ok((Argument::Computed, e)),
            _ => Err(computed()),
        },
    }
}

/// A column of a listing.
fn listed<'o>(c: &Column, origins: &'o Origins) -> Option<&'o Origin> {
    origins.get(c).filter(|origin| origin.class == Class::Catalogued && origin.columns.len() == 1)
}

/// True for what is worked out of the columns of one row, without subqueries and without guests: the guest could do as much itself. A
/// list's column would make a measure of its own of each of the list's rows, under one name.
pub(super) fn of_a_row(e: &Expr, origins: &Origins) -> bool {
    let other = |n: &Expr| matches!(n, Expr::OuterReferenceColumn(..) | Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_));
    !origins.of_a_list(e) && !of_guest(&origins.words(e)) && !e.exists(|n| Ok(other(n))).unwrap_or(true)
}

fn computed() -> Refusal {
    not_offered(
        "the argument of a guest is a column, a literal, or for a number what is computed of the row's columns; not another guest, a subquery, a list's column or a computed text",
        "プログラムの引数は、列か値か、数ならその行の列から計算した式です。別のプログラム・副問合せ・リストの列・計算した文字列は使えません",
    )
}
