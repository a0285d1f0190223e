//! `visiting log follow`: shows what is proved, goes on where it was, and stops when the log is not what it was.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    process::{Command, Output, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use visiting_tests::world::{Unit, World};

use crate::stream::{seeded, vkey};

fn client(world: &World, address: &str, arguments: &[&str]) -> Command {
    let mut command = world.command("visiting-client");
    command.env("VISITING_ADDR", address).args(arguments);
    command
}

fn logged_in(world: &World) {
    world.tool("visiting-client", &["login", "per_auditor"]).unwrap();
}

fn follow(world: &World, address: &str, more: &[&str]) -> Output {
    client(world, address, &[&["log", "follow", "--once"], more].concat()).output().unwrap()
}

fn out(output: &Output) -> Vec<String> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn broken(output: &Output, code: i32, says: &str) {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(says), "{text}");
}

fn wrong_move(world: &World) {
    world.raw().get("/v1/log/events", None).unwrap().problem(401, "not-logged-in").unwrap();
}

#[test]
fn a_follower_shows_every_event_once_over_its_visits() {
    let world = seeded("follow", 600);
    logged_in(&world);
    let first = out(&follow(&world, world.address(), &["--lines"]));
    assert_eq!(first, world.lines());
    wrong_move(&world);
    let second = out(&follow(&world, world.address(), &["--lines"]));
    assert_eq!([first.clone(), second.clone()].concat(), world.lines());
    assert_eq!(second.len(), 2, "the wrong move and the reading itself");
    // From the beginning again, only some: everything is proved anew.
    let views = out(&follow(&world, world.address(), &["--from", "600", "--kind", "viewed"]));
    let (summary, shown) = views.split_last().unwrap();
    assert!(shown.iter().all(|l| l.contains("per_auditor viewed")) && shown.len() == 3, "{views:?}");
    assert_eq!(*summary, format!("{} events verified", world.lines().len()));
    let items = out(&follow(&world, world.address(), &["--cloudevents", "--from", "0", "--log-key", &vkey(&world)]));
    assert_eq!(items.iter().filter(|l| l.contains(".checkpoint\"")).count(), 3);
    let asked_wrongly = follow(&world, world.address(), &["--log-key", "other.example/log+00000000+AAAA"]);
    broken(&asked_wrongly, 2, "is not the key of the log followed so far");
    broken(&follow(&world, world.address(), &["--kind", "nothing"]), 1, "kind of event");
}

/// Between a client and the gateway: lines of answers pass through `change`; a connection is cut when it says `None`.
struct Middle {
    address: String,
    connections: Arc<AtomicUsize>,
}

type Change = Arc<dyn Fn(Vec<u8>) -> Option<Vec<u8>> + Send + Sync>;

impl Middle {
    /// The thread ends with the test program.
    fn start(gateway: &str, change: Change) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, gateway) = (listener.local_addr().unwrap().to_string(), gateway.to_owned());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for theirs in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let Ok(ours) = TcpStream::connect(&gateway) else { continue };
                let (mut up, mut to) = (theirs.try_clone().unwrap(), ours.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut up, &mut to));
                let change = Arc::clone(&change);
                std::thread::spawn(move || pass(ours, theirs, &change));
            }
        });
        Self { address, connections }
    }
}

fn pass(from: TcpStream, mut to: TcpStream, change: &Change) {
    let (mut lines, mut line) = (BufReader::new(from), Vec::new());
    while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
        let Some(changed) = change(std::mem::take(&mut line)) else { break };
        if to.write_all(&changed).is_err() {
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
    let _ = lines.get_ref().shutdown(std::net::Shutdown::Both);
}

/// Replaces bytes by as many others in lines that hold them.
fn replacing(find: &'static str, by: &'static str) -> Change {
    assert_eq!(find.len(), by.len());
    Arc::new(move |line| {
        let at = line.windows(find.len()).position(|w| w == find.as_bytes());
        let mut line = line;
        if let Some(at) = at {
            line[at..at + find.len()].copy_from_slice(by.as_bytes());
        }
        Some(line)
    })
}

#[test]
fn one_altered_leaf_is_noticed_and_nothing_of_its_group_is_shown() {
    let world = seeded("follow-altered", 300);
    logged_in(&world);
    // The listing's name, in the leaf alone: the envelope says nothing about it.
    let middle = Middle::start(world.address(), replacing(r#"\"listing\":\"ndb\""#, r#"\"listing\":\"nbd\""#));
    let found = follow(&world, &middle.address, &["--lines"]);
    broken(&found, 11, "not the ones that the log signed");
    assert!(found.stdout.is_empty(), "events were shown that nothing proves");
    // In the leaf but not in its envelope.
    let middle = Middle::start(world.address(), replacing(r#"\"kind\":\"listing_published\""#, r#"\"kind\":\"listing_qublished\""#));
    broken(&follow(&world, &middle.address, &[]), 11, "does not come as its leaf says");
    let middle =
        Middle::start(world.address(), replacing("\"type\":\"jp.visiting.record.refused\"", "\"type\":\"jp.visiting.record.release\""));
    broken(&follow(&world, &middle.address, &[]), 11, "does not come as its leaf says");
    // An event that is left out, and a checkpoint of another key.
    let middle = Middle::start(
        world.address(),
        Arc::new(|line| Some(if line.starts_with(b"{\"specversion\":\"1.0\",\"id\":\"7\"") { Vec::new() } else { line })),
    );
    let left_out = follow(&world, &middle.address, &[]);
    // The length of the chunk no longer fits either, so the client may notice it as a torn line.
    assert!(!left_out.status.success() && left_out.stdout.is_empty());
    let middle = Middle::start(world.address(), replacing("\\nvisiting.demo/log", "\\nvisiting.demo/lug"));
    assert!(out(&follow(&world, &middle.address, &["--lines"])).len() > 300, "what changes nothing was refused");
    let middle = Middle::start(world.address(), replacing("\u{2014} visiting.demo/log ", "\u{2014} visiting.demo/lug "));
    let home = World::copy_of("follow-key", world.home()).unwrap();
    std::fs::remove_file(home.home().join("client/follow.json")).unwrap();
    broken(&follow(&home, &middle.address, &[]), 10, "no valid signature");
}

#[test]
fn a_log_that_was_rolled_back_or_rewritten_is_noticed_on_the_next_visit() {
    let mut world = seeded("follow-first", 20);
    logged_in(&world);
    world.stop(Unit::Gateway).unwrap();
    let mut other = World::copy_of("follow-other", world.home()).unwrap();
    world.start(Unit::Gateway).unwrap();
    (0..30).for_each(|_| wrong_move(&world));
    let seen = out(&follow(&world, world.address(), &["--lines"])).len();
    // The same key over another history: first shorter, then longer.
    other.start(Unit::Gateway).unwrap();
    broken(&follow(&world, other.address(), &[]), 12, "rolled back");
    while other.lines().len() <= seen {
        wrong_move(&other);
    }
    broken(&follow(&world, other.address(), &[]), 12, "does not continue what was seen before");
    broken(&follow(&world, other.address(), &["--from", "0"]), 12, "does not continue what was seen before");
    // The true one is followed on.
    assert_eq!(out(&follow(&world, world.address(), &["--lines"])).len() + seen, world.lines().len());
}

/// Kills the client when the test ends, however it ends.
struct Running(std::process::Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_follower_comes_back_by_itself_when_the_line_is_cut_and_the_gateway_killed() {
    let mut world = seeded("follow-live", 280);
    logged_in(&world);
    let passed = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&passed);
    // Every 150th line tears the connection, in the middle of an answer.
    let cut: Change = Arc::new(move |line| if count.fetch_add(1, Ordering::SeqCst) % 150 == 149 { None } else { Some(line) });
    let middle = Middle::start(world.address(), cut);
    let mut child =
        client(&world, &middle.address, &["log", "follow", "--lines"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (tell, shown) = mpsc::channel();
    let printed = child.stdout.take().unwrap();
    std::thread::spawn(move || BufReader::new(printed).lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    let mut running = Running(child);
    let mut seen: Vec<String> = Vec::new();
    let until = Instant::now() + Duration::from_secs(90);
    let collect = |running: &mut Running, world: &World, seen: &mut Vec<String>, to: usize| {
        while seen.len() < to {
            match shown.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => seen.push(line),
                // Each connection is an event, so the record grows while we wait; one more event wakes the follower in any case.
                Err(_) => wrong_move(world),
            }
            if Instant::now() > until || running.0.try_wait().unwrap().is_some() {
                let mut said = String::new();
                let _ = running.0.kill();
                running.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
                panic!("the follower shows {} of {to} events: {said}", seen.len());
            }
        }
    };
    collect(&mut running, &world, &mut seen, 300);
    assert!(world.kill(Unit::Gateway));
    world.start(Unit::Gateway).unwrap();
    let more = world.lines().len() + 20;
    collect(&mut running, &world, &mut seen, more);
    assert_eq!(seen[..], world.lines()[..seen.len()], "events were left out or shown twice");
    assert!(middle.connections.load(Ordering::SeqCst) >= 3);
}
