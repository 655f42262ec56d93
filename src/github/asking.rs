//! One request from asking to answer: signed, paced, repeated where that is certain to be harmless.

use http::header;

use super::{
    Access, GitHub, GitHubError, Meter, SecretText, Wait,
    pacing::Cost,
    target::is_target,
    tokens::Token,
    transport::{self, Answer, Call},
};
use crate::model::{InstallationId, Lane};

/// Whose limits a request counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Bucket {
    App,
    Installation(InstallationId),
    Token,
    Reviewer,
    Anonymous,
}

/// As whom a request is made.
#[derive(Debug, Clone)]
pub(super) enum Identity {
    App,
    Installation(InstallationId, Token),
    Token(SecretText),
    Reviewer(SecretText),
    Anonymous,
}

impl Identity {
    pub(super) fn bucket(&self) -> Bucket {
        match self {
            Self::App => Bucket::App,
            Self::Installation(id, _) => Bucket::Installation(*id),
            Self::Token(_) => Bucket::Token,
            Self::Reviewer(_) => Bucket::Reviewer,
            Self::Anonymous => Bucket::Anonymous,
        }
    }
}

/// Who asks, and in which queue.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    pub(super) identity: Identity,
    pub(super) lane: Lane,
    /// What counts the requests, when they are on someone's behalf.
    pub(super) meter: Option<&'a Meter>,
}

impl Asker<'_> {
    /// The App itself, on nobody's behalf.
    pub(super) fn app(lane: Lane) -> Self {
        Self { identity: Identity::App, lane, meter: None }
    }
}

impl GitHub {
    /// Asks on behalf of a repository; any answer but a success is an error.
    pub(super) async fn call(&self, access: &Access, call: Call) -> Result<Answer, GitHubError> {
        judged(&call, self.answer(access, &call).await?)
    }

    /// Asks on behalf of a repository and returns whatever GitHub answers, besides refusals by a limit.
    pub(super) async fn answer(&self, access: &Access, call: &Call) -> Result<Answer, GitHubError> {
        let identity = self.identity(access).await?;
        self.ask(Asker { identity, lane: access.lane, meter: Some(&access.requests) }, call).await
    }

    /// Asks as someone particular; any answer but a success is an error.
    pub(super) async fn call_as(&self, asker: Asker<'_>, call: Call) -> Result<Answer, GitHubError> {
        let answer = self.ask(asker, &call).await?;
        judged(&call, answer)
    }

    /// Asks; a token that is no longer good is replaced once, for writes too: GitHub does nothing for a request
    /// that it answers with 401.
    async fn ask(&self, asker: Asker<'_>, call: &Call) -> Result<Answer, GitHubError> {
        let answer = self.follow(&asker, call).await?;
        let (401, Identity::Installation(id, token)) = (answer.status.as_u16(), &asker.identity) else {
            return Ok(answer);
        };
        self.drop_token(*id, token).await;
        let identity = self.installation_identity(*id).await?;
        self.follow(&Asker { identity, ..asker }, call).await
    }

    /// Sends, and repeats the request with the same method where a renamed repository went: once, and only on
    /// the same server. <https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects>
    pub(super) async fn follow(&self, asker: &Asker<'_>, call: &Call) -> Result<Answer, GitHubError> {
        let answer = self.send(asker, call).await?;
        let moved = match answer.status.as_u16() {
            301 | 307 | 308 => true,
            // A log's 302 leads to the archive, not to another name of the repository.
            302 => call.is_read() && !call.target.ends_with("/logs"),
            _ => false,
        };
        let location = answer.header(header::LOCATION).filter(|_| moved);
        match location.and_then(|location| self.inner.base.redirected(location)) {
            Some(target) => self.send(asker, &Call { target, ..call.clone() }).await,
            None => Ok(answer),
        }
    }

    /// Sends one request if the limits allow it, and learns from the answer.
    async fn send(&self, asker: &Asker<'_>, call: &Call) -> Result<Answer, GitHubError> {
        if !is_target(&call.target) {
            return Err(GitHubError::NotSent { why: "the request's path is not one".to_owned() });
        }
        if self.inner.reads_only && !call.is_read() && !is_for_a_token(asker, call) {
            let why = format!("{} {} could change something, and this only reads", call.method, call.target);
            return Err(GitHubError::NotSent { why });
        }
        let octocrab = self.inner.signing(&asker.identity)?;
        let pacer = self.pacer(asker.identity.bucket());
        let cost = if call.is_read() { Cost::Read } else { Cost::Write };
        let blocked = |wait: Wait| GitHubError::Blocked { until: wait.until, why: wait.why };
        let permit = pacer.admit(asker.lane, cost, self.inner.clock.now()).map_err(blocked)?;
        asker.meter.map_or(Ok(()), |meter| meter.add(call))?;
        let result = transport::exchange(&octocrab, call, self.inner.timeout).await;
        if let Err(GitHubError::NotSent { .. }) = &result {
            asker.meter.inspect(|meter| meter.take_back(call));
        }
        let answer = result?;
        let message = if answer.status.as_u16() < 400 { String::new() } else { answer.message() };
        let limited = pacer.observe(answer.status, &answer.headers, &message, self.inner.clock.now());
        // Only now: nothing is to leave between the answer and what is learnt from it.
        drop(permit);
        match limited {
            Some(wait) => Err(GitHubError::RateLimited { until: wait.until, why: wait.why }),
            None => Ok(answer),
        }
    }
}

/// The one POST that changes nothing: an App's tokens are asked for by it.
fn is_for_a_token(asker: &Asker<'_>, call: &Call) -> bool {
    let of_app = matches!(asker.identity, Identity::App);
    let target = call.target.strip_prefix("/app/installations/");
    of_app && target.is_some_and(|rest| rest.ends_with("/access_tokens"))
}

/// An answer to a call that should succeed.
pub(super) fn judged(call: &Call, answer: Answer) -> Result<Answer, GitHubError> {
    if !answer.status.is_success() {
        let message = if answer.body.is_empty() { "no message".to_owned() } else { answer.message() };
        return Err(GitHubError::of_answer(answer.status.as_u16(), message));
    }
    match &answer.cut_off {
        // What a write's answer says besides its status is of no use to us.
        Some(why) if call.is_read() => Err(GitHubError::Unavailable {
            status: Some(answer.status.as_u16()),
            why: format!("GitHub answered {}, and the body is not whole: {why}", answer.status.as_u16()),
        }),
        _ => Ok(answer),
    }
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::App => f.write_str("app"),
            Self::Installation(id) => write!(f, "installation {id}"),
            Self::Token => f.write_str("token"),
            Self::Reviewer => f.write_str("reviewer"),
            Self::Anonymous => f.write_str("anonymous"),
        }
    }
}
