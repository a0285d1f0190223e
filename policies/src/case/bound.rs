//! What people of a permit bind to it under a name, for good, in the fold: guests (利用者プログラム) and code lists (コード表). Who may,
//! under which name, and which a run can name.
//!
//! The law does not know the product's public code masters: a later version may bring one of a name that a permit has taken, and the
//! record must stay lawful. The gateway refuses their names at the door; where both exist, the permit's own list is meant.

use std::collections::BTreeMap;

use super::{Cases, PermitCase, person};
use crate::{
    disclosure::limits,
    record::{Act, Event},
    refusal::{Code, Refusal},
    sign,
    terms::{PermitId, PersonId},
};

/// What can be bound. Names of one kind say nothing about the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    /// A guest (利用者プログラム).
    Guest,
    /// A code list (コード表).
    Codes,
}

/// What is bound to a permit. A binding stands: it is never changed and never taken back.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Bound {
    /// Of which kind.
    pub kind: Kind,
    /// What it is called in SQL.
    pub name: String,
    /// Digest: of a guest over manifest and module, of a code list of its file.
    pub digest: String,
    /// Who bound it.
    pub by: PersonId,
    /// Index of its event: only runs asked for after it can name it.
    pub index: u64,
}

impl Kind {
    /// What it is called in sentences.
    #[must_use]
    pub fn word(self) -> &'static str {
        if self == Self::Guest { "guest" } else { "code list" }
    }

    /// The act that binds one.
    #[must_use]
    pub fn act(self, permit: PermitId, digest: String, name: String) -> Act {
        match self {
            Self::Guest => Act::GuestBound { permit, guest: digest, name },
            Self::Codes => Act::CodesBound { permit, codes: digest, name },
        }
    }

    /// Only what is said of code lists is written in Japanese, too.
    fn refusal(self, code: Code, detail: String, ja: String) -> Refusal {
        Refusal { ja: (self == Self::Codes).then_some(ja), ..Refusal::new(code, detail) }
    }
}

impl PermitCase {
    /// What of this kind is bound to it, oldest first.
    pub fn bound(&self, kind: Kind) -> impl Iterator<Item = &Bound> {
        self.bound.iter().filter(move |bound| bound.kind == kind)
    }
}

impl Cases {
    pub(super) fn bind(&mut self, event: &Event, kind: Kind, permit: &PermitId, digest: &str, name: &str) -> Result<(), Refusal> {
        let (by, index) = (person(event)?.clone(), self.size);
        self.may_bind(kind, permit, &by, name, event.at_ms)?;
        if !sign::is_digest(digest) {
            let bytes = if kind == Kind::Guest { "over its manifest and module" } else { "of its file" };
            return Err(Refusal::new(Code::Malformed, format!("a {} is named by the digest {bytes}", kind.word())));
        }
        if let Some(case) = self.permits.get_mut(permit) {
            case.bound.push(Bound { kind, name: name.to_owned(), digest: digest.to_owned(), by, index });
        }
        Ok(())
    }

    /// Whether this person may bind something of this kind under this name now.
    ///
    /// # Errors
    /// As [`Cases::open_permit`]; [`Code::Malformed`] for a name that is none, [`Code::WrongState`] for one that is taken,
    /// [`Code::TooLarge`] when the permit has as many as it may.
    pub fn may_bind(&self, kind: Kind, permit: &PermitId, person: &PersonId, name: &str, at_ms: u64) -> Result<(), Refusal> {
        let (case, word) = (self.open_permit(permit, person, at_ms)?, kind.word());
        if !is_bound_name(name) {
            let max = limits::BOUND_NAME_MAX_BYTES;
            let detail = format!("a {word}'s name is a letter a-z and then a-z, 0-9 or _, {max} in all");
            let ja = format!("コード表の名前は、英小文字で始まる英小文字・数字・_ の {max} 文字以内です");
            return Err(kind.refusal(Code::Malformed, detail, ja));
        }
        if case.bound(kind).any(|b| b.name == name) {
            // A guest says its name itself.
            let place = if kind == Kind::Guest { " in the manifest" } else { "" };
            let detail = format!("this permit has a {word} of that name, and a binding stands; choose another name{place}");
            let ja = "この許可には同じ名前のコード表があり、結び付けは変えられません。別の名前にしてください".to_owned();
            return Err(kind.refusal(Code::WrongState, detail, ja));
        }
        let max = if kind == Kind::Guest { limits::GUESTS_MAX } else { limits::CODES_MAX };
        if case.bound(kind).count() >= max {
            let detail = format!("a permit has {max} {word}s at most");
            let ja = format!("1 つの許可に結び付けられるコード表は {max} 個までです");
            return Err(kind.refusal(Code::TooLarge, detail, ja));
        }
        Ok(())
    }

    /// The guests that a run or trial can name, and their digests: bound to its permit before it was asked for by the event `index`.
    #[must_use]
    pub fn guests_of(&self, permit: &PermitId, index: u64) -> BTreeMap<&str, &str> {
        self.bound_before(Kind::Guest, permit, index)
    }

    /// The code lists that it can name, as for guests.
    #[must_use]
    pub fn codes_of(&self, permit: &PermitId, index: u64) -> BTreeMap<&str, &str> {
        self.bound_before(Kind::Codes, permit, index)
    }

    fn bound_before(&self, kind: Kind, permit: &PermitId, index: u64) -> BTreeMap<&str, &str> {
        let bound = self.permits.get(permit).into_iter().flat_map(move |case| case.bound(kind));
        bound.filter(|b| b.index < index).map(|b| (b.name.as_str(), b.digest.as_str())).collect()
    }
}

/// True for what can stand behind `guest.` or `codes.` in SQL without quotes, and for a column of a code list.
#[must_use]
pub fn is_bound_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.len() <= limits::BOUND_NAME_MAX_BYTES && name.bytes().all(plain)
}
