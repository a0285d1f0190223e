//! `visiting demo`: all processes on this machine with embedded defaults, and with `--journey` one whole case played on them.

use std::{
    env, fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    cargo,
    fault::Fault,
    fill,
    keep::{Kept, Recipe},
    place,
};

/// Public and internal address where none is given.
const ADDRESSES: [(&str, &str); 2] = [("VISITING_ADDR", "127.0.0.1:8750"), ("VISITING_INTERNAL_ADDR", "127.0.0.1:8751")];

/// The people of the demo roster, for the screen.
const PEOPLE: &[(&str, &str)] = &[
    ("per_hanako", "researcher, org_univ"),
    ("per_taro", "researcher, org_univ"),
    ("per_outsider", "researcher, org_corp: in nobody's team"),
    ("per_reception", "reception"),
    ("per_member1", "committee, org_hosp"),
    ("per_member2", "committee, org_law"),
    ("per_member3", "committee, org_univ: conflicted where org_univ applies"),
    ("per_member4", "committee and researcher, org_clinic"),
    ("per_ministry", "ministry"),
    ("per_auditor", "auditor"),
    ("per_holder", "data holder"),
];

type Environment = Vec<(&'static str, String)>;

/// Starts everything and stays up until the terminal or a SIGTERM ends it.
pub(crate) fn stay() -> Result<ExitCode, Fault> {
    cargo::build_if_asked()?;
    let home = place::home()?;
    let address = |(name, default): (&'static str, &str)| (name, env::var(name).unwrap_or_else(|_| default.to_owned()));
    let running = start(&home, ADDRESSES.map(address).into())?;
    describe(&home, &running.address);
    while running.processes.iter().all(Kept::alive) {
        thread::sleep(Duration::from_millis(500));
    }
    Err(Fault::new("a process could not be kept running; its message is above"))
}

/// Starts everything in a fresh data folder, plays the journey and stops everything.
pub(crate) fn journey() -> Result<ExitCode, Fault> {
    cargo::build_if_asked()?;
    let (home, ours) = place::journey_home()?;
    let running = start(&home, free_addresses()?)?;
    let (summary, sound) = play(&running.environment)?;
    drop(running);
    // A journey that failed leaves its data for the one who looks into it.
    match ours && sound {
        true => fs::remove_dir_all(&home).map_err(Fault::at("the journey's data folder cannot be removed"))?,
        false => fill::step(&format!("the data of this journey stays in {}", home.display())),
    }
    println!("{summary}");
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The running processes. Fields drop in order: the enclave stops before the gateway that it reports to.
struct Running {
    processes: Vec<Kept>,
    address: String,
    environment: Environment,
}

fn start(home: &Path, mut environment: Environment) -> Result<Running, Fault> {
    let begun = Instant::now();
    fill::fill(home)?;
    environment.push(("VISITING_HOME", home.display().to_string()));
    let programs = place::programs()?;
    let recipe = |name, options| Recipe { name, programs: programs.clone(), options, environment: environment.clone() };
    let (linkage, _) = Kept::start(recipe("visiting-linkage", &[]))?;
    let (gateway, address) = Kept::start(recipe("visiting-gateway", &["--demo"]))?;
    let (enclave, _) = Kept::start(recipe("visiting-enclave", &["--demo"]))?;
    fill::step(&format!("ready in {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(Running { processes: vec![enclave, gateway, linkage], address, environment })
}

/// Free ports for a journey, so that it never meets a demo that is up. What the environment names is kept.
fn free_addresses() -> Result<Environment, Fault> {
    let fault = || Fault::at("no free port on 127.0.0.1");
    // All are held until all are chosen, so they differ.
    let held = ADDRESSES.map(|_| TcpListener::bind("127.0.0.1:0"));
    let mut chosen = Environment::new();
    for ((name, _), listener) in ADDRESSES.into_iter().zip(held) {
        let free = listener.and_then(|l| l.local_addr()).map_err(fault())?;
        chosen.push((name, env::var(name).unwrap_or_else(|_| free.to_string())));
    }
    Ok(chosen)
}

/// Plays the journey and passes its lines on, but for the last: that one is ours to print once everything has stopped.
fn play(environment: &Environment) -> Result<(String, bool), Fault> {
    let mut command = Command::new(place::programs()?.join("visiting-journey"));
    command.envs(environment.iter().cloned()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(Fault::at("visiting-journey cannot be started"))?;
    let mut summary = None;
    for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok) {
        if is_summary(&line) {
            summary = Some(line);
        } else {
            println!("{line}");
        }
    }
    let status = child.wait().map_err(Fault::at("visiting-journey"))?;
    let summary = summary.ok_or_else(|| Fault::new(format!("the journey ended without a summary ({status})")))?;
    let sound = status.success() && summary.ends_with(", 0 failed");
    Ok((summary, sound))
}

fn is_summary(line: &str) -> bool {
    let steps = line.strip_prefix("journey: ").and_then(|rest| rest.strip_suffix(" failed"));
    let numbers = steps.and_then(|steps| steps.split_once(" steps, "));
    numbers.is_some_and(|(all, failed)| all.parse::<u32>().is_ok() && failed.parse::<u32>().is_ok())
}

fn describe(home: &Path, address: &str) {
    let key = |name: &str| fs::read_to_string(home.join("log").join(name)).unwrap_or_default().trim().to_owned();
    println!("\nVisiting is up at http://{address} (demo: no passwords, no witness; synthetic data only)");
    println!("data folder    {}", home.display());
    println!("log vkey       {}", key("log.vkey"));
    println!("gate vkey      {}", key("gate.vkey"));
    println!("demo logins    visiting login PERSON, or POST /v1/demo/login {{\"person\": \"per_hanako\"}}");
    for (person, what) in PEOPLE {
        println!("  {person:<14} {what}");
    }
    println!("Stop with Ctrl-C.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_contracted_line_is_a_summary() {
        assert!(is_summary("journey: 42 steps, 0 failed") && is_summary("journey: 42 steps, 3 failed"));
        assert!(
            ["journey: steps, 0 failed", "journey: 4 steps, 0 failed.", "ok journey: 4 steps, 0 failed"].iter().all(|l| !is_summary(l))
        );
    }
}
