//! Refusals as problem documents (RFC 9457). The only file that knows status codes.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use visiting_policies::{Code, Refusal};

use crate::wire::Place;

/// `application/problem+json`, as sent and as the client reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, utoipa::ToSchema)]
#[error("{title} ({status} {code}): {detail}")]
pub struct Problem {
    /// `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// HTTP status; 0 when no answer came.
    pub status: u16,
    /// What was refused and what to do.
    pub detail: String,
    /// The same in Japanese, where it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail_ja: Option<String>,
    /// Stable code.
    pub code: String,
    /// Where in the text that was sent, where one place is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// For a refused guest: everything that was found, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

impl Problem {
    /// The client's own problem: no answer, or one that cannot be read.
    pub fn unreachable(detail: impl Into<String>) -> Self {
        Self::of("unreachable".to_owned(), 0, detail.into())
    }

    fn of(code: String, status: u16, detail: String) -> Self {
        let mut title = code.replace('-', " ");
        if let Some(first) = title.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self { kind: format!("/problems/{code}"), title, status, detail, detail_ja: None, code, at: None, findings: Vec::new() }
    }

    /// There is nothing at this path.
    pub(crate) fn no_such_path() -> Self {
        Refusal::not_found("path; see /v1/openapi.json").into()
    }

    /// The path exists, for other methods.
    pub(crate) fn no_such_method() -> Self {
        Self::of(
            "malformed".to_owned(),
            StatusCode::METHOD_NOT_ALLOWED.as_u16(),
            "this path does not take this method; see /v1/openapi.json".to_owned(),
        )
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        // Only the examination of a guest has more than one thing to say: its refusal has a finding a line.
        let findings = match refusal.code {
            Code::GuestRefused => refusal.detail.lines().skip(1).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let bare = Self::of(refusal.code.name(), status(refusal.code).as_u16(), refusal.detail);
        Self { findings, detail_ja: refusal.ja, at: refusal.at.map(Place::from), ..bare }
    }
}

fn status(code: Code) -> StatusCode {
    match code {
        Code::Malformed => StatusCode::BAD_REQUEST,
        Code::NotLoggedIn => StatusCode::UNAUTHORIZED,
        Code::NotAllowed
        | Code::NotNamed
        | Code::ReviewerIsApplicant
        | Code::ConflictOfInterest
        | Code::PermitExpired
        | Code::PermitSuspended
        | Code::PermitClosed
        | Code::PermitNotGranted
        | Code::SecondPersonNeeded
        | Code::OtherOrganisationNeeded => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::Recalled => StatusCode::GONE,
        Code::WrongState | Code::KeyReused | Code::AlreadyVoted => StatusCode::CONFLICT,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::TooManyStreams | Code::TooManyPreflights | Code::TooManyHeld => StatusCode::TOO_MANY_REQUESTS,
        Code::VoteForged
        | Code::CheckForged
        | Code::RecallForged
        | Code::NotReleasedByCheckers
        | Code::SuspensionForged
        | Code::ClosureForged
        | Code::RulesForged
        | Code::RulesUnsound
        | Code::RuleForbids
        | Code::TicketTampered
        | Code::RecordUnlawful
        | Code::ReportForged
        | Code::ListingUnknown
        | Code::SqlUnreadable
        | Code::SqlNotOffered
        | Code::NameUnknown
        | Code::ColumnUse
        | Code::LiteralOutsideDomain
        | Code::GuestRefused
        | Code::GuestTampered
        | Code::CodesRefused
        | Code::CodesTampered
        | Code::NothingToShow
        | Code::TooManyUnshown
        | Code::TooManyMeasures => StatusCode::UNPROCESSABLE_ENTITY,
        Code::OperatorProblem | Code::KeyUnusable => StatusCode::INTERNAL_SERVER_ERROR,
        Code::RecordUnavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_string(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use visiting_policies::refusal::TextPlace;

    use super::*;

    #[test]
    fn a_problem_says_where_and_in_both_languages() {
        let refusal = Refusal::new(Code::ColumnUse, "no MAX here").ja("MAXは使えません").at(Some(TextPlace { line: 2, column: 8 }));
        let problem = serde_json::to_value(Problem::from(refusal)).unwrap();
        assert_eq!(problem["detail"], "no MAX here");
        assert_eq!(problem["detail_ja"], "MAXは使えません");
        assert_eq!(problem["at"], serde_json::json!({ "line": 2, "column": 8 }));
        let bare = serde_json::to_value(Problem::from(Refusal::not_found("run"))).unwrap();
        assert!(bare.get("detail_ja").is_none() && bare.get("at").is_none(), "{bare}");
    }
}
