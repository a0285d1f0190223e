//! 公表基準: the rule packs in force, for everybody; and their change, which takes two people.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use visiting_policies::{
    record::{Act, Actor},
    refusal::Refusal,
    rules::{PackInForce, RuleBook, RulesAdoption, RulesCase, RulesProposal, signer},
    sign,
    terms::{PersonId, Role, RulesId},
};

use crate::{
    app::{Answer, App, Asked, Call, Shared, id, json},
    desk::View,
    problem::Problem,
    wire::{NewAdoption, NewRules, PackVersion, PackView, Packs, ProposalView},
};

/// What the record calls these acts when they are refused.
const PROPOSE: &str = "POST /v1/rules/proposals";
const ADOPT: &str = "POST /v1/rules/proposals/{id}/adoption";

/// The rule packs in force with their history. Those who may sign a change, and auditors, also see what is proposed and by whom.
#[utoipa::path(
    get,
    path = "/v1/rules",
    tag = "rules",
    responses((status = 200, body = Packs), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn show_rules(State(app): State<Shared>, call: Call) -> Answer {
    Ok(json(StatusCode::OK, list(&app, call.person().ok().as_ref())))
}

/// Propose another version of a pack. It changes nothing until a second person adopts it.
#[utoipa::path(
    post,
    path = "/v1/rules/proposals",
    tag = "rules",
    security(("login" = [])),
    params(("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewRules,
    responses((status = 200, body = ProposalView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn propose_rules(State(app): State<Shared>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, propose(&app, call.asked()?).await?)) };
    app.guard(call.actor(), PROPOSE, work).await
}

/// Adopt a proposal as the second person. From this event on it is in force.
#[utoipa::path(
    post,
    path = "/v1/rules/proposals/{id}/adoption",
    tag = "rules",
    security(("login" = [])),
    params(("id" = String, Path, description = "Proposal"), ("Idempotency-Key" = String, Header, description = "Names this request")),
    request_body = NewAdoption,
    responses((status = 200, body = ProposalView), (status = "default", body = Problem, content_type = "application/problem+json"))
)]
pub(crate) async fn adopt_rules(State(app): State<Shared>, Path(rules): Path<String>, call: Call) -> Answer {
    let work = async { Ok(json(StatusCode::OK, adopt(&app, call.asked()?, &rules).await?)) };
    app.guard(call.actor(), ADOPT, work).await
}

/// Every pack, and the proposals where this person may see them.
pub(crate) fn list(app: &App, person: Option<&PersonId>) -> Packs {
    let view = app.desk.view();
    let book = &view.cases.rules;
    let packs = book.all().map(|(name, versions)| pack(book, name, versions)).collect();
    let proposals = match person.is_some_and(|p| sees(&view, p)) {
        true => book.proposals.values().map(|case| proposal(book, case)).collect(),
        false => Vec::new(),
    };
    Packs { packs, proposals }
}

fn sees(view: &View, person: &PersonId) -> bool {
    let roster = view.cases.roster();
    signer(roster, person).is_ok() || roster.holding(person, Role::Auditor).is_ok()
}

fn pack(book: &RuleBook, name: &str, versions: &[PackInForce]) -> PackView {
    let version = |v: &PackInForce| {
        let case = v.change.as_ref().and_then(|change| book.proposals.get(change));
        PackVersion {
            version: v.pack.version.clone(),
            digest: v.digest.clone(),
            sources: v.pack.sources.clone(),
            text: v.text.clone(),
            change: v.change.as_ref().map(RulesId::to_string),
            reason: case.map(|c| c.proposal.reason.clone()),
            index: case.and_then(|c| c.adopted.as_ref()).map(|(_, index)| *index),
        }
    };
    PackView { pack: name.to_owned(), versions: versions.iter().map(version).collect() }
}

fn proposal(book: &RuleBook, case: &RulesCase) -> ProposalView {
    let status = match &case.adopted {
        Some(_) => "adopted",
        None if book.is_open(case) => "open",
        None => "overtaken",
    };
    ProposalView {
        id: case.proposal.id().to_string(),
        pack: case.proposal.pack.clone(),
        version: case.pack.version.clone(),
        replaces: case.proposal.replaces.clone(),
        digest: case.proposal.digest.clone(),
        reason: case.proposal.reason.clone(),
        by: case.proposal.by.to_string(),
        adopted_by: case.adopted.as_ref().map(|(by, _)| by.to_string()),
        status: status.to_owned(),
        text: case.text.clone(),
    }
}

/// Proposes.
pub(crate) async fn propose(app: &App, asked: Asked<NewRules>) -> Result<ProposalView, Refusal> {
    let Asked { person, request, body } = asked;
    let index = match app.desk.repeated(&request)? {
        Some(index) => index,
        None => {
            signer(app.desk.view().cases.roster(), &person)?;
            let NewRules { pack, replaces, reason, text, signature } = body?;
            let digest = sign::digest(text.as_bytes());
            let proposal = RulesProposal { pack, replaces, digest, reason, by: person.clone() };
            app.desk.act(Actor::Person(person), Some(request), Act::RulesProposed { proposal, text, signature }).await?
        }
    };
    let missing = || Refusal::not_found("proposal");
    let view = app.desk.view();
    let case = view.cases.rules.proposals.values().find(|case| case.index == index).ok_or_else(missing)?;
    Ok(proposal(&view.cases.rules, case))
}

/// Adopts.
pub(crate) async fn adopt(app: &App, asked: Asked<NewAdoption>, rules: &str) -> Result<ProposalView, Refusal> {
    let Asked { person, request, body } = asked;
    let missing = || Refusal::not_found("proposal");
    if app.desk.repeated(&request)?.is_none() {
        signer(app.desk.view().cases.roster(), &person)?;
        let rules: RulesId = id(rules, "proposal")?;
        let digest = app.desk.view().cases.rules.proposals.get(&rules).ok_or_else(missing)?.proposal.digest.clone();
        let adoption = RulesAdoption { rules, digest, by: person.clone() };
        let act = Act::RulesAdopted { adoption, signature: body?.signature };
        app.desk.act(Actor::Person(person), Some(request), act).await?;
    }
    let view = app.desk.view();
    let case = view.cases.rules.proposals.get(&id(rules, "proposal")?).ok_or_else(missing)?;
    Ok(proposal(&view.cases.rules, case))
}
