//! A text that a person signs in the page: shown, signed by `sign.js` with the key file that is chosen, and sent as a form.

use maud::{Markup, html};
use visiting_policies::refusal::{Code, Refusal};

use super::{
    ctx::Ctx,
    form::{Form, request_field},
    reviews::key_field,
};

/// What is signed, and where it goes.
pub(super) struct Signing<'a> {
    /// Id of the heading above. Ids inside begin with it: a page may have several such forms.
    pub(super) of: &'static str,
    /// The form's address.
    pub(super) to: String,
    /// The text as it stands, and the same with `{reason}` for what is typed.
    pub(super) text: (String, String),
    pub(super) person: &'a str,
    /// What was typed before.
    pub(super) typed: Option<&'a Form>,
    /// Fields beside the reason's signature.
    pub(super) fields: Markup,
    pub(super) button: Markup,
}

/// The text, and the form that signs it.
pub(super) fn form(ctx: &Ctx, signing: &Signing<'_>) -> Markup {
    let (of, (text, frame)) = (signing.of, &signing.text);
    html! {
        h3 id={ (of) "-what" } { (ctx.say("署名する文面", "The text to sign")) }
        pre id={ (of) "-text" } tabindex="0" role="region" aria-labelledby={ (of) " " (of) "-what" } { (text) }
        form hidden method="post" action=(signing.to) data-sign data-text={ (of) "-text" } data-frame=(frame.trim_end())
            data-working=(ctx.say("署名しています…", "Signing…"))
            data-fault-file=(ctx.say("署名鍵のファイルを選んでください。", "Choose the file of your signing key."))
            data-fault-reason=(ctx.say("理由を書いてください。", "Say why."))
            data-fault-confirm=(ctx.say("確認のために入力した番号が違います。署名していません。", "The id typed to confirm is another one. Nothing was signed."))
            data-fault-key=(ctx.say("このファイルは署名鍵ではありません（16進数64字の .seed ファイルです）。", "This file is no signing key (a .seed file of 64 hexadecimal digits)."))
            data-fault-content=(ctx.say("文面が一致しません。署名していません。", "The text is not what was meant. Nothing was signed."))
            data-fault-other=(ctx.say("このブラウザでは署名できません。下のコマンドを使ってください。", "This browser cannot sign. Use the command below.")) {
            (request_field(signing.typed))
            input type="hidden" name="signature" value="";
            (signing.fields)
            (key_field(ctx, of, signing.person))
            p role="status" {}
            (signing.button)
        }
    }
}

/// The line for the reason, as orders of the ministry have it.
pub(super) fn reason(ctx: &Ctx, of: &str, typed: &str) -> Markup {
    html! {
        div.field {
            label for={ (of) "-reason" } { (ctx.say("理由（1行）", "Reason (one line)")) }
            input id={ (of) "-reason" } type="text" name="reason" value=(typed);
        }
    }
}

/// The line for an id that is typed once more, for orders that nothing can take back. The script signs nothing before it fits.
pub(super) fn confirmation(ctx: &Ctx, of: &str, id: &str, typed: &str) -> Markup {
    html! {
        div.field {
            label for={ (of) "-confirm" } { (ctx.say("確認のため、番号を入力してください", "Type the id to confirm")) }
            p.note id={ (of) "-confirm-help" } { (ctx.say("この番号をそのまま：", "Exactly this one: ")) code { (id) } }
            input id={ (of) "-confirm" } type="text" name="confirm" value=(typed) data-confirm=(id) autocomplete="off" autocapitalize="off"
                spellcheck="false" aria-describedby={ (of) "-confirm-help" };
        }
    }
}

/// Whether the id was typed as it is. The page asks, and the server asks again.
pub(super) fn confirmed(form: &Form, id: &str) -> Result<(), Refusal> {
    if form.get("confirm") == id {
        return Ok(());
    }
    Err(Refusal::new(Code::Malformed, "the id typed to confirm is another one; type the id that the page shows")
        .ja("確認のために入力した番号が違います。表示された番号をそのまま入力してください"))
}
