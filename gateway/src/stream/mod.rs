//! アクセスログ・ストリーム: the record as it grows, for auditors and their tools. Read only: nothing here can write an event.
//!
//! [`feed`] is the way of one reader through the record; [`item`] what it sends; [`balp`] the same events as FHIR AuditEvents.

mod balp;
pub(crate) mod bundle;
mod codes;
pub(crate) mod feed;
pub(crate) mod filter;
pub(crate) mod item;
pub(crate) mod limits;
pub(crate) mod patience;
