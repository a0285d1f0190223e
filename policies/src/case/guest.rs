//! Guests (利用者プログラム) in the fold: who may bind one, under which name, and which a run can name.

use std::collections::BTreeMap;

use super::{Cases, person};
use crate::{
    disclosure::limits,
    record::Event,
    refusal::{Code, Refusal},
    sign,
    terms::{PermitId, PersonId},
};

/// A guest (利用者プログラム) bound to a permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundGuest {
    /// Digest over manifest and module.
    pub guest: String,
    /// Who bound it.
    pub by: PersonId,
    /// Index of its event: only runs asked for after it can name it.
    pub index: u64,
}

impl Cases {
    pub(super) fn bind_guest(&mut self, event: &Event, permit: &PermitId, guest: &str, name: &str) -> Result<(), Refusal> {
        let (by, index) = (person(event)?.clone(), self.size);
        self.may_bind(permit, &by, name, event.at_ms)?;
        if !sign::is_digest(guest) {
            return Err(Refusal::new(Code::Malformed, "a guest is named by the digest over its manifest and module"));
        }
        if let Some(case) = self.permits.get_mut(permit) {
            case.guests.insert(name.to_owned(), BoundGuest { guest: guest.to_owned(), by, index });
        }
        Ok(())
    }

    /// Whether this person may bind a guest under this name now.
    ///
    /// # Errors
    /// As [`Cases::open_permit`]; [`Code::Malformed`] for a name that is none, [`Code::WrongState`] for one that is taken,
    /// [`Code::TooLarge`] when the permit has as many guests as it may.
    pub fn may_bind(&self, permit: &PermitId, person: &PersonId, name: &str, at_ms: u64) -> Result<(), Refusal> {
        let case = self.open_permit(permit, person, at_ms)?;
        if !is_guest_name(name) {
            let max = limits::GUEST_NAME_MAX_BYTES;
            return Err(Refusal::new(Code::Malformed, format!("a guest's name is a letter a-z and then a-z, 0-9 or _, {max} in all")));
        }
        if case.guests.contains_key(name) {
            let detail = "this permit has a guest of that name, and a binding stands; choose another name in the manifest";
            return Err(Refusal::new(Code::WrongState, detail));
        }
        if case.guests.len() >= limits::GUESTS_MAX {
            return Err(Refusal::new(Code::TooLarge, format!("a permit has {} guests at most", limits::GUESTS_MAX)));
        }
        Ok(())
    }

    /// The guests that a run or trial can name: bound to its permit before it was asked for by the event `index`.
    #[must_use]
    pub fn guests_of(&self, permit: &PermitId, index: u64) -> BTreeMap<&str, &BoundGuest> {
        let bound = self.permits.get(permit).into_iter().flat_map(|case| &case.guests);
        bound.filter(|(_, guest)| guest.index < index).map(|(name, guest)| (name.as_str(), guest)).collect()
    }
}

/// True for what can stand behind `guest.` in SQL without quotes.
#[must_use]
pub fn is_guest_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= limits::GUEST_NAME_MAX_BYTES && name.bytes().all(plain)
}
