//! Whether the record is being written, for whoever watches over this gateway.

use axum::{extract::State, http::StatusCode};

use crate::{
    app::{Answer, Shared, json},
    health::Standing,
};

/// Whether acts are being recorded and the log is published. 503 while they are not.
#[utoipa::path(get, path = "/v1/health", tag = "log", responses((status = 200, body = Standing), (status = 503, body = Standing)))]
pub(crate) async fn show_health(State(app): State<Shared>) -> Answer {
    let standing = app.desk.health();
    let status = if standing.is_well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok(json(status, standing))
}
