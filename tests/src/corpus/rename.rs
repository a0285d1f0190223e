//! The same database under other names, and texts that ask it the same: nothing may depend on what a thing is called.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use datafusion::sql::sqlparser::{
    dialect::GenericDialect,
    keywords::Keyword,
    tokenizer::{Token, Tokenizer},
};

use super::Database;
use crate::world::Fault;

/// What a researcher's own name becomes; long enough to be no word of SQL.
const OWN: &str = "renamed_";
/// Short words that are SQL's and nobody's alias.
const SHORT_WORDS: [&str; 12] = ["as", "by", "in", "is", "on", "or", "no", "to", "if", "at", "of", "do"];
/// What stands after AS and is no alias: types in a cast, and the words of statements.
const NO_ALIAS: [Keyword; 9] = [
    Keyword::INT,
    Keyword::INTEGER,
    Keyword::BIGINT,
    Keyword::DOUBLE,
    Keyword::FLOAT,
    Keyword::VARCHAR,
    Keyword::TEXT,
    Keyword::SELECT,
    Keyword::PARQUET,
];

/// Old names and new ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// Other names for everything in the fixture; their alphabetical order is another one too.
    #[must_use]
    pub fn of_the_fixture() -> Self {
        let pairs = [
            ("fixture", "other_db"),
            ("patients", "zz_folk"),
            ("claims", "bills"),
            ("labs", "a_tests"),
            ("pid", "who"),
            ("sex", "zq"),
            ("birth_ym", "moon"),
            ("pref", "area_code"),
            ("facility_id", "house"),
            ("ym", "when_seen"),
            ("icd10", "ill"),
            ("yj_code", "pill"),
            ("points", "amount"),
            ("jlac10", "probe"),
            ("value", "reading"),
            ("unit", "gauge"),
        ];
        Self(pairs.map(|(old, new)| (old.to_owned(), new.to_owned())).into())
    }

    fn of(&self, old: &str) -> Option<&String> {
        self.0.get(&old.to_ascii_lowercase())
    }

    /// Names that a text itself gives, in lower case.
    fn own(&self, words: &[&Token]) -> BTreeSet<String> {
        let mut own = BTreeSet::new();
        for (at, token) in words.iter().enumerate() {
            let Token::Word(word) = token else { continue };
            let lower = word.value.to_ascii_lowercase();
            let after_as =
                at.checked_sub(1).and_then(|b| words.get(b)).is_some_and(|t| matches!(t, Token::Word(w) if w.keyword == Keyword::AS));
            let called = matches!(words.get(at + 1), Some(Token::LParen));
            let short = lower.len() <= 2 && !called && !SHORT_WORDS.contains(&lower.as_str());
            // A name of nothing that we know, and no function, is the researcher's.
            let unknown = word.keyword == Keyword::NoKeyword && !called && self.of(&lower).is_none();
            if short || unknown || (after_as && !NO_ALIAS.contains(&word.keyword)) {
                own.insert(lower);
            }
        }
        own
    }

    /// A text with the database's and the researcher's own names replaced. One that cannot be read stays.
    #[must_use]
    pub fn sql(&self, text: &str) -> String {
        let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize() else { return text.to_owned() };
        let words: Vec<&Token> = tokens.iter().filter(|t| !matches!(t, Token::Whitespace(_))).collect();
        let own = self.own(&words);
        let mut out = String::new();
        for token in &tokens {
            match token {
                Token::Word(word) => match self.of(&word.value) {
                    Some(new) => out.push_str(new),
                    None if own.contains(&word.value.to_ascii_lowercase()) => out.push_str(&format!("{OWN}{}", word.value)),
                    None => out.push_str(&token.to_string()),
                },
                other => out.push_str(&other.to_string()),
            }
        }
        out
    }

    /// The released table of a text, with its titles renamed: aliases of the text, columns, or words of the product's own.
    #[must_use]
    pub fn table(&self, csv: &str, text: &str) -> String {
        let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize().unwrap_or_default();
        let words: Vec<&Token> = tokens.iter().filter(|t| !matches!(t, Token::Whitespace(_))).collect();
        let own = self.own(&words);
        let (titles, rows) = csv.split_once('\n').unwrap_or((csv, ""));
        // `avg_points` is the product's own word for a measure without an alias.
        let made = |title: &str| title.split_once('_').and_then(|(name, column)| Some(format!("{name}_{}", self.of(column)?)));
        let title = |title: &str| match self.of(title) {
            Some(new) => new.clone(),
            None if own.contains(title) => format!("{OWN}{title}"),
            None => made(title).unwrap_or_else(|| title.to_owned()),
        };
        format!("{}\n{rows}", titles.split(',').map(title).collect::<Vec<_>>().join(","))
    }

    /// The same database under the new names; its files are written below `folder`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn database(&self, old: &Database, folder: &Path) -> Result<Database, Fault> {
        let fault = |e: std::io::Error| format!("the renamed database cannot be written: {e}");
        let (listings, sources) = (folder.join("listings"), folder.join("sources"));
        let new = Database {
            id: self.of(&old.id).unwrap_or(&old.id).clone(),
            mapping: folder.join("mapping.toml"),
            listings: listings.clone(),
            sources: sources.clone(),
        };
        fs::create_dir_all(&listings).and_then(|()| fs::create_dir_all(&sources)).map_err(fault)?;
        let text = fs::read_to_string(old.listings.join(format!("{}.toml", old.id))).map_err(fault)?;
        fs::write(listings.join(format!("{}.toml", new.id)), self.listing(&text)).map_err(fault)?;
        for table in old.listing()?.tables {
            let file = format!("{}.csv", table.name);
            let csv = fs::read_to_string(old.sources.join(&file)).map_err(fault)?;
            let (titles, rows) = csv.split_once('\n').ok_or("an empty source file")?;
            let titles: Vec<&str> = titles.split(',').map(|t| self.of(t).map_or(t, String::as_str)).collect();
            fs::write(sources.join(&file), format!("{}\n{rows}", titles.join(","))).map_err(fault)?;
        }
        fs::write(&new.mapping, mapping(&new, old)?).map_err(fault)?;
        Ok(new)
    }

    /// A listing's text with its names replaced; titles, rules and domains stay.
    fn listing(&self, text: &str) -> String {
        let renamed = |line: &str| {
            let (key, value) = line.split_once(" = \"")?;
            let old = value.strip_suffix('"')?;
            let new = ["id", "name", "person", "facility", "month"].contains(&key).then(|| self.of(old)).flatten()?;
            Some(format!("{key} = \"{new}\""))
        };
        text.lines().map(|line| renamed(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
    }
}

/// The mapping that loads every column of the new names from the files of the old tables.
fn mapping(new: &Database, old: &Database) -> Result<String, Fault> {
    let mut out = format!("listing = \"{}\"\n", new.id);
    for (table, file) in new.listing()?.tables.iter().zip(old.listing()?.tables) {
        let facility = table.facility.iter().map(|f| format!("facility = \"{f}\"\n")).collect::<String>();
        let columns: Vec<String> = table.columns.iter().map(|c| format!("{0} = \"{0}\"", c.name)).collect();
        out += &format!(
            "\n[[source]]\nfile = \"{}.csv\"\nto = \"{}\"\nidentity = {{ kind = \"local\", columns = [\"{}\"] }}\n{facility}columns = {{ {} }}\n",
            file.name,
            table.name,
            table.person,
            columns.join(", ")
        );
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_replaced_and_nothing_else() {
        let names = Names::of_the_fixture();
        for (old, new) in [
            (
                "SELECT p.sex, COUNT(DISTINCT pid) AS n FROM fixture.patients p WHERE icd10 = 'sex' ORDER BY n",
                "SELECT renamed_p.zq, COUNT(DISTINCT who) AS renamed_n FROM other_db.zz_folk renamed_p WHERE ill = 'sex' ORDER BY renamed_n",
            ),
            (
                "SELECT CAST(value AS INT) FROM (VALUES (1)) AS v(k) JOIN labs ON v.k = labs.ym",
                "SELECT CAST(reading AS INT) FROM (VALUES (1)) AS renamed_v(renamed_k) JOIN a_tests ON renamed_v.renamed_k = a_tests.when_seen",
            ),
            ("SELECT MIN(ym) AS first FROM cohort", "SELECT MIN(when_seen) AS renamed_first FROM renamed_cohort"),
            ("'open", "'open"),
        ] {
            assert_eq!(names.sql(old), new);
        }
        let text = "SELECT sex, COUNT(*) AS n, SUM(points), LN(2) AS first FROM claims";
        assert_eq!(names.table("sex,n,sum_points,first,note\n1,20,\n", text), "zq,renamed_n,sum_amount,renamed_first,note\n1,20,\n");
    }

    #[test]
    fn the_renamed_listing_is_sound_and_has_no_old_name() {
        let folder = std::env::temp_dir().join(format!("visiting-renamed-{}", std::process::id()));
        let old = Database::fixture_of(&folder.join("old"), 1).unwrap();
        let new = Names::of_the_fixture().database(&old, &folder.join("new")).unwrap();
        let (was, is) = (old.listing().unwrap(), new.listing().unwrap());
        assert_eq!((was.tables.len(), is.id.as_str()), (is.tables.len(), "other_db"));
        let old_names: BTreeSet<String> =
            old.columns().unwrap().iter().flat_map(|c| c.split('.').map(str::to_owned).collect::<Vec<_>>()).collect();
        assert!(new.columns().unwrap().iter().flat_map(|c| c.split('.')).all(|name| !old_names.contains(name)));
        fs::remove_dir_all(&folder).unwrap();
    }
}
