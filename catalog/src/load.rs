//! Reads the listings: those built in, and those of one more folder where a deployment names it.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::{check, listing::Listing};

/// Built-in listings, by file name for messages.
const EMBEDDED: &[(&str, &str)] = &[
    ("ndb.toml", include_str!("../listings/ndb.toml")),
    ("kaigo.toml", include_str!("../listings/kaigo.toml")),
    ("omop.toml", include_str!("../listings/omop.toml")),
    ("jpclins.toml", include_str!("../listings/jpclins.toml")),
    ("hs037.toml", include_str!("../listings/hs037.toml")),
];

/// Names the folder of additional listings.
pub const LISTINGS_ENV: &str = "VISITING_LISTINGS";

/// Why the catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The folder or a file in it cannot be read.
    #[error("{file} cannot be read: {cause}; check VISITING_LISTINGS")]
    Unreadable {
        /// Which one.
        file: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Not the form of a listing.
    #[error("{file} is not a listing: {cause}")]
    Malformed {
        /// Which one.
        file: String,
        /// What the parser says.
        cause: Box<toml::de::Error>,
    },
    /// A listing that contradicts itself.
    #[error("{file}: {fault}")]
    Unsound {
        /// Which one.
        file: String,
        /// What is wrong.
        fault: String,
    },
    /// A public code master that is none.
    #[error("the code master `{id}` cannot be used: {cause}")]
    Codes {
        /// Which one.
        id: String,
        /// What is wrong.
        cause: String,
    },
    /// Two listings of one id.
    #[error("{file} lists `{id}` a second time; rename one of the two")]
    Twice {
        /// Which one.
        file: String,
        /// The id.
        id: String,
    },
}

/// The built-in listings and those of the folder in `VISITING_LISTINGS`, all checked.
///
/// # Errors
/// The first file that is no sound listing.
pub fn load() -> Result<Vec<Listing>, CatalogError> {
    let folder = std::env::var_os(LISTINGS_ENV).filter(|f| !f.is_empty()).map(PathBuf::from);
    load_with(folder.as_deref())
}

/// As [`load`], with the folder given.
///
/// # Errors
/// The first file that is no sound listing.
pub fn load_with(folder: Option<&Path>) -> Result<Vec<Listing>, CatalogError> {
    let mut listings = Vec::new();
    for (file, text) in EMBEDDED {
        add(&mut listings, file, text)?;
    }
    for path in folder.map(files).transpose()?.unwrap_or_default() {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).map_err(|cause| CatalogError::Unreadable { file: file.clone(), cause })?;
        add(&mut listings, &file, &text)?;
    }
    Ok(listings)
}

/// The folder's `*.toml`, by name: the order of listings must not depend on the file system.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CatalogError> {
    let unreadable = |cause| CatalogError::Unreadable { file: "the folder of listings".to_owned(), cause };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension() == Some(OsStr::new("toml")) {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn add(listings: &mut Vec<Listing>, file: &str, text: &str) -> Result<(), CatalogError> {
    let file = file.to_owned();
    let listing: Listing = match toml::from_str(text) {
        Ok(listing) => listing,
        Err(cause) => return Err(CatalogError::Malformed { file, cause: Box::new(cause) }),
    };
    if let Some(fault) = check::fault(&listing) {
        return Err(CatalogError::Unsound { file, fault });
    }
    if listings.iter().any(|l| l.id == listing.id) {
        return Err(CatalogError::Twice { file, id: listing.id });
    }
    listings.push(listing);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faulty(change: impl Fn(&str) -> String) -> String {
        let (file, text) = EMBEDDED[0];
        add(&mut Vec::new(), file, &change(text)).unwrap_err().to_string()
    }

    #[test]
    fn built_in_and_variant_listings_are_sound() {
        let variants = Path::new(env!("CARGO_MANIFEST_DIR")).join("listings/variants");
        let ids: Vec<String> = load_with(Some(&variants)).unwrap().into_iter().map(|l| l.id).collect();
        assert_eq!(ids, ["ndb", "kaigo", "omop", "jpclins", "hs037", "fixture", "regions"]);
    }

    #[test]
    fn a_listing_that_contradicts_itself_is_refused() {
        assert!(faulty(|t| t.replace("month = \"ym\"", "month = \"icd10\"")).contains("no column with a domain of months"));
        assert!(faulty(|t| t.replace("range = [1, 2]", "range = [2, 1]")).contains("ends before it starts"));
        assert!(faulty(|t| t.replace("person = \"pid\"", "person = \"ym\"")).contains("one name"));
        assert!(faulty(|t| t.replace("keywords", "keyword")).contains("not a listing"));
        assert!(faulty(|t| t.replace("id = \"ndb\"", "id = \"codes\"")).contains("the schema of code lists"));
    }

    #[test]
    fn a_role_asks_for_values_that_rules_can_read() {
        let text = include_str!("../listings/variants/regions.toml");
        let fault = |from: &str, to: &str| add(&mut Vec::new(), "regions", &text.replace(from, to)).unwrap_err().to_string();
        assert!(fault("role = \"age\"", "role = \"municipality\"").contains("five digits"));
        assert!(fault("role = \"municipality\"", "role = \"age\"").contains("`int` with a range"));
        assert!(fault("role = \"age\"", "role = \"village\"").contains("not a listing"));
        assert!(fault("role = \"age\"", "role = \"birth_month\"").contains("domain of months"));
    }

    #[test]
    fn a_household_is_a_key_and_no_column() {
        let text = include_str!("../listings/variants/regions.toml");
        let fault = |from: &str, to: &str| add(&mut Vec::new(), "regions", &text.replace(from, to)).unwrap_err().to_string();
        assert!(fault("role = \"age\"", "role = \"household\"").contains("not a listing"));
        assert!(fault("household = \"household_id\"", "household = \"pid\"").contains("one name"));
    }

    #[test]
    fn a_listing_without_a_pack_of_its_own_is_under_the_default_one() {
        let listings = load_with(None).unwrap();
        assert_eq!(listings.iter().find(|l| l.id == "omop").unwrap().rule_pack, "default");
        let pack = |name: &str| visiting_policies::rules::rule_pack(name);
        assert!(listings.iter().all(|l| pack(&l.rule_pack).is_some()));
    }

    #[test]
    fn two_listings_of_one_id_are_refused() {
        let (file, text) = EMBEDDED[0];
        let mut listings = Vec::new();
        add(&mut listings, file, text).unwrap();
        assert!(matches!(add(&mut listings, file, text), Err(CatalogError::Twice { .. })));
    }

    #[test]
    fn a_digest_moves_with_the_content() {
        let listings = load_with(None).unwrap();
        let mut changed = listings[0].clone();
        changed.rule_pack = "other".into();
        assert_ne!(listings[0].digest(), changed.digest());
    }
}
