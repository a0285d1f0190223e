//! Who is asking. Demo logins only: anybody on this machine may be anybody in the demo roster; real identity has its own issue.

use std::time::Duration;

use axum::http::{
    HeaderMap, Method,
    header::{AUTHORIZATION, COOKIE},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use visiting_policies::{
    refusal::{Code, Refusal},
    sign,
    terms::PersonId,
};

use crate::crypto;

/// A login lasts a working day.
pub(crate) const LOGIN_SECONDS: u64 = 12 * 60 * 60;

/// The cookie that holds a browser's login: the same token as the API's.
pub(crate) const SESSION: &str = "visiting_session";

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    sub: PersonId,
    iss: String,
    iat: u64,
    exp: u64,
}

/// Makes and checks login tokens.
pub(crate) struct Logins {
    issuer: String,
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl std::fmt::Debug for Logins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Logins({})", self.issuer)
    }
}

impl Logins {
    pub(crate) fn new(issuer: &str, secret: &[u8]) -> Self {
        crypto::install();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        validation.leeway = 0;
        let (encoding, decoding) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { issuer: issuer.to_owned(), encoding, decoding, validation }
    }

    /// A token for `person`, who is known to be in the roster.
    pub(crate) fn issue(&self, person: &PersonId) -> Result<String, Refusal> {
        let iat = jsonwebtoken::get_current_timestamp();
        let claims = Claims { sub: person.clone(), iss: self.issuer.clone(), iat, exp: iat + LOGIN_SECONDS };
        let fault = |_| Refusal::new(Code::OperatorProblem, "the login could not be signed");
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(fault)
    }

    /// The person that the request's token names. A browser's own GET may show its cookie instead of the header; never another site's or
    /// port's page.
    pub(crate) fn reader(&self, method: &Method, headers: &HeaderMap) -> Result<PersonId, Refusal> {
        self.holder(shown(method, headers).ok_or_else(unnamed)?)
    }

    /// How long the request's login is still good: an answer that goes on must not outlive it.
    pub(crate) fn remaining(&self, method: &Method, headers: &HeaderMap) -> Result<Duration, Refusal> {
        let claims = self.claims(shown(method, headers).ok_or_else(unnamed)?)?;
        Ok(Duration::from_secs(claims.exp.saturating_sub(jsonwebtoken::get_current_timestamp())))
    }

    /// The person that this token names.
    pub(crate) fn holder(&self, token: &str) -> Result<PersonId, Refusal> {
        self.claims(token).map(|claims| claims.sub)
    }

    fn claims(&self, token: &str) -> Result<Claims, Refusal> {
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        data.map(|d| d.claims).map_err(|_| Refusal::new(Code::NotLoggedIn, "this login is not valid or has ended; log in again"))
    }
}

fn unnamed() -> Refusal {
    Refusal::new(Code::NotLoggedIn, "log in first and send `Authorization: Bearer <token>`")
}

/// The token of a request that only reads. Nothing is changed on the word of a cookie that a browser adds by itself; a header wins
/// over a cookie, also when it is wrong.
fn shown<'a>(method: &Method, headers: &'a HeaderMap) -> Option<&'a str> {
    let own = headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    bearer(headers).or_else(|| if *method == Method::GET && own { cookie(headers, SESSION) } else { None })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let sent = headers.get_all(COOKIE).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    sent.filter_map(|pair| pair.trim().split_once('=')).find(|(n, _)| *n == name).map(|(_, value)| value)
}

/// True when the request carries `token`. Digests are compared, so time says nothing about the token.
pub(crate) fn carries(headers: &HeaderMap, token: &str) -> bool {
    bearer(headers).is_some_and(|sent| sign::sha256(sent.as_bytes()) == sign::sha256(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(token: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        headers
    }

    fn person() -> PersonId {
        "per_hanako".parse().unwrap()
    }

    fn refused(logins: &Logins, token: &str) -> bool {
        logins.reader(&Method::POST, &headers(token)).is_err_and(|r| r.code == Code::NotLoggedIn)
    }

    #[test]
    fn a_token_names_its_person() {
        let logins = Logins::new("visiting.demo/log", &[1; 32]);
        let token = logins.issue(&person()).unwrap();
        assert_eq!(logins.reader(&Method::POST, &headers(&token)).unwrap(), person());
        assert!(logins.reader(&Method::POST, &HeaderMap::new()).is_err());
    }

    #[test]
    fn a_token_of_another_key_issuer_or_algorithm_is_refused() {
        let logins = Logins::new("visiting.demo/log", &[1; 32]);
        assert!(refused(&logins, &Logins::new("visiting.demo/log", &[2; 32]).issue(&person()).unwrap()));
        assert!(refused(&logins, &Logins::new("other/log", &[1; 32]).issue(&person()).unwrap()));
        let token = logins.issue(&person()).unwrap();
        let mut parts = token.split('.');
        let (_, claims) = (parts.next(), parts.next().unwrap());
        // {"alg":"none","typ":"JWT"}
        assert!(refused(&logins, &format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.")));
    }

    #[test]
    fn a_token_that_has_ended_is_refused() {
        let logins = Logins::new("visiting.demo/log", &[1; 32]);
        let claims = Claims { sub: person(), iss: logins.issuer.clone(), iat: 1, exp: 2 };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &logins.encoding).unwrap();
        assert!(refused(&logins, &token));
    }

    #[test]
    fn a_cookie_reads_and_never_writes() {
        let logins = Logins::new("visiting.demo/log", &[1; 32]);
        let mut sent = HeaderMap::new();
        sent.insert(COOKIE, format!("visiting_lang=ja; {SESSION}={}", logins.issue(&person()).unwrap()).parse().unwrap());
        assert_eq!(logins.reader(&Method::GET, &sent).unwrap(), person());
        assert!(logins.reader(&Method::POST, &sent).is_err());
        sent.insert("sec-fetch-site", "same-site".parse().unwrap());
        assert!(logins.reader(&Method::GET, &sent).is_err());
        assert!(logins.remaining(&Method::POST, &sent).is_err());
        sent.remove("sec-fetch-site");
        assert!(logins.remaining(&Method::GET, &sent).unwrap() > Duration::from_secs(LOGIN_SECONDS - 60));
        sent.insert(AUTHORIZATION, "Bearer x".parse().unwrap());
        assert!(logins.reader(&Method::GET, &sent).is_err());
    }

    #[test]
    fn the_enclaves_token_is_compared_whole() {
        assert!(carries(&headers("abc"), "abc"));
        assert!(!carries(&headers("ab"), "abc"));
        assert!(!carries(&HeaderMap::new(), ""));
    }
}
