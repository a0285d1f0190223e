//! Wrong moves at the access-log stream: who may not, what cannot be, and how much one person may take.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use ring::hmac;
use serde_json::json;
use visiting_policies::sign;
use visiting_tests::{
    raw::Answer,
    reader::{Asked, Reader},
    world::World,
};

use crate::stream::{seeded, token};

/// Paths whose first event a reader chooses.
const PATHS: &[&str] = &["/v1/log/stream", "/v1/log/stream.ndjson", "/v1/log/audit-events"];

fn refusal(address: &str, token: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    match Reader::open(address, token, &Asked { path, headers }) {
        Err(answer) => answer,
        Ok(_) => panic!("{path} {headers:?} was answered"),
    }
}

#[test]
fn who_may_not_read_the_log_may_not_stream_it_and_that_is_recorded() {
    let world = seeded("stream-who", 1);
    let before = world.lines().len();
    for path in PATHS {
        refusal(world.address(), "", path, &[]).problem(401, "not-logged-in").unwrap();
        refusal(world.address(), "x.y.z", path, &[]).problem(401, "not-logged-in").unwrap();
        for person in ["per_hanako", "per_reception", "per_member1", "per_ministry", "per_holder"] {
            refusal(world.address(), &token(&world, person), path, &[]).problem(403, "not-allowed").unwrap();
        }
    }
    let lines = world.lines()[before..].join("\n");
    for path in PATHS {
        assert_eq!(lines.matches(&format!("\"tried\":\"GET {path}\"")).count(), 7, "{lines}");
    }
    assert!(!lines.contains("\"viewed\""), "a refused reader has viewed something");
}

#[test]
fn a_place_that_is_none_gets_a_problem_that_says_so() {
    let world = seeded("stream-from", 5);
    let token = token(&world, "per_auditor");
    let beyond = (world.lines().len() + 100).to_string();
    for path in PATHS {
        for from in ["-1", "x", "1.5", "", "18446744073709551616", "18446744073709551615", "9223372036854775808", "0x10", &beyond] {
            let answer = refusal(world.address(), &token, &format!("{path}?from={from}"), &[]);
            answer.problem(400, "malformed").unwrap();
            let quoted = from.len() > 2 && answer.text("detail").contains(from);
            assert!(!quoted, "the answer quotes what was sent: {}", answer.text("detail"));
        }
    }
    for last in ["-1", "x", "18446744073709551615", "18446744073709551614", "5 6", "5,6", "日本", &beyond] {
        for path in &PATHS[..2] {
            refusal(world.address(), &token, path, &[("last-event-id", last)]).problem(400, "malformed").unwrap();
        }
    }
    for query in ["kind=nothing", "kind=", "person=hanako", "person=per_%0d%0aX:1", "case=per_hanako", "case=app_", "follow=perhaps"] {
        refusal(world.address(), &token, &format!("/v1/log/stream?{query}"), &[]).problem(400, "malformed").unwrap();
    }
    refusal(world.address(), &token, "/v1/log/audit-events?limit=-1", &[]).problem(400, "malformed").unwrap();
    // The next event may be waited for, and a place in the header wins over the one in the address.
    let next = world.lines().len().to_string();
    let open = |path: &str, headers: &[(&str, &str)]| {
        let mut reader = Reader::open(world.address(), &token, &Asked { path, headers }).unwrap();
        reader.item().unwrap().record().unwrap().0
    };
    assert_eq!(open(&format!("/v1/log/stream?from={next}"), &[]).to_string(), next);
    assert_eq!(open("/v1/log/stream?from=0", &[("last-event-id", "3")]), 4);
    assert_eq!(open("/v1/log/stream?from=2", &[("last-event-id", "")]), 2);
}

#[test]
fn lines_smuggled_into_the_header_are_no_answer() {
    let world = seeded("stream-smuggle", 1);
    let token = token(&world, "per_auditor");
    for value in ["1\nX-Evil: 1", "1\r\n\r\nGET /v1/log/stream HTTP/1.1", "1\0", "\u{1b}[31m1", "1\r\nContent-Length: 5\r\n\r\nhello"] {
        let mut connection = TcpStream::connect(world.address()).unwrap();
        connection.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let request = format!(
            "GET /v1/log/stream?follow=false HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nConnection: close\r\nLast-Event-ID: {value}\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).unwrap();
        let (mut answer, mut block) = (Vec::new(), [0; 4096]);
        while let Ok(n @ 1..) = connection.read(&mut block) {
            answer.extend_from_slice(&block[..n]);
        }
        let text = String::from_utf8_lossy(&answer).to_lowercase();
        assert!(text.starts_with("http/1.1 "), "no answer to {value:?}: {text}");
        assert!(!text.contains("evil") && !text.contains("\u{1b}"), "what was smuggled in came out: {text}");
    }
    world.audit().unwrap();
}

#[test]
fn one_person_has_a_few_streams_and_gets_a_clear_answer_for_the_rest() {
    let world = seeded("stream-many", 1);
    let token = token(&world, "per_auditor");
    let live = Asked { path: "/v1/log/stream", headers: &[] };
    let mut held: Vec<Reader> = (0..8).map(|_| Reader::open(world.address(), &token, &live).unwrap()).collect();
    let started = Instant::now();
    let address = world.address();
    let refused: usize = std::thread::scope(|scope| {
        let one = || {
            let answers = (0..150).map(|_| refusal(address, &token, "/v1/log/stream", &[]));
            answers.map(|answer| answer.problem(429, "too-many-streams").unwrap()).count()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    println!("too many streams: {refused} refusals in {:.1} s", started.elapsed().as_secs_f64());
    // Those who have a place keep it, and see the refusals of the others.
    let seen = std::iter::from_fn(|| held[0].item()).find(|came| came.json.contains("too-many-streams"));
    assert!(seen.is_some());
    // A place comes back when its reader goes.
    held.clear();
    let until = Instant::now() + Duration::from_secs(30);
    while let Err(answer) = Reader::open(world.address(), &token, &live) {
        answer.problem(429, "too-many-streams").unwrap();
        assert!(Instant::now() < until, "closed streams keep their places");
    }
}

/// A login that ends at once, signed with the gateway's own key.
fn short_login(world: &World, seconds: u64) -> String {
    let secret = std::fs::read_to_string(world.home().join("gateway/login.seed")).unwrap();
    let secret: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&secret[2 * i..2 * i + 2], 16).unwrap()).collect();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let url = |bytes: &[u8]| sign::to_base64(bytes).replace('+', "-").replace('/', "_").replace('=', "");
    let claims = json!({ "sub": "per_auditor", "iss": "visiting.demo/log", "iat": now, "exp": now + seconds }).to_string();
    let text = format!("{}.{}", url(br#"{"typ":"JWT","alg":"HS256"}"#), url(claims.as_bytes()));
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), text.as_bytes());
    format!("{text}.{}", url(tag.as_ref()))
}

#[test]
fn a_stream_ends_with_its_login() {
    let world = seeded("stream-login", 1);
    let token = short_login(&world, 3);
    let mut reader = Reader::open(world.address(), &token, &Asked { path: "/v1/log/stream", headers: &[] }).unwrap();
    let started = Instant::now();
    let rest = reader.rest();
    assert!(rest.iter().any(|came| came.event == "checkpoint") && started.elapsed() < Duration::from_secs(20));
    // A login counts in whole seconds, the last one included. Streams that end here may still be open there, which are then too many.
    let asked = Asked { path: "/v1/log/stream?follow=false", headers: &[] };
    while Reader::open(world.address(), &token, &asked).map_or_else(|answer| answer.problem(401, "not-logged-in").is_err(), |_| true) {
        assert!(started.elapsed() < Duration::from_secs(20), "the login does not end");
    }
    refusal(world.address(), &token, "/v1/log/stream", &[]).problem(401, "not-logged-in").unwrap();
}

#[test]
fn the_portals_cookie_opens_a_stream_and_writes_nothing() {
    let world = seeded("stream-cookie", 1);
    let cookie = format!("theme=dark; visiting_session={}", token(&world, "per_auditor"));
    let asked = Asked { path: "/v1/log/stream", headers: &[("cookie", &cookie)] };
    let mut reader = Reader::open(world.address(), "", &asked).unwrap();
    assert_eq!(reader.item().unwrap().id, Some(0));
    let hanako = format!("visiting_session={}", token(&world, "per_hanako"));
    refusal(world.address(), "", "/v1/log/stream", &[("cookie", &hanako)]).problem(403, "not-allowed").unwrap();
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
    let request = agent.post(format!("http://{}/v1/applications", world.address())).header("Cookie", &hanako);
    assert_eq!(request.header("Idempotency-Key", "k").content_type("application/json").send("{}").unwrap().status(), 401);
}
