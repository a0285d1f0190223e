//! One thing that a stream sends: an event or a checkpoint, as a CloudEvent (1.0, structured JSON).
//!
//! The leaf travels as the exact text that was hashed; everything around it can be made again from it, and the client does so.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use visiting_policies::{record::Event, refusal::Refusal};

use super::filter::subject;

/// Version of CloudEvents.
const SPEC: &str = "1.0";

/// What the types of our events start with.
const KIND: &str = "jp.visiting.record.";

const JSON: &str = "application/json";

/// A CloudEvent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CloudEvent)]
pub(crate) struct Item {
    /// `1.0`.
    pub(crate) specversion: String,
    /// Index of the event, or `checkpoint-` and its size.
    pub(crate) id: String,
    /// Origin of the log.
    pub(crate) source: String,
    /// `jp.visiting.record.` and the kind of the event, or `checkpoint`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// When it happened, RFC 3339; a checkpoint has no time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) time: Option<String>,
    /// `application/json`.
    pub(crate) datacontenttype: String,
    /// The case: the most particular of application, permit and run that the event names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// The event or the checkpoint itself.
    pub(crate) data: Data,
}

/// What a CloudEvent of the record carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = CloudEventData)]
pub(crate) enum Data {
    /// An event.
    Record {
        /// Its index, counted from 0.
        index: u64,
        /// The exact leaf line.
        leaf: String,
    },
    /// A checkpoint over everything before it.
    Checkpoint {
        /// The signed note (C2SP tlog-checkpoint).
        checkpoint: String,
    },
}

impl Item {
    /// An event as an item.
    pub(crate) fn record(index: u64, leaf: &str, event: &Event, origin: &str) -> Self {
        Self {
            specversion: SPEC.to_owned(),
            id: index.to_string(),
            source: origin.to_owned(),
            kind: format!("{KIND}{}", event.act.kind()),
            time: Some(rfc3339(event.at_ms)),
            datacontenttype: JSON.to_owned(),
            subject: subject(&event.act),
            data: Data::Record { index, leaf: leaf.to_owned() },
        }
    }

    /// The item that a leaf line must have come in.
    ///
    /// # Errors
    /// When the line is no event.
    pub(crate) fn of_leaf(index: u64, leaf: &str, origin: &str) -> Result<Self, Refusal> {
        Ok(Self::record(index, leaf, &Event::from_bytes(leaf.as_bytes())?, origin))
    }

    /// A checkpoint of `size` events as an item.
    pub(crate) fn checkpoint(size: u64, note: &str, origin: &str) -> Self {
        Self {
            specversion: SPEC.to_owned(),
            id: format!("checkpoint-{size}"),
            source: origin.to_owned(),
            kind: format!("{KIND}checkpoint"),
            time: None,
            datacontenttype: JSON.to_owned(),
            subject: None,
            data: Data::Checkpoint { checkpoint: note.to_owned() },
        }
    }
}

/// A moment as RFC 3339 with milliseconds, UTC.
pub(crate) fn rfc3339(at_ms: u64) -> String {
    let moment = i64::try_from(at_ms).ok().and_then(DateTime::from_timestamp_millis).unwrap_or(DateTime::<Utc>::MAX_UTC);
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use visiting_policies::{
        record::{Act, Actor, VERSION},
        refusal::Code,
    };

    use super::*;

    #[test]
    fn moments_are_written_as_other_calendars_write_them() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_001, "2024-02-29T23:59:59.001Z"),
            (1_735_689_600_000, "2025-01-01T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(rfc3339(ms), text);
        }
        assert!(rfc3339(u64::MAX).ends_with('Z'));
    }

    #[test]
    fn an_event_is_wrapped_as_agreed() {
        let act = Act::Refused { tried: "GET /v1/log/events".into(), code: Code::NotLoggedIn };
        let event = Event { v: VERSION, at_ms: 1_709_251_199_001, by: Actor::Nobody, request: None, act };
        let leaf = String::from_utf8(event.to_bytes().unwrap()).unwrap();
        let text = serde_json::to_string(&Item::of_leaf(7, &leaf, "visiting.demo/log").unwrap()).unwrap();
        let head = r#"{"specversion":"1.0","id":"7","source":"visiting.demo/log","type":"jp.visiting.record.refused","#;
        let rest = r#""time":"2024-02-29T23:59:59.001Z","datacontenttype":"application/json","data":{"index":7,"leaf":""#;
        assert!(text.starts_with(&format!("{head}{rest}")), "{text}");
        let back: Item = serde_json::from_str(&text).unwrap();
        assert_eq!(back.data, Data::Record { index: 7, leaf });
    }
}
