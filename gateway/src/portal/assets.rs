//! Style, scripts and the mark: part of the program, so that nothing is fetched from elsewhere.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use visiting_policies::sign;

/// Name, media type, bytes. Add yours here.
const ASSETS: &[(&str, &str, &[u8])] = &[
    ("portal.css", CSS, include_bytes!("../../assets/portal.css")),
    ("mark.svg", "image/svg+xml", include_bytes!("../../assets/mark.svg")),
    ("portal.js", JS, include_bytes!("../../assets/portal.js")),
    ("sign.js", JS, include_bytes!("../../assets/sign.js")),
    ("workspace.css", CSS, include_bytes!("../../assets/workspace.css")),
    ("copy.js", JS, include_bytes!("../../assets/copy.js")),
    ("editor.js", JS, include_bytes!("../../assets/editor.js")),
    ("hold.js", JS, include_bytes!("../../assets/hold.js")),
    ("guests.js", JS, include_bytes!("../../assets/guests.js")),
    ("log.js", JS, include_bytes!("../../assets/log.js")),
    ("run.js", JS, include_bytes!("../../assets/run.js")),
    ("try.js", JS, include_bytes!("../../assets/try.js")),
    ("verify.js", JS, include_bytes!("../../assets/verify.js")),
];

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";

/// Digits of the digest in an address: enough to tell two builds apart.
const DIGEST_DIGITS: usize = 16;

/// One digest over all of them, so that scripts can import each other by relative names.
static DIGEST: LazyLock<String> = LazyLock::new(|| {
    let all: Vec<u8> = ASSETS.iter().flat_map(|(name, _, bytes)| name.bytes().chain(bytes.iter().copied())).collect();
    sign::hex(&sign::sha256(&all)).chars().take(DIGEST_DIGITS).collect()
});

/// The address of an asset.
pub(super) fn asset(name: &str) -> String {
    format!("/assets/{}/{name}", *DIGEST)
}

/// An asset. Its address changes with its bytes, so browsers may keep it.
pub(super) async fn serve(Path((digest, name)): Path<(String, String)>) -> Response {
    let found = ASSETS.iter().find(|(n, _, _)| *n == name).filter(|_| digest == *DIGEST);
    let Some((_, kind, bytes)) = found else { return (StatusCode::NOT_FOUND, "no such asset; load the page again\n").into_response() };
    ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")], *bytes).into_response()
}
