//! Identities as text: two spellings of one number must become one token.

use crate::{LinkageError, protocol::VALUE_MAX_BYTES};

/// ASCII form of an identity: full-width letters and digits narrowed, every dash `-`, no spaces, upper case.
pub(crate) fn normal(text: &str) -> Result<String, LinkageError> {
    if text.len() > VALUE_MAX_BYTES {
        return Err(LinkageError::Request(format!("an identity is {VALUE_MAX_BYTES} bytes at most")));
    }
    let out: String = text.chars().filter(|c| !c.is_whitespace()).map(narrow).map(|c| c.to_ascii_uppercase()).collect();
    if out.is_empty() {
        return Err(LinkageError::Request("an identity is empty; leave such rows out".to_owned()));
    }
    Ok(out)
}

fn narrow(c: char) -> char {
    match c {
        // Hyphens, dashes, the minus and the two long-vowel marks that keyboards give instead of a hyphen.
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' | '\u{FF70}' | '\u{FF0D}' => '-',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn spellings_of_one_number_are_one() {
        let plain = normal("06130012-A12-345-01").unwrap();
        assert_eq!(normal("０６１３００１２－ａ１２－３４５－０１").unwrap(), plain);
        assert_eq!(normal(" 06130012 ‐ a12 ー 345 − 01\u{3000}").unwrap(), plain);
    }

    #[test]
    fn empty_and_endless_are_refused() {
        assert!(normal("\u{3000} ").is_err());
        assert!(normal(&"1".repeat(300)).is_err());
    }
}
