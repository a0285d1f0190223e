//! What researchers' own programs (guests) are written against: the facts of the boundary, and helpers for reading packed text.
//!
//! The facts hold for both sides: the enclave packs with [`pack`] what a guest reads with [`Text`]. `ABI.md` beside this crate is
//! the same in words, for every language. Nothing here needs a memory or can panic, so that what is built with it stays in the
//! pure form, the fastest.
#![no_std]

/// Version of the boundary. A manifest names the version that its module was written for.
pub const ABI: u32 = 2;

/// Versions that are taken, each with its own meaning.
pub const TAKEN: &[u32] = &[1, 2];

/// The exports of the person form: called for each row of a person, once after the last, and once for each value of the result.
pub const PERSON_EXPORTS: [&str; 3] = ["row", "finish", "get"];

/// Longest text that an argument can carry, in bytes of UTF-8: two 64-bit words.
pub const TEXT_BYTES_MAX: usize = 16;

/// What a parameter of a guest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number: one `i64`.
    Int,
    /// A decimal: one `f64`, the nearest to the exact value. Never NaN, never infinite, never -0.0.
    Decimal,
    /// A code or other short text: two `i64`, see [`Text`].
    Text,
}

/// One WebAssembly parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// `i64`
    I64,
    /// `f64`
    F64,
}

impl Kind {
    /// The WebAssembly parameters that stand for one parameter of this kind, in order.
    #[must_use]
    pub const fn slots(self) -> &'static [Slot] {
        match self {
            Self::Int => &[Slot::I64],
            Self::Decimal => &[Slot::F64],
            Self::Text => &[Slot::I64, Slot::I64],
        }
    }
}

/// Text as two words: bytes 0-7 in the first, 8-15 in the second, byte 0 in the highest place, the rest zero. Written in
/// hexadecimal a word reads like the text, and unsigned comparison of the pair is comparison of the bytes.
/// `None` where the text is longer than [`TEXT_BYTES_MAX`] or has a zero byte: the row's result is then NULL without a call.
#[must_use]
pub const fn pack(text: &[u8]) -> Option<(i64, i64)> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let (mut words, mut rest, mut place) = (0_u128, text, 128_u32);
    while let Some((byte, more)) = rest.split_first() {
        if *byte == 0 {
            return None;
        }
        place -= 8;
        words |= (*byte as u128) << place;
        rest = more;
    }
    Some(((words >> 64) as u64 as i64, words as u64 as i64))
}

/// In the person form, whether an argument of `row` has a value; arguments are counted as in the manifest, from 0.
#[must_use]
pub const fn has(present: u32, argument: u32) -> bool {
    argument < 32 && present >> argument & 1 == 1
}

/// A text argument as a guest sees it.
///
/// ```
/// use visiting_sdk::Text;
/// let (first, second) = visiting_sdk::pack(b"E11").unwrap();
/// let code = Text::new(first, second);
/// assert!(code.is(const { Text::of("E11") }) && code.starts_with(const { Text::of("E1") }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(u128);

impl Text {
    /// From the two words of an argument.
    #[must_use]
    pub const fn new(first: i64, second: i64) -> Self {
        Self(((first as u64 as u128) << 64) | second as u64 as u128)
    }

    /// A literal, meant for `const { Text::of("E11") }`: there, text that cannot be packed does not compile.
    ///
    /// # Panics
    /// When the text is longer than [`TEXT_BYTES_MAX`] or has a zero byte.
    #[must_use]
    #[expect(clippy::panic, reason = "runs at compile time, where a panic is a message of the compiler")]
    pub const fn of(text: &str) -> Self {
        match pack(text.as_bytes()) {
            Some((first, second)) => Self::new(first, second),
            None => panic!("a text of more than 16 bytes, or with a zero byte, cannot be an argument"),
        }
    }

    /// An argument of the person form: `None` where bit `argument` of `present` is not set.
    #[must_use]
    pub const fn given(present: u32, argument: u32, first: i64, second: i64) -> Option<Self> {
        if has(present, argument) { Some(Self::new(first, second)) } else { None }
    }

    /// True for the same text.
    #[must_use]
    pub const fn is(self, other: Self) -> bool {
        self.0 == other.0
    }

    /// Number of bytes.
    #[must_use]
    pub const fn len(self) -> u32 {
        (128 - self.0.trailing_zeros()).div_ceil(8)
    }

    /// True for the empty text.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when this text begins with the other.
    #[must_use]
    pub const fn starts_with(self, other: Self) -> bool {
        // The bytes beyond the prefix are shifted out; a shift by the whole width would be an overflow.
        let beyond = 128 - 8 * other.len();
        match self.0.checked_shr(beyond) {
            Some(head) => head == other.0 >> beyond,
            None => true,
        }
    }

    /// The byte at a place, 0 beyond the end.
    #[must_use]
    pub const fn byte(self, place: u32) -> u8 {
        if place >= 16 { 0 } else { (self.0 >> (120 - 8 * place)) as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(of: &str) -> Text {
        let (first, second) = pack(of.as_bytes()).unwrap();
        Text::new(first, second)
    }

    #[test]
    fn a_word_reads_like_the_text() {
        assert_eq!(pack(b"E11"), Some((0x4531_3100_0000_0000, 0)));
        assert_eq!(pack(b"12345678AB"), Some((0x3132_3334_3536_3738, 0x4142_0000_0000_0000)));
        assert_eq!(pack(b""), Some((0, 0)));
        assert_eq!(pack(&[b'x'; 17]), None);
        assert_eq!(pack(b"a\0b"), None);
    }

    #[test]
    fn an_argument_of_the_person_form_may_be_missing() {
        assert!(has(0b10, 1) && !has(0b10, 0) && !has(u32::MAX, 32));
        assert_eq!((Text::given(1, 0, 5, 6), Text::given(2, 0, 5, 6)), (Some(Text::new(5, 6)), None));
    }

    #[test]
    fn text_is_read_back() {
        for (whole, length) in [("", 0), ("E", 1), ("E119", 4), ("0123456789abcdef", 16), ("\u{85ac}", 3)] {
            assert_eq!(text(whole).len(), length, "{whole}");
            assert_eq!(text(whole).is_empty(), whole.is_empty());
            for end in (0..=whole.len()).filter(|i| whole.is_char_boundary(*i)) {
                assert!(text(whole).starts_with(text(&whole[..end])), "{whole} {end}");
            }
            for (place, byte) in whole.bytes().enumerate() {
                assert_eq!(text(whole).byte(place as u32), byte);
            }
        }
        assert!(!text("E11").starts_with(text("E12")) && !text("E1").starts_with(text("E11")));
        assert!(text("E11") < text("E12") && text("E1") < text("E11") && text("\u{85ac}") > text("z"));
    }
}
