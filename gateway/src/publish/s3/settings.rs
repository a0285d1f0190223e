//! Which bucket the log goes to, as the environment says it.

use std::{env, fmt, net::IpAddr};

use axum::http::Uri;

/// Shortest time, in days, for which anything is locked: Regulation (EU) 2025/327 (EHDS), Article 73, keeps logs of access for at
/// least one year.
pub(crate) const RETENTION_MIN_DAYS: u32 = 365;

/// Longest time, in days, that S3 takes: a hundred years.
pub(crate) const RETENTION_MAX_DAYS: u32 = 36_500;

/// Names of the variables.
const PLACE: &str = "VISITING_LOG_S3";
const ENDPOINT: &str = "VISITING_LOG_S3_ENDPOINT";
const RETENTION: &str = "VISITING_LOG_S3_RETENTION_DAYS";
const REGION: &str = "AWS_REGION";
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION: &str = "AWS_SESSION_TOKEN";

/// A bucket, a place in it, and how long what lies there is locked.
#[derive(Clone)]
pub(crate) struct S3Settings {
    /// Name of the bucket.
    pub(crate) bucket: String,
    /// What all keys begin with: nothing, or a path that ends in `/`.
    pub(crate) prefix: String,
    /// A server that speaks S3; without one, Amazon's of the region.
    pub(crate) endpoint: Option<String>,
    /// The bucket's region.
    pub(crate) region: String,
    /// Public part of the access key.
    pub(crate) key_id: String,
    /// Secret part of the access key.
    pub(crate) key: String,
    /// Goes with temporary keys.
    pub(crate) session: Option<String>,
    /// How long full tiles and daily checkpoints are locked, in days.
    pub(crate) retention_days: u32,
}

/// Secrets stay out of messages.
impl fmt::Debug for S3Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{} in {}, locked for {} days", self.bucket, self.prefix, self.region, self.retention_days)
    }
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum S3SettingsError {
    /// No place.
    #[error(
        "VISITING_LOG_S3 must be s3://bucket/prefix: a bucket of 3 to 63 lower-case letters, digits, `-` and `.`, and a prefix of letters, digits, `-`, `_`, `.` and `/`"
    )]
    Place,
    /// Credentials would cross a network in the clear.
    #[error("VISITING_LOG_S3_ENDPOINT must be https://host or, on this machine alone, http://127.0.0.1:port")]
    Endpoint,
    /// A variable is missing.
    #[error("{0} is not set, and VISITING_LOG_S3 needs it")]
    Missing(&'static str),
    /// Not a number, or one that S3 does not take.
    #[error(
        "VISITING_LOG_S3_RETENTION_DAYS must be a number of days from {RETENTION_MIN_DAYS} to {RETENTION_MAX_DAYS}; nobody can shorten it afterwards"
    )]
    Retention,
    /// The law's minimum.
    #[error(
        "VISITING_LOG_S3_RETENTION_DAYS is {0}, and must be {RETENTION_MIN_DAYS} or more: logs of access are kept for at least one year (Regulation (EU) 2025/327, EHDS, Article 73)"
    )]
    RetentionTooShort(u32),
}

impl S3Settings {
    /// Reads the environment; `None` where the log is not published on S3.
    ///
    /// # Errors
    /// When what is set cannot be used.
    pub(crate) fn from_env() -> Result<Option<Self>, S3SettingsError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, S3SettingsError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let needed = |name: &'static str| set(name).ok_or(S3SettingsError::Missing(name));
        let Some(place) = set(PLACE) else { return Ok(None) };
        let (bucket, prefix) = bucket_and_prefix(&place).ok_or(S3SettingsError::Place)?;
        let endpoint = set(ENDPOINT);
        if endpoint.as_deref().is_some_and(|text| !may_be_called(text)) {
            return Err(S3SettingsError::Endpoint);
        }
        let retention_days = needed(RETENTION)?.parse().map_err(|_| S3SettingsError::Retention)?;
        match retention_days {
            0..RETENTION_MIN_DAYS => return Err(S3SettingsError::RetentionTooShort(retention_days)),
            RETENTION_MIN_DAYS..=RETENTION_MAX_DAYS => {}
            _ => return Err(S3SettingsError::Retention),
        }
        let (region, key_id, key) = (needed(REGION)?, needed(KEY_ID)?, needed(KEY)?);
        Ok(Some(Self { bucket, prefix, endpoint, region, key_id, key, session: set(SESSION), retention_days }))
    }
}

fn bucket_and_prefix(place: &str) -> Option<(String, String)> {
    let (bucket, prefix) = place.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
    let bucket_fits =
        (3..=63).contains(&bucket.len()) && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let element = |text: &str| {
        let known = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        known && !matches!(text, "" | "." | "..")
    };
    if !bucket_fits || !(prefix.is_empty() || prefix.split('/').all(element)) {
        return None;
    }
    Some((bucket.to_owned(), if prefix.is_empty() { String::new() } else { format!("{prefix}/") }))
}

/// Without TLS only this machine is called, by an address that no resolver can turn elsewhere.
fn may_be_called(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<Uri>() else { return false };
    let loopback = |host: &str| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let bare = uri.path_and_query().is_none_or(|path| path == "/") && uri.authority().is_some_and(|a| !a.as_str().contains('@'));
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => bare,
        (Some("http"), Some(host)) => bare && loopback(host),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[(&str, &str)]) -> Result<Option<S3Settings>, S3SettingsError> {
        let all = [
            (PLACE, "s3://log-of-visits/tokyo/visits/"),
            (RETENTION, "400"),
            (REGION, "ap-northeast-1"),
            (KEY_ID, "AKIDEXAMPLE"),
            (KEY, "a-secret"),
        ];
        S3Settings::from_variables(|name| {
            let changed = changes.iter().find(|(n, _)| *n == name);
            changed.or_else(|| all.iter().find(|(n, _)| *n == name)).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_place_is_a_bucket_and_a_prefix() {
        let settings = with(&[]).unwrap().unwrap();
        assert_eq!((settings.bucket.as_str(), settings.prefix.as_str()), ("log-of-visits", "tokyo/visits/"));
        assert_eq!(with(&[(PLACE, "s3://log")]).unwrap().unwrap().prefix, "");
        assert!(with(&[(PLACE, "")]).unwrap().is_none(), "what is not named is not published");
        for place in ["log", "https://log/x", "s3://", "s3:///x", "s3://Log/x", "s3://log/a//b", "s3://log/../b", "s3://log/a b"] {
            assert_eq!(with(&[(PLACE, place)]).unwrap_err(), S3SettingsError::Place, "{place}");
        }
    }

    #[test]
    fn less_than_a_year_is_refused_with_its_reason() {
        let refused = with(&[(RETENTION, "364")]).unwrap_err();
        assert_eq!(refused, S3SettingsError::RetentionTooShort(364));
        assert!(refused.to_string().contains("Article 73"), "{refused}");
        assert_eq!(with(&[(RETENTION, "365")]).unwrap().unwrap().retention_days, 365);
        for days in ["", "a year", "-1", "36501", "4294967296"] {
            assert!(with(&[(RETENTION, days)]).is_err(), "{days}");
        }
    }

    #[test]
    fn without_tls_only_this_machine_is_called() {
        for endpoint in ["https://s3.example", "https://s3.example:9000/", "http://127.0.0.1:5000", "http://[::1]:5000"] {
            assert!(with(&[(ENDPOINT, endpoint)]).is_ok(), "{endpoint}");
        }
        for endpoint in [
            "http://s3.example",
            "http://localhost:5000",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "127.0.0.1:5000",
            "https://a:b@s3.example",
            "https://s3.example/x",
        ] {
            assert_eq!(with(&[(ENDPOINT, endpoint)]).unwrap_err(), S3SettingsError::Endpoint, "{endpoint}");
        }
    }

    #[test]
    fn what_is_missing_is_named_and_secrets_are_not_shown() {
        for name in [RETENTION, REGION, KEY_ID, KEY] {
            assert_eq!(with(&[(name, "")]).unwrap_err(), S3SettingsError::Missing(name));
        }
        let shown = format!("{:?}", with(&[(SESSION, "a-session")]).unwrap().unwrap());
        assert!(!shown.contains("a-se") && !shown.contains("AKID") && shown.contains("log-of-visits"), "{shown}");
    }
}
