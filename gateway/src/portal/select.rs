//! Which columns of a released table are group keys and which are numbers. The CSV does not say; the SELECT list that made it does.
//!
//! The gateway has no SQL parser and needs none: of a text that was released, what the SELECT list calls by `count`, `sum` or `avg` is
//! a number, and anything else is taken for a group key. Being wrong only costs the chart, never the table.

/// What one column of the table shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A group key: what a row is about.
    Key,
    /// A counted or computed number.
    Number,
}

/// The kinds of the SELECT list's items, in their order; `None` when the text is no `SELECT … FROM`.
pub(super) fn parts(sql: &str) -> Option<Vec<Part>> {
    let tokens = tokens(sql);
    let mut rest = tokens.iter();
    if !rest.next()?.eq_ignore_ascii_case("select") {
        return None;
    }
    let (mut parts, mut item, mut depth) = (Vec::new(), Vec::new(), 0usize);
    for token in rest {
        match token.as_str() {
            "," if depth == 0 => parts.push(part(&std::mem::take(&mut item))),
            from if depth == 0 && from.eq_ignore_ascii_case("from") => {
                parts.push(part(&item));
                return Some(parts);
            }
            other => {
                depth = match other {
                    "(" => depth + 1,
                    ")" => depth.saturating_sub(1),
                    _ => depth,
                };
                item.push(other.to_owned());
            }
        }
    }
    None
}

fn part(item: &[String]) -> Part {
    let aggregate = item.first().is_some_and(|w| ["count", "sum", "avg"].iter().any(|a| w.eq_ignore_ascii_case(a)));
    let called = item.get(1).is_some_and(|t| t == "(");
    if aggregate && called { Part::Number } else { Part::Key }
}

/// Words, quoted names and single marks; comments and white space are dropped.
fn tokens(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = sql.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '\'' | '"' => rest.chars().skip(1).position(|c| c == first).map_or(rest.len(), |n| bytes_of(rest, n + 2)),
            c if c.is_alphanumeric() || c == '_' => rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if !token.starts_with("--") && !token.starts_with("/*") {
            tokens.push(token.to_owned());
        }
        rest = after.trim_start();
    }
    tokens
}

/// Bytes of the first `n` characters.
fn bytes_of(text: &str, n: usize) -> usize {
    text.chars().take(n).map(char::len_utf8).sum()
}

#[cfg(test)]
mod tests {
    use super::{Part::*, *};

    #[test]
    fn keys_and_numbers_are_told_apart() {
        let sql = "SELECT r.care_level, count(DISTINCT p.pid) AS people, SUM ( c.points ), AVG(c.points) FROM ndb.patients p";
        assert_eq!(parts(sql), Some(vec![Key, Number, Number, Number]));
        assert_eq!(parts("select COUNT(*) from t"), Some(vec![Number]));
    }

    #[test]
    fn a_guest_is_a_key_also_with_several_arguments() {
        assert_eq!(parts("SELECT guest.risk_band(a.x, a.y), COUNT(*) FROM t"), Some(vec![Key, Number]));
    }

    #[test]
    fn comments_quotes_and_names_that_look_like_clauses_do_not_mislead() {
        let sql = "-- from, here\nSELECT /* count( , */ \"from\", p.count, 'a,b' , sum(x) FROM t";
        assert_eq!(parts(sql), Some(vec![Key, Key, Key, Number]));
    }

    #[test]
    fn what_is_no_select_has_no_parts() {
        for text in ["", "SELECT", "DELETE FROM t", "SELECT '", "/*", "\u{1F600}", "SELECT \u{202E}\"", "SELECT a"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
