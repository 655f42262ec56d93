//! All that a decision may look at. Stored with the decision, so that it can be explained offline.

use serde::{Deserialize, Serialize};

use super::{Gate, InstallationId, RunSnapshot, Signal};

/// All that a decision may look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// What made us look.
    pub signal: Signal,
    /// The run.
    pub run: RunSnapshot,
    /// Where it waits, when the signal is `deployment.waiting`.
    pub gate: Option<Gate>,
    /// The login that caused the webhook.
    pub sender: Option<String>,
    /// The App's installation through which the repository is reached.
    pub installation: Option<InstallationId>,
}
