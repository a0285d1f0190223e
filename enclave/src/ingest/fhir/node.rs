//! One JSON document in memory. Borrowed from its bytes where possible; unlike `serde_json::Value` it refuses an object that names a
//! key twice: two readers of such a document could see two different people.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node<'a> {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Whole(i64),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Node<'a>>),
    /// An object, in its order.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Reads one document; why not, where it is none. Reasons hold a place, never a value.
    pub(crate) fn read(text: &'a str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|e| reason(&e))
    }

    /// A member of an object.
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        match self {
            Self::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, value)| value),
            _ => None,
        }
    }

    /// A member that is text.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Node::as_text)
    }

    /// The text of a text.
    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The items of a list.
    pub(crate) fn items(&self) -> Option<&[Node<'a>]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// A value as text; `None` for lists and objects. Numbers are written out in full.
    pub(crate) fn scalar(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Whole(number) => Some(Cow::Owned(number.to_string())),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Bool(value) => Some(Cow::Borrowed(if *value { "true" } else { "false" })),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }
}

/// What is wrong with a text that is no document.
pub(crate) fn reason(error: &serde_json::Error) -> String {
    // The parser's messages are looked at, not passed on: some of them quote.
    let said = error.to_string();
    if said.starts_with("recursion limit") {
        return "nested deeper than 128 levels".to_owned();
    }
    if said.starts_with("number out of range") {
        return "a number too large".to_owned();
    }
    if said.starts_with(TWICE) || said.starts_with("duplicate field") {
        return format!("{TWICE} (line {}, column {})", error.line(), error.column());
    }
    let what = if error.is_eof() { "the JSON ends too early" } else { "not JSON" };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

const TWICE: &str = "an object names a key twice";

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'de>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'de>, E> {
        Ok(Node::Whole(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "beyond 63 bits a number is only told to be too large")]
    fn visit_u64<E>(self, value: u64) -> Result<Node<'de>, E> {
        Ok(i64::try_from(value).map_or(Node::Number(value as f64), Node::Whole))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        Ok(Node::Number(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node<'de>, A::Error> {
        let mut out = Vec::new();
        while let Some(item) = items.next_element()? {
            out.push(item);
        }
        Ok(Node::List(out))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node<'de>, A::Error> {
        let mut out: Vec<(Cow<'de, str>, Node<'de>)> = Vec::new();
        while let Some(Key(key)) = members.next_key::<Key<'de>>()? {
            // Objects of FHIR have a dozen members; a hostile one is sorted instead of compared pair by pair.
            if out.len() < FEW && out.iter().any(|(other, _)| *other == key) {
                return Err(A::Error::custom(TWICE));
            }
            out.push((key, members.next_value()?));
        }
        if out.len() > FEW {
            let mut keys: Vec<&str> = out.iter().map(|(key, _)| &**key).collect();
            keys.sort_unstable();
            if keys.windows(2).any(|pair| pair.first() == pair.last()) {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Node::Object(out))
    }
}

/// Members that are compared pair by pair.
const FEW: usize = 64;

/// A key, borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_text() {
        let node = Node::read(r#"{"a":3.90,"b":[1,"x\n"],"c":null,"d":123456789012345678901234}"#).unwrap();
        assert_eq!(node.get("a").and_then(Node::scalar).as_deref(), Some("3.9"));
        assert_eq!(node.get("b").and_then(Node::items).map(<[Node<'_>]>::len), Some(2));
        assert_eq!(node.get("d").and_then(Node::scalar).map(|t| t.len()), Some(24));
        assert!(node.get("c").and_then(Node::scalar).is_none() && node.get("e").is_none());
    }

    #[test]
    fn what_is_no_document_says_so_without_a_value() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        let twice: String = (0..100).map(|n| format!("\"k{n}\":0,")).collect();
        for (bad, expected) in [
            (r#"{"secret":1,"secret":2}"#, "names a key twice"),
            (&format!("{{{twice}\"k7\":1}}"), "names a key twice"),
            (&deep, "deeper than 128"),
            ("1e999", "number too large"),
            (r#"{"system": $jlac10_cs}"#, "not JSON (line 1, column 12)"),
            (r#"{"a":"secret"#, "ends too early"),
            ("", "ends too early"),
        ] {
            let reason = Node::read(bad).unwrap_err();
            assert!(reason.contains(expected) && !reason.contains("secret"), "{reason}");
        }
    }
}
