//! Every event of the record in words. One exhaustive match: a new act does not compile before it has words in both languages.

#[cfg(test)]
pub(super) mod given;

use std::collections::BTreeSet;

use visiting_policies::{
    check::Finding,
    disclosure::limits::{EXPOSURE_ALERT, EXPOSURE_HOLD},
    exposure::{Exposure, ExposureReport},
    handover::Repeated,
    incident::{IncidentKind, Severity},
    record::{Act, Actor, Event},
    refusal::Refusal,
    sample::Opinion,
    terms::Verdict,
    vote::Decision,
};

use super::lang::Lang;

/// Every kind of act with its name, in the order of a case: what the filter of the access log offers.
pub(super) const KINDS: &[(&str, &str, &str)] = &[
    ("record_opened", "台帳の開始", "record opened"),
    ("log_key_rotated", "ログの署名鍵の交替", "log key rotated"),
    ("listing_published", "DBの公開", "database published"),
    ("data_loaded", "データの取込み", "data loaded"),
    ("application_submitted", "申請", "application submitted"),
    ("completeness_confirmed", "形式審査：受理", "found complete"),
    ("completeness_denied", "形式審査：差戻し", "sent back by reception"),
    ("vote_cast", "票", "vote cast"),
    ("permit_issued", "許可", "permit issued"),
    ("extract_made", "抽出", "extract made"),
    ("guest_bound", "プログラムの結び付け", "guest bound"),
    ("codes_bound", "コード表の結び付け", "code list bound"),
    ("preflight_requested", "合成データでの試行の依頼", "pre-flight requested"),
    ("preflight_answered", "合成データでの試行の回答", "pre-flight answered"),
    ("run_requested", "解析の依頼", "run requested"),
    ("run_judged", "出口審査の判定", "run judged"),
    ("exposure_reached", "同じ人を含む出力の多さの警告", "exposure alert"),
    ("check_cast", "出口審査の確認（伏せた判定）", "check cast, hidden"),
    ("checks_opened", "出口審査の確認の開示", "checks opened"),
    ("released", "持ち出し", "released"),
    ("sample_looked", "持ち出しの事後確認", "release looked at"),
    ("recalled", "持ち出しの取消し", "release recalled"),
    ("permit_suspended", "利用停止", "permit suspended"),
    ("permit_closed", "利用終了", "permit closed"),
    ("extract_erased", "抽出データの消去", "extract erased"),
    ("rerun_requested", "再実行の依頼", "repetition asked for"),
    ("rerun_answered", "再実行の回答", "repetition answered"),
    ("rules_proposed", "公表基準の改定案", "rules proposed"),
    ("rules_adopted", "公表基準の採用", "rules adopted"),
    ("incident_noted", "事案の記録", "incident noted"),
    ("incident_closed", "事案の終了", "incident closed"),
    ("viewed", "閲覧", "viewed"),
    ("downloaded", "受取り", "file fetched"),
    ("refused", "拒否", "refused"),
];

/// The name of a kind; an unknown one names itself.
pub(super) fn kind(lang: Lang, kind: &str) -> &str {
    KINDS.iter().find(|(k, _, _)| *k == kind).map_or(kind, |(_, ja, en)| lang.say(ja, en))
}

/// True when something was turned away: a wrong move, or a run that the gate refused.
pub(super) fn is_refusal(act: &Act) -> bool {
    match act {
        Act::Refused { .. } => true,
        Act::RunJudged { report, .. } => report.verdict == Verdict::Refuse,
        Act::ChecksOpened { checks, .. } => checks.iter().any(|signed| signed.check.finding == Finding::Refuse),
        _ => false,
    }
}

/// Who acted, in words.
pub(super) fn who(lang: Lang, by: &Actor) -> String {
    match by {
        Actor::Person(id) => id.to_string(),
        Actor::Gateway => lang.say("窓口システム", "the gateway").to_owned(),
        Actor::Enclave => lang.say("閉域環境", "the enclave").to_owned(),
        Actor::Nobody => lang.say("ログインしていない人", "somebody without a login").to_owned(),
    }
}

/// What happened, as one sentence.
pub(super) fn tell(lang: Lang, event: &Event) -> String {
    match lang {
        Lang::Ja => japanese(&event.act),
        Lang::En => english(&event.act),
    }
}

fn japanese(act: &Act) -> String {
    match act {
        Act::RecordOpened { origin, demo, .. } => {
            format!("アクセスログ「{origin}」を開いた{}。", if *demo { "（デモ）" } else { "" })
        }
        Act::LogKeyRotated { .. } => "ログの署名鍵を新しい鍵に替えた（両方の鍵が署名した）。".to_owned(),
        Act::ListingPublished { listing, .. } => format!("DB「{listing}」を目録に公開した。"),
        Act::DataLoaded { report, .. } => {
            let (listing, version) = (&report.listing, report.version);
            format!(
                "DB「{listing}」の第{version}版を取り込んだ（約{}行、隔離 約{}行）。",
                report.rows.values().sum::<u64>(),
                report.quarantined
            )
        }
        Act::ApplicationSubmitted { application, content } => {
            format!("{application} を申請した（{}人、DB：{}）。", content.team.len(), listed(content.scope.columns.keys(), "、"))
        }
        Act::CompletenessConfirmed { application } => format!("{application} の形式が整っていることを確認した。"),
        Act::CompletenessDenied { application, .. } => format!("{application} を申請者に差し戻した。"),
        Act::VoteCast { vote } => {
            let decision = match vote.ballot.decision {
                Decision::Approve => "承認",
                Decision::Reject => "不承認",
                Decision::Return => "差戻し",
            };
            let conditions = if vote.ballot.remove.is_empty() && vote.ballot.checkers == 0 { "" } else { "、条件付き" };
            format!("{} に署名付きの票を投じた（{decision}{conditions}）。", vote.ballot.application)
        }
        Act::PermitIssued { permit } => format!("{} の票が揃い、許可 {} が成立した。", permit.application, permit.id),
        Act::ExtractMade { report, .. } => format!("許可 {} の抽出データを作った（約{}人）。", report.permit, report.people),
        Act::GuestBound { permit, name, .. } => format!("利用者プログラム guest.{name} を許可 {permit} に結び付けた。"),
        Act::CodesBound { permit, name, .. } => format!("コード表 codes.{name} を許可 {permit} に結び付けた。"),
        Act::PreflightRequested { preflight, permit, .. } => format!("許可 {permit} で、合成データでの試行 {preflight} を依頼した。"),
        Act::PreflightAnswered { report, .. } => {
            format!(
                "合成データでの試行 {} に回答した（判定：{}{}）。",
                report.preflight,
                japanese_verdict(report.verdict),
                code(report.refusal.as_ref(), "、", "")
            )
        }
        Act::RunRequested { run, permit, .. } => format!("許可 {permit} で解析 {run} を依頼した。"),
        Act::RunJudged { report, .. } => {
            let (verdict, code) = (japanese_verdict(report.verdict), code(report.refusal.as_ref(), "（", "）"));
            format!("出口審査は解析 {} を「{verdict}」と判定した{code}。", report.run)
        }
        Act::ExposureReached { report, .. } => {
            let whose = report.permit.as_ref().map_or_else(|| "すべての許可".to_owned(), |permit| format!("許可 {permit} "));
            let then = if held(report) { "。以後、この許可の出力は担当者が確認する" } else { "" };
            format!("{whose}の出力が、同じ人をおよそ{}以上の集団で数えている{then}。", sets(report.exposure))
        }
        Act::CheckCast { run, commitment, .. } => format!("保留中の解析 {run} を確認し、判定を伏せたまま投じた（{commitment}）。"),
        Act::ChecksOpened { run, checks } => {
            let word = |finding| if finding == Finding::Release { "持ち出してよい" } else { "持ち出し不可" };
            let all = checks.iter().map(|s| format!("{}：{}（{}）", s.check.by, word(s.check.finding), s.check.reason));
            format!("解析 {run} の判定がそろい、開示された。{}", all.collect::<Vec<_>>().join("、"))
        }
        Act::Released { run, .. } => format!("解析 {run} の結果が、証明書とともに閉域環境を出た。"),
        Act::SampleLooked { signed } => {
            let opinion = if signed.look.opinion == Opinion::Fine { "問題なし" } else { "取消しを求める" };
            format!("抜き取られた解析 {} の持ち出しを事後に確認した（{opinion}）。理由：{}", signed.look.run, signed.look.reason)
        }
        Act::PermitSuspended { order, .. } => format!("許可 {} の利用を停止した。理由：{}", order.permit, order.reason),
        Act::PermitClosed { order, .. } => format!("許可 {} の利用を終了した。理由：{}", order.permit, order.reason),
        Act::ExtractErased { report, .. } => format!("許可 {} の抽出データと鍵を消去した。", report.permit),
        Act::RerunRequested { rerun, run } => format!("解析 {run} の再実行 {rerun} を依頼した。"),
        Act::RerunAnswered { report, .. } => match report.outcome {
            Repeated::Same => format!("再実行 {} の結果は、持ち出されたものと同じだった。", report.rerun),
            Repeated::Differs => format!("再実行 {} の結果は、持ち出されたものと異なった。", report.rerun),
            Repeated::NotRepeated => format!("再実行 {} はできなかった。", report.rerun),
        },
        Act::Recalled { order, .. } => format!("解析 {} の持ち出しを取り消した。理由：{}", order.run, order.reason),
        Act::RulesProposed { proposal, .. } => {
            format!("公表基準「{}」の改定案 {} を提案した。理由：{}", proposal.pack, proposal.id(), proposal.reason)
        }
        Act::RulesAdopted { adoption, .. } => format!("公表基準の改定案 {} を二人目として採用し、施行した。", adoption.rules),
        Act::IncidentNoted { incident, noted } => format!(
            "事案 {incident} を記録した（{}、重さ：{}、関わる記録番号：{}）。",
            incident_kind(Lang::Ja, noted.kind),
            severity(Lang::Ja, noted.severity),
            numbers(&noted.leaves, "、"),
        ),
        Act::IncidentClosed { incident, .. } => format!("事案 {incident} を閉じた。"),
        Act::Viewed { what } => format!("{what} を閲覧した。"),
        Act::Downloaded { run, file } => format!("解析 {run} の {file} を受け取った。"),
        Act::Refused { tried, code } => format!("「{tried}」を試み、拒否された（{}）。", code.name()),
    }
}

fn english(act: &Act) -> String {
    match act {
        Act::RecordOpened { origin, demo, .. } => format!("The access log {origin} was opened{}.", if *demo { " (demo)" } else { "" }),
        Act::LogKeyRotated { .. } => "The log's signing key was rotated; both keys signed.".to_owned(),
        Act::ListingPublished { listing, .. } => format!("The database {listing} was published in the catalogue."),
        Act::DataLoaded { report, .. } => {
            let (listing, version, rows) = (&report.listing, report.version, report.rows.values().sum::<u64>());
            format!("Version {version} of {listing} was loaded (about {rows} rows, about {} quarantined).", report.quarantined)
        }
        Act::ApplicationSubmitted { application, content } => {
            let databases = listed(content.scope.columns.keys(), ", ");
            format!("Submitted {application} (people: {}, databases: {databases}).", content.team.len())
        }
        Act::CompletenessConfirmed { application } => format!("Found {application} complete."),
        Act::CompletenessDenied { application, .. } => format!("Sent {application} back to the applicant."),
        Act::VoteCast { vote } => {
            let decision = match vote.ballot.decision {
                Decision::Approve => "approve",
                Decision::Reject => "reject",
                Decision::Return => "return",
            };
            let conditions = if vote.ballot.remove.is_empty() && vote.ballot.checkers == 0 { "" } else { ", with conditions" };
            format!("Cast a signed vote on {} ({decision}{conditions}).", vote.ballot.application)
        }
        Act::PermitIssued { permit } => format!("The votes on {} are complete: permit {} was issued.", permit.application, permit.id),
        Act::ExtractMade { report, .. } => format!("Made the extract of permit {} (about {} people).", report.permit, report.people),
        Act::GuestBound { permit, name, .. } => format!("Bound the guest guest.{name} to permit {permit}."),
        Act::CodesBound { permit, name, .. } => format!("Bound the code list codes.{name} to permit {permit}."),
        Act::PreflightRequested { preflight, permit, .. } => {
            format!("Asked for pre-flight {preflight} on synthetic data under permit {permit}.")
        }
        Act::PreflightAnswered { report, .. } => {
            format!(
                "Answered pre-flight {} on synthetic data: {}{}.",
                report.preflight,
                english_verdict(report.verdict),
                code(report.refusal.as_ref(), " (", ")")
            )
        }
        Act::RunRequested { run, permit, .. } => format!("Asked for run {run} under permit {permit}."),
        Act::RunJudged { report, .. } => {
            let (verdict, code) = (english_verdict(report.verdict), code(report.refusal.as_ref(), " (", ")"));
            format!("The exit gate judged run {}: {verdict}{code}.", report.run)
        }
        Act::ExposureReached { report, .. } => {
            let whose = report.permit.as_ref().map_or_else(|| "all permits".to_owned(), |permit| format!("permit {permit}"));
            let then = if held(report) { "; from now on people look at each output of this permit" } else { "" };
            format!("The releases of {whose} count somebody in about {} sets or more{then}.", sets(report.exposure))
        }
        Act::CheckCast { run, commitment, .. } => format!("Checked the held run {run}; the finding stays hidden ({commitment})."),
        Act::ChecksOpened { run, checks } => {
            let word = |finding| if finding == Finding::Release { "release" } else { "refuse" };
            let all = checks.iter().map(|s| format!("{}: {} ({})", s.check.by, word(s.check.finding), s.check.reason));
            format!("All checks of run {run} are in and were opened. {}", all.collect::<Vec<_>>().join(", "))
        }
        Act::Released { run, .. } => format!("The result of run {run} left the enclave with its receipt."),
        Act::SampleLooked { signed } => {
            let opinion = if signed.look.opinion == Opinion::Fine { "fine" } else { "asks for its recall" };
            format!("Looked at the sampled release of run {} ({opinion}). Reason: {}", signed.look.run, signed.look.reason)
        }
        Act::PermitSuspended { order, .. } => format!("Suspended permit {}. Reason: {}", order.permit, order.reason),
        Act::PermitClosed { order, .. } => format!("Closed permit {} for good. Reason: {}", order.permit, order.reason),
        Act::ExtractErased { report, .. } => format!("Erased the extract of permit {} and its keys.", report.permit),
        Act::RerunRequested { rerun, run } => format!("Asked for the repetition {rerun} of run {run}."),
        Act::RerunAnswered { report, .. } => match report.outcome {
            Repeated::Same => format!("The repetition {} gave what was released.", report.rerun),
            Repeated::Differs => format!("The repetition {} gave something else than was released.", report.rerun),
            Repeated::NotRepeated => format!("The repetition {} could not be made.", report.rerun),
        },
        Act::Recalled { order, .. } => format!("Recalled the release of run {}. Reason: {}", order.run, order.reason),
        Act::RulesProposed { proposal, .. } => {
            format!("Proposed the change {} of the rule pack {}. Reason: {}", proposal.id(), proposal.pack, proposal.reason)
        }
        Act::RulesAdopted { adoption, .. } => {
            format!("Adopted the change of rules {} as the second person; it is in force.", adoption.rules)
        }
        Act::IncidentNoted { incident, noted } => format!(
            "Noted the incident {incident} ({}, severity: {}, events: {}).",
            incident_kind(Lang::En, noted.kind),
            severity(Lang::En, noted.severity),
            numbers(&noted.leaves, ", "),
        ),
        Act::IncidentClosed { incident, .. } => format!("Closed the incident {incident}."),
        Act::Viewed { what } => format!("Viewed {what}."),
        Act::Downloaded { run, file } => format!("Fetched {file} of run {run}."),
        Act::Refused { tried, code } => format!("Tried “{tried}” and was refused ({}).", code.name()),
    }
}

/// What kind of incident, in words.
pub(super) fn incident_kind(lang: Lang, kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Disclosure => lang.say("開示してはならない情報の開示", "disclosure"),
        IncidentKind::UnauthorisedAccess => lang.say("権限のない操作", "unauthorised access"),
        IncidentKind::Misuse => lang.say("目的外の利用", "misuse"),
        IncidentKind::Probing => lang.say("境目や個人を探る問合せ", "probing"),
        IncidentKind::Integrity => lang.say("記録や出力の完全性", "integrity"),
        IncidentKind::Availability => lang.say("サービスの停止", "availability"),
        IncidentKind::Other => lang.say("その他", "other"),
    }
}

/// How bad, in words.
pub(super) fn severity(lang: Lang, severity: Severity) -> &'static str {
    match severity {
        Severity::Low => lang.say("低い", "low"),
        Severity::Medium => lang.say("中くらい", "medium"),
        Severity::High => lang.say("高い", "high"),
        Severity::Critical => lang.say("きわめて高い", "critical"),
    }
}

/// The first few of several indices.
fn numbers(all: &BTreeSet<u64>, mark: &str) -> String {
    const SHOWN: usize = 10;
    let shown = all.iter().take(SHOWN).map(u64::to_string).collect::<Vec<_>>().join(mark);
    if all.len() > SHOWN { format!("{shown}{mark}...") } else { shown }
}

/// True when the band holds the permit's outputs.
fn held(report: &ExposureReport) -> bool {
    report.permit.is_some() && report.exposure == Exposure::Hold
}

/// The number that names a band.
fn sets(exposure: Exposure) -> u64 {
    match exposure {
        Exposure::Usual => 0,
        Exposure::Alert => EXPOSURE_ALERT,
        Exposure::Hold => EXPOSURE_HOLD,
    }
}

fn japanese_verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Release => "そのまま持ち出せる",
        Verdict::Suppress => "一部を伏せれば持ち出せる",
        Verdict::Hold => "担当者の確認を待つ",
        Verdict::Refuse => "持ち出せない",
    }
}

fn english_verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Release => "may leave as it is",
        Verdict::Suppress => "may leave with masks",
        Verdict::Hold => "people must look at it",
        Verdict::Refuse => "may not leave",
    }
}

/// The code of a refusal between two marks.
fn code(refusal: Option<&Refusal>, before: &str, after: &str) -> String {
    refusal.map(|r| format!("{before}{}{after}", r.code.name())).unwrap_or_default()
}

fn listed<'a>(words: impl Iterator<Item = &'a String>, mark: &str) -> String {
    words.map(String::as_str).collect::<Vec<_>>().join(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_words_in_both_languages_and_its_place_in_the_filter() {
        let kinds: BTreeSet<String> = given::acts().iter().map(Act::kind).collect();
        let offered: BTreeSet<String> = KINDS.iter().map(|(k, _, _)| (*k).to_owned()).collect();
        assert_eq!(kinds, offered, "an act has no sample here, or no name in the filter");
        for act in given::acts() {
            let (ja, en) = (tell(Lang::Ja, &given::event(act.clone())), tell(Lang::En, &given::event(act)));
            assert!(ja.chars().any(|c| ('\u{3041}'..='\u{30ff}').contains(&c)), "{ja}");
            assert!(en.is_ascii() || en.contains('“'), "{en}");
            assert_ne!(ja, en);
        }
    }

    #[test]
    fn a_refused_run_counts_as_a_refusal() {
        assert_eq!(given::acts().iter().filter(|a| is_refusal(a)).count(), 3);
    }
}
