//! Codes of one fixed form, such as `[0-9]{7}[A-Z][0-9]{4}`: a domain that is known to everyone without a list. Each place has its
//! own characters, so every code has a number and the numbers are in the order of the texts.

/// Most characters of a code: longer ones have no number in 64 bits anyway.
const PLACES_MAX: usize = 32;

/// The form of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The characters of each place, sorted, each once.
    places: Vec<Vec<u8>>,
}

impl Pattern {
    /// Reads `X`, `[XYZ]` and `[A-Z]`, each with `{n}` or without; a `-` that is meant stands first. `None` when it is no such text,
    /// or has more codes than 64 bits have numbers.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut rest, mut places) = (text, Vec::new());
        while let Some(first) = rest.chars().next() {
            let class = if first == '[' {
                let (inside, after) = rest.get(1..)?.split_once(']')?;
                rest = after;
                class(inside.as_bytes())?
            } else {
                rest = rest.get(first.len_utf8()..)?;
                (first.is_ascii_graphic() && !matches!(first, ']' | '{' | '}')).then(|| vec![first as u8])?
            };
            let mut times = 1;
            if let Some(counted) = rest.strip_prefix('{') {
                let (number, after) = counted.split_once('}')?;
                (times, rest) = (number.parse().ok().filter(|n| (1..=PLACES_MAX).contains(n))?, after);
            }
            places.extend(std::iter::repeat_n(class, times));
        }
        let pattern = Self { places };
        let countable = (1..=PLACES_MAX).contains(&pattern.places.len()) && pattern.checked_size().is_some();
        countable.then_some(pattern)
    }

    /// Number of codes.
    #[must_use]
    pub fn size(&self) -> i64 {
        self.checked_size().unwrap_or(i64::MAX)
    }

    fn checked_size(&self) -> Option<i64> {
        self.places.iter().try_fold(1i64, |all, class| all.checked_mul(i64::try_from(class.len()).ok()?))
    }

    /// Number of a code, from 0; `None` when it is not of this form.
    #[must_use]
    pub fn number(&self, code: &str) -> Option<i64> {
        let whole = code.len() == self.places.len();
        whole.then(|| self.span(code).map(|(number, _)| number))?
    }

    /// The code with this number; empty for a number that no code has.
    #[must_use]
    pub fn code(&self, number: i64) -> String {
        let (mut left, mut out) = (number, Vec::with_capacity(self.places.len()));
        for class in self.places.iter().rev() {
            let base = i64::try_from(class.len()).unwrap_or(1);
            let place = usize::try_from(left.rem_euclid(base)).unwrap_or(0);
            out.extend(class.get(place));
            left = left.div_euclid(base);
        }
        out.reverse();
        if left == 0 { String::from_utf8(out).unwrap_or_default() } else { String::new() }
    }

    /// Lowest and highest number of the codes that start with `head`; `None` when none does.
    #[must_use]
    pub fn span(&self, head: &str) -> Option<(i64, i64)> {
        let mut bytes = head.bytes();
        let (mut lowest, mut many) = (0i64, 1i64);
        for class in &self.places {
            let base = i64::try_from(class.len()).ok()?;
            match bytes.next() {
                Some(byte) => lowest = lowest * base + i64::try_from(class.binary_search(&byte).ok()?).ok()?,
                None => (lowest, many) = (lowest * base, many * base),
            }
        }
        bytes.next().is_none().then_some((lowest, lowest + many - 1))
    }
}

/// The characters between the brackets.
fn class(inside: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut at) = (Vec::new(), 0);
    while let Some(&from) = inside.get(at) {
        match (inside.get(at + 1), inside.get(at + 2)) {
            (Some(b'-'), Some(&to)) if from <= to => {
                out.extend(from..=to);
                at += 3;
            }
            (Some(b'-'), _) => return None,
            _ => {
                out.push(from);
                at += 1;
            }
        }
    }
    out.sort_unstable();
    out.dedup();
    let sound = !out.is_empty() && out.iter().all(u8::is_ascii_graphic);
    sound.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_numbers_are_one_to_one_and_in_one_order() {
        let icd = Pattern::parse("[-A-Z][-0-9]{2}").unwrap();
        assert_eq!(icd.size(), 27 * 11 * 11);
        let codes: Vec<String> = (0..icd.size()).map(|n| icd.code(n)).collect();
        assert!(codes.is_sorted() && codes.iter().enumerate().all(|(n, c)| icd.number(c) == Some(n as i64)));
        assert_eq!((icd.number("---"), icd.code(0).as_str()), (Some(0), "---"));
        assert!(["E1", "E111", "e11", "Eああ", ""].iter().all(|bad| icd.number(bad).is_none()));
        let (low, high) = icd.span("E1").unwrap();
        assert_eq!((icd.code(low), icd.code(high)), ("E1-".to_owned(), "E19".to_owned()));
        assert_eq!(icd.span(""), Some((0, icd.size() - 1)));
        assert!(icd.span("E111").is_none() && icd.span("1").is_none());
    }

    #[test]
    fn a_long_code_has_a_number_and_too_long_a_form_is_none() {
        let jlac = Pattern::parse("[-0-9][-A-Z][-0-9]{15}").unwrap();
        let code = "3D046000001906202";
        assert_eq!(jlac.number(code).map(|n| jlac.code(n)).as_deref(), Some(code));
        for bad in ["[A-Z]{14}", "", "[", "[]", "[Z-A]", "A{0}", "A{99}", "[あ]", "{3}", "A{", "[A-]x-"] {
            assert!(Pattern::parse(bad).is_none(), "{bad}");
        }
    }
}
