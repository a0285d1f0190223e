//! Who a row is about: identity -> token (linkage unit) -> ordinal (vault). Identities stay in memory, and only for a while.

use std::collections::HashMap;

use visiting_linkage::Client;
use visiting_policies::disclosure::Site;

use super::IngestError;
use crate::vault::Ordinals;

/// Most identities remembered: about 100 MB; beyond, the memory is emptied and asked for anew.
const REMEMBERED_MAX: usize = 1_000_000;
/// Longest identity, in bytes: the linkage unit's limit.
pub(crate) const IDENTITY_MAX_BYTES: usize = 256;

/// Resolves identities, facilities and households, batch by batch.
#[derive(Debug)]
pub(crate) struct People<'a> {
    pub(crate) client: &'a mut Client,
    pub(crate) ordinals: &'a mut Ordinals,
    pub(crate) listing: &'a str,
    people: HashMap<(String, String), u32>,
    sites: HashMap<(Site, String, String), u32>,
}

impl<'a> People<'a> {
    /// Nobody known yet.
    pub(crate) fn new(client: &'a mut Client, ordinals: &'a mut Ordinals, listing: &'a str) -> Self {
        Self { client, ordinals, listing, people: HashMap::new(), sites: HashMap::new() }
    }

    /// Ordinals of identities of one kind, in their order.
    pub(crate) fn people(&mut self, kind: &str, identities: &[&str]) -> Result<Vec<u32>, IngestError> {
        let key = |identity: &str| (kind.to_owned(), identity.to_owned());
        if self.people.len() > REMEMBERED_MAX {
            self.people.clear();
        }
        let mut new: Vec<String> = identities.iter().filter(|i| !self.people.contains_key(&key(i))).map(|i| (*i).to_owned()).collect();
        new.sort_unstable();
        new.dedup();
        let tokens = self.client.tokens(kind, &new)?;
        let ordinals = self.ordinals.people(&tokens)?;
        self.people.extend(new.iter().map(|i| key(i)).zip(ordinals));
        let known = |identity: &&str| self.people.get(&key(identity)).copied().ok_or(IngestError::Inconsistent);
        identities.iter().map(known).collect()
    }

    /// Ordinals of the listing's facilities or households, in their order; an empty name has none.
    pub(crate) fn sites(&mut self, site: Site, names: &[&str]) -> Result<Vec<Option<u32>>, IngestError> {
        let key = |name: &str| (site, self.listing.to_owned(), name.to_owned());
        if self.sites.len() > REMEMBERED_MAX {
            self.sites.clear();
        }
        let named = names.iter().filter(|n| !n.is_empty() && !self.sites.contains_key(&key(n)));
        let mut new: Vec<String> = named.map(|n| (*n).to_owned()).collect();
        new.sort_unstable();
        new.dedup();
        // As tokens: an institution's number, or a household's, must not lie in the vault.
        let tokens = self.client.tokens(&format!("{}:{}", site.name(), self.listing), &new)?;
        let ordinals = self.ordinals.sites(site, self.listing, &tokens)?;
        self.sites.extend(new.iter().map(|name| key(name)).zip(ordinals));
        Ok(names.iter().map(|name| self.sites.get(&key(name)).copied()).collect())
    }
}

/// One identity from its fields, or why there is none. The same conditions as the linkage unit's, so that one bad row does
/// not fail a batch.
pub(crate) fn identity<'r>(fields: impl Iterator<Item = &'r str>) -> Result<String, &'static str> {
    let fields: Vec<&str> = fields.map(str::trim).collect();
    if fields.iter().any(|f| f.is_empty()) {
        return Err("no identity");
    }
    let joined = fields.join("-");
    if joined.len() > IDENTITY_MAX_BYTES { Err("an identity of more than 256 bytes") } else { Ok(joined) }
}
