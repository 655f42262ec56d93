//! `review` and `comment`: what is asked of the review or the comment that a webhook is about.

use super::{
    Expectation, all, leaf, login, node,
    observe::{Observation, compare},
};
use crate::{
    model::{ConditionResult, Facts, Said, Signal, Truth},
    rules::{Need, Pattern},
};

/// Which of the two is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaidWord {
    /// The review that was submitted.
    Review,
    /// The comment that was made.
    Comment,
}

impl SaidWord {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Review, Self::Comment];

    /// The word in YAML.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Comment => "comment",
        }
    }

    /// What brings it.
    #[must_use]
    pub fn signal(self) -> Signal {
        match self {
            Self::Review => Signal::ReviewSubmitted,
            Self::Comment => Signal::CommentCreated,
        }
    }
}

/// What is asked of a review or a comment.
#[derive(Debug, Clone, PartialEq)]
pub struct SaidTest {
    /// Which.
    pub word: SaidWord,
    /// What a review came to.
    pub state: Option<Vec<Pattern>>,
    /// Who wrote it.
    pub author: Option<Vec<Pattern>>,
    /// What they are to the repository.
    pub association: Option<Vec<Pattern>>,
    /// A line of it.
    pub body: Option<Vec<Pattern>>,
}

impl SaidTest {
    pub(super) fn evaluate(&self, facts: &Facts) -> ConditionResult {
        let word = self.word.as_str();
        match &facts.said {
            _ if facts.signal != self.word.signal() => {
                leaf(word, "", format!("none: {} brings no {word}", facts.signal), Truth::No)
            }
            None => leaf(word, "", "not known: the payload does not carry it", Truth::Unknown),
            Some(said) => {
                let whole = all(self.parts(said, facts));
                node(word, whole.satisfied, whole.parts)
            }
        }
    }

    fn parts(&self, said: &Said, facts: &Facts) -> Vec<ConditionResult> {
        let text = |text: &Option<String>| match text {
            Some(text) => Observation::Text(text.clone()),
            None => Observation::Unknown("not known: GitHub gave none".to_owned()),
        };
        // A review without a text has no line.
        let lines = said.body.iter().flat_map(|body| body.lines()).map(ToOwned::to_owned).collect();
        [
            ("state", &self.state, text(&said.state)),
            ("author", &self.author, text(&said.author)),
            ("association", &self.association, text(&said.association)),
            ("body", &self.body, Observation::Texts(lines)),
        ]
        .into_iter()
        .filter_map(|(word, asked, observed)| {
            let asked = Expectation::Matches(asked.clone()?);
            Some(match word {
                "author" => login::compare(word, &asked, observed, facts),
                _ => compare(word, &asked, observed),
            })
        })
        .collect()
    }

    /// The teams that leave it open who wrote it.
    pub(in crate::rules) fn wanted(&self, facts: &Facts) -> Vec<Need> {
        let author = facts.said.as_ref().and_then(|said| said.author.as_deref());
        let asked = self.author.as_ref().zip(author);
        asked.map_or_else(Vec::new, |(asked, author)| login::wanted(asked, author, &facts.details.teams))
    }
}
