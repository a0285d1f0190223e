//! One case over HTTP: what comes before it, then the case itself.

use std::{collections::BTreeMap, time::Duration};

use visiting_gateway::{
    client::{Client, Problem},
    wire::RunView,
};

use super::{
    Answer, Ground,
    case::{Asked, Case, Kind},
    ground::TEAM,
    guests,
};
use crate::world::{Fault, World};

/// Why a case that nothing can ask yet has no verdict.
const NOT_BUILT: &str = "not built";

/// Plays a case on a copy of the ground.
pub(super) fn play(ground: &Ground, case: &Case) -> Result<Answer, Fault> {
    match case.kind {
        Kind::Sql => Scene::start(ground, case)?.sql(case),
        Kind::Wasm => match guests::behaviour(&case.family)? {
            Some(behaviour) => Scene::start(ground, case)?.guest(case, &behaviour),
            None => Ok(Answer::unasked(&case.id, NOT_BUILT)),
        },
        Kind::Statistic => Ok(Answer::unasked(&case.id, NOT_BUILT)),
    }
}

/// A running system with the case's people and permits.
struct Scene {
    world: World,
    people: BTreeMap<String, Client>,
    permits: BTreeMap<String, String>,
}

impl Scene {
    fn start(ground: &Ground, case: &Case) -> Result<Self, Fault> {
        let world = ground.world("case")?;
        let (mut people, mut permits) = (BTreeMap::new(), BTreeMap::new());
        // The case's own person and permit come first: they are there whatever it asks before.
        for asked in [&case.asked].into_iter().chain(&case.before) {
            if !people.contains_key(&asked.person) {
                let name = TEAM.get(people.len()).ok_or_else(|| format!("a permit here has {} people, the case names more", TEAM.len()))?;
                people.insert(asked.person.clone(), world.client(name)?);
            }
            if !permits.contains_key(&asked.permit) {
                let id = ground.permits().get(permits.len()).ok_or("the case names more permits than were prepared")?;
                permits.insert(asked.permit.clone(), id.clone());
            }
        }
        Ok(Self { world, people, permits })
    }

    fn sql(self, case: &Case) -> Result<Answer, Fault> {
        let mut refused_before = 0;
        for asked in &case.before {
            refused_before += usize::from(self.ask(asked)?.verdict.as_deref() == Some("refuse"));
        }
        let answer = self.ask(&case.asked)?;
        Ok(Answer { id: case.id.clone(), refused_before, ..answer })
    }

    fn guest(self, case: &Case, behaviour: &guests::Behaviour) -> Result<Answer, Fault> {
        let (client, permit) = self.place(&case.asked)?;
        let answer = match client.bind_guest(permit, &behaviour.guest.manifest, &behaviour.guest.module) {
            Err(problem) => refused(problem)?,
            Ok(_) => self.ask(&Asked { sql: behaviour.sql.to_owned(), ..case.asked.clone() })?,
        };
        Ok(Answer { id: case.id.clone(), ..answer })
    }

    fn place(&self, asked: &Asked) -> Result<(&Client, &str), Fault> {
        let client = self.people.get(&asked.person).ok_or("nobody has that name")?;
        let permit = self.permits.get(&asked.permit).ok_or("no permit has that name")?;
        Ok((client, permit))
    }

    /// Asks, waits for the verdict, and fetches the table.
    fn ask(&self, asked: &Asked) -> Result<Answer, Fault> {
        let (client, permit) = self.place(asked)?;
        let run = match client.run(permit, &asked.sql) {
            Ok(run) => client.wait(&run.id).map_err(|e| self.told(&e))?,
            Err(problem) => return refused(problem),
        };
        let table = match run.files.iter().any(|f| f == "table.csv") && run.status == "released" {
            true => Some(String::from_utf8_lossy(&client.file(&run.id, "table.csv").map_err(|e| self.told(&e))?).into_owned()),
            false => None,
        };
        answer(&run, table)
    }

    /// A failure of the system itself, with what its processes said last.
    fn told(&self, problem: &Problem) -> Fault {
        let said = crate::world::Unit::ALL.map(|unit| format!("{}: {}", unit.name(), self.world.said(unit)));
        format!("{problem}\n{}", said.join("\n"))
    }
}

fn answer(run: &RunView, table: Option<String>) -> Result<Answer, Fault> {
    let word = serde_json::to_value(run.verdict).map_err(|e| e.to_string())?;
    let verdict = word.as_str().map(str::to_owned).or_else(|| run.refusal.as_ref().map(|_| "refuse".to_owned()));
    let reason = run.refusal.as_ref().map(|r| r.code.clone());
    Ok(Answer { id: String::new(), verdict, reason, table, refused_before: 0, took: Duration::ZERO })
}

/// A refusal by the gateway itself. No answer at all is a fault of the harness.
fn refused(problem: Problem) -> Result<Answer, Fault> {
    match problem.status {
        0 | 500.. => Err(problem.to_string()),
        _ => Ok(Answer {
            id: String::new(),
            verdict: Some("refuse".to_owned()),
            reason: Some(problem.code),
            table: None,
            refused_before: 0,
            took: Duration::ZERO,
        }),
    }
}
