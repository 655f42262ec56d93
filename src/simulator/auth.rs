//! Who asks: JSON web tokens of the App, installation tokens, and two people's tokens.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::clock::{shift, text};
use super::exchange::{Call, Reply};
use super::record::Authorization;
use super::shapes::{APP_ID, permissions};
use super::world::{Repo, World, sha};

/// A personal access token with `repo` scope whose owner (`ci-robot`) reviews nothing.
pub const PLAIN_TOKEN: &str = "ghp_0simulatorPlainToken0simulatorPlain00";
/// A personal access token of [`REVIEWER`], who is a required reviewer of every environment.
pub const REVIEWER_TOKEN: &str = "ghp_0simulatorReviewer0simulatorReviewer";
/// Login of the required reviewer.
pub const REVIEWER: &str = "release-manager";

/// The life of an installation token.
const HOUR_S: i64 = 60 * 60;

/// Tokens that were handed out.
#[derive(Default)]
pub(super) struct Access {
    pub(super) minted: Vec<Minted>,
}

pub(super) struct Minted {
    token: String,
    installation: u64,
    expires_at: Timestamp,
    repositories: Option<Vec<u64>>,
    revoked: bool,
}

/// The bearer of a request.
#[derive(Clone, Debug)]
pub(super) enum Who {
    Anonymous,
    App,
    Installation { id: u64, repositories: Option<Vec<u64>> },
    Person { login: &'static str },
}

impl Who {
    pub(super) fn kind(&self) -> Authorization {
        match self {
            Self::Anonymous => Authorization::None,
            Self::App => Authorization::Jwt,
            Self::Installation { .. } => Authorization::Installation,
            Self::Person { login } if *login == REVIEWER => Authorization::Reviewer,
            Self::Person { .. } => Authorization::Token,
        }
    }

    /// Login under which acts are noted.
    pub(super) fn login(&self) -> &'static str {
        match self {
            Self::Person { login } => login,
            Self::Anonymous | Self::App | Self::Installation { .. } => "runwarden[bot]",
        }
    }

    /// Reviewers are people or teams, never an App.
    pub(super) fn may_review(&self) -> bool {
        matches!(self, Self::Person { login } if *login == REVIEWER)
    }

    pub(super) fn is_app(&self) -> bool {
        matches!(self, Self::Installation { .. })
    }
}

impl World {
    /// The bearer, or 401. A web token counts with `Bearer` only.
    pub(super) fn who(&self, call: &Call) -> Result<Who, Reply> {
        let bad = || Reply::message(401, "Bad credentials");
        let Some(value) = call.header("authorization") else { return Ok(Who::Anonymous) };
        let (scheme, token) = value.split_once(' ').ok_or_else(bad)?;
        let bearer = scheme.eq_ignore_ascii_case("bearer");
        if !bearer && !scheme.eq_ignore_ascii_case("token") {
            return Err(bad());
        }
        match token {
            PLAIN_TOKEN => return Ok(Who::Person { login: "ci-robot" }),
            REVIEWER_TOKEN => return Ok(Who::Person { login: REVIEWER }),
            _ => {}
        }
        if let Some(minted) = self.access.minted.iter().find(|minted| minted.token == token) {
            if minted.revoked || minted.expires_at <= self.now() {
                return Err(bad());
            }
            let repositories = minted.repositories.clone();
            return Ok(Who::Installation { id: minted.installation, repositories });
        }
        if bearer && !token.starts_with("ghs_") && token.split('.').count() == 3 {
            return web_token(token).map(|()| Who::App).map_err(|why| Reply::message(401, why));
        }
        Err(bad())
    }

    /// Does this bearer see that repository?
    pub(super) fn sees(&self, who: &Who, repo: &Repo) -> bool {
        match who {
            Who::Person { .. } | Who::App => true,
            Who::Anonymous => !repo.private,
            Who::Installation { id, repositories } => {
                let mine = self.installation_of(&repo.owner).is_some_and(|i| i.id == *id && !i.suspended);
                mine && repo.installed && repositories.as_ref().is_none_or(|list| list.contains(&repo.id))
            }
        }
    }

    /// GitHub's refusal where the App lacks a permission.
    pub(super) fn refuse_without(&self, who: &Who, permission: &str) -> Option<Reply> {
        let refused = matches!(who, Who::Installation { .. }) && self.lacking.contains(permission);
        refused.then(|| Reply::message(403, "Resource not accessible by integration"))
    }

    /// `POST /app/installations/{id}/access_tokens`.
    pub(super) fn mint(&mut self, id: &str, body: &Value) -> Reply {
        let found = id.parse::<u64>().ok().and_then(|id| self.installations.iter().find(|i| i.id == id));
        let Some(found) = found else { return Reply::not_found() };
        if found.suspended {
            return Reply::message(403, "This installation has been suspended");
        }
        let (installation, owner) = (found.id, found.owner.clone());
        let Ok(repositories) = self.narrowed(&owner, body) else {
            let words = "There is at least one repository that does not exist or is not accessible to the parent installation.";
            return Reply::message(422, words);
        };
        let token = self.fresh_token();
        let expires_at = shift(self.now(), HOUR_S);
        let mut answer = json!({
            "token": token,
            "expires_at": text(expires_at),
            "permissions": body.get("permissions").cloned().unwrap_or_else(permissions),
            "repository_selection": if repositories.is_some() { "selected" } else { "all" },
        });
        if let (Some(list), Value::Object(answer)) = (&repositories, &mut answer) {
            let repos =
                list.iter().filter_map(|id| self.repo_by_id(*id)).map(|repo| self.full_repository(repo));
            answer.insert("repositories".to_owned(), repos.collect());
        }
        self.access.minted.push(Minted { token, installation, expires_at, repositories, revoked: false });
        Reply::json(201, &answer)
    }

    /// The repositories that a token request is narrowed to, by id or name.
    fn narrowed(&self, owner: &str, body: &Value) -> Result<Option<Vec<u64>>, ()> {
        let list = |field: &str| body.get(field).and_then(Value::as_array);
        if list("repositories").is_none() && list("repository_ids").is_none() {
            return Ok(None);
        }
        let mut ids = Vec::new();
        let all = list("repositories").into_iter().chain(list("repository_ids")).flatten();
        for wanted in all {
            let fits = |repo: &&Repo| {
                repo.installed
                    && repo.owner.eq_ignore_ascii_case(owner)
                    && (wanted.as_u64() == Some(repo.id) || wanted.as_str() == Some(repo.name.as_str()))
            };
            ids.push(self.repos.iter().find(fits).ok_or(())?.id);
        }
        Ok(Some(ids))
    }

    /// The stateless format of 2026: about 520 characters, with dots and dashes.
    fn fresh_token(&mut self) -> String {
        let number = self.next();
        let seed = format!("{} token {number}", self.salt);
        let noise: String = (0..13).map(|part| sha(&format!("{seed} {part}"))).collect();
        let (head, rest) = noise.split_at(36);
        let (claims, signature) = rest.split_at(300);
        let (signature, _) = signature.split_at(160);
        format!("ghs_{APP_ID}_eyJ{head}.eyJ-{claims}.{signature}-{}", sha(&seed).len())
    }

    /// Every installation token so far is refused from now on.
    pub(super) fn revoke(&mut self) {
        self.access.minted.iter_mut().for_each(|minted| minted.revoked = true);
    }
}

/// Reads a JSON web token's two JSON parts; the signature is anybody's.
fn web_token(token: &str) -> Result<(), &'static str> {
    let undecodable = "A JSON web token could not be decoded";
    let mut parts =
        token.split('.').map(|part| base64url(part).and_then(|b| serde_json::from_slice::<Value>(&b).ok()));
    let header = parts.next().flatten().ok_or(undecodable)?;
    let claims = parts.next().flatten().ok_or(undecodable)?;
    if header.get("alg").and_then(Value::as_str) != Some("RS256") {
        return Err(undecodable);
    }
    let issuer = claims.get("iss").is_some_and(|iss| iss.is_number() || iss.is_string());
    if !issuer {
        return Err("'Issuer' claim ('iss') must be an Integer");
    }
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    let (Some(issued), Some(expires)) = (time("iat"), time("exp")) else {
        return Err(
            "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        );
    };
    // `iat` may lie 60 seconds back; the token may then live for ten minutes more.
    if expires - issued > 660 {
        Err("'Expiration time' claim ('exp') is too far in the future")
    } else {
        Ok(())
    }
}

fn base64url(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0_u32, Vec::new());
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xFFFF;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xFF).ok()?);
        }
    }
    Some(bytes)
}
