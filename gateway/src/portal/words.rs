//! Words for codes, in both languages: what happened, and what to do. Exhaustive matches, so nothing can be left without.

use std::collections::BTreeSet;

use maud::{Markup, html};
use visiting_policies::{
    refusal::{Code, Refusal},
    terms::Role,
    vote::Decision,
};

use super::lang::Lang;

/// A refusal in words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    title: (&'static str, &'static str),
    help: (&'static str, &'static str),
}

impl Words {
    /// What happened.
    pub(super) fn title(&self, lang: Lang) -> &'static str {
        lang.say(self.title.0, self.title.1)
    }

    /// What to do.
    pub(super) fn help(&self, lang: Lang) -> &'static str {
        lang.say(self.help.0, self.help.1)
    }
}

/// The words of a code.
pub(super) fn of(code: Code) -> Words {
    let (title, help) = table(code);
    Words { title, help }
}

type Pair = (&'static str, &'static str);

fn table(code: Code) -> (Pair, Pair) {
    match code {
        Code::Malformed => (
            ("入力の形式が正しくありません", "Something was not entered as it should be"),
            ("入力内容を見直して、もう一度送ってください。", "Check what you entered and send it again."),
        ),
        Code::NotLoggedIn => (
            ("ログインが必要です", "You need to log in"),
            ("ログインすると、このページに戻ります。", "After logging in you will come back here."),
        ),
        Code::NotAllowed => (
            ("この操作は許されていません", "You may not do this"),
            (
                "あなたの役割ではできない操作か、このサイトの外から送られた操作です。必要な役割を持つ人としてログインしてください。",
                "Your roles do not allow this, or it was not sent from this site. Log in as a person who holds the role.",
            ),
        ),
        Code::NotFound => (
            ("見つかりません", "Not found"),
            (
                "アドレスが違うか、あなたには見る権限がありません。どちらの場合も同じ表示になります。",
                "The address is wrong, or you may not see it. Both look the same on purpose.",
            ),
        ),
        Code::WrongState => (
            ("いまの段階ではできません", "This does not fit the present stage"),
            (
                "ほかの人が先に進めた可能性があります。ページを開き直して、いまの状態を確認してください。",
                "Somebody may have moved it on. Open the page again and look where it stands.",
            ),
        ),
        Code::KeyReused => (
            ("この画面からはすでに送信済みです", "This form was sent already"),
            (
                "内容を変えて送るには、ページを開き直してからもう一度入力してください。",
                "To send something else, open the page again and enter it anew.",
            ),
        ),
        Code::NotNamed => (
            ("この許可にあなたの名前がありません", "This permit does not name you"),
            ("申請者に確認してください。新しい申請で利用者に加えることができます。", "Ask the applicant; a new application can name you."),
        ),
        Code::ReviewerIsApplicant => (
            ("自分の申請や出力は審査できません", "You cannot review what is your own"),
            ("別の人が審査する必要があります。", "Somebody else must."),
        ),
        Code::ConflictOfInterest => (
            ("利益相反のため審査できません", "You cannot review it: conflict of interest"),
            (
                "あなたの所属機関がこの申請に参加しています。利害関係のない人が審査する必要があります。",
                "Your organisation takes part in this application. Somebody without a conflict must review it.",
            ),
        ),
        Code::AlreadyVoted => {
            (("すでに判定しています", "You have decided already"), ("一度投じた票は変えられません。", "A vote stands once it is cast."))
        }
        Code::VoteForged => (
            ("票の署名が確認できません", "The vote's signature does not fit"),
            (
                "あなた自身の署名鍵で、表示された票の文面に署名してください。鍵ファイルを取り違えていないか確認してください。",
                "Sign the ballot as shown with your own key. Check that you chose the right key file.",
            ),
        ),
        Code::CheckForged => (
            ("判定の署名が確認できません", "The check's signature does not fit"),
            (
                "開いた出力について、あなた自身の署名鍵で署名してください。鍵ファイルを取り違えていないか確認してください。",
                "Sign the check of this very output with your own key. Check that you chose the right key file.",
            ),
        ),
        Code::OtherOrganisationNeeded => (
            ("別の所属の担当者が必要です", "A checker of another organisation is needed"),
            (
                "あなたの所属の人がすでに確認しました。二人目は別の所属の担当者が確認します。",
                "Somebody of your organisation has checked it. The second checker is of another one.",
            ),
        ),
        Code::NotReleasedByCheckers => (
            ("出口審査の担当者が持ち出しを認めませんでした", "The output checkers did not release it"),
            (
                "区分を粗くするか、条件を広げて、もう一度たずねてください。理由の詳細は示されません。",
                "Ask again with coarser groups or wider conditions. The reasons are not told in detail.",
            ),
        ),
        Code::RecallForged => (
            ("取消し命令の署名が確認できません", "The recall's signature does not fit"),
            ("所管省庁としてのあなた自身の鍵で署名してください。", "Sign with your own key as the ministry."),
        ),
        Code::Recalled => (
            ("この持ち出しは取り消されました", "This release was recalled"),
            ("これ以上使わず、すべての写しを廃棄してください。", "Use it no more, and destroy every copy."),
        ),
        Code::SuspensionForged => (
            ("停止命令の署名が確認できません", "The order's signature does not fit"),
            ("所管省庁としてのあなた自身の鍵で署名してください。", "Sign with your own key as the ministry."),
        ),
        Code::TicketTampered => (
            ("実行指示書が記録と一致しません", "The order to run does not match the record"),
            ("実行は止められました。運用者に連絡してください。", "Nothing was run. Tell the operators."),
        ),
        Code::RecordUnlawful => (
            ("記録に矛盾が見つかりました", "The record contradicts itself"),
            ("安全のため、何も実行されません。運用者に連絡してください。", "To be safe nothing runs. Tell the operators."),
        ),
        Code::ReportForged => (
            ("報告書の署名が確認できません", "The report's signature does not fit"),
            ("何も受け取られませんでした。運用者に連絡してください。", "Nothing was taken in. Tell the operators."),
        ),
        Code::PermitExpired => (
            ("利用許可の期限が過ぎています", "The permit has expired"),
            ("続けて利用するには、あらためて申請してください。", "Apply again to go on."),
        ),
        Code::PermitSuspended => (
            ("利用許可は停止されています", "The permit is suspended"),
            (
                "所管省庁が利用を停止しました。この許可では何も実行されず、何も持ち出せません。理由は許可のページにあります。",
                "The ministry has suspended it. Nothing runs and nothing leaves under it. The permit's page gives the reason.",
            ),
        ),
        Code::PermitClosed => (
            ("利用許可は終了しています", "The permit is closed"),
            (
                "所管省庁が利用を終了しました。データは消去され、この許可では何も実行されません。理由は許可のページにあります。",
                "The ministry has ended it. Its data are erased and nothing runs under it. The permit's page gives the reason.",
            ),
        ),
        Code::ClosureForged => (
            ("終了命令の署名が確認できません", "The order's signature does not fit"),
            ("所管省庁としてのあなた自身の鍵で署名してください。", "Sign with your own key as the ministry."),
        ),
        Code::PermitNotGranted => (
            ("許可の内容が議決と一致しません", "The permit is not what the votes grant"),
            ("許可は作られませんでした。運用者に連絡してください。", "No permit was made. Tell the operators."),
        ),
        Code::ListingUnknown => (
            ("そのデータはありません", "There is no such data"),
            (
                "DB・表・列の名前が違うか、データがまだ読み込まれていません。カタログで確認してください。",
                "The database, table or column does not exist, or nothing is loaded yet. The catalogue shows what there is.",
            ),
        ),
        Code::SqlUnreadable => (
            ("SQLを読み取れません", "The SQL cannot be read"),
            ("文法を見直してください。1つのSELECT文だけが使えます。", "Check its grammar. One SELECT statement is what can be run."),
        ),
        Code::SqlNotOffered => (
            ("この環境では使えないSQLです", "This SQL is not offered here"),
            (
                "理由と直し方は下の文にあります。人の行を返す問合せ、個人のキーを使う式、人の行に対する LIMIT などは使えません。",
                "The sentence below says why, and what to write instead. Rows of people, expressions of the person key and LIMIT over people are not offered.",
            ),
        ),
        Code::NameUnknown => (
            ("許可にない表または列です", "The permit names no such table or column"),
            ("許可された表と列は、解析環境の一覧にあります。", "The workspace lists the tables and columns that you may use."),
        ),
        Code::ColumnUse => (
            ("この列はその使い方ができません", "The column cannot be used that way"),
            (
                "値域のある列は条件と区分に、計量列は SUM と AVG に使えます。個人と施設の番号は、結合と人数の計算だけに使えます。",
                "Columns with a domain go into conditions and groups, measures into SUM and AVG; keys only into joins and counts of people.",
            ),
        ),
        Code::LiteralOutsideDomain => (
            ("値が列の値域にありません", "The value is outside the column's domain"),
            ("カタログの値域にある値を、正しい型で書いてください。", "Write a value of the domain that the catalogue shows, in its type."),
        ),
        Code::RulesForged => (
            ("改定案の署名が確認できません", "The signature under the change of rules does not fit"),
            ("文面に、あなた自身の鍵で署名してください。", "Sign the text of the change with your own key."),
        ),
        Code::RulesUnsound => (
            ("この公表基準は採用できません", "This rule pack cannot be in force"),
            (
                "書式が正しくないか、下限（10人・10の倍数・10％）より緩い値があります。ファイルを直して、あらためて提案してください。",
                "It is not well formed, or laxer than the floor (10 people, base 10, 10%). Mend the file and propose it again.",
            ),
        ),
        Code::SecondPersonNeeded => (
            ("二人目の人が必要です", "A second person is needed"),
            (
                "公表基準の改定は、提案した人とは別の審査委員か所管省庁の人が採用します。",
                "A change of rules is adopted by another committee member or somebody of the ministry than the one who proposed it.",
            ),
        ),
        Code::RuleForbids => (
            ("公表基準により、この集計はできません", "The publication rules forbid this question"),
            (
                "下に示した規則に合うように、区分や条件を直してください。どの規則かは公表基準のページにあります。",
                "Change its groups or conditions to follow the rule below. The page of the rule packs has all of them.",
            ),
        ),
        Code::TooLarge => (("大きすぎます", "Too large"), ("内容を短くするか、いくつかに分けてください。", "Shorten it or split it.")),
        Code::NothingToShow => (
            ("表示できる値がありません", "There is nothing to show"),
            (
                "すべての行が公表基準に満たないか、すでに公表された値と区別できません。区分を粗くするか、条件を広げてください。",
                "Every row is below the threshold or cannot be told from what was released before. Use coarser groups or wider conditions.",
            ),
        ),
        Code::TooManyUnshown => (
            ("表示できない問い合わせが多すぎます", "Too many questions had nothing to show"),
            (
                "少人数の集団を探ることを防ぐため、この許可での問い合わせは止まりました。窓口に相談してください。",
                "To keep small groups from being searched for, this permit's questions have stopped. Talk to reception.",
            ),
        ),
        Code::TooManyMeasures => (
            ("自作の計算式が多すぎます", "Too many measures of one's own"),
            (
                "この許可ですでに使った計算式を使うか、元の列をそのまま集計するか、式を派生列として登録するよう窓口に相談してください。",
                "Use a formula that this permit has used before, take the columns themselves, or ask reception to register the formula as a derived column.",
            ),
        ),
        Code::TooManyStreams => (
            ("ライブ表示の数が上限に達しています", "Too many live views are open"),
            (
                "ほかのウィンドウのライブ表示を閉じてから、もう一度開いてください。",
                "Close a live view in another window and open this one again.",
            ),
        ),
        Code::TooManyPreflights => (
            ("回答を待っている試行が多すぎます", "Too many pre-flights wait for their answer"),
            ("どれかの回答が届いてから、もう一度試してください。", "Try again when one of them has its answer."),
        ),
        Code::TooManyHeld => (
            ("確認を待っている出力が多すぎます", "Too many outputs wait for output checkers"),
            ("どれかが判定されてから、もう一度実行してください。", "Run again when some of them are decided."),
        ),
        Code::GuestRefused => (
            ("利用者プログラムは受け取れませんでした", "The guest was not taken"),
            ("下の指摘を直して、もう一度送ってください。", "Mend what is found below and upload it again."),
        ),
        Code::GuestTampered => (
            ("利用者プログラムが記録と一致しません", "The guest is not the one in the record"),
            ("解析は実行されませんでした。運用者が調べています。", "Nothing was run. The operators are looking into it."),
        ),
        Code::CodesRefused => (
            ("コード表は受け取れませんでした", "The code list was not taken"),
            ("示された行と列を直して、もう一度送ってください。", "Mend the line and column that are named and upload it again."),
        ),
        Code::CodesTampered => (
            ("コード表が記録と一致しません", "The code list is not the one in the record"),
            ("解析は実行されませんでした。運用者が調べています。", "Nothing was run. The operators are looking into it."),
        ),
        Code::OperatorProblem => (
            ("処理を完了できませんでした", "It could not be completed"),
            ("運用者に通知されました。しばらくしてからもう一度試してください。", "The operators have been told. Try again later."),
        ),
        Code::RecordUnavailable => (
            ("いまは記録に書き込めません", "The record cannot be written now"),
            (
                "記録できないことは行われません。何も実行されていないので、しばらくしてからもう一度試してください。",
                "What cannot be recorded is not done. Nothing has happened; try again later.",
            ),
        ),
        Code::KeyUnusable => {
            (("鍵ファイルが使えません", "The key file cannot be used"), ("運用者に連絡してください。", "Tell the operators."))
        }
    }
}

/// A refusal in words, inside a page of its own matter; the law's own sentence stands below, it may say more.
pub(super) fn explained(lang: Lang, refusal: &Refusal) -> Markup {
    let words = of(refusal.code);
    html! {
        p { strong { (words.title(lang)) } }
        @match refusal.ja.as_deref().filter(|_| lang == Lang::Ja) {
            Some(sentence) => {
                p data-code=(refusal.code.name()) { (sentence) }
                p.note { (words.help(lang)) }
            }
            None => {
                p { (words.help(lang)) }
                p.note lang="en" data-code=(refusal.code.name()) { (refusal.detail) }
            }
        }
    }
}

/// The same as a box that is read out.
pub(super) fn alert(lang: Lang, refusal: &Refusal) -> Markup {
    html! { div.notice.error #refusal role="alert" tabindex="-1" autofocus { (explained(lang, refusal)) } }
}

/// A role in words.
pub(super) fn role(lang: Lang, role: Role) -> &'static str {
    match role {
        Role::Researcher => lang.say("利用者", "researcher"),
        Role::Reception => lang.say("申請受付窓口", "reception"),
        Role::CommitteeMember => lang.say("審査委員", "committee member"),
        Role::Ministry => lang.say("所管省庁", "ministry"),
        Role::Auditor => lang.say("監査", "auditor"),
        Role::Checker => lang.say("出口審査担当", "output checker"),
        Role::DataHolder => lang.say("DB保有者", "data holder"),
    }
}

/// Several roles in words.
pub(super) fn roles(lang: Lang, all: &BTreeSet<Role>) -> String {
    all.iter().map(|r| role(lang, *r)).collect::<Vec<_>>().join(lang.say("・", ", "))
}

/// Where an application stands, by its name in the API.
pub(super) fn standing(lang: Lang, status: &str) -> &'static str {
    match status {
        "submitted" => lang.say("申請済（形式審査を待っています）", "submitted, waits for reception"),
        "under_review" => lang.say("審査中（委員会が投票します）", "under review, the committee votes"),
        "returned" => lang.say("差戻し（直して出し直してください）", "returned, to be mended and sent again"),
        "approved" => lang.say("承認（利用許可が出ています）", "approved, there is a permit"),
        "rejected" => lang.say("不承認", "rejected"),
        _ => lang.say("不明", "unknown"),
    }
}

/// How a permit stands, by its name in the API.
pub(super) fn permit(lang: Lang, status: &str) -> &'static str {
    match status {
        "active" => lang.say("有効", "active"),
        "suspended" => lang.say("停止", "suspended"),
        "closed" => lang.say("終了", "closed"),
        "expired" => lang.say("期限切れ", "expired"),
        _ => lang.say("不明", "unknown"),
    }
}

/// A decision in words.
pub(super) fn decision(lang: Lang, decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => lang.say("承認", "approve"),
        Decision::Reject => lang.say("不承認", "reject"),
        Decision::Return => lang.say("差戻し", "return"),
    }
}

/// A month `yyyymm`.
pub(super) fn month(lang: Lang, yyyymm: i64) -> String {
    let (year, month) = (yyyymm / 100, yyyymm % 100);
    match lang {
        Lang::Ja => format!("{year}年{month}月"),
        Lang::En => format!("{year}-{month:02}"),
    }
}
