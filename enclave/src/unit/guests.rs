//! Guests in SQL: `guest.<name>(argument, ...)` with plain columns or literals as arguments. Nobody hands a guest a key.

use datafusion::{arrow::datatypes::DataType, common::ScalarValue, logical_expr::Expr};
use visiting_catalog::Kind;
use visiting_intake::{Param, ParamKind};
use visiting_policies::{Code, Refusal};

use super::{
    expression::place,
    origin::{Class, Origins},
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
        let (argument, e) = argument(name, param, col, origins).map_err(|r| r.at(place(&written)))?;
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

fn argument(guest: &str, param: &Param, col: Col, origins: &Origins) -> Result<(Argument, Expr), Refusal> {
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
        Col::Value(Expr::Column(c)) => {
            let origin = origins.get(&c).filter(|o| o.class == Class::Catalogued && o.columns.len() == 1);
            let Some(origin) = origin else { return Err(computed()) };
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
        Col::Value(_) => Err(computed()),
    }
}

fn computed() -> Refusal {
    not_offered(
        "an expression or another guest as the argument of a guest is not offered; hand it a column or a literal",
        "プログラムの引数に式や別のプログラムは使えません。列か値を渡してください",
    )
}
