//! `visiting bench record`: what a line of the record costs to write, to verify and to stream, on the disk of the data folder.
//!
//! Written is what a caller waits for: admitted by the law, in the journal and synced, folded. The log is published beside it meanwhile, on
//! the same disk. The raw peer appends as many bytes to a file and calls fdatasync.

use std::{
    fs::OpenOptions,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::runtime::Runtime;
use visiting_gateway::{
    desk::{Desk, system_clock},
    files,
    home::Home,
    journal::SqliteJournal,
    publish::Publication,
    setup::read_roster,
    snapshot::Shelf,
};
use visiting_policies::record::{Act, Actor};

use super::{line, median, ms};
use crate::{
    reader::{Asked, Reader},
    world::{Unit, World, run_tool, text},
};

/// Bytes of a leaf: what tile logs are commonly measured with.
const LEAF_BYTES: usize = 700;
/// Events of the single writer, each beside a raw append.
const SINGLE: usize = 400;
/// Writers at once, and how long they write.
const WRITERS: usize = 64;
const WRITING: Duration = Duration::from_secs(8);
/// Callers at once who never wait for each other, for bulk: a few groups are under way at any time.
const BULK: usize = 4096;
/// How often a steady rate is caught up with.
const BEAT: Duration = Duration::from_millis(5);
/// Pause between two looks at the published checkpoint.
const LOOK: Duration = Duration::from_millis(2);
/// Rounds over the finished record.
const ROUNDS: usize = 5;

/// Targets of the record's own issue: events a second and milliseconds of 64 writers, events a second of structural verification.
const TARGET_64_PER_S: f64 = 8250.0;
const TARGET_64_MS: f64 = 10.0;
const TARGET_BULK_PER_S: f64 = 42_800.0;
const TARGET_PROOF_MS: f64 = 1000.0;
const TARGET_VERIFY_PER_S: f64 = 500_000.0;

/// Runs the benchmarks of the record.
///
/// # Errors
/// What went wrong, in words.
pub fn record(mut say: impl FnMut(&str)) -> Result<(), String> {
    let mut world = World::new("bench-record")?;
    say(&format!(
        "# one SQLite journal (WAL, synchronous=FULL), the log published beside it; events of {LEAF_BYTES} bytes; raw: append and fdatasync of as many bytes on the same disk"
    ));
    let runtime = Runtime::new().map_err(|e| e.to_string())?;
    let desk = runtime.block_on(open(&Home::at(world.home())))?;
    let (single, raw) = runtime.block_on(one_writer(&desk, &world.home().join("raw")))?;
    say(&line("append_single_p50_vs_raw", single, raw, single / raw));
    let (per_s, wait) = runtime.block_on(many_writers(&desk, WRITERS))?;
    say(&line("append_64_per_s", per_s, TARGET_64_PER_S, per_s / TARGET_64_PER_S));
    say(&line("append_64_p50_ms", wait, TARGET_64_MS, wait / TARGET_64_MS));
    let watched = watch(&desk);
    let (bulk, _) = runtime.block_on(many_writers(&desk, BULK))?;
    say(&line("append_bulk_per_s", bulk, TARGET_BULK_PER_S, bulk / TARGET_BULK_PER_S));
    let late = watched.join().map_err(|_| "the publication could not be watched")?;
    say(&line("proof_available_bulk_ms", ms(late), TARGET_PROOF_MS, ms(late) / TARGET_PROOF_MS));
    let watched = watch(&desk);
    let kept = runtime.block_on(paced(&desk, TARGET_BULK_PER_S))?;
    let late = watched.join().map_err(|_| "the publication could not be watched")?;
    say(&format!("# paced at {kept:.0} events a second"));
    say(&line("proof_available_ms", ms(late), TARGET_PROOF_MS, ms(late) / TARGET_PROOF_MS));
    let size = desk.view().cases.size();
    drop((desk, runtime));
    let verified = verify(&world, size)?;
    say(&line("verify_per_s", verified, TARGET_VERIFY_PER_S, verified / TARGET_VERIFY_PER_S));
    world.start(Unit::Gateway)?;
    let (streamed, paged) = read(&world)?;
    say(&format!("# {size} events; peer of the stream: the same events as plain lines by /v1/log/events, a thousand at a time"));
    say(&line("stream_events_per_s", streamed, paged, streamed / paged));
    Ok(())
}

/// A desk over a fresh record.
async fn open(home: &Home) -> Result<Desk, String> {
    let roster = read_roster(&home.gateway("roster.json")).map_err(|e| e.to_string())?;
    let key = files::read_key(&home.gateway("log.seed")).map_err(|e| e.to_string())?;
    let journal = SqliteJournal::open(&home.gateway("journal.sqlite")).map_err(|e| e.to_string())?;
    let publication = Publication::unwitnessed(&home.log()).map_err(|e| e.to_string())?;
    let opened = Act::RecordOpened { origin: roster.origin.clone(), roster: roster.digest(), demo: true };
    let desk = Desk::open(Arc::new(journal), roster, key, publication, &Shelf::at(&home.gateway("")), system_clock())
        .map_err(|e| e.to_string())?;
    desk.act(Actor::Gateway, None, opened).await.map_err(|e| e.to_string())?;
    Ok(desk)
}

/// One event of the agreed size.
async fn write(desk: &Desk) -> Result<Duration, String> {
    let by = Actor::Person("per_auditor".parse().map_err(|e: visiting_policies::Refusal| e.to_string())?);
    // The rest of the line is the time, the actor and the names of the fields.
    let act = Act::Viewed { what: format!("/v1/log/events?from=0#{}", "x".repeat(LEAF_BYTES - 115)) };
    let start = Instant::now();
    desk.act(by, None, act).await.map_err(|e| e.to_string())?;
    Ok(start.elapsed())
}

/// Median milliseconds of one writer, and of the raw append, in turn, so that a change of the disk's speed meets both.
async fn one_writer(desk: &Desk, raw: &Path) -> Result<(f64, f64), String> {
    let mut file = OpenOptions::new().create(true).append(true).open(raw).map_err(|e| e.to_string())?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let block = [b'x'; LEAF_BYTES];
    for _ in 0..SINGLE {
        ours.push(ms(write(desk).await?));
        let start = Instant::now();
        file.write_all(&block).and_then(|()| file.sync_data()).map_err(|e| e.to_string())?;
        theirs.push(ms(start.elapsed()));
    }
    Ok((median(&mut ours), median(&mut theirs)))
}

/// Events a second and median milliseconds of many writers, each of which waits for its answer.
async fn many_writers(desk: &Desk, count: usize) -> Result<(f64, f64), String> {
    let start = Instant::now();
    let writer = || {
        let desk = desk.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while start.elapsed() < WRITING {
                times.push(ms(write(&desk).await?));
            }
            Ok::<_, String>(times)
        })
    };
    let writers: Vec<_> = (0..count).map(|_| writer()).collect();
    let mut times = Vec::new();
    for writer in writers {
        times.extend(writer.await.map_err(|e| e.to_string())??);
    }
    Ok((times.len() as f64 / start.elapsed().as_secs_f64(), median(&mut times)))
}

/// Writes at a steady rate, whether or not the answers keep up with it; events a second that were answered.
async fn paced(desk: &Desk, per_s: f64) -> Result<f64, String> {
    let (start, mut beat, mut writes) = (Instant::now(), tokio::time::interval(BEAT), tokio::task::JoinSet::new());
    let mut written = 0;
    while start.elapsed() < WRITING {
        beat.tick().await;
        let due = (start.elapsed().as_secs_f64() * per_s) as u64;
        for _ in written..due {
            let desk = desk.clone();
            writes.spawn(async move { write(&desk).await });
        }
        written = due;
    }
    while let Some(done) = writes.join_next().await {
        done.map_err(|e| e.to_string())??;
    }
    Ok(written as f64 / start.elapsed().as_secs_f64())
}

/// The longest from an event's answer to a published checkpoint that it can be proved under: sizes are noted as they are
/// answered, and looked for in what is published.
fn watch(desk: &Desk) -> std::thread::JoinHandle<Duration> {
    let desk = desk.clone();
    std::thread::spawn(move || {
        let (mut waiting, mut longest) = (std::collections::VecDeque::new(), Duration::ZERO);
        let until = Instant::now() + WRITING;
        while Instant::now() < until || !waiting.is_empty() {
            let (size, published) = {
                let view = desk.view();
                (view.tree.size(), view.published.as_ref().map_or(0, |stood| stood.size))
            };
            if Instant::now() < until && waiting.back().is_none_or(|(known, _)| *known < size) {
                waiting.push_back((size, Instant::now()));
            }
            while let Some((_, since)) = waiting.pop_front_if(|(size, _)| *size <= published) {
                longest = longest.max(since.elapsed());
            }
            std::thread::sleep(LOOK);
        }
        longest
    })
}

/// Events a second of the offline verifier, structure only, the start of its process included.
fn verify(world: &World, size: u64) -> Result<f64, String> {
    let key = std::fs::read_to_string(world.home().join("log/log.vkey")).map_err(|e| e.to_string())?;
    let arguments = ["verify", "--structure", "--log", &text(&world.home().join("log")), "--key", key.trim()].map(str::to_owned);
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        run_tool("visiting-audit", &arguments)?;
        rates.push(size as f64 / start.elapsed().as_secs_f64());
    }
    Ok(median(&mut rates))
}

/// Events a second over HTTP: as a stream, and by pages.
fn read(world: &World) -> Result<(f64, f64), String> {
    let client = world.client("per_auditor")?;
    let token = world.raw().post("/v1/demo/login", None, None, "{\"person\":\"per_auditor\"}")?.text("token");
    let (mut streamed, mut paged) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let asked = Asked { path: "/v1/log/stream.ndjson", headers: &[] };
        let mut reader = Reader::open(world.address(), &token, &asked).map_err(|a| String::from_utf8_lossy(&a.body).into_owned())?;
        let bytes = reader.bytes().map_err(|e| e.to_string())?;
        let events = bytes.windows(9).filter(|w| w == b"\"leaf\":\"{").count();
        streamed.push(events as f64 / start.elapsed().as_secs_f64());
        let (start, mut have) = (Instant::now(), 0);
        while have < events as u64 {
            have += client.log_events(have, events as u64 - have).map_err(|e| e.to_string())?.len() as u64;
        }
        paged.push(have as f64 / start.elapsed().as_secs_f64());
    }
    Ok((median(&mut streamed), median(&mut paged)))
}
