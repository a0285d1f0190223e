//! Work for the enclave, derived from the fold: what is authorised and not done. There is no queue that could lose anything.

use visiting_policies::{
    case::Cases,
    handover::{Order, Purpose, RunTicket, Signed},
    refusal::Refusal,
};

use crate::app::App;

/// An order whose SQL is still a digest.
enum Pending {
    Whole(RunTicket),
    Text { index: u64, program: String, order: Box<dyn FnOnce(String) -> Order + Send> },
}

/// Signed tickets for everything that is pending, in the order of the record.
pub(crate) async fn pending(app: &App) -> Result<Vec<Signed<RunTicket>>, Refusal> {
    let pending = waiting(&app.desk.view().cases, app.desk.now_ms());
    let mut tickets = Vec::with_capacity(pending.len());
    for one in pending {
        let ticket = match one {
            Pending::Whole(ticket) => ticket,
            Pending::Text { index, program, order } => match app.documents.text(&program).await {
                Ok(sql) => RunTicket { index, order: order(sql) },
                // One lost document must not hold up the others; the operator's log has the cause.
                Err(_) => continue,
            },
        };
        tickets.push(ticket.sign(&app.log_key));
    }
    Ok(tickets)
}

/// A permit was closed and its extract is still there. No ticket says so: the enclave reads it in the record, as soon as it looks.
pub(crate) fn is_closing(app: &App) -> bool {
    app.desk.view().cases.permits.values().any(|p| p.closed.is_some() && p.erased.is_none())
}

/// Extracts of usable permits, repetitions, and every run and pre-flight without its answer, and every held run that the checkers let go: one that may no longer happen still gets its refusal.
fn waiting(cases: &Cases, now_ms: u64) -> Vec<Pending> {
    let usable = cases.permits.values().filter(|p| p.extract.is_none() && p.suspended.is_none() && !p.has_ended(now_ms));
    let extracts = usable.map(|p| RunTicket { index: p.index, order: Order::Extract { permit: p.permit.id.clone() } });
    let unjudged = cases.runs.iter().filter(|(_, run)| run.judged.is_none() && run.hold.is_none());
    let runs = unjudged.map(|(id, case)| {
        let run = id.clone();
        Pending::Text { index: case.index, program: case.program.clone(), order: Box::new(|sql| Order::Run { run, sql }) }
    });
    let approved = cases.runs.iter().filter(|(_, run)| run.is_approved());
    let decided = approved.filter_map(|(id, case)| {
        let (run, index) = (id.clone(), case.authority()?);
        Some(Pending::Text { index, program: case.program.clone(), order: Box::new(|sql| Order::Decide { run, sql }) })
    });
    let unanswered = cases.preflights.iter().filter(|(_, case)| case.answered.is_none());
    let preflights = unanswered.map(|(id, case)| {
        let preflight = id.clone();
        Pending::Text { index: case.index, program: case.program.clone(), order: Box::new(|sql| Order::Preflight { preflight, sql }) }
    });
    let unrepeated = cases.reruns.iter().filter(|(_, case)| case.answered.is_none());
    let reruns = unrepeated.filter_map(|(id, case)| {
        let (rerun, program) = (id.clone(), cases.runs.get(&case.run)?.program.clone());
        Some(Pending::Text { index: case.index, program, order: Box::new(|sql| Order::Rerun { rerun, sql }) })
    });
    let whole = extracts.map(Pending::Whole);
    let mut all: Vec<Pending> = whole.chain(runs).chain(decided).chain(preflights).chain(reruns).collect();
    all.sort_by_key(|p| match p {
        Pending::Whole(ticket) => ticket.index,
        Pending::Text { index, .. } => *index,
    });
    all
}
