//! Wrong moves. Each gets a problem document with its own code, stands in the record, and loses nothing.

use std::time::Duration;

use serde_json::json;
use visiting_gateway::files;

use crate::guest;

use super::{COLUMNS, Journey, Step, application, body, expect, said, until, vote_body};

const APPLY: &str = "POST /v1/applications";
const VOTE: &str = "POST /v1/applications/{id}/votes";
const RUN: &str = "POST /v1/permits/{id}/runs";
const BIND: &str = "POST /v1/permits/{id}/guests";
const SUSPEND: &str = "POST /v1/permits/{id}/suspension";
const FETCH: &str = "GET /v1/runs/{id}/files/{name}";

impl Journey {
    pub(super) fn wrong_nobody(&mut self) -> Step {
        let asked = body(&application(&["per_hanako"], COLUMNS, (202401, 202412))?)?;
        self.wrong("", "/v1/applications", &asked, APPLY, 401, "not-logged-in")
    }

    pub(super) fn wrong_column(&mut self) -> Step {
        let before = self.as_person("per_hanako")?.applications().map_err(said)?.len();
        let asked = body(&application(&["per_hanako"], &["ndb.patients.kana_name"], (202401, 202412))?)?;
        let step = self.wrong("per_hanako", "/v1/applications", &asked, APPLY, 422, "listing-unknown")?;
        expect(self.as_person("per_hanako")?.applications().map_err(said)?.len() == before, "a refused application was kept")?;
        Ok(step)
    }

    pub(super) fn wrong_key(&mut self) -> Step {
        let (token, key) = (self.token("per_taro")?, files::request_name().map_err(|e| e.to_string())?);
        let first = body(&application(&["per_taro"], &["kaigo.recipients.sex"], (202401, 202402))?)?.to_string();
        let other = body(&application(&["per_taro"], &["kaigo.recipients.pref"], (202401, 202402))?)?.to_string();
        self.news()?;
        let made = self.raw.post("/v1/applications", Some(&token), Some(&key), &first)?;
        let again = self.raw.post("/v1/applications", Some(&token), Some(&key), &first)?;
        expect(made.status == 201 && made == again, "the same request under the same key gave another answer")?;
        self.raw.post("/v1/applications", Some(&token), Some(&key), &other)?.problem(409, "key-reused")?;
        self.recorded("per_taro", APPLY, "key-reused")
    }

    /// A vote that must be refused; the application's votes stay as they are.
    fn wrong_vote(&mut self, member: &str, application: &str, signature: &str, status: u16, code: &str) -> Step {
        let before = self.as_person("per_reception")?.application(application).map_err(said)?;
        let step = self.wrong(member, &format!("/v1/applications/{application}/votes"), &vote_body(signature), VOTE, status, code)?;
        let after = self.as_person("per_reception")?.application(application).map_err(said)?;
        expect(before.status == after.status && before.votes.len() == after.votes.len(), "a refused vote changed the application")?;
        Ok(step)
    }

    /// The member's own signature on an approval.
    fn signature(&mut self, member: &str, application: &str) -> Result<String, String> {
        let text = self
            .as_person(member)?
            .ballot(application, visiting_policies::vote::Decision::Approve, &std::collections::BTreeSet::new())
            .map_err(said)?;
        Ok(self.key(member)?.sign(text.as_bytes()))
    }

    pub(super) fn wrong_early_vote(&mut self) -> Step {
        let application = self.application.clone();
        let signature = self.signature("per_member1", &application)?;
        self.wrong_vote("per_member1", &application, &signature, 409, "wrong-state")
    }

    pub(super) fn wrong_reception(&mut self) -> Step {
        let path = format!("/v1/applications/{}/completeness", self.application);
        self.wrong(
            "per_hanako",
            &path,
            &json!({ "complete": true, "remarks": "" }),
            "POST /v1/applications/{id}/completeness",
            403,
            "not-allowed",
        )
    }

    pub(super) fn wrong_own_review(&mut self) -> Step {
        let own = self.confirmed("per_member4", &application(&["per_member4"], &["ndb.patients.sex"], (202401, 202412))?)?;
        let signature = self.signature("per_member4", &own)?;
        self.wrong_vote("per_member4", &own, &signature, 403, "reviewer-is-applicant")
    }

    pub(super) fn wrong_conflict(&mut self) -> Step {
        let application = self.application.clone();
        let signature = self.signature("per_member3", &application)?;
        self.wrong_vote("per_member3", &application, &signature, 403, "conflict-of-interest")
    }

    pub(super) fn wrong_forged_vote(&mut self) -> Step {
        // Member 2's signature under member 1's login: a real signature, of another person.
        let application = self.application.clone();
        let text = self
            .as_person("per_member1")?
            .ballot(&application, visiting_policies::vote::Decision::Approve, &std::collections::BTreeSet::new())
            .map_err(said)?;
        let signature = self.key("per_member2")?.sign(text.as_bytes());
        self.wrong_vote("per_member1", &application, &signature, 422, "vote-forged")
    }

    pub(super) fn wrong_second_vote(&mut self) -> Step {
        let application = self.application.clone();
        let signature = self.signature("per_member1", &application)?;
        self.wrong_vote("per_member1", &application, &signature, 409, "already-voted")
    }

    /// SQL that the enclave refuses on the plan: the run says so, and what asks for its files gets the same as a problem document.
    fn wrong_run(&mut self, sql: &str, code: &str) -> Step {
        let hanako = self.as_person("per_hanako")?;
        let run = hanako.run(&self.permit, sql).map_err(said)?;
        let run = hanako.wait(&run.id).map_err(said)?;
        let refusal = run.refusal.ok_or("the run was not refused")?;
        expect(run.status == "refused" && refusal.code == code, &format!("expected {code}, got {}: {}", refusal.code, refusal.detail))?;
        self.news()?;
        let token = self.token("per_hanako")?;
        self.raw.get(&format!("/v1/runs/{}/files/table.csv", run.id), Some(&token))?.problem(422, code)?;
        self.recorded("per_hanako", FETCH, code)
    }

    pub(super) fn wrong_guest(&mut self) -> Step {
        let before = self.as_person("per_hanako")?.guests(&self.permit).map_err(said)?;
        let wrong = guest::keeping_memory("tally")?;
        let body = json!({ "manifest": wrong.manifest, "module": visiting_policies::sign::to_base64(&wrong.module) });
        let path = format!("/v1/permits/{}/guests", self.permit);
        let step = self.wrong("per_hanako", &path, &body, BIND, 422, "guest-refused")?;
        expect(self.as_person("per_hanako")?.guests(&self.permit).map_err(said)? == before, "a refused guest was kept")?;
        Ok(step)
    }

    pub(super) fn wrong_removed(&mut self) -> Step {
        self.wrong_run("SELECT yj_code, COUNT(DISTINCT pid) FROM ndb.claims GROUP BY yj_code", "name-unknown")
    }

    pub(super) fn wrong_sql(&mut self) -> Step {
        self.wrong_run("SELECT sex, COUNT(DISTINCT pid) FROM ndb.patients GROUP BY sex HAVING COUNT(DISTINCT pid) < 10", "sql-not-offered")
    }

    pub(super) fn wrong_person(&mut self) -> Step {
        let permit = self.permit.clone();
        let before = self.as_person("per_hanako")?.runs(&permit).map_err(said)?.len();
        let step =
            self.wrong("per_outsider", &format!("/v1/permits/{permit}/runs"), &json!({ "sql": super::JOINED }), RUN, 403, "not-named")?;
        expect(self.as_person("per_hanako")?.runs(&permit).map_err(said)?.len() == before, "a refused run was kept")?;
        // What was released is not there for them either.
        let run = self.runs.get("joined").cloned().ok_or("no run to look for")?;
        let token = self.token("per_outsider")?;
        self.raw.get(&format!("/v1/runs/{run}/files/table.csv"), Some(&token))?.problem(404, "not-found")?;
        Ok(step)
    }

    pub(super) fn wrong_expired(&mut self) -> Step {
        let mut short = application(&["per_hanako"], &["ndb.patients.sex"], (202401, 202412))?;
        short.until_ms = until(Duration::from_secs(3));
        let id = self.confirmed("per_hanako", &short)?;
        self.approve("per_member1", &id)?;
        let permit = self.approve("per_member2", &id)?.ok_or("two approvals did not grant the permit")?;
        let hanako = self.as_person("per_hanako")?;
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while hanako.permit(&permit).map_err(said)?.status != "expired" {
            expect(std::time::Instant::now() < deadline, "the permit does not expire")?;
            std::thread::sleep(Duration::from_millis(50));
        }
        self.wrong(
            "per_hanako",
            &format!("/v1/permits/{permit}/runs"),
            &json!({ "sql": "SELECT COUNT(DISTINCT pid) FROM ndb.patients" }),
            RUN,
            403,
            "permit-expired",
        )
    }

    pub(super) fn wrong_suspender(&mut self) -> Step {
        let order = json!({ "reason": "no", "signature": "AAAA" });
        self.wrong("per_hanako", &format!("/v1/permits/{}/suspension", self.permit), &order, SUSPEND, 403, "not-allowed")
    }

    pub(super) fn wrong_suspension(&mut self) -> Step {
        let signature = self.key("per_member1")?.sign(b"visiting suspension v1\n");
        let order = json!({ "reason": "no", "signature": signature });
        let step =
            self.wrong("per_ministry", &format!("/v1/permits/{}/suspension", self.permit), &order, SUSPEND, 422, "suspension-forged")?;
        let permit = self.as_person("per_hanako")?.permit(&self.permit).map_err(said)?;
        expect(permit.status == "active", "a forged order suspended the permit")?;
        Ok(step)
    }

    pub(super) fn wrong_suspended(&mut self) -> Step {
        let path = format!("/v1/permits/{}/runs", self.permit);
        self.wrong("per_hanako", &path, &json!({ "sql": super::JOINED }), RUN, 403, "permit-suspended")
    }
}
