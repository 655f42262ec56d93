//! Telling a channel, and reading its answer as an outcome.

use std::time::Duration;

use crate::{
    github::{ChannelError, ChannelPost},
    model::{ActionRow, Notify, Outcome},
};

use super::Pipeline;

/// A channel that has asked to wait for so long in all is given up.
const PATIENCE: Duration = Duration::from_secs(6 * 3_600);

impl Pipeline {
    /// Posts the message. At least once: one whose answer was lost is posted again, with the same id.
    pub(super) async fn notify(&self, action: &ActionRow, notify: &Notify) -> Outcome {
        let post = ChannelPost { id: action.plan.key.as_str(), body: &notify.body };
        let name = &notify.to;
        let now = self.clock.now();
        match self.github.post_to_channel(name, post).await {
            Ok(()) => Outcome::Done(format!("told channel {name}")),
            Err(ChannelError::Unknown) => Outcome::Failed(format!(
                "channel {name} is not in the configuration that runwarden was started with"
            )),
            Err(error @ ChannelError::Busy { after: Some(after), .. }) => {
                let until = now + after;
                if until.since(action.planned_at) > PATIENCE {
                    return Outcome::Failed(format!("channel {name}: {error}, for longer than is waited"));
                }
                Outcome::Blocked(until, format!("channel {name}: {error}"))
            }
            Err(error @ (ChannelError::Busy { after: None, .. } | ChannelError::Unreachable(_))) => {
                Outcome::Retry(format!("channel {name}: {error}"))
            }
            Err(error @ ChannelError::Refused { .. }) => Outcome::Failed(format!("channel {name}: {error}")),
        }
    }
}
