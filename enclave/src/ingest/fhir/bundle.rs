//! One Bundle (or one resource on its own) with what its references lead to.

use std::collections::HashMap;

use super::node::Node;

/// A resource of the Bundle, by its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'n> {
    /// Place in `Bundle.entry`, from 0; `None` for a resource on its own.
    pub(crate) place: Option<usize>,
    /// `Bundle.entry.fullUrl`.
    pub(crate) url: Option<&'n str>,
    /// The resource.
    pub(crate) resource: &'n Node<'n>,
}

/// Resources that can refer to each other.
#[derive(Debug, Default)]
pub(crate) struct Bundle<'n> {
    /// In their order.
    pub(crate) entries: Vec<Entry<'n>>,
    /// By `fullUrl`, and by `Type/id`; `None` where several resources have the name.
    names: HashMap<String, Option<&'n Node<'n>>>,
    /// Patients that came on their own, for resources that came on their own.
    pool: Option<&'n Bundle<'n>>,
}

impl<'n> Bundle<'n> {
    /// With these entries.
    pub(crate) fn new(entries: Vec<Entry<'n>>) -> Self {
        let mut names: HashMap<String, Option<&'n Node<'n>>> = HashMap::new();
        let mut name = |name: String, resource: &'n Node<'n>| {
            names.entry(name).and_modify(|known| *known = known.filter(|k| std::ptr::eq(*k, resource))).or_insert(Some(resource));
        };
        for entry in &entries {
            if let Some(url) = entry.url {
                name(url.to_owned(), entry.resource);
            }
            if let (Some(kind), Some(id)) = (entry.resource.text_of("resourceType"), entry.resource.text_of("id")) {
                name(format!("{kind}/{id}"), entry.resource);
            }
        }
        Self { entries, names, pool: None }
    }

    /// The same, with a pool where references may lead to.
    pub(crate) fn beside(self, pool: &'n Bundle<'n>) -> Self {
        Self { pool: Some(pool), ..self }
    }

    /// Its first resource of a type.
    pub(crate) fn first(&self, kind: &str) -> Option<&'n Node<'n>> {
        self.entries.iter().map(|e| e.resource).find(|r| r.text_of("resourceType") == Some(kind))
    }

    /// Where a `Reference` leads: to a contained resource of `owner` (`#id`), or to an entry (`urn:uuid:…`, `Patient/1`, an absolute
    /// URL). A name that two resources have leads nowhere.
    pub(crate) fn follow(&self, reference: &Node<'_>, owner: &'n Node<'n>) -> Option<&'n Node<'n>> {
        let text = reference.text_of("reference")?;
        if let Some(id) = text.strip_prefix('#') {
            let mut same = owner.get("contained")?.items()?.iter().filter(|c| c.text_of("id") == Some(id));
            return same.next().filter(|_| same.next().is_none());
        }
        // A version (`/_history/2`) is not part of the name.
        let text = text.split("/_history/").next().unwrap_or(text);
        if let Some(known) = self.names.get(text) {
            return *known;
        }
        if let Some(known) = self.pool.and_then(|pool| pool.names.get(text)) {
            return *known;
        }
        // `https://server/fhir/Patient/1` where the entries have no `fullUrl`, and `Patient/1` where they have.
        let mut tail = text.rsplit('/');
        let (id, kind) = (tail.next()?, tail.next()?);
        self.names.get(&format!("{kind}/{id}")).copied().flatten()
    }
}
