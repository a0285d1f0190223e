//! The access-log stream: what a reader gets, how it goes on after a fall, and what a reader may not cost.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::json;
use visiting_gateway::journal::{Journal, SqliteJournal};
use visiting_policies::{
    Code,
    record::{Act, Actor, Event},
};
use visiting_tests::{
    reader::{Asked, Came, Checked, Reader},
    world::{Unit, World},
};

use crate::base;

/// A running gateway whose record has `more` events on top of its first ones, written straight into the journal: quick, and lawful.
pub(crate) fn seeded(name: &str, more: usize) -> World {
    let mut world = World::new(name).unwrap();
    world.start(Unit::Gateway).unwrap();
    world.stop(Unit::Gateway).unwrap();
    let lines = world.lines();
    let last = Event::from_bytes(lines.last().unwrap().as_bytes()).unwrap();
    let act = Act::Refused { tried: "GET /v1/log/events".to_owned(), code: Code::NotLoggedIn };
    let event = Event { by: Actor::Nobody, act, ..last };
    let journal = SqliteJournal::open(&world.home().join("gateway/journal.sqlite")).unwrap();
    journal.append_if(lines.len() as u64, &vec![event.to_bytes().unwrap(); more]).unwrap();
    drop(journal);
    world.start(Unit::Gateway).unwrap();
    world
}

pub(crate) fn token(world: &World, person: &str) -> String {
    world.raw().post("/v1/demo/login", None, None, &json!({ "person": person }).to_string()).unwrap().text("token")
}

pub(crate) fn vkey(world: &World) -> String {
    std::fs::read_to_string(world.home().join("log/log.vkey")).unwrap().trim().to_owned()
}

fn open(world: &World, token: &str, path: &str) -> Reader {
    Reader::open(world.address(), token, &Asked { path, headers: &[] }).unwrap()
}

/// One more event, written as anybody may: by a wrong move.
fn wrong_move(world: &World) {
    world.raw().get("/v1/log/events", None).unwrap().problem(401, "not-logged-in").unwrap();
}

#[test]
fn the_stream_is_the_record_with_checkpoints_on_the_way() {
    let world = seeded("stream", 700);
    let token = token(&world, "per_auditor");
    let mut checked = Checked::new(&vkey(&world)).unwrap();
    let mut reader = open(&world, &token, "/v1/log/stream.ndjson");
    assert_eq!(reader.kind, "application/x-ndjson");
    let lines = reader.rest();
    lines.iter().for_each(|came| checked.take(came).unwrap());
    // The reading itself is the last event, and the head's checkpoint the last item.
    assert_eq!(checked.leaves, world.lines());
    assert!(checked.leaves.last().unwrap().contains("\"/v1/log/stream.ndjson?from=0\""));
    assert_eq!(checked.checkpoints, [256, 512, checked.leaves.len() as u64]);

    let mut reader = open(&world, &token, "/v1/log/stream?follow=false");
    assert_eq!(reader.kind, "text/event-stream");
    let frames = reader.rest();
    let (mut again, same) = (Checked::new(&vkey(&world)).unwrap(), lines.len() - 1);
    frames.iter().for_each(|came| again.take(came).unwrap());
    assert_eq!(frames.iter().take(same).map(|c| &c.json).collect::<Vec<_>>(), lines.iter().take(same).map(|c| &c.json).collect::<Vec<_>>());

    let accept = [("accept", "application/cloudevents-batch+json")];
    let asked = Asked { path: "/v1/log/stream.ndjson?from=600&follow=true", headers: &accept };
    let mut reader = Reader::open(world.address(), &token, &asked).unwrap();
    assert_eq!(reader.kind, "application/cloudevents-batch+json");
    let batch: Vec<serde_json::Value> = serde_json::from_slice(&reader.bytes().unwrap()).unwrap();
    assert_eq!(batch[0]["id"], "600");
    assert_eq!(batch.last().unwrap()["id"], format!("checkpoint-{}", world.lines().len()));
}

#[test]
fn readers_at_once_get_the_same_bytes() {
    let world = seeded("same-bytes", 600);
    let token = token(&world, "per_auditor");
    let from = world.lines().len();
    let mut readers: Vec<Reader> = (0..4).map(|_| open(&world, &token, "/v1/log/stream")).collect();
    // While nobody opens a stream, each event has its own checkpoint, and every reader waits for it before the next is written.
    let first: Vec<_> = readers.iter_mut().map(|r| up_to(r, from + 4)).collect();
    let records = |came: &[Came]| came.iter().filter(|c| c.event == "record").cloned().collect::<Vec<_>>();
    assert!(first.iter().all(|f| records(f) == records(&first[0])), "two readers saw different events");
    for size in from + 5..from + 25 {
        wrong_move(&world);
        let came: Vec<_> = readers.iter_mut().map(|r| up_to(r, size)).collect();
        assert!(came.iter().all(|c| *c == came[0] && c.len() == 2), "two readers saw different bytes: {came:?}");
    }
}

/// Items up to the checkpoint of `size`.
fn up_to(reader: &mut Reader, size: usize) -> Vec<Came> {
    let mut all = Vec::new();
    loop {
        let came = reader.item().unwrap();
        let last = came.item()["id"] == format!("checkpoint-{size}");
        all.push(came);
        if last {
            return all;
        }
    }
}

/// Writes events from several sides until told to stop.
fn write_on(address: &str, stop: &Arc<AtomicBool>, written: &Arc<AtomicUsize>) -> Vec<std::thread::JoinHandle<()>> {
    let writer = || {
        let (raw, stop, written) = (visiting_tests::raw::Raw::new(address), Arc::clone(stop), Arc::clone(written));
        std::thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                // While the gateway is away there is no answer.
                match raw.get("/v1/log/events", None) {
                    Ok(answer) if answer.status == 401 => _ = written.fetch_add(1, Ordering::SeqCst),
                    _ => std::thread::sleep(Duration::from_millis(5)),
                }
            }
        })
    };
    (0..4).map(|_| writer()).collect()
}

#[test]
fn a_reader_goes_on_without_gap_or_repetition_after_kill_9() {
    let mut world = seeded("stream-kill", 300);
    let (token, address) = (token(&world, "per_auditor"), world.address().to_owned());
    let (stop, written, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut checked = Checked::new(&vkey(&world)).unwrap();
    let (progress, enough) = (Arc::clone(&seen), Arc::new(AtomicUsize::new(usize::MAX)));
    let goal = Arc::clone(&enough);
    let reader = std::thread::spawn(move || {
        let (mut last, mut connections) = (None::<u64>, 0);
        while checked.leaves.len() < goal.load(Ordering::SeqCst) {
            let header = last.map(|id| id.to_string());
            let headers: Vec<(&str, &str)> = header.iter().map(|id| ("last-event-id", id.as_str())).collect();
            let Ok(mut reader) = Reader::open(&address, &token, &Asked { path: "/v1/log/stream?from=0", headers: &headers }) else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            connections += 1;
            while let Some(came) = reader.item() {
                checked.take(&came).unwrap();
                last = came.id;
                progress.store(checked.leaves.len(), Ordering::SeqCst);
                if checked.leaves.len() >= goal.load(Ordering::SeqCst) && came.event == "checkpoint" {
                    break;
                }
            }
        }
        (checked, connections)
    });
    let writers = write_on(world.address(), &stop, &written);
    for round in 1..=3 {
        let (before, until) = (seen.load(Ordering::SeqCst).max(300), Instant::now() + Duration::from_secs(60));
        while seen.load(Ordering::SeqCst) < before + 40 {
            assert!(Instant::now() < until && !reader.is_finished(), "the reader does not come on in round {round}");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(world.kill(Unit::Gateway));
        world.start(Unit::Gateway).unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    writers.into_iter().for_each(|w| w.join().unwrap());
    enough.store(world.lines().len(), Ordering::SeqCst);
    // One more event wakes a reader that has everything already.
    wrong_move(&world);
    let (checked, connections) = reader.join().unwrap();
    let lines = world.lines();
    assert!(connections >= 4 && checked.leaves.len() >= 300 + 3 * 40);
    assert_eq!(checked.leaves[..], lines[..checked.leaves.len()], "what was streamed is not what was written");
    assert!(lines.len() - 300 >= written.load(Ordering::SeqCst), "an answered event is not in the record");
}

/// Memory that a process has in RAM, kilobytes.
fn resident_kb(pid: u32) -> u64 {
    let status = std::fs::read_to_string(PathBuf::from("/proc").join(pid.to_string()).join("status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Seconds for some events, one after the other.
fn writing(world: &World) -> f64 {
    let start = Instant::now();
    (0..100).for_each(|_| wrong_move(world));
    start.elapsed().as_secs_f64()
}

/// Opens a stream and takes nothing of it.
fn silent(world: &World, token: &str) -> TcpStream {
    let mut connection = TcpStream::connect(world.address()).unwrap();
    let request = format!("GET /v1/log/stream?from=0 HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n", world.address());
    connection.write_all(request.as_bytes()).unwrap();
    // The answer has begun: the stream is open.
    let mut head = [0; 12];
    connection.read_exact(&mut head).unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    connection
}

#[test]
fn readers_that_take_nothing_slow_nobody_and_miss_nothing() {
    // 25 MB as a stream: far more than the buffers of a connection hold.
    let world = seeded("slow-reader", 50_000);
    let token = token(&world, "per_auditor");
    let pid = world.pid(Unit::Gateway).unwrap();
    writing(&world);
    let (free, memory) = (writing(&world), resident_kb(pid));
    let mut slow: Vec<TcpStream> = (0..6).map(|_| silent(&world, &token)).collect();
    let burdened = (writing(&world) + writing(&world)) / 2.0;
    let mut checked = Checked::new(&vkey(&world)).unwrap();
    for came in open(&world, &token, "/v1/log/stream.ndjson?from=0").rest() {
        checked.take(&came).unwrap();
    }
    let grown = resident_kb(pid).saturating_sub(memory);
    println!("slow readers: 100 events in {free:.3} s without and {burdened:.3} s with six of them; {grown} KB more in memory");
    assert!(burdened < 2.0 * free + 0.2, "writing takes {burdened} s with slow readers and {free} s without");
    assert!(grown < 48 * 1024, "six silent readers cost {grown} KB");
    assert_eq!(checked.leaves, world.lines());
    // A slow one wakes up and misses nothing.
    let size = checked.leaves.len() as u64;
    let mut text = String::new();
    slow[0].set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut block = vec![0; 1 << 20];
    while !text.contains(&format!("\"id\":\"checkpoint-{size}\"")) {
        let read = slow[0].read(&mut block).unwrap();
        assert!(read > 0, "the stream ended");
        text.push_str(&String::from_utf8_lossy(&block[..read]));
    }
    // Chunk borders fall between frames, never inside one.
    let ids: Vec<u64> = text.split("id: ").skip(1).map(|f| f.split('\n').next().unwrap().parse().unwrap()).collect();
    let mut records = ids.clone();
    records.dedup();
    assert_eq!(records[..size as usize], (0..size).collect::<Vec<_>>());
}

#[test]
fn a_filter_leaves_out_events_and_keeps_places_and_checkpoints() {
    let granted = base::granted();
    let mut world = World::copy_of("stream-filter", &granted.home).unwrap();
    world.start(Unit::Gateway).unwrap();
    let (token, lines) = (token(&world, "per_auditor"), world.lines());
    let application = world.client("per_hanako").unwrap().applications().unwrap()[0].id.clone();
    let shown = |query: &str| {
        let came = open(&world, &token, &format!("/v1/log/stream?follow=false&{query}")).rest();
        let head = came.last().unwrap();
        assert_eq!((head.event.as_str(), head.id.unwrap() + 1), ("checkpoint", world.lines().len() as u64));
        let records: Vec<(u64, String)> = came.iter().filter_map(Came::record).collect();
        records.iter().for_each(|(index, leaf)| assert_eq!(world.lines()[*index as usize], *leaf));
        let kind = |leaf: &str| Event::from_bytes(leaf.as_bytes()).unwrap().act.kind();
        records.into_iter().map(|(index, leaf)| (index, kind(&leaf))).collect::<Vec<_>>()
    };
    let votes = lines.iter().filter(|l| l.contains("\"kind\":\"vote_cast\"")).count();
    assert!(votes > 0 && shown("kind=vote_cast").len() == votes);
    assert!(shown("kind=vote_cast,permit_issued").len() > votes);
    assert!(shown("person=per_reception").iter().all(|(_, kind)| kind == "completeness_confirmed" || kind == "viewed"));
    let kinds = |query: String| shown(&query).into_iter().map(|(_, kind)| kind).collect::<Vec<_>>();
    let whole = kinds(format!("case={application}"));
    for kind in ["application_submitted", "completeness_confirmed", "vote_cast", "permit_issued", "extract_made"] {
        assert!(whole.iter().any(|k| k == kind), "{kind} is not in {whole:?}");
    }
    let permit = kinds(format!("case={}", granted.permit));
    assert!(permit.iter().any(|k| k == "extract_made") && !permit.iter().any(|k| k == "vote_cast"), "{permit:?}");
    assert!(kinds(format!("case={application}&kind=permit_issued&person=per_hanako")).is_empty());
}
