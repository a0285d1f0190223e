//! What S3 said, in one sentence: which object, which act, which code. Never what a request was signed with.

use std::{error::Error, io};

use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

/// Longest answer of a server that is quoted, in bytes: enough for a sentence, too little for a page.
const QUOTED_MAX: usize = 300;

/// An error of the medium. `what` is the act, as in "cannot be written".
pub(super) fn said<E>(place: &str, what: &str, error: &SdkError<E, HttpResponse>) -> io::Error
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let mut reason = match (error.code(), error.message()) {
        (Some(code), message) => format!("S3 says {code}, {}", message.unwrap_or("and no more")),
        (None, _) => chain(error),
    };
    if let Some((end, _)) = reason.char_indices().find(|(at, _)| *at >= QUOTED_MAX) {
        reason.truncate(end);
    }
    let kind = match (error, status) {
        (SdkError::TimeoutError(_), _) => io::ErrorKind::TimedOut,
        (_, Some(401 | 403)) => io::ErrorKind::PermissionDenied,
        (_, Some(404)) => io::ErrorKind::NotFound,
        (SdkError::DispatchFailure(_), _) => io::ErrorKind::NotConnected,
        _ => io::ErrorKind::Other,
    };
    let status = status.map(|number| format!(" (HTTP {number})")).unwrap_or_default();
    io::Error::new(kind, format!("{place} {what}: {reason}{status}"))
}

/// An error and what caused it, down to the socket.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(cause) = below {
        text = format!("{text}: {cause}");
        below = cause.source();
    }
    text
}

/// True when an object of this name is there already.
pub(super) fn is_there_already<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.code() == Some("PreconditionFailed") || error.raw_response().is_some_and(|answer| answer.status().as_u16() == 412)
}
