//! What callers ask the client without sending anything.

use super::{Cost, GitHub, asking::Bucket};
use crate::model::{InstallationId, Lane, Timestamp};

impl GitHub {
    /// Whether GitHub is spoken to as an App.
    #[must_use]
    pub fn is_app(&self) -> bool {
        self.inner.is_app()
    }

    /// Whether there is somebody to review deployments as: a reviewer's token, or a token of one's own.
    #[must_use]
    pub fn has_reviewer(&self) -> bool {
        self.reviewer_identity().is_ok()
    }

    /// When bulk work may next change something through that installation, should it not be now. Asking spends
    /// nothing.
    #[must_use]
    pub fn bulk_ready_at(&self, installation: Option<InstallationId>) -> Option<Timestamp> {
        let bucket = match installation {
            Some(installation) if self.is_app() => Bucket::Installation(installation),
            None if self.is_app() => return None,
            _ => Bucket::Token,
        };
        self.pacer(bucket).ready_at(Lane::Bulk, Cost::Write, self.inner.clock.now())
    }
}
