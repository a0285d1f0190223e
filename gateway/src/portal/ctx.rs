//! Who looks at a page, in which language, and where.

use std::{collections::BTreeSet, convert::Infallible, future::Future};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, Method, Uri, header, request::Parts},
    response::Response,
};
use visiting_policies::{
    record::Actor,
    refusal::{Code, Refusal},
    terms::{PersonId, Role},
};

use super::{errors, form::Form, lang::Lang, layout::see};
use crate::{
    app::Shared,
    auth::{SESSION, cookie},
};

/// Everything a page needs to know about its reader.
pub(super) struct Ctx {
    pub(super) app: Shared,
    pub(super) lang: Lang,
    person: Result<PersonId, Refusal>,
    /// The person's name, as long as it is not erased; else the id.
    pub(super) name: String,
    pub(super) roles: BTreeSet<Role>,
    /// Path and query of this page; of the page that sent the form, when this answers one.
    pub(super) here: String,
    uri: Uri,
}

impl FromRequestParts<Shared> for Ctx {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Infallible> {
        Ok(Self::of(app, parts))
    }
}

impl Ctx {
    pub(super) fn of(app: &Shared, parts: &Parts) -> Self {
        let person = session(app, &parts.headers);
        let known = person.as_ref().ok().map(|p| (p.to_string(), roles(app, p)));
        let name = person.as_ref().ok().and_then(|p| app.people.names([p]).remove(p.as_str()));
        let (id, roles) = known.unwrap_or_default();
        Self {
            app: app.clone(),
            lang: Lang::of(&parts.headers),
            person,
            name: name.unwrap_or(id),
            roles,
            here: here(parts),
            uri: parts.uri.clone(),
        }
    }

    /// The sentence in the reader's language.
    pub(super) fn say<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        self.lang.say(ja, en)
    }

    /// What stands behind the `?` of this very request.
    pub(super) fn asked(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// The query of this page.
    pub(super) fn query(&self) -> Form {
        Form::of_query(&self.uri)
    }

    /// The person who is logged in.
    pub(super) fn person(&self) -> Result<PersonId, Refusal> {
        self.person.clone()
    }

    pub(super) fn logged_in(&self) -> bool {
        self.person.is_ok()
    }

    pub(super) fn holds(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// The person, when they hold `role`.
    pub(super) fn holding(&self, role: Role) -> Result<PersonId, Refusal> {
        let person = self.person()?;
        self.app.desk.view().cases.roster().holding(&person, role).map(|_| ())?;
        Ok(person)
    }

    /// As the record names them.
    pub(super) fn actor(&self) -> Actor {
        self.person.clone().map_or(Actor::Nobody, Actor::Person)
    }

    /// Concludes a page: a refusal is recorded under `tried` (the API's route that says the same) and shown in words.
    pub(super) async fn guard(&self, tried: &str, work: impl Future<Output = Result<Response, Refusal>>) -> Response {
        match self.app.recorded(self.actor(), tried, work).await {
            Ok(page) => page,
            Err(refusal) => errors::refused(self, &refusal),
        }
    }

    /// Concludes an act whose refusal the same page shows again, with what was typed. Nobody logged in, or a record that is
    /// away, is no fault of a form.
    pub(super) async fn attempt<T>(
        &self,
        tried: &str,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<Result<T, Refusal>, Response> {
        match self.app.recorded(self.actor(), tried, work).await {
            Err(refusal) if matches!(refusal.code, Code::NotLoggedIn | Code::NotFound) => Err(errors::refused(self, &refusal)),
            done => Ok(done),
        }
    }

    /// Concludes an act like [`Ctx::attempt`]: goes on to an address, or shows the page again with the refusal.
    pub(super) async fn acted<T>(
        &self,
        tried: &str,
        work: impl Future<Output = Result<T, Refusal>>,
        to: &str,
        (shown, again): (&str, impl AsyncFnOnce(Refusal) -> Result<Response, Refusal>),
    ) -> Response {
        match self.attempt(tried, work).await {
            Err(page) => page,
            Ok(Ok(_)) => see(to),
            Ok(Err(refusal)) => {
                let page = self.guard(shown, again(refusal.clone())).await;
                if page.status().is_success() { errors::under(&refusal, page) } else { errors::refused(self, &refusal) }
            }
        }
    }
}

/// An address that can be gone back to: a form's own takes no GET.
fn here(parts: &Parts) -> String {
    let own = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    if parts.method != Method::POST {
        return own.to_owned();
    }
    let text = |name: HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok());
    let from = text(header::REFERER).and_then(|from| from.split_once("://")).map(|(_, rest)| rest);
    let page = from.zip(text(header::HOST)).and_then(|(from, host)| from.strip_prefix(host));
    page.filter(|path| path.starts_with('/')).unwrap_or("/").to_owned()
}

/// The portal knows a person by the cookie alone. That is enough for a POST because [`super::form`] refuses foreign ones.
fn session(app: &Shared, headers: &HeaderMap) -> Result<PersonId, Refusal> {
    let nobody = || Refusal::new(Code::NotLoggedIn, "log in first");
    app.logins.holder(cookie(headers, SESSION).ok_or_else(nobody)?)
}

fn roles(app: &Shared, person: &PersonId) -> BTreeSet<Role> {
    let view = app.desk.view();
    view.cases.roster().member(person).map(|m| m.roles.clone()).unwrap_or_default()
}
