//! The privacy-unit types: what a query may do with rows about people, on one page.
//!
//! | relation | its rows are about | how it comes about |
//! |---|---|---|
//! | `Public` | nobody | literals, VALUES, code lists (which are VALUES under a name) |
//! | `Unit` | exactly one person each | a table of the permit, and every step below |
//! | `Released` | groups, as the gate lets them through | an aggregate over `Unit` that does not group by the person |
//!
//! A step over `Unit` relations is typed by these rules; what matches none is refused.
//!
//! | step | rule | result |
//! |---|---|---|
//! | projection, alias, filter | the person, the facility and the household are columns only, never in an expression | `Unit` |
//! | join of two `Unit` | person = person, and any condition besides | `Unit` |
//! | join of `Unit` and `Public` or `Released` | any condition without keys | `Unit` |
//! | EXISTS, IN over a `Unit` | the person of the one is the person of the other | a condition |
//! | a scalar subquery over `Released` | - | a number |
//! | GROUP BY the person (and more) | aggregates of the person's own rows | `Unit`, one row per person and group |
//! | window | partitioned by the person | `Unit` |
//! | DISTINCT, UNION, EXCEPT, INTERSECT | the person is one of the columns | `Unit` |
//! | any other GROUP BY | groups have declared values; aggregates are on the list | `Released` |
//! | LIMIT, ORDER BY ... LIMIT, DISTINCT without the person | - | refused |
//!
//! Above a release point everything is computed from released values, so anything on the list of functions is allowed there.
//! The query must end `Released`. Joins multiply rows, never people: the person column goes along in every step, and the gate counts it.

mod above;
mod aggregate;
mod arguments;
mod budget;
mod calls;
mod canon;
mod expression;
mod guests;
mod join;
mod keys;
mod kinds;
mod linear;
mod looks;
mod moments;
mod origin;
mod over;
mod person;
mod reads;
mod relation;
mod release;
mod safe;
mod subquery;
mod track;
mod union;
#[cfg(test)]
mod who_data_tests;
#[cfg(test)]
mod who_tests;
#[cfg(test)]
mod words_tests;

pub(crate) use above::{BEFORE, released_scan};
pub(crate) use canon::key_values;
pub(crate) use reads::{Reads, reads};
pub(crate) use track::{Protected, Tracked, track};
