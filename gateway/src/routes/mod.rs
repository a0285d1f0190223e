//! The route table: read from top to bottom, it is the life of a case.

pub(crate) mod applications;
pub(crate) mod audit;
mod bound;
pub(crate) mod catalog;
pub(crate) mod codes;
pub(crate) mod demo;
pub(crate) mod ending;
pub(crate) mod guests;
pub(crate) mod holds;
pub(crate) mod incidents;
mod internal;
pub(crate) mod log;
pub(crate) mod patterns;
pub(crate) mod permits;
pub(crate) mod preflights;
pub(crate) mod recalls;
pub(crate) mod reviews;
pub(crate) mod rules;
pub(crate) mod runs;
pub(crate) mod samples;
mod standing;
mod tiles;

use axum::{Json, Router, extract::DefaultBodyLimit, middleware::from_fn, routing::get};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouterExt},
    routes,
};
use visiting_policies::disclosure::limits;

use crate::{app::Shared, own_name, portal, problem::Problem};

/// Largest body of a public request.
const PUBLIC_BODY_BYTES: usize = 1024 * 1024;

/// Largest upload of a code list: the file with every line end and quote escaped, or percent-encoded by a browser.
pub(crate) const CODES_BODY_BYTES: usize = 4 * limits::CODES_FILE_MAX_BYTES;

/// Largest delivery from the enclave, base64 included.
const INTERNAL_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Longest that a request may wait for something to happen.
pub(crate) const WAIT_MAX_MS: u64 = 30_000;

#[derive(OpenApi)]
#[openapi(
    info(title = "Visiting", description = "Secondary use of health data inside a closed environment: find, apply, run, receive."),
    modifiers(&Bearer),
    components(schemas(Problem))
)]
struct Document;

/// The one way to log in.
struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        document.components.get_or_insert_default().add_security_scheme("login", SecurityScheme::Http(scheme));
    }
}

fn table() -> OpenApiRouter<Shared> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(demo::log_in))
        .routes(routes!(catalog::find_listings))
        .routes(routes!(catalog::show_listing))
        .routes(routes!(applications::list_applications, applications::submit_application))
        .routes(routes!(applications::show_application))
        .routes(routes!(reviews::judge_completeness))
        .routes(routes!(reviews::show_ballot))
        .routes(routes!(reviews::cast_vote))
        .routes(routes!(permits::list_permits))
        .routes(routes!(permits::show_permit))
        .routes(routes!(permits::suspend_permit))
        .routes(routes!(ending::close_permit))
        .routes(routes!(guests::list_guests, guests::upload_guest))
        .routes(routes!(codes::list_codes, codes::upload_codes).layer(DefaultBodyLimit::max(CODES_BODY_BYTES)))
        .routes(routes!(runs::list_runs, runs::request_run))
        .routes(routes!(runs::show_run))
        .routes(routes!(runs::fetch_file))
        .routes(routes!(recalls::list_releases))
        .routes(routes!(recalls::show_recall, recalls::recall_release))
        .routes(routes!(holds::list_holds))
        .routes(routes!(holds::show_hold))
        .routes(routes!(holds::cast_check))
        .routes(routes!(samples::list_samples))
        .routes(routes!(samples::show_sample))
        .routes(routes!(samples::look_at_sample))
        .routes(routes!(preflights::request_preflight))
        .routes(routes!(preflights::show_preflight))
        .routes(routes!(rules::show_rules))
        .routes(routes!(rules::propose_rules))
        .routes(routes!(rules::adopt_rules))
        .routes(routes!(log::show_checkpoint))
        .routes(routes!(log::read_events))
        .routes(routes!(log::stream_events))
        .routes(routes!(log::stream_lines))
        .routes(routes!(log::read_audit_events))
        .routes(routes!(patterns::list_patterns))
        .routes(routes!(audit::search_log))
        .routes(routes!(audit::ask_log))
        .routes(routes!(audit::show_timeline))
        .routes(routes!(audit::read_ocsf))
        .routes(routes!(audit::take_case))
        .routes(routes!(incidents::list_incidents, incidents::note_incident))
        .routes(routes!(incidents::show_incident))
        .routes(routes!(incidents::close_incident))
        .routes(routes!(log::prove_inclusion))
        .routes(routes!(log::prove_consistency))
        .routes(routes!(ending::repeat_run))
        .routes(routes!(ending::show_rerun))
        .routes(routes!(tiles::show_checkpoint))
        .routes(routes!(tiles::show_tile))
        .routes(routes!(standing::show_health))
}

/// The OpenAPI document of the public API.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    table().into_openapi()
}

/// What people reach.
pub(crate) fn public(app: Shared) -> Router {
    let (router, document) = table().split_for_parts();
    let document = Json(document);
    router
        .route("/v1/openapi.json", get(async move || document.clone()))
        .route("/healthz", get(async || "ok\n"))
        .merge(portal::pages())
        .fallback(portal::no_such_path)
        .method_not_allowed_fallback(portal::no_such_method)
        .layer(DefaultBodyLimit::max(PUBLIC_BODY_BYTES))
        .layer(from_fn(own_name::only))
        .with_state(app)
}

/// What the enclave reaches.
pub(crate) fn internal(app: Shared) -> Router {
    internal::table()
        .fallback(async || Problem::no_such_path())
        .method_not_allowed_fallback(async || Problem::no_such_method())
        .layer(DefaultBodyLimit::max(INTERNAL_BODY_BYTES))
        .with_state(app)
}

#[cfg(test)]
mod tests {
    /// The API is a promise: a change shows in the diff of `openapi.json`.
    #[test]
    fn the_openapi_document_is_the_one_that_was_reviewed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let now = format!("{}\n", super::openapi().to_pretty_json().unwrap());
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(path, &now).unwrap();
        }
        let reviewed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            now == reviewed,
            "the public API changed; if that is meant, run the test with UPDATE_OPENAPI=1 and commit gateway/openapi.json"
        );
    }
}
