//! Paths of the mapping: element names joined by `.`; `[]` for a list, `[name]` for its items of one system (or extension URL), `->` to
//! follow a reference, `@Type` for the Bundle's resource of that type. Deliberately less than FHIRPath: nothing is computed.

use std::collections::BTreeMap;

use super::{bundle::Bundle, limits::HOPS_MAX, node::Node};

/// URIs by the mapping's names for them.
pub(crate) type Systems = BTreeMap<String, Vec<String>>;

/// A path, read once.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    text: String,
    /// Where it starts, when that is not the resource itself.
    root: Option<String>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    element: String,
    items: Items,
    follow: bool,
}

#[derive(Debug, Clone)]
enum Items {
    /// Not a list.
    One,
    /// Every item.
    All,
    /// Those of one of these systems.
    Of(Vec<Uri>),
}

/// A URI, or the beginning of many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Uri {
    /// Exactly this.
    Is(String),
    /// Everything that starts so.
    Starts(String),
}

impl Uri {
    /// Reads `http://…` and `http://…*`.
    pub(crate) fn new(text: &str) -> Self {
        text.strip_suffix('*').map_or_else(|| Self::Is(text.to_owned()), |head| Self::Starts(head.to_owned()))
    }

    /// What follows the known beginning; `None` for another URI.
    pub(crate) fn rest<'u>(&self, uri: &'u str) -> Option<&'u str> {
        match self {
            Self::Is(known) => (known == uri).then_some(""),
            Self::Starts(head) => uri.strip_prefix(head.as_str()),
        }
    }
}

/// What a path gives: the resource is of another shape than FHIR's. The reason names the element, which the mapping does too.
pub(crate) type Shape = String;

impl Path {
    /// Reads a path.
    pub(crate) fn read(text: &str, systems: &Systems) -> Result<Self, String> {
        let (root, rest) = match text.strip_prefix('@') {
            Some(rooted) => rooted.split_once('.').map(|(root, rest)| (Some(root.to_owned()), rest)).ok_or("`@Type` needs an element")?,
            None => (None, text),
        };
        let mut steps = Vec::new();
        for hop in rest.split("->") {
            for part in hop.split('.') {
                steps.push(step(part, systems).map_err(|fault| format!("path `{text}`: {fault}"))?);
            }
            if let Some(last) = steps.last_mut() {
                last.follow = true;
            }
        }
        if let Some(last) = steps.last_mut() {
            last.follow = false;
        }
        if steps.iter().filter(|s| s.follow).count() > HOPS_MAX {
            return Err(format!("path `{text}`: more than {HOPS_MAX} references"));
        }
        Ok(Self { text: text.to_owned(), root, steps })
    }

    /// Everything there, in its order. An element that is not there gives nothing.
    pub(crate) fn find<'n>(&self, resource: &'n Node<'n>, bundle: &Bundle<'n>) -> Result<Vec<&'n Node<'n>>, Shape> {
        let start = match &self.root {
            None => Some(resource),
            Some(root) => bundle.first(root),
        };
        let mut out = Vec::new();
        if let Some(start) = start {
            self.walk(&self.steps, start, start, bundle, &mut out)?;
        }
        Ok(out)
    }

    /// `owner` is the resource that `at` stands in: contained resources are its own.
    fn walk<'n>(
        &self,
        steps: &[Step],
        at: &'n Node<'n>,
        owner: &'n Node<'n>,
        bundle: &Bundle<'n>,
        out: &mut Vec<&'n Node<'n>>,
    ) -> Result<(), Shape> {
        let Some((step, rest)) = steps.split_first() else {
            out.push(at);
            return Ok(());
        };
        if !matches!(at, Node::Object(_)) {
            return Err(format!("`{}`: an object is expected before `{}`", self.text, step.element));
        }
        let Some(found) = at.get(&step.element) else { return Ok(()) };
        let mut next = |item: &'n Node<'n>| {
            if step.follow {
                return match bundle.follow(item, owner) {
                    Some(target) => self.walk(rest, target, target, bundle, out),
                    None => Ok(()),
                };
            }
            self.walk(rest, item, owner, bundle, out)
        };
        match (&step.items, found) {
            (Items::One, Node::List(_)) => Err(format!("`{}`: `{}` is a list, which FHIR does not have there", self.text, step.element)),
            (Items::One, item) => next(item),
            (Items::All, Node::List(items)) => items.iter().try_for_each(next),
            (Items::Of(systems), Node::List(items)) => items.iter().filter(|item| is_of(item, systems)).try_for_each(next),
            _ => Err(format!("`{}`: `{}` is not a list, as FHIR has it", self.text, step.element)),
        }
    }
}

fn step(part: &str, systems: &Systems) -> Result<Step, String> {
    let (element, items) = match part.split_once('[') {
        None => (part, Items::One),
        Some((element, "]")) => (element, Items::All),
        Some((element, filter)) => {
            let name = filter.strip_suffix(']').ok_or("a `[` without its `]`")?;
            let uris = systems.get(name).ok_or_else(|| format!("`[{name}]` is not under [systems]"))?;
            (element, Items::Of(uris.iter().map(|u| Uri::new(u)).collect()))
        }
    };
    let legal = !element.is_empty() && element.bytes().all(|b| b.is_ascii_alphanumeric());
    if legal { Ok(Step { element: element.to_owned(), items, follow: false }) } else { Err("not an element name".to_owned()) }
}

fn is_of(item: &Node<'_>, systems: &[Uri]) -> bool {
    let uri = item.text_of("system").or_else(|| item.text_of("url"));
    uri.is_some_and(|uri| systems.iter().any(|known| known.rest(uri).is_some()))
}
