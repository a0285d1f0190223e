//! Names that can be asked for. What nothing can fit would look like silence, so it is refused with what is known.

use serde_json::json;
use visiting_policies::{
    Code, Refusal,
    case::Cases,
    record::Act,
    terms::{ApplicationId, IncidentId, PermitId, PersonId, PreflightId, RunId},
};

use super::row::OUTCOMES;

/// Names that a refusal lists: as many as are read.
const LISTED_MAX: usize = 30;

/// Actors that are no persons.
const ACTORS: &[&str] = &["gateway", "enclave", "nobody"];

/// A person of the roster, or one of [`ACTORS`].
pub(crate) fn actor(cases: &Cases, name: &str) -> Result<(), Refusal> {
    let members = &cases.roster().members;
    let person = name.parse::<PersonId>().is_ok_and(|id| members.contains_key(&id));
    if person || ACTORS.contains(&name) {
        return Ok(());
    }
    let known = ACTORS.iter().copied().chain(members.keys().map(PersonId::as_str));
    Err(unknown("person", name, known))
}

/// A database of the record.
pub(crate) fn database(cases: &Cases, name: &str) -> Result<(), Refusal> {
    if cases.listings.contains_key(name) || cases.loads.contains_key(name) {
        return Ok(());
    }
    Err(unknown("database", name, cases.listings.keys().map(String::as_str)))
}

/// A kind of event.
pub(crate) fn action(name: &str) -> Result<(), Refusal> {
    let known = actions();
    if known.iter().any(|kind| kind == name) { Ok(()) } else { Err(unknown("action", name, known.iter().map(String::as_str))) }
}

/// Every kind of event: the vocabulary itself is asked, so that no second list can lag behind. It tells its names when it hears a wrong one.
fn actions() -> Vec<String> {
    let told = serde_json::from_value::<Act>(json!({ "kind": "" })).err().map(|fault| fault.to_string()).unwrap_or_default();
    told.split('`').skip(3).step_by(2).map(str::to_owned).collect()
}

/// An outcome, or the code of a refusal.
pub(crate) fn outcome(name: &str) -> Result<(), Refusal> {
    if OUTCOMES.contains(&name) || serde_json::from_value::<Code>(json!(name)).is_ok() {
        return Ok(());
    }
    Err(unknown("outcome", name, OUTCOMES.iter().copied().chain(["the code of a refusal, such as not-allowed"])))
}

/// An application, a permit, a run, a pre-flight or an incident of the record, by the column that holds it.
pub(crate) fn case(cases: &Cases, name: &str) -> Result<&'static str, Refusal> {
    let kinds = [ApplicationId::PREFIX, PermitId::PREFIX, RunId::PREFIX, PreflightId::PREFIX, IncidentId::PREFIX];
    let prefix = kinds.into_iter().find(|prefix| name.starts_with(prefix));
    let malformed = || {
        Refusal::new(
            Code::Malformed,
            "name an application (app_…), a permit (prm_…), a run (run_…), a pre-flight (pre_…) or an incident (inc_…)",
        )
        .ja("申請（app_…）、許可（prm_…）、解析（run_…）、試行（pre_…）、事案（inc_…）の番号を書いてください")
    };
    let prefix = prefix.ok_or_else(malformed)?;
    let column = match prefix {
        ApplicationId::PREFIX => "application",
        PermitId::PREFIX => "permit",
        RunId::PREFIX => "run",
        PreflightId::PREFIX => "preflight",
        _ => "incident",
    };
    of_column(cases, column, name).map(|()| column)
}

/// The thing of a column.
pub(crate) fn of_column(cases: &Cases, column: &str, id: &str) -> Result<(), Refusal> {
    let (found, known): (bool, Vec<&str>) = match column {
        "application" => (within(&cases.applications, id), cases.applications.keys().map(ApplicationId::as_str).collect()),
        "permit" => (within(&cases.permits, id), cases.permits.keys().map(PermitId::as_str).collect()),
        "run" => (within(&cases.runs, id), cases.runs.keys().map(RunId::as_str).collect()),
        "preflight" => (within(&cases.preflights, id), cases.preflights.keys().map(PreflightId::as_str).collect()),
        _ => (within(&cases.incidents, id), cases.incidents.keys().map(IncidentId::as_str).collect()),
    };
    if found { Ok(()) } else { Err(unknown(column, id, known.into_iter())) }
}

fn within<K: std::str::FromStr + Ord, V>(map: &std::collections::BTreeMap<K, V>, id: &str) -> bool {
    id.parse::<K>().is_ok_and(|id| map.contains_key(&id))
}

/// The refusal of a name that the record does not have.
fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Refusal {
    let mut known: Vec<&str> = known.collect();
    let more = known.len().saturating_sub(LISTED_MAX);
    known.truncate(LISTED_MAX);
    let listed = if known.is_empty() { "none yet".to_owned() } else { known.join(", ") };
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let shown: String = name.chars().take(64).collect();
    Refusal::new(Code::Malformed, format!("the record knows no {what} `{shown}`; known: {listed}{more}"))
        .ja(format!("「{shown}」（{what}）は記録にありません。あるもの：{listed}{more}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::portal::acts;

    #[test]
    fn the_vocabulary_tells_all_its_kinds() {
        let known = actions();
        assert!(acts().iter().all(|act| known.contains(&act.kind())), "{known:?}");
        assert_eq!(known.iter().collect::<std::collections::BTreeSet<_>>().len(), known.len());
        assert!(known.iter().all(|kind| crate::stream::filter::is_kind(kind)));
        assert!(action("run_judged").is_ok());
        let refusal = action("run").unwrap_err();
        assert!(refusal.code == Code::Malformed && refusal.detail.contains("run_requested"), "{}", refusal.detail);
    }

    #[test]
    fn outcomes_are_words_and_codes() {
        assert!(["ok", "suppress", "nothing-to-show", "not-allowed"].into_iter().all(|name| outcome(name).is_ok()));
        assert!(outcome("maybe").unwrap_err().detail.contains("known: ok, refused"));
    }
}
