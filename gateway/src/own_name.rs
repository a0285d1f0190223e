//! Requests are answered under this machine's own names only. A foreign page whose name is made to point here (DNS rebinding) would
//! otherwise be of "the same origin", and in the demo anybody may be anybody.

use axum::{
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use visiting_policies::refusal::{Code, Refusal};

use crate::problem::Problem;

/// Names of the loopback interface, which is all that the gateway listens on.
const OWN: &[&str] = &["127.0.0.1", "localhost", "[::1]"];

/// Refuses other names; what is answered is kept by nobody and taken for nothing else than it is, unless it says so itself.
pub(crate) async fn only(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    if host.is_some_and(|host| !is_own(host)) {
        let refusal =
            Refusal::new(Code::NotAllowed, "this server answers under 127.0.0.1 and localhost only; use the address that it printed");
        return Problem::from(refusal).into_response();
    }
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    answer
}

fn is_own(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(host, |(name, _)| name);
    OWN.iter().any(|own| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn only_the_loopbacks_names_are_own() {
        assert!(["127.0.0.1:8750", "localhost:8750", "LOCALHOST", "[::1]:80", "[::1]"].into_iter().all(is_own));
        assert!(["evil.test:8750", "127.0.0.1.evil.test:8750", "", "0.0.0.0:8750", "localhost.:1", "::1"].into_iter().all(|h| !is_own(h)));
    }
}
