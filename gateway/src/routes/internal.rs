//! The enclave's side of the wall: it pulls the record and tickets, and pushes reports and deliveries. Same law, same guard.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use visiting_policies::{
    case::{Kind, RunCase},
    exposure::ExposureReport,
    handover::{
        AuditBegun, Delivery, ErasureReport, ExtractReport, HoldAnswer, LoadReport, PreflightAnswer, Purpose, RerunReport, RunReport,
        Signed,
    },
    note,
    receipt::{self, Receipt},
    record::{Act, Actor},
    refusal::{Code, Refusal},
    sign,
    terms::RunId,
};

use super::{bound, permits::Wait, runs::RECEIPT};
use crate::{
    app::{Answer, App, Call, Shared, json},
    desk::request_key,
    health::Standing,
    tickets,
    view::PAGE,
    wire::{Document, EnclaveRefusal, Index, RecordPage},
};

#[derive(Debug, Deserialize)]
struct From {
    #[serde(default)]
    from: u64,
}

/// Longest wait for witnesses: two of their own patience, and shorter than the enclave's.
const COSIGNED_WITHIN: Duration = Duration::from_secs(12);

pub(super) fn table() -> Router<Shared> {
    Router::new()
        .route("/internal/v1/record", get(record))
        .route("/internal/v1/health", get(health))
        .route("/internal/v1/tickets", get(pull_tickets))
        .route("/internal/v1/guests", get(|app, call| bound_document(app, call, "GET /internal/v1/guests", Kind::Guest)))
        .route("/internal/v1/codes", get(|app, call| bound_document(app, call, "GET /internal/v1/codes", Kind::Codes)))
        .route("/internal/v1/loads", post(report_load))
        .route("/internal/v1/extracts", post(report_extract))
        .route("/internal/v1/erasures", post(report_erasure))
        .route("/internal/v1/reruns", post(report_rerun))
        .route("/internal/v1/verdicts", post(report_verdict))
        .route("/internal/v1/exposures", post(report_exposure))
        .route("/internal/v1/audits", post(hear_audit))
        .route("/internal/v1/holds", post(take_hold))
        .route("/internal/v1/preflights", post(take_preflight))
        .route("/internal/v1/deliveries", post(take_delivery))
        .route("/internal/v1/refusals", post(report_refusal))
}

/// The record from an index on, with a checkpoint over all of it.
async fn record(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.inner_actor(), "GET /internal/v1/record", async {
        call.only_enclave()?;
        let From { from } = call.query()?;
        let stood = app.desk.stood(COSIGNED_WITHIN).await?;
        let events = app.desk.leaves(from, stood.size.saturating_sub(from).min(PAGE)).await?;
        Ok(json(StatusCode::OK, RecordPage { events, checkpoint: stood.note.clone() }))
    })
    .await
}

/// What is wrong with the record, for whoever operates it; no act, so nothing is recorded.
async fn health(State(app): State<Shared>) -> Answer {
    Ok(json(StatusCode::OK, Causes { standing: app.desk.health(), causes: app.desk.causes() }))
}

#[derive(Serialize)]
struct Causes {
    #[serde(flatten)]
    standing: Standing,
    causes: Vec<String>,
}

/// Work that is authorised and not done; waits for some when there is none, except where a closure in the record is work enough.
async fn pull_tickets(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.inner_actor(), "GET /internal/v1/tickets", async {
        call.only_enclave()?;
        let wait: Wait = call.query()?;
        let mut changes = app.desk.changes();
        let until = tokio::time::Instant::now() + wait.duration();
        loop {
            changes.borrow_and_update();
            let tickets = tickets::pending(&app).await?;
            let idle = tickets.is_empty() && !tickets::is_closing(&app);
            let more = idle && tokio::time::timeout_at(until, changes.changed()).await.is_ok_and(|r| r.is_ok());
            if !more {
                return Ok(json(StatusCode::OK, tickets));
            }
        }
    })
    .await
}

#[derive(Debug, Deserialize)]
struct Wanted {
    digest: String,
}

/// The bytes of what is bound to a permit; the enclave recomputes their digest.
async fn bound_document(State(app): State<Shared>, call: Call, tried: &str, kind: Kind) -> Answer {
    app.guard(call.inner_actor(), tried, async {
        call.only_enclave()?;
        let Wanted { digest } = call.query()?;
        let bytes = bound::document(&app, kind, &digest).await?;
        Ok(json(StatusCode::OK, Document { document: sign::to_base64(&bytes) }))
    })
    .await
}

async fn report_load(State(app): State<Shared>, call: Call) -> Answer {
    let act = |s: Signed<LoadReport>| Act::DataLoaded { report: s.value, signature: s.signature };
    app.guard(call.inner_actor(), "POST /internal/v1/loads", report(&app, &call, act)).await
}

async fn report_extract(State(app): State<Shared>, call: Call) -> Answer {
    let act = |s: Signed<ExtractReport>| Act::ExtractMade { report: s.value, signature: s.signature };
    app.guard(call.inner_actor(), "POST /internal/v1/extracts", report(&app, &call, act)).await
}

async fn report_erasure(State(app): State<Shared>, call: Call) -> Answer {
    let act = |s: Signed<ErasureReport>| Act::ExtractErased { report: s.value, signature: s.signature };
    app.guard(call.inner_actor(), "POST /internal/v1/erasures", report(&app, &call, act)).await
}

async fn report_rerun(State(app): State<Shared>, call: Call) -> Answer {
    let act = |s: Signed<RerunReport>| Act::RerunAnswered { report: s.value, signature: s.signature };
    app.guard(call.inner_actor(), "POST /internal/v1/reruns", report(&app, &call, act)).await
}

async fn report_verdict(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.inner_actor(), "POST /internal/v1/verdicts", report(&app, &call, judged)).await
}

async fn report_exposure(State(app): State<Shared>, call: Call) -> Answer {
    let act = |s: Signed<ExposureReport>| Act::ExposureReached { report: s.value, signature: s.signature };
    app.guard(call.inner_actor(), "POST /internal/v1/exposures", report(&app, &call, act)).await
}

/// The audit of a run takes long. No act, so nothing is recorded.
async fn hear_audit(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.inner_actor(), "POST /internal/v1/audits", async {
        call.only_enclave()?;
        let AuditBegun { run } = call.json()?;
        let view = app.desk.view();
        app.audits.begun(run, &view.cases);
        Ok(json(StatusCode::OK, Index { index: view.cases.size() }))
    })
    .await
}

fn judged(signed: Signed<RunReport>) -> Act {
    Act::RunJudged { report: signed.value, signature: signed.signature }
}

/// A held run: the sealed evidence first, durably; then its verdict. What is sealed cannot be read here.
async fn take_hold(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.inner_actor(), "POST /internal/v1/holds", async {
        call.only_enclave()?;
        let HoldAnswer { report, sealed } = call.json()?;
        if report.value.held.as_ref().map(|held| &held.sealed) != Some(&sign::digest(sealed.as_bytes())) {
            return Err(Refusal::new(Code::ReportForged, "the evidence is not the one of the report"));
        }
        app.documents.put(sealed).await?;
        file(&app, report, judged).await
    })
    .await
}

/// Records a signed report. Its own bytes name the request, so the same report again gets its first index.
async fn report<T: Purpose>(app: &App, call: &Call, act: impl FnOnce(Signed<T>) -> Act) -> Result<Response, Refusal> {
    call.only_enclave()?;
    file(app, call.json()?, act).await
}

async fn file<T: Purpose>(app: &App, signed: Signed<T>, act: impl FnOnce(Signed<T>) -> Act) -> Result<Response, Refusal> {
    let bytes = signed.value.signed_bytes();
    let request = request_key("enclave", &sign::digest(&bytes), &bytes);
    let index = app.desk.act(Actor::Enclave, Some(request), act(signed)).await?;
    Ok(json(StatusCode::OK, Index { index }))
}

/// The answer of a pre-flight: the synthetic table first, durably; then its report.
async fn take_preflight(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.inner_actor(), "POST /internal/v1/preflights", async {
        call.only_enclave()?;
        let PreflightAnswer { report, table } = call.json()?;
        if report.value.table != table.as_ref().map(|csv| sign::digest(csv.as_bytes())) {
            return Err(Refusal::new(Code::ReportForged, "the table is not the one of the report"));
        }
        if let Some(csv) = table {
            app.documents.put(csv).await?;
        }
        file(&app, report, |s| Act::PreflightAnswered { report: s.value, signature: s.signature }).await
    })
    .await
}

async fn report_refusal(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.inner_actor(), "POST /internal/v1/refusals", async {
        call.only_enclave()?;
        let EnclaveRefusal { tried, code } = call.json()?;
        let index = app.desk.act(Actor::Enclave, None, Act::Refused { tried, code }).await?;
        Ok(json(StatusCode::OK, Index { index }))
    })
    .await
}

async fn take_delivery(State(app): State<Shared>, call: Call) -> Answer {
    app.guard(call.inner_actor(), "POST /internal/v1/deliveries", async {
        call.only_enclave()?;
        let delivery: Delivery = call.json()?;
        let index = deliver(&app, delivery).await?;
        Ok(json(StatusCode::OK, Index { index }))
    })
    .await
}

/// Bytes first, durably; then the release. A crash between leaves documents that nobody can fetch, and the enclave delivers again.
async fn deliver(app: &App, delivery: Delivery) -> Result<u64, Refusal> {
    // The run alone names the delivery: a second one may carry a receipt over a newer checkpoint, the first one stands.
    let name = format!("release {}", delivery.run);
    let request = request_key("enclave", &name, name.as_bytes());
    if let Some(index) = app.desk.repeated(&request)? {
        return Ok(index);
    }
    let files = decode(&delivery)?;
    let receipt = check(app, &delivery.run, &files)?;
    for bytes in files.into_values() {
        app.documents.put(bytes).await?;
    }
    app.desk.act(Actor::Enclave, Some(request), Act::Released { run: delivery.run, receipt }).await
}

fn decode(delivery: &Delivery) -> Result<BTreeMap<String, Vec<u8>>, Refusal> {
    let fault = || Refusal::new(Code::Malformed, "a delivery's files are base64");
    delivery.files.iter().map(|(name, text)| Ok((name.clone(), sign::from_base64(text).ok_or_else(fault)?))).collect()
}

/// The files are exactly those of the recorded verdict, and the receipt proves it. Returns the receipt's digest.
fn check(app: &App, run: &RunId, files: &BTreeMap<String, Vec<u8>>) -> Result<String, Refusal> {
    let forged = |detail: &str| Refusal::new(Code::ReportForged, detail);
    let view = app.desk.view();
    let case = view.cases.runs.get(run).ok_or_else(|| Refusal::not_found("run"))?;
    let Some((report, _)) = &case.judged else { return Err(Refusal::new(Code::WrongState, "the run has no verdict yet")) };
    if case.withheld {
        return Err(visiting_policies::case::suspended());
    }
    let note = files.get(RECEIPT).ok_or_else(|| forged("the receipt is missing"))?;
    if files.len() != report.files.len() + 1
        || report.files.iter().any(|f| files.get(&f.name).map(|b| sign::digest(b)) != Some(f.digest.clone()))
    {
        return Err(forged("the files are not those of the verdict"));
    }
    let text = std::str::from_utf8(note).map_err(|_| forged("the receipt is no text"))?;
    let roster = view.cases.roster();
    let vkey = note::vkey(&receipt::signer(&roster.origin), &sign::from_base64(&roster.enclave_key).unwrap_or_default());
    for file in report.files.iter().filter_map(|f| files.get(&f.name)) {
        let receipt = Receipt::verify(text, &vkey, file)?;
        matches_case(&receipt, case)?;
    }
    Ok(sign::digest(note))
}

fn matches_case(receipt: &Receipt, case: &RunCase) -> Result<(), Refusal> {
    let judged = case.judged.as_ref().is_some_and(|(report, index)| receipt.report == *report && receipt.index == *index);
    if judged && receipt.permit == case.permit && receipt.program == case.program {
        return Ok(());
    }
    Err(Refusal::new(Code::ReportForged, "the receipt does not say what the record says"))
}
