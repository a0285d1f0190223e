//! SQL over the projection: one SELECT of an auditor's own making. What it may name is a list, and so is what it may call; what it may
//! cost is bounded in time, memory and answer.
//!
//! The text is hostile until shown otherwise. It is compiled on a read-only connection by SQLite with an authoriser that takes reading of
//! three tables and a list of functions and nothing else: no ATTACH, no PRAGMA, no write, no schema, no extension. Functions that make
//! large values out of nothing or search quadratically are not on the list, and one value is bounded (`VALUE_MAX_BYTES`).

use std::{
    fs,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, Error, ErrorCode,
    config::DbConfig,
    hooks::{AuthAction, AuthContext, Authorization},
    limits::Limit,
    types::ValueRef,
};
use serde_json::Value;
use visiting_policies::{Code, Refusal};

use crate::wire::Answered;

/// Tables that a text may read.
pub(crate) const TABLES: &[&str] = &["events", "event_databases", "incident_leaves"];

/// Functions that a text may call: none makes a value that is larger than what it is given (but for the sums of an aggregate), and none
/// takes longer than to read its arguments once.
pub(crate) const FUNCTIONS: &[&str] = &[
    "->",
    "->>",
    "abs",
    "avg",
    "coalesce",
    "count",
    "cume_dist",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "glob",
    "group_concat",
    "if",
    "ifnull",
    "iif",
    "json_extract",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "lower",
    "ltrim",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "percent_rank",
    "rank",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "time",
    "timediff",
    "total",
    "trim",
    "typeof",
    "unixepoch",
    "upper",
];

/// Longest text, bytes: some pages.
pub(crate) const SQL_MAX_BYTES: usize = 16 * 1024;

/// Longest that a text runs. A scan of a million events with their leaves takes about a second.
const TIME_MAX: Duration = Duration::from_secs(3);

/// Most that the process may grow while a text runs: sorts and groups of a million rows, on a machine that has other work.
const MEMORY_MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Largest value, and largest row between two steps: the largest leaf (65,535 bytes) and the columns beside it.
const VALUE_MAX_BYTES: i32 = 128 * 1024;

/// Most rows of an answer.
pub(crate) const ROWS_MAX: usize = 10_000;

/// Largest answer, bytes of its values: what a browser shows.
pub(crate) const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Steps of SQLite's machine between two looks at the clock: a step is bounded by [`VALUE_MAX_BYTES`], so some milliseconds at the worst.
const STEPS: i32 = 100;

/// Looks at the clock between two looks at the memory, which cost a system call.
const LOOKS: u32 = 20;

/// What SQLite is told, beside the authoriser.
const LIMITS: &[(Limit, i32)] = &[
    (Limit::SQLITE_LIMIT_LENGTH, VALUE_MAX_BYTES),
    (Limit::SQLITE_LIMIT_SQL_LENGTH, SQL_MAX_BYTES as i32),
    // Columns of the answer, of ORDER BY and of GROUP BY.
    (Limit::SQLITE_LIMIT_COLUMN, 64),
    (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
    (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 16),
    (Limit::SQLITE_LIMIT_FUNCTION_ARG, 16),
    (Limit::SQLITE_LIMIT_ATTACHED, 0),
    // A pattern is compared in time of text times pattern.
    (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 128),
    (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1),
    (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 0),
    (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
];

/// Runs one SELECT.
///
/// # Errors
/// [`Code::SqlUnreadable`], [`Code::SqlNotOffered`] or [`Code::TooLarge`], each with what to do.
pub(crate) fn run(projection: &mut Connection, sql: &str) -> Result<Answered, Refusal> {
    if sql.len() > SQL_MAX_BYTES {
        return Err(too_large(&format!("a text has {SQL_MAX_BYTES} bytes at most"), &format!("SQLは{SQL_MAX_BYTES}バイトまでです")));
    }
    let size: i64 = projection.query_row("SELECT count(*) FROM events", [], |row| row.get(0)).map_err(|e| told(&e))?;
    confine(projection).map_err(|e| told(&e))?;
    let mut statement = projection.prepare(sql).map_err(|e| told(&e))?;
    if statement.is_explain() != 0 || !statement.readonly() || statement.column_count() == 0 {
        return Err(not_offered("write one SELECT"));
    }
    if statement.parameter_count() > 0 {
        return Err(not_offered("write values into the text: there is nothing to bind parameters to"));
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let (mut rows, mut bytes, mut truncated) = (Vec::new(), 0, false);
    let mut found = statement.raw_query();
    while let Some(row) = found.next().map_err(|e| told(&e))? {
        let cells = (0..columns.len()).map(|at| row.get_ref(at).map(cell)).collect::<Result<Vec<_>, _>>().map_err(|e| told(&e))?;
        bytes += cells.iter().map(weight).sum::<usize>();
        if rows.len() == ROWS_MAX || bytes > ANSWER_MAX_BYTES {
            truncated = true;
            break;
        }
        rows.push(cells);
    }
    Ok(Answered { columns, rows, truncated, size: size.unsigned_abs() })
}

/// Takes everything away from a connection that an auditor's text has no use for.
fn confine(connection: &mut Connection) -> rusqlite::Result<()> {
    // Compiled schemas and plain tables only, and "name" is a column or a fault, never a text.
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
    ] {
        connection.set_db_config(setting, on)?;
    }
    for (limit, value) in LIMITS {
        connection.set_limit(*limit, *value)?;
    }
    let (start, before, mut looks) = (Instant::now(), memory(), 0u32);
    connection.progress_handler(
        STEPS,
        Some(move || {
            looks = looks.wrapping_add(1);
            let grown = || memory().zip(before).is_none_or(|(now, before)| now.saturating_sub(before) >= MEMORY_MAX_BYTES);
            start.elapsed() > TIME_MAX || (looks.is_multiple_of(LOOKS) && grown())
        }),
    )?;
    connection.authorizer(Some(|asked: AuthContext<'_>| if takes(&asked.action) { Authorization::Allow } else { Authorization::Deny }))
}

/// The list of what a text may do.
fn takes(action: &AuthAction<'_>) -> bool {
    match action {
        AuthAction::Select | AuthAction::Recursive => true,
        // Without a column: a table, or a part of the text that has a name, of which only rows are counted.
        AuthAction::Read { table_name, column_name: "" } => {
            let name = table_name.to_ascii_lowercase();
            !["sqlite_", "pragma_", "dbstat", "bytecode", "tables_used"].iter().any(|own| name.starts_with(own))
        }
        AuthAction::Read { table_name, .. } => TABLES.contains(table_name),
        AuthAction::Function { function_name } => FUNCTIONS.contains(&function_name.to_ascii_lowercase().as_str()),
        _ => false,
    }
}

/// Bytes that the process holds in memory; `None` where that cannot be known, which counts as too many.
fn memory() -> Option<u64> {
    /// Linux counts in pages of this size where we run.
    const PAGE_BYTES: u64 = 4096;
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split(' ').nth(1)?.parse::<u64>().ok()? * PAGE_BYTES)
}

fn cell(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::from(number),
        // What is no JSON number is told in words: infinities.
        ValueRef::Real(number) => serde_json::Number::from_f64(number).map_or_else(|| Value::from(number.to_string()), Value::Number),
        ValueRef::Text(text) | ValueRef::Blob(text) => Value::from(String::from_utf8_lossy(text)),
    }
}

fn weight(cell: &Value) -> usize {
    // A number and its comma.
    const NUMBER_BYTES: usize = 8;
    cell.as_str().map_or(NUMBER_BYTES, |text| text.len() + NUMBER_BYTES)
}

/// An error of SQLite as a refusal. The text is the auditor's own, so what SQLite says of it is told.
fn told(error: &Error) -> Refusal {
    let (code, said) = match error {
        Error::SqlInputError { error, msg, .. } => (Some(error.code), msg.clone()),
        Error::SqliteFailure(error, said) => (Some(error.code), said.clone().unwrap_or_else(|| error.to_string())),
        Error::MultipleStatement => return not_offered("write one SELECT, and nothing after it"),
        other => (None, other.to_string()),
    };
    match code {
        Some(ErrorCode::OperationInterrupted) => too_large(
            &format!("it took longer than {} s or more than {} MB; ask about fewer events", TIME_MAX.as_secs(), MEMORY_MAX_BYTES >> 20),
            &format!("{}秒または{}MBを超えたため止めました。対象を絞ってください", TIME_MAX.as_secs(), MEMORY_MAX_BYTES >> 20),
        ),
        Some(ErrorCode::TooBig | ErrorCode::OutOfMemory) => {
            too_large(&format!("a value has {VALUE_MAX_BYTES} bytes at most"), &format!("1つの値は{VALUE_MAX_BYTES}バイトまでです"))
        }
        Some(ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly) => not_offered(&said),
        _ if said.contains("not authorized") || said.contains("prohibited") => not_offered(&said),
        _ => Refusal::new(Code::SqlUnreadable, format!("{said} (tables: {}; docs/audit.md tells their columns)", TABLES.join(", ")))
            .ja(format!("SQLを読めません：{said}（表：{}）", TABLES.join("、"))),
    }
}

fn not_offered(said: &str) -> Refusal {
    let tables = TABLES.join(", ");
    Refusal::new(Code::SqlNotOffered, format!("{said}: offered is one SELECT over {tables}, with the functions that docs/audit.md lists"))
        .ja(format!("{said}：使えるのは {tables} に対する1つのSELECTと、docs/audit.md にある関数だけです"))
}

fn too_large(detail: &str, ja: &str) -> Refusal {
    Refusal::new(Code::TooLarge, detail).ja(ja)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{row::Row, store::Store},
        *,
    };
    use crate::setup::tests::Scratch;

    /// A projection of so many events.
    fn store(scratch: &Scratch, events: u64) -> Store {
        let row = |index| Row {
            index,
            at_ms: 1000 * index,
            actor: "person",
            person: Some(format!("per_{}", index % 3)),
            action: "viewed".into(),
            outcome: "ok".into(),
            databases: ["ndb".to_owned()].into(),
            leaf: format!("{{\"n\":{index}}}"),
            ..Row::default()
        };
        let mut store = Store::open(scratch.path("auditor.sqlite")).unwrap();
        store.add(&(0..events).map(row).collect::<Vec<_>>()).unwrap();
        store
    }

    fn asked(name: &str, sql: &str) -> Result<Answered, Refusal> {
        let scratch = Scratch::new(&format!("sql-{name}"));
        run(&mut store(&scratch, 40).reader().unwrap(), sql)
    }

    #[test]
    fn a_select_is_answered() {
        let sql = "SELECT person, count(*) AS n, max(leaf ->> '$.n'), NULL, 0.5 FROM events e JOIN event_databases d USING (idx) \
                   WHERE d.database = 'ndb' GROUP BY person ORDER BY n DESC, person LIMIT 2 -- the busiest";
        let answered = asked("plain", sql).unwrap();
        assert_eq!(answered.columns[..2], ["person", "n"]);
        let row = |person: &str, n: i64, last: i64| vec![person.into(), n.into(), last.into(), Value::Null, 0.5.into()];
        assert_eq!(answered.rows, [row("per_0", 14, 39), row("per_1", 13, 37)]);
        assert!(!answered.truncated && answered.size == 40);
        let windows = "WITH steps AS (SELECT idx, at_ms - lag(at_ms) OVER (ORDER BY idx) AS gap FROM events) SELECT count(*) FROM steps";
        assert_eq!(asked("window", windows).unwrap().rows, [vec![Value::from(40)]]);
        assert_eq!(asked("like", "/* x */ SELECT idx FROM events WHERE leaf LIKE '%:7}'").unwrap().rows, [vec![Value::from(7)]]);
    }

    #[test]
    fn what_is_not_offered_is_refused_and_does_nothing() {
        for (name, sql) in [
            ("attach", "ATTACH '/etc/passwd' AS x"),
            ("detach", "DETACH main"),
            ("pragma", "PRAGMA table_info(events)"),
            ("pragma-off", "PRAGMA query_only = OFF"),
            ("pragma-table", "SELECT * FROM pragma_table_list"),
            ("pragma-count", "SELECT count(*) FROM pragma_table_list"),
            ("delete", "DELETE FROM events"),
            ("insert", "INSERT INTO event_databases VALUES (1, 'x')"),
            ("update", "UPDATE events SET leaf = ''"),
            ("returning", "DELETE FROM events RETURNING idx"),
            ("cte-delete", "WITH x AS (SELECT 1) DELETE FROM events"),
            ("drop", "DROP TABLE events"),
            ("create", "CREATE TABLE x (y)"),
            ("temp", "CREATE TEMP TABLE x AS SELECT * FROM events"),
            ("view", "CREATE TEMP VIEW x AS SELECT 1"),
            ("vacuum", "VACUUM INTO 'stolen.sqlite'"),
            ("analyze", "ANALYZE"),
            ("reindex", "REINDEX"),
            ("begin", "BEGIN"),
            ("savepoint", "SAVEPOINT x"),
            ("master", "SELECT * FROM sqlite_master"),
            ("schema", "SELECT sql FROM sqlite_schema"),
            ("master-loud", "SELECT count(*) FROM SQLITE_MASTER"),
            ("pragma-loud", "SELECT count(*) FROM PRAGMA_TABLE_LIST"),
            ("master-count", "SELECT count(*) FROM sqlite_master"),
            ("master-hidden", "SELECT /* events */ name FROM main.sqlite_master -- events"),
            ("temp-master", "SELECT * FROM sqlite_temp_master"),
            ("extension", "SELECT load_extension('x')"),
            ("randomblob", "SELECT randomblob(1000000000)"),
            ("zeroblob", "SELECT zeroblob(1000000000)"),
            ("printf", "SELECT printf('%.1000000000c', 'x')"),
            ("format", "SELECT format('%1000000d', 1)"),
            ("replace", "SELECT replace(leaf, '', leaf) FROM events"),
            ("instr", "SELECT instr(leaf, leaf) FROM events"),
            ("hex", "SELECT hex(leaf) FROM events"),
            ("json-each", "SELECT value FROM json_each('[1,2]')"),
            ("version", "SELECT sqlite_version()"),
            ("several", "SELECT 1; SELECT 2"),
            ("several-write", "SELECT 1; DELETE FROM events"),
            ("explain", "EXPLAIN SELECT * FROM events"),
            ("plan", "EXPLAIN QUERY PLAN SELECT 1"),
            ("parameter", "SELECT ?1"),
            ("nothing", ""),
            ("comment", "-- SELECT 1"),
        ] {
            let refused = asked(name, sql).expect_err(sql);
            let unread = ["json-each", "pragma-table", "comment", "nothing"].contains(&name) && refused.code == Code::SqlUnreadable;
            assert!(refused.code == Code::SqlNotOffered || unread, "{sql}: {refused}");
            assert!(refused.ja.is_some(), "{sql}");
        }
        assert!(!std::path::Path::new("stolen.sqlite").exists());
    }

    #[test]
    fn what_cannot_be_read_says_what_there_is() {
        for (name, sql) in [
            ("table", "SELECT * FROM people"),
            ("column", "SELECT name FROM events"),
            ("quoted", "SELECT \"ndb\" FROM events"),
            ("word", "SELEC"),
        ] {
            let refused = asked(name, sql).unwrap_err();
            assert!(refused.code == Code::SqlUnreadable && refused.detail.contains("event_databases"), "{refused}");
        }
    }

    #[test]
    fn what_never_ends_is_ended() {
        for (name, sql) in [
            ("recursive", "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"),
            ("cross", "SELECT count(*) FROM events a, events b, events c, events d, events e, events f WHERE a.leaf < f.leaf"),
            ("silent", "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t WHERE n < 0"),
        ] {
            let start = Instant::now();
            let refused = asked(name, sql).unwrap_err();
            assert_eq!(refused.code, Code::TooLarge, "{sql}");
            assert!(start.elapsed() < 3 * TIME_MAX, "{sql}: {:?}", start.elapsed());
        }
    }

    #[test]
    fn what_grows_is_stopped_before_it_is_large() {
        let doubled = "WITH RECURSIVE t(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM t) SELECT length(x) FROM t";
        assert_eq!(asked("doubled", doubled).unwrap_err().code, Code::TooLarge);
        let concat = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t LIMIT 100000) SELECT group_concat('xxxxxxxx') FROM t";
        assert_eq!(asked("concat", concat).unwrap_err().code, Code::TooLarge);
        // Rows of 100 kB each, kept for sorting: memory ends it, or time.
        let kept = "WITH RECURSIVE s(x, n) AS (SELECT 'x', 0 UNION ALL SELECT x || x, n + 1 FROM s WHERE n < 16), \
                    t(x, n) AS (SELECT x, 0 FROM s WHERE n = 16 UNION ALL SELECT x || '', n + 1 FROM t) SELECT n FROM t ORDER BY x || n";
        let before = memory().unwrap();
        assert_eq!(asked("kept", kept).unwrap_err().code, Code::TooLarge);
        let peak = fs::read_to_string("/proc/self/status").unwrap();
        let peak: u64 = peak.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim().trim_end_matches(" kB").trim().parse().unwrap();
        assert!(peak * 1024 < before + 4 * MEMORY_MAX_BYTES, "{peak} kB");
    }

    #[test]
    fn long_answers_are_cut_and_say_so() {
        let rows = asked("rows", "SELECT a.idx FROM events a, events b, events c").unwrap();
        assert!(rows.truncated && rows.rows.len() == ROWS_MAX);
        let wide = "WITH RECURSIVE s(x, n) AS (SELECT 'x', 0 UNION ALL SELECT x || x, n + 1 FROM s WHERE n < 16) \
                    SELECT x FROM s, events a, events b WHERE n = 16";
        let bytes = asked("bytes", wide).unwrap();
        assert!(bytes.truncated && bytes.rows.len() == ANSWER_MAX_BYTES / (65_536 + 8), "{}", bytes.rows.len());
    }

    #[test]
    fn a_long_text_is_not_read() {
        let text = format!("SELECT 1 -- {}", "x".repeat(SQL_MAX_BYTES));
        assert_eq!(asked("long", &text).unwrap_err().code, Code::TooLarge);
        let deep = format!("SELECT 1{}", "+1".repeat(200));
        assert_eq!(asked("deep", &deep).unwrap_err().code, Code::SqlUnreadable);
        let wide = format!("SELECT 1{}", ",1".repeat(100));
        assert_eq!(asked("wide", &wide).unwrap_err().code, Code::SqlUnreadable);
    }
}
