//! `channels`: where rules may tell people or programs of a run.

use url::Url;

use super::{
    action::Placed,
    fields::Fields,
    report::{At, Report},
    rule::Draft,
    secret::{self, World},
    settings::ChannelSettings,
    suggest,
    tree::clip,
    values, vocabulary,
};
use crate::model::{Action, ChannelFormat, Notify, RuleName};

/// What a channel is told by a rule without a text.
pub(super) const DEFAULT_TEXT: &str = "{{ workflow }} of {{ repository }}: {{ conclusion }}, attempt {{ run_attempt }} ({{ rule }}) {{ run_url }}";

/// The channels as far as they could be read. A name is there even if the rest of its channel is not.
#[derive(Debug, Default)]
pub(super) struct Channels<'a> {
    named: Vec<(String, ChannelFormat, At<'a>)>,
    /// Told by others than rules.
    told: Vec<String>,
    /// Whether all could be read.
    settings: Option<Vec<ChannelSettings>>,
}

impl<'a> Channels<'a> {
    /// Reads the section; what cannot be read is reported.
    pub(super) fn read(report: &mut Report<'_>, at: Option<&At<'a>>, world: World<'_>) -> Self {
        let Some(at) = at else {
            return Self { settings: Some(Vec::new()), ..Self::default() };
        };
        let items = values::list(report, at, "channels");
        let mut channels = Self { settings: items.as_ref().map(|_| Vec::new()), ..Self::default() };
        for item in items.unwrap_or_default() {
            let read = channels.one(report, &item, world);
            channels.settings = channels.settings.take().zip(read).map(|(mut all, one)| {
                all.push(one);
                all
            });
        }
        channels
    }

    fn one(&mut self, report: &mut Report<'_>, at: &At<'a>, world: World<'_>) -> Option<ChannelSettings> {
        let fields = Fields::open(report, at, vocabulary::CHANNEL)?;
        let name_at =
            fields.require(report, "name", "name the channel in kebab-case, like `name: ci-alerts`");
        let name = name_at.as_ref().and_then(|at| name(report, at));
        let format = fields
            .get("format")
            .map_or(Some(ChannelFormat::default()), |at| values::word(report, &at, &ChannelFormat::WORDS));
        let url = fields.require(report, "url", "write `url: { env: SLACK_URL }` or `url: { file: PATH }`");
        let url = url.and_then(|at| {
            let url = secret::secret(report, &at, world)?;
            if world.reads_secrets() && !may_be_posted_to(url.expose()) {
                let message = "this is not a URL that messages may be posted to";
                report.error(&at, message, "it begins with `https://`; `http://` only goes to this machine");
                return None;
            }
            Some(url)
        });
        let secret = fields.get("secret").map(|at| secret::secret(report, &at, world));
        if let (Some(name), Some(name_at)) = (&name, name_at) {
            if let Some((.., first)) = self.named.iter().find(|(other, ..)| other == name) {
                let remedy = format!("the first is in line {}; choose another name", first.node.mark.line);
                report.error(&name_at, format!("a second channel with the name `{name}`"), remedy);
                return None;
            }
            self.named.push((name.clone(), format.unwrap_or_default(), name_at));
        }
        let secret = secret.map_or(Some(None), |secret| secret.map(Some));
        Some(ChannelSettings { name: name?, url: url?, format: format?, secret: secret? })
    }

    /// What rules may call.
    pub(super) fn names(&self) -> Vec<(String, ChannelFormat)> {
        self.named.iter().map(|(name, format, _)| (name.clone(), *format)).collect()
    }

    /// Notes who is told something without a rule.
    pub(super) fn are_told(&mut self, names: impl Iterator<Item = String>) {
        self.told.extend(names);
    }

    /// Names the channels that no rule tells anything.
    pub(super) fn check_used(&self, report: &mut Report<'_>, drafts: &[Draft<'_>]) {
        let told = |name: &str| {
            self.told.iter().any(|other| other == name)
                || drafts
                    .iter()
                    .flat_map(|draft| &draft.then)
                    .any(|placed| matches!(&placed.action, Action::Notify(notify) if notify.to == name))
        };
        for (name, _, at) in self.named.iter().filter(|(name, ..)| !told(name)) {
            report.warn(
                at,
                format!("no rule tells channel `{name}` anything"),
                "leave it out, or `notify` it",
            );
        }
    }

    /// The channels, if all could be read.
    pub(super) fn into_settings(self) -> Option<Vec<ChannelSettings>> {
        self.settings
    }
}

fn name(report: &mut Report<'_>, at: &At<'_>) -> Option<String> {
    let text = values::text(report, at)?;
    if let Err(error) = RuleName::parse(text) {
        report.error(at, error.to_string(), "write it like `ci-alerts`");
        return None;
    }
    Some(text.to_owned())
}

/// Whether it may be posted to: https, or http to this machine.
fn may_be_posted_to(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let here = matches!(url.host_str(), Some("localhost" | "[::1]"))
        || url.host_str().is_some_and(|host| host.starts_with("127."));
    let anonymous = url.username().is_empty() && url.password().is_none();
    anonymous && url.has_host() && (url.scheme() == "https" || (url.scheme() == "http" && here))
}

/// The channel that is called by its name.
pub(super) fn named<'c>(
    report: &mut Report<'_>,
    at: &At<'_>,
    channels: &'c [(String, ChannelFormat)],
) -> Option<&'c (String, ChannelFormat)> {
    let name = values::text(report, at)?;
    let found = channels.iter().find(|(channel, _)| channel == name);
    if found.is_none() {
        let names: Vec<&str> = channels.iter().map(|(name, _)| name.as_str()).collect();
        let remedy = match names.is_empty() {
            true => "add it: `channels: [ { name: ci-alerts, url: { env: SLACK_URL } } ]`".to_owned(),
            false => suggest::instead(name, &names),
        };
        report.error(at, format!("there is no channel `{}`", clip(name)), remedy);
    }
    found
}

/// The action that tells a channel.
pub(super) fn notify<'a>(
    report: &mut Report<'_>,
    fields: &Fields<'_>,
    at: &At<'a>,
    world: World<'_>,
) -> Option<Placed<'a>> {
    let to = super::action::required(report, fields, at, "to", "name a channel, like `to: ci-alerts`");
    let to = to.and_then(|to| named(report, &to, world.channels));
    let text = match fields.get("text") {
        None => Some(DEFAULT_TEXT.to_owned()),
        Some(at) => super::action::template(report, &at),
    };
    let ((name, format), text) = (to?, text?);
    let notify = Notify { to: name.clone(), format: *format, text, body: String::new() };
    Some(Placed { action: Action::Notify(notify), at: at.clone(), comment: None })
}
