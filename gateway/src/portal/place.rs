//! A refused text with the place marked: where it is in words, the text with the mark, and the fix under it.

use maud::{Markup, html};
use visiting_policies::refusal::Refusal;

use super::lang::Lang;

/// The text as it was asked; with the place that the refusal names, where it names one.
pub(super) fn view(lang: Lang, sql: &str, refusal: Option<&Refusal>) -> Markup {
    let marked = refusal.and_then(|r| r.at.map(|at| (r, at))).and_then(|(r, at)| at.split(sql).map(|parts| (r, at, parts)));
    let Some((refusal, at, (before, word, after))) = marked else {
        return html! { pre tabindex="0" { code { (sql) } } };
    };
    let (line, column) = (at.line, at.column);
    let place = match lang {
        Lang::Ja => format!("{line}行目の{column}文字目"),
        Lang::En => format!("line {line}, character {column}"),
    };
    // A mark is not read out everywhere: the sentence above names line, character and word.
    html! {
        p #sql-place { (lang.say("直すところ：", "What to mend: ")) (place) @if !word.trim().is_empty() { " " code { (word) } } }
        pre tabindex="0" role="group" aria-label="SQL" aria-describedby="sql-place" { code { (before) mark { (word) } (after) } }
        p.fix lang=(if refusal.ja.is_some() { lang.code() } else { "en" }) { (refusal.sentence(lang == Lang::Ja)) }
    }
}

#[cfg(test)]
mod tests {
    use visiting_policies::refusal::{Code, TextPlace};

    use super::*;

    const SQL: &str = "SELECT sex,\n  MAX(<points>)\nFROM claims";

    fn refusal(line: u64, column: u64) -> Refusal {
        Refusal::new(Code::ColumnUse, "use SUM or AVG").ja("SUMかAVGを使ってください").at(Some(TextPlace { line, column }))
    }

    #[test]
    fn the_place_is_marked_and_the_fix_stands_under_it_in_the_readers_language() {
        let ja = view(Lang::Ja, SQL, Some(&refusal(2, 3))).into_string();
        assert!(ja.contains("2行目の3文字目") && ja.contains("<mark>MAX</mark>(&lt;points&gt;)"), "{ja}");
        assert!(ja.find("<mark>") < ja.find("SUMかAVGを使ってください") && !ja.contains("use SUM"), "{ja}");
        let en = view(Lang::En, SQL, Some(&refusal(2, 3))).into_string();
        assert!(en.contains("line 2, character 3") && en.contains("use SUM or AVG") && !en.contains("使ってください"), "{en}");
    }

    #[test]
    fn without_a_place_in_this_text_the_text_stands_alone() {
        for refusal in [refusal(9, 1), Refusal::new(Code::NothingToShow, "nothing")] {
            let page = view(Lang::En, SQL, Some(&refusal)).into_string();
            assert!(!page.contains("<mark>") && page.contains("MAX(&lt;points&gt;)"), "{page}");
        }
    }
}
