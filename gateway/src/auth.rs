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
const LOGIN_SECONDS: u64 = 12 * 60 * 60;

/// The portal's cookie.
const SESSION: &str = "visiting_session";

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

    /// The person that the request's token names.
    pub(crate) fn person(&self, headers: &HeaderMap, method: &Method) -> Result<PersonId, Refusal> {
        self.claims(headers, method).map(|claims| claims.sub)
    }

    /// How long the request's login is still good: an answer that goes on must not outlive it.
    pub(crate) fn remaining(&self, headers: &HeaderMap, method: &Method) -> Result<Duration, Refusal> {
        let claims = self.claims(headers, method)?;
        Ok(Duration::from_secs(claims.exp.saturating_sub(jsonwebtoken::get_current_timestamp())))
    }

    fn claims(&self, headers: &HeaderMap, method: &Method) -> Result<Claims, Refusal> {
        let refused = |detail: &str| Refusal::new(Code::NotLoggedIn, detail);
        // Pages read with their cookie, and only read: nothing is changed on the word of a cookie that a browser adds by itself.
        let cookie = || if method == Method::GET { session(headers) } else { None };
        let token = bearer(headers).or_else(cookie).ok_or_else(|| refused("log in first and send `Authorization: Bearer <token>`"))?;
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation);
        data.map(|d| d.claims).map_err(|_| refused("this login is not valid or has ended; log in again"))
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

/// The token in the portal's cookie.
fn session(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';'));
    cookies.filter_map(|cookie| cookie.trim().split_once('=')).find(|(name, _)| *name == SESSION).map(|(_, token)| token)
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
        logins.person(&headers(token), &Method::GET).is_err_and(|r| r.code == Code::NotLoggedIn)
    }

    #[test]
    fn a_token_names_its_person() {
        let logins = Logins::new("visiting.demo/log", &[1; 32]);
        let token = logins.issue(&person()).unwrap();
        assert_eq!(logins.person(&headers(&token), &Method::GET).unwrap(), person());
        assert!(logins.person(&HeaderMap::new(), &Method::GET).is_err());
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
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, format!("a=b; visiting_session={}; c", logins.issue(&person()).unwrap()).parse().unwrap());
        assert_eq!(logins.person(&headers, &Method::GET).unwrap(), person());
        assert!(logins.remaining(&headers, &Method::GET).unwrap() > Duration::from_secs(LOGIN_SECONDS - 60));
        assert!(logins.person(&headers, &Method::POST).is_err());
        // A header wins over a cookie, also when it is wrong.
        headers.insert(AUTHORIZATION, "Bearer x".parse().unwrap());
        assert!(logins.person(&headers, &Method::GET).is_err());
    }

    #[test]
    fn the_enclaves_token_is_compared_whole() {
        assert!(carries(&headers("abc"), "abc"));
        assert!(!carries(&headers("ab"), "abc"));
        assert!(!carries(&HeaderMap::new(), ""));
    }
}
