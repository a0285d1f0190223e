//! A permit's own programs: hand in a manifest and a module, read what the examination found, see what is bound.
//!
//! Both go into text fields, so that the form works without scripts; `guests.js` fills them from files.

use maud::{Markup, html};
use visiting_policies::refusal::Refusal;

use super::{bound, lang::Lang, words};
use crate::wire::GuestView;

/// One program that is bound to the permit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    /// Its name in SQL, behind `guest.`.
    pub(super) name: String,
    /// Digest over manifest and module.
    pub(super) digest: String,
    /// Its parameters with their kinds, in order.
    pub(super) params: Vec<String>,
    /// Of a table: what it reads.
    pub(super) reads: Option<String>,
    /// What it may answer.
    pub(super) gives: Vec<String>,
}

impl Bound {
    pub(super) fn of(guest: &GuestView) -> Self {
        let params = guest.params.iter().map(|p| format!("{}: {}", p.name, p.kind)).collect();
        let (reads, gives) = (guest.reads.clone(), guest.gives.clone());
        Self { name: guest.name.clone(), digest: guest.guest.clone(), params, reads, gives }
    }
}

/// What came of the last upload.
#[derive(Debug)]
pub(super) enum Outcome<'a> {
    /// Bound; what the examination looked at, in the reader's language.
    Bound(&'a Bound, &'a [String]),
    /// Not bound. Every line of the refusal behind the first is one finding, in both languages.
    Found(&'a Refusal),
}

/// What the page shows.
#[derive(Debug)]
pub(super) struct GuestsPage<'a> {
    pub(super) permit: &'a str,
    /// True while the permit can be used: only then can something be bound.
    pub(super) usable: bool,
    pub(super) bound: &'a [Bound],
    pub(super) outcome: Option<Outcome<'a>>,
    /// Text of the two fields.
    pub(super) manifest: &'a str,
    pub(super) module: &'a str,
    /// The hidden field that names the request.
    pub(super) request: &'a Markup,
}

/// The page's content, below its heading.
pub(super) fn view(lang: Lang, page: &GuestsPage<'_>) -> Markup {
    html! {
        p { (lang.say(
            "自分のプログラム（WebAssembly）を、この許可の解析で使えます。値を受け取って、決められたラベルか数を返すもの、1人分の行からその人についての行を作るもの、または群のすべての行から数を1つ作るもの（結果は担当者が確認します）です。",
            "Programs of your own (WebAssembly guests) can be used under this permit: they turn values into one of the declared labels or numbers, all rows of one person into rows about that person, or all rows of a group into one number (output checkers look at the result).",
        )) }
        @if let Some(outcome) = &page.outcome { (outcome_view(lang, outcome)) }
        (list(lang, page))
        @if page.usable { (form(lang, page)) }
    }
}

fn outcome_view(lang: Lang, outcome: &Outcome<'_>) -> Markup {
    match outcome {
        Outcome::Bound(guest, report) => html! {
            div.notice.success role="status" {
                (bound::passed(lang, &format!("guest.{}", guest.name)))
                ul { @for checked in *report { li { (checked) } } }
            }
        },
        Outcome::Found(refusal) => {
            let (head, findings) = refusal.detail.split_once('\n').unwrap_or((refusal.detail.as_str(), ""));
            html! {
                (words::alert(lang, &Refusal::new(refusal.code, head)))
                @if !findings.is_empty() {
                    section aria-labelledby="findings" {
                        h2 #findings { (lang.say("検査で見つかったこと", "What the examination found")) }
                        ul { @for finding in findings.lines() { li { (finding) } } }
                    }
                }
            }
        }
    }
}

fn list(lang: Lang, page: &GuestsPage<'_>) -> Markup {
    let one = |guest: &Bound| {
        html! {
            @match &guest.reads {
                None => { code { "guest." (guest.name) "(" (guest.params.join(", ")) ")" } " → " (guest.gives.join("; ")) }
                Some(reads) => { code { "FROM guest." (guest.name) } " ← " code { (reads) } " → pid; " (guest.gives.join("; ")) }
            }
            br; code.digest { (guest.digest) }
        }
    };
    let note = lang.say(
        "SQLでは guest.名前(列, …) と書いて条件・GROUP BY の列・集計に使うか、個人ごとの表を FROM guest.名前 で読みます。",
        "In SQL write guest.name(column, …) in conditions, GROUP BY and aggregates, or read the table that it makes of each person: FROM guest.name.",
    );
    let all: Vec<Markup> = page.bound.iter().map(one).collect();
    bound::list(lang, page.permit, lang.say("結び付いているプログラム", "Bound guests"), &all, note, &html! {})
}

fn form(lang: Lang, page: &GuestsPage<'_>) -> Markup {
    let command = format!("visiting guest check module.wasm && visiting guest bind {} module.wasm --manifest manifest.toml", page.permit);
    let fields = html! {
        (page.request)
        div.field {
            label for="manifest" { (lang.say("説明書（TOML）", "Manifest (TOML)")) }
            textarea #manifest name="manifest" rows="10" required spellcheck="false" data-file=".toml,text/plain" data-as="text" { (page.manifest) }
        }
        div.field {
            label for="module" { (lang.say("プログラム（.wasm を base64 にしたもの）", "Module (.wasm as base64)")) }
            p.note #module-help {
                (lang.say("base64 は次のコマンドで作れます：", "Make the base64 with: ")) code { "base64 -w0 module.wasm" }
            }
            textarea #module name="module" rows="4" required spellcheck="false" aria-describedby="module-help" data-file=".wasm,application/wasm" data-as="base64" { (page.module) }
        }
    };
    bound::form(lang, &format!("/permits/{}/guests", page.permit), &fields, &command)
}

#[cfg(test)]
mod tests {
    use visiting_policies::refusal::Code;

    use super::*;

    fn page(outcome: Option<Outcome<'_>>, bound: &[Bound], usable: bool) -> String {
        let request = html! {};
        let page =
            GuestsPage { permit: "prm_1", usable, bound, outcome, manifest: "</textarea><script>", module: "AGFzbQ==", request: &request };
        view(Lang::En, &page).into_string()
    }

    #[test]
    fn findings_are_told_and_what_was_typed_is_kept() {
        let refusal = Refusal::new(Code::Malformed, "the guest is not taken\nit imports `env.<b>`");
        let page = page(Some(Outcome::Found(&refusal)), &[], true);
        assert!(
            page.contains("role=\"alert\"") && page.contains("env.&lt;b&gt;") && page.contains("&lt;/textarea&gt;&lt;script&gt;"),
            "{page}"
        );
        assert!(page.contains("None yet."));
    }

    #[test]
    fn a_bound_program_is_listed_and_an_unusable_permit_takes_none() {
        let (params, gives) = (vec!["age: int".to_owned()], vec!["low, high".to_owned()]);
        let guest = Bound { name: "risk_band".to_owned(), digest: "sha256:0".to_owned(), params, reads: None, gives };
        let report = ["it imports nothing".to_owned()];
        let page = page(Some(Outcome::Bound(&guest, &report)), std::slice::from_ref(&guest), false);
        assert!(
            page.contains("guest.risk_band(age: int)")
                && page.contains("low, high")
                && page.contains("it imports nothing")
                && !page.contains("<form"),
            "{page}"
        );
    }
}
