//! Identities as text: two spellings of one number must become one token.

use unicode_normalization::UnicodeNormalization;

use crate::{LinkageError, protocol::VALUE_MAX_BYTES};

/// Version of these rules, kept with the tokens that were made by them. 2: NFKC, and insured numbers of both forms (`:` and `-`) are
/// one. Numbers in ASCII have the same token as under version 1.
pub(crate) const NORMALISER: u32 = 2;

/// Parts of an insured number: insurer, symbol, number, branch.
const PARTS: usize = 4;
/// Digits of an insurer's number; those of 国民健康保険 have six and are padded in front.
const INSURER_DIGITS: usize = 8;
const BRANCH_DIGITS: usize = 2;

/// One form of an identity: compatibility forms (full-width digits, half-width kana) as their plain ones, every dash `-`, no spaces,
/// upper case.
pub(crate) fn normal(text: &str) -> Result<String, LinkageError> {
    if text.len() > VALUE_MAX_BYTES {
        return Err(LinkageError::Request(format!("an identity is {VALUE_MAX_BYTES} bytes at most")));
    }
    let out = plain(text);
    if out.is_empty() {
        return Err(LinkageError::Request("an identity is empty; leave such rows out".to_owned()));
    }
    Ok(out)
}

/// As [`normal`]; `insurer:symbol:number:branch` becomes the form with dashes, so that a number is one in every source. A missing
/// branch stays missing: it is not known to be `00`.
pub(crate) fn insured(text: &str) -> Result<String, LinkageError> {
    let normal = normal(text)?;
    Ok(match parts(&normal) {
        Some(parts) if parts.iter().all(|p| !p.contains('-')) => parts.join("-"),
        Some(parts) => parts.join(":"),
        None => normal,
    })
}

/// True when two texts are spellings of one insured number.
#[must_use]
pub fn same_insured(a: &str, b: &str) -> bool {
    matches!((insured(a), insured(b)), (Ok(a), Ok(b)) if a == b)
}

/// What an insured number looks like; nothing here refuses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsuredForm {
    /// `insurer:symbol:number:branch`, and the insurer's check digit is right.
    Sound,
    /// Of that form with a wrong check digit. Official examples have one, so it is no ground to refuse.
    WrongCheckDigit,
    /// Not of that form.
    Other,
}

/// Judges the form of `insurer:symbol:number:branch`, in any width.
#[must_use]
pub fn insured_form(text: &str) -> InsuredForm {
    if text.len() > VALUE_MAX_BYTES {
        return InsuredForm::Other;
    }
    let Some([insurer, _, number, branch]) = parts(&plain(text)) else { return InsuredForm::Other };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if insurer.len() != INSURER_DIGITS
        || !digits(&insurer)
        || number.is_empty()
        || !digits(&branch)
        || ![0, BRANCH_DIGITS].contains(&branch.len())
    {
        return InsuredForm::Other;
    }
    if check_digit(&insurer) { InsuredForm::Sound } else { InsuredForm::WrongCheckDigit }
}

fn plain(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).map(dash).map(|c| c.to_ascii_uppercase()).collect()
}

/// Hyphens, dashes, the minus and the long-vowel mark that keyboards give instead of a hyphen.
fn dash(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{30FC}' => '-',
        other => other,
    }
}

/// The parts of a plain number, insurer and branch filled up with zeros.
fn parts(plain: &str) -> Option<[String; PARTS]> {
    let mut split = plain.split(':');
    let (insurer, symbol, number, branch) = (split.next()?, split.next()?, split.next()?, split.next()?);
    if split.next().is_some() {
        return None;
    }
    let branch = if branch.is_empty() { String::new() } else { format!("{branch:0>BRANCH_DIGITS$}") };
    Some([format!("{insurer:0>INSURER_DIGITS$}"), symbol.to_owned(), number.to_owned(), branch])
}

/// From the right: weights 2, 1, 2, … over all but the last digit, digits of products added; the last digit makes it a multiple of ten.
fn check_digit(insurer: &str) -> bool {
    let mut digits = insurer.bytes().rev().map(|b| u32::from(b.wrapping_sub(b'0')));
    let last = digits.next();
    let weighted = digits.enumerate().map(|(at, digit)| if at % 2 == 0 { digit * 2 } else { digit });
    let sum: u32 = weighted.map(|product| product / 10 + product % 10).sum();
    last == Some((10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_number_are_one() {
        let plain = insured("06130012-A12-345-01").unwrap();
        assert_eq!(insured("０６１３００１２－ａ１２－３４５－０１").unwrap(), plain);
        assert_eq!(insured(" 06130012 ‐ a12 ー 345 − 01\u{3000}").unwrap(), plain);
        assert_eq!(insured("06130012:A12:345:01").unwrap(), plain);
        assert_eq!(insured("６１３００１２：Ａ１２：３４５：１").unwrap(), plain);
    }

    #[test]
    fn widths_and_a_missing_branch() {
        assert_eq!(insured("00012345::１８７:").unwrap(), insured("00012345::187:").unwrap());
        assert_ne!(insured("00012345::187:").unwrap(), insured("00012345::187:00").unwrap());
        assert_eq!(insured("00012345:ｱｲｶﾞ:187:05").unwrap(), insured("00012345:アイガ:１８７:05").unwrap());
        // A dash inside a part must not move into another one.
        assert_ne!(insured("00012345:a-1:87:05").unwrap(), insured("00012345:a:1-87:05").unwrap());
        assert_ne!(insured("kohi:12345678::1234567:").unwrap(), insured("12345678::1234567:").unwrap());
    }

    #[test]
    fn a_wrong_check_digit_is_seen_and_nothing_more() {
        assert_eq!(insured_form("33120015:A:1:01"), InsuredForm::Sound);
        assert_eq!(insured_form("00012344:あいう:１８７:05"), InsuredForm::Sound);
        assert_eq!(insured_form("00012345:あいう:１８７:05"), InsuredForm::WrongCheckDigit);
        for other in ["", "187", "00012345:1:2", "0001234x:1:2:03", "00012345:1::03", "00012345:1:2:x", "00012345:1:2:03:4"] {
            assert_eq!(insured_form(other), InsuredForm::Other, "{other}");
        }
    }

    #[test]
    fn empty_and_endless_are_refused() {
        assert!(normal("\u{3000} ").is_err());
        assert!(normal(&"1".repeat(300)).is_err());
        assert_eq!(insured_form(&"1".repeat(300)), InsuredForm::Other);
    }
}
