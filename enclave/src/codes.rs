//! The code lists that a run can name: the product's public masters, and the permit's own, fetched by the digest in the record,
//! checked, examined again and kept.

use std::{collections::BTreeMap, sync::Arc};

use visiting_catalog::{CodeList, codes::examine, masters};
use visiting_policies::{case::Kind, disclosure::limits};

use crate::{
    bound::{self, Bound},
    door::Door,
    fault::Fault,
};

/// Code lists by their names behind `codes.`.
pub(crate) type Codes = BTreeMap<String, Arc<CodeList>>;

/// Lists that are kept: some megabytes each when they are as large as they may be, and more than one query can name.
const KEPT_MAX: usize = 2 * limits::CODES_MAX;

/// What the enclave holds of code lists, for all permits. A digest names the same bytes for ever, so nothing here grows old.
#[derive(Debug)]
pub(crate) struct CodeShelf {
    public: Codes,
    /// By digest.
    kept: BTreeMap<String, Arc<CodeList>>,
}

impl CodeShelf {
    /// A shelf with the public masters.
    pub(crate) fn new() -> Result<Self, Fault> {
        let public = masters().map_err(|e| Fault::Other(e.to_string()))?;
        Ok(Self { public: public.into_iter().map(|m| (m.head.id, m.list)).collect(), kept: BTreeMap::new() })
    }

    /// Keeps a list that was examined.
    pub(crate) fn put(&mut self, list: CodeList) {
        self.kept.insert(list.digest.clone(), Arc::new(list));
    }

    /// Fetches what the texts of a run name and is not here. Bytes of another digest than the record's are refused and not kept.
    pub(crate) fn fetch(&mut self, door: &Door, bound: &Bound<'_>, texts: &[String]) -> Result<(), Fault> {
        let named = named(bound, texts);
        if self.kept.len() + named.len() > KEPT_MAX {
            self.kept.retain(|kept, _| named.values().any(|digest| digest == kept));
        }
        for digest in named.into_values() {
            if !self.kept.contains_key(digest) {
                self.put(examine(&bound::fetch(door, Kind::Codes, digest)?)?);
            }
        }
        Ok(())
    }

    /// The lists that the texts of a run can name: of two with one name, a permit's own is meant.
    pub(crate) fn open(&self, bound: &Bound<'_>, texts: &[String]) -> Result<Codes, Fault> {
        let mut codes = self.public.clone();
        for (name, digest) in named(bound, texts) {
            let missing = || Fault::Other("a code list of the run was not fetched".to_owned());
            codes.insert(name.to_owned(), self.kept.get(digest).ok_or_else(missing)?.clone());
        }
        Ok(codes)
    }
}

/// What a query and the queries of its guests name.
fn named<'a>(bound: &Bound<'a>, texts: &[String]) -> Bound<'a> {
    texts.iter().flat_map(|text| bound::named(Kind::Codes, bound, text)).collect()
}
