//! Finds listings by words: every word must occur; the more prominent the places, the earlier the listing.

use crate::listing::{Listing, Text};

/// Longest query that is looked at, in characters.
const QUERY_MAX_CHARS: usize = 200;

/// Listings that hold every word of `query`, best first. An empty query finds all, in catalogue order.
#[must_use]
pub fn search<'a>(listings: &'a [Listing], query: &str) -> Vec<&'a Listing> {
    let words: Vec<String> =
        plain(&query.chars().take(QUERY_MAX_CHARS).collect::<String>()).split_whitespace().map(str::to_owned).collect();
    let mut found: Vec<(u32, &Listing)> = listings.iter().filter_map(|l| score(l, &words).map(|s| (s, l))).collect();
    // Stable: equal scores stay in catalogue order.
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, listing)| listing).collect()
}

/// Sum over the words of the most prominent place each occurs in; `None` when one is nowhere.
fn score(listing: &Listing, words: &[String]) -> Option<u32> {
    let places = [(4, name_text(listing)), (2, about_text(listing)), (1, column_text(listing))];
    words.iter().map(|word| places.iter().find(|(_, text)| text.contains(word)).map(|(weight, _)| weight)).sum()
}

fn name_text(listing: &Listing) -> String {
    plain(&format!("{} {} {}", listing.id, both(&listing.title), listing.keywords.join(" ")))
}

fn about_text(listing: &Listing) -> String {
    plain(&format!("{} {}", both(&listing.holder), both(&listing.description)))
}

fn column_text(listing: &Listing) -> String {
    let mut out = String::new();
    for table in &listing.tables {
        out += &format!("{} {} ", table.name, both(&table.title));
        for column in &table.columns {
            out += &format!("{} {} ", column.name, both(&column.title));
        }
    }
    plain(&out)
}

fn both(text: &Text) -> String {
    format!("{} {}", text.ja, text.en)
}

/// Lower case, with full-width letters, digits and spaces as their ASCII twins: people type both.
fn plain(text: &str) -> String {
    let ascii = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    };
    text.chars().map(ascii).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str) -> Vec<String> {
        search(&crate::load_with(None).unwrap(), query).into_iter().map(|l| l.id.clone()).collect()
    }

    #[test]
    fn words_are_found_in_both_languages_and_both_widths() {
        assert_eq!(found("介護"), ["kaigo"]);
        assert_eq!(found("Ｎｄｂ　claims"), ["ndb"]);
        assert_eq!(found("care level"), ["kaigo"]);
        assert!(found("nothing-like-this").is_empty());
    }

    #[test]
    fn an_empty_query_finds_everything() {
        assert_eq!(found(" "), ["ndb", "kaigo", "omop", "jpclins", "hs037"]);
    }
}
