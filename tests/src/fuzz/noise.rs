//! Texts that are none: words of SQL in any order, bytes, and nests.

use crate::population::draw::Draw;

/// Words and signs.
const WORDS: [&str; 64] = [
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "HAVING",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "WITH",
    "RECURSIVE",
    "AS",
    "JOIN",
    "LEFT",
    "CROSS",
    "ON",
    "USING",
    "UNION",
    "ALL",
    "EXCEPT",
    "INTERSECT",
    "DISTINCT",
    "COUNT",
    "SUM",
    "AVG",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "AND",
    "OR",
    "NOT",
    "IN",
    "BETWEEN",
    "LIKE",
    "IS",
    "NULL",
    "EXISTS",
    "OVER",
    "PARTITION",
    "FILTER",
    "ROLLUP",
    "CUBE",
    "VALUES",
    "(",
    ")",
    ",",
    "*",
    "=",
    "<",
    ">",
    "+",
    "-",
    "/",
    "%",
    "||",
    "::",
    ".",
    ";",
    "'x'",
    "\"q\"",
    "1",
    "pid",
];
/// Single characters that readers of SQL stumble over.
const CHARS: [char; 20] =
    ['\'', '"', '`', '\\', '\0', '\n', ';', '-', '/', '*', '$', '{', '[', '?', '@', 'é', '表', '\u{202e}', '😀', '\u{fffd}'];
/// Deepest nest, brackets: far beyond what any reader takes, small beside a thread's stack.
const DEEPEST: u64 = 3_000;

/// A text.
pub(super) fn statement(draw: &mut Draw) -> String {
    match draw.below(4) {
        0 => soup(draw),
        1 => bytes(draw),
        2 => odd(draw),
        _ => nest(draw),
    }
}

fn soup(draw: &mut Draw) -> String {
    let length = draw.between(1, 40);
    let words: Vec<&str> = (0..length).map(|_| draw.pick(&WORDS)).collect();
    words.join(if draw.chance(0.1) { "" } else { " " })
}

fn bytes(draw: &mut Draw) -> String {
    let length = draw.between(0, 80);
    let bytes: Vec<u8> = (0..length).map(|_| u8::try_from(draw.below(256)).unwrap_or(0)).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A question with odd characters in it.
fn odd(draw: &mut Draw) -> String {
    let mut text: Vec<char> = "SELECT sex, COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE pref = 13 GROUP BY sex".chars().collect();
    for _ in 0..draw.between(1, 4) {
        let at = usize::try_from(draw.below(text.len() as u64)).unwrap_or(0);
        text.insert(at, draw.pick(&CHARS));
    }
    text.into_iter().collect()
}

fn nest(draw: &mut Draw) -> String {
    let most = if draw.chance(0.02) { DEEPEST } else { 60 };
    let depth = usize::try_from(draw.between(1, most)).unwrap_or(1);
    let (open, inner, close) = draw.pick(&[
        ("(", "1", ")"),
        ("NOT ", "sex = 1", ""),
        ("- ", "1", ""),
        ("CASE WHEN sex = 1 THEN ", "1", " END"),
        ("(SELECT COUNT(DISTINCT pid) FROM ndb.patients WHERE sex = ", "1", ")"),
    ]);
    format!(
        "SELECT COUNT(DISTINCT pid) AS n FROM ndb.patients WHERE {}{inner}{}",
        open.repeat(depth),
        close.repeat(depth.saturating_sub(usize::try_from(draw.below(2)).unwrap_or(0)))
    )
}
