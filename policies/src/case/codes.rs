//! Code lists (コード表) in the fold: who may bind one, under which name, and which a run can name.
//!
//! The law does not know the product's public code masters: a later version may bring one of a name that a permit has taken, and the
//! record must stay lawful. The gateway refuses their names at the door; where both exist, the permit's own list is meant.

use std::collections::BTreeMap;

use super::{Cases, person};
use crate::{
    disclosure::limits,
    record::Event,
    refusal::{Code, Refusal},
    sign,
    terms::{PermitId, PersonId},
};

/// A code list (コード表) bound to a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundCodes {
    /// Digest of the file.
    pub codes: String,
    /// Who bound it.
    pub by: PersonId,
    /// Index of its event: only runs asked for after it can name it.
    pub index: u64,
}

impl Cases {
    pub(super) fn bind_codes(&mut self, event: &Event, permit: &PermitId, codes: &str, name: &str) -> Result<(), Refusal> {
        let (by, index) = (person(event)?.clone(), self.size);
        self.may_bind_codes(permit, &by, name, event.at_ms)?;
        if !sign::is_digest(codes) {
            return Err(Refusal::new(Code::Malformed, "a code list is named by the digest of its file"));
        }
        if let Some(case) = self.permits.get_mut(permit) {
            case.codes.insert(name.to_owned(), BoundCodes { codes: codes.to_owned(), by, index });
        }
        Ok(())
    }

    /// Whether this person may bind a code list under this name now.
    ///
    /// # Errors
    /// As [`Cases::open_permit`]; [`Code::Malformed`] for a name that is none, [`Code::WrongState`] for one that is taken,
    /// [`Code::TooLarge`] when the permit has as many lists as it may.
    pub fn may_bind_codes(&self, permit: &PermitId, person: &PersonId, name: &str, at_ms: u64) -> Result<(), Refusal> {
        let case = self.open_permit(permit, person, at_ms)?;
        if !is_codes_name(name) {
            let max = limits::CODES_NAME_MAX_BYTES;
            return Err(Refusal::new(Code::Malformed, format!("a code list's name is a letter a-z and then a-z, 0-9 or _, {max} in all"))
                .ja(format!("コード表の名前は、英小文字で始まる英小文字・数字・_ の {max} 文字以内です")));
        }
        if case.codes.contains_key(name) {
            return Err(Refusal::new(
                Code::WrongState,
                "this permit has a code list of that name, and a binding stands; choose another name",
            )
            .ja("この許可には同じ名前のコード表があり、結び付けは変えられません。別の名前にしてください"));
        }
        if case.codes.len() >= limits::CODES_MAX {
            let max = limits::CODES_MAX;
            return Err(Refusal::new(Code::TooLarge, format!("a permit has {max} code lists at most"))
                .ja(format!("1 つの許可に結び付けられるコード表は {max} 個までです")));
        }
        Ok(())
    }

    /// The code lists that a run or trial can name: bound to its permit before it was asked for by the event `index`.
    #[must_use]
    pub fn codes_of(&self, permit: &PermitId, index: u64) -> BTreeMap<&str, &BoundCodes> {
        let bound = self.permits.get(permit).into_iter().flat_map(|case| &case.codes);
        bound.filter(|(_, codes)| codes.index < index).map(|(name, codes)| (name.as_str(), codes)).collect()
    }
}

/// True for what can stand behind `codes.` in SQL without quotes, and for a column of a code list.
#[must_use]
pub fn is_codes_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= limits::CODES_NAME_MAX_BYTES && name.bytes().all(plain)
}
