//! What data there is. Public: no login, no record.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use serde::Deserialize;
use utoipa::IntoParams;
use visiting_catalog::Listing;
use visiting_policies::refusal::{Code, Refusal};

use crate::{
    app::{Answer, App, Call, Shared, json},
    problem::Problem,
    wire::{ListingView, Listings},
};

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Find {
    /// Words to look for, in Japanese or English; without any, every listing.
    #[serde(default)]
    q: String,
}

/// Find listings.
#[utoipa::path(
    get,
    path = "/v1/listings",
    tag = "catalogue",
    params(Find),
    responses((status = 200, body = Listings), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn find_listings(State(app): State<Shared>, call: Call) -> Answer {
    let find: Find = call.query()?;
    let listings = search(&app, &find.q).into_iter().map(|l| view(&app, l)).collect::<Result<_, _>>()?;
    Ok(json(StatusCode::OK, Listings { listings }))
}

/// One listing with its tables and columns.
#[utoipa::path(
    get,
    path = "/v1/listings/{id}",
    tag = "catalogue",
    params(("id" = String, Path, description = "Listing")),
    responses((status = 200, body = ListingView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_listing(State(app): State<Shared>, Path(id): Path<String>) -> Answer {
    let listing = app.catalog.iter().find(|l| l.id == id).ok_or_else(|| Refusal::not_found("listing"))?;
    Ok(json(StatusCode::OK, view(&app, listing)?))
}

/// Listings that match some words; without any, all.
pub(crate) fn search<'a>(app: &'a App, words: &str) -> Vec<&'a Listing> {
    if words.trim().is_empty() { app.catalog.iter().collect() } else { visiting_catalog::search(&app.catalog, words) }
}

/// Newest data version of a listing, once something is loaded.
pub(crate) fn data_version(app: &App, listing: &Listing) -> Option<u64> {
    app.desk.view().cases.loads.get(&listing.id).map(|load| load.version)
}

fn view(app: &App, listing: &Listing) -> Result<ListingView, Refusal> {
    let value = serde_json::to_value(listing).map_err(|_| Refusal::new(Code::OperatorProblem, "the listing cannot be shown"))?;
    Ok(ListingView { id: listing.id.clone(), data_version: data_version(app, listing), listing: value })
}
