//! AuditEvents in the Bundle that they travel in.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use visiting_policies::{merkle::leaf_hash, record::Event, refusal::Refusal, sign};

use super::balp::audit_event;

/// A FHIR Bundle of AuditEvents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEvents)]
pub(crate) struct Bundle {
    /// `Bundle`.
    resource_type: &'static str,
    /// `collection`: it answers no FHIR search, and promises no server that could be asked for one of its resources.
    #[serde(rename = "type")]
    kind: &'static str,
    /// `self`, and `next` when there is more.
    link: Vec<Link>,
    /// The events in their order; absent when there are none, because FHIR has no empty lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entry: Vec<Entry>,
}

/// Where to read on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLink)]
struct Link {
    relation: &'static str,
    url: String,
}

/// One AuditEvent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
struct Entry {
    /// `urn:uuid:` and a name that follows from the leaf.
    full_url: String,
    /// The AuditEvent (FHIR R4).
    #[schema(value_type = Object)]
    resource: Value,
}

/// The events of these leaves; `next` is the index to go on from, when there is more.
pub(crate) fn bundle(from: u64, leaves: &[String], origin: &str, next: Option<u64>) -> Result<Bundle, Refusal> {
    let mut entry = Vec::with_capacity(leaves.len());
    for (index, leaf) in (from..).zip(leaves) {
        let event = Event::from_bytes(leaf.as_bytes())?;
        entry.push(Entry { full_url: full_url(leaf), resource: audit_event(index, leaf, &event, origin) });
    }
    let link = |relation, from: u64| Link { relation, url: format!("/v1/log/audit-events?from={from}") };
    let link = std::iter::once(link("self", from)).chain(next.map(|next| link("next", next))).collect();
    Ok(Bundle { resource_type: "Bundle", kind: "collection", link, entry })
}

/// A name for the resource that follows from the leaf alone: a UUID (version 8) of its hash.
fn full_url(leaf: &str) -> String {
    let mut bytes = leaf_hash(leaf.as_bytes());
    for (at, keep, set) in [(6, 0x0f, 0x80), (8, 0x3f, 0x80)] {
        if let Some(byte) = bytes.get_mut(at) {
            *byte = (*byte & keep) | set;
        }
    }
    let hex = sign::hex(&bytes);
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    format!("urn:uuid:{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}
