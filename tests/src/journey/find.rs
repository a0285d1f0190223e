//! From the catalogue to the permit.

use std::collections::BTreeSet;

use visiting_policies::{terms::ColumnName, vote::Decision};

use super::{COLUMNS, Journey, Outcome, REMOVED, Step, application, columns, done, expect, said};

impl Journey {
    pub(super) fn find(&mut self) -> Step {
        let hanako = self.as_person("per_hanako")?;
        for (words, id) in [("レセプト", "ndb"), ("介護", "kaigo")] {
            let found = hanako.find(words).map_err(said)?;
            expect(found.iter().any(|l| l.id == id), &format!("`{words}` does not find {id}"))?;
        }
        let versions = ["ndb", "kaigo"].map(|id| hanako.listing(id).map(|l| l.data_version));
        for version in versions {
            expect(version.map_err(said)?.is_some(), "a listing has no data yet")?;
        }
        Ok(Outcome::Done("ndb, kaigo".to_owned()))
    }

    pub(super) fn find_cli(&mut self) -> Step {
        let text = self.cli("", &["find", "介護"])?;
        expect(text.contains("\"kaigo\""), "the command line does not find kaigo")?;
        done()
    }

    pub(super) fn apply(&mut self) -> Step {
        let hanako = self.as_person("per_hanako")?;
        let made = hanako.apply(&application(&["per_hanako", "per_taro"], COLUMNS, (202401, 202412))?).map_err(said)?;
        expect(made.status == "submitted" && made.applicant == "per_hanako", "the application does not stand as submitted")?;
        self.application = made.id;
        let seen = self.as_person("per_taro")?.application(&self.application).map_err(said)?;
        expect(seen.columns == columns(COLUMNS), "the application does not ask for what was sent")?;
        Ok(Outcome::Done(self.application.clone()))
    }

    pub(super) fn complete(&mut self) -> Step {
        let standing = self.as_person("per_reception")?.confirm(&self.application).map_err(said)?;
        expect(standing.status == "under_review", "the committee cannot vote yet")?;
        done()
    }

    pub(super) fn send_back(&mut self) -> Step {
        let taro = self.as_person("per_taro")?;
        let made = taro.apply(&application(&["per_taro"], &["ndb.patients.sex"], (202401, 202401))?).map_err(said)?;
        let standing = self.as_person("per_reception")?.complete(&made.id, false, "倫理審査の写しがない").map_err(said)?;
        let seen = taro.application(&made.id).map_err(said)?;
        expect(
            standing.status == "returned" && seen.remarks.is_some_and(|r| r.contains("倫理")),
            "the applicant does not read the remarks",
        )?;
        done()
    }

    pub(super) fn vote_one(&mut self) -> Step {
        let (member, key) = (self.as_person("per_member1")?, self.key("per_member1")?);
        let standing = member.vote(&self.application, Decision::Approve, &BTreeSet::new(), &key).map_err(said)?;
        expect(standing.status == "under_review" && standing.permit.is_none(), "one vote must not be enough")?;
        done()
    }

    pub(super) fn vote_two(&mut self) -> Step {
        self.cli("per_member2", &["vote", &self.application, "approve", "--remove", REMOVED])?;
        let seen = self.as_person("per_hanako")?.application(&self.application).map_err(said)?;
        let removed = ColumnName::try_from(REMOVED.to_owned()).map_err(|e| e.to_string())?;
        expect(seen.status == "approved" && seen.votes.len() == 2, "two approvals must grant it")?;
        expect(seen.votes.iter().any(|v| v.remove.contains(&removed)), "the condition is not shown")?;
        done()
    }

    pub(super) fn permit(&mut self) -> Step {
        let permits = self.as_person("per_hanako")?.permits().map_err(said)?;
        let permit = permits.into_iter().find(|p| p.application == self.application).ok_or("no permit came of the application")?;
        let granted: Vec<&str> = COLUMNS.iter().copied().filter(|c| *c != REMOVED).collect();
        expect(permit.columns == columns(&granted), "the permit's columns are not the application's without the removed one")?;
        expect(permit.people.len() == 2 && permit.status == "active", "the permit is not active for its two people")?;
        self.permit = permit.id;
        Ok(Outcome::Done(self.permit.clone()))
    }

    pub(super) fn extract(&mut self) -> Step {
        let permit = self.as_person("per_taro")?.wait_extract(&self.permit).map_err(said)?;
        expect(permit.extract == "ready" && permit.versions.len() == 2, "the extract is not made of both databases")?;
        done()
    }
}
