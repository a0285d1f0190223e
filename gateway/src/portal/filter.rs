//! What the reader of the access log wants to see. Pages and live rows are filtered by the same function.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize};
use visiting_policies::{
    case::Cases,
    record::{Act, Actor, Event},
    terms::{ApplicationId, IncidentId, PermitId, RunId},
};

use super::tell;

/// The filter form. Empty fields ask for nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Filter {
    /// Kind of act.
    #[serde(default, deserialize_with = "trimmed")]
    pub(super) kind: String,
    /// Who acted: a person's id, or `gateway`, `enclave`, `nobody`.
    #[serde(default, deserialize_with = "trimmed")]
    pub(super) person: String,
    /// Application, permit or run: its events and those of what stands under it.
    #[serde(default, deserialize_with = "trimmed")]
    pub(super) case: String,
    /// `refused`, `accepted` or empty.
    #[serde(default, deserialize_with = "trimmed")]
    pub(super) outcome: String,
    /// First moment, as a `datetime-local` field sends it (Japan time).
    #[serde(default, deserialize_with = "trimmed")]
    pub(super) since: String,
    /// Last moment, likewise.
    #[serde(default, deserialize_with = "trimmed")]
    pub(super) until: String,
}

fn trimmed<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(String::deserialize(from)?.trim().to_owned())
}

impl Filter {
    /// True when the event is one of those asked for.
    pub(super) fn passes(&self, event: &Event, cases: &Cases) -> bool {
        let asked = |field: &str, holds: bool| field.is_empty() || holds;
        let refused = tell::is_refusal(&event.act);
        let outcome = match self.outcome.as_str() {
            "refused" => refused,
            "accepted" => !refused,
            _ => true,
        };
        let since = super::time::from_field(&self.since).is_none_or(|since| event.at_ms >= since);
        // The field has minutes: the whole minute belongs to the range.
        let until = super::time::from_field(&self.until).is_none_or(|until| event.at_ms < until + 60_000);
        outcome
            && since
            && until
            && asked(&self.kind, event.act.kind() == self.kind)
            && asked(&self.person, actor(&event.by) == self.person)
            && asked(&self.case, ids(&event.act, cases).contains(&self.case))
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The filter as a query string, to stand behind `?`.
    pub(super) fn query(&self) -> String {
        serde_urlencoded::to_string(self).unwrap_or_default()
    }

    /// Fields that cannot be what was meant: moments that are none.
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let fields = [("since", &self.since), ("until", &self.until)];
        fields.into_iter().filter(|(_, v)| !v.is_empty() && super::time::from_field(v).is_none()).map(|(name, _)| name).collect()
    }
}

fn actor(by: &Actor) -> &str {
    match by {
        Actor::Person(id) => id.as_str(),
        Actor::Gateway => "gateway",
        Actor::Enclave => "enclave",
        Actor::Nobody => "nobody",
    }
}

/// Ids of the case that an act belongs to: those it names, and what they stand under.
fn ids(act: &Act, cases: &Cases) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(&serde_json::to_value(act).unwrap_or_default(), &mut found);
    let permits: Vec<PermitId> =
        found.iter().filter_map(|id| cases.runs.get(&id.parse::<RunId>().ok()?)).map(|r| r.permit.clone()).collect();
    found.extend(permits.into_iter().map(String::from));
    let applications: Vec<ApplicationId> =
        found.iter().filter_map(|id| cases.permits.get(&id.parse().ok()?)).map(|p| p.permit.application.clone()).collect();
    found.extend(applications.into_iter().map(String::from));
    found
}

/// Every text of the act that is an id of a case.
fn collect(value: &serde_json::Value, into: &mut BTreeSet<String>) {
    let prefixes = [ApplicationId::PREFIX, PermitId::PREFIX, RunId::PREFIX, IncidentId::PREFIX];
    match value {
        serde_json::Value::String(text) if prefixes.iter().any(|p| text.starts_with(p)) => {
            into.insert(text.clone());
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|item| collect(item, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use visiting_policies::roster::Roster;

    use super::{super::tell::given, *};

    fn cases() -> Cases {
        let roster =
            Roster { origin: "log".to_owned(), log_key: String::new(), enclave_key: String::new(), quorum: 2, members: BTreeMap::new() };
        Cases::new(roster)
    }

    fn found(filter: &Filter) -> usize {
        given::acts().into_iter().filter(|act| filter.passes(&given::event(act.clone()), &cases())).count()
    }

    #[test]
    fn each_field_narrows() {
        let all = given::acts().len();
        assert_eq!(found(&Filter::default()), all);
        assert_eq!(found(&Filter { kind: "viewed".to_owned(), ..Filter::default() }), 1);
        assert_eq!(found(&Filter { person: "per_hanako".to_owned(), ..Filter::default() }), all);
        assert_eq!(found(&Filter { person: "enclave".to_owned(), ..Filter::default() }), 0);
        assert_eq!(found(&Filter { outcome: "refused".to_owned(), ..Filter::default() }), 3);
        assert_eq!(found(&Filter { outcome: "accepted".to_owned(), ..Filter::default() }), all - 3);
        assert_eq!(found(&Filter { case: "prm_1".to_owned(), ..Filter::default() }), 10);
        assert_eq!(found(&Filter { case: "prm_none".to_owned(), ..Filter::default() }), 0);
    }

    #[test]
    fn a_moment_is_in_japan_time_and_holds_its_whole_minute() {
        // The samples happen at 2023-11-14T22:13:20Z, which is 07:13:20 on the next day in Japan.
        let range = |since: &str, until: &str| Filter { since: since.to_owned(), until: until.to_owned(), ..Filter::default() };
        assert_eq!(found(&range("2023-11-15T07:13", "2023-11-15T07:13")), given::acts().len());
        assert_eq!(found(&range("2023-11-15T07:14", "")), 0);
        assert_eq!(found(&range("", "2023-11-15T07:12")), 0);
        assert_eq!(range("soon", "").faults(), ["since"]);
    }

    #[test]
    fn the_query_string_is_read_back_as_it_was() {
        let filter = Filter { case: "run_1".to_owned(), since: "2023-11-15T07:13".to_owned(), ..Filter::default() };
        assert_eq!(serde_urlencoded::from_str::<Filter>(&filter.query()).unwrap(), filter);
    }
}
