//! The one error of the law: what was refused, under which code, and what to do about it.

use serde::{Deserialize, Serialize};

/// Why something was refused. The kebab-case name is the `type` of the problem document and the `code` in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The request is not of the documented form.
    Malformed,
    /// No valid login.
    NotLoggedIn,
    /// The person's roles do not allow this act.
    NotAllowed,
    /// There is no such thing, or it may not be seen: the same answer.
    NotFound,
    /// The act does not fit the state the case is in.
    WrongState,
    /// The same idempotency key was used for another request.
    KeyReused,
    /// The person is not named in the permit.
    NotNamed,
    /// The reviewer is a member of the applying team.
    ReviewerIsApplicant,
    /// The reviewer belongs to an organisation of the applying team.
    ConflictOfInterest,
    /// The member has voted already.
    AlreadyVoted,
    /// The vote's signature is not the member's.
    VoteForged,
    /// A check is not this checker's over this output, or not the one that was cast.
    CheckForged,
    /// Two checkers are of two organisations.
    OtherOrganisationNeeded,
    /// The output checkers did not release it.
    NotReleasedByCheckers,
    /// The suspension's signature is not the ministry's.
    SuspensionForged,
    /// The recall's signature is not the ministry's.
    RecallForged,
    /// The release was recalled: its files are not given out any more.
    Recalled,
    /// A signature under a change of rules is not the person's.
    RulesForged,
    /// A rule pack is broken, or laxer than the floor.
    RulesUnsound,
    /// One person cannot change the rules: another must adopt.
    SecondPersonNeeded,
    /// A database's publication rules forbid this question, whatever the data.
    RuleForbids,
    /// A ticket was changed on its way, or is not in the record.
    TicketTampered,
    /// The record breaks the law or its own signatures: nothing runs.
    RecordUnlawful,
    /// A report was not signed by the enclave.
    ReportForged,
    /// The permit has passed its last moment.
    PermitExpired,
    /// The permit is suspended by the ministry.
    PermitSuspended,
    /// The permit was closed by the ministry for good.
    PermitClosed,
    /// The closure's signature is not the ministry's.
    ClosureForged,
    /// The permit does not match what the committee approved.
    PermitNotGranted,
    /// The listing does not exist, or has no such table or column, or has no data yet.
    ListingUnknown,
    /// The SQL could not be read.
    SqlUnreadable,
    /// The SQL uses something that this version does not offer.
    SqlNotOffered,
    /// A table or column that the permit does not name, or that does not exist: the same answer.
    NameUnknown,
    /// A column cannot be used that way (key, or no declared domain).
    ColumnUse,
    /// A value outside the column's declared domain or of another type.
    LiteralOutsideDomain,
    /// A guest's manifest or module is not of the allowed form; each finding is told.
    GuestRefused,
    /// The bytes of a guest are not those that the record names.
    GuestTampered,
    /// A code list's file is not of the allowed form; line, column and what to do are told.
    CodesRefused,
    /// The bytes of a code list are not those that the record names.
    CodesTampered,
    /// The query is larger than a stated limit.
    TooLarge,
    /// Nothing can be shown: every row is under the threshold or was shown before. Says nothing else.
    NothingToShow,
    /// Too many questions of this permit had nothing to show.
    TooManyUnshown,
    /// The permit has shown as many measures that are no listed columns as it may.
    TooManyMeasures,
    /// As many streams of the record are open as one person, or the server, may have.
    TooManyStreams,
    /// As many outputs of the permit wait for output checkers as may.
    TooManyHeld,
    /// As many pre-flights of one person wait for their answer as may.
    TooManyPreflights,
    /// The run could not be completed; operators have been told. Says nothing about the data.
    OperatorProblem,
    /// The record cannot be written, so nothing happens.
    RecordUnavailable,
    /// A key file is damaged.
    KeyUnusable,
}

impl Code {
    /// The kebab-case name.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// True for what no mistake leads to: somebody has forged a word, or changed what was said or kept. A new code does not compile
    /// before it is placed.
    #[must_use]
    pub fn is_forged(self) -> bool {
        match self {
            Self::VoteForged
            | Self::CheckForged
            | Self::SuspensionForged
            | Self::RecallForged
            | Self::RulesForged
            | Self::TicketTampered
            | Self::RecordUnlawful
            | Self::ReportForged
            | Self::ClosureForged
            | Self::GuestTampered
            | Self::CodesTampered => true,
            Self::Malformed
            | Self::NotLoggedIn
            | Self::NotAllowed
            | Self::NotFound
            | Self::WrongState
            | Self::KeyReused
            | Self::NotNamed
            | Self::ReviewerIsApplicant
            | Self::ConflictOfInterest
            | Self::AlreadyVoted
            | Self::OtherOrganisationNeeded
            | Self::NotReleasedByCheckers
            | Self::Recalled
            | Self::RulesUnsound
            | Self::SecondPersonNeeded
            | Self::RuleForbids
            | Self::PermitExpired
            | Self::PermitSuspended
            | Self::PermitClosed
            | Self::PermitNotGranted
            | Self::ListingUnknown
            | Self::SqlUnreadable
            | Self::SqlNotOffered
            | Self::NameUnknown
            | Self::ColumnUse
            | Self::LiteralOutsideDomain
            | Self::GuestRefused
            | Self::CodesRefused
            | Self::TooLarge
            | Self::NothingToShow
            | Self::TooManyUnshown
            | Self::TooManyMeasures
            | Self::TooManyStreams
            | Self::TooManyHeld
            | Self::TooManyPreflights
            | Self::OperatorProblem
            | Self::RecordUnavailable
            | Self::KeyUnusable => false,
        }
    }

    /// True for what is decided after data were read, or by what was asked before: such a refusal must not point anywhere.
    #[must_use]
    pub fn follows_data(self) -> bool {
        matches!(
            self,
            Self::NothingToShow | Self::TooManyUnshown | Self::TooManyMeasures | Self::NotReleasedByCheckers | Self::OperatorProblem
        )
    }
}

/// Most characters of a sentence of a refusal that enters the record: both languages together stay far below an event's size, however
/// long the names are that a text used.
pub const SENTENCE_MAX_CHARS: usize = 1000;

/// Characters of a line that are shown on either side of a place: a line of a terminal.
const AROUND_CHARS: usize = 50;

/// A refusal: a stable code, a sentence in English that says what to do, and the same in Japanese where it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{code:?}: {detail}")]
pub struct Refusal {
    /// Stable code.
    pub code: Code,
    /// What was refused and what to do. Never quotes a data value.
    pub detail: String,
    /// The same in Japanese, where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<String>,
    /// Where in the researcher's text, where one place is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<TextPlace>,
}

/// A place in a text that somebody sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextPlace {
    /// Line, from 1.
    pub line: u64,
    /// Character in the line, from 1.
    pub column: u64,
}

impl Refusal {
    /// A refusal under `code`.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), ja: None, at: None }
    }

    /// The same with its sentence in Japanese.
    #[must_use]
    pub fn ja(mut self, sentence: impl Into<String>) -> Self {
        self.ja = Some(sentence.into());
        self
    }

    /// The same with its place in the text; a place that is known already stays.
    #[must_use]
    pub fn at(mut self, place: Option<TextPlace>) -> Self {
        self.at = self.at.or(place);
        self
    }

    /// The sentence in Japanese where it is wanted and was written, else in English.
    #[must_use]
    pub fn sentence(&self, japanese: bool) -> &str {
        self.ja.as_deref().filter(|_| japanese).unwrap_or(&self.detail)
    }

    /// As it may stand in the record: sentences of bounded length, and no place where data took part in the decision.
    #[must_use]
    pub fn for_the_record(mut self) -> Self {
        self.detail = clipped(self.detail);
        self.ja = self.ja.map(clipped);
        self.at = self.at.filter(|_| !self.code.follows_data());
        self
    }

    /// The answer for what does not exist or may not be seen.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}"))
    }
}

/// True when the languages that a terminal is set to (`LC_ALL`, `LC_MESSAGES`, `LANG`, as `variable` knows them) begin with Japanese.
pub fn wants_japanese(variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(variable).find(|value| !value.is_empty());
    set.is_some_and(|value| value.starts_with("ja"))
}

fn clipped(sentence: String) -> String {
    match sentence.char_indices().nth(SENTENCE_MAX_CHARS) {
        Some((end, _)) => format!("{}…", sentence.get(..end).unwrap_or_default()),
        None => sentence,
    }
}

/// A place in a text for people who see it: the part of its line before the place, the word that stands there, and the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointed {
    /// Before the place.
    pub before: String,
    /// The word at the place; empty at the end of the text.
    pub word: String,
    /// After the word.
    pub after: String,
}

impl TextPlace {
    /// All of `text` before the place, the word that stands there (or one character), and the rest; `None` for a place that the text
    /// does not have.
    #[must_use]
    pub fn split<'a>(&self, text: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
        let index = |n: u64| usize::try_from(n).ok()?.checked_sub(1);
        let skipped: usize = text.split('\n').take(index(self.line)?).map(|line| line.len() + 1).sum();
        let line = text.get(skipped..)?.split('\n').next()?;
        let column = index(self.column)?;
        let ends = line.char_indices().map(|(i, _)| i).chain([line.len()]);
        let (before, rest) = text.split_at_checked(skipped + ends.clone().nth(column)?)?;
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let word = rest.find(|c| !plain(c)).unwrap_or(rest.len());
        let one = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
        let (word, after) = rest.split_at_checked(word.max(one))?;
        Some((before, word, after))
    }

    /// The place's line in `text`, cut to what a terminal shows.
    #[must_use]
    pub fn pointed(&self, text: &str) -> Option<Pointed> {
        let (before, word, after) = self.split(text)?;
        let before = before.rsplit('\n').next().unwrap_or_default();
        let after = after.split('\n').next().unwrap_or_default();
        let first = before.chars().count().saturating_sub(AROUND_CHARS);
        let cut = |more: bool| if more { "…" } else { "" };
        let head: String = before.chars().skip(first).collect();
        let short =
            |text: &str| format!("{}{}", text.chars().take(AROUND_CHARS).collect::<String>(), cut(text.chars().count() > AROUND_CHARS));
        Some(Pointed { before: format!("{}{head}", cut(first > 0)), word: short(word), after: short(after) })
    }

    /// The same as two lines for a terminal: the text's line, and a caret below the place.
    #[must_use]
    pub fn caret(&self, text: &str) -> Option<String> {
        let Pointed { before, word, after } = self.pointed(text)?;
        let blank = |c: char| match c {
            '\t' => '\t',
            c if is_wide(c) => '\u{3000}',
            _ => ' ',
        };
        let printable = |text: String| text.chars().filter(|c| *c == '\t' || !c.is_control()).collect::<String>();
        let (before, word, after) = (printable(before), printable(word), printable(after));
        let below: String = before.chars().map(blank).collect();
        Some(format!("  {before}{word}{after}\n  {below}^"))
    }
}

/// True for characters that take two columns of a terminal: kana, ideographs, full-width forms.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every code: the vocabulary tells its names when it hears a wrong one.
    fn codes() -> Vec<Code> {
        let told = serde_json::from_value::<Code>(serde_json::json!("")).unwrap_err().to_string();
        told.split('`').skip(3).step_by(2).map(|name| serde_json::from_value(serde_json::json!(name)).unwrap()).collect()
    }

    #[test]
    fn what_is_called_forged_is_forged_and_nothing_else() {
        let called = |code: &Code| ["-forged", "-tampered", "-unlawful"].iter().any(|end| code.name().ends_with(end));
        let codes = codes();
        assert!(codes.contains(&Code::Malformed) && codes.contains(&Code::KeyUnusable), "{codes:?}");
        for code in codes {
            assert_eq!(code.is_forged(), called(&code), "{code:?}");
        }
    }

    fn at(line: u64, column: u64) -> TextPlace {
        TextPlace { line, column }
    }

    #[test]
    fn a_place_is_shown_under_its_line() {
        let text = "SELECT sex,\n  MAX(points)\nFROM 表.claims";
        assert_eq!(at(2, 3).caret(text).unwrap(), "    MAX(points)\n    ^");
        assert_eq!(at(3, 8).caret(text).unwrap(), "  FROM 表.claims\n       \u{3000} ^");
        assert_eq!(at(2, 7).pointed(text).unwrap().word, "points");
        assert_eq!(at(2, 14).pointed(text).unwrap().word, "");
        assert_eq!(at(1, 1).split(text).unwrap(), ("", "SELECT", " sex,\n  MAX(points)\nFROM 表.claims"));
        assert_eq!(at(1, 11).split(text).unwrap().1, ",");
        for nowhere in [at(4, 1), at(0, 1), at(1, 0), at(1, 99), at(u64::MAX, u64::MAX)] {
            assert_eq!(nowhere.pointed(text), None);
        }
    }

    #[test]
    fn a_long_line_is_cut_around_its_place() {
        let text = format!("{}here{}", "x ".repeat(200), " y".repeat(200));
        let shown = at(1, 401).pointed(&text).unwrap();
        assert_eq!((shown.word.as_str(), shown.before.chars().count(), shown.after.chars().count()), ("here", 51, 51));
    }

    #[test]
    fn what_enters_the_record_is_bounded_and_points_nowhere_where_data_decided() {
        let long = Refusal::new(Code::NameUnknown, "あ".repeat(30_000)).ja("\u{1}".repeat(30_000)).at(Some(at(1, 2))).for_the_record();
        assert!(serde_json::to_string(&long).unwrap().len() < 20_000);
        assert_eq!(long.at, Some(at(1, 2)));
        let data = Refusal::new(Code::NothingToShow, "nothing").ja("ありません").at(Some(at(1, 2)));
        assert_eq!(data.for_the_record().at, None);
    }

    #[test]
    fn the_sentence_is_the_readers() {
        let both = Refusal::new(Code::SqlNotOffered, "no").ja("いいえ");
        assert_eq!((both.sentence(true), both.sentence(false)), ("いいえ", "no"));
        assert_eq!(Refusal::new(Code::SqlNotOffered, "no").sentence(true), "no");
    }
}
