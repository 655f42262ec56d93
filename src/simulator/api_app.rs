//! The routes of the App itself: who it is, where it is installed, its tokens and its webhooks' deliveries.

use serde_json::{Value, json};

use super::auth::Who;
use super::clock::text;
use super::delivery::Delivery;
use super::exchange::{Call, Reply};
use super::list::{page, paged};
use super::shapes::{APP_ID, APP_SLUG, permissions};
use super::world::World;

impl World {
    pub(super) fn meta(&self) -> Reply {
        let mut body = json!({ "verifiable_password_authentication": self.enterprise.is_some() });
        if let (Some(version), Value::Object(body)) = (&self.enterprise, &mut body) {
            body.insert("installed_version".to_owned(), json!(version));
        }
        Reply::json(200, &body)
    }

    /// Everything below `/app` wants the JSON web token.
    pub(super) fn app_route(&mut self, call: &Call, who: &Who, parts: &[&str]) -> Reply {
        if !matches!(who, Who::App) {
            return Reply::message(401, "A JSON web token could not be decoded");
        }
        match (call.method.as_str(), parts) {
            ("GET", []) => Reply::json(200, &self.app()),
            ("GET", ["installations"]) => {
                let owners: Vec<&str> = self.installations.iter().map(|i| i.owner.as_str()).collect();
                let window = page(call, owners.len());
                let all: Value =
                    window.of(&owners).iter().filter_map(|owner| self.installation(owner)).collect();
                paged(Reply::json(200, &all), self, call, &window)
            }
            ("GET", ["installations", id]) => {
                let owner =
                    self.installations.iter().find(|i| i.id.to_string() == *id).map(|i| i.owner.clone());
                let found = owner.and_then(|owner| self.installation(&owner));
                found.map_or_else(Reply::not_found, |found| Reply::json(200, &found))
            }
            ("POST", ["installations", id, "access_tokens"]) => self.mint(id, &call.json),
            ("GET", ["hook", "deliveries"]) => self.hook_deliveries(call),
            ("GET", ["hook", "deliveries", id]) => self.hook_delivery(id),
            ("POST", ["hook", "deliveries", id, "attempts"]) => {
                let guid = self.hook.log.iter().find(|d| d.id.to_string() == *id).map(|d| d.guid.clone());
                match guid {
                    Some(guid) if self.redeliver(&guid) => Reply::json(202, &json!({})),
                    _ => Reply::not_found(),
                }
            }
            _ => Reply::unknown(),
        }
    }

    fn app(&self) -> Value {
        json!({
            "id": APP_ID,
            "client_id": "Iv23liSimulatorClient",
            "slug": APP_SLUG,
            "node_id": format!("A_kwDO{APP_ID}"),
            "owner": self.account("acme", "Organization"),
            "name": "runwarden",
            "description": "",
            "external_url": self.base,
            "html_url": format!("{}/apps/{APP_SLUG}", self.base),
            "created_at": "2026-01-01T08:00:00Z",
            "updated_at": "2026-01-01T08:00:00Z",
            "permissions": permissions(),
            "events": ["deployment_protection_rule", "deployment_review", "workflow_job", "workflow_run"],
            "installations_count": self.installations.len(),
        })
    }

    pub(super) fn repo_installation(&self, who: &Who, full_name: &str) -> Reply {
        if !matches!(who, Who::App) {
            return Reply::message(401, "A JSON web token could not be decoded");
        }
        let repo = self.repo_by_name(full_name).filter(|repo| repo.installed);
        let found = repo.and_then(|repo| self.installation(&repo.owner));
        found.map_or_else(Reply::not_found, |found| Reply::json(200, &found))
    }

    pub(super) fn installation_repositories(&self, call: &Call, who: &Who) -> Reply {
        if !who.is_app() {
            let words = "You must authenticate with an installation access token in order to list repositories for an installation.";
            return Reply::message(403, words);
        }
        let mine: Vec<_> = self.repos.iter().filter(|repo| self.sees(who, repo)).collect();
        let window = page(call, mine.len());
        let shown: Value = window.of(&mine).iter().map(|repo| self.full_repository(repo)).collect();
        let body =
            json!({ "total_count": mine.len(), "repository_selection": "selected", "repositories": shown });
        paged(Reply::json(200, &body), self, call, &window)
    }

    /// Newest first; `status=failure` knows only answers of 400 and above; `cursor` is an id to go on below.
    fn hook_deliveries(&self, call: &Call) -> Reply {
        let below: u64 =
            call.param("cursor").and_then(|c| c.trim_start_matches("v1_").parse().ok()).unwrap_or(u64::MAX);
        let count = call.param("per_page").and_then(|n| n.parse().ok()).unwrap_or(30).clamp(1, 100);
        let fits = |delivery: &&Delivery| {
            let failed = delivery.status.is_some_and(|status| status >= 400);
            let asked = match call.param("status") {
                Some("failure") => failed,
                Some("success") => delivery.status.is_some() && !failed,
                _ => true,
            };
            asked && !delivery.pending && delivery.id < below
        };
        let fitting: Vec<&Delivery> = self.hook.log.iter().rev().filter(fits).take(count + 1).collect();
        let shown: Value = fitting.iter().take(count).map(|delivery| self.delivery_row(delivery)).collect();
        let reply = Reply::json(200, &shown);
        let last = fitting.iter().take(count).next_back();
        match last {
            Some(last) if fitting.len() > count => {
                let next = self.api(&format!("/app/hook/deliveries?per_page={count}&cursor=v1_{}", last.id));
                reply.header("link", &format!("<{next}>; rel=\"next\""))
            }
            _ => reply,
        }
    }

    fn hook_delivery(&self, id: &str) -> Reply {
        let found = self.hook.log.iter().find(|delivery| delivery.id.to_string() == id);
        let Some(delivery) = found else { return Reply::not_found() };
        let mut row = self.delivery_row(delivery);
        let headers: serde_json::Map<String, Value> =
            delivery.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let payload: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
        if let Value::Object(row) = &mut row {
            row.insert("url".to_owned(), json!(self.hook.url));
            row.insert("request".to_owned(), json!({ "headers": headers, "payload": payload }));
            row.insert("response".to_owned(), json!({ "headers": {}, "payload": delivery.answer }));
        }
        Reply::json(200, &row)
    }

    fn delivery_row(&self, delivery: &Delivery) -> Value {
        let payload: Value = serde_json::from_slice(&delivery.body).unwrap_or_default();
        let status = match delivery.status {
            Some(code) if (200..300).contains(&code) => "OK".to_owned(),
            Some(code) => format!("Invalid HTTP Response: {code}"),
            None => "failed to connect to host".to_owned(),
        };
        json!({
            "id": delivery.id,
            "guid": delivery.guid,
            "delivered_at": text(delivery.at),
            "redelivery": delivery.redelivery,
            "duration": 0.27,
            "status": status,
            "status_code": delivery.status.unwrap_or(502),
            "event": delivery.event,
            "action": delivery.action,
            "installation_id": payload.pointer("/installation/id"),
            "repository_id": payload.pointer("/repository/id"),
            "throttled_at": null,
        })
    }
}
