//! `review` and `comment`: what is asked of what people say on pull requests, and what a rule that hears it must ask.

use super::{
    approval::{ANYBODY, names_people as names_people_by_login},
    fields::Fields,
    pattern::{self, patterns_of, unknown_value},
    report::{At, Report},
    rule::Draft,
    vocabulary,
};
use crate::{
    model::ActionKind,
    rules::{Condition, Pattern, PatternError, SaidTest, SaidWord, Trigger, Word},
};

/// What a review may come to: <https://docs.github.com/en/webhooks/webhook-events-and-payloads#pull_request_review>.
pub(super) const STATES: [&str; 4] = ["approved", "changes_requested", "commented", "dismissed"];

/// What people may be to a repository: <https://docs.github.com/en/graphql/reference/enums#commentauthorassociation>.
pub(super) const ASSOCIATIONS: [&str; 8] = [
    "OWNER",
    "MEMBER",
    "COLLABORATOR",
    "CONTRIBUTOR",
    "FIRST_TIME_CONTRIBUTOR",
    "FIRST_TIMER",
    "MANNEQUIN",
    "NONE",
];

/// What anybody may be.
const STRANGERS: [&str; 5] = ["CONTRIBUTOR", "FIRST_TIME_CONTRIBUTOR", "FIRST_TIMER", "MANNEQUIN", "NONE"];

fn exact(text: &str) -> Result<Pattern, PatternError> {
    Pattern::compile(text, false)
}

/// The map under `review` or `comment`.
pub(super) fn said(report: &mut Report<'_>, word: SaidWord, at: &At<'_>) -> Option<SaidTest> {
    let keys = match word {
        SaidWord::Review => vocabulary::REVIEW,
        SaidWord::Comment => vocabulary::COMMENT_SAID,
    };
    let fields = Fields::open(report, at, keys)?;
    let mut whole = true;
    let mut texts = |name: &str| {
        let at = fields.get(name)?;
        let patterns = match name {
            "state" => patterns_of(report, name, &exact, &at, &|_, it| unknown_value(name, &STATES, it)),
            "association" => {
                patterns_of(report, name, &exact, &at, &|_, it| unknown_value(name, &ASSOCIATIONS, it))
            }
            "author" => pattern::patterns(report, Word::Actor, true, &at),
            _ => pattern::lines(report, name, &at),
        };
        whole &= patterns.is_some();
        patterns
    };
    let [state, author, association, body] = ["state", "author", "association", "body"].map(&mut texts);
    let test = SaidTest { word, state, author, association, body };
    let asks = [&test.state, &test.author, &test.association, &test.body].into_iter().any(Option::is_some);
    if whole && !asks && fields.is_known {
        let message = format!("`{}` asks nothing of it", word.as_str());
        report.error(at, message, "write one of its keys, like `association: [OWNER, MEMBER]`");
    }
    (whole && asks).then_some(test)
}

/// Whether only some people's words fulfil it.
pub(super) fn names_people(test: &SaidTest) -> bool {
    let by_login = test.author.as_ref().is_some_and(|patterns| !Pattern::accept(patterns, &[ANYBODY]));
    let by_association = test
        .association
        .as_ref()
        .is_some_and(|patterns| !STRANGERS.iter().any(|stranger| Pattern::accept(patterns, &[stranger])));
    by_login || by_association
}

/// Anybody may comment on a pull request and review it: a rule that acts on that has to say whose words count, and of
/// a comment which.
pub(super) fn check(report: &mut Report<'_>, draft: &Draft<'_>) {
    let Some(when) = &draft.when else {
        return;
    };
    for word in SaidWord::ALL {
        let trigger = Trigger::Signal(word.signal());
        let heard = draft.on.iter().find(|(on, _)| *on == trigger);
        if let (None, true) = (heard, requires(when, word)) {
            let message = format!(
                "`{}` is what `{}` is about, which the rule does not listen to",
                word.as_str(),
                word.signal()
            );
            report.error(&draft.when_at, message, format!("use `on: {}`", word.signal()));
        }
        let acts = draft.then.iter().find(|placed| changes_something(placed.action.kind()));
        let (Some((_, at)), Some(_)) = (heard, acts) else {
            continue;
        };
        if !names_whose(when, word) {
            let message =
                format!("anybody can cause `{}`, and the rule does not say whose words count", word.signal());
            let remedy = format!(
                "add `{}: {{ association: [OWNER, MEMBER, COLLABORATOR] }}` or `{{ author: \"@acme/release\" }}` to `when`",
                word.as_str()
            );
            report.error(at, message, remedy);
        }
        if word == SaidWord::Comment && !asks_for_body(when) {
            let remedy =
                "add `comment: { body: \"/^[/]retry$/\" }` to `when`, in a rule of its own for comments";
            report.error(at, "every comment would do it", remedy);
        }
    }
}

/// What only tells does no harm; a label may be what another rule waits for.
fn changes_something(kind: ActionKind) -> bool {
    !matches!(kind, ActionKind::Notify | ActionKind::Check | ActionKind::ArchiveLogs)
}

fn names_whose(when: &Condition, word: SaidWord) -> bool {
    when.rests_on(&|part| match part {
        Condition::Said(test) => test.word == word && names_people(test),
        Condition::Test(test) => test.word == Word::Sender && names_people_by_login(test),
        _ => false,
    })
}

fn asks_for_body(when: &Condition) -> bool {
    let is_any = |patterns: &Vec<Pattern>| Pattern::accept(patterns, &[ANYBODY]);
    when.rests_on(&|part| match part {
        Condition::Said(test) => {
            test.word == SaidWord::Comment && test.body.as_ref().is_some_and(|patterns| !is_any(patterns))
        }
        _ => false,
    })
}

fn requires(when: &Condition, word: SaidWord) -> bool {
    when.rests_on(&|part| matches!(part, Condition::Said(test) if test.word == word))
}
