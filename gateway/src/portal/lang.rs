//! The two languages, side by side: whoever writes a sentence writes it twice, so that no page can lack one.

use axum::http::{HeaderMap, header::ACCEPT_LANGUAGE};
use visiting_catalog::listing::Text;

use crate::auth::cookie;

/// The cookie that remembers the choice.
pub(super) const LANGUAGE: &str = "visiting_lang";

/// A language of the portal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lang {
    Ja,
    En,
}

impl Lang {
    /// What was chosen; else what the browser prefers; else Japanese.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        if let Some(chosen) = cookie(headers, LANGUAGE).and_then(Self::from_code) {
            return chosen;
        }
        let accepted = headers.get(ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        // Browsers send their list best first; weights only repeat that order.
        accepted.split(',').find_map(|l| Self::from_code(l.trim().split(['-', ';']).next()?)).unwrap_or(Self::Ja)
    }

    /// The language of a code, where it is one of ours.
    pub(super) fn from_code(code: &str) -> Option<Self> {
        match code {
            "ja" => Some(Self::Ja),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// For `lang=`.
    pub(super) fn code(self) -> &'static str {
        self.say("ja", "en")
    }

    /// The sentence in this language.
    pub(super) fn say<'a>(self, ja: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Ja => ja,
            Self::En => en,
        }
    }

    /// A text of the catalogue in this language.
    pub(super) fn text(self, text: &Text) -> &str {
        self.say(&text.ja, &text.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cookie: &str, accept: &str) -> Lang {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", cookie.parse().unwrap());
        headers.insert(ACCEPT_LANGUAGE, accept.parse().unwrap());
        Lang::of(&headers)
    }

    #[test]
    fn the_choice_wins_then_the_browser_then_japanese() {
        assert_eq!(of("visiting_lang=en", "ja"), Lang::En);
        assert_eq!(of("visiting_lang=xx", "fr, en-GB;q=0.8, ja;q=0.5"), Lang::En);
        assert_eq!(of("", "fr"), Lang::Ja);
        assert_eq!(Lang::of(&HeaderMap::new()), Lang::Ja);
    }
}
