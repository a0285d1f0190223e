//! A permit's code lists: hand in a file, read what is wrong with it and where, see what SQL can name. The file goes into a text field,
//! so that the form works without scripts; `guests.js` fills it from a file. Binding goes through [`crate::routes::codes`], as the
//! API's does.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{DefaultBodyLimit, FromRequest, Path, Request},
    response::Response,
};
use maud::{Markup, html};
use visiting_policies::{disclosure::limits, refusal::Refusal, terms::PermitId};

use super::{
    bound,
    ctx::Ctx,
    form::{Form, Sent, request_field},
    lang::Lang,
    words,
};
use crate::{
    app::{Shared, id},
    routes::{self, CODES_BODY_BYTES, permits},
    wire::{Codes, CodesColumn, CodesView, NewCodes},
};

const LIST: &str = "GET /v1/permits/{id}/codes";
const BIND: &str = "POST /v1/permits/{id}/codes";

/// A form with a file in a field: larger than others, because browsers write three bytes for most of a file's.
pub(super) struct SentFile(Sent);

impl FromRequest<Shared> for SentFile {
    type Rejection = Infallible;

    async fn from_request(mut request: Request, app: &Shared) -> Result<Self, Infallible> {
        DefaultBodyLimit::max(CODES_BODY_BYTES).apply(&mut request);
        Sent::from_request(request, app).await.map(Self)
    }
}

/// `GET /permits/{id}/codes`.
pub(super) async fn show(ctx: Ctx, Path(permit): Path<String>) -> Response {
    ctx.guard(LIST, page(&ctx, &permit, None, None)).await
}

/// `POST /permits/{id}/codes`: examined and bound, or told why not, with what was typed.
pub(super) async fn bind(ctx: Ctx, Path(permit): Path<String>, SentFile(sent): SentFile) -> Response {
    let form = match sent.form() {
        Ok(form) => form,
        Err(refusal) => return ctx.guard(BIND, async { Err(refusal) }).await,
    };
    // Browsers send line ends as CR LF; the same list is the same file whichever way it came.
    let csv = form.all("csv").next().unwrap_or_default().replace("\r\n", "\n");
    let new = NewCodes { name: form.get("name").to_owned(), csv };
    let bound = async {
        let person = ctx.person()?;
        routes::codes::bind(&ctx.app, &person, form.key(&person)?, &id(&permit, "permit")?, || Ok(new)).await
    };
    match ctx.attempt(BIND, bound).await {
        Err(answer) => answer,
        Ok(outcome) => ctx.guard(LIST, page(&ctx, &permit, Some(&outcome), Some(&form))).await,
    }
}

/// What the page shows.
struct Shown<'a> {
    permit: &'a PermitId,
    /// True while the permit can be used: only then can something be bound.
    usable: bool,
    codes: &'a Codes,
    outcome: Option<&'a Result<CodesView, Refusal>>,
    /// What was typed, to be mended.
    kept: Option<&'a Form>,
}

async fn page(ctx: &Ctx, permit: &str, outcome: Option<&Result<CodesView, Refusal>>, form: Option<&Form>) -> Result<Response, Refusal> {
    let (person, permit) = (ctx.person()?, id::<PermitId>(permit, "permit")?);
    let codes = routes::codes::list(&ctx.app, &person, &permit).await?;
    let usable = permits::show(&ctx.app, &person, &permit, Duration::ZERO).await?.status == "active";
    // What was bound needs no keeping; what was refused is shown again under the same name.
    let kept = form.filter(|_| matches!(outcome, Some(Err(_))));
    let shown = Shown { permit: &permit, usable, codes: &codes, outcome, kept };
    Ok(bound::page(ctx, ctx.say("コード表", "Code lists"), &permit, outcome, view(ctx.lang, &shown)))
}

fn view(lang: Lang, shown: &Shown<'_>) -> Markup {
    html! {
        p { (lang.say(
            "コードの一覧とその分類を表にして、SQLで codes.名前 として結合できます。人についての情報は入れないでください。個人や施設のキーとは結合できません。",
            "A table of codes and how to group them is joined in SQL as codes.name. Put nothing about people into it; it cannot be joined on persons or facilities.",
        )) }
        @match shown.outcome {
            Some(Err(refusal)) => (words::alert(lang, refusal)),
            Some(Ok(list)) => div.notice.success role="status" { (bound::passed(lang, &format!("codes.{}", list.name))) },
            None => {}
        }
        (lists(lang, shown))
        @if shown.usable { (form(lang, shown)) }
    }
}

fn lists(lang: Lang, shown: &Shown<'_>) -> Markup {
    let own = |list: &CodesView| {
        html! {
            code { "codes." (list.name) "(" (columns(&list.columns)) ")" } " – " (list.rows) (lang.say(" 行", " rows"))
            br; code.digest { (list.codes) }
        }
    };
    let public = html! {
        h2 #public { (lang.say("どの許可でも使えるコード表", "Code lists of every permit")) }
        ul.files {
            @for list in &shown.codes.public {
                li {
                    code { "codes." (list.name) "(" (columns(&list.columns)) ")" } " – " (lang.say(&list.title_ja, &list.title))
                }
            }
        }
        p { a href="/codes" { (lang.say("公開コード表の中身と出典", "What the public code lists hold, and their sources")) } }
    };
    let own: Vec<Markup> = shown.codes.codes.iter().map(own).collect();
    bound::list(lang, shown.permit.as_str(), lang.say("結び付いているコード表", "Bound code lists"), &own, "", &public)
}

fn columns(columns: &[CodesColumn]) -> String {
    columns.iter().map(|c| format!("{}: {}", c.name, c.kind)).collect::<Vec<_>>().join(", ")
}

fn form(lang: Lang, shown: &Shown<'_>) -> Markup {
    let typed = |name: &'static str| shown.kept.and_then(|form| form.all(name).next()).unwrap_or_default();
    let command = format!("visiting codes check mine.csv && visiting codes bind {} mine mine.csv", shown.permit);
    let (rows, columns, kib) = (limits::CODES_ROWS_MAX, limits::CODES_COLUMNS_MAX, limits::CODES_FILE_MAX_BYTES / 1024);
    let fields = html! {
        (request_field(shown.kept))
        div.field {
            label for="name" { (lang.say("名前（英小文字・数字・_）", "Name (a-z, digits, _)")) }
            input #name name="name" required maxlength=(limits::BOUND_NAME_MAX_BYTES) autocomplete="off" spellcheck="false" value=(typed("name"));
        }
        div.field {
            label for="csv" { (lang.say("コード表（CSV、UTF-8）", "Code list (CSV, UTF-8)")) }
            p.note #csv-help { (lang.say(
                &format!("1行目に列の名前、2行目から中身。{rows}行・{columns}列・{kib} KiB まで。数字だけの列は整数になります。文字列のコードなら \"11\" のように囲んでください。空のセルは値なしです。"),
                &format!("Names of the columns in the first line, rows below; {rows} rows, {columns} columns and {kib} KiB at most. A column of digits is whole numbers; write \"11\" where a code is a text. An empty cell is no value."),
            )) }
            textarea #csv name="csv" rows="10" required spellcheck="false" aria-describedby="csv-help" data-file=".csv,text/csv" data-as="text" { (typed("csv")) }
        }
    };
    bound::form(lang, &format!("/permits/{}/codes", shown.permit), &fields, &command)
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use visiting_policies::refusal::Code;

    use super::*;

    fn page(lang: Lang, outcome: Option<&Result<CodesView, Refusal>>, usable: bool, kept: Option<&Form>) -> String {
        let column = CodesColumn { name: "code".to_owned(), kind: "text".to_owned() };
        let list = CodesView {
            codes: "sha256:0".to_owned(),
            name: "mine".to_owned(),
            by: "per_hanako".to_owned(),
            status: "bound".to_owned(),
            columns: vec![column],
            rows: 2,
        };
        let codes = Codes { codes: vec![list], public: Vec::new() };
        view(lang, &Shown { permit: &"prm_1".parse().unwrap(), usable, codes: &codes, outcome, kept }).into_string()
    }

    #[test]
    fn a_refusal_is_told_in_the_readers_words_and_what_was_typed_is_kept() {
        let refusal = Err(Refusal::new(Code::CodesRefused, "line 2, column 1: <b>").ja("2 行目 1 列目：空です"));
        let typed = Form::read("/a".to_owned(), Bytes::from_static(b"request=r&name=mine&csv=code%0A%3C%2Ftextarea%3E")).unwrap();
        let japanese = page(Lang::Ja, Some(&refusal), true, Some(&typed));
        assert!(japanese.contains("2 行目 1 列目：空です") && japanese.contains("&lt;/textarea&gt;"), "{japanese}");
        let english = page(Lang::En, Some(&refusal), true, Some(&typed));
        assert!(english.contains("line 2, column 1: &lt;b&gt;") && english.contains("role=\"alert\""), "{english}");
    }

    #[test]
    fn lists_are_shown_with_their_columns_and_an_unusable_permit_takes_none() {
        let page = page(Lang::En, None, false, None);
        assert!(page.contains("codes.mine(code: text)") && page.contains("2 rows") && !page.contains("<form"), "{page}");
    }
}
