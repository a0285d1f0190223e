//! The log on S3, where nobody can take it back: full tiles and one checkpoint a day lie under Object Lock in COMPLIANCE mode, which
//! no key and no administrator can shorten before its date.
//!
//! A lock keeps bytes; it proves nothing. That the bytes are the log is proved by the tree and its cosignatures. How a bucket is
//! made, and what an auditor does with one, is in `docs/publication.md`.

mod fault;
#[cfg(test)]
mod moto;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use aws_sdk_s3::{
    Client, Config,
    config::{Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    operation::put_object::builders::PutObjectFluentBuilder,
    primitives::{ByteStream, DateTime},
    types::{
        BucketVersioningStatus, ChecksumAlgorithm, ChecksumMode, ObjectLockEnabled, ObjectLockMode, ObjectLockRetention,
        ObjectLockRetentionMode,
    },
};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::NaiveDate;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Runtime;
use visiting_tlog::{
    bundle::BUNDLE_MAX_BYTES,
    merkle::sha256,
    note::NOTE_MAX_BYTES,
    store::{Published, Store},
    tile::{FULL, Tile},
};

use self::fault::{is_there_already, said};
pub(crate) use self::settings::{S3Settings, S3SettingsError};

/// Tries of one request, the first included: an answer that is lost is worth another, an outage is for the publisher to wait out.
const TRIES_MAX: u32 = 4;
/// Seconds until a connection stands: several round trips around the world.
const CONNECT_MAX_SECONDS: u64 = 5;
/// Seconds that one try may take: a bundle of the largest size, 17 MB, at 4 Mbit/s.
const TRY_MAX_SECONDS: u64 = 35;
/// Seconds that a request may take with all its tries: what a publisher may stand still for.
const REQUEST_MAX_SECONDS: u64 = 120;
/// Objects written at once: hides the latency of S3, and holds at most eight bundles a second time in memory.
const WRITES_AT_ONCE: usize = 8;
/// Keys that are looked at for the partial tiles of one place. There can be 255, so what is past this is somebody's rubbish.
const LISTED_MAX: usize = 10_000;
/// Seconds by which a lock may end before its date as we computed it: dates are in whole seconds, and clocks differ.
const LOCK_SLACK_SECONDS: i64 = 300;

/// "immutable, so its caching headers SHOULD be long-lived" (tlog-tiles).
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// "mutable, so its headers SHOULD prevent caching beyond a few seconds" (tlog-tiles).
const NEVER: &str = "no-cache";
const BYTES: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";

/// A log in a bucket.
///
/// Its calls block, on a runtime of its own: they are for the publisher's thread, and panic inside of async code.
#[derive(Debug)]
pub(crate) struct S3Log {
    client: Client,
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
    bucket: String,
    prefix: String,
    retention: Duration,
    /// A lock was read back since the start: this server keeps what it is asked to keep.
    locks: AtomicBool,
    /// The day whose checkpoint is known to be locked.
    kept: Mutex<Option<NaiveDate>>,
}

/// What is written.
#[derive(Clone, Copy)]
struct Body<'a> {
    bytes: &'a [u8],
    kind: &'static str,
    caching: &'static str,
}

impl Drop for S3Log {
    fn drop(&mut self) {
        // A gateway that does not start drops this inside its own runtime, where nothing may block.
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl S3Log {
    /// Connects, and looks whether the bucket can keep a log. That the key may write under a lock is seen at the first full tile: a
    /// trial would leave an object behind for the whole retention.
    ///
    /// # Errors
    /// When the bucket cannot be reached, has no versions or no Object Lock.
    pub(crate) fn open(settings: &S3Settings) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let log = Self {
            client: Client::from_conf(config(settings)),
            runtime: Some(runtime),
            bucket: settings.bucket.clone(),
            prefix: settings.prefix.clone(),
            retention: Duration::from_secs(u64::from(settings.retention_days) * 24 * 60 * 60),
            locks: AtomicBool::new(false),
            kept: Mutex::new(None),
        };
        log.run(log.can_keep())?;
        Ok(log)
    }

    fn run<T>(&self, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let closed = || io::Error::other("the log on S3 is being closed");
        self.runtime.as_ref().ok_or_else(closed)?.block_on(work)
    }

    /// Versions and Object Lock are on.
    async fn can_keep(&self) -> io::Result<()> {
        let bucket = format!("the bucket {}", self.bucket);
        let refused = |what: &str| {
            let how = "make one with `aws s3api create-bucket --object-lock-enabled-for-bucket` (docs/publication.md)";
            io::Error::new(io::ErrorKind::Unsupported, format!("{bucket} {what}, so what is published there could be taken back; {how}"))
        };
        let versions = self.client.get_bucket_versioning().bucket(&self.bucket).send().await;
        let versions = versions.map_err(|error| said(&bucket, "cannot be asked for its versioning", &error))?;
        if versions.status() != Some(&BucketVersioningStatus::Enabled) {
            return Err(refused("keeps no versions"));
        }
        let lock = self.client.get_object_lock_configuration().bucket(&self.bucket).send().await;
        let enabled = match &lock {
            Ok(answer) => answer.object_lock_configuration().and_then(|lock| lock.object_lock_enabled()),
            Err(error) if aws_sdk_s3::error::ProvideErrorMetadata::code(error) == Some("ObjectLockConfigurationNotFoundError") => None,
            Err(error) => return Err(said(&bucket, "cannot be asked for its Object Lock", error)),
        };
        if enabled == Some(&ObjectLockEnabled::Enabled) { Ok(()) } else { Err(refused("has no Object Lock")) }
    }

    fn key(&self, name: impl std::fmt::Display) -> String {
        format!("{}{name}", self.prefix)
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// An object that is not longer than `limit`; `None` when there is none.
    async fn get(&self, key: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let place = self.place(key);
        let too_long = || io::Error::new(io::ErrorKind::FileTooLarge, format!("{place} is longer than {limit} bytes"));
        let answer = match self.client.get_object().bucket(&self.bucket).key(key).checksum_mode(ChecksumMode::Enabled).send().await {
            Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_key()) => return Ok(None),
            answer => answer.map_err(|error| said(&place, "cannot be read", &error))?,
        };
        let (mut bytes, mut body) = (Vec::new(), answer.body);
        while let Some(part) = body.next().await {
            let part = part.map_err(|error| io::Error::other(format!("{place} cannot be read to its end: {error}")))?;
            if bytes.len() + part.len() > limit {
                return Err(too_long());
            }
            bytes.extend_from_slice(&part);
        }
        Ok(Some(bytes))
    }

    fn request(&self, key: &str, body: Body<'_>) -> PutObjectFluentBuilder {
        let put = self.client.put_object().bucket(&self.bucket).key(key).content_type(body.kind).cache_control(body.caching);
        // The algorithm is said as well: S3 locks nothing without a checksum that it was told to look at.
        let put = put.checksum_algorithm(ChecksumAlgorithm::Sha256).checksum_sha256(STANDARD.encode(sha256(body.bytes)));
        put.body(ByteStream::from(body.bytes.to_vec()))
    }

    /// Writes what may be written again, or taken away.
    async fn put(&self, key: &str, body: Body<'_>) -> io::Result<()> {
        let put = self.request(key, body).send().await;
        put.map(drop).map_err(|error| said(&self.place(key), "cannot be written", &error))
    }

    /// Writes what stays, once. What is there already must be `same`; it may have got there by a request whose answer was lost.
    async fn put_locked(&self, key: &str, body: Body<'_>, limit: usize, same: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        let until = self.until();
        let put = self.request(key, body).if_none_match("*");
        match put.object_lock_mode(ObjectLockMode::Compliance).object_lock_retain_until_date(until).send().await {
            Ok(_) if self.locks.load(Ordering::Relaxed) => Ok(()),
            Ok(_) => {
                if !self.is_locked(key, until).await? {
                    return Err(self.ignored(key));
                }
                self.locks.store(true, Ordering::Relaxed);
                Ok(())
            }
            Err(error) if is_there_already(&error) => {
                let there = self.get(key, limit).await?;
                if !there.is_some_and(|bytes| same(&bytes)) {
                    let place = self.place(key);
                    let text = format!("{place} is there and holds other bytes: another log was published here; name an empty prefix");
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
                }
                self.lock(key, until).await
            }
            Err(error) => Err(said(&self.place(key), "cannot be written under a lock", &error)),
        }
    }

    /// Locks what is there, for as long as if it were written now. A lock can be made longer, never shorter.
    async fn lock(&self, key: &str, until: DateTime) -> io::Result<()> {
        if self.is_locked(key, until).await? {
            return Ok(());
        }
        let retention = ObjectLockRetention::builder().mode(ObjectLockRetentionMode::Compliance).retain_until_date(until).build();
        let put = self.client.put_object_retention().bucket(&self.bucket).key(key).retention(retention);
        put.send().await.map_err(|error| said(&self.place(key), "cannot be locked", &error))?;
        if self.is_locked(key, until).await? { Ok(()) } else { Err(self.ignored(key)) }
    }

    /// Reads the lock back: what a server was asked for and what it does are two things.
    async fn is_locked(&self, key: &str, until: DateTime) -> io::Result<bool> {
        let head = self.client.head_object().bucket(&self.bucket).key(key).send().await;
        let head = head.map_err(|error| said(&self.place(key), "cannot be asked for its lock", &error))?;
        let long_enough = head.object_lock_retain_until_date().is_some_and(|date| date.secs() + LOCK_SLACK_SECONDS >= until.secs());
        Ok(long_enough && head.object_lock_mode() == Some(&ObjectLockMode::Compliance))
    }

    fn ignored(&self, key: &str) -> io::Error {
        let place = self.place(key);
        let what = "is not locked as asked: this server does not honour Object Lock, or the key may not read it (s3:GetObjectRetention)";
        io::Error::new(io::ErrorKind::Unsupported, format!("{place} {what}; nothing more is published here"))
    }

    fn until(&self) -> DateTime {
        let date = DateTime::from(SystemTime::now() + self.retention);
        DateTime::from_secs(date.secs())
    }

    async fn put_tile(&self, tile: Tile, bytes: &[u8]) -> io::Result<()> {
        let (key, body) = (self.key(tile), Body { bytes, kind: BYTES, caching: FOR_EVER });
        if tile.is_full() {
            self.put_locked(&key, body, BUNDLE_MAX_BYTES, |there| there == bytes).await
        } else {
            self.put(&key, body).await
        }
    }

    /// Full tiles first: where they are another log's, its partial tiles are not written over.
    async fn put_tiles(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        let (full, partial): (Vec<_>, Vec<_>) = tiles.iter().partition(|(tile, _)| tile.is_full());
        let mut full = full.into_iter();
        // Until a lock has been read back, a server that ignores locks gets one object and no more.
        if !self.locks.load(Ordering::Relaxed)
            && let Some((tile, bytes)) = full.next()
        {
            self.put_tile(*tile, bytes).await?;
        }
        self.put_all(full).await?;
        self.put_all(partial.into_iter()).await
    }

    async fn put_all(&self, tiles: impl Iterator<Item = &(Tile, Vec<u8>)>) -> io::Result<()> {
        let writes = stream::iter(tiles).map(|(tile, bytes)| self.put_tile(*tile, bytes));
        writes.buffer_unordered(WRITES_AT_ONCE).try_collect().await
    }

    async fn widths(&self, tile: Tile) -> io::Result<Vec<u16>> {
        let Some(one) = tile.of_width(1).map(|one| self.key(one)) else { return Ok(Vec::new()) };
        let folder = one.strip_suffix('1').unwrap_or(&one);
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(folder).into_paginator().send();
        let (mut widths, mut listed) = (Vec::new(), 0_usize);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| said(&self.place(folder), "cannot be listed", &error))?;
            let names = page.contents().iter().filter_map(|object| object.key()?.strip_prefix(&self.prefix));
            widths.extend(names.filter_map(Tile::parse).map(Tile::width).filter(|width| *width < FULL));
            listed += page.contents().len();
            if listed > LISTED_MAX {
                let text = format!("{} holds more than {LISTED_MAX} objects; there can be 255 partial tiles", self.place(folder));
                return Err(io::Error::other(text));
            }
        }
        Ok(widths)
    }

    /// Takes partial tiles away, as far as a bucket with versions ever does: a mark hides them, and its lifecycle rule removes them.
    async fn hide(&self, tiles: &[Tile]) -> io::Result<()> {
        for tile in tiles {
            let key = self.key(tile);
            if tile.is_full() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{} is a full tile and stays", self.place(&key))));
            }
            let gone = self.client.delete_object().bucket(&self.bucket).key(&key).send().await;
            gone.map_err(|error| said(&self.place(&key), "cannot be taken away", &error))?;
        }
        Ok(())
    }

    /// Keeps the first checkpoint of a day under a lock, before it is seen; then replaces the checkpoint.
    async fn publish_on(&self, day: NaiveDate, note: &[u8]) -> io::Result<()> {
        let body = Body { bytes: note, kind: TEXT, caching: NEVER };
        let known = *self.kept.lock().unwrap_or_else(PoisonError::into_inner) == Some(day);
        if !known {
            let origin = |note: &[u8]| note.split(|byte| *byte == b'\n').next().map(<[u8]>::to_vec);
            let of_this_log = |there: &[u8]| origin(there) == origin(note);
            self.put_locked(&self.key(format_args!("checkpoints/{day}")), body, NOTE_MAX_BYTES, of_this_log).await?;
            *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(day);
        }
        self.put(&self.key("checkpoint"), body).await
    }
}

impl Store for S3Log {
    fn read(&self, tile: Tile) -> io::Result<Option<Vec<u8>>> {
        self.run(self.get(&self.key(tile), BUNDLE_MAX_BYTES))
    }

    fn write(&self, tiles: &[(Tile, Vec<u8>)]) -> io::Result<()> {
        self.run(self.put_tiles(tiles))
    }

    fn partials(&self, tile: Tile) -> io::Result<Vec<u16>> {
        self.run(self.widths(tile))
    }

    fn remove(&self, tiles: &[Tile]) -> io::Result<()> {
        self.run(self.hide(tiles))
    }
}

impl Published for S3Log {
    fn checkpoint(&self) -> io::Result<Option<Vec<u8>>> {
        self.run(self.get(&self.key("checkpoint"), NOTE_MAX_BYTES))
    }

    fn publish(&self, note: &[u8]) -> io::Result<()> {
        let now: chrono::DateTime<chrono::Utc> = SystemTime::now().into();
        self.run(self.publish_on(now.date_naive(), note))
    }
}

fn config(settings: &S3Settings) -> Config {
    let tls = Provider::Rustls(CryptoMode::Ring);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(CONNECT_MAX_SECONDS))
        .operation_attempt_timeout(Duration::from_secs(TRY_MAX_SECONDS))
        .operation_timeout(Duration::from_secs(REQUEST_MAX_SECONDS));
    let credentials = Credentials::new(&settings.key_id, &settings.key, settings.session.clone(), None, "environment");
    let config = Config::builder()
        .http_client(aws_smithy_http_client::Builder::new().tls_provider(tls).build_https())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES_MAX))
        .timeout_config(timeouts.build());
    match &settings.endpoint {
        // Servers that are not Amazon's have no name for each bucket.
        Some(endpoint) => config.endpoint_url(endpoint).force_path_style(true).build(),
        None => config.build(),
    }
}
