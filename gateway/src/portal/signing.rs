//! A text that a person signs in the page: shown, signed by `sign.js` with the key file that is chosen, and sent as a form.

use maud::{Markup, html};

use super::{
    ctx::Ctx,
    form::{Form, request_field},
    reviews::key_field,
};

/// What is signed, and where it goes.
pub(super) struct Signing<'a> {
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
    let (text, frame) = &signing.text;
    html! {
        h3 { (ctx.say("署名する文面", "The text to sign")) }
        pre #signed-text tabindex="0" role="region" aria-label=(ctx.say("署名する文面", "The text to sign")) { (text) }
        form hidden method="post" action=(signing.to) data-sign data-frame=(frame.trim_end())
            data-working=(ctx.say("署名しています…", "Signing…"))
            data-fault-file=(ctx.say("署名鍵のファイルを選んでください。", "Choose the file of your signing key."))
            data-fault-reason=(ctx.say("理由を書いてください。", "Say why."))
            data-fault-key=(ctx.say("このファイルは署名鍵ではありません（16進数64字の .seed ファイルです）。", "This file is no signing key (a .seed file of 64 hexadecimal digits)."))
            data-fault-content=(ctx.say("文面が一致しません。署名していません。", "The text is not what was meant. Nothing was signed."))
            data-fault-other=(ctx.say("このブラウザでは署名できません。下のコマンドを使ってください。", "This browser cannot sign. Use the command below.")) {
            (request_field(signing.typed))
            input type="hidden" name="signature" value="";
            (signing.fields)
            (key_field(ctx, signing.person))
            p role="status" {}
            (signing.button)
        }
    }
}

/// The line for the reason, as orders of the ministry have it.
pub(super) fn reason(ctx: &Ctx, typed: &str) -> Markup {
    html! {
        div.field {
            label for="reason" { (ctx.say("理由（1行）", "Reason (one line)")) }
            input #reason type="text" name="reason" value=(typed);
        }
    }
}
