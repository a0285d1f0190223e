//! Forms as browsers send them: whose page sent it, what was typed, and what is wrong with it, shown beside the field.

use std::convert::Infallible;

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, Uri, header},
};
use maud::{Markup, html};
use visiting_policies::{
    record::RequestKey,
    refusal::{Code, Refusal},
    sign,
    terms::PersonId,
};

use super::{ctx::Ctx, lang::Lang};
use crate::{
    app::{Asked, Shared},
    desk::request_key,
    files,
};

/// The hidden field that names a request: sent twice, it is one act.
const REQUEST: &str = "request";

/// Longest name of a request, bytes; as for the API's `Idempotency-Key`.
const REQUEST_MAX_BYTES: usize = 200;

/// A form that was sent; every fault is found inside the guard.
pub(super) struct Sent(Result<Form, Refusal>);

/// What was typed. A name may have several values (checkboxes).
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    fields: Vec<(String, String)>,
    path: String,
    bytes: Bytes,
}

impl FromRequest<Shared> for Sent {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Infallible> {
        if let Err(foreign) = own_page(request.headers()) {
            return Ok(Self(Err(foreign)));
        }
        let path = request.uri().path().to_owned();
        let body = Bytes::from_request(request, app).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(Code::TooLarge, "the form is larger than this server takes"),
            _ => Refusal::new(Code::Malformed, "the form could not be read"),
        });
        Ok(Self(body.and_then(|bytes| Form::read(path, bytes))))
    }
}

impl Sent {
    pub(super) fn form(self) -> Result<Form, Refusal> {
        self.0
    }
}

impl Form {
    pub(super) fn read(path: String, bytes: Bytes) -> Result<Self, Refusal> {
        let unreadable = |_| Refusal::new(Code::Malformed, "the form is not application/x-www-form-urlencoded");
        Ok(Self { fields: serde_urlencoded::from_bytes(&bytes).map_err(unreadable)?, path, bytes })
    }

    /// A form that was kept.
    pub(super) fn of_fields(fields: Vec<(String, String)>) -> Self {
        Self { fields, ..Self::default() }
    }

    /// The fields of a query.
    pub(super) fn of_query(uri: &Uri) -> Self {
        let query = uri.query().unwrap_or_default().to_owned();
        Self::read(uri.path().to_owned(), Bytes::from(query)).unwrap_or_default()
    }

    /// The first value of a field, without spaces around it; empty when there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.trim()).unwrap_or_default()
    }

    /// Every value of a field.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(super) fn has(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|v| v == value)
    }

    /// Everything that was typed, to be kept.
    pub(super) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }

    /// The name that the form gave its request.
    pub(super) fn request(&self) -> &str {
        self.get(REQUEST)
    }

    /// The wish that this form makes, for the functions that the API uses.
    pub(super) fn asked<T>(&self, person: PersonId, body: Result<T, Refusal>) -> Result<Asked<T>, Refusal> {
        Ok(Asked { request: self.key(&person)?, person, body })
    }

    /// As [`Self::asked`], where the same page may ask again for another text: the text is part of the wish's name.
    pub(super) fn asked_each<T>(&self, person: PersonId, text: &str, body: Result<T, Refusal>) -> Result<Asked<T>, Refusal> {
        let RequestKey { key, request } = self.key(&person)?;
        Ok(Asked { request: RequestKey { key: sign::digest(format!("{key}\n{text}").as_bytes()), request }, person, body })
    }

    /// As the API does: same person, same name, same form.
    pub(super) fn key(&self, person: &PersonId) -> Result<RequestKey, Refusal> {
        let name = self.request();
        if !(1..=REQUEST_MAX_BYTES).contains(&name.len()) {
            return Err(Refusal::new(Code::Malformed, "the form has no `request`; load the page again"));
        }
        let mut request = format!("POST {}\n", self.path).into_bytes();
        request.extend_from_slice(&self.bytes);
        Ok(request_key(person.as_str(), name, &request))
    }
}

/// Only pages of this server may send forms to it. Browsers say where a request comes from; who says nothing is refused.
fn own_page(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
    let own = match text("sec-fetch-site") {
        Some(site) => site == "same-origin" || site == "none",
        None => {
            let origin = text("origin").and_then(|o| o.split_once("://")).map(|(_, host)| host);
            origin.is_some() && origin == text(header::HOST.as_str())
        }
    };
    if own { Ok(()) } else { Err(Refusal::new(Code::NotAllowed, "this form was not sent by a page of this server")) }
}

/// The hidden field with a fresh name; a form shown again keeps the one it had.
pub(super) fn request_field(form: Option<&Form>) -> Markup {
    let kept = form.map(Form::request).filter(|name| !name.is_empty()).map(str::to_owned);
    let name = kept.or_else(|| files::request_name().ok()).unwrap_or_default();
    html! { input type="hidden" name=(REQUEST) value=(name); }
}

/// What is wrong with a form: the field's id and a sentence.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults(Vec<(&'static str, String)>);

impl Faults {
    pub(super) fn add(&mut self, field: &'static str, lang: Lang, ja: &str, en: &str) {
        self.0.push((field, lang.say(ja, en).to_owned()));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every fault with its field, in the order of the form.
    pub(super) fn list(&self) -> &[(&'static str, String)] {
        &self.0
    }

    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(f, _)| *f == field).map(|(_, words)| words.as_str())
    }

    /// The summary above the form. `autofocus` brings keyboard and screen reader to it without a script.
    pub(super) fn summary(&self, ctx: &Ctx) -> Markup {
        html! {
            @if !self.is_empty() {
                div.notice.error #faults role="alert" tabindex="-1" autofocus {
                    h2 { (ctx.say("入力を確認してください", "Please check what you entered")) }
                    ul { @for (field, words) in &self.0 { li { a href={ "#" (field) } { (words) } } } }
                }
            }
        }
    }

    /// The sentence beside its field.
    pub(super) fn beside(&self, field: &str) -> Markup {
        html! { @if let Some(words) = self.of(field) { p.fault id={ (field) "-fault" } { (words) } } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(headers: &[(&'static str, &'static str)]) -> bool {
        let mut map = HeaderMap::new();
        headers.iter().for_each(|(n, v)| drop(map.insert(*n, v.parse().unwrap())));
        own_page(&map).is_ok()
    }

    #[test]
    fn only_this_servers_pages_may_send_forms() {
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("host", "127.0.0.1:8750"), ("origin", "http://127.0.0.1:8750")]));
        assert!(!own(&[]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]));
        assert!(!own(&[("sec-fetch-site", "same-site"), ("host", "127.0.0.1:8750"), ("origin", "http://127.0.0.1:8750")]));
        assert!(!own(&[("host", "127.0.0.1:8750"), ("origin", "http://127.0.0.1:9999")]));
        assert!(!own(&[("host", "127.0.0.1:8750"), ("origin", "null")]));
    }

    #[test]
    fn a_name_may_have_several_values_and_a_key_names_person_and_form() {
        let form = Form::read("/a".to_owned(), Bytes::from_static(b"request=r&column=a.b.c&column=a.b.d&purpose=%E3%81%82")).unwrap();
        assert_eq!(form.all("column").collect::<Vec<_>>(), ["a.b.c", "a.b.d"]);
        assert_eq!(form.get("purpose"), "あ");
        let (one, two): (PersonId, PersonId) = ("per_a".parse().unwrap(), "per_b".parse().unwrap());
        assert_eq!(form.key(&one).unwrap(), form.clone().key(&one).unwrap());
        assert_ne!(form.key(&one).unwrap().key, form.key(&two).unwrap().key);
        assert!(Form::default().key(&one).is_err());
    }
}
