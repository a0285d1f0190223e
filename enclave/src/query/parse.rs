//! SQL text to [`Query`]. Allowlist by equality: what was understood is taken out of the syntax tree, and what remains must equal
//! the tree of a bare skeleton. A new kind of clause in a later parser is therefore refused without our knowing it.

use datafusion::sql::sqlparser::{
    ast::{
        DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, GroupByExpr, Ident,
        JoinConstraint, JoinOperator, ObjectName, Query as SqlQuery, Select, SelectItem, SetExpr, Statement, TableFactor, TableWithJoins,
    },
    dialect::GenericDialect,
    keywords::Keyword,
    parser::Parser,
    tokenizer::{Token, Tokenizer},
};
use visiting_policies::{Code, Refusal, disclosure::limits};

use crate::config::{CALLS_MAX, CONNECTIVES_MAX};

use super::{
    ColumnUse, Item, KeyColumn, MeasureColumn, Origin, PermitSchema, Predicate, Query, SchemaTable, Values, guests, lower, schema,
};

/// Deepest nesting of the syntax tree: far above hand-written SQL, far below the stack.
const DEPTH_MAX: usize = 40;

/// The one sentence about what the language is.
pub(crate) const OFFERED: &str = "this version offers one SELECT of group columns, COUNT(DISTINCT person), COUNT(*), SUM(column), AVG(column) \
     FROM tables joined on the person, with WHERE and GROUP BY on columns that have a declared domain and on guest.name(column, ...)";

pub(super) fn not_offered(what: &str) -> Refusal {
    Refusal::new(Code::SqlNotOffered, format!("{what} is not offered; {OFFERED}"))
}

/// Tables of the query by alias, while it is being lowered.
pub(super) type Tables = Vec<(String, SchemaTable)>;

/// Reads `sql` against the permit's schema.
pub(crate) fn parse(sql: &str, permit: &PermitSchema) -> Result<Query, Refusal> {
    let select = single_select(sql)?;
    let tables = tables(&select.from, permit)?;
    let mut filtered = Vec::new();
    let filter = match &select.selection {
        Some(condition) => lower::condition(condition, &tables, permit, &mut filtered)?.normalised(),
        None => Predicate::True,
    };
    let keys = group_keys(&select, &tables, permit)?;
    let mut measures = Vec::new();
    let outputs = outputs(&select, &tables, permit, &keys, &mut measures)?;
    for (index, key) in keys.iter().enumerate() {
        if !outputs.iter().any(|(_, item)| *item == Item::Key(index)) {
            return Err(Refusal::new(
                Code::SqlNotOffered,
                format!("the group column `{}` must be in the SELECT list, or the rows have no names", key.title),
            ));
        }
    }
    if outputs.iter().all(|(_, item)| matches!(item, Item::Key(_))) {
        return Err(not_offered("a SELECT without an aggregate"));
    }
    let query = Query { tables: tables.into_iter().map(|(_, t)| t).collect(), filter, filtered, keys, measures, outputs };
    if query.calls().len() > CALLS_MAX {
        return Err(Refusal::new(Code::TooLarge, format!("a query calls guests in {CALLS_MAX} different ways at most")));
    }
    Ok(query)
}

fn statements(sql: &str) -> Result<Vec<Statement>, Refusal> {
    // The parser's own text can quote the query; ours names only what to do.
    let unreadable = |_| Refusal::new(Code::SqlUnreadable, "the SQL could not be read; check brackets, quotes and commas");
    let dialect = GenericDialect {};
    Parser::new(&dialect).with_recursion_limit(DEPTH_MAX).try_with_sql(sql).map_err(unreadable)?.parse_statements().map_err(unreadable)
}

/// Chains of AND and OR grow as deep as they are long, whatever the parser's own depth limit.
fn few_connectives(sql: &str) -> Result<(), Refusal> {
    let unreadable = |_| Refusal::new(Code::SqlUnreadable, "the SQL could not be read; check brackets, quotes and commas");
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().map_err(unreadable)?;
    let connects = |t: &Token| matches!(t, Token::Word(w) if matches!(w.keyword, Keyword::AND | Keyword::OR | Keyword::NOT | Keyword::XOR));
    let operates = |t: &Token| {
        matches!(t, Token::Plus | Token::Minus | Token::Mul | Token::Div | Token::StringConcat | Token::Eq | Token::Pipe | Token::Ampersand)
    };
    if tokens.iter().filter(|t| connects(t) || operates(t)).count() > 2 * CONNECTIVES_MAX {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("a query has {CONNECTIVES_MAX} AND, OR and NOT at most; use IN for lists of values"),
        ));
    }
    Ok(())
}

fn single_select(sql: &str) -> Result<Select, Refusal> {
    if sql.len() > limits::SQL_MAX_BYTES {
        return Err(Refusal::new(Code::TooLarge, format!("a query has {} bytes at most", limits::SQL_MAX_BYTES)));
    }
    few_connectives(sql)?;
    let mut found = statements(sql)?;
    let (Some(Statement::Query(mut query)), true) = (found.pop(), found.is_empty()) else {
        return Err(not_offered("anything but one SELECT"));
    };
    let SetExpr::Select(select) = *query.body.clone() else { return Err(not_offered("UNION, VALUES or a nested query")) };
    let mut bare = (*select).clone();
    let (mut skeleton_query, skeleton_select) = skeleton()?;
    bare.projection.clone_from(&skeleton_select.projection);
    bare.from.clear();
    bare.selection = None;
    bare.group_by = skeleton_select.group_by.clone();
    *query.body = SetExpr::Values(datafusion::sql::sqlparser::ast::Values { explicit_row: false, value_keyword: false, rows: Vec::new() });
    *skeleton_query.body = (*query.body).clone();
    if *query != skeleton_query {
        return Err(not_offered("WITH, ORDER BY, LIMIT or another clause around the SELECT (rows come sorted by their group columns)"));
    }
    if bare != skeleton_select {
        return Err(not_offered("DISTINCT, HAVING, a window or another clause of this SELECT"));
    }
    Ok(*select)
}

/// `SELECT 1`, as the parser builds it: every optional clause absent.
fn skeleton() -> Result<(SqlQuery, Select), Refusal> {
    let problem = || Refusal::new(Code::OperatorProblem, "the parser changed");
    let Some(Statement::Query(query)) = statements("SELECT 1")?.pop() else { return Err(problem()) };
    let SetExpr::Select(select) = query.body.as_ref() else { return Err(problem()) };
    Ok(((*query).clone(), (**select).clone()))
}

fn tables(from: &[TableWithJoins], permit: &PermitSchema) -> Result<Tables, Refusal> {
    let [first] = from else {
        return Err(not_offered("a comma between tables, or a SELECT without a table (join tables with JOIN ... USING (person))"));
    };
    let mut tables = vec![table(&first.relation, permit)?];
    for join in &first.joins {
        let (JoinOperator::Join(constraint) | JoinOperator::Inner(constraint)) = &join.join_operator else {
            return Err(not_offered("any join but JOIN"));
        };
        if join.global {
            return Err(not_offered("any join but JOIN"));
        }
        let next = table(&join.relation, permit)?;
        if tables.iter().any(|(alias, t): &(String, SchemaTable)| *alias == next.0 || t.full_name() == next.1.full_name()) {
            return Err(not_offered("naming one table twice"));
        }
        tables.push(next);
        on_person(constraint, &tables)?;
    }
    Ok(tables)
}

fn table(factor: &TableFactor, permit: &PermitSchema) -> Result<(String, SchemaTable), Refusal> {
    let TableFactor::Table { name, alias, .. } = factor else { return Err(not_offered("a nested query or a table function")) };
    let mut bare = factor.clone();
    if let TableFactor::Table { alias, .. } = &mut bare {
        *alias = None;
    }
    let parts = identifiers(name)?;
    let mut expected = table_factor(&parts)?;
    if let TableFactor::Table { name: n, .. } = &mut expected {
        n.clone_from(name);
    }
    if bare != expected {
        return Err(not_offered("a hint, a sample or an option on a table"));
    }
    let found = match parts.as_slice() {
        [table] => permit.table(None, table)?,
        [listing, table] => permit.table(Some(listing), table)?,
        _ => return Err(not_offered("a table name of three parts")),
    };
    let alias = match alias {
        None => found.table.name.clone(),
        Some(a) if a.columns.is_empty() => text(&a.name),
        Some(_) => return Err(not_offered("renaming columns in an alias")),
    };
    Ok((alias, found.clone()))
}

/// A plain table factor, as the parser builds it.
fn table_factor(parts: &[String]) -> Result<TableFactor, Refusal> {
    let quoted: Vec<String> = parts.iter().map(|p| format!("\"{}\"", p.replace('"', "\"\""))).collect();
    let problem = || Refusal::new(Code::OperatorProblem, "the parser changed");
    let Some(Statement::Query(query)) = statements(&format!("SELECT 1 FROM {}", quoted.join(".")))?.pop() else { return Err(problem()) };
    let SetExpr::Select(select) = *query.body else { return Err(problem()) };
    select.from.into_iter().next().map(|t| t.relation).ok_or_else(problem)
}

fn on_person(constraint: &JoinConstraint, tables: &Tables) -> Result<(), Refusal> {
    let refused = || {
        Refusal::new(Code::SqlNotOffered, "tables are joined on the person only: JOIN t USING (person), or JOIN t ON a.person = b.person")
    };
    let last = tables.len().saturating_sub(1);
    let person = |qualifier: Option<&str>, name: &str| match schema::find(tables, qualifier, name)? {
        (index, ColumnUse::Person) => Ok(index),
        _ => Err(refused()),
    };
    match constraint {
        JoinConstraint::Using(names) => {
            let [name] = names.as_slice() else { return Err(refused()) };
            let parts = identifiers(name)?;
            let [column] = parts.as_slice() else { return Err(refused()) };
            let everywhere = tables.iter().all(|(_, t)| t.table.person == *column);
            if everywhere { Ok(()) } else { Err(refused()) }
        }
        JoinConstraint::On(Expr::BinaryOp { left, op: datafusion::sql::sqlparser::ast::BinaryOperator::Eq, right }) => {
            let (left, right) = (column_parts(left).ok_or_else(refused)?, column_parts(right).ok_or_else(refused)?);
            let sides = [person(left.0.as_deref(), &left.1)?, person(right.0.as_deref(), &right.1)?];
            let joins_last = sides.contains(&last) && sides.iter().any(|s| *s != last);
            if joins_last { Ok(()) } else { Err(refused()) }
        }
        _ => Err(refused()),
    }
}

fn group_keys(select: &Select, tables: &Tables, permit: &PermitSchema) -> Result<Vec<KeyColumn>, Refusal> {
    let GroupByExpr::Expressions(expressions, modifiers) = &select.group_by else { return Err(not_offered("GROUP BY ALL")) };
    if !modifiers.is_empty() {
        return Err(not_offered("ROLLUP, CUBE or GROUPING SETS"));
    }
    let mut keys: Vec<KeyColumn> = Vec::new();
    for expression in expressions {
        let key = key(expression, tables, permit)?.ok_or_else(|| not_offered("grouping by anything but a column or a guest"))?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

/// True for what [`key`] reads: a plain column, or a call below `guest.`.
pub(super) fn names_key(expression: &Expr) -> bool {
    column_parts(expression).is_some() || guests::function(expression).is_some()
}

/// The column or the guest's call that an expression is; `None` where it is neither.
pub(super) fn key(expression: &Expr, tables: &Tables, permit: &PermitSchema) -> Result<Option<KeyColumn>, Refusal> {
    match (column_parts(expression), guests::function(expression)) {
        (Some((qualifier, name)), _) => key_column(tables, qualifier.as_deref(), &name).map(Some),
        (None, Some(function)) => guests::call(function, tables, permit).map(Some),
        (None, None) => Ok(None),
    }
}

/// A column that may stand in WHERE and GROUP BY.
fn key_column(tables: &Tables, qualifier: Option<&str>, name: &str) -> Result<KeyColumn, Refusal> {
    let (table, used) = schema::find(tables, qualifier, name)?;
    let refused = |why: &str| Refusal::new(Code::ColumnUse, format!("`{name}` {why}"));
    match used {
        ColumnUse::Person => Err(refused("is the person key: it may only be joined on and counted with COUNT(DISTINCT ...)")),
        ColumnUse::Facility => Err(refused("is the facility key: it may not be named")),
        ColumnUse::Value(column) => {
            let domain = column
                .domain
                .as_ref()
                .ok_or_else(|| refused("has no declared domain: it may be summed or averaged, not filtered or grouped by"))?;
            Ok(KeyColumn {
                name: full_name(tables, table, name),
                title: column.name.clone(),
                values: Values::new(domain),
                origin: Origin::Column { table, column: column.name },
            })
        }
    }
}

pub(super) fn full_name(tables: &Tables, table: usize, column: &str) -> String {
    tables.get(table).map(|(_, t)| format!("{}.{column}", t.full_name())).unwrap_or_default()
}

fn outputs(
    select: &Select,
    tables: &Tables,
    permit: &PermitSchema,
    keys: &[KeyColumn],
    measures: &mut Vec<MeasureColumn>,
) -> Result<Vec<(String, Item)>, Refusal> {
    let mut outputs: Vec<(String, Item)> = Vec::new();
    for item in &select.projection {
        let (expression, alias) = match item {
            SelectItem::UnnamedExpr(e) => (e, None),
            SelectItem::ExprWithAlias { expr, alias } => (expr, Some(title(alias)?)),
            _ => return Err(not_offered("SELECT *")),
        };
        let (default, item) = match expression {
            Expr::Function(function) if guests::function(expression).is_none() => aggregate(function, tables, measures)?,
            _ => {
                let key = key(expression, tables, permit)?.ok_or_else(|| not_offered("an expression in the SELECT list"))?;
                let ungrouped = || Refusal::new(Code::SqlNotOffered, format!("`{}` must be in GROUP BY", key.title));
                let index = keys.iter().position(|k| *k == key).ok_or_else(ungrouped)?;
                (key.title.clone(), Item::Key(index))
            }
        };
        let title = alias.unwrap_or(default);
        if outputs.iter().any(|(t, _)| *t == title) || title == "note" {
            return Err(Refusal::new(Code::SqlNotOffered, format!("two output columns would be called `{title}`; give one an alias")));
        }
        outputs.push((title, item));
    }
    Ok(outputs)
}

/// A title from an alias: the researcher's own word, so it is kept short and plain.
fn title(alias: &Ident) -> Result<String, Refusal> {
    let title = text(alias);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if title.is_empty() || title.len() > 32 || !title.bytes().all(plain) {
        return Err(Refusal::new(Code::SqlNotOffered, "an alias is 1 to 32 of a-z, 0-9 and _"));
    }
    Ok(title)
}

fn aggregate(function: &Function, tables: &Tables, measures: &mut Vec<MeasureColumn>) -> Result<(String, Item), Refusal> {
    let name = identifiers(&function.name)?.join(".").to_lowercase();
    let list = arguments(function)?;
    if list.args.iter().any(guests::within) {
        let fix = "a guest inside an aggregate is not offered: GROUP BY guest.name(...) and count people in each group";
        return Err(Refusal::new(Code::SqlNotOffered, fix));
    }
    let distinct = match list.duplicate_treatment {
        None => false,
        Some(DuplicateTreatment::Distinct) => true,
        Some(DuplicateTreatment::All) => return Err(not_offered("ALL in a function")),
    };
    let [FunctionArg::Unnamed(argument)] = list.args.as_slice() else { return Err(not_offered("a function of more than one argument")) };
    match (name.as_str(), distinct, argument) {
        ("count", false, FunctionArgExpr::Wildcard) => Ok(("rows".to_owned(), Item::Rows)),
        ("count", true, FunctionArgExpr::Expr(e)) => people(e, tables),
        ("sum", false, FunctionArgExpr::Expr(e)) => measure(e, tables, measures).map(|(c, i)| (format!("sum_{c}"), Item::Sum(i))),
        ("avg", false, FunctionArgExpr::Expr(e)) => measure(e, tables, measures).map(|(c, i)| (format!("avg_{c}"), Item::Avg(i))),
        _ => Err(not_offered("this function, or these arguments of it,")),
    }
}

/// The arguments of a function that has nothing else: no FILTER, no OVER, no clause that a later parser may know.
pub(super) fn arguments(function: &Function) -> Result<&FunctionArgumentList, Refusal> {
    let FunctionArguments::List(list) = &function.args else { return Err(not_offered("a function without plain arguments")) };
    let mut bare = function.clone();
    if let FunctionArguments::List(list) = &mut bare.args {
        list.args.clear();
        list.duplicate_treatment = None;
    }
    if bare != bare_call(&function.name)? {
        return Err(not_offered("FILTER, OVER, WITHIN GROUP or another clause of a function"));
    }
    Ok(list)
}

/// A call without arguments, as the parser builds it, under the given name.
fn bare_call(name: &ObjectName) -> Result<Function, Refusal> {
    let problem = || Refusal::new(Code::OperatorProblem, "the parser changed");
    let Some(Statement::Query(query)) = statements("SELECT f()")?.pop() else { return Err(problem()) };
    let SetExpr::Select(select) = *query.body else { return Err(problem()) };
    match select.projection.into_iter().next() {
        Some(SelectItem::UnnamedExpr(Expr::Function(mut call))) => {
            call.name.clone_from(name);
            Ok(call)
        }
        _ => Err(problem()),
    }
}

fn people(argument: &Expr, tables: &Tables) -> Result<(String, Item), Refusal> {
    let (qualifier, name) = column_parts(argument).ok_or_else(|| not_offered("COUNT(DISTINCT ...) of an expression"))?;
    match schema::find(tables, qualifier.as_deref(), &name)?.1 {
        ColumnUse::Person => Ok(("people".to_owned(), Item::People)),
        _ => Err(not_offered("COUNT(DISTINCT ...) of anything but the person key")),
    }
}

fn measure(argument: &Expr, tables: &Tables, measures: &mut Vec<MeasureColumn>) -> Result<(String, usize), Refusal> {
    let (qualifier, name) = column_parts(argument).ok_or_else(|| not_offered("SUM or AVG of an expression"))?;
    let (table, used) = schema::find(tables, qualifier.as_deref(), &name)?;
    let refused = || Refusal::new(Code::ColumnUse, format!("`{name}` cannot be summed or averaged: it is no measure of its listing"));
    let ColumnUse::Value(column) = used else { return Err(refused()) };
    let declared = column.measure.as_ref().ok_or_else(refused)?;
    let bounds = declared.bounds.map(|[lo, hi]| (lo, hi));
    let found = MeasureColumn { table, name: full_name(tables, table, &name), column: column.name, scale: declared.scale, bounds };
    let index = measures.iter().position(|m| *m == found).unwrap_or_else(|| {
        measures.push(found);
        measures.len() - 1
    });
    Ok((name, index))
}

/// Qualifier and name of a plain column reference.
pub(super) fn column_parts(expression: &Expr) -> Option<(Option<String>, String)> {
    match expression {
        Expr::Identifier(ident) => Some((None, text(ident))),
        Expr::CompoundIdentifier(parts) => match parts.as_slice() {
            [qualifier, name] => Some((Some(text(qualifier)), text(name))),
            _ => None,
        },
        Expr::Nested(inner) => column_parts(inner),
        _ => None,
    }
}

fn identifiers(name: &ObjectName) -> Result<Vec<String>, Refusal> {
    name.0.iter().map(|part| part.as_ident().map(text).ok_or_else(|| not_offered("a computed name"))).collect()
}

/// Unquoted names are folded to lower case, as PostgreSQL does.
fn text(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}
