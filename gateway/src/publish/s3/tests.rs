//! A log in a bucket of a real server, whatever the wire, the disk behind it and the holder of the same key do.

use std::{io, sync::atomic::Ordering};

use aws_sdk_s3::{error::ProvideErrorMetadata, primitives::DateTime, types};
use chrono::NaiveDate;
use visiting_tlog::{
    append::{AppendFault, Appender},
    checkpoint::Checkpoint,
    key::{Algorithm, SecretKey},
    merkle::empty_root,
    note::Note,
    store::{Memory, Published, Store},
    structure::verify,
    tile::{Kind, Tile},
};

use super::{
    S3Log, S3Settings, config,
    moto::{Moto, Wire},
};

const ORIGIN: &str = "log.example/visits";

fn secret() -> SecretKey {
    SecretKey::from_seed(ORIGIN, Algorithm::Ed25519, &[1; 32]).unwrap()
}

fn entries(from: u64, to: u64) -> Vec<Vec<u8>> {
    (from..to).map(|number| format!("entry {number}").into_bytes()).collect()
}

/// The checkpoint over the first entries, computed beside any bucket.
fn known(size: u64) -> Checkpoint {
    let memory = Memory::default();
    let mut log = Appender::create(&memory);
    log.append(&entries(0, size)).unwrap();
    Checkpoint::new(ORIGIN, size, log.root()).unwrap()
}

fn note(checkpoint: &Checkpoint) -> String {
    checkpoint.sign(&[&secret()]).unwrap().to_string()
}

fn last(log: &S3Log) -> io::Result<Checkpoint> {
    let Some(note) = log.checkpoint()? else { return Ok(Checkpoint::new(ORIGIN, 0, empty_root()).unwrap()) };
    let note = Note::parse(&note).unwrap();
    note.verify(&[secret().verifier()]).unwrap();
    Ok(Checkpoint::parse(note.text()).unwrap())
}

fn published(log: &S3Log) -> Checkpoint {
    last(log).unwrap()
}

/// Opens the log after its checkpoint, appends up to a size, and publishes.
fn grow(log: &S3Log, to: u64) -> Result<(), String> {
    let last = last(log).map_err(|error| error.to_string())?;
    let mut appender = Appender::open(log, &last).map_err(|fault| fault.to_string())?;
    appender.append(&entries(last.size(), to)).map_err(|fault| fault.to_string())?;
    let now = Checkpoint::new(ORIGIN, appender.size(), appender.root()).unwrap();
    log.publish(note(&now).as_bytes()).map_err(|error| error.to_string())
}

/// A server, a wire to it, and settings for a bucket on it.
struct Room {
    _moto: Moto,
    wire: Wire,
    settings: S3Settings,
}

impl Room {
    /// With a bucket that can keep a log; `None` where there is no moto.
    fn new() -> Option<Self> {
        let room = Self::bare()?;
        room.make(true);
        Some(room)
    }

    fn bare() -> Option<Self> {
        let moto = Moto::start()?;
        let wire = Wire::to(moto.address);
        let settings = S3Settings {
            bucket: "log-of-visits".to_owned(),
            prefix: "tokyo/".to_owned(),
            endpoint: Some(format!("http://{}", wire.address)),
            region: "us-east-1".to_owned(),
            key_id: "AKIDEXAMPLE".to_owned(),
            key: "the-secret-part".to_owned(),
            session: None,
            retention_days: 400,
        };
        Some(Self { _moto: moto, wire, settings })
    }

    /// The same key in other hands.
    fn attacker(&self) -> (tokio::runtime::Runtime, aws_sdk_s3::Client) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        (runtime, aws_sdk_s3::Client::from_conf(config(&self.settings)))
    }

    fn make(&self, locking: bool) {
        let (runtime, client) = self.attacker();
        let bucket = client.create_bucket().bucket(&self.settings.bucket).object_lock_enabled_for_bucket(locking);
        runtime.block_on(bucket.send()).unwrap();
    }

    fn open(&self) -> S3Log {
        S3Log::open(&self.settings).unwrap()
    }
}

#[test]
fn a_log_grows_over_full_tiles_and_goes_on_after_its_checkpoint() {
    let Some(room) = Room::new() else { return };
    let log = room.open();
    let mut before = published(&log);
    for size in [3, 256, 700, 1030] {
        // Another process each time: nothing but the bucket tells it where the log stands.
        let log = room.open();
        grow(&log, size).unwrap();
        let now = published(&log);
        assert_eq!((now.size(), now.root()), (size, known(size).root()));
        assert_eq!(verify(&log, &now, Some(&before)).unwrap().entries, size);
        before = now;
    }
    // What was partial once is listed, and goes when it is told to.
    let first = Tile::new(Kind::Level(0), 0, 3).unwrap();
    assert_eq!(log.partials(first).unwrap(), [3]);
    log.remove(&[first, first]).unwrap();
    assert_eq!((log.partials(first).unwrap(), log.read(first).unwrap()), (Vec::new(), None));
    assert_eq!(log.remove(&[first.full()]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    verify(&log, &before, None).unwrap();
}

#[test]
fn objects_are_served_as_tlog_tiles_says() {
    let Some(room) = Room::new() else { return };
    grow(&room.open(), 300).unwrap();
    let (runtime, client) = room.attacker();
    let head = |key: &str| runtime.block_on(client.head_object().bucket("log-of-visits").key(format!("tokyo/{key}")).send()).unwrap();
    for (key, kind, caching, locked) in [
        ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable", true),
        ("tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable", true),
        ("tile/0/001.p/44", "application/octet-stream", "public, max-age=31536000, immutable", false),
        ("checkpoint", "text/plain; charset=utf-8", "no-cache", false),
    ] {
        let head = head(key);
        assert_eq!((head.content_type(), head.cache_control()), (Some(kind), Some(caching)), "{key}");
        assert_eq!(head.object_lock_mode() == Some(&types::ObjectLockMode::Compliance), locked, "{key}");
        let days = head.object_lock_retain_until_date().map(|date| (date.secs() - head.last_modified().unwrap().secs() + 300) / 86_400);
        assert_eq!(days, locked.then_some(400), "{key}");
    }
}

#[test]
fn whoever_has_the_key_cannot_take_a_full_tile_back() {
    let Some(room) = Room::new() else { return };
    let log = room.open();
    grow(&log, 300).unwrap();
    let (runtime, client) = room.attacker();
    let (bucket, key) = ("log-of-visits", "tokyo/tile/entries/000");
    let versions = || {
        let listed = runtime.block_on(client.list_object_versions().bucket(bucket).prefix(key).send()).unwrap();
        listed.versions().iter().map(|v| v.version_id().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let [version] = versions().try_into().unwrap();
    let bytes = log.read(Tile::parse("tile/entries/000").unwrap()).unwrap().unwrap();

    for bypass in [false, true] {
        let delete = client.delete_object().bucket(bucket).key(key).version_id(&version).bypass_governance_retention(bypass);
        let refused = runtime.block_on(delete.send()).unwrap_err();
        assert_eq!(refused.code(), Some("AccessDenied"), "{refused:?}");
    }
    // A write over it makes another version; the locked one is still there, and cannot be deleted either.
    let other = client.put_object().bucket(bucket).key(key).body(b"other entries".to_vec().into());
    runtime.block_on(other.send()).unwrap();
    assert_eq!(versions().len(), 2);
    let delete = client.delete_object().bucket(bucket).key(key).version_id(&version);
    assert_eq!(runtime.block_on(delete.send()).unwrap_err().code(), Some("AccessDenied"));
    let kept = client.get_object().bucket(bucket).key(key).version_id(&version);
    let kept = runtime.block_on(async { kept.send().await.unwrap().body.collect().await.unwrap().to_vec() });
    assert_eq!(kept, bytes);
    // And it is noticed: the log does not verify, and nobody goes on from there as if nothing had been.
    assert!(verify(&log, &published(&log), None).is_err());
}

#[test]
fn one_checkpoint_a_day_is_kept() {
    let Some(room) = Room::new() else { return };
    let log = room.open();
    let day = |day| NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
    let publish = |log: &S3Log, on, size| log.run(log.publish_on(day(on), note(&known(size)).as_bytes()));
    let kept = |on| log.run(log.get(&format!("tokyo/checkpoints/2026-11-{on}"), 4096)).unwrap();
    publish(&log, 27, 1).unwrap();
    publish(&log, 27, 2).unwrap();
    // A start in the middle of the day finds the day's there.
    publish(&room.open(), 27, 3).unwrap();
    publish(&log, 28, 4).unwrap();
    assert_eq!(published(&log).size(), 4);
    assert_eq!((kept(27), kept(28)), (Some(note(&known(1)).into_bytes()), Some(note(&known(4)).into_bytes())));
    assert!(log.run(log.is_locked("tokyo/checkpoints/2026-11-27", log.until())).unwrap());
    // Another log's checkpoint under the day's name is no checkpoint of ours.
    let (runtime, client) = room.attacker();
    let other =
        client.put_object().bucket("log-of-visits").key("tokyo/checkpoints/2026-11-29").body(b"other.example/log\n1\n".to_vec().into());
    runtime.block_on(other.send()).unwrap();
    assert_eq!(publish(&log, 29, 5).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(published(&log).size(), 4, "nothing is seen that is not kept first");
}

#[test]
fn a_bucket_that_could_forget_is_refused() {
    let Some(room) = Room::bare() else { return };
    let nowhere = S3Log::open(&room.settings).unwrap_err();
    assert_eq!(nowhere.kind(), io::ErrorKind::NotFound, "{nowhere}");
    room.make(false);
    let refused = S3Log::open(&room.settings).unwrap_err();
    assert!(refused.kind() == io::ErrorKind::Unsupported && refused.to_string().contains("keeps no versions"), "{refused}");
    assert!(refused.to_string().contains("--object-lock-enabled-for-bucket"), "it says what to do: {refused}");
    let (runtime, client) = room.attacker();
    let enabled = types::VersioningConfiguration::builder().status(types::BucketVersioningStatus::Enabled).build();
    runtime.block_on(client.put_bucket_versioning().bucket("log-of-visits").versioning_configuration(enabled).send()).unwrap();
    let refused = S3Log::open(&room.settings).unwrap_err();
    assert!(refused.kind() == io::ErrorKind::Unsupported && refused.to_string().contains("no Object Lock"), "{refused}");
}

#[test]
fn a_lock_that_is_not_kept_stops_the_log() {
    let Some(room) = Room::new() else { return };
    let log = room.open();
    let tile = Tile::new(Kind::Level(0), 7, 256).unwrap();
    // Somebody who knows what comes has put it there, without a lock: it gets one.
    let (runtime, client) = room.attacker();
    let same = client.put_object().bucket("log-of-visits").key("tokyo/tile/0/007").body(vec![7; 8192].into());
    runtime.block_on(same.send()).unwrap();
    let until = log.until();
    assert!(!log.run(log.is_locked("tokyo/tile/0/007", until)).unwrap());
    log.write(&[(tile, vec![7; 8192])]).unwrap();
    assert!(log.run(log.is_locked("tokyo/tile/0/007", until)).unwrap());
    // A lock that ends too early is none.
    let later = DateTime::from_secs(until.secs() + 86_400);
    assert!(!log.run(log.is_locked("tokyo/tile/0/007", later)).unwrap());
}

#[test]
fn a_server_that_ignores_locks_gets_one_object_and_no_more() {
    let Some(room) = Room::new() else { return };
    let log = room.open();
    room.wire.drop_locks();
    let batch: Vec<_> = (0..3).map(|n| (Tile::new(Kind::Level(0), n, 256).unwrap(), vec![1; 8192])).collect();
    let had = room.wire.had.load(Ordering::SeqCst);
    for _ in 0..2 {
        let refused = log.write(&batch).unwrap_err();
        assert!(refused.kind() == io::ErrorKind::Unsupported && refused.to_string().contains("is not locked as asked"), "{refused}");
    }
    assert_eq!(log.read(batch[1].0).unwrap(), None);
    assert!(room.wire.had.load(Ordering::SeqCst) > had);
}

#[test]
fn a_server_that_stops_is_an_error_and_afterwards_the_log_goes_on() {
    let Some(room) = Room::new() else { return };
    let log = room.open();
    grow(&log, 200).unwrap();
    // 600 entries more: full bundles and tiles, partial ones, the checkpoint. It stops at the start, on the way, after the full ones, and before the checkpoint.
    for puts in [0, 1, 3, 6, 9] {
        room.wire.stop_after(puts);
        let stopped = grow(&log, 800).unwrap_err();
        assert!(stopped.contains("s3://log-of-visits/tokyo/"), "it says where: {stopped}");
        assert!(!stopped.contains("the-secret-part") && !stopped.contains("AKIDEXAMPLE"), "{stopped}");
        room.wire.mend();
        assert_eq!(published(&log).size(), 200);
        verify(&log, &published(&log), Some(&known(200))).unwrap();
    }
    grow(&log, 800).unwrap();
    verify(&log, &published(&log), Some(&known(200))).unwrap();
}

#[test]
fn an_object_whose_answer_is_lost_is_there_and_nothing_is_written_twice() {
    let Some(room) = Room::new() else { return };
    let log = room.open();
    grow(&log, 200).unwrap();
    // Every answer from the second on is lost, to all tries: objects are there, and the append fails.
    room.wire.lose_answers_after(1);
    let had = room.wire.had.load(Ordering::SeqCst);
    let mut appender = Appender::open(&log, &known(200)).unwrap();
    assert!(matches!(appender.append(&entries(200, 800)), Err(AppendFault::Store(_))));
    assert!(room.wire.had.load(Ordering::SeqCst) > had + 1, "the server has had what it could not answer");
    assert!(matches!(appender.append(&entries(200, 800)), Err(AppendFault::Stale)));
    room.wire.mend();
    grow(&log, 800).unwrap();
    verify(&log, &published(&log), Some(&known(200))).unwrap();

    let (runtime, client) = room.attacker();
    let listed = runtime.block_on(client.list_object_versions().bucket("log-of-visits").prefix("tokyo/tile/").send()).unwrap();
    let full = |key: &str| Tile::parse(key.strip_prefix("tokyo/").unwrap()).unwrap().is_full();
    let keys: Vec<_> = listed.versions().iter().filter_map(|v| v.key()).filter(|key| full(key)).collect();
    assert_eq!(keys.len(), 6, "each full tile and bundle has one version: {keys:?}");
}

#[test]
fn bytes_of_another_log_are_an_error() {
    let Some(room) = Room::new() else { return };
    let log = room.open();
    grow(&log, 300).unwrap();
    // A second log that was pointed at the same prefix.
    let mut second = Appender::create(&log);
    let others: Vec<_> = (0..300).map(|number| format!("other {number}")).collect();
    let refused = second.append(&others).unwrap_err().to_string();
    assert!(refused.contains("another log was published here"), "{refused}");
    verify(&log, &published(&log), None).unwrap();
    // Longer than any bundle: not read to its end.
    let (runtime, client) = room.attacker();
    let long = client.put_object().bucket("log-of-visits").key("tokyo/checkpoint").body(vec![b'x'; (1 << 20) + 1].into());
    runtime.block_on(long.send()).unwrap();
    assert_eq!(log.checkpoint().unwrap_err().kind(), io::ErrorKind::FileTooLarge);
}
